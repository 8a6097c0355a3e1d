from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain import ledger
from timebank.domain.ledger import chain
from timebank.models import Transfer

NIGHT = dt.datetime(2027, 5, 2, 1, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_the_morning():
    with time_machine.travel(NIGHT + dt.timedelta(hours=7), tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def prove(session, now=NIGHT):
    ledger.reconcile(session, now=now)
    session.commit()


def test_before_the_first_proof_the_books_say_when_to_come_back(walk, browser):
    browser.open("/books")
    assert browser.statuses == [200]
    assert "Nothing added up yet. The first proof is made tonight." in browser.words


def test_books_in_order_say_so_in_plain_words(walk, session, browser):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NIGHT)
    prove(session)
    browser.open("/books")
    assert "All in order. Added up on Sun 2 May, 2:30am." in browser.words
    assert "Entries 1" in browser.words
    assert "All balances together, in minutes 0" in browser.words
    assert "Every balance is exactly the sum of its entries." in browser.words


def test_books_that_do_not_add_up_say_what_is_wrong(walk, session, browser):
    session.execute(sa.text("SET LOCAL ROLE NONE"))
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    session.execute(
        sa.text("UPDATE account SET balance = 5 WHERE membership_id = :m"), {"m": walk.bela.id}
    )
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    session.execute(sa.text("SET LOCAL ROLE timebank_app"))
    prove(session)
    browser.open("/books")
    assert "Something doesn’t add up." in browser.words
    assert "1 balance differs from the sum of its entries." in browser.words
    assert "Bela" not in browser.words


def test_books_show_the_last_seven_nights_in_five_statements(walk, session, browser):
    for night in range(9):
        prove(session, NIGHT - dt.timedelta(days=night))
    browser.open("/books")
    with count_statements() as count:
        browser.open("/books")
    assert count.total == 5
    assert browser.words.count("In order") == 7


def test_each_community_has_books_of_its_own(walk, session, app, browser):
    builders.an_elsewhere(session)
    prove(session)
    browser.base = "http://ashford.example"
    browser.open("/books")
    assert "Entries 0" in browser.words


def seal(session, now=NIGHT):
    session.commit()
    boundary = ledger.find_boundary(session)
    session.commit()
    while not ledger.seal(session, boundary=boundary, now=now):
        session.commit()
    ledger.prove_latest(session, now=now)
    ledger.publish_heads(session, now=now)
    session.commit()


def test_the_seal_can_be_copied_and_every_nights_is_kept(walk, session, browser):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NIGHT)
    prove(session)
    seal(session)
    browser.open("/books")
    [transfer] = session.query(Transfer)
    head = chain.step(chain.GENESIS, chain.line(transfer))
    assert f'readonly value="{head}"' in browser.page
    assert "Over 1 entries, Sun 2 May, 2:30am" in browser.words
    assert "The newest entries: Sun 2 May, 2:30am." in browser.words
    browser.follow("The seal of every night (CSV)")
    assert browser.page.splitlines() == ["Day,Entries,Seal", f"2027-05-02,1,{head}"]


def test_a_broken_seal_is_told(walk, session, browser):
    ledger.reconcile(session, now=NIGHT, broken_chains=[walk.community.id])
    session.commit()
    browser.open("/books")
    assert "Something doesn’t add up." in browser.words
    assert "An earlier entry isn’t what it was" in browser.words


def test_what_differs_is_for_coordinators_only(app, walk, session):
    for who in (walk.nadia, walk.bela):
        organiser = Browser(app).sign_in(who)
        organiser.open("/books/differences")
        assert organiser.statuses == [404]
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/books/differences")
    assert "None does." in ama.words


def test_one_communitys_differences_are_not_anothers(app, walk, session):
    elsewhere = builders.an_elsewhere(session)
    chi = builders.account_of(session, elsewhere.chi)
    chi.read_only_since = NIGHT
    session.commit()
    ama = Browser(app).sign_in(walk.ama)
    for page in ("/books", "/books/differences"):
        ama.open(page)
        assert "Chi" not in ama.words
        assert "Since" not in ama.words


def test_what_differs_asks_as_many_statements_whatever_there_is(app, walk, session):
    ama = Browser(app).sign_in(walk.ama)
    counts = set()
    for member in (walk.bela, walk.sam, walk.nadia):
        builders.account_of(session, member).read_only_since = NIGHT
        session.commit()
        ama.open("/books/differences")
        with count_statements() as count:
            ama.open("/books/differences")
        counts.add(count.total)
    assert len(counts) == 1
