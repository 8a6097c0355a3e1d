"""A story: one Saturday has a job more, another is left out, a third is off because of a flood."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import ReasonKind
from timebank.models import Role
from timebank.models import Slot

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
DATE = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def nadia(walk, browser):
    return browser.sign_in(walk.nadia)


def jobs(session):
    session.expire_all()
    rows = session.execute(
        sa.select(Role.name, Slot.starts_at, Slot.places)
        .join(Role, Role.id == Slot.role_id)
        .where(Slot.closed_at.is_(None))
        .order_by(Role.position)
    )
    return [(name, f"{at:%H:%M}", places) for name, at, places in rows]


def test_one_date_gets_a_job_more_and_twice_the_marshals(walk, session, nadia):
    nadia.open(f"{DATE}/change")
    nadia.follow("Change its jobs")
    nadia.press("Add a job", **{"roles-0-places": "4"})
    tea = {"roles-2-name": "Tea", "roles-2-places": "2", "roles-2-about": "Pour it."}
    nadia.press("Save", **tea)
    assert nadia.statuses == [303, 200]
    assert jobs(session) == [
        ("Marshal", "07:45", 4),
        ("Tail walker", "08:00", 1),
        ("Tea", "08:00", 2),
    ]
    assert "I’ll do it" in nadia.words
    nadia.open(f"{DATE}/jobs")
    assert "This date has its own jobs." in nadia.words
    nadia.press("Go back to the usual jobs")
    assert jobs(session) == [("Marshal", "07:45", 2), ("Tail walker", "08:00", 1)]


def test_a_turn_at_another_time_is_shown_before_it_moves(walk, session, nadia):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    nadia.open(f"{DATE}/jobs")
    nadia.press("Save", **{"roles-1-starts": "09:30"})
    assert "1 turn moves" in nadia.words
    assert "Bela N" in nadia.words
    assert jobs(session)[1] == ("Tail walker", "08:00", 1)
    nadia.press("Save and tell them")
    assert "Saved. We’ll tell 1 person whose turn has changed." in nadia.words
    assert jobs(session)[1] == ("Tail walker", "08:30", 1)


def test_slips_stand_beside_their_lines_and_nothing_typed_is_lost(walk, session, nadia):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    slips = {
        "Bela N has “Tail walker” on 1 May. Keep the job": {"roles-1-name": ""},
        "“Marshal” is called so on every date": {"roles-0-name": "Steward"},
        "You can’t need more than 2": {"roles-0-needed": "3"},
        "That’s longer than the job": {"roles-0-turn": "200"},
        "That time ends before it starts": {"roles-0-ends": "07:00"},
        "Add at least one job": {"roles-0-name": "", "roles-1-name": ""},
    }
    for sentence, changes in slips.items():
        nadia.open(f"{DATE}/jobs")
        nadia.press("Save", **{"roles-0-places": "2", **changes})
        assert nadia.statuses == [422], sentence
        assert sentence in nadia.words
    assert jobs(session) == [("Marshal", "07:45", 2), ("Tail walker", "08:00", 1)]


def test_jobs_changed_meanwhile_are_not_written_over(walk, session, nadia, app):
    ama = Browser(app).sign_in(walk.ama)
    nadia.open(f"{DATE}/jobs")
    ama.open(f"{DATE}/jobs")
    ama.press("Save", **{"roles-0-places": "5"})
    nadia.press("Save", **{"roles-0-places": "7"})
    assert nadia.statuses == [422]
    assert "Somebody changed these jobs a moment before you." in nadia.words
    nadia.press("Save")
    assert jobs(session)[0] == ("Marshal", "07:45", 7)


def test_a_date_is_left_out_and_put_back(walk, session, nadia, app):
    nadia.open(f"{DATE}/change")
    nadia.press("Leave this date out")
    assert "Nothing takes place on Saturday 1 May." in nadia.words
    dov = Browser(app)
    dov.open(DATE)
    assert dov.statuses == [404]
    assert "Danson" not in dov.open("/")
    dov.open(f"{DATE}.ics")
    assert "STATUS:CANCELLED" in dov.page
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.follow("Sat 1 May")
    nadia.press("Put it back")
    assert "It’s back on the rota." in nadia.words
    dov.open(DATE)
    assert dov.statuses == [200]


def test_a_date_with_turns_is_not_left_out(walk, session, nadia):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    nadia.open(f"{DATE}/change")
    nadia.press("Leave this date out")
    assert nadia.statuses == [422]
    assert "Bela N has a turn on this date. Cancel it instead: then they are told." in nadia.words
    assert session.scalar(sa.select(Event.state)) is EventState.PLANNED


def test_a_date_is_off_for_a_reason_that_can_be_counted_and_read(walk, session, nadia):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    nadia.open(f"{DATE}/change")
    nadia.press("Cancel this date", cancel_reason="The path is flooded")
    assert nadia.statuses == [422]
    assert "Choose what comes nearest" in nadia.words
    nadia.press("Cancel this date", kind="weather")
    assert "Sat 1 May is off. We’ll tell 1 person." in nadia.words
    event = session.scalars(sa.select(Event)).one()
    assert (event.reason_kind, event.reason) == (ReasonKind.WEATHER, "The path is flooded")
    assert session.scalar(sa.select(Notice.facts).filter_by(kind="event_cancelled")) == {
        "reason": "The path is flooded"
    }


def test_more_people_than_usual_want_more_hands(walk, session, nadia):
    walk.marshal.role.one_per = 25
    walk.series.expected_people = 40
    session.commit()
    nadia.open(f"{DATE}/change")
    assert "Usually 40." in nadia.words
    nadia.press("Save the number", expected="120")
    assert jobs(session)[0] == ("Marshal", "07:45", 5)
    for slip in ("0", "lots", "99999"):
        nadia.press("Save the number", expected=slip)
        assert nadia.statuses == [422]
        assert "Write a number from 1 to 9999, or leave it empty" in nadia.words
