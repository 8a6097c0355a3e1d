"""A difference is repaired by a person, with a reason; nothing is put right by itself."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.domain.test_sealing import by_hand
from tests.domain.test_sealing import give
from tests.domain.test_sealing import seal
from timebank.core.errors import NotFound
from timebank.domain import ledger
from timebank.domain.rota import checkin
from timebank.models import Account
from timebank.models import ClaimState
from timebank.models import Notice

NOW = dt.datetime(2027, 5, 2, 2, 10, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=10)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


@pytest.fixture
def operator(owner):
    """A session of whoever owns the tables, as the command has one."""
    with Session(owner) as session:
        yield session


@pytest.fixture
def bela(session, walk, owner):
    """Bela's account, with five minutes too many that the night has found."""
    give(session, walk, 30)
    session.commit()
    raise_balance(owner, walk.bela)
    ledger.reconcile(session, now=NOW)
    session.commit()
    return builders.account_of(session, walk.bela).id


def raise_balance(owner, member, minutes=5):
    sql = "UPDATE account SET balance = balance + :minutes WHERE membership_id = :member"
    by_hand(owner, sql, minutes=minutes, member=member.id)


def repair(operator, account_id, reason="A slip at the console", by="Ama Mensah"):
    done = ledger.repair_balance(operator, account_id=account_id, reason=reason, by=by, now=LATER)
    operator.commit()
    return done


def state(session, account_id):
    session.rollback()
    account = session.get(Account, account_id, populate_existing=True)
    return account.balance, account.read_only_since


def test_the_night_makes_what_differs_read_only(session, bela):
    assert state(session, bela) == (-25, NOW)
    [found] = ledger.open_differences(session, community_id=None)
    assert (found.stored, found.summed, found.since_transfer_id) == (-25, -30, 0)


def test_a_repair_adds_the_balance_up_and_opens_the_account(session, walk, operator, bela):
    done = repair(operator, bela)
    assert (done.stored, done.summed, done.reason, done.by) == (
        -25,
        -30,
        "A slip at the console",
        "Ama Mensah",
    )
    assert state(session, bela) == (-30, None)
    assert ledger.open_differences(session, community_id=walk.community.id) == []
    [kept] = ledger.latest_repairs(session, community_id=walk.community.id, limit=9)
    assert (kept.account_id, kept.created_at) == (bela, LATER)
    [proof] = ledger.reconcile(session, now=LATER)
    assert proof.proved
    give(session, walk)


def test_a_difference_that_was_found_by_its_mark_is_repaired_with_it(
    session, walk, operator, owner
):
    gone = give(session, walk, 30)
    seal(session)
    by_hand(owner, "DELETE FROM transfer WHERE id = :id", id=gone.id)
    by_hand(owner, "UPDATE account SET balance = 0")
    ledger.prove_latest(session, now=NOW)
    session.commit()
    for one in ledger.open_differences(session, community_id=walk.community.id):
        repair(operator, one.account_id)
    session.rollback()
    assert ledger.prove_latest(session, now=LATER) == []
    assert ledger.broken_chains(session) == {walk.community.id}, "the hash does not forget it"


def test_the_same_night_after_a_repair_alarms_anew(session, walk, operator, owner, bela):
    repair(operator, bela)
    raise_balance(owner, walk.sam)
    session.rollback()
    for _ in range(2):
        ledger.reconcile(session, now=LATER)
    assert session.query(Notice).count() == 2


def test_what_is_known_keeps_the_mark_up_to_which_it_agreed(session, walk, bela):
    seal(session)
    give(session, walk, giver="sam", to="nadia")
    seal(session)
    ledger.reconcile(session, now=LATER)
    session.commit()
    [found] = ledger.open_differences(session, community_id=walk.community.id)
    assert found.since_transfer_id == 0
    since = session.scalars(sa.text("SELECT since_transfer_id FROM balance_difference"))
    assert list(since) == [0, 0]


