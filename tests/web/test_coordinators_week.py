"""The coordinator's week, whom to ring, and the figures of the months."""

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
from timebank.domain import ledger
from timebank.models import Account
from timebank.models import AccountKind

NOW = dt.datetime(2027, 6, 2, 9, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


@pytest.fixture
def ama(app, walk):
    return Browser(app).sign_in(walk.ama)


def a_gift(session, walk, minutes, day=dt.date(2027, 5, 20)):
    pot = session.query(Account).filter_by(kind=AccountKind.POT).one()
    ledger.give(
        session,
        giver=walk.bela,
        to_account_id=pot.id,
        minutes=minutes,
        key=uuid.uuid4(),
        memo=None,
        today=day,
        now=NOW,
    )
    session.commit()


def a_turn(session, walk, member, slot):
    claim = builders.a_claim(session, slot, member)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    session.commit()


def test_a_quiet_week_says_so(ama):
    ama.open("/bank")
    assert "Nobody waits for help." in ama.words
    assert "The books are in order." in ama.words


def test_what_waits_is_counted_and_leads_to_its_page(session, walk, ama):
    a_gift(session, walk, 300)
    builders.a_member(session, walk.community, "Pauline Dent", email=None)
    session.commit()
    ama.open("/bank")
    assert "Who is low 1 waits" in ama.words
    assert "Letters on paper 1 waits" in ama.words
    ama.follow("A kind call")
    assert "Bela Novak" in ama.words


def test_the_week_is_one_statement_more_however_much_waits(session, walk, ama):
    ama.open("/bank")
    with count_statements() as few:
        ama.open("/bank")
    for number in range(5):
        builders.a_member(session, walk.community, f"Neighbour {number}", email=None)
    session.commit()
    with count_statements() as many:
        ama.open("/bank")
    assert many.total == few.total


def test_whom_to_ring_says_why(session, walk, ama):
    a_gift(session, walk, 300)
    ama.open("/bank/ring")
    assert "Bela Novak has had a lot of help: what would they enjoy doing?" in ama.words


def test_a_month_is_published_and_late_entries_show_beside_it(session, walk, ama):
    a_turn(session, walk, walk.bela, walk.marshal)
    ama.open("/bank/figures")
    ama.press("Publish this month: May")
    assert "Published: May" in ama.words
    assert "Published 1½ hours, and nothing has come late." in ama.words
    a_turn(session, walk, walk.sam, walk.tail_walker)
    ama.open("/bank/figures")
    assert "Published 1½ hours, now 3 hours: late entries come to 1½ hours." in ama.words
    ama.open("/bank/figures.csv")
    rows = list(csv.DictReader(io.StringIO(ama.page.removeprefix("\ufeff"))))
    assert [(one["State"], one["turn_minutes"]) for one in rows if one["Month"] == "2027-05"] == [
        ("now", "180"),
        ("published", "90"),
    ]


@pytest.mark.parametrize(
    "month",
    [
        "2027-06",
        "2028-01",
        "9999-12",
        "0001-01",
        "1800-01",
        "2027-13",
        "soon",
        "\uff12\uff10\uff12\uff17-05",
    ],
)
def test_a_month_that_is_not_over_is_not_published(ama, month):
    ama.open("/bank/figures")
    token = ama.forms()[0].fields["csrf_token"][0]
    ama.post(f"/bank/figures/{month}", csrf_token=token)
    assert "Published" not in ama.words
