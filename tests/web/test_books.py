from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.statements import count_statements
from timebank.domain import ledger

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
