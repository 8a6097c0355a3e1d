"""Reduce a page of HTML, as mail programs write it, to its words; quotes get their marks."""

from __future__ import annotations

import re
from html import unescape

LARGEST_HTML = 100_000
DEEPEST = 100

_UNSAID = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BLOCKS = frozenset(
    {
        "p",
        "div",
        "tr",
        "table",
        "ul",
        "ol",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "pre",
        "blockquote",
        "hr",
    }
)
_NO_INSIDE = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "wbr", "base", "area"})
_QUOTES = re.compile(
    r"gmail_quote|gmail_extra|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra"
)
_REST_IS_QUOTED = re.compile(r"appendonsend|divrplyfwdmsg|olk_src_body_section", re.IGNORECASE)
_SIGNATURES = re.compile(r"gmail_signature|moz-signature|protonmail_signature")
# A tag ends before the next one begins, so that reading takes as long as there are letters: the
# library's own parser takes minutes for a hundred thousand that mean no good.
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]{0,20})([^<>]*)>|<[!?/][^<>]*>")
_NAMES = re.compile(r"""(?:class|id)\s?=\s?(?:"([^"]{0,200})"|'([^']{0,200})')""", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_ATTRIBUTES_READ = 1000  # letters


def words_of_html(page: str) -> str:
    """Write the words of a page as plain text: blocks on lines of their own, quotes behind `>`."""
    reader = _Reader()
    at = 0
    page = _without_comments(page[:LARGEST_HTML])
    for tag in _TAG.finditer(page):
        reader.say(page[at : tag.start()])
        at = tag.end()
        closes, name, attributes = tag.groups()
        if not name:
            continue
        if closes:
            reader.close(name.lower())
        else:
            reader.open(name.lower(), _names_in(attributes))
    reader.say(page[at:])
    return reader.text()


def _without_comments(page: str) -> str:
    kept: list[str] = []
    at = 0
    while (begins := page.find("<!--", at)) >= 0:
        kept.append(page[at:begins])
        ends = page.find("-->", begins)
        if ends < 0:
            return "".join(kept)
        at = ends + len("-->")
    return "".join([*kept, page[at:]])


def _names_in(attributes: str) -> str:
    """Read the classes and the name of an element."""
    found = _NAMES.finditer(attributes[:_ATTRIBUTES_READ])
    return " ".join(one[1] or one[2] or "" for one in found)


class _Reader:
    """Collects words, and knows whether it stands within a quote or what nobody is to read."""

    def __init__(self) -> None:
        self._inside: list[tuple[str, bool, bool]] = []
        self._lines: list[str] = [""]
        self._rest_is_quoted = False

    def open(self, tag: str, named: str) -> None:
        """Begin an element; `named` holds its classes and its name."""
        if tag == "br" or tag in _BLOCKS:
            self._new_line()
        self._rest_is_quoted = self._rest_is_quoted or bool(_REST_IS_QUOTED.search(named))
        if tag in _NO_INSIDE or len(self._inside) >= DEEPEST:
            return
        quotes, unsaid = self._state
        quotes = quotes or tag == "blockquote" or bool(_QUOTES.search(named))
        unsaid = unsaid or tag in _UNSAID or bool(_SIGNATURES.search(named))
        self._inside.append((tag, quotes, unsaid))
        if quotes:
            self._new_line()

    def close(self, tag: str) -> None:
        """End an element, and those left open within it."""
        if tag not in [one for one, _quotes, _unsaid in self._inside]:
            return
        while self._inside.pop()[0] != tag:
            pass
        if tag in _BLOCKS:
            self._new_line()
        if tag == "p":
            self._lines.append("")

    def say(self, written: str) -> None:
        """Take words between two tags."""
        quotes, unsaid = self._state
        if unsaid or not written:
            return
        said = _SPACES.sub(" ", unescape(written))
        if not self._lines[-1]:
            said = said.lstrip(" ")
            if said and (quotes or self._rest_is_quoted):
                said = f"> {said}"
        self._lines[-1] += said

    def text(self) -> str:
        """The words."""
        return "\n".join(line.strip() for line in self._lines)

    @property
    def _state(self) -> tuple[bool, bool]:
        return self._inside[-1][1:] if self._inside else (False, False)

    def _new_line(self) -> None:
        if self._lines[-1]:
            self._lines.append("")
