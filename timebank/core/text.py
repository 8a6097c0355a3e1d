"""Names and typed text: what strangers may see of a name, and what may be stored at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Protocol

from timebank.core.errors import Refused

ZERO_WIDTH_JOINER = "\u200d"
MOST_INITIALS = 2
BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet takes our letters for another alphabet
# The last four are = + - @ as wide as a Chinese letter: some spreadsheets take them for the same.
BEGINS_A_FORMULA = (*"=+-@", "\t", "\r", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# Characters that cannot be seen but change how their neighbours read: bidi embeddings,
# overrides and isolates, zero-width spaces, soft hyphens, fillers, annotations, BOM. Private
# characters go too: they mean nothing to others, and timebank.web.kept marks places with them.
# The joiner stays, because family emoji and some scripts need it.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u202a-\u202e"
    "\u2060-\u206f\u3164\ue000-\uf8ff\ufeff\uffa0\ufff0-\uffff\U000f0000-\U0010ffff]"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_EDGES = f" \n{ZERO_WIDTH_JOINER}"
_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "\u0131": "i"}
)


class UnreadableText(Refused, ValueError):
    """Some of that couldn't be read. Type it again, please.

    A ValueError too, so that a form's filter may raise it and the field shows the sentence.
    """


def tidy_line(text: str) -> str:
    """Clean one line of typed text: a name, a title, a place.

    Composes accents (NFC, so that ½ stays ½), drops what cannot be seen, and turns every
    run of white space, line ends too, into one space.

    Raises:
        UnreadableText: the text holds half of a surrogate pair.
    """
    return " ".join(tidy_text(text).split())


def tidy_text(text: str) -> str:
    """Clean text of several lines; keeps line ends as LF and at most one blank line.

    Raises:
        UnreadableText: the text holds half of a surrogate pair.
    """
    if _SURROGATE.search(text):
        raise UnreadableText("Some of that couldn't be read. Type it again, please.")
    text = _LINE_END.sub("\n", unicodedata.normalize("NFC", text))
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    lines = [line.strip() for line in _SPACES.sub(" ", text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip(_EDGES)


def fold(text: str) -> str:
    """Give the form in which two typed words count as the same: width, case, accents kept."""
    return unicodedata.normalize("NFKC", tidy_line(text)).casefold()


def public_name(full_name: str) -> str:
    """Shorten a name to what everybody may see: "Sam Tran" is "Sam T"."""
    words = _words_with_letters(full_name)
    if not words:
        return ""
    if len(words) == 1:
        return words[0]
    return f"{words[0]} {_initial(words[-1])}"


class Translate(Protocol):
    """What Flask-Babel's gettext looks like; gives the application a way to translate."""

    def __call__(self, words: str, /, **variables: object) -> str:
        """Find the words in the reader's language, and fill in the variables."""


def _english(words: str, /, **variables: object) -> str:
    return words % variables if variables else words


class _Words:
    """How words are translated that stand in place of a name; the application binds its own."""

    gettext: Translate = staticmethod(_english)


def bind(gettext: Translate) -> None:
    """Let whoever is nameless be called something in the reader's language."""
    _Words.gettext = staticmethod(gettext)


def former_member(number: int | None = None) -> str:
    """Call somebody who was erased by the number that the books keep, or by none."""
    if number is None:
        return _Words.gettext("Former member")
    return _Words.gettext("Former member %(number)s", number=number)


def name_or_number(full_name: str | None, number: int | None = None) -> str:
    """Shorten a name as everybody may see it; somebody erased has their number, or none."""
    return public_name(full_name or "") or former_member(number)


def first_name(full_name: str) -> str:
    """Give the name a neighbour would call out: "Sam Tran" is "Sam"."""
    words = _words_with_letters(full_name)
    return words[0] if words else ""


def initials(full_name: str) -> str:
    """Give the one or two letters for an avatar: "Sam Tran" is "ST"."""
    words = _words_with_letters(full_name)
    ends = words if len(words) <= MOST_INITIALS else [words[0], words[-1]]
    return "".join(_initial(word) for word in ends)


def slugify(text: str, *, fallback: str = "event", length: int = 60) -> str:
    """Make the part of an address that names something: "Café à Erith" is "cafe-a-erith".

    Args:
        text: what people call it.
        fallback: the slug of a name without a single Latin letter or figure.
        length: the most characters; cut at a hyphen where there is one.
    """
    bare = re.sub("['\u2019]", "", unaccented(text))
    slug = _NOT_IN_SLUG.sub("-", bare).strip("-")
    if len(slug) > length:
        slug = slug[: length + 1].rpartition("-")[0] or slug[:length]
    return slug or fallback


def unaccented(text: str) -> str:
    """Give small letters without their accents: "Siân Łoś" is "sian los"."""
    folded = unicodedata.normalize(
        "NFKD", text.casefold().translate(_LETTERS_WITHOUT_DECOMPOSITION)
    )
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def listed(words: Iterable[str]) -> str:
    """Write a list as people say it: "Bela N, Jo F and Sam T"."""
    *others, last = list(words) or [""]
    return f"{', '.join(others)} and {last}" if others else last


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking words for a formula. Source: OWASP, CSV injection."""
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text


def _words_with_letters(name: str) -> list[str]:
    return [word for word in name.split() if any(letter.isalpha() for letter in word)]


def _initial(word: str) -> str:
    """Take a word's first letter with its combining marks, in upper case."""
    start = next(index for index, letter in enumerate(word) if letter.isalpha())
    end = start + 1
    while end < len(word) and unicodedata.combining(word[end]):
        end += 1
    return word[start:end].upper()[: end - start]
