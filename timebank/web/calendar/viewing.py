"""What the page of calendars shows of somebody's own: each kind, its choices, who read it when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import session as browser
from flask import url_for
from flask_babel import format_timedelta
from flask_babel import gettext

from timebank.core import clock
from timebank.models import CalendarClient
from timebank.models import Feed
from timebank.models import Shows
from timebank.models.calendar import NARROWED
from timebank.models.calendar import OWN
from timebank.models.calendar import WITH_ALARM
from timebank.web.calendar import telling
from timebank.web.calendar.forms import ChoicesForm
from timebank.web.door import door
from timebank.web.rota.qr import Code
from timebank.web.rota.qr import code_of
from timebank.web.words import _

FRESH = "calendar_token"  # in the browser's session, from making an address to showing it once
A_MINUTE = dt.timedelta(minutes=1)

HEADINGS = {
    Shows.TURNS: _("Your own turns"),
    Shows.HOUSEHOLD: _("Your household’s turns"),
    Shows.ORGANISING: _("What you organise"),
    Shows.EXCHANGES: _("Help you agreed on"),
}
ABOUT = {
    Shows.TURNS: _(
        "What you’ve said yes to, with the job, the time and the place, at an address that only"
        " you know."
    ),
    Shows.HOUSEHOLD: _(
        "Your own turns, and those of the neighbours you act for, by their first name."
    ),
    Shows.ORGANISING: _(
        "Every date you run, with how full it is: “4 of 7 filled, at risk”. No names."
    ),
    Shows.EXCHANGES: _("Help that you and a neighbour agreed on, where you agreed on a time."),
}
CLIENTS = {
    CalendarClient.GOOGLE: _("Google"),
    CalendarClient.APPLE: _("An iPhone, iPad or Mac"),
    CalendarClient.OUTLOOK: _("Outlook"),
    CalendarClient.THUNDERBIRD: _("Thunderbird"),
    CalendarClient.NEXTCLOUD: _("Nextcloud"),
    CalendarClient.OTHER: _("A calendar"),
}


@dataclass(frozen=True, slots=True)
class Fresh:
    """An address that was made just now: of which row, where it is, and as a square code."""

    shows: Shows
    address_id: int | None
    url: str

    @property
    def code(self) -> Code:
        """Draw it, for a telephone's camera; a telephone subscribes by webcal."""
        return code_of(f"webcal://{self.url.partition('://')[2]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalendar:
    """One kind of calendar of somebody's own.

    Attributes:
        key: What stands for it in addresses.
        address: None: it is off.
        health: Who read it last, and when.
        form: Its choices.
        fresh: Its address, once, just after it was made.
    """

    key: str
    heading: str
    about: str
    address: Feed | None
    health: str
    form: ChoicesForm
    fresh: Fresh | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowedCalendar:
    """One calendar that somebody narrowed as they like."""

    address: Feed
    heading: str
    health: str
    fresh: Fresh | None


def keep_fresh(shows: Shows, token: str, address_id: int | None = None) -> None:
    """Keep a new address in the browser's session until it is shown, once."""
    browser[FRESH] = [shows.value, token, address_id]


def take_fresh(site: str) -> Fresh | None:
    """Take the address that was made just now, to be shown and forgotten."""
    kept = browser.pop(FRESH, None)
    if kept is None:
        return None
    shows, token, address_id = kept
    return Fresh(Shows(shows), address_id, site + path_of(Shows(shows), token))


def path_of(shows: Shows, token: str) -> str:
    """Tell where a private address is."""
    if shows is Shows.TURNS:
        return url_for("calendar.turns_feed", token=token)
    return url_for("calendar.private_feed", shows=telling.KEY_OF[shows], token=token)


def own_calendars(theirs: list[Feed], fresh: Fresh | None) -> list[OwnCalendar]:
    """Make a member's calendars ready to be shown; what one runs only to who runs anything."""
    viewer = door().viewer
    found = {address.shows: address for address in theirs}
    offered = [
        shows
        for shows in OWN
        if shows in found
        or shows is not Shows.ORGANISING
        or (viewer is not None and viewer.is_organiser)
    ]
    return [_own(shows, found.get(shows), fresh) for shows in offered]


def _own(shows: Shows, address: Feed | None, fresh: Fresh | None) -> OwnCalendar:
    return OwnCalendar(
        key=shows.value,
        heading=str(HEADINGS[shows]),
        about=str(ABOUT[shows]),
        address=address,
        health=health_of(address) if address else "",
        form=ChoicesForm.of(address, rings=shows in WITH_ALARM, prefix=shows.value),
        fresh=fresh if fresh and fresh.shows is shows else None,
    )


def narrowed_calendars(theirs: list[Feed], fresh: Fresh | None) -> list[NarrowedCalendar]:
    """Make the calendars that a member narrowed ready to be shown."""
    return [
        NarrowedCalendar(
            address=address,
            heading=narrowed_to(address),
            health=health_of(address),
            fresh=fresh if fresh and fresh.address_id == address.id else None,
        )
        for address in theirs
        if address.shows in NARROWED
    ]


def narrowed_to(address: Feed) -> str:
    """Say what a calendar is narrowed to, in a line."""
    what = gettext("Still needed") if address.shows is Shows.GAPS else gettext("What’s on")
    group = address.group.name if address.group else None
    series = address.series.title if address.series else None
    scene = str(telling.SCENE_WORDS[address.scene]) if address.scene else None
    parts = [part for part in (group, series, scene, address.area, address.role_name) if part]
    return f"{what}: {', '.join(parts)}" if parts else f"{what}: {gettext('everything')}"


def health_of(address: Feed) -> str:
    """Say who read an address last and when; it is noted once an hour at most."""
    if address.last_fetched_at is None:
        return gettext("No calendar has read it yet.")
    client = str(CLIENTS[address.last_client or CalendarClient.OTHER])
    since = clock.now() - address.last_fetched_at
    if since < A_MINUTE:
        return gettext("%(client)s read it just now.", client=client)
    ago = format_timedelta(-since, add_direction=True)
    return gettext("%(client)s read it %(ago)s.", client=client, ago=ago)
