from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.statements import count_statements
from timebank.domain import communities
from timebank.domain import ledger
from timebank.domain.ledger import Credit
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 1, 11, tzinfo=dt.UTC)
TODAY = dt.date(2027, 5, 1)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def give(
    session, giver, taker, minutes, *, key=None, day=TODAY, kind=TransferKind.GIFT, **details
):
    return ledger.record(
        session,
        key=key or uuid.uuid4(),
        community_id=giver.community_id,
        debit_id=builders.account_of(session, giver).id,
        credit_id=builders.account_of(session, taker).id,
        minutes=minutes,
        kind=kind,
        happened_on=day,
        created_by=giver.id,
        now=NOW,
        **details,
    )


def earned(session, claim, by):
    ledger.credit_claims(session, claim_ids=[claim.id], by=by.id, now=NOW)
    return session.query(Transfer).filter_by(claim_id=claim.id).one()


def balances(session, *members):
    return [ledger.balance(session, membership_id=member.id) for member in members]


# ------------------------------------------------------------------------------------- moving


def test_record_moves_minutes_from_one_account_to_the_other(session, walk):
    give(session, walk.bela, walk.sam, 45)
    assert balances(session, walk.bela, walk.sam) == [-45, 45]


def test_record_the_same_key_with_the_same_details_is_one_transfer(session, walk):
    key = uuid.uuid4()
    first = give(session, walk.bela, walk.sam, 45, key=key)
    assert give(session, walk.bela, walk.sam, 45, key=key).id == first.id
    assert balances(session, walk.bela, walk.sam) == [-45, 45]


def test_record_the_same_key_with_other_details_is_refused(session, walk):
    key = uuid.uuid4()
    give(session, walk.bela, walk.sam, 45, key=key)
    with pytest.raises(ledger.KeyReused):
        give(session, walk.bela, walk.sam, 46, key=key)


def test_record_below_the_floor_is_refused_and_the_session_stays_usable(session, walk):
    with pytest.raises(ledger.BelowFloor):
        give(session, walk.bela, walk.sam, -communities.MEMBER_FLOOR_MINUTES + 1)
    give(session, walk.bela, walk.sam, -communities.MEMBER_FLOOR_MINUTES)
    assert balances(session, walk.bela) == [communities.MEMBER_FLOOR_MINUTES]


def test_record_ones_own_turn_is_refused(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela, state=ClaimState.ATTENDED)
    with pytest.raises(ledger.OwnHours):
        ledger.record(
            session,
            key=uuid.uuid4(),
            community_id=walk.community.id,
            debit_id=builders.commons_of(session, walk.community).id,
            credit_id=builders.account_of(session, walk.bela).id,
            minutes=90,
            kind=TransferKind.EARN,
            claim_id=claim.id,
            revision=0,
            happened_on=TODAY,
            created_by=walk.bela.id,
            now=NOW,
        )


def test_an_unforeseen_refusal_of_the_database_is_not_hidden(session, walk):
    with pytest.raises(sa.exc.IntegrityError, match="share_belongs_to_a_batch"):
        give(session, walk.bela, walk.sam, 30, kind=TransferKind.SHARE)


# ------------------------------------------------------------------------------------ crediting


def test_credit_marks_turns_as_done_and_posts_their_minutes(session, walk):
    marshal = builders.a_claim(session, walk.marshal, walk.bela)
    tail = builders.a_claim(session, walk.tail_walker, walk.sam)
    got = ledger.credit_claims(session, claim_ids=[marshal.id, tail.id], by=walk.nadia.id, now=NOW)
    assert {(credit.claim_id, credit.minutes) for credit in got} == {
        (marshal.id, 90),
        (tail.id, 90),
    }
    assert balances(session, walk.bela, walk.sam) == [90, 90]
    assert builders.commons_of(session, walk.community).balance == -180
    session.expire_all()
    assert marshal.state is ClaimState.ATTENDED
    row = session.query(Transfer).filter_by(claim_id=marshal.id).one()
    assert (row.kind, row.revision, row.happened_on, row.created_by, row.created_at) == (
        TransferKind.EARN,
        0,
        TODAY,
        walk.nadia.id,
        NOW,
    )


