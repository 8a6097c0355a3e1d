"""The geometry of the drawings: pennants hang here, so that templates need no arithmetic.

Lengths are SVG user units. A string of bunting holds at most 16 pennants; more places make a
second string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from flask import Flask

PENNANTS_A_STRING = 16
MOST_STRINGS = 4
COLOURS = 5
PENNANT_WIDTH = 20

_BETWEEN_TAGS = re.compile(r">\s+<")

GARLAND_WIDTH = 170
GARLAND_PENNANT_WIDTH = 24
GARLAND_SAG = 6.5


@dataclass(frozen=True, slots=True)
class Pennant:
    """One flag: its outline, and its colour (1 to 5) or None while nobody has the place."""

    path: str
    colour: int | None


@dataclass(frozen=True, slots=True)
class BuntingString:
    """One string of bunting, ready to be written as an `<svg>`.

    `width` is the natural width on the page in CSS pixels; the string shrinks, never stretches.
    """

    view_box: str
    width: int
    cord: str
    pennants: tuple[Pennant, ...]


@dataclass(frozen=True, slots=True)
class Festoon:
    """Bunting that decorates a drawing: a cord and coloured pennants."""

    cord: str
    pennants: tuple[Pennant, ...]


def register(app: Flask) -> None:
    """Offer the geometry and the ready drawings to every template."""

    @cache
    def drawing(name: str) -> Markup:
        """Give a drawing that is the same on every page; rendered once a process."""
        template = app.jinja_env.get_template(f"drawings/{name}.html")
        return Markup(_BETWEEN_TAGS.sub("><", template.render()).strip())  # noqa: S704 - our own file, takes no input

    app.jinja_env.globals.update(
        bunting_strings=bunting_strings,
        drawing=drawing,
        festoon=festoon,
        garland_pennants=garland_pennants,
        wave=wave,
    )


@lru_cache(maxsize=1024)
def bunting_strings(
    filled: int, total: int, *, pennant_width: int = PENNANT_WIDTH
) -> tuple[BuntingString, ...]:
    """Hang one pennant for each of `total` places, the first `filled` of them in colour.

    Four strings are the most; beyond 64 places each pennant stands for several, and one is
    only coloured once all it stands for are taken.
    """
    most = PENNANTS_A_STRING * MOST_STRINGS
    shown = min(total, most)
    coloured = filled if total <= most else filled * most // total
    places = [index % COLOURS + 1 if index < coloured else None for index in range(shown)]
    rows = [
        places[start : start + PENNANTS_A_STRING] for start in range(0, shown, PENNANTS_A_STRING)
    ]
    return tuple(_bunting_string(tuple(row), width=pennant_width) for row in rows)


@lru_cache(maxsize=64)
def festoon(left: int, right: int, top: int, *, pennants: int, sag: int) -> Festoon:
    """Hang decoration between two points of a drawing at the same height."""
    span = right - left
    middles = [(index + 0.5) / pennants for index in range(pennants)]
    flags = tuple(
        Pennant(
            f"M{_short(left + span * along - 8)} {_short(top + _drop(along, sag=sag))}h16l-8 15z",
            index % COLOURS + 1,
        )
        for index, along in enumerate(middles)
    )
    return Festoon(
        f"M{left} {top}Q{_short((left + right) / 2)} {top + 2 * sag} {right} {top}", flags
    )


def garland_pennants() -> tuple[Pennant, ...]:
    """Hang one repeat of the garland under the masthead: five pennants on 170 units."""
    step = GARLAND_WIDTH // COLOURS
    margin = (step - GARLAND_PENNANT_WIDTH) // 2
    tops = [_short(_drop((index + 0.5) / COLOURS, sag=GARLAND_SAG)) for index in range(COLOURS)]
    return tuple(
        Pennant(f"M{index * step + margin} {top}h24l-12 17z", index + 1)
        for index, top in enumerate(tops)
    )


@lru_cache(maxsize=64)
def wave(top: int, height: int, *, left: int = -960) -> str:
    """Draw rolling ground at `top`, far past both sides, so that it fills any banner."""
    hills = f"q80-{height} 160 0t160 0" * 7
    return f"M{left} {top}{hills}V190H{left}z"


def _bunting_string(places: tuple[int | None, ...], *, width: int) -> BuntingString:
    count = len(places)
    sag = min(11.0, count * 0.9)
    total_width = count * width
    height = round(width * 0.9 + 4 + sag)
    pennants = tuple(
        Pennant(_pennant(index, count, width=width, sag=sag), colour)
        for index, colour in enumerate(places)
    )
    cord = f"M0 2Q{_short(total_width / 2)} {_short(2 + 2 * sag)} {total_width} 2"
    return BuntingString(f"0 0 {total_width} {height}", round(total_width * 1.2), cord, pennants)


def _pennant(index: int, count: int, *, width: int, sag: float) -> str:
    top = 2 + _drop((index + 0.5) / count, sag=sag)
    left = index * width + width * 0.1
    half = _short(width * 0.4)
    return f"M{_short(left)} {_short(top)}h{_short(width * 0.8)}l-{half} {_short(width * 0.85)}z"


def _drop(along: float, *, sag: float) -> float:
    """Tell how far a cord hangs below its ends at `along` (0 to 1); a parabola."""
    return 4 * sag * along * (1 - along)


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
