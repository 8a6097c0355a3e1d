"""A month of changes, seen by calendars that really subscribe: they show what the pages show.

The app is served on a port. khal fetches with vdirsyncer, a client on ical.js (Thunderbird's
library) asks with its ETag; both follow what's on and Bela's own turns. Neighbours change things
on the pages while the clock goes on by days; dates lie on both sides of the end of winter
time. The month ends before the window of feeds moves on, which changes them by itself.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import socket
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests.browser.serving import serving
from tests.browsing import Browser
from tests.builders import Walk
from tests.builders import a_walk
from tests.subscribers import Khal
from tests.subscribers import Seen
from tests.subscribers import Thunderbird
from tests.subscribers import khal_or_skip
from tests.subscribers import thunderbird_or_skip
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain import events
from timebank.domain.calendar import addresses
from timebank.models import Event
from timebank.models import Series

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
STROLL = "/e/danson-saturday-stroll"
TEA = {
    "title": "Tea; and “cake”, for all",
    "where": "Hall Place, the orangery",
    "address": "Bourne Road, Bexley",
    "first": "2027-03-28",
    "starts": "00:30",
    "ends": "03:15",
    "often": "monthly",
    "roles-0-name": "Kettle",
    "roles-0-places": "2",
    "roles-0-starts": "00:30",
    "roles-0-ends": "01:00",
}


A_TURN = re.compile(
    r'datetime="([^"]+)">(?:(?!</time>).)*</time>\s*<div class="stack gap-1">\s*'
    r"<h3>(.*?)</h3>\s*<p>(.*?)<br>[^,<]*, (.*?)</p>",
    re.DOTALL,
)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def settings(settings: Settings, listener: socket.socket) -> Settings:
    port = listener.getsockname()[1]
    return replace(settings, public_url=f"http://localhost:{port}", port=port)


@pytest.fixture
def month(
    app: Flask, session: Session, settings: Settings, listener: socket.socket
) -> Iterator[Month]:
    with time_machine.travel(NOW, tick=False) as watch:
        walk = a_walk(session, day=dt.date(2027, 3, 6))
        month = Month(app, session, walk, watch, settings.public_url)
        with serving(app, listener):
            yield month


class Month:
    """Neighbours who change things on the pages, and what the pages say then."""

    def __init__(
        self,
        app: Flask,
        session: Session,
        walk: Walk,
        watch: time_machine.Traveller,
        site: str,
    ) -> None:
        self.session, self.watch, self.site = session, watch, site
        self.nadia, self.bela = Browser(app).sign_in(walk.nadia), Browser(app).sign_in(walk.bela)
        self.dov = Browser(app)
        token = addresses.make_address(
            session, membership_id=walk.bela.id, community_id=walk.community.id, now=NOW
        )
        self.night()
        self.addresses = {
            "everything": f"{site}/calendar/all.ics",
            "group": f"{site}/g/strollers/calendar.ics",
            "turns": f"{site}/me/{token}.ics",
        }

    def changes(self) -> Iterator[Callable[[], None]]:
        """Give one change after another that somebody is about to make; days pass between them."""
        for change in (
            self.bela_takes_two_turns,
            self.a_date_moves_to_sunday,
            self.a_date_meets_elsewhere,
            self.a_date_is_called_off,
            self.something_new_is_published,
            self.night,
            self.bela_drops_a_turn,
            self.it_has_another_name,
            self.night,
            self.it_begins_earlier_from_april_on,
            self.it_has_a_season,
            self.a_date_is_put_back,
        ):
            self.watch.shift(dt.timedelta(days=2, hours=4))
            yield change

    def night(self) -> None:
        """Make the dates that are eight weeks ahead by now, as the nightly job does."""
        events.extend_dates(self.session, now=clock.now())
        self.session.commit()

    def bela_takes_two_turns(self) -> None:
        for day in ("2027-03-20", "2027-04-10"):
            self.bela.open(f"{STROLL}/{day}")
            self.bela.press("I’ll do it: Marshal")

    def a_date_moves_to_sunday(self) -> None:
        self.nadia.open(f"{STROLL}/2027-03-20/change")
        self.nadia.press(
            "Change this date",
            day="2027-03-21",
            starts="10:15",
            ends="11:45",
            reason="A market, in the park; sorry",
        )

    def a_date_meets_elsewhere(self) -> None:
        self.nadia.open(f"{STROLL}/2027-04-03/change")
        self.nadia.press(
            "Change this date",
            where="Lesnes Abbey, by the “ruin”",
            address="New Road, SE2",
            reason="Mud",
        )

    def a_date_is_called_off(self) -> None:
        self.nadia.open(f"{STROLL}/2027-03-27/change")
        self.nadia.press("Cancel this date", kind="weather", cancel_reason="The path is flooded")

    def something_new_is_published(self) -> None:
        self.nadia.open("/e/new")
        self.nadia.press("Publish", **TEA)

    def bela_drops_a_turn(self) -> None:
        self.bela.open("/me")
        self.bela.press("I can’t make it")

    def it_has_another_name(self) -> None:
        self.nadia.open(f"{STROLL}/edit")
        self.nadia.press("Save", title="Danson Early Stroll, now with dogs")

    def it_begins_earlier_from_april_on(self) -> None:
        self.nadia.open(f"{STROLL}/edit")
        self.nadia.press("Save", starts="08:30", ends="10:00")
        self.nadia.press("Save", day="2027-04-10", reach="later")
        self.nadia.press("Save")

    def it_has_a_season(self) -> None:
        self.nadia.open(f"{STROLL}/edit")
        self.nadia.press("Save", season_from="3", season_until="4")

    def a_date_is_put_back(self) -> None:
        self.nadia.open(f"{STROLL}/2027-05-01/change")
        self.nadia.press("Put it back")

    def on_the_pages(self) -> dict[str, tuple | None]:
        """By its address, what each date's page says to Dov; None: there is no such page."""
        dates = self.session.execute(
            sa.select(Series.slug, Event.occurs_on).join(Series, Series.id == Event.series_id)
        )
        return {
            f"{self.site}/e/{slug}/{day}": self.page(f"/e/{slug}/{day}") for slug, day in dates
        }

    def page(self, address: str) -> tuple | None:
        page = self.dov.open(address)
        if self.dov.answer.status_code == 404:
            return None
        starts = re.search(r'<time class="date" datetime="([^"]+)"', page)[1]
        title = re.search(r'<h1 class="h1">(.*?)</h1>', page)[1]
        span = re.search(r'<p class="meta"><span>(?:<svg.*?</svg>)?([^<,]+)', page)[1]
        place = re.search(r"Meet at</dt><dd>(.*?)</dd>", page, re.DOTALL)[1]
        return (
            html.unescape(title),
            dt.datetime.fromisoformat(starts).replace(tzinfo=None),
            span.strip(),
            html.unescape(place.replace("<br>", ", ")),
            "This date is cancelled." in page,
        )

    def own_turns(self) -> set[tuple]:
        """What Bela's page says of her turns to come: the job, when, and where."""
        found = A_TURN.findall(self.bela.open("/me"))
        return {
            (
                html.unescape(f"{job}: {title}"),
                dt.datetime.fromisoformat(starts).replace(tzinfo=None),
                html.unescape(place),
            )
            for starts, job, title, place in found
        }


