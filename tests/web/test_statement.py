from __future__ import annotations

import csv
import datetime as dt
import io
import uuid

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.core.text import harmless
from timebank.domain import ledger
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 2, 9, tzinfo=dt.UTC)
TODAY = dt.date(2027, 5, 2)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def give(session, giver, taker, minutes, *, day=TODAY, memo=None):
    ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=giver.community_id,
        debit_id=builders.account_of(session, giver).id,
        credit_id=builders.account_of(session, taker).id,
        minutes=minutes,
        kind=TransferKind.GIFT,
        happened_on=day,
        created_by=giver.id,
        now=NOW,
        memo=memo,
    )
    session.commit()


def earn(session, walk, member):
    claim = builders.a_claim(session, walk.marshal, member)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    session.commit()


def table_of(browser):
    return list(csv.reader(io.StringIO(browser.page.removeprefix("\ufeff"))))


def test_a_statement_says_what_each_line_was_for(walk, session, browser):
    earn(session, walk, walk.bela)
    give(session, walk.bela, walk.sam, 30, memo="hemming curtains")
    browser.sign_in(walk.bela).open("/me/statement")
    assert "You have 1 hour" in browser.words
    assert "Sam T You gave: hemming curtains · Sun 2 May −½ hour" in browser.words
    assert "Danson Saturday Stroll Marshal · Sat 1 May +1½ hours" in browser.words


def test_the_other_side_reads_it_the_other_way_round(walk, session, browser):
    give(session, walk.bela, walk.sam, 30, memo="hemming curtains")
    browser.sign_in(walk.sam).open("/me/statement")
    assert "Bela N Given to you: hemming curtains" in browser.words


def test_nobody_reads_a_number_below_nought_about_themselves(walk, session, browser):
    give(session, walk.bela, walk.sam, 120)
    browser.sign_in(walk.bela).open("/")
    assert "Your time account: Your hours" in browser.words
    browser.open("/me")
    assert "You’ve had 2 hours more of help than you’ve given." in browser.words


def test_an_empty_statement_is_kind(walk, browser):
    browser.sign_in(walk.bela).open("/me/statement")
    assert "Your first hour shows up here after your first turn." in browser.words


def test_a_long_statement_is_read_page_by_page(walk, session, browser):
    for number in range(1, 61):
        give(session, walk.sam, walk.bela, 5, day=TODAY - dt.timedelta(days=number))
    browser.sign_in(walk.bela).open("/me/statement")
    first = browser.words
    with count_statements() as count:
        browser.follow("Earlier entries")
    assert count.total == 2
    assert "Earlier on" in browser.words
    assert first.count("Given to you") + browser.words.count("Given to you") == 60
    browser.follow("Back to the newest")
    assert browser.words == first


@pytest.mark.parametrize(
    "before", ["nonsense", "2027-05-01", "2027-05-01.x", "1.1", "2027-05-01.9"]
)
def test_a_broken_address_shows_a_page_all_the_same(walk, browser, before):
    browser.sign_in(walk.bela).open(f"/me/statement?before={before}")
    assert browser.statuses == [200]


def test_the_balance_of_a_past_day_can_be_looked_up(walk, session, browser):
    give(session, walk.sam, walk.bela, 105, day=dt.date(2027, 4, 20))
    browser.sign_in(walk.bela).open("/me/statement?on=2027-04-20")
    assert "At the end of Tuesday 20 April: 1¾ hours." in browser.words
    browser.open("/me/statement?on=2027-04-19")
    assert "At the end of Monday 19 April: 0 hours." in browser.words


def test_the_download_holds_every_line_with_its_balance(walk, session, browser):
    earn(session, walk, walk.bela)
    give(session, walk.bela, walk.sam, 30)
    browser.sign_in(walk.bela).open("/me/statement.csv")
    assert browser.answer.mimetype == "text/csv"
    assert browser.answer.headers["Content-Disposition"] == (
        'attachment; filename="time-account-2027-05-02.csv"'
    )
    assert table_of(browser)[1:] == [
        ["2027-05-02", "2027-05-02", "Sam T", "You gave", "-0.50", "-30", "60"],
        ["2027-05-01", "2027-05-02", "Danson Saturday Stroll", "Marshal", "1.50", "90", "90"],
    ]


def test_what_people_typed_is_no_formula_in_a_spreadsheet(walk, session, browser):
    evil = builders.a_member(session, walk.community, "=HYPERLINK(1) X", "evil@example.com")
    give(session, evil, walk.bela, 30, memo="@SUM(A1)")
    browser.sign_in(walk.bela).open("/me/statement.csv")
    assert table_of(browser)[1][2:4] == ["'=HYPERLINK(1) X", "Given to you: @SUM(A1)"]
    assert [harmless(text) for text in ("+1", "-1", "@x", "\tx", "a=b")] == [
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "a=b",
    ]
    for wide in ("\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\0=1"):
        assert harmless(wide) == f"'{wide}"


@pytest.mark.parametrize("address", ["/me/statement", "/me/statement.csv"])
def test_a_statement_is_its_owners_alone(walk, session, app, address):
    give(session, walk.bela, walk.sam, 30, memo="hemming curtains")
    assert Browser(app).client.get(address, base_url="http://localhost").status_code == 303
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(address)
    assert "hemming curtains" not in nadia.page
