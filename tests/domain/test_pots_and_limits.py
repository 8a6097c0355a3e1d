"""Pots, causes, limits, topping up, putting right, explaining: what moves, what is refused."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain import ledger
from timebank.domain.ledger import explaining
from timebank.domain.ledger import limits
from timebank.domain.ledger import pots
from timebank.domain.ledger import topping_up
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Notice
from timebank.models import NoticeKind
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
        about="Hours for those who sort and carry.",
    )


def pot_of(session, walk):
    return session.query(Account).filter_by(group_id=walk.group.id).one()


def give(session, giver, account, minutes, **more):
    details = {"key": uuid.uuid4(), "memo": None, "today": TODAY, "now": NOW} | more
    return ledger.give(
        session, giver=giver, to_account_id=account.id, minutes=minutes, **details
    )  # fmt: skip


def spend(session, pot, account, minutes, by, **more):
    details = {"key": uuid.uuid4(), "memo": "For the tea", "today": TODAY, "now": NOW} | more
    return pots.spend(
        session, pot=pot, to_account_id=account.id, minutes=minutes, by=by.id, **details
    )  # fmt: skip


def balance(session, account):
    session.expire_all()
    return session.get(Account, account.id).balance


def account_of(session, member):
    return builders.account_of(session, member)


# ----------------------------------------------------------------------------- pots and causes


def test_hours_given_to_a_cause_are_in_it_and_stay(session, walk, cause):
    give(session, walk.bela, cause, 90, memo="Well done")
    assert balance(session, cause) == 90
    [pot] = [one for one in pots.read_pots(session, community_id=walk.community.id) if
             one.id == cause.id]  # fmt: skip
    assert (pot.name, pot.balance_minutes, pot.given_minutes, pot.givers) == (
        "Food bank", 90, 90, None,
    )  # fmt: skip
    with pytest.raises(NotFound):
        spend(session, cause, account_of(session, walk.sam), 30, walk.ama)


def test_a_gift_that_was_taken_back_no_longer_counts_as_given(session, walk, cause):
    gift = give(session, walk.bela, cause, 90)
    ledger.reverse(session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
    assert pots.read_pot(
        session, community_id=walk.community.id, account_id=cause.id
    ).given_minutes == 0  # fmt: skip


def test_how_many_gave_is_told_from_five_on(session, walk, cause):
    givers = [builders.a_member(session, walk.community, f"Giver {n}", None) for n in range(5)]

    def told():
        pot = pots.read_pot(session, community_id=walk.community.id, account_id=cause.id)
        return pot.givers

    for one in givers[:4]:
        give(session, one, cause, 30)
    assert told() is None
    give(session, givers[4], cause, 30)
    assert told() == 5


def test_the_same_gift_sent_twice_is_one(session, walk, cause):
    key = uuid.uuid4()
    first = give(session, walk.bela, cause, 90, key=key, memo="Well done")
    assert give(session, walk.bela, cause, 90, key=key, memo="Well done").id == first.id
    with pytest.raises(ledger.KeyReused):
        give(session, walk.bela, cause, 91, key=key, memo="Well done")
    with pytest.raises(ledger.KeyReused):
        give(session, walk.bela, cause, 90, key=key, memo="Other words")
    assert balance(session, cause) == 90


def test_nobody_gives_to_themselves_to_the_commons_or_elsewhere(session, walk):
    elsewhere = builders.an_elsewhere(session)
    with pytest.raises(ledger.ToOneself):
        give(session, walk.bela, account_of(session, walk.bela), 30)
    for account in (
        builders.commons_of(session, walk.community),
        builders.commons_of(session, elsewhere.community),
    ):
        with pytest.raises(NotFound):
            give(session, walk.bela, account, 30)


@pytest.mark.parametrize("minutes", [0, -5, 600_001])
def test_minutes_of_the_wrong_kind_are_refused(session, walk, cause, minutes):
    with pytest.raises(ledger.SoManyHours):
        give(session, walk.bela, cause, minutes)


def test_a_group_spends_what_is_in_its_pot_and_not_a_minute_more(session, walk):
    pot = pot_of(session, walk)
    give(session, walk.bela, pot, 60)
    spend(session, pot, account_of(session, walk.sam), 45, walk.nadia)
    with pytest.raises(ledger.BelowFloor):
        spend(session, pot, account_of(session, walk.sam), 16, walk.nadia)
    assert (balance(session, pot), balance(session, account_of(session, walk.sam))) == (15, 45)


def test_nobody_spends_a_pot_on_themselves(session, walk):
    pot = pot_of(session, walk)
    give(session, walk.bela, pot, 60)
    with pytest.raises(ledger.OwnHours):
        spend(session, pot, account_of(session, walk.nadia), 30, walk.nadia)


def test_a_closed_cause_leaves_its_hours_to_the_community_and_takes_no_more(session, walk, cause):
    give(session, walk.bela, cause, 90)
    close = {"by": walk.ama.id, "key": uuid.uuid4(), "today": TODAY, "now": NOW}
    left = pots.close_pot(session, pot=cause, **close)
    assert (left.kind, left.minutes) == (TransferKind.CLOSING, 90)
    assert pots.close_pot(session, pot=cause, **close) is None
    assert balance(session, cause) == 0
    with pytest.raises(ledger.AccountClosed):
        give(session, walk.bela, cause, 30)


@pytest.mark.parametrize(
    ("name", "about", "refusal"),
    [
        ("", "x", pots.NameItself),
        ("x" * 81, "x", pots.NameItself),
        ("food BANK", "x", pots.NameItself),
        ("Another", "", pots.SayWhatFor),
        ("Another", "x" * 501, pots.SayWhatFor),
    ],
)
@pytest.mark.usefixtures("cause")
def test_a_cause_says_what_it_is(session, walk, name, about, refusal):
    with pytest.raises(refusal):
        pots.make_pot(
            session,
            community_id=walk.community.id,
            kind=AccountKind.CAUSE,
            name=name,
            about=about,
        )


# --------------------------------------------------------------------------------------- limits


def set_limits(session, walk, member, **numbers):
    return limits.set_limits(
        session,
        account=account_of(session, member),
        limits=replace(limits.Limits(floor=-600), **numbers),
        reason="She asked",
        by=walk.ama.id,
        now=NOW,
    )


def test_limits_change_with_a_reason_that_is_kept(session, walk):
    set_limits(session, walk, walk.bela, floor=-900, soft_floor=-100, ceiling=3000)
    account = account_of(session, walk.bela)
    assert (account.floor, account.soft_floor, account.ceiling) == (-900, -100, 3000)
    [logged] = limits.limit_log(session, account_id=account.id)
    assert (logged.floor, logged.reason, logged.created_by) == (-900, "She asked", walk.ama.id)


@pytest.mark.parametrize(
    ("numbers", "refusal"),
    [
        ({"soft_floor": -601}, limits.LimitsOutOfOrder),
        ({"soft_floor": 1}, limits.LimitsOutOfOrder),
        ({"floor": 1}, limits.LimitsOutOfOrder),
        ({"floor": -60_001}, limits.LimitsOutOfOrder),
        ({"ceiling": -1}, limits.LimitsOutOfOrder),
    ],
)
def test_limits_out_of_order_are_refused(session, walk, numbers, refusal):
    with pytest.raises(refusal):
        set_limits(session, walk, walk.bela, **numbers)
    assert limits.limit_log(session, account_id=account_of(session, walk.bela).id) == []


def test_a_floor_above_the_balance_is_refused(session, walk, cause):
    give(session, walk.bela, cause, 300)
    with pytest.raises(limits.FloorAboveBalance):
        set_limits(session, walk, walk.bela, floor=-299)


def test_a_gift_above_the_ceiling_is_refused_and_an_earned_hour_is_not(session, walk):
    set_limits(session, walk, walk.sam, ceiling=60)
    with pytest.raises(ledger.AboveCeiling):
        give(session, walk.bela, account_of(session, walk.sam), 61)
    claim = builders.a_claim(session, walk.marshal, walk.sam)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    assert balance(session, account_of(session, walk.sam)) == 90


def test_no_number_of_gifts_at_once_crosses_the_floor(session, engine, walk, cause):
    session.commit()
    answers = []

    def rush():
        with Session(engine) as own:
            bela = own.get(type(walk.bela), walk.bela.id)
            try:
                give(own, bela, cause, 60)
                own.commit()
                answers.append("given")
            except ledger.BelowFloor:
                answers.append("refused")

    threads = [threading.Thread(target=rush) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["given"] * 10 + ["refused"] * 20
    assert balance(session, account_of(session, walk.bela)) == -600


# ----------------------------------------------------------------------------------- topping up


@pytest.fixture
def policy(session, walk):
    pot = pot_of(session, walk)
    give(session, walk.sam, pot, 300)
    topping_up.set_policy(
        session,
        pot=pot,
        minutes=120,
        most_a_year=2,
        words="When somebody has been ill.",
        by=walk.ama.id,
        now=NOW,
    )


def top_up(session, walk, member, key=None, by=None):
    return topping_up.top_up(
        session,
        community_id=walk.community.id,
        membership_id=member.id,
        by=(by or walk.ama).id,
        key=key or uuid.uuid4(),
        today=TODAY,
        now=NOW,
    )


def low(session, walk):
    return [one.full_name for one in topping_up.read_low(
        session, community_id=walk.community.id, now=NOW)]  # fmt: skip


@pytest.mark.usefixtures("policy")
def test_who_is_low_is_rung_and_topped_up_as_often_as_the_policy_says(session, walk, cause):
    give(session, walk.bela, cause, 600)
    assert low(session, walk) == ["Bela Novak", "Sam Tran"]
    key = uuid.uuid4()
    first = top_up(session, walk, walk.bela, key)
    assert (first.kind, first.minutes) == (TransferKind.TOP_UP, 120)
    assert top_up(session, walk, walk.bela, key).id == first.id
    top_up(session, walk, walk.bela)
    with pytest.raises(topping_up.ToppedUpEnough):
        top_up(session, walk, walk.bela)
    assert balance(session, account_of(session, walk.bela)) == -360


@pytest.mark.usefixtures("policy")
def test_who_is_not_low_is_not_topped_up(session, walk):
    with pytest.raises(topping_up.NotLow):
        top_up(session, walk, walk.bela)


def test_without_a_written_policy_nobody_is_topped_up(session, walk, cause):
    give(session, walk.bela, cause, 600)
    with pytest.raises(topping_up.NoPolicy):
        top_up(session, walk, walk.bela)


@pytest.mark.usefixtures("policy")
def test_a_coordinator_does_not_top_up_herself(session, walk, cause):
    give(session, walk.ama, cause, 600)
    with pytest.raises(ledger.OwnHours):
        top_up(session, walk, walk.ama)


# --------------------------------------------------------------- putting right and explaining


def correct(session, walk, transfer, minutes, **more):
    details = {"by": walk.ama.id, "key": uuid.uuid4(), "memo": "It was less", "now": NOW} | more
    return ledger.correct(session, transfer=transfer, minutes=minutes, **details)


def test_a_correction_is_a_reversal_and_a_new_entry_of_the_same_day(session, walk):
    sam = account_of(session, walk.sam)
    gift = give(session, walk.bela, sam, 90, today=TODAY - dt.timedelta(days=40))
    key = uuid.uuid4()
    anew = correct(session, walk, gift, 60, key=key)
    assert (anew.kind, anew.minutes, anew.happened_on) == (
        TransferKind.GIFT, 60, TODAY - dt.timedelta(days=40),
    )  # fmt: skip
    assert correct(session, walk, gift, 60, key=key).id == anew.id
    assert balance(session, sam) == 60
    with pytest.raises(ledger.AlreadyReversed):
        correct(session, walk, gift, 30)


def test_both_hear_of_an_entry_put_right_in_one_message_each(session, walk):
    gift = give(session, walk.bela, account_of(session, walk.sam), 90)
    ledger.put_right(
        session,
        transfer=gift,
        minutes=60,
        by=walk.ama.id,
        key=uuid.uuid4(),
        memo="It was less",
        now=NOW,
    )
    told = session.query(Notice).filter_by(kind=NoticeKind.HOURS_MOVED).all()
    assert {(one.person_id, one.facts["minutes"], one.facts["is_put_right"]) for one in told} == {
        (walk.bela.person_id, "30", "yes"),
        (walk.sam.person_id, "-30", "yes"),
    }


def test_a_turn_is_corrected_under_its_next_revision(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    earn = session.query(Transfer).filter_by(claim_id=claim.id).one()
    anew = correct(session, walk, earn, 60)
    assert (anew.kind, anew.revision, anew.claim_id) == (TransferKind.ADJUST, 1, claim.id)
    assert correct(session, walk, anew, 0) is None
    assert balance(session, account_of(session, walk.bela)) == 0


def test_what_cannot_be_corrected_is_refused(session, walk):
    gift = give(session, walk.bela, account_of(session, walk.sam), 90)
    with pytest.raises(ledger.NothingToCorrect):
        correct(session, walk, gift, 90)
    correct(session, walk, gift, 0)
    mirror = session.query(Transfer).filter_by(reverses_id=gift.id).one()
    with pytest.raises(ledger.CannotCorrect):
        correct(session, walk, mirror, 30)


def test_an_entry_is_explained_down_to_the_tick(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    claim.arrived_at, claim.arrived_by = NOW, walk.nadia.id
    session.flush()
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.ama.id, now=NOW)
    earn = session.query(Transfer).filter_by(claim_id=claim.id).one()
    found = explaining.explain(
        session,
        community_id=walk.community.id,
        transfer_id=earn.id,
        account_id=account_of(session, walk.bela).id,
    )
    assert found.turn == explaining.Turn(
        title="Danson Saturday Stroll",
        slug="danson-saturday-stroll",
        occurs_on=walk.event.occurs_on,
        job="Marshal",
        planned_minutes=90,
        seen_at=NOW,
        seen_by="Nadia K",
    )
    assert (found.minutes, found.balance_minutes, found.written_by) == (90, 90, "Ama O")


def test_an_entry_is_explained_to_its_two_sides_alone(session, walk):
    gift = give(session, walk.bela, account_of(session, walk.sam), 90, memo="Curtains")
    read = {
        member: explaining.explain(
            session,
            community_id=walk.community.id,
            transfer_id=gift.id,
            account_id=account_of(session, getattr(walk, member)).id,
        )
        for member in ("bela", "sam")
    }
    assert [(one.minutes, one.other, one.memo) for one in read.values()] == [
        (-90, "Sam T", "Curtains"),
        (90, "Bela N", "Curtains"),
    ]
    with pytest.raises(NotFound):
        explaining.explain(
            session,
            community_id=walk.community.id,
            transfer_id=gift.id,
            account_id=account_of(session, walk.nadia).id,
        )


def test_an_account_that_is_looked_into_moves_nothing(session, walk):
    sam = account_of(session, walk.sam)
    session.execute(
        sa.update(Account).where(Account.id == sam.id).values(read_only_since=NOW)
    )  # fmt: skip
    with pytest.raises(ledger.ReadOnly):
        give(session, walk.bela, sam, 30)