def in_words(starts: dt.datetime, ends: dt.datetime) -> str:
    """Say a span as the pages do: "9am to 10:30am"."""
    return " to ".join(
        f"{time.hour % 12 or 12}{f':{time:%M}' * bool(time.minute)}{time:%p}".lower()
        for time in (starts, ends)
    )


def as_a_page_says(item: Seen) -> tuple:
    words = in_words(item.starts, item.ends)
    title = item.title.removeprefix("Cancelled: ")
    assert (title != item.title) == item.is_cancelled
    return title, item.starts, words, item.place, item.is_cancelled


class Follower:
    """Remembers what a calendar has shown, and holds it against the pages."""

    def __init__(self, month: Month, *, keeps_uids: bool = True) -> None:
        self.month = month
        self.keeps_uids = keeps_uids
        self.uids: dict[tuple[str, str], str] = {}

    def check(self, shown: dict[str, list[Seen]]) -> None:
        self._lasting(shown)
        pages = self.month.on_the_pages()
        for name in shown.keys() - {"turns"}:
            found = {item.url: as_a_page_says(item) for item in shown[name]}
            left_out = {url for url in found if pages[url] is None}
            assert all(found[url][-1] for url in left_out), name
            assert {**found, **dict.fromkeys(left_out)} == pages, name
        now = clock.now().replace(tzinfo=None)
        turns = {
            (item.title, item.starts, item.place.partition(", The boathouse")[0])
            for item in shown["turns"]
            if not item.is_cancelled and item.ends > now
        }
        assert turns == self.month.own_turns()

    def _lasting(self, shown: dict[str, list[Seen]]) -> None:
        """One item a date, under the same UID for ever."""
        for name, items in shown.items():
            assert len({item.uid for item in items}) == len(items), name
            assert len({item.url for item in items}) == len(items), name
            for item in items if self.keeps_uids else ():
                assert self.uids.setdefault((name, item.url), item.uid) == item.uid, item


@pytest.mark.timeout(300)
def test_thunderbird_follows_a_month_and_asks_with_its_etag(month: Month) -> None:
    thunderbird_or_skip()
    client, follower = Thunderbird(month.addresses), Follower(month)
    try:
        follower.check(client.look())
        assert set(client.statuses.values()) == {200}
        for change in month.changes():
            client.look()
            assert set(client.statuses.values()) == {304}
            change()
            follower.check(client.look())
            assert 200 in client.statuses.values(), change
    finally:
        client.close()


@pytest.mark.timeout(300)
def test_khal_follows_a_month(month: Month, tmp_path: Path) -> None:
    khal_or_skip()
    # vdirsyncer gives each item a UID of its own making, out of all that it says.
    follower = Follower(month, keeps_uids=False)
    client = Khal(tmp_path, {name: month.addresses[name] for name in ("everything", "turns")})
    follower.check(client.look())
    for change in month.changes():
        change()
        follower.check(client.look())
