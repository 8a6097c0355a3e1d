"""Every kind of feed, in eight zones over six years, as independent calendars read it.

A small part always runs: two Python parsers with no code in common must read each item in the same
way, and say the times that the tables say. With CALENDAR_CHECK=<folder of calendar-check, its
engines installed> its strict profile must be clean, too; `make calendar-check` does that for all
zones and years, and fails where an engine is missing. docs/calendars.md says how.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_role
from tests.builders import a_series
from tests.builders import a_slot
from tests.builders import a_walk
from tests.calendars import seen_by_icalendar
from tests.calendars import seen_by_vobject
from timebank.core import clock
from timebank.domain.calendar import addresses
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Outlook
from timebank.models import Role
from timebank.models import Series
from timebank.models.calendar import NARROWED
from timebank.web.calendar.telling import SHOWS_AT

CHECK = os.environ.get("CALENDAR_CHECK", "")
IN_FULL = os.environ.get("CALENDAR_CHECK_IN_FULL") == "1"
ZONES = (
    "Europe/London",
    "Europe/Dublin",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "America/Vancouver",
)
# The windows of feeds on these days, 180 days back and 400 ahead, cover 2025 to 2030.
TODAYS = tuple(dt.date(*day) for day in ((2025, 7, 1), (2027, 1, 15), (2028, 7, 1), (2030, 1, 15)))
FEW = [(ZONES[0], TODAYS[1]), (ZONES[4], TODAYS[2]), (ZONES[6], TODAYS[1])]
ALL = [(zone, today) for zone in ZONES for today in TODAYS]
# Two zones gave up changing their clocks in 2026. Engines whose own zones are older than that are
# an hour behind there, whatever a feed says: node brings its zones with it.
CHANGED_LATELY, CHANGED_SINCE, BEHIND = (
    {"Africa/Casablanca", "America/Vancouver"},
    "2026",
    "node-ical",
)
SPAN = (dt.timedelta(days=150), dt.timedelta(days=390))
MAY_BE_EMPTY = {"household", "exchanges", "gaps"}  # Nadia has no turn, and agreed on nothing
# By endpoint: a feed that is not here yet fails the test that no kind is forgotten.
FEEDS = {
    "calendar.everything": "/calendar/all.ics",
    "calendar.series_feed": "/e/tea/calendar.ics",
    "calendar.date_feed": "/e/stroll/{day}.ics",
    "calendar.turns_feed": "/me/{token}.ics",
    "calendar.group_feed": "/g/strollers/calendar.ics",
    "calendar.private_feed": "/f/{kind}/{secret}.ics",
}


@pytest.mark.parametrize(("zone", "today"), ALL if IN_FULL else FEW)
@pytest.mark.timeout(600)
def test_every_kind_of_feed_reads_alike_everywhere(
    app: Flask, session: Session, tmp_path: Path, zone: str, today: dt.date
) -> None:
    asked = a_busy_place(session, zone, today)
    now = dt.datetime.combine(today, dt.time(12), dt.UTC)
    with time_machine.travel(now, tick=False):
        answers = {name: app.test_client().get(address) for name, address in asked.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    for name, answer in answers.items():
        items = seen_by_icalendar(answer.data)
        assert items == seen_by_vobject(answer.data), name
        assert items or name in MAY_BE_EMPTY, name
    told = {
        (item["UID"].partition("@")[0], item["DTSTART"], item["DTEND"])
        for item in seen_by_icalendar(answers["calendar.everything"].data)
    }
    assert told == {
        (str(event.uid), event.starts_at, event.ends_at)
        for event in session.scalars(sa.select(Event).execution_options(populate_existing=True))
    }
    if CHECK:
        # What shows nothing is a calendar all the same, with a zone that nothing uses: on purpose.
        bodies = {
            name: answer.data for name, answer in answers.items() if b"VEVENT" in answer.data
        }
        ask_calendar_check(bodies, tmp_path, zone, today)


def test_no_kind_of_feed_is_forgotten(app: Flask) -> None:
    kinds = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.endswith(".ics")}
    assert kinds == set(FEEDS)


@pytest.mark.skipif(
    not CHECK, reason="set CALENDAR_CHECK=<folder> to ask the engines of calendar-check"
)
def test_calendar_check_is_there_and_finds_faults() -> None:
    """What cannot fail proves nothing: a calendar that tells a clock change wrongly is found."""
    broken = Path(CHECK) / "fixtures" / "bad_wrong_vtimezone.ics"
    assert check([broken], dt.date(2026, 1, 1), dt.date(2027, 1, 1))


def a_busy_place(session: Session, zone: str, today: dt.date) -> dict[str, str]:
    """Two series through the window of `today` -> the address of each kind of feed.

    Mornings, nights over each change of the clocks, whole days, dates into the next day; some are
    moved, called off, left out, uncertain; Bela has a turn on many of them.
    """
    walk = a_walk(session, day=today)
    walk.community.timezone = zone
    walk.series.slug = "stroll"
    tea = a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        title="Tea; cake, and 🎉 für “alle” – " + "é" * 40,
        slug="tea",
    )
    tea.description = "Come, sit; stay.\nBring a cup.\n\n" + "🍰 crumbs, " * 40
    kettle = a_role(session, tea, name="Kettle, cups; and “crumbs”", duration_minutes=120)
    session.flush()
    first = today - SPAN[0]
    for number, days in enumerate(range(0, sum(SPAN, dt.timedelta()).days, 12)):
        day = first + dt.timedelta(days=days)
        a_date(session, walk.series, day, zone, dt.time(9), hours=1.5, number=number)
        event = a_date(session, tea, day, zone, dt.time(0), hours=24, number=number + 3)
        has_turn(session, event, kettle, walk.bela)
    for number, change in enumerate(changes_of(zone, first, today + SPAN[1])):
        night = dt.time(22) if number % 2 else dt.time(0, 30)
        event = a_date(session, tea, change, zone, night, hours=5, number=number, starts_on=change)
        has_turn(session, event, kettle, walk.bela)
    token = addresses.make_address(
        session,
        membership_id=walk.bela.id,
        community_id=walk.community.id,
        now=clock.now(),
    )
    session.commit()
    day = (first + dt.timedelta(days=24)).isoformat()
    public = {
        name: address.format(day=day, token=token)
        for name, address in FEEDS.items()
        if name != "calendar.private_feed"
    }
    return public | private_addresses(session, walk)


def private_addresses(session: Session, walk: Walk) -> dict[str, str]:
    """Give Nadia, who runs it all, a calendar of every other kind, with an alarm where it may."""
    by_kind = {}
    for kind, shows in SHOWS_AT.items():
        whose = {"membership_id": walk.nadia.id, "community_id": walk.community.id}
        if shows in NARROWED:
            narrowing = addresses.Narrowing(series_id=walk.series.id)
            _number, secret = addresses.make_narrowed(
                session, shows=shows, narrowing=narrowing, now=clock.now(), **whose
            )
        else:
            secret = addresses.make_address(session, shows=shows, now=clock.now(), **whose)
        by_kind[kind] = FEEDS["calendar.private_feed"].format(kind=kind, secret=secret)
    session.commit()
    return by_kind


def a_date(
    session: Session,
    series: Series,
    day: dt.date,
    zone: str,
    starts: dt.time,
    *,
    hours: float,
    number: int,
    starts_on: dt.date | None = None,
) -> Event:
    """One date; by its number it is plain, moved, called off, left out or uncertain."""
    occurs_on = day
    while session.scalar(
        sa.select(Event.id).where(Event.series_id == series.id, Event.occurs_on == occurs_on)
    ):
        occurs_on += dt.timedelta(days=1)
    starts_at = clock.at_local(starts_on or day, starts, zone)
    event = Event(
        community_id=series.community_id,
        series_id=series.id,
        venue_id=series.venue_id,
        occurs_on=occurs_on,
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=hours),
    )
    kind = number % 7
    if kind == 1:
        event.starts_at += dt.timedelta(days=1, minutes=15)
        event.ends_at += dt.timedelta(days=1, minutes=-15)
    elif kind == 2:
        event.state = EventState.CANCELLED
        event.reason = "the path, as; ever, is flooded"
    elif kind == 3:
        event.state = EventState.SKIPPED
    elif kind == 4:
        event.outlook = Outlook.AT_RISK
    event.sequence = number
    session.add(event)
    session.flush()
    return event


def has_turn(session: Session, event: Event, role: Role, member: Membership) -> None:
    """Give somebody a turn, where there is one to have."""
    slot = a_slot(session, event, role)
    if event.state is EventState.PLANNED:
        a_claim(session, slot, member)


def changes_of(zone: str, first: dt.date, last: dt.date) -> list[dt.date]:
    """The days on which the clocks of a zone change."""

    def offset(day: dt.date) -> dt.timedelta | None:
        return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).utcoffset()

    days = (first + dt.timedelta(days=count) for count in range((last - first).days))
    return [day for day in days if offset(day) != offset(day + dt.timedelta(days=1))]


def ask_calendar_check(bodies: dict[str, bytes], folder: Path, zone: str, today: dt.date) -> None:
    files = []
    for name, body in bodies.items():
        files.append(folder / f"{name}.ics")
        files[-1].write_bytes(body)
    behind = BEHIND if zone in CHANGED_LATELY and node_zones() < CHANGED_SINCE else ""
    faults = check(files, today - SPAN[0], today + SPAN[1] + dt.timedelta(days=5), without=behind)
    assert faults == []


@functools.cache
def node_zones() -> str:
    """Which edition of the zones node brings: 2025c."""
    asked = ["node", "-p", "process.versions.tz"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def check(files: list[Path], since: dt.date, until: dt.date, *, without: str = "") -> list[object]:
    """Ask calendar-check, in its strict profile -> what it finds, but for one engine's dates."""
    folder = Path(CHECK)
    own = folder / ".venv/bin/python"
    options = [
        "--profile",
        "feed",
        "--strict",
        "--json",
        "--need-parse",
        "7",
        "--need-expand",
        "5",
    ]
    window = ["--from", since.isoformat(), "--to", until.isoformat()]
    python = own if own.exists() else sys.executable
    said = subprocess.run(
        [python, folder / "calendar_check.py", *files, *window, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        env={**os.environ, "PYTHONTZPATH": ""},  # as ours: the zones of the tzdata package
    )
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    assert len(answers) == len(files), said.stderr
    faults: list[object] = []
    for answer in answers:
        differing = [found for found in answer["diffs"] if found[0] != without]
        faults += [*answer["findings"], *answer["refused"].items(), *differing]
        if answer["exit"] and not answer["diffs"]:
            faults.append(answer)  # too few engines
    return faults
