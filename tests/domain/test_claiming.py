from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.statements import count_statements
from timebank.domain.rota import claiming
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import NoticeState
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
ON_THE_EVE = dt.datetime(2027, 4, 30, 20, tzinfo=dt.UTC)


def claim(session, slot, member, now=NOW):
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=now)


def hold(session, slot, member, now=NOW, name="Sam Tran"):
    return claiming.hold_slot(
        session, slot_id=slot.id, membership_id=member.id, held_as=name, now=now
    )


def notices(session):
    rows = session.query(Notice).filter(Notice.state == NoticeState.PENDING)
    return {(row.kind.value, row.not_before.isoformat()) for row in rows}


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def test_claiming_takes_the_lowest_free_place_and_says_so_by_mail(session, walk):
    with count_statements() as count:
        first = claim(session, walk.marshal, walk.bela)
    claim(session, walk.marshal, walk.sam)
    places = session.scalars(sa.select(Claim.place).order_by(Claim.id)).all()
    closer_look, with_its_savepoint = 4, 3
    assert (places, first.state, count.total) == (
        [1, 2],
        ClaimState.CONFIRMED,
        closer_look + with_its_savepoint,
    )
    session.execute(sa.delete(Notice).where(Notice.claim_id != first.id))
    assert notices(session) == {
        ("you_are_in", "2027-04-20T12:00:00+00:00"),
    }


