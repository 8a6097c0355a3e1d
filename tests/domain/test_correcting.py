"""Entries put right: the turn, the key, one's own hours, and pots that were closed meanwhile."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from tests import builders
from timebank.domain import ledger
from timebank.domain.ledger import batches
from timebank.domain.ledger import correcting
from timebank.domain.ledger import pots
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import BatchKind
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 2, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def cause(session, walk):
    return pots.make_pot(
        session,
        community_id=walk.community.id,
        kind=AccountKind.CAUSE,
        name="Food bank",
        about="Soup",
    )


def give(session, giver, account, minutes):
    return ledger.give(
        session,
        giver=giver,
        to_account_id=account.id,
        minutes=minutes,
        key=uuid.uuid4(),
        memo=None,
        today=TODAY,
        now=NOW,
    )


def put_right(session, walk, transfer, minutes, *, key=None, by=None):
    return ledger.put_right(
        session,
        transfer=transfer,
        minutes=minutes,
        by=(by or walk.ama).id,
        key=key or uuid.uuid4(),
        memo="It was wrong",
        now=NOW,
    )


def balance(session, account):
    session.expire_all()
    return session.get(Account, account.id).balance


def earned(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    claim.arrived_at, claim.arrived_by = NOW, walk.nadia.id
    session.flush()
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    return session.query(Transfer).filter_by(claim_id=claim.id).one()


def test_a_turn_without_hours_is_no_turn_that_was_done_and_the_books_hold(session, walk):
    earn = earned(session, walk)
    assert put_right(session, walk, earn, 0) is None
    session.expire_all()
    claim = session.get_one(Claim, earn.claim_id)
    assert (claim.state, claim.arrived_at) == (ClaimState.MISSED, None)
    [proof] = ledger.reconcile(session, now=NOW)
    assert proof.proved


@pytest.mark.parametrize(("first", "then"), [(0, 45), (45, 0), (45, 30)])
def test_the_same_key_with_other_minutes_is_refused(session, walk, first, then):
    gift = give(session, walk.bela, builders.account_of(session, walk.sam), 90)
    key = uuid.uuid4()
    put_right(session, walk, gift, first, key=key)
    with pytest.raises(ledger.KeyReused):
        put_right(session, walk, gift, then, key=key)
    put_right(session, walk, gift, first, key=key)
    assert balance(session, builders.account_of(session, walk.sam)) == first


def test_nobody_puts_their_own_hours_right(session, walk):
    gift = give(session, walk.ama, builders.account_of(session, walk.sam), 90)
    with pytest.raises(ledger.OwnHours):
        put_right(session, walk, gift, 0)


def test_a_closed_cause_that_a_correction_touches_can_be_closed_again(session, walk, cause):
    gift = give(session, walk.bela, cause, 60)
    close = {"by": walk.ama.id, "today": TODAY, "now": NOW}
    pots.close_pot(session, pot=cause, key=uuid.uuid4(), **close)
    put_right(session, walk, gift, 0)
    assert balance(session, cause) == -60
    left = pots.close_pot(session, pot=cause, key=uuid.uuid4(), **close)
    assert (left.kind, left.minutes, left.credit_id) == (TransferKind.CLOSING, 60, cause.id)
    assert balance(session, cause) == 0


def test_what_was_left_behind_is_taken_back_whole_or_not_at_all(session, walk, cause):
    give(session, walk.bela, cause, 60)
    left = pots.close_pot(
        session, pot=cause, by=walk.nadia.id, key=uuid.uuid4(), today=TODAY, now=NOW
    )
    with pytest.raises(correcting.OnlyWhole):
        put_right(session, walk, left, 30)


def test_a_batch_shows_what_stands_and_its_form_sent_again_is_the_same(session, walk):
    pot = session.query(Account).filter_by(group_id=walk.group.id).one()
    give(session, walk.sam, pot, 300)
    bela = builders.account_of(session, walk.bela)
    form = {
        "key": uuid.uuid4(),
        "community_id": walk.community.id,
        "kind": BatchKind.COMMITTEE,
        "title": "Committee",
        "happened_on": TODAY,
        "legs": [ledger.Leg(debit_id=pot.id, credit_id=bela.id, minutes=60)],
        "by": walk.nadia.id,
        "now": NOW,
    }
    batch = ledger.post_batch(session, **form)
    [share] = session.query(Transfer).filter_by(batch_id=batch.id)
    put_right(session, walk, share, 90)
    assert [(one.name, one.minutes) for one in batches.read_lines(session, batch_id=batch.id)] == [
        ("Bela N", 90),
        (pot.name, -90),
    ]
    assert ledger.post_batch(session, **form).id == batch.id
