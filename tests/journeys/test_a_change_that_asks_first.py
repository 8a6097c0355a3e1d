"""A story: the walk begins later from a date on, and whoever has a turn is seen before it does."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from timebank.models import Event
from timebank.models import Notice
from timebank.models import Series

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
EDIT = "/e/danson-saturday-stroll/edit"
LATER = {"starts": "09:30", "ends": "11:00"}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    """Bela is a marshal on 8 May; the walk has three dates."""
    walk = builders.a_walk(session)
    for day in (dt.date(2027, 5, 8), dt.date(2027, 5, 15)):
        event = builders.an_event(session, walk.series, day)
        marshal = builders.a_slot(session, event, walk.marshal.role)
        builders.a_slot(session, event, walk.tail_walker.role)
        if day.day == 8:
            builders.a_claim(session, marshal, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def nadia(walk, browser):
    return browser.sign_in(walk.nadia)


def starts(session):
    session.expire_all()
    found = session.scalars(sa.select(Event.starts_at).order_by(Event.occurs_on))
    return [f"{at:%H:%M}" for at in found]


def told(session):
    return session.scalars(sa.select(Notice.person_id).filter_by(kind="event_moved")).all()


def test_a_later_start_shows_bela_before_it_moves_her_turn(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", **LATER)
    assert "Change which dates?" in nadia.words
    assert "1 turn moves" in nadia.words
    assert "Bela N , Marshal, Sat 8 May: 8:45am to 10:15am → becomes 9:15am" in nadia.words
    assert starts(session) == ["08:00", "08:00", "08:00"]
    nadia.press("Save")
    assert "Saved. We’ll tell 1 person whose turn has changed." in nadia.words
    assert starts(session) == ["08:30", "08:30", "08:30"]
    assert told(session) == [walk.bela.person_id]


def test_from_the_15th_on_nobody_is_moved_and_earlier_dates_stay(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", **LATER)
    nadia.press("Save", day="2027-05-15", reach="later")
    assert nadia.statuses == [303, 200]
    assert starts(session) == ["08:00", "08:00", "08:30"]
    assert told(session) == []


def test_another_choice_of_dates_shows_its_own_list_first(walk, session, nadia):
    nadia.open(f"{EDIT}?on=2027-05-15")
    nadia.press("Save", **LATER)
    assert "Nobody’s turn moves." in nadia.words
    nadia.press("Save", day="2027-05-08", reach="only")
    assert nadia.statuses == [200]
    assert "Bela N" in nadia.words
    nadia.press("Save")
    assert starts(session) == ["08:00", "08:30", "08:00"]


def test_a_list_that_changed_meanwhile_is_shown_once_more(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", **LATER)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    nadia.press("Save")
    assert nadia.statuses == [409]
    assert "The list has changed meanwhile. Look at it once more" in nadia.words
    assert "Sam T" in nadia.words
    assert starts(session) == ["08:00", "08:00", "08:00"]
    nadia.press("Save")
    assert starts(session) == ["08:30", "08:30", "08:30"]


def test_a_series_changed_meanwhile_is_not_written_over_after_the_question(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", **LATER)
    walk.series.title = "Amas Amble"
    session.commit()
    nadia.press("Save")
    assert nadia.statuses == [409]
    assert "Somebody changed this event a moment before you." in nadia.words
    assert starts(session) == ["08:00", "08:00", "08:00"]


def test_going_back_keeps_what_was_typed(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", **LATER, description="Round the lake.\nThen tea & “cake”.")
    nadia.press("Go back and change it")
    assert nadia.statuses == [200]
    assert 'value="09:30"' in nadia.page
    assert "Then tea &amp; “cake”." in nadia.page
    nadia.press("Save", starts="09:00", ends="10:30")
    assert "Saved." in nadia.words
    assert session.scalar(sa.select(Series.description)) == "Round the lake.\nThen tea & “cake”."


def test_changed_words_and_house_rules_are_saved_without_a_question(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press(
        "Save",
        title="Amble",
        most_a_week="2",
        drop_out_hours="24",
        decide_hours_before="48",
        if_short="cancel",
    )
    assert "Saved." in nadia.words
    session.expire_all()
    series = session.scalars(sa.select(Series)).one()
    assert (series.most_a_week, series.drop_out_hours, series.decide_hours_before) == (2, 24, 48)
    assert series.if_short.value == "cancel"


@pytest.mark.parametrize(
    "strange", [{"reach": "never"}, {"day": "2027-05-02"}, {"day": "\x00"}, {"agreed": "x" * 500}]
)
def test_strange_answers_are_asked_again_and_change_nothing(walk, session, nadia, strange):
    nadia.open(EDIT)
    nadia.press("Save", **LATER)
    nadia.press("Save", **strange)
    assert nadia.statuses[0] in {200, 422}
    assert starts(session) == ["08:00", "08:00", "08:00"]


def test_a_job_that_somebody_has_stays_until_dates_without_them_are_chosen(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", **{"roles-0-name": ""})
    assert nadia.statuses == [422]
    assert "Bela N has “Marshal” on 8 May. Keep the job, or have a word first." in nadia.words
    nadia.press("Save", day="2027-05-15", reach="later")
    assert nadia.statuses == [303, 200]
