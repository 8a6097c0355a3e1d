"""Notices that a page shows once, after something was done: "You're off the rota." with Undo.

A view calls `say`, commits and redirects; the next page's layout shows what was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from flask import get_flashed_messages
from flask import session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import MutableMapping

    from flask import Flask

WAITING = "_flashes"  # where Flask looks for them, in the session
MOST_WAITING = 5  # the latest: a cookie has little room


class Tone(StrEnum):
    """How a notice looks; the words carry the meaning."""

    GOOD = "good"
    NEWS = "news"
    SUN = "sun"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Flash:
    """One notice to show; `undo_url`, when there is one, takes a POST that takes it back."""

    sentence: str
    tone: Tone
    undo_url: str | None = None


def register(app: Flask) -> None:
    """Let layouts show what was said."""
    app.jinja_env.globals["flashes"] = said


def say(sentence: str, *, tone: Tone = Tone.GOOD, undo_url: str | None = None) -> None:
    """Keep a notice for the next page this person sees."""
    keep(session, Flash(sentence, tone, undo_url))


def keep(browser: MutableMapping[str, Any], notice: Flash) -> None:
    """Keep a notice in a browser's session, beside those that wait there."""
    waiting = browser.get(WAITING, [])[1 - MOST_WAITING :]
    browser[WAITING] = [*waiting, (notice.tone, (notice.sentence, notice.undo_url))]


def said() -> tuple[Flash, ...]:
    """Take the notices that wait for this person; the next page will not show them again."""
    waiting = cast("Iterable[tuple[str, object]]", get_flashed_messages(with_categories=True))
    return tuple(_flash(category, message) for category, message in waiting)


def _flash(category: str, message: object) -> Flash:
    tone = Tone(category) if category in set(Tone) else Tone.GOOD
    if isinstance(message, tuple | list):
        sentence, undo_url = message
        return Flash(sentence, tone, undo_url)
    return Flash(str(message), tone)
