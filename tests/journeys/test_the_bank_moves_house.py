"""Story: a bank is taken along, checked by somebody else, and goes on in another place."""

from __future__ import annotations

import datetime as dt
import runpy
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from tests import builders
from tests.browsing import Browser
from timebank.domain import ledger
from timebank.domain.ledger import banks
from timebank.models import Community
from timebank.models import Membership
from timebank.models import Profile

SATURDAY = dt.datetime(2027, 5, 1, 10, tzinfo=dt.UTC)
TOOL = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


@pytest.fixture(autouse=True)
def on_saturday():
    with time_machine.travel(SATURDAY, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=SATURDAY)
    ledger.give(
        session,
        giver=walk.bela,
        to_account_id=ledger.account_of(session, membership_id=walk.sam.id).id,
        minutes=30,
        key=uuid.uuid4(),
        memo="Hemming curtains",
        today=SATURDAY.date(),
        now=SATURDAY,
    )
    session.commit()
    return walk


def test_a_bank_is_taken_along_and_goes_on_elsewhere(app, owner, walk, session, tmp_path):
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/")
    ama.follow("The books")
    ama.follow("Take the bank along")
    ama.press("Download the bank")
    file = tmp_path / "bank.zip"
    file.write_bytes(ama.answer.get_data())
    ama.answer.close()

    # Somebody who doesn't trust her adds it up again.
    main = runpy.run_path(str(TOOL))["main"]
    assert main([str(file)]) == 0

    # Welling's operator brings it in; Bela signs in there, and finds what she had.
    with Session(owner) as other, other.begin(), file.open("rb") as opened:
        welling = builders.a_community(other, "welling", host="welling.example")
        banks.import_bank(
            other, community=other.get(Community, welling.id), file=opened, now=SATURDAY
        )
        ledger.reconcile(other, now=SATURDAY)
    there = session.scalars(
        sa.select(Membership)
        .join(Profile, Profile.person_id == Membership.person_id)
        .join(Community)
        .where(Community.slug == "welling", Profile.email == "bela@example.com")
    ).one()
    bela = Browser(app, host="welling.example").sign_in(there)
    bela.open("/me")
    assert "You have 1 hour" in bela.words
    bela.open("/me/statement")
    assert "Sat 1 May −½ hour" in bela.words
    assert "Hemming curtains" in bela.words
    bela.open("/books")
    assert "All in order." in bela.words
