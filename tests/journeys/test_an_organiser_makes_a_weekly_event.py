"""Story 2: a weekly event with its rota on one page, and a change of a single date."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from timebank.models import Event
from timebank.models import Notice
from timebank.models import Role
from timebank.models import Series
from timebank.models import Slot

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


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


AN_EVENT = {
    "title": "Lake Stroll",
    "where": "Danson Park, by the boathouse",
    "first": "2027-05-01",
}


def test_an_organiser_publishes_a_weekly_walk_from_a_ready_made_rota(walk, session, nadia):
    nadia.open("/me")
    nadia.follow("New event")
    nadia.follow("Walk or run")
    nadia.press("Check the dates", **AN_EVENT)
    assert "Saturdays at 9am: 1, 8, 15, 22, 29 May and so on." in nadia.words
    nadia.press("Publish")
    assert nadia.statuses == [303, 200]
    assert nadia.path == "/e/lake-stroll/rota"
    assert "Lake Stroll is out. Here’s its rota." in nadia.words
    assert "Sat 1 May" in nadia.words
    assert "0 of 31" in nadia.words
    series = session.scalars(sa.select(Series).filter_by(slug="lake-stroll")).one()
    assert session.scalar(sa.select(sa.func.count(Event.id)).filter_by(series_id=series.id)) == 9
    assert session.scalar(sa.select(sa.func.count(Role.id)).filter_by(series_id=series.id)) == 18


def test_neighbours_then_take_places_straight_from_the_grid(walk, session, nadia, app):
    from tests.browsing import Browser  # noqa: PLC0415 - a second person

    nadia.open("/e/new?rota=litter-pick")
    nadia.press("Publish", **AN_EVENT)
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/e/lake-stroll/rota")
    bela.press("I’ll do it: Leader, Saturday 1 May")
    assert bela.path == "/e/lake-stroll/rota"
    assert "You" in bela.words
    assert "1 of 27" in bela.words
    nadia.open("/e/lake-stroll/rota")
    assert "Bela N" in nadia.words


def test_a_draft_is_seen_by_those_who_run_it_only_and_published_later(walk, session, nadia, app):
    from tests.browsing import Browser  # noqa: PLC0415 - a second person

    nadia.open("/e/new?rota=walk")
    nadia.press("Save as a draft", **AN_EVENT)
    assert "Lake Stroll is a draft." in nadia.words
    dov = Browser(app)
    dov.open("/e/lake-stroll/rota")
    assert dov.statuses == [404]
    nadia.follow("Go on with it")
    nadia.press("Publish")
    assert "Sat 1 May" in nadia.words
    dov.open("/e/lake-stroll/rota")
    assert dov.statuses == [200]


def test_an_organiser_moves_one_date_and_everybody_with_a_turn_is_told(walk, session, nadia):
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    nadia.open("/e/danson-saturday-stroll/rota")
    nadia.follow("Change : Saturday 1 May")
    nadia.press("Change this date", starts="10:00", ends="11:30", reason="The café opens later")
    assert nadia.statuses == [303, 200]
    assert "Changed. We’ll tell 1 person." in nadia.words
    assert "Changed: 10am" in nadia.words
    session.expire_all()
    notice = session.scalars(sa.select(Notice).filter_by(kind="event_moved")).one()
    assert notice.person_id == walk.bela.person_id
    starts = session.scalars(sa.select(Slot.starts_at).order_by(Slot.starts_at)).all()
    assert starts[0] == dt.datetime(2027, 5, 1, 8, 45, tzinfo=dt.UTC)


def test_an_organiser_cancels_one_date_with_a_reason(walk, session, nadia):
    nadia.open("/e/danson-saturday-stroll/2027-05-01/change")
    nadia.press("Cancel this date")
    assert nadia.statuses == [422]
    assert "Say why, in a few words" in nadia.words
    nadia.press("Cancel this date", kind="weather", cancel_reason="Flooded path")
    assert "Sat 1 May is off. Nobody had a turn that needs telling." in nadia.words
    assert "Cancelled" in nadia.words
    nadia.open("/e/danson-saturday-stroll/2027-05-01")
    assert "Flooded path" in nadia.words


def test_an_organiser_edits_the_series_and_the_jobs_move_with_its_start(walk, session, nadia):
    nadia.open("/e/new?rota=walk")
    nadia.press("Publish", **AN_EVENT)
    nadia.follow("Edit")
    nadia.press("Save", starts="10:00", ends="11:30", title="Lake Amble")
    assert "Nobody’s turn moves." in nadia.words
    nadia.press("Save", reach="all")
    assert "Saved." in nadia.words
    assert "Lake Amble" in nadia.words
    director = session.scalars(
        sa.select(Slot.starts_at)
        .join(Role, Role.id == Slot.role_id)
        .where(Role.name == "Run director")
        .order_by(Slot.starts_at)
    ).first()
    assert director == dt.datetime(2027, 5, 1, 7, 30, tzinfo=dt.UTC)
