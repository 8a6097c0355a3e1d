"""What a calendar shows, before it is iCalendar: one item a gathering, or a turn in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One dated thing in a calendar.

    Attributes:
        uid: The same for life, however often it moves.
        sequence: Rises with every change that a calendar shows.
        updated_at: The moment of the last such change; never the moment of writing.
        is_uncertain: Whether it may not take place after all, because it lacks somebody.
        is_busy: Whether it takes up the reader's time: their own turns do, what is on does not.
        title: One line, with "Cancelled:" before it already; many clients ignore the status.
        description: Plain text of several lines, the address of its page last.
        position: Latitude and longitude, or None.
        timezone: The IANA zone that its times are told in.
        says_status: Whether a cancelled item says so in its status, besides its title.
        alarm_minutes: How long before it the calendar rings; None: it doesn't.
        contact: Whom to ask about it, in one line: a group and its page, never a person.
        picture: The address of a picture of it, as PNG; `colour` is a name of CSS.
    """

    uid: str
    sequence: int
    created_at: dt.datetime
    updated_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    timezone: str
    is_cancelled: bool
    is_uncertain: bool
    is_busy: bool
    title: str
    description: str
    location: str
    position: tuple[float, float] | None
    url: str
    categories: tuple[str, ...]
    says_status: bool = True
    alarm_minutes: int | None = None
    contact: str = ""
    picture: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What a calendar says about itself: its name, what it is, its page, where it comes from.

    `source` is None for a private address: it travels with whatever somebody shares on.
    """

    name: str
    about: str
    url: str
    source: str | None


NAMES: Mapping[str, str] = {
    "all": "What’s on in %(place)s",
    "mine": "My turns in %(place)s",
    "household": "Our turns in %(place)s",
    "organising": "What I organise in %(place)s",
    "exchanges": "Help agreed in %(place)s",
    "chosen": "What’s on in %(place)s",
    "gaps": "Still needed in %(place)s",
}
ABOUT = "Kept by neighbours with Good Turn. What changes there changes here: %(page)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What makes an item a message: from whom, to whom, and the how manieth about it.

    Attributes:
        method: REQUEST puts it into the calendar or changes it there, CANCEL takes it out.
        sequence: Higher than in the message before.
        stamp: The moment of writing.
        organiser: The address that replies go to; `organiser_name` is the group's.
        attendee: The address of its only reader.
        asks_reply: Whether anybody reads replies.
    """

    method: str
    sequence: int
    stamp: dt.datetime
    organiser: str
    organiser_name: str
    attendee: str
    asks_reply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words that the rules put into a calendar, translated by the door that asks.

    Attributes:
        names: What calendars are called, by kind; one without is called after what it is about.
        scenes: The kinds of things, by their key.
    """

    cancelled: str = "Cancelled: %(title)s"
    cancelled_because: str = "Cancelled: %(reason)s"
    changed_because: str = "Changed: %(reason)s"
    bring: str = "Bring: %(things)s"
    turn: str = "%(role)s: %(title)s"
    whose: str = "%(name)s: %(turn)s"
    exchange: str = "%(what)s, with %(name)s"
    gap: str = "%(count)s needed: %(role)s, %(title)s"
    organised: str = "%(title)s: %(state)s"
    filled: str = "%(filled)s of %(places)s filled"
    at_risk: str = "at risk"
    no_go: str = "can’t start"
    about: str = ABOUT
    names: Mapping[str, str] = field(default_factory=lambda: NAMES)
    scenes: Mapping[str, str] = field(default_factory=dict)
