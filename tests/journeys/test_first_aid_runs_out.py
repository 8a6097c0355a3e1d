"""First aid runs out: asked for by a job, written down, good to the last day, and renewed."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Qualification

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    """The walk of 1 May with a second one on 8 May."""
    walk = builders.a_walk(session)
    later = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    builders.a_slot(session, later, walk.tail_walker.role)
    session.commit()
    return walk


@pytest.fixture
def nadia(walk, app):
    """Nadia, whose tail walker needs the first aid that Ama has just made."""
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/people/qualifications")
    ama.press("Add it", name="First aid", kind="training", lasts_months="36")
    assert "Jobs can ask for First aid now." in ama.words
    ama.press("Add it", name="first aid")
    assert "There is one of that name already." in ama.words
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open("/people/qualifications")
    assert not nadia.has_button("Add it")
    nadia.open(f"/e/danson-saturday-stroll/jobs/{walk.tail_walker.role_id}/edit")
    chips = [value for form in nadia.forms() for value in form.fields.get("asks_for", [])]
    assert chips == []
    kind = nadia.page.partition('name="asks_for" type="checkbox" value="')[2].partition('"')[0]
    nadia.press("Save", asks_for=kind)
    assert "Asks for: First aid." in nadia.words
    return nadia


@pytest.fixture
def first_aid(nadia, session):
    return session.scalars(sa.select(Qualification.id)).one()


def person(walk):
    return f"/people/{walk.bela.id}/qualifications"


def test_a_job_that_asks_for_first_aid_is_refused_until_it_is_written_down(
    nadia, walk, app, first_aid
):
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/e/danson-saturday-stroll/2027-05-01")
    bela.press("I’ll do it: Tail walker")
    assert bela.statuses == [422]
    assert "Tail walker asks for First aid on that day." in bela.words
    bela.open(f"/e/danson-saturday-stroll/jobs/{walk.tail_walker.role_id}")
    assert "Asks for First aid on that day. Have a word with an organiser." in bela.words
    assert not bela.has_button("I’ll do it")
    nadia.open("/people/qualifications?named=Bel")
    nadia.follow("BN Bela N")
    nadia.press("Write it down", qualification=first_aid, valid_from="2027-04-19")
    assert "Written down: First aid." in nadia.words
    assert "Good until Thursday 18 April 2030." in nadia.words
    bela.open(f"/e/danson-saturday-stroll/jobs/{walk.tail_walker.role_id}")
    bela.press("I’ll do it")
    assert "You’re in." in bela.words


def test_it_is_good_on_its_last_day_and_not_on_the_next(nadia, walk, app, first_aid):
    nadia.open(person(walk))
    nadia.press("Write it down", qualification=first_aid, expires_on="2027-05-08")
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/e/danson-saturday-stroll/2027-05-08")
    bela.press("I’ll do it: Tail walker")
    assert "Tail walker asks for First aid on that day." in bela.words
    bela.open("/e/danson-saturday-stroll/2027-05-01")
    bela.press("I’ll do it: Tail walker")
    assert "You’re in." in bela.words
    nadia.open(person(walk))
    nadia.press("Write it down", qualification=first_aid, expires_on="2027-05-09")
    bela.open("/e/danson-saturday-stroll/2027-05-08")
    bela.press("I’ll do it: Tail walker")
    assert "You’re in." in bela.words


def test_what_runs_out_is_listed_in_time_and_renewed_or_taken_back(nadia, walk, first_aid):
    nadia.open(person(walk))
    nadia.press("Write it down", qualification=first_aid, expires_on="2027-06-01")
    nadia.open("/people/qualifications")
    assert "Bela N : First aid, good until Monday 31 May" in nadia.words
    with time_machine.travel(dt.datetime(2027, 6, 1, 12, tzinfo=dt.UTC)):
        nadia.open("/people/qualifications")
        assert "ran out after Monday 31 May" in nadia.words
        nadia.open(person(walk))
        assert "Run out" in nadia.words
        nadia.press("Write it down", qualification=first_aid, valid_from="2027-06-01")
        assert "Run out" not in nadia.words
        nadia.press("Take it back")
        assert "Nothing written down yet." in nadia.words


def test_days_that_cannot_be_are_refused_beside_the_field(nadia, walk, first_aid):
    nadia.open(person(walk))
    for typed, sentence in (
        ({"valid_from": "2027-04-21"}, "Choose a day from the last ten years, today at the"),
        ({"expires_on": "2027-04-20"}, "That has run out by today. Choose a later day."),
        ({"expires_on": "soon"}, "Choose a day, or leave it empty"),
        ({"valid_from": ""}, "Choose a day"),
        ({"qualification": "999999"}, "We can’t find that page"),
        ({"qualification": "x"}, "Choose what they have"),
        ({"qualification": ""}, "Choose what they have"),
    ):
        nadia.open(person(walk))
        nadia.press("Write it down", **{"qualification": first_aid, **typed})
        assert nadia.statuses[0] in {404, 422}
        assert sentence in nadia.words, typed


def test_nobody_else_sees_what_a_neighbour_has(nadia, walk, app, session):
    elsewhere = builders.an_elsewhere(session)
    for stranger in (walk.bela, elsewhere.chi):
        browser = Browser(app).sign_in(stranger)
        for page in ("/people/qualifications", person(walk)):
            browser.open(page)
            assert browser.statuses == [404]
    dov = Browser(app)
    dov.open(person(walk))
    assert dov.path == "/sign-in"
    nadia.open(f"/people/{elsewhere.chi.id}/qualifications")
    assert nadia.statuses == [404]
    nadia.open(person(walk))
    assert "Novak" not in nadia.page
    assert "bela@example.com" not in nadia.page


def test_an_age_is_written_down_without_a_date_of_birth(nadia, walk):
    nadia.open(person(walk))
    assert "Not known." in nadia.words
    for typed in ("", "0", "101", "old"):
        nadia.open(person(walk))
        form = next(one for one in nadia.forms() if "age_at_least" in one.fields)
        fields = {name: values[0] for name, values in form.fields.items()}
        nadia.post(form.action, **{**fields, "age_at_least": typed})
        assert nadia.statuses == [422]
        assert "rite an age from 1 to 100" in nadia.words
    nadia.post(form.action, **{**fields, "age_at_least": "17"})
    assert "At least 17 years old." in nadia.words
    with time_machine.travel(dt.datetime(2028, 4, 20, 12, tzinfo=dt.UTC)):
        nadia.sign_in(walk.nadia)
        nadia.open(person(walk))
        assert "At least 18 years old." in nadia.words
