"""A mark each minute behind which nothing is still to come, and a running hash over it all."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.statements import count_statements
from timebank.domain import ledger
from timebank.domain.ledger import chain
from timebank.domain.ledger import sealing
from timebank.models import AccountMark
from timebank.models import LedgerHead
from timebank.models import LedgerMark
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import ProofKind
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 2, 2, 10, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=1)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


def give(session, walk, minutes=30, giver="bela", to="sam", **changes):
    """Write a gift down, as `record` does."""
    values = {
        "key": uuid.uuid4(),
        "community_id": walk.community.id,
        "debit_id": builders.account_of(session, getattr(walk, giver)).id,
        "credit_id": builders.account_of(session, getattr(walk, to)).id,
        "minutes": minutes,
        "kind": TransferKind.GIFT,
        "happened_on": NOW.date(),
        "created_by": walk.ama.id,
        "now": NOW,
    }
    return ledger.record(session, **(values | changes))


def seal(session, now=NOW):
    session.commit()
    boundary = ledger.find_boundary(session)
    session.commit()
    assert boundary is not None
    while not ledger.seal(session, boundary=boundary, now=now):
        session.commit()
    session.commit()
    return boundary


def by_hand(owner, sql, **values):
    """Do as the owner what no rule allows: triggers off."""
    with owner.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text(sql), values)


def mark_of(session, community):
    session.rollback()
    return session.get(LedgerMark, community.id, populate_existing=True)


def balances(session):
    marks = session.scalars(sa.select(AccountMark).execution_options(populate_existing=True))
    return {mark.account_id: mark.balance for mark in marks}


def lines(session):
    return [chain.line(one) for one in session.scalars(sa.select(Transfer).order_by(Transfer.id))]


class TestSealing:
    def test_books_without_entries_begin_with_noughts(self, session, walk):
        assert seal(session) == 0
        mark = mark_of(session, walk.community)
        assert (mark.upto_id, mark.entries, mark.head) == (0, 0, chain.GENESIS)
        assert (mark.marked_at, mark.proved_at) == (NOW, None)

    def test_the_hash_goes_on_by_each_entry_and_the_marks_by_their_sums(self, session, walk):
        first = give(session, walk, 30)
        seal(session)
        give(session, walk, 45)
        ledger.reverse(session, transfer=first, by=walk.ama.id, key=uuid.uuid4(), now=LATER)
        boundary = seal(session, LATER)
        mark = mark_of(session, walk.community)
        head = chain.GENESIS
        for line in lines(session):
            head = chain.step(head, line)
        assert (mark.upto_id, mark.entries, mark.head, mark.marked_at) == (
            boundary,
            3,
            head,
            LATER,
        )
        bela, sam = (builders.account_of(session, one).id for one in (walk.bela, walk.sam))
        assert balances(session) == {bela: -45, sam: 45}

    def test_the_database_writes_lines_as_python_does(self, session, walk):
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
        odd = dt.datetime(2027, 1, 2, 3, 4, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=5)))
        gift = give(session, walk, now=odd)
        ledger.reverse(session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
        session.execute(sa.text("SET DateStyle = 'German'"))
        session.execute(sa.text("SET timezone = 'Asia/Kolkata'"))
        written = [line for _, _, line in sealing._lines(session, 0, 99)]
        session.execute(sa.text("SET DateStyle = 'ISO'"))
        assert written == lines(session)
        assert len(written) == 3

    def test_each_community_has_a_chain_of_its_own(self, session, walk):
        give(session, walk)
        seal(session)
        elsewhere = builders.an_elsewhere(session)
        give(session, walk)
        seal(session, LATER)
        assert mark_of(session, walk.community).entries == 2
        there = mark_of(session, elsewhere.community)
        assert (there.entries, there.head) == (0, chain.GENESIS)

    def test_a_long_way_is_gone_in_batches(self, session, walk, monkeypatch):
        monkeypatch.setattr(sealing, "ENTRIES_AT_ONCE", 2)
        for _ in range(5):
            give(session, walk)
        session.commit()
        boundary = ledger.find_boundary(session)
        session.commit()
        rounds = 1
        while not ledger.seal(session, boundary=boundary, now=NOW):
            session.commit()
            assert mark_of(session, walk.community).entries == 2 * rounds
            rounds += 1
        session.commit()
        assert (rounds, mark_of(session, walk.community).entries) == (3, 5)
        assert ledger.broken_chains(session) == set()

    def test_sealing_twice_changes_nothing(self, session, walk):
        give(session, walk)
        seal(session)
        before = mark_of(session, walk.community)
        figures = before.upto_id, before.entries, before.head
        seal(session, LATER)
        after = mark_of(session, walk.community)
        assert (after.upto_id, after.entries, after.head) == figures


class TestTheBoundary:
    def test_there_is_none_while_somebody_writes(self, engine, session, walk):
        with Session(engine) as writer:
            give(writer, walk)
            assert ledger.find_boundary(session) is None
            session.rollback()
            writer.commit()
        assert ledger.find_boundary(session) == session.scalar(sa.select(sa.func.max(Transfer.id)))

    def test_a_number_given_early_and_committed_late_is_never_left_out(
        self, engine, session, walk
    ):
        """Eight writers let their numbers lie about; whatever is sealed is complete."""
        stop = threading.Event()

        def write(number):
            with Session(engine) as own:
                for turn in range(12):
                    pair = ("bela", "sam") if (number + turn) % 2 else ("sam", "bela")
                    give(own, walk, 1 + number, *pair)
                    stop.wait(0.002 * (number % 3))
                    own.commit()
                    stop.wait(0.005)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for one in writers:
            one.start()
        boundaries = []
        while any(one.is_alive() for one in writers):
            boundary = ledger.find_boundary(session)
            session.commit()
            if boundary is not None:
                while not ledger.seal(session, boundary=boundary, now=NOW):
                    session.commit()
                session.commit()
                assert ledger.prove_latest(session, now=NOW) == []
                session.commit()
                boundaries.append(boundary)
            stop.wait(0.003)
        for one in writers:
            one.join()
        seal(session)
        assert mark_of(session, walk.community).entries == 96
        assert ledger.broken_chains(session) == set()
        assert boundaries == sorted(boundaries)


class TestTheProofOfEachMinute:
    def test_without_a_mark_there_is_nothing_to_compare(self, session, walk):
        give(session, walk)
        assert ledger.prove_latest(session, now=NOW) == []

    def test_books_in_order_leave_no_row_but_a_time(self, session, walk):
        give(session, walk)
        seal(session)
        give(session, walk)
        assert ledger.prove_latest(session, now=LATER) == []
        session.commit()
        assert mark_of(session, walk.community).proved_at == LATER
        assert ledger.latest_proofs(session, community_id=walk.community.id) == []

    def test_a_balance_written_by_hand_is_found_named_frozen_and_told(self, session, walk, owner):
        give(session, walk, 30)
        boundary = seal(session)
        since = give(session, walk, 15)
        session.commit()
        bela = builders.account_of(session, walk.bela)
        by_hand(owner, "UPDATE account SET balance = balance + 5 WHERE id = :id", id=bela.id)
        [proof] = ledger.prove_latest(session, now=LATER)
        session.commit()
        assert (proof.kind, proof.proved) == (ProofKind.LATEST, False)
        assert (proof.transfers, proof.balance_sum, proof.wrong_balances) == (2, 5, 1)
        [found] = ledger.open_differences(session, community_id=walk.community.id)
        assert (found.account_id, found.holder) == (bela.id, "Bela Novak")
        assert (found.stored, found.summed, found.minutes) == (-40, -45, 5)
        assert (found.since_transfer_id, found.read_only_since) == (boundary, LATER)
        told = ledger.transfers_since(session, differences=[found], limit=9)
        assert [one.id for one in told] == [since.id]
        notice = session.query(Notice).filter_by(kind=NoticeKind.BOOKS_WRONG).one()
        assert notice.person_id == walk.ama.person_id
        with pytest.raises(ledger.ReadOnly):
            give(session, walk, giver="sam", to="bela")
        assert mark_of(session, walk.community).proved_at is None

    def test_what_is_known_is_not_told_again(self, session, walk, owner):
        seal(session)
        by_hand(owner, "UPDATE account SET balance = 5 WHERE membership_id = :m", m=walk.bela.id)
        assert len(ledger.prove_latest(session, now=NOW)) == 1
        assert ledger.prove_latest(session, now=LATER) == []

    def test_an_old_entry_that_was_taken_out_with_its_balances_is_found(
        self, session, walk, owner
    ):
        """The whole proof cannot see it: all sums are right. The marks remember."""
        gone = give(session, walk, 30)
        seal(session)
        by_hand(owner, "DELETE FROM transfer WHERE id = :id", id=gone.id)
        by_hand(owner, "UPDATE account SET balance = 0")
        assert [proof.proved for proof in ledger.reconcile(session, now=NOW)] == [True]
        [proof] = ledger.prove_latest(session, now=LATER)
        assert proof.wrong_balances == 2

    def test_it_asks_as_many_statements_whatever_the_number_of_communities(self, session, walk):
        for number in range(4):
            seal(session)
            with count_statements() as count:
                ledger.prove_latest(session, now=NOW)
            assert count.total == 3
            builders.a_community(session, f"place-{number}", host=f"place-{number}.example")


class TestTheChain:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE transfer SET created_by = :ama WHERE id = :id",
            "UPDATE transfer SET happened_on = '2026-01-01' WHERE id = :id",
            "UPDATE transfer SET minutes = minutes + 1 WHERE id = :id",
            "DELETE FROM transfer WHERE id = :id",
            """INSERT INTO transfer (id, idempotency_key, community_id, debit_id, credit_id,
                 minutes, kind, happened_on, created_by) OVERRIDING SYSTEM VALUE
               SELECT id - 1, gen_random_uuid(), community_id, debit_id, credit_id, 1, 'gift',
                 happened_on, :ama FROM transfer WHERE id = :id""",
        ],
    )
    def test_an_earlier_entry_that_was_changed_breaks_it(self, session, walk, owner, change):
        with pytest.raises(ledger.ToOneself):  # uses up a number
            give(session, walk, to="bela")
        entry = give(session, walk, created_by=walk.nadia.id)
        give(session, walk)
        seal(session)
        assert ledger.broken_chains(session) == set()
        session.commit()
        by_hand(owner, change, id=entry.id, ama=walk.ama.id)
        broken = ledger.broken_chains(session)
        assert broken == {walk.community.id}
        [proof] = ledger.reconcile(session, now=NOW, broken_chains=broken)
        assert (proof.broken_chain, proof.proved) == (1, False)

    def test_a_mark_rewritten_to_fit_is_found_by_what_was_published(self, session, walk, owner):
        entry = give(session, walk)
        seal(session)
        ledger.publish_heads(session, now=NOW)
        session.commit()
        by_hand(
            owner, "UPDATE transfer SET happened_on = '2026-01-01' WHERE id = :id", id=entry.id
        )
        session.expire_all()
        [line] = lines(session)
        by_hand(owner, "UPDATE ledger_mark SET head = :head", head=chain.step(chain.GENESIS, line))
        session.expire_all()
        assert ledger.broken_chains(session) == {walk.community.id}

    def test_books_too_long_for_a_night_are_left_to_an_export(self, session, walk, monkeypatch):
        give(session, walk)
        seal(session)
        monkeypatch.setattr(sealing, "MOST_ENTRIES", 0)
        assert ledger.broken_chains(session) == set()

    def test_heads_are_published_once_a_night_on_the_communitys_own_day(self, session, walk):
        seal(session)
        give(session, walk)
        late = dt.datetime(2027, 5, 2, 23, 30, tzinfo=dt.UTC)  # half past midnight in London
        for now in (NOW, NOW, late):
            ledger.publish_heads(session, now=now)
            seal(session, now)
        heads = ledger.published_heads(session, community_id=walk.community.id)
        assert [(one.day, one.entries) for one in heads] == [
            (dt.date(2027, 5, 2), 0),
            (dt.date(2027, 5, 3), 1),
        ]
        assert session.query(LedgerHead).count() == 2
