"""The feeds of a busy half-year, as independent calendars read them.

Always: icalendar with recurring-ical-events must see exactly what the tables say. Where
calendar-check's engines are installed seven parsers must accept every feed and five must agree on
every occurrence; docs/calendars.md says how.
"""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
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
from tests.builders import an_event
from tests.calendars import cancel
from tests.calendars import events_of
from tests.calendars import move
from tests.calendars import occurrences_of
from tests.parsers import STRICT
from tests.parsers import find_faults
from tests.parsers import need_all_seven
from timebank.domain.calendar import addresses
from timebank.domain.exchange import agreeing
from timebank.models import CancelledAs
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Series
from timebank.models import Shows

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2027, 6, 1)
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def walk(session: Session) -> Walk:
    """Two series over both clock changes: plain, moved, cancelled, at night, with odd words."""
    walk = a_walk(session, day=dt.date(2026, 10, 3))
    weeks = [weekly(session, walk.series, dt.date(2026, 10, 10), weeks=32)]
    tea = a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        title="Tea; cake, and 🎉 für “alle” – " + "é" * 40,
        slug="tea",
        starts=dt.time(0, 30),
        ends=dt.time(4),
    )
    tea.description = "Come, sit; stay.\nBring a cup.\n\n" + "🍰 crumbs, " * 40
    weeks.append(weekly(session, tea, dt.date(2026, 10, 4), weeks=30))
    role = a_role(session, tea, name="Kettle, cups; and “crumbs”", places=2, duration_minutes=120)
    session.flush()
    for event in weeks[1]:
        a_claim(session, a_slot(session, event, role), walk.bela)
    session.commit()
    for event, days in zip((weeks[0][2], weeks[0][25], weeks[1][3]), (1, -1, 21), strict=True):
        move(session, event, dt.timedelta(days=days), now=NOW)
    for event in (weeks[0][5], weeks[1][8], weeks[1][24]):
        cancel(session, event, "the path, as; ever, is flooded", now=NOW)
    return walk


def weekly(session: Session, series: Series, first: dt.date, *, weeks: int) -> list[Event]:
    return [an_event(session, series, first + dt.timedelta(weeks=week)) for week in range(weeks)]


@pytest.fixture
def feeds(app: Flask, session: Session, walk: Walk) -> dict[str, bytes]:
    here = {"membership_id": walk.bela.id, "community_id": walk.community.id, "now": NOW}
    runs = {**here, "membership_id": walk.ama.id}
    nothing = addresses.Narrowing()
    _lift(session, walk)
    acting_for(
        session,
        helper=walk.sam,
        member=walk.bela,
        by=walk.ama,
        starts_on=dt.date(2026, 10, 1),
        ends_on=dt.date(2027, 4, 1),
    )
    house = {**here, "membership_id": walk.sam.id}
    turns = addresses.make_address(session, **here)
    tokens = {
        "household": addresses.make_address(session, shows=Shows.HOUSEHOLD, **house),
        "organising": addresses.make_address(session, shows=Shows.ORGANISING, **runs),
        "exchanges": addresses.make_address(session, shows=Shows.EXCHANGES, **here),
        **{
            shows.value.replace("_", "-"): addresses.make_narrowed(
                session, shows=shows, narrowing=nothing, **here
            )[1]
            for shows in (Shows.WHATS_ON, Shows.GAPS)
        },
    }
    feed = addresses.address_of(session, membership_id=walk.sam.id, shows=Shows.HOUSEHOLD)
    addresses.choose(session, address=feed, cancelled=CancelledAs.MARK, alarm_minutes=60)
    session.commit()
    asked = {
        "all": "/calendar/all.ics",
        "group": "/g/strollers/calendar.ics",
        "stroll": "/e/danson-saturday-stroll/calendar.ics",
        "tea": "/e/tea/calendar.ics",
        "date": "/e/tea/2027-03-28.ics",
        "turns": f"/me/{turns}.ics",
        **{kind: f"/f/{kind}/{token}.ics" for kind, token in tokens.items()},
    }
    with time_machine.travel(NOW, tick=False):
        return {name: app.test_client().get(address).data for name, address in asked.items()}


def _lift(session: Session, walk: Walk) -> None:
    """Two agree on help, on the morning after the clocks went back."""
    agreeing.agree(
        session,
        agreement=agreeing.Agreement(
            helper_id=walk.sam.id,
            helped_id=walk.bela.id,
            payer_id=account_of(session, walk.bela).id,
            what="A lift; to the “doctor”, and back 🚗",
            minutes=60,
            planned_at=dt.datetime(2027, 3, 28, 8, tzinfo=dt.UTC),
        ),
        by=walk.bela,
        key=uuid.uuid4(),
        now=NOW,
    )


def test_every_feed_holds_something_and_names_each_thing_once(feeds: dict[str, bytes]) -> None:
    for name, body in feeds.items():
        uids = [event["UID"] for event in events_of(body)]
        assert uids, name
        assert len(uids) == len(set(uids)), name


def test_a_parser_sees_exactly_what_the_tables_say(
    session: Session, feeds: dict[str, bytes]
) -> None:
    rows = session.query(Event, Series.title).join(Series, Series.id == Event.series_id).all()
    expected = sorted(
        (
            event.starts_at.astimezone(LONDON).isoformat(),
            event.ends_at.astimezone(LONDON).isoformat(),
            f"{'Cancelled: ' if event.state is EventState.CANCELLED else ''}{title}",
            event.sequence,
        )
        for event, title in rows
    )
    seen = sorted(
        (
            event.start.astimezone(LONDON).isoformat(),
            event.end.astimezone(LONDON).isoformat(),
            str(event["SUMMARY"]),
            event["SEQUENCE"],
        )
        for event in occurrences_of(feeds["all"], FIRST, LAST)
    )
    assert seen == expected
    assert len(seen) == 63


@need_all_seven()
@pytest.mark.timeout(300)
def test_seven_parsers_accept_every_feed_and_five_agree_on_every_date(
    feeds: dict[str, bytes], tmp_path: Path
) -> None:
    # The household's calendar rings and only marks what is cancelled, as its holder chose.
    by_choice = {"household": ("--ignore", "P-alarm,P-status")}
    for names, ignored in (
        (feeds.keys() - by_choice.keys(), ()),
        *(({name}, ignored) for name, ignored in by_choice.items()),
    ):
        files = [tmp_path / f"{name}.ics" for name in sorted(names)]
        for file in files:
            file.write_bytes(feeds[file.stem])
        assert find_faults(files, FIRST, LAST, options=(*STRICT, *ignored)) == {}