def test_credit_again_adds_nothing(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    earned(session, claim, walk.nadia)
    assert ledger.credit_claims(session, claim_ids=[claim.id], by=walk.ama.id, now=NOW) == []
    assert balances(session, walk.bela) == [90]


def test_credit_of_nothing_asks_nothing(session, walk):
    with count_statements() as count:
        assert ledger.credit_claims(session, claim_ids=[], by=walk.ama.id, now=NOW) == []
    assert count.total == 0


def test_credit_leaves_a_turn_that_was_given_back(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    claim.state = ClaimState.WITHDRAWN
    claim.withdrawn_at, claim.withdrawn_because = NOW, "person"
    session.flush()
    assert ledger.credit_claims(session, claim_ids=[claim.id], by=walk.ama.id, now=NOW) == []


def test_credit_of_ones_own_turn_waits_for_somebody_else(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.nadia)
    claim.arrived_at, claim.arrived_by = NOW, walk.nadia.id
    session.flush()
    ids = [claim.id]
    assert ledger.credit_claims(session, claim_ids=ids, by=walk.nadia.id, now=NOW) == []
    assert len(ledger.credit_claims(session, claim_ids=ids, by=walk.ama.id, now=NOW)) == 1


def test_credit_of_ones_own_turn_counts_when_somebody_else_saw_it(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.nadia)
    claim.arrived_at, claim.arrived_by = NOW, walk.ama.id
    session.flush()
    assert earned(session, claim, walk.nadia).created_by == walk.ama.id


def test_credit_after_a_reversal_is_an_adjust_under_the_next_revision(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    first = earned(session, claim, walk.nadia)
    ledger.reverse(session, transfer=first, by=walk.nadia.id, key=uuid.uuid4(), now=NOW)
    session.expire(claim)
    claim.state = ClaimState.MISSED
    session.flush()
    [again] = ledger.credit_claims(session, claim_ids=[claim.id], by=walk.ama.id, now=NOW)
    row = session.get_one(Transfer, again.transfer_id)
    assert (row.kind, row.revision) == (TransferKind.ADJUST, 1)
    assert balances(session, walk.bela) == [90]


def test_credit_asks_the_same_statements_whatever_the_number(session, walk):
    role = builders.a_role(session, walk.series, places=20, name="Picker")
    slot = builders.a_slot(session, walk.event, role)
    claims = [
        builders.a_claim(
            session, slot, builders.a_member(session, walk.community, f"P{n} Q"), place=n
        ).id
        for n in range(1, 21)
    ]
    with count_statements() as count:
        got = ledger.credit_claims(session, claim_ids=claims, by=walk.ama.id, now=NOW)
    assert (len(got), count.total) == (20, 6)


def test_forty_claims_credited_by_fifty_rivals_are_forty_earns(engine, session, walk):
    role = builders.a_role(session, walk.series, places=40, name="Picker")
    slot = builders.a_slot(session, walk.event, role)
    claims = [
        builders.a_claim(
            session, slot, builders.a_member(session, walk.community, f"P{n} Q"), place=n
        ).id
        for n in range(1, 41)
    ]
    session.commit()
    gate, outcomes = threading.Barrier(50), []

    def tap(number):
        order = claims if number % 2 else claims[::-1]
        with Session(engine) as own:
            gate.wait()
            got = ledger.credit_claims(own, claim_ids=order, by=walk.ama.id, now=NOW)
            own.commit()
            outcomes.append(got)

    rivals = [threading.Thread(target=tap, args=(number,)) for number in range(50)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert len(outcomes) == 50
    assert sorted(credit.claim_id for got in outcomes for credit in got) == claims
    assert session.query(Transfer).count() == 40
    assert session.query(Claim).filter_by(state=ClaimState.ATTENDED).count() == 40
    session.expire_all()
    assert builders.commons_of(session, walk.community).balance == -40 * 90


# ------------------------------------------------------------------------------------ reversing


def test_reverse_gives_the_minutes_back_on_the_same_day(session, walk):
    gift = give(session, walk.bela, walk.sam, 45, day=dt.date(2027, 4, 20))
    mirror = ledger.reverse(
        session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW, memo="Sent twice"
    )
    assert balances(session, walk.bela, walk.sam) == [0, 0]
    assert (mirror.reverses_id, mirror.happened_on, builders.memo_of(session, mirror)) == (
        gift.id,
        dt.date(2027, 4, 20),
        "Sent twice",
    )


def test_reverse_again_with_the_same_key_is_one_reversal(session, walk):
    gift, key = give(session, walk.bela, walk.sam, 45), uuid.uuid4()
    first = ledger.reverse(session, transfer=gift, by=walk.ama.id, key=key, now=NOW)
    assert ledger.reverse(session, transfer=gift, by=walk.ama.id, key=key, now=NOW).id == first.id


def test_reverse_under_another_key_is_refused(session, walk):
    gift = give(session, walk.bela, walk.sam, 45)
    ledger.reverse(session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
    with pytest.raises(ledger.AlreadyReversed):
        ledger.reverse(session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW)


def test_reverse_may_go_below_the_floor_and_tells_the_coordinators(session, walk):
    earn = earned(session, builders.a_claim(session, walk.marshal, walk.bela), walk.nadia)
    give(session, walk.bela, walk.sam, 690)
    ledger.reverse(session, transfer=earn, by=walk.nadia.id, key=uuid.uuid4(), now=NOW)
    assert balances(session, walk.bela) == [-690]
    notice = session.query(Notice).filter_by(kind=NoticeKind.BELOW_FLOOR).one()
    assert notice.person_id == walk.ama.person_id
    assert notice.facts == {"membership_id": str(walk.bela.id), "balance_minutes": "-690"}


def test_reverse_above_the_floor_tells_nobody(session, walk):
    earn = earned(session, builders.a_claim(session, walk.marshal, walk.bela), walk.nadia)
    ledger.reverse(session, transfer=earn, by=walk.nadia.id, key=uuid.uuid4(), now=NOW)
    assert session.query(Notice).count() == 0


# ------------------------------------------------------------------------------------- reading


def test_entries_tell_what_came_in_and_what_went_out(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    earn = earned(session, claim, walk.nadia)
    gift = give(session, walk.bela, walk.sam, 30, memo="Hemming curtains")
    entries = ledger.recent_entries(session, membership_id=walk.bela.id, limit=5)
    turn = ledger.Entry(
        id=earn.id,
        kind=TransferKind.EARN,
        what="Danson Saturday Stroll",
        detail="Marshal",
        on=TODAY,
        written_at=NOW,
        minutes=90,
        balance_minutes=90,
        is_between_neighbours=False,
        slug="danson-saturday-stroll",
        date=TODAY,
    )
    assert entries == [
        replace(
            turn,
            id=gift.id,
            kind=TransferKind.GIFT,
            what="Sam T",
            detail="Hemming curtains",
            minutes=-30,
            balance_minutes=60,
            is_between_neighbours=True,
            slug=None,
            date=None,
        ),
        turn,
    ]


def test_a_reversed_turn_still_names_its_event(session, walk):
    earn = earned(session, builders.a_claim(session, walk.marshal, walk.bela), walk.nadia)
    ledger.reverse(session, transfer=earn, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
    [newest, _] = ledger.recent_entries(session, membership_id=walk.bela.id)
    assert (newest.what, newest.minutes, newest.balance_minutes) == (
        "Danson Saturday Stroll",
        -90,
        0,
    )


def test_entries_name_pots_and_people_who_have_left(session, walk):
    pot = session.scalars(sa.text("SELECT id FROM account WHERE kind = 'pot'")).one()
    ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=builders.account_of(session, walk.bela).id,
        credit_id=pot,
        minutes=60,
        kind=TransferKind.GIFT,
        happened_on=TODAY,
        created_by=walk.bela.id,
        now=NOW,
    )
    give(session, walk.bela, walk.sam, 30)
    session.execute(sa.text("DELETE FROM profile WHERE person_id = :p"), {"p": walk.sam.person_id})
    names = [e.what for e in ledger.recent_entries(session, membership_id=walk.bela.id)]
    assert names == [f"Former member {walk.sam.id}", "Danson Strollers"]


def test_a_late_entry_stands_on_the_day_it_happened(session, walk):
    give(session, walk.sam, walk.bela, 60, day=dt.date(2027, 4, 20))
    give(session, walk.sam, walk.bela, 30, day=dt.date(2027, 3, 1))
    lines = [
        (entry.on, entry.minutes, entry.balance_minutes)
        for entry in ledger.all_entries(session, membership_id=walk.bela.id)
    ]
    assert lines == [(dt.date(2027, 4, 20), 60, 90), (dt.date(2027, 3, 1), 30, 30)]


def test_balance_as_at_a_past_day(session, walk):
    give(session, walk.sam, walk.bela, 60, day=dt.date(2027, 4, 20))
    give(session, walk.bela, walk.sam, 15, day=dt.date(2027, 4, 22))

    def as_at(day):
        return ledger.balance_as_at(session, membership_id=walk.bela.id, day=day)

    assert [as_at(dt.date(2027, 4, d)) for d in (19, 20, 21, 22)] == [0, 60, 60, 45]


def test_entries_are_read_page_by_page_without_gap_or_repeat(session, walk):
    for number in range(7):
        give(session, walk.sam, walk.bela, number + 1, day=dt.date(2027, 4, 1 + number // 3))
    whole = ledger.all_entries(session, membership_id=walk.bela.id)
    first = ledger.recent_entries(session, membership_id=walk.bela.id, limit=4)
    with count_statements() as count:
        rest = ledger.entries_before(
            session, membership_id=walk.bela.id, before=first[-1].position, limit=4
        )
    assert first + rest == whole
    assert count.total == 1


def test_nobody_reads_another_members_entries(session, walk):
    chi = builders.an_elsewhere(session).chi
    give(session, walk.sam, walk.bela, 60)
    assert ledger.recent_entries(session, membership_id=chi.id) == []
    assert ledger.balance(session, membership_id=chi.id) == 0


def test_a_credit_is_a_plain_value():
    assert Credit(1, 2, 3) == Credit(transfer_id=1, claim_id=2, minutes=3)
