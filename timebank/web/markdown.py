"""Instructions as pages show them: a little Markdown, and nothing that could do harm.

Paragraphs, lists, emphasis and links to the web. HTML that somebody typed is shown as it was
typed; headings and pictures are not made, so that the page keeps its own outline.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {"a", "blockquote", "br", "em", "li", "ol", "p", "strong", "ul"}
PLAIN = ("heading", "lheading", "image", "code", "fence", "hr", "reference", "backticks")

_markdown = MarkdownIt("commonmark", {"html": False}).disable(list(PLAIN))
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https"},
    link_rel="nofollow noopener noreferrer",
)


def as_html(text: str) -> Markup:
    """Turn Markdown into HTML that is safe to show."""
    return Markup(_cleaner.clean(_markdown.render(text)))  # noqa: S704 - cleaned a moment ago
