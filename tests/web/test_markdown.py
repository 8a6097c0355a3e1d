from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from timebank.web.markdown import TAGS
from timebank.web.markdown import as_html


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Point *the* **way**.", "<p>Point <em>the</em> <strong>way</strong>.</p>\n"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>\n'),
        ("# Big", "<p># Big</p>\n"),
        ("Big\n===", "<p>Big\n===</p>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        (
            "[map](https://example.org/)",
            '<p><a href="https://example.org/" rel="nofollow noopener noreferrer">map</a></p>\n',
        ),
    ],
)
def test_a_little_markdown_is_enough(typed, shown):
    assert as_html(typed) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        "![x](https://example.org/x.png)",
        '[x](https://example.org "\\" onmouseover=alert(1)")',
        "[x](mailto:sam@example.com)",
        "> " * 2000,
        "[" * 4000,
        "*" * 5000,
    ],
)
def test_nothing_harmful_gets_through(typed):
    page = str(as_html(typed)).lower()
    assert "<img" not in page
    assert not re.search(r'<a[^>]*href="(?!https?:)', page)
    assert not re.search(r"<[^>]* on[a-z]+=", page)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_typed_only_known_tags_come_out(typed):
    page = str(as_html(typed))
    opened = [piece.partition(">")[0].split()[0].strip("/") for piece in page.split("<")[1:]]
    assert set(opened) <= TAGS
