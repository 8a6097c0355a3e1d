"""Entries put right: the turn, the key, one's own hours, and pots that were closed meanwhile."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from tests import builders
from timebank.domain import communities
from timebank.domain import ledger
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing
from timebank.domain.joining import leaving
from timebank.domain.joining.leaving import Whereto
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


class TestWhoeverHasLeft:
    """Their account is closed, and stays empty: what is put right goes where their hours went."""

    @staticmethod
    def leave(session, member, whereto=Whereto.COMMUNITY, pot=None):
        pot_id = pot.id if pot else None
        leaving.leave(
            session, member=member, whereto=whereto, pot_id=pot_id, key=uuid.uuid4(), now=NOW
        )

    @staticmethod
    def books(session, walk):
        """Whose balance is what, but for nought; the proof looks at them first."""
        session.expire_all()
        [proof] = ledger.reconcile(session, now=NOW)
        assert proof.proved
        closed = session.query(Account).filter(
            Account.kind == AccountKind.MEMBER, Account.closed_at.is_not(None)
        )
        assert {account.balance for account in closed} <= {0}
        rows = session.query(Account).filter(Account.balance != 0).order_by(Account.balance)
        named = {
            builders.account_of(session, who).id: name
            for name, who in (("Bela", walk.bela), ("Sam", walk.sam))
        }
        return {named.get(row.id, row.name or row.kind.value): row.balance for row in rows}

    def test_takes_a_turn_with_them_that_is_put_right(self, session, walk):
        earn = earned(session, walk)
        self.leave(session, walk.bela)
        closed_at = builders.account_of(session, walk.bela).closed_at
        key = uuid.uuid4()
        put_right(session, walk, earn, earn.minutes - 30, key=key)
        assert self.books(session, walk) == {}
        account = builders.account_of(session, walk.bela)
        assert account.closed_at == closed_at
        onward = session.query(Transfer).filter_by(kind="closing").order_by(Transfer.id).all()[-1]
        assert (onward.credit_id, onward.minutes) == (account.id, 30)
        assert (onward.created_by, onward.happened_on) == (walk.ama.id, TODAY)
        put_right(session, walk, earn, earn.minutes - 30, key=key)
        assert session.query(Transfer).filter_by(kind="closing").count() == 2

    def test_has_given_them_to_a_pot_which_gives_them_back(self, session, walk, cause):
        earn = earned(session, walk)
        self.leave(session, walk.bela, Whereto.POT, cause)
        put_right(session, walk, earn, 30)
        assert self.books(session, walk) == {"community": -30, "Food bank": 30}
        [anew] = session.query(Transfer).filter_by(kind="adjust")
        put_right(session, walk, anew, 75)
        assert self.books(session, walk) == {"community": -75, "Food bank": 75}
        put_right(session, walk, session.query(Transfer).filter_by(revision=2).one(), 0)
        assert self.books(session, walk) == {}

    def test_and_a_pot_that_has_spent_them_is_helped_by_the_community(self, session, walk):
        pot = session.query(Account).filter_by(group_id=walk.group.id).one()
        earn = earned(session, walk)
        self.leave(session, walk.bela, Whereto.POT, pot)
        sam = builders.account_of(session, walk.sam)
        pots.spend(
            session, pot=session.get(Account, pot.id), to_account_id=sam.id, minutes=earn.minutes,
            by=walk.nadia.id, key=uuid.uuid4(), memo=None, today=TODAY, now=NOW,
        )  # fmt: skip
        put_right(session, walk, earn, 0)
        assert self.books(session, walk) == {"community": -earn.minutes, "Sam": earn.minutes}

    def test_and_a_pot_that_is_closed_by_now_too(self, session, walk, cause):
        earn = earned(session, walk)
        self.leave(session, walk.bela, Whereto.POT, cause)
        close = {"by": walk.ama.id, "today": TODAY, "now": NOW, "key": uuid.uuid4()}
        pots.close_pot(session, pot=session.get(Account, cause.id), **close)
        put_right(session, walk, earn, 30)
        assert self.books(session, walk) == {}

    @pytest.mark.parametrize("is_sam_gone", [False, True])
    def test_has_given_less_than_was_written_down(self, session, walk, cause, is_sam_gone):
        gift = give(session, walk.bela, builders.account_of(session, walk.sam), 90)
        give(session, walk.nadia, builders.account_of(session, walk.bela), 120)
        self.leave(session, walk.bela, Whereto.POT, cause)
        if is_sam_gone:
            self.leave(session, walk.sam)
        put_right(session, walk, gift, 30)
        books = self.books(session, walk)
        assert books.pop("Food bank") == 90
        assert books.pop("member") == -120
        assert books == ({"community": 30} if is_sam_gone else {"Sam": 30})

    def test_and_is_thanked_no_more_when_help_is_undone(self, session, walk):
        thanks = thanking.Thanks(
            helper_id=walk.bela.id,
            helped_id=walk.sam.id,
            payer_id=builders.account_of(session, walk.sam).id,
            what="The hedge",
            minutes=60,
            happened_on=TODAY,
        )
        done = thanking.thank(
            session, thanks=thanks, by=walk.sam, key=uuid.uuid4(), today=TODAY, now=NOW
        )
        self.leave(session, walk.bela)
        undoing.undo(session, exchange=done, by=walk.sam, now=NOW)
        assert self.books(session, walk) == {}

    def test_and_had_a_part_in_a_batch_that_is_taken_back(self, session, walk, cause):
        pot = session.query(Account).filter_by(group_id=walk.group.id).one()
        give(session, walk.nadia, pot, 300)
        batch = ledger.post_batch(
            session, key=uuid.uuid4(), community_id=walk.community.id, kind=BatchKind.COMMITTEE,
            title="Committee", happened_on=TODAY, by=walk.nadia.id, now=NOW,
            legs=[
                ledger.Leg(
                    debit_id=pot.id, credit_id=builders.account_of(session, who).id, minutes=60
                )
                for who in (walk.bela, walk.sam)
            ],
        )  # fmt: skip
        self.leave(session, walk.bela, Whereto.POT, cause)
        batches.take_back_batch(
            session, batch=batch, by=walk.ama.id, key=uuid.uuid4(), memo=None, now=NOW
        )
        assert self.books(session, walk) == {"member": -300, pot.name: 300}

    def test_and_is_ticked_later_still_earns_for_who_has_their_hours(self, session, walk, cause):
        give(session, walk.sam, builders.account_of(session, walk.bela), 60)
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        claim.arrived_at, claim.arrived_by = NOW, walk.nadia.id
        session.flush()
        self.leave(session, walk.bela, Whereto.POT, cause)
        [credit] = ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
        assert self.books(session, walk) == {
            "Sam": -60, "community": -credit.minutes, "Food bank": 60 + credit.minutes,
        }  # fmt: skip

    def test_has_their_hours_back_by_coming_back_only(self, session, walk):
        earn = earned(session, walk)
        self.leave(session, walk.bela)
        [left] = session.query(Transfer).filter_by(kind="closing")
        with pytest.raises(correcting.GoneWithThem) as refusal:
            put_right(session, walk, left, 0)
        assert refusal.value.field == "minutes"
        communities.join(session, community_id=walk.community.id, person_id=walk.bela.person_id)
        put_right(session, walk, left, 0)
        assert self.books(session, walk) == {"community": -earn.minutes, "Bela": earn.minutes}


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
