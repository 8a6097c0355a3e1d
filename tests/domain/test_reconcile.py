from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.statements import count_statements
from timebank.domain import ledger
from timebank.models import ClaimState
from timebank.models import Exchange
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Reconciliation
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 2, 2, 10, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def credited(session, walk, slot=None, member=None):
    claim = builders.a_claim(session, slot or walk.marshal, member or walk.bela)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    session.expire(claim)
    return claim


def weaken(session, statement, **values):
    """Do by hand, as the owner, what no rule allows: triggers off, foreign keys unasked."""
    session.execute(sa.text("SET LOCAL ROLE NONE"))
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    session.execute(sa.text(statement), values)
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    session.execute(sa.text("SET LOCAL ROLE timebank_app"))


def move_balance(session, member, minutes):
    weaken(
        session,
        "UPDATE account SET balance = balance + :minutes WHERE membership_id = :member",
        minutes=minutes,
        member=member.id,
    )


def figures(proof):
    return (
        proof.transfers,
        proof.balance_sum,
        proof.wrong_balances,
        proof.unearned_turns,
        proof.doubly_earned_turns,
        proof.oversold_slots,
        proof.proved,
    )


def test_books_in_order_are_proved_for_each_community(session, walk):
    elsewhere = builders.an_elsewhere(session)
    credited(session, walk)
    proofs = {proof.community_id: proof for proof in ledger.reconcile(session, now=NOW)}
    assert figures(proofs[walk.community.id]) == (1, 0, 0, 0, 0, 0, True)
    assert figures(proofs[elsewhere.community.id]) == (0, 0, 0, 0, 0, 0, True)
    assert proofs[walk.community.id].ran_at == NOW
    assert session.query(Notice).count() == 0


def test_books_without_any_community_are_left_alone(session):
    assert ledger.reconcile(session, now=NOW) == []


def test_a_wrong_balance_is_found_and_the_coordinators_hear_of_it_once_a_day(session, walk):
    credited(session, walk)
    move_balance(session, walk.bela, 5)
    for _ in range(2):
        [proof] = ledger.reconcile(session, now=NOW)
        assert figures(proof) == (1, 5, 1, 0, 0, 0, False)
    notice = session.query(Notice).filter_by(kind=NoticeKind.BOOKS_WRONG).one()
    assert notice.person_id == walk.ama.person_id
    assert notice.facts == {"balance_sum": "5", "wrong_balances": "1"}
    assert session.query(Reconciliation).count() == 2


def test_two_wrong_balances_that_cancel_out_are_found(session, walk):
    credited(session, walk)
    move_balance(session, walk.bela, 5)
    move_balance(session, walk.sam, -5)
    assert figures(*ledger.reconcile(session, now=NOW)) == (1, 0, 2, 0, 0, 0, False)


def test_an_attended_turn_without_hours_is_found(session, walk):
    builders.a_claim(session, walk.marshal, walk.bela, state=ClaimState.ATTENDED)
    assert figures(*ledger.reconcile(session, now=NOW)) == (0, 0, 0, 1, 0, 0, False)


def test_an_attended_turn_whose_hours_were_taken_back_is_found(session, walk):
    credited(session, walk)
    earn = session.query(Transfer).one()
    ledger.reverse(session, transfer=earn, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
    assert figures(*ledger.reconcile(session, now=NOW)) == (2, 0, 0, 1, 0, 0, False)


def test_a_turn_earned_twice_is_found(session, walk):
    claim = credited(session, walk)
    weaken(
        session,
        """INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes,
                                  kind, claim_id, revision, happened_on, created_by)
            SELECT gen_random_uuid(), community_id, debit_id, credit_id, minutes, 'adjust',
                   claim_id, 1, happened_on, created_by
              FROM transfer WHERE claim_id = :claim""",
        claim=claim.id,
    )
    assert figures(*ledger.reconcile(session, now=NOW)) == (2, 0, 2, 0, 1, 0, False)


def test_hours_for_a_missed_turn_are_found(session, walk):
    claim = credited(session, walk)
    weaken(session, "UPDATE claim SET state = 'missed' WHERE id = :claim", claim=claim.id)
    assert figures(*ledger.reconcile(session, now=NOW)) == (1, 0, 0, 0, 1, 0, False)


def test_an_oversold_slot_is_found(session, walk):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    role = builders.a_role(session, walk.series, places=2, name="Sweeper")
    roomy = builders.a_slot(session, walk.event, role)
    stray = builders.a_claim(session, roomy, walk.sam, place=2)
    weaken(
        session,
        "UPDATE claim SET slot_id = :slot WHERE id = :claim",
        slot=walk.tail_walker.id,
        claim=stray.id,
    )
    assert figures(*ledger.reconcile(session, now=NOW)) == (0, 0, 0, 0, 0, 1, False)


def thanked(session, walk, revision=0, minutes=30):
    return ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=builders.account_of(session, walk.sam).id,
        credit_id=builders.account_of(session, walk.bela).id,
        minutes=minutes,
        kind=TransferKind.THANKS,
        exchange_id=exchange_of(session, walk),
        revision=revision,
        happened_on=NOW.date(),
        created_by=walk.ama.id,
        now=NOW,
    )


