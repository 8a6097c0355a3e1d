"""What is said about the entries of a calendar: what doesn't come in and why, what was guessed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_babel import gettext
from flask_babel import ngettext

from timebank.core.text import listed
from timebank.domain import events
from timebank.domain.calendar.incoming.entries import Note
from timebank.domain.calendar.incoming.entries import Passed
from timebank.domain.calendar.incoming.entries import When
from timebank.domain.calendar.incoming.gathering import NO_GROUP
from timebank.domain.calendar.incoming.gathering import Gathered
from timebank.domain.calendar.incoming.planning import Planned
from timebank.domain.calendar.incoming.values import Why
from timebank.domain.events.sentences import time_in_words
from timebank.web.filters import long_day
from timebank.web.words import _

PASSED = {
    Why.NO_TITLE: _("It has no title."),
    Why.NO_TIME: _("We can’t read when it is."),
    Why.ALL_DAY: _("It lasts all day, and an event here begins and ends at a time."),
    Why.SEVERAL_DAYS: _("It lasts several days. Make an event for each of them."),
    Why.PAST_MIDNIGHT: _("It goes on past midnight, and an event here ends on its own day."),
    Why.CANCELLED: _("It is cancelled."),
    Why.PRIVATE: _("It is marked as private."),
    Why.TOO_OFTEN: _("It is more than once a day, and an event here has one date a day."),
    Why.NO_RULE: _("We can’t read how often it is."),
    Why.NO_ZONE: _("Its time is that of “%(zone)s”, and we don’t know where that is."),
    Why.SAME_DAY: _("It is there twice on one day, so it comes in once."),
    Why.CANNOT_BE: _("It can’t be an event here as it is: look at its first date and times."),
}
NOTES = {
    Note.NO_ZONE_SAID: _("It says no time zone, so we took our own."),
    Note.NO_END_SAID: _("It says no end, so we took an hour."),
    Note.SHORTENED: _("Its title or description was too long, so we cut it."),
    Note.ONE_BY_ONE: _(
        "We don’t have its rhythm, so its dates of the coming year come in one by one."
    ),
}


def passed_sentence(passed: Passed) -> tuple[str, str]:
    """Say what doesn't come in -> its title, and why."""
    return passed.title or gettext("An entry"), gettext(PASSED[passed.why], zone=passed.name)


@dataclass(frozen=True, slots=True)
class Shown:
    """An event that would come in, in words.

    `others`: its dates that aren't as its rhythm says, each with its times and place.
    """

    number: int
    title: str
    rhythm: str
    until: str
    place: str
    description: str
    others: tuple[str, ...]
    off: str
    notes: tuple[str, ...]
    namesake: str


def shown_event(planned: Planned, *, timezone: str, today: dt.date) -> Shown:
    """Put an event that would come in into words."""
    event = planned.event
    draft = event.draft(NO_GROUP, event.place)
    return Shown(
        number=planned.number,
        title=event.title,
        rhythm=events.schedule_sentence(draft, timezone=timezone, today=today),
        until=time_in_words(event.ends),
        place=event.place,
        description=draft.description,
        others=tuple(_date_in_words(event, when) for when in event.differing),
        off=listed(long_day(day) for day in event.off),
        notes=tuple(gettext(NOTES[note]) for note in event.notes),
        namesake=planned.namesake,
    )


def _date_in_words(event: Gathered, when: When) -> str:
    words = [long_day(when.day)]
    if (when.starts, when.ends) != (event.starts, event.ends):
        words.append(
            gettext(
                "%(starts)s to %(ends)s",
                starts=time_in_words(when.starts),
                ends=time_in_words(when.ends),
            )
        )
    if when.place != event.place:
        words.append(when.place)
    return ", ".join(words)


def other_sentence(kind: str, count: int) -> str:
    """Say what else the calendar holds."""
    if kind == "VTODO":
        return ngettext(
            "%(num)s thing to do, which is no event",
            "%(num)s things to do, which are no events",
            count,
        )
    return ngettext("%(num)s note, which is no event", "%(num)s notes, which are no events", count)
