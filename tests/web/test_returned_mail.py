"""Mail that comes back is said kindly to whom it is for, and to the coordinator who rings them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain import suppression

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
SENTENCE = "Our e-mail to you has been coming back since Wednesday 28 April."


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    walk.bela.person.profile.phone = "020 7946 0001"
    suppression.note_refusal(
        session, person_id=walk.bela.person_id, address="bela@example.com",
        status="550 5.1.1", now=NOW,
    )  # fmt: skip
    session.commit()
    return walk


def trouble(session, walk):
    session.rollback()
    return suppression.trouble_of(session, person_id=walk.bela.person_id)


def test_its_person_reads_it_and_says_that_the_address_is_right(app, session, walk):
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    assert SENTENCE in bela.words
    assert "Is bela@example.com still right? If not, ring us on" in bela.words
    bela.press("It’s right: try again")
    assert "Thank you. Our next message goes to that address again." in bela.words
    assert SENTENCE not in bela.words
    assert trouble(session, walk) is None


def test_nobody_else_reads_it(app, walk):
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/me")
    assert "coming back" not in sam.words


def test_coordinator_rings_them_and_says_so(app, session, walk):
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/people/without-email")
    assert "Bela Novak 020 7946 0001 Wednesday 28 April 550 5.1.1" in ama.words
    assert "bela@example.com" not in ama.words
    ama.press("Try again: Bela Novak")
    assert "We’ll write to Bela again." in ama.words
    assert "Nobody’s. Our mail arrives everywhere." in ama.words
    assert trouble(session, walk) is None


def test_organiser_may_not_say_so(app, session, walk):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open("/me")
    token = next(form.fields["csrf_token"][0] for form in nadia.forms() if form.fields)
    nadia.post(f"/people/{walk.bela.id}/mail-again", csrf_token=token)
    assert nadia.statuses == [404]
    assert trouble(session, walk) is not None


def test_somebody_of_another_community_is_not_found(app, session, walk):
    elsewhere = builders.an_elsewhere(session)
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/people/without-email")
    token = next(form.fields["csrf_token"][0] for form in ama.forms() if form.fields)
    ama.post(f"/people/{elsewhere.chi.id}/mail-again", csrf_token=token)
    assert ama.statuses == [404]