def exchange_of(session, walk):
    """The number of an exchange in which Bela helps Sam."""
    found = session.scalar(sa.select(Exchange.id))
    if found is None:
        weaken(
            session,
            """INSERT INTO exchange (community_id, helper_id, helped_id, payer_id, what, minutes,
                                    happened_on, thanked_at, state, created_by)
               VALUES (:here, :helper, :helped, :payer, 'A lift', 30, :day, :now, 'thanked',
                       :by)""",
            here=walk.community.id,
            helper=walk.bela.id,
            helped=walk.sam.id,
            payer=builders.account_of(session, walk.sam).id,
            day=NOW.date(),
            now=NOW,
            by=walk.sam.id,
        )
        found = session.scalar(sa.select(Exchange.id))
    return found


def taken_back(session, walk, transfer):
    return ledger.reverse(session, transfer=transfer, by=walk.ama.id, key=uuid.uuid4(), now=NOW)


def test_thanks_taken_back_and_said_anew_are_in_order(session, walk):
    taken_back(session, walk, thanked(session, walk))
    taken_back(session, walk, thanked(session, walk, 1))
    thanked(session, walk, 2)
    assert ledger.reconcile(session, now=NOW)[0].proved


@pytest.mark.parametrize("later", [1, 2])
def test_help_thanked_for_twice_is_found(session, walk, later):
    thanked(session, walk)
    weaken(
        session,
        """INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                                exchange_id, revision, happened_on, created_by)
           SELECT gen_random_uuid(), community_id, debit_id, credit_id, minutes, kind, exchange_id,
                  :later, happened_on, created_by FROM transfer""",
        later=later,
    )
    [proof] = ledger.reconcile(session, now=NOW)
    assert (proof.doubly_thanked_exchanges, proof.proved) == (1, False)


@pytest.mark.parametrize(
    "change",
    [
        "minutes = minutes + 1",
        "debit_id = credit_id, credit_id = debit_id",
        "reverses_id = id",
        "reverses_id = 4711",
    ],
)
def test_a_reversal_that_is_no_mirror_is_found(session, walk, change):
    taken_back(session, walk, thanked(session, walk))
    weaken(session, f"UPDATE transfer SET {change} WHERE kind = 'reversal'")  # noqa: S608
    [proof] = ledger.reconcile(session, now=NOW)
    assert (proof.unmirrored_reversals, proof.proved) == (1, False)


def test_an_entry_reversed_twice_is_found(session, walk):
    weaken(session, "ALTER TABLE transfer DROP CONSTRAINT one_reversal_per_transfer")
    taken_back(session, walk, thanked(session, walk))
    weaken(
        session,
        """INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                                reverses_id, happened_on, created_by)
           SELECT gen_random_uuid(), community_id, debit_id, credit_id, minutes, kind, reverses_id,
                  happened_on, created_by FROM transfer WHERE kind = 'reversal'""",
    )
    [proof] = ledger.reconcile(session, now=NOW)
    assert (proof.unmirrored_reversals, proof.proved) == (1, False)


def test_a_proof_asks_two_statements_whatever_the_number_of_communities(session, walk):
    for number in range(4):
        builders.a_community(session, f"place-{number}", host=f"place-{number}.example")
    credited(session, walk)
    with count_statements() as count:
        assert len(ledger.reconcile(session, now=NOW)) == 5
    assert count.total == 2


def test_the_latest_proofs_come_newest_first(session, walk):
    for hour in (1, 2, 3):
        ledger.reconcile(session, now=NOW.replace(hour=hour))
    proofs = ledger.latest_proofs(session, community_id=walk.community.id, limit=2)
    assert [proof.ran_at.hour for proof in proofs] == [3, 2]
    assert ledger.latest_proofs(session, community_id=-1) == []
