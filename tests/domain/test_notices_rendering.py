"""Words in mails: said as Jinja's own extension for translations would say them."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from timebank.domain.notices.rendering import environment

SAYINGS = [
    '{{ _("Sam’s & Bela’s") }}',
    '{{ _("100%% of %(name)s", name=name) }}',
    '{{ _("All 100%%") }}',
    '{{ _("%(name)s and %(name)s", name=name | upper) }}',
    '{{ _("<b>%(name)s</b>", name=_("%(other)s", other=name)) }}',
    '{% set said %}{{ _("%(count)s < 3", count=2) }}{% endset %}{{ said }}',
    """{% macro say() %}{{ caller() }}{% endmacro %}
       {% call say() %}{{ _("%(called)s", called=name) }}{% endcall %}""",
]


@pytest.mark.parametrize("saying", SAYINGS)
@pytest.mark.parametrize("is_html", [False, True])
def test_words_are_said_as_the_extension_says_them(saying: str, *, is_html: bool) -> None:
    theirs = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    theirs.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    said, meant = (
        made.overlay(autoescape=is_html).from_string(saying).render(name="O'Brien <x>").strip()
        for made in (environment(), theirs)
    )
    assert said == meant
    assert ("<x>" in said) == (not is_html and "name" in saying and "upper" not in saying)
