"""Story: Nadia says when the people of her walk are reminded, and Bela goes by her own times."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain.rota import reminders
from timebank.models import Event
from timebank.models import Notice
from timebank.models import Series

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
A_WEEK = dt.datetime(2027, 4, 24, 9, tzinfo=dt.UTC)
EVE = dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC)
EDIT = "/e/danson-saturday-stroll/edit"
CHANGE = "/e/danson-saturday-stroll/2027-05-01/change"
USUALLY = "People are reminded two days before and on the evening before, unless they chose other"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    """Bela and Sam have turns on 1 May; the walk is on 8 May, too."""
    walk = builders.a_walk(session)
    event = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    builders.a_slot(session, event, walk.marshal.role)
    builders.a_slot(session, event, walk.tail_walker.role)
    for slot, member in ((walk.marshal, walk.sam), (walk.tail_walker, walk.bela)):
        builders.a_claim(session, slot, member).created_at = dt.datetime(2027, 4, 1, tzinfo=dt.UTC)
    session.commit()
    return walk


@pytest.fixture
def nadia(walk, browser):
    return browser.sign_in(walk.nadia)


def kept(session):
    """The leads of the series, and of its dates."""
    session.expire_all()
    of_dates = [event.leads for event in session.query(Event).order_by(Event.occurs_on)]
    return session.query(Series).one().leads, of_dates


def reminded(session, at):
    reminders.plan_due(session, now=at)
    session.expire_all()
    return {(one.kind.value, one.person_id) for one in session.query(Notice)}


def test_all_dates_a_week_before_and_bela_on_the_eve(walk, session, nadia, app):
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me/mail")
    bela.press("Save", reminded="own", leads=["eve"])
    nadia.open(EDIT)
    nadia.press("Save", leads=["week"])
    assert "Change which dates?" in nadia.words
    nadia.press("Save", reach="all")
    assert "Saved." in nadia.words
    assert kept(session) == (["week"], [None, None])
    assert reminded(session, A_WEEK) == {("reminder_week", walk.sam.person_id)}
    assert reminded(session, EVE) == {
        ("reminder_week", walk.sam.person_id),
        ("reminder_eve", walk.bela.person_id),
    }
    nadia.open(CHANGE)
    assert "People are reminded a week before, unless they chose other times." in nadia.words


def test_later_dates_only(walk, session, nadia):
    nadia.open(EDIT)
    nadia.press("Save", leads=["week"])
    nadia.press("Save", day="2027-05-08", reach="later")
    assert kept(session) == (["week"], [["two_days", "eve"], None])


def test_this_date_only_and_back_again(walk, session, nadia):
    nadia.open(CHANGE)
    assert USUALLY in nadia.words
    nadia.press("Save the reminders", leads=["week", "morning"])
    assert "People are reminded a week before and that morning" in nadia.words
    assert "This date has its own reminders." in nadia.words
    assert kept(session) == (None, [["week", "morning"], None])
    nadia.open(EDIT)
    nadia.press("Save", leads=["eve"])
    assert "Sat 1 May keeps its own reminders." in nadia.words
    nadia.open(CHANGE)
    nadia.press("As on the other dates")
    assert USUALLY in nadia.words
    assert kept(session) == (None, [None, None])


def test_nobody_is_reminded_where_none_is_ticked(walk, session, nadia):
    nadia.open(CHANGE)
    nadia.press("Save the reminders", leads=[])
    assert "Nobody is reminded, but who chose to be." in nadia.words
    assert kept(session) == (None, [[], None])
    assert reminded(session, EVE) == set()


def test_a_new_event_says_it_from_the_start_and_a_page_of_before_asks_nothing(
    walk, session, nadia
):
    nadia.open(EDIT)
    [form] = [form for form in nadia.forms() if "title" in form.fields]
    assert form.fields["leads"] == ["two_days", "eve"]
    nadia.press("Save", asked_leads=None, leads=None, title="Amble")
    assert kept(session)[0] is None
    nadia.open("/e/new")
    told = {"title": "Tea", "where": "The café", "first": "2027-05-05", "starts": "14:00",
            "ends": "16:00", "roles-0-name": "Baker", "roles-0-places": "1"}  # fmt: skip
    nadia.press("Publish", leads=["morning"], **told)
    assert session.query(Series.leads).filter_by(slug="tea").scalar() == ["morning"]


def test_what_was_never_offered_is_refused_and_nothing_typed_is_lost(walk, session, nadia):
    nadia.open(CHANGE)
    nadia.press("Save the reminders", leads=["month"])
    assert nadia.statuses == [422]
    assert "Choose from these, or none" in nadia.words
    nadia.open(EDIT)
    nadia.press("Save", leads=["month"], title="Amble")
    assert nadia.statuses == [422]
    assert 'value="Amble"' in nadia.page
    assert kept(session) == (None, [None, None])