def test_there_is_nothing_to_repair_in_a_right_balance(operator, session, walk):
    sam = builders.account_of(session, walk.sam).id
    with pytest.raises(ledger.NothingToRepair):
        repair(operator, sam)


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"reason": "x" * 201}, {"by": ""}, {"by": "x" * 81}]
)
def test_a_repair_says_why_and_by_whom(operator, bela, wrong):
    with pytest.raises(ledger.SayWhyRepair):
        repair(operator, bela, **wrong)


def test_no_account_no_repair(operator, bela):
    with pytest.raises(NotFound):
        repair(operator, bela + 1000)


def test_the_app_itself_cannot_repair(session, bela):
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        ledger.repair_balance(session, account_id=bela, reason="x", by="x", now=LATER)


class TestTurnsOfAReadOnlyAccount:
    def ticked(self, session, walk):
        claims = [
            builders.a_claim(session, walk.marshal, walk.bela),
            builders.a_claim(session, walk.marshal, walk.sam, place=2),
        ]
        for claim in claims:
            claim.arrived_at, claim.arrived_by = NOW, walk.nadia.id
        session.commit()
        return claims

    def credit(self, session, claims, walk):
        ids = [claim.id for claim in claims]
        posted = ledger.credit_claims(session, claim_ids=ids, by=walk.nadia.id, now=NOW)
        session.expire_all()
        return [credit.claim_id for credit in posted]

    def test_they_hold_nobody_else_up(self, session, walk, bela):
        first, other = self.ticked(session, walk)
        assert self.credit(session, [first, other], walk) == [other.id]
        assert (first.state, other.state) == (ClaimState.CONFIRMED, ClaimState.ATTENDED)
        ids = [first.id, other.id]
        assert ledger.count_waiting_for_repair(session, claim_ids=ids) == 1

    def test_they_are_credited_after_the_repair(self, session, walk, operator, bela):
        first, other = self.ticked(session, walk)
        self.credit(session, [first, other], walk)
        session.commit()
        repair(operator, bela)
        week = walk.event.ends_at + dt.timedelta(days=8)
        assert checkin.close_after_a_week(session, now=week) == 1
        session.expire_all()
        assert first.state is ClaimState.ATTENDED
        assert all(proof.proved for proof in ledger.reconcile(session, now=week))

    def test_the_week_after_leaves_them_ticked_while_it_lasts(self, session, walk, bela):
        first, _ = self.ticked(session, walk)
        week = walk.event.ends_at + dt.timedelta(days=8)
        for _ in range(2):
            checkin.close_after_a_week(session, now=week)
        session.expire_all()
        assert (first.state, first.arrived_by) == (ClaimState.CONFIRMED, walk.nadia.id)

    def test_a_commons_that_is_read_only_stops_them_all(self, session, walk, owner):
        by_hand(owner, "UPDATE account SET read_only_since = now() WHERE kind = 'community'")
        assert self.credit(session, self.ticked(session, walk), walk) == []

    def test_one_frozen_in_this_very_moment_is_a_refusal(self, session, walk, owner, engine):
        """Between looking and posting: the trigger answers, and the tap can be made again."""
        claims = self.ticked(session, walk)
        sql = "UPDATE account SET read_only_since = now() WHERE membership_id = :m"

        frozen = []

        def freeze(connection, _cursor, statement, *_rest):
            if "heir" in statement and not frozen:  # it has looked, and is about to lock
                frozen.append(statement)
                by_hand(owner, sql, m=walk.bela.id)

        sa.event.listen(engine, "before_cursor_execute", freeze)
        with pytest.raises(ledger.ReadOnly):
            self.credit(session, claims, walk)
        session.rollback()
        sa.event.remove(engine, "before_cursor_execute", freeze)
        assert len(self.credit(session, claims, walk)) == 1


def test_a_correction_of_a_read_only_account_waits(session, walk, bela):
    with pytest.raises(ledger.ReadOnly):
        give(session, walk, giver="sam", to="bela", key=uuid.uuid4())