def test_claim_slot_when_full_is_refused(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    with pytest.raises(claiming.SlotFull):
        claim(session, walk.tail_walker, walk.sam)


def test_a_second_claim_on_the_same_slot_is_refused(session, walk):
    claim(session, walk.marshal, walk.bela)
    with pytest.raises(claiming.AlreadyYours):
        claim(session, walk.marshal, walk.bela)


def test_a_turn_at_the_same_time_is_refused(session, walk):
    claim(session, walk.marshal, walk.bela)
    with pytest.raises(claiming.WouldOverlap):
        claim(session, walk.tail_walker, walk.bela)


def test_a_cancelled_date_a_past_date_and_a_draft_are_refused(session, walk):
    with pytest.raises(claiming.EventOver):
        claim(session, walk.marshal, walk.bela, now=NOW + dt.timedelta(days=30))
    session.execute(
        sa.update(Event).values(state=EventState.CANCELLED, reason="Flooded path", sequence=1)
    )
    with pytest.raises(claiming.EventCancelled):
        claim(session, walk.marshal, walk.bela)
    session.execute(sa.text("UPDATE series SET state = 'draft'"))
    with pytest.raises(claiming.NotFound):
        claim(session, walk.marshal, walk.bela)


def test_somebody_of_another_community_finds_no_such_slot(session, walk):
    elsewhere = builders.an_elsewhere(session)
    with pytest.raises(claiming.NotFound):
        claim(session, walk.marshal, elsewhere.chi)


def test_a_place_is_held_for_a_day_or_for_two_hours_on_the_eve(session, walk):
    hold(session, walk.marshal, walk.sam)
    held = session.query(Claim).one()
    assert (held.state, held.held_until) == (ClaimState.HELD, NOW + dt.timedelta(hours=24))
    assert notices(session) == {("confirm_claim", "2027-04-20T12:00:00+00:00")}
    late = hold(session, walk.tail_walker, walk.bela, now=ON_THE_EVE)
    assert session.get(Claim, late.id).held_until == ON_THE_EVE + dt.timedelta(hours=2)


def test_a_hold_never_outlasts_the_start(session, walk):
    now = walk.tail_walker.starts_at - dt.timedelta(hours=1)
    held = hold(session, walk.tail_walker, walk.sam, now=now)
    assert session.get(Claim, held.id).held_until == walk.tail_walker.starts_at


def test_a_hold_that_ran_out_gives_way_to_the_next_person(session, walk):
    hold(session, walk.tail_walker, walk.sam)
    later = NOW + dt.timedelta(hours=25)
    claim(session, walk.tail_walker, walk.bela, now=later)
    states = session.execute(
        sa.select(Claim.state, Claim.withdrawn_because).order_by(Claim.id)
    ).all()
    assert states == [
        (ClaimState.WITHDRAWN, WithdrawnBecause.LAPSED),
        (ClaimState.CONFIRMED, None),
    ]


def test_confirming_a_hold_says_so_once_and_forgets_the_typed_name(session, walk):
    held = hold(session, walk.marshal, walk.sam)
    claiming.confirm_claim(session, claim_id=held.id, now=NOW)
    claiming.confirm_claim(session, claim_id=held.id, now=NOW)
    session.expire_all()
    kept = session.query(Claim).one()
    assert (kept.state, kept.held_until, kept.held_as) == (ClaimState.CONFIRMED, None, None)
    assert {kind for kind, _ in notices(session)} == {"confirm_claim", "you_are_in"}


def test_a_late_yes_still_counts_while_the_place_is_free(session, walk):
    held = hold(session, walk.tail_walker, walk.sam)
    late = claiming.confirm_claim(session, claim_id=held.id, now=NOW + dt.timedelta(hours=30))
    assert (late.id != held.id, late.state) == (True, ClaimState.CONFIRMED)


def test_a_late_yes_after_somebody_else_is_told_so(session, walk):
    held = hold(session, walk.tail_walker, walk.sam)
    later = NOW + dt.timedelta(hours=30)
    claim(session, walk.tail_walker, walk.bela, now=later)
    with pytest.raises(claiming.HoldRanOut):
        claiming.confirm_claim(session, claim_id=held.id, now=later)


def test_a_fourth_hold_for_the_same_person_is_refused(session, walk):
    for week in range(1, 4):
        day = walk.series.first_on + dt.timedelta(weeks=week)
        event = builders.an_event(session, walk.series, day)
        hold(session, builders.a_slot(session, event, walk.marshal.role), walk.sam)
    with pytest.raises(claiming.TooManyHolds):
        hold(session, walk.marshal, walk.sam)


def test_dropping_out_frees_the_place_and_tells_the_organiser(session, walk):
    mine = claim(session, walk.tail_walker, walk.bela)
    withdrawing.withdraw_claim(session, claim_id=mine.id, now=NOW)
    withdrawing.withdraw_claim(session, claim_id=mine.id, now=NOW)
    assert {kind for kind, _ in notices(session)} == {"you_are_in", "dropped_out"}
    told = session.query(Notice).filter_by(kind="dropped_out").one()
    assert (told.person_id, told.not_before) == (
        walk.nadia.person_id,
        NOW + dt.timedelta(minutes=10),
    )
    assert claim(session, walk.tail_walker, walk.sam).state is ClaimState.CONFIRMED


def test_undo_within_ten_minutes_takes_the_place_back(session, walk):
    mine = claim(session, walk.tail_walker, walk.bela)
    withdrawing.withdraw_claim(session, claim_id=mine.id, now=NOW)
    again = withdrawing.undo_withdrawal(
        session, claim_id=mine.id, now=NOW + dt.timedelta(minutes=9)
    )
    assert again.id != mine.id
    pending = {kind for kind, _ in notices(session)}
    assert pending == {"you_are_in"}


def test_undo_after_ten_minutes_or_after_somebody_else_is_refused(session, walk):
    mine = claim(session, walk.tail_walker, walk.bela)
    withdrawing.withdraw_claim(session, claim_id=mine.id, now=NOW)
    with pytest.raises(withdrawing.TooLateToUndo):
        withdrawing.undo_withdrawal(session, claim_id=mine.id, now=NOW + dt.timedelta(minutes=11))
    claim(session, walk.tail_walker, walk.sam)
    with pytest.raises(claiming.SlotFull):
        withdrawing.undo_withdrawal(session, claim_id=mine.id, now=NOW)


def test_a_turn_that_is_over_cannot_be_given_back(session, walk):
    mine = claim(session, walk.tail_walker, walk.bela)
    with pytest.raises(claiming.EventOver):
        withdrawing.withdraw_claim(session, claim_id=mine.id, now=NOW + dt.timedelta(days=30))


def test_a_job_taken_off_while_somebody_reaches_for_it_is_gone(session, walk, engine):
    """The organiser's change is not committed yet when the other comes along, and waits."""
    slot_id, member_id = walk.marshal.id, walk.bela.id
    session.commit()
    session.execute(sa.text("SELECT FROM event FOR NO KEY UPDATE"))
    session.execute(sa.text("UPDATE slot SET closed_at = now() WHERE id = :id"), {"id": slot_id})
    refused = []

    def reach():
        with Session(engine) as another, pytest.raises(claiming.JobGone) as refusal:
            claiming.claim_slot(another, slot_id=slot_id, membership_id=member_id, now=NOW)
        refused.append(refusal.type)

    reaching = threading.Thread(target=reach)
    reaching.start()
    while not session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
        time.sleep(0.01)
    session.commit()
    reaching.join()
    assert refused == [claiming.JobGone]
