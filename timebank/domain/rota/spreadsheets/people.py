"""A cell of a rota as the people it names: "Imran M & Grace L", "Siân P?", "TBC"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field

from timebank.core.text import BEGINS_A_FORMULA
from timebank.core.text import unaccented
from timebank.domain.rota.spreadsheets.remarks import Kind

LONGEST_NAME = 80  # letters, as a profile takes it
MOST_WORDS = 5
MOST_FIGURES = 2  # "Sam 3" is a name, a phone number is none

# In small letters without accents; besides English, what the languages of `day_words` say.
_CANCELLED = re.compile(
    "cancel(?:l?ed)?|(?:called )?off|no event|abgesagt|fallt aus|faellt aus|annulee?|cancelad[oa]"
    "|annullato|geannuleerd|afgelast|odwolane|anulat|gohiriwyd"
)
_NOBODY = re.compile(
    "tb[acd]|n/a|none|no[ -]?(?:one|body)|vacan(?:t|cy)|empty|open|free|gap"
    "|(?:(?:help|volunteer) )?(?:needed|wanted)|to be (?:confirmed|decided)"
)
_PENCILLED = re.compile(
    "maybe|tb[acd]|prov(?:isional)?|poss(?:ibly)?|perhaps|pencilled|unconfirmed|if needed"
    "|to be confirmed|vielleicht|evtl|peut-etre|quizas|forse"
)
_BLANK_MARKS = frozenset("?-‐–—−_.…/\\~()[] ")  # noqa: RUF001 - dashes as people type them

_IN_BRACKETS = re.compile(r"([(\[][^()\[\]]*[)\]]?)")
_BETWEEN_PEOPLE = re.compile(r"[&+/,;|\n\uff0c\u3001]|\s(?:and|And|AND|und|et|y|en)\s")
_LOOSE = ' "“”*#†‡!•·–—-~:_<>)]?'
_ASIDE = re.compile(r"\s[-–—:]\s")
_TELLING = re.compile("[*#†‡!]+")
_NEVER_IN_NAMES = re.compile(r"[@=<>{}\\|%£$€^]|https?:|www\.")
_AROUND_WORDS = " ?!.:()[]*\"'"


@dataclass(frozen=True, slots=True)
class Typed:
    """Somebody in a cell, by the name that was typed."""

    name: str
    is_pencilled: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a cell that is not somebody's name; `name`: whom it stands beside."""

    kind: Kind
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """What a cell says: who, that the date is cancelled, and the rest."""

    people: tuple[Typed, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_cancelled: bool = False


@dataclass(slots=True)
class _Part:
    """The text of one person, and what stands in brackets beside it."""

    text: str = ""
    notes: list[str] = field(default_factory=list)


def read_people(text: str) -> People:
    """Read a cell: everybody in it, and a finding for everything else."""
    if not text:
        return People()
    if means_nobody(text):
        return People(findings=(Finding(Kind.NOBODY, text),))
    if is_formula(text):
        return People(findings=(Finding(Kind.FORMULA, text),))
    if says_cancelled(text):
        return People(is_cancelled=True)
    return _read_names(text)


def _read_names(text: str) -> People:
    found = [thing for part in _parts(text) for thing in _read_part(part)]
    return People(
        people=tuple(thing for thing in found if isinstance(thing, Typed)),
        findings=tuple(thing for thing in found if isinstance(thing, Finding))
        or (() if found else (Finding(Kind.NOT_A_NAME, text),)),
    )


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may compute a cell, or somebody kept it from that by an apostrophe."""
    return text.removeprefix("'").startswith(BEGINS_A_FORMULA)


def means_nobody(text: str) -> bool:
    """Whether a cell says that the place is still free: "TBC", "?", "-"."""
    return _BLANK_MARKS.issuperset(text) or bool(_NOBODY.fullmatch(_plain(text)))


def says_cancelled(text: str) -> bool:
    """Whether a cell says that the date is off."""
    return bool(_CANCELLED.fullmatch(_plain(text)))


def _plain(text: str) -> str:
    return " ".join(unaccented(text).split()).strip(_AROUND_WORDS)


def _parts(text: str) -> list[_Part]:
    """Take a cell apart, never inside brackets; a lone name in brackets is pencilled in."""
    pieces = _IN_BRACKETS.split(text)
    if len(pieces) == len(("", text, "")) and not pieces[0].strip() and not pieces[2].strip():
        return [_Part(part, ["?"]) for part in _BETWEEN_PEOPLE.split(pieces[1].strip("()[]"))]
    parts = [_Part()]
    for number, piece in enumerate(pieces):
        if number % 2:
            parts[-1].notes.append(piece.strip("()[] "))
            continue
        first, *others = _BETWEEN_PEOPLE.split(piece)
        parts[-1].text += f" {first}"
        parts += map(_Part, others)
    return parts


def _read_part(part: _Part) -> Iterator[Typed | Finding]:
    typed, *asides = _ASIDE.split(" ".join(part.text.split()), maxsplit=1)
    notes = [note for note in [*part.notes, *asides] if note]
    name, is_pencilled = _without_pencil(typed)
    if _is_name(name.strip(_LOOSE)) and not means_nobody(typed):
        yield from _with_notes(name, notes, is_pencilled=is_pencilled)
        return
    if typed:
        yield Finding(Kind.NOBODY if means_nobody(typed) else Kind.NOT_A_NAME, typed)
    yield from (Finding(Kind.NOT_A_NAME, note) for note in notes if not _is_pencil(note))


def _with_notes(marked: str, notes: list[str], *, is_pencilled: bool) -> Iterator[Typed | Finding]:
    name = marked.strip(_LOOSE)
    before, _, after = marked.partition(name)
    telling = [note for note in notes if not _is_pencil(note)]
    yield Typed(name, is_pencilled or "?" in before + after or len(telling) < len(notes))
    for note in [*_TELLING.findall(before + after), *telling]:
        yield Finding(Kind.NAME_NOTE, note, name)


def _without_pencil(typed: str) -> tuple[str, bool]:
    """Take off what makes a name doubtful: "Siân P?", "Jo F tbc", "maybe Tom"."""
    name = typed.strip("? ")
    is_pencilled = name != typed
    first, _, others = name.partition(" ")
    if others and _is_pencil(first):
        name, is_pencilled = others, True
    others, _, last = name.rpartition(" ")
    if others and _is_pencil(last):
        name, is_pencilled = others, True
    return name.rstrip("? "), is_pencilled or name.endswith("?")


def _is_pencil(note: str) -> bool:
    return not note.strip("?") or bool(_PENCILLED.fullmatch(_plain(note)))


def _is_name(name: str) -> bool:
    """Whether words can be somebody's name: no sentence, no address, no telephone number."""
    words = name.split()
    if words and words[-1].isdecimal() and len(words[-1]) <= MOST_FIGURES:
        words.pop()
    return (
        0 < len(words) <= MOST_WORDS
        and not (name.isascii() and len(name) == 1)  # a tick
        and len(name) <= LONGEST_NAME
        and all(any(letter.isalpha() for letter in word) for word in words)
        and not any(letter.isdigit() for word in words for letter in word)
        and not _NEVER_IN_NAMES.search(name)
    )
