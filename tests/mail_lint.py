"""Look over an HTML message as mail programs will, and read the words a person sees in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"br", "col", "hr", "img", "input", "link", "meta"}
INVISIBLE = {"head", "style", "script", "title"}
ALLOWED = {
    "a", "blockquote", "body", "br", "div", "em", "h1", "h2", "head", "html", "img", "li", "meta",
    "ol", "p", "span", "strong", "style", "table", "tbody", "td", "title", "tr", "ul",
}  # fmt: skip
BLOCKS = {"blockquote", "br", "div", "h1", "h2", "li", "p", "table", "td", "title", "tr"}
# What some large mail program drops or refuses in a style.
DROPPED = re.compile(
    r"position\s*:|float\s*:|url\(|expression\(|@import|display\s*:\s*(flex|grid)"
)
WIDEST = 600


class Reader(HTMLParser):
    """Collects faults, links and words of one message."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.lang = ""
        self.title = ""
        self._open: list[str] = []
        self._headings: list[int] = []
        self.feed(html)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")
        if not self.lang:
            self.faults.append("no lang")
        if not self.title.strip():
            self.faults.append("no title")
        if self._headings[:1] != [1] or self._headings.count(1) != 1:
            self.faults.append(f"headings {self._headings}")

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in ALLOWED:
            self.faults.append(f"<{tag}>")
        if tag not in VOID:
            self._open.append(tag)
        if tag in BLOCKS:
            self.words += " "
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        self._meaning(tag, given)

    def _meaning(self, tag, given):
        if tag == "html":
            self.lang = given.get("lang") or ""
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "table" and given.get("role") != "presentation":
            self.faults.append("a table that is read out as one")
        if tag == "img" and "alt" not in given:
            self.faults.append("a picture that says nothing")
        if re.fullmatch("h[1-6]", tag):
            self._headings.append(int(tag[1]))

    def _attribute(self, tag, name, value):
        if name.startswith("on") or name == "srcset":
            self.faults.append(f"{tag} {name}")
        if name in {"href", "src"} and not value.startswith(("https://", "http://", "tel:")):
            self.faults.append(f"{tag} leads to {value!r}")
        if name == "src" and tag != "img":
            self.faults.append(f"{tag} src")
        if name == "style" and (found := DROPPED.search(value)):
            self.faults.append(f"{tag} style {found[0]}")
        wide = re.search(r"(?:max-)?width:\s*(\d+)px", value) if name == "style" else None
        if wide and int(wide[1]) > WIDEST:
            self.faults.append(f"{tag} is {wide[1]} wide")
        if name == "width" and value.isdigit() and int(value) > WIDEST:
            self.faults.append(f"{tag} is {value} wide")

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> out of turn")
        if tag in BLOCKS:
            self.words += " "

    def handle_data(self, data):
        if self._open[-1:] == ["title"]:
            self.title += data
        if not INVISIBLE & set(self._open):
            self.words += data
        if self._open[-1:] == ["style"] and re.search(r"@import|url\(|</", data):
            self.faults.append("a style from elsewhere")

    @property
    def line(self) -> str:
        """What a person reads, in one line."""
        return " ".join(self.words.split())
