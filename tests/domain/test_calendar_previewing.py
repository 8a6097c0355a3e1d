"""What subscribers will see of a change, before it is made."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_walk
from tests.builders import an_event
from tests.statements import count_statements
from timebank.core.errors import NotFound
from timebank.domain.calendar import previewing
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.previewing import Changed
from timebank.domain.calendar.previewing import Look
from timebank.domain.rota import changing
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import Series

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
LATER_START = dt.datetime(2027, 5, 1, 9, tzinfo=dt.UTC)


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session)
    a_claim(session, walk.marshal, walk.bela)
    an_event(session, walk.series, dt.date(2027, 5, 8))
    session.commit()
    return walk


def seen(session: Session, walk: Walk, change) -> list[Changed]:
    return previewing.changed_looks(
        session, change, series_id=walk.series.id, words=Words(), now=NOW
    )


def look(walk: Walk, **changed: object) -> Look:
    facts = {
        "title": "Danson Saturday Stroll",
        "starts_at": walk.event.starts_at,
        "ends_at": walk.event.ends_at,
        "place": "Danson Park, by the boathouse, The boathouse, Danson Park, DA6 8HL",
        "is_cancelled": False,
        "is_uncertain": False,
    }
    return Look(**facts | changed)


def test_a_moved_date_is_told_before_and_after_and_nothing_is_done(
    session: Session, walk: Walk
) -> None:
    ends_at = LATER_START + dt.timedelta(minutes=90)

    def move() -> None:
        changing.move_event(
            session,
            event=walk.event,
            starts_at=LATER_START,
            ends_at=ends_at,
            reason="the café opens later",
            by=walk.nadia,
            now=NOW,
        )

    before = look(walk)
    sequence = walk.event.sequence
    assert seen(session, walk, move) == [
        Changed(before=before, after=look(walk, starts_at=LATER_START, ends_at=ends_at))
    ]
    session.commit()
    event = session.scalars(sa.select(Event).order_by(Event.id)).first()
    assert (event.starts_at, event.sequence) == (before.starts_at, sequence)
    assert session.scalars(sa.select(Notice)).all() == []


def test_a_cancelled_date_is_told_by_its_title(session: Session, walk: Walk) -> None:
    def cancel() -> None:
        changing.cancel_event(session, event=walk.event, reason="flooded", by=walk.nadia, now=NOW)

    after = look(walk, title="Cancelled: Danson Saturday Stroll", is_cancelled=True)
    assert seen(session, walk, cancel) == [Changed(before=look(walk), after=after)]
    session.expire_all()
    assert walk.event.state is EventState.PLANNED


def test_another_title_is_told_of_every_date_to_come(session: Session, walk: Walk) -> None:
    an_event(session, walk.series, dt.date(2027, 4, 10))
    session.commit()

    def rename() -> None:
        session.execute(sa.update(Series).values(title="Sunday Stroll"))

    found = seen(session, walk, rename)
    assert [one.after.title for one in found] == ["Sunday Stroll"] * 2
    assert [one.before.starts_at.date().isoformat() for one in found] == [
        "2027-05-01",
        "2027-05-08",
    ]


def test_what_calendars_do_not_show_at_a_glance_is_no_change(session: Session, walk: Walk) -> None:
    assert seen(session, walk, lambda: None) == []


def test_a_refusal_goes_through_and_leaves_nothing(session: Session, walk: Walk) -> None:
    def refuse() -> None:
        session.execute(sa.update(Series).values(title="Sunday Stroll"))
        raise NotFound

    with pytest.raises(NotFound):
        seen(session, walk, refuse)
    session.commit()
    assert session.scalar(sa.select(Series.title)) == "Danson Saturday Stroll"


def test_statements_of_a_preview_do_not_grow_with_dates(session: Session, walk: Walk) -> None:
    totals = []
    for weeks in (range(2, 4), range(4, 20)):
        for week in weeks:
            an_event(session, walk.series, dt.date(2027, 5, 1) + dt.timedelta(weeks=week))
        session.commit()
        with count_statements() as count:
            seen(session, walk, lambda: None)
        totals.append(count.total)
    assert totals[0] == totals[1]
