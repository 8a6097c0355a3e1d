"""Every kind of feed, in eight zones over six years, as independent calendars read it.

Two Python parsers with no code in common must read each item in the same way, and say the times
that the tables say; calendar-check's seven parsers must agree on every date and its strict profile
must be clean. Here a few zones are asked; `make calendar-check` asks all of them in all years, and
fails where a parser is missing. docs/calendars.md says how.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid
from collections.abc import Iterable
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
from tests.builders import account_of
from tests.builders import acting_for
from tests.calendars import seen_by_icalendar
from tests.calendars import seen_by_vobject
from tests.parsers import FOLDER
from tests.parsers import IN_FULL
from tests.parsers import find_faults
from tests.parsers import is_behind
from tests.parsers import need_all_seven
from timebank.core import clock
from timebank.domain.calendar import addresses
from timebank.domain.exchange import agreeing
from timebank.domain.rota import changing
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Outlook
from timebank.models import Role
from timebank.models import Series
from timebank.models.calendar import NARROWED
from timebank.web.calendar.telling import SHOWS_AT

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
SPAN = (dt.timedelta(days=150), dt.timedelta(days=390))
DAY, HOURS = dt.timedelta(days=1), dt.timedelta(hours=1)
# By endpoint: a feed that is not here yet fails the test that no kind is forgotten.
FEEDS = {
    "calendar.everything": "/calendar/all.ics",
    "calendar.series_feed": "/e/tea/calendar.ics",
    "calendar.date_feed": "/e/{slug}/{day}.ics",
    "calendar.turns_feed": "/me/{secret}.ics",
    "calendar.group_feed": "/g/strollers/calendar.ics",
    "calendar.private_feed": "/f/{kind}/{secret}.ics",
}
MOVED, CANCELLED, LEFT_OUT, UNCERTAIN = 1, 2, 3, 4  # kinds of dates, by number
# What stands in each kind of calendar, beside plain dates. No event of ours is without a time of
# day, or longer than a day: these are from midnight to midnight, and from one day into the next.
ALL_SHAPES = {"cancelled", "a whole day", "over midnight"}
SHAPES = {
    "series": ALL_SHAPES,
    "turns": ALL_SHAPES,
    "exchanges": {"cancelled", "over midnight"},
    "gaps": {"a whole day", "over midnight"},
    "stroll-0": set(),
    "stroll-1": set(),
    "stroll-2": {"cancelled"},
    "stroll-3": {"cancelled"},
    "stroll-4": set(),
    "tea-0": {"a whole day"},
    "tea-1": {"over midnight"},
}
Answers = dict[str, bytes]


@pytest.fixture
def answers(app: Flask, session: Session, zone: str, today: dt.date) -> Answers:
    """Every kind of feed of a busy place, in that zone and around that day."""
    asked = a_busy_place(session, zone, today)
    now = dt.datetime.combine(today, dt.time(12), dt.UTC)
    with time_machine.travel(now, tick=False):
        answers = {name: app.test_client().get(address) for name, address in asked.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.data for name, answer in answers.items()}


everywhere = pytest.mark.parametrize(("zone", "today"), ALL if IN_FULL else FEW)


@everywhere
def test_two_parsers_read_each_kind_alike_and_as_the_tables_say(
    session: Session, answers: Answers, zone: str, today: dt.date
) -> None:
    for name, body in answers.items():
        items = seen_by_icalendar(body)
        assert items == seen_by_vobject(body), name
        assert items, name
        found = {shape for item in items for shape in shapes_of(item, ZoneInfo(zone))}
        assert found == SHAPES.get(name, ALL_SHAPES), name
    told = {
        (item["UID"].partition("@")[0], item["DTSTART"], item["DTEND"])
        for item in seen_by_icalendar(answers["everything"])
    }
    assert told == {
        (str(event.uid), event.starts_at, event.ends_at)
        for event in session.scalars(sa.select(Event).execution_options(populate_existing=True))
    }


@need_all_seven()
@everywhere
@pytest.mark.timeout(600)
def test_seven_parsers_agree_and_the_strict_profile_is_clean(
    answers: Answers, tmp_path: Path, zone: str, today: dt.date
) -> None:
    files = []
    for name, body in answers.items():
        files.append(tmp_path / f"{name}.ics")
        files[-1].write_bytes(body)
    since, until = today - SPAN[0], today + SPAN[1] + 5 * DAY
    assert find_faults(files, since, until, without=is_behind(zone)) == {}


def test_no_kind_of_feed_is_forgotten(app: Flask) -> None:
    kinds = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.endswith(".ics")}
    assert kinds == set(FEEDS)


@need_all_seven()
@pytest.mark.timeout(300)
def test_calendar_check_finds_faults(tmp_path: Path) -> None:
    """What cannot fail proves nothing: of calendars with one fault each every one is found."""
    subprocess.run([sys.executable, FOLDER / "make_fixtures.py", tmp_path], check=True)
    some = "bad_*.ics" if IN_FULL else "bad_wrong_vtimezone.ics"
    bad, good = sorted(tmp_path.glob(some)), sorted(tmp_path.glob("good.ics"))
    assert bad
    assert good
    found = find_faults([*bad, *good], dt.date(2026, 1, 1), dt.date(2027, 1, 1), options=())
    assert set(found) == {file.stem for file in bad}


def shapes_of(item: dict[str, object], zone: ZoneInfo) -> Iterable[str]:
    """Tell what is special about an item."""
    starts_at, ends_at = item["DTSTART"].astimezone(zone), item["DTEND"].astimezone(zone)
    if item["STATUS"] == "CANCELLED":
        yield "cancelled"
    if starts_at.time() == ends_at.time() == dt.time(0):
        yield "a whole day"
    elif starts_at.date() < ends_at.date() and ends_at.time() != dt.time(0):
        yield "over midnight"


def a_busy_place(session: Session, zone: str, today: dt.date) -> dict[str, str]:
    """Two series through the window of `today` -> the address of each kind of feed.

    Mornings, nights over each change of the clocks, whole days, dates into the next day; some are
    moved, called off, left out, uncertain; Bela has a turn on many of them, and Nadia, who runs it
    all and may act for her, agreed on help with Sam now and then.
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
    kettle, watch = (
        a_role(session, tea, name=name, duration_minutes=minutes, places=3, position=position)
        for position, (name, minutes) in enumerate(
            (("Kettle, cups; and “crumbs”", 180), ("A watch, day and night", 24 * 60)), start=1
        )
    )
    session.flush()
    first = today - SPAN[0]
    changes = changes_of(zone, first, today + SPAN[1])
    every = (first + number * 12 * DAY for number in range(sum(SPAN, 0 * DAY).days // 12))
    days = [day for day in every if all(abs(day - change) > 2 * DAY for change in changes)]
    for number, day in enumerate(days):
        a_date(session, walk.series, day, zone, dt.time(9), hours=1.5, number=number)
        event = a_date(session, tea, day, zone, dt.time(0), hours=24, number=number + 7)
        has_turn(session, event, kettle if number % 3 else watch, walk.bela)
    for number, day in enumerate(changes):
        night = dt.time(22) if number % 2 else dt.time(0, 30)
        event = a_date(session, tea, day, zone, night, hours=5, number=number, starts_on=day)
        has_turn(session, event, kettle, walk.bela)
    call_off_some(session, walk)
    helped_by_sam(session, walk, [*days[::6], *changes], zone)
    dates = {f"stroll-{number}": days[number] for number in range(5)}
    dates |= {f"tea-{number}": days[number] for number in range(2)}
    return public_addresses(dates) | private_addresses(session, walk, today)


def public_addresses(dates: dict[str, dt.date]) -> dict[str, str]:
    """Write the addresses that everybody may read, and those of single dates by their names."""
    return {
        "everything": FEEDS["calendar.everything"],
        "group": FEEDS["calendar.group_feed"],
        "series": FEEDS["calendar.series_feed"],
        **{
            name: FEEDS["calendar.date_feed"].format(slug=name.partition("-")[0], day=day)
            for name, day in dates.items()
        },
    }


def private_addresses(session: Session, walk: Walk, today: dt.date) -> dict[str, str]:
    """Give Bela a calendar of her turns, and Nadia one of every other kind."""
    acting_for(
        session,
        helper=walk.nadia,
        member=walk.bela,
        by=walk.ama,
        starts_on=today - 90 * DAY,
        ends_on=today + 90 * DAY,
    )
    bela = {"membership_id": walk.bela.id, "community_id": walk.community.id}
    nadia = {"membership_id": walk.nadia.id, "community_id": walk.community.id}
    secret = addresses.make_address(session, now=clock.now(), **bela)
    found = {"turns": FEEDS["calendar.turns_feed"].format(secret=secret)}
    for kind, shows in SHOWS_AT.items():
        if shows in NARROWED:
            narrowing = addresses.Narrowing(group_id=walk.group.id)
            _number, secret = addresses.make_narrowed(
                session, shows=shows, narrowing=narrowing, now=clock.now(), **nadia
            )
        else:
            secret = addresses.make_address(session, shows=shows, now=clock.now(), **nadia)
        found[kind] = FEEDS["calendar.private_feed"].format(kind=kind, secret=secret)
    session.commit()
    return found


def helped_by_sam(session: Session, walk: Walk, days: Iterable[dt.date], zone: str) -> None:
    """Agree on help late on each of some evenings; every other time it is called off again."""
    for number, day in enumerate(days):
        planned_at = clock.at_local(day, dt.time(22 + number % 2), zone)
        then = planned_at - DAY
        exchange = agreeing.agree(
            session,
            agreement=agreeing.Agreement(
                helper_id=walk.sam.id,
                helped_id=walk.nadia.id,
                payer_id=account_of(session, walk.nadia).id,
                what="A lift; to the “doctor”, and back 🚗",
                minutes=180,
                planned_at=planned_at,
            ),
            by=walk.nadia,
            key=uuid.uuid4(),
            now=then,
        )
        if number % 2:
            agreeing.cancel(
                session, exchange=exchange, by=walk.sam, today=then.date(), now=then + HOURS
            )


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
    """One date; by its number it is plain, moved, left out, uncertain, or yet to be called off."""
    occurs_on = day
    while session.scalar(
        sa.select(Event.id).where(Event.series_id == series.id, Event.occurs_on == occurs_on)
    ):
        occurs_on += DAY
    starts_at = clock.at_local(starts_on or day, starts, zone)
    event = Event(
        community_id=series.community_id,
        series_id=series.id,
        venue_id=series.venue_id,
        occurs_on=occurs_on,
        starts_at=starts_at,
        ends_at=starts_at + hours * HOURS,
    )
    kind = number % 7
    if kind == MOVED:
        event.starts_at += DAY + HOURS / 4
        event.ends_at += DAY + HOURS / 12
    elif kind == LEFT_OUT:
        event.state = EventState.SKIPPED
    elif kind == UNCERTAIN:
        event.outlook = Outlook.AT_RISK
    event.sequence = number
    session.add(event)
    session.flush()
    return event


def has_turn(session: Session, event: Event, role: Role, member: Membership) -> None:
    """Give somebody a turn, where there is one to have."""
    if event.state is EventState.PLANNED:
        a_claim(session, a_slot(session, event, role), member)


def call_off_some(session: Session, walk: Walk) -> None:
    """Call every seventh date off as the rule does: turns go with their date."""
    for event in session.scalars(sa.select(Event).where(Event.sequence % 7 == CANCELLED)).all():
        changing.cancel_event(
            session,
            event=event,
            reason="the path, as; ever, is flooded",
            by=walk.nadia,
            now=event.starts_at - DAY,
        )


def changes_of(zone: str, first: dt.date, last: dt.date) -> list[dt.date]:
    """The days on which the clocks of a zone change."""

    def offset(day: dt.date) -> dt.timedelta | None:
        return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).utcoffset()

    days = (first + number * DAY for number in range((last - first).days))
    return [day for day in days if offset(day) != offset(day + DAY)]
