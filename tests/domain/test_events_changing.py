from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain import events
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import following
from timebank.domain.rota import reminders
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import Slot
from timebank.models import Venue
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
AN_HOUR = dt.timedelta(hours=1)


@pytest.fixture
def walk(session):
    """Bela is a marshal (8:45 to 10:15) and Sam walks at the tail (9 to 10:30)."""
    walk = builders.a_walk(session)
    claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=NOW)
    claiming.claim_slot(session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW)
    session.commit()
    return walk


def move(session, walk, by=AN_HOUR, *, who=None, now=NOW, **values):
    changing.move_event(
        session,
        event=walk.event,
        **{
            "starts_at": walk.event.starts_at + by,
            "ends_at": walk.event.ends_at + by,
            "reason": "The café opens later",
            "by": who or walk.nadia,
            "now": now,
            **values,
        },
    )


def cancel(session, walk, *, who=None, now=NOW):
    return changing.cancel_event(
        session, event=walk.event, reason="Flooded path", by=who or walk.nadia, now=now
    )


def notices(session, kind, state="pending"):
    session.expire_all()
    found = sa.select(Notice).filter_by(kind=kind, state=state).order_by(Notice.person_id)
    return session.scalars(found).all()


def starts(session, record):
    session.expire_all()
    return {row.starts_at for row in session.scalars(sa.select(record).order_by(record.starts_at))}


def test_a_moved_date_takes_its_jobs_and_turns_along(session, walk):
    before = starts(session, Slot)
    move(session, walk)
    assert starts(session, Slot) == starts(session, Claim) == {at + AN_HOUR for at in before}
    assert walk.event.sequence > 0
    assert walk.event.updated_at == NOW
    assert walk.event.reason == "The café opens later"


def test_whoever_has_a_turn_on_a_moved_date_is_told_why_and_from_when(session, walk):
    move(session, walk)
    told = notices(session, "event_moved")
    assert [notice.person_id for notice in told] == [walk.bela.person_id, walk.sam.person_id]
    assert told[0].facts == {
        "earlier_starts_at": "2027-05-01T07:45:00+00:00",
        "reason": "The café opens later",
    }
    assert told[0].starts_at == dt.datetime(2027, 5, 1, 8, 45, tzinfo=dt.UTC)
    assert told[0].not_before == NOW


def test_a_reminder_of_the_earlier_time_is_taken_back_and_the_new_one_comes_in_time(session, walk):
    eve = dt.datetime(2027, 4, 30, 17, 30, tzinfo=dt.UTC)
    assert reminders.plan_due(session, now=eve) == 2
    move(session, walk, dt.timedelta(days=1))
    assert notices(session, "reminder_eve") == []
    assert reminders.plan_due(session, now=eve + dt.timedelta(days=1)) == 2


def test_there_and_back_again_is_told_once_more(session, walk):
    move(session, walk)
    for notice in notices(session, "event_moved"):
        notice.state = "sent"
    session.flush()
    move(session, walk, -AN_HOUR, reason="It doesn’t after all")
    move(session, walk, reason="Now it does")
    told = notices(session, "event_moved")
    assert [notice.facts["reason"] for notice in told] == ["Now it does", "Now it does"]


def test_another_place_is_told_too(session, walk):
    move(session, walk, by=dt.timedelta(0), venue=events.VenueDraft(name="Hall Place"))
    assert session.get(Venue, walk.event.venue_id).name == "Hall Place"
    assert len(notices(session, "event_moved")) == 2
    move(session, walk, by=dt.timedelta(0), venue=events.VenueDraft(name="Lesnes Abbey"))
    assert [n.facts["earlier_place"] for n in notices(session, "event_moved")] == [
        "Hall Place",
        "Hall Place",
    ]


def test_a_move_to_where_it_is_already_is_refused(session, walk):
    with pytest.raises(changing.NothingChanged):
        move(session, walk, dt.timedelta(0))


def test_a_longer_date_keeps_its_turns_and_tells_nobody(session, walk):
    move(session, walk, dt.timedelta(0), ends_at=walk.event.ends_at + AN_HOUR)
    assert walk.event.sequence == 1
    assert notices(session, "event_moved") == []


def test_somebody_without_email_is_told_too(session, walk):
    walter = builders.a_member(session, walk.community, "Walter Pugh", email=None)
    claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walter.id, now=NOW)
    move(session, walk)
    told = notices(session, "event_moved")  # by letter or telephone, which is seen to later
    assert [one.person_id for one in told][2:] == [walter.person_id]


def test_turns_that_touch_move_together(session, walk):
    late = builders.a_role(
        session, walk.series, name="Tea", starts_after_minutes=90, duration_minutes=30, position=3
    )
    tea = builders.a_slot(session, walk.event, late)
    claiming.claim_slot(session, slot_id=tea.id, membership_id=walk.sam.id, now=NOW)
    for offset in (30, -30, 15, -60):
        move(session, walk, dt.timedelta(minutes=offset))
    session.refresh(tea)
    assert tea.starts_at == walk.event.starts_at + dt.timedelta(minutes=90)


def a_later_date(session, walk, hour):
    """Another series of the group at the same place, on the same day."""
    series = builders.a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        slug="tea",
        starts=dt.time(hour),
        ends=dt.time(hour + 1),
    )
    event = builders.an_event(session, series)
    return builders.a_slot(session, event, builders.a_role(session, series, duration_minutes=60))


def test_a_move_into_somebodys_other_turn_is_refused_as_a_whole_and_names_them(session, walk):
    other = a_later_date(session, walk, 12)
    claiming.claim_slot(session, slot_id=other.id, membership_id=walk.bela.id, now=NOW)
    session.commit()
    before = starts(session, Claim)
    with pytest.raises(following.TurnsOverlap, match=r"^Bela N has another turn") as refusal:
        move(session, walk, 3 * AN_HOUR)
    session.rollback()
    assert refusal.value.field == "starts"
    assert starts(session, Claim) == before
    assert walk.event.sequence == 0
    assert notices(session, "event_moved") == []


def test_back_to_back_with_another_turn_is_fine(session, walk):
    other = a_later_date(session, walk, 12)
    claiming.claim_slot(session, slot_id=other.id, membership_id=walk.bela.id, now=NOW)
    move(session, walk, dt.timedelta(minutes=105))
    assert notices(session, "event_moved")


def test_a_hold_that_ran_out_does_not_stand_in_the_way(session, walk):
    other = a_later_date(session, walk, 12)
    builders.a_claim(session, other, walk.bela, state=ClaimState.HELD, held_until=NOW - AN_HOUR)
    move(session, walk, 3 * AN_HOUR)
    lapsed = session.scalars(sa.select(Claim).filter_by(withdrawn_because="lapsed")).one()
    assert lapsed.slot_id == other.id


@pytest.mark.parametrize(
    ("values", "refusal", "field"),
    [
        (
            {"starts_at": dt.datetime(2027, 5, 1, 11, tzinfo=dt.UTC)},
            changing.EndsBeforeItStarts,
            "ends",
        ),
        ({"ends_at": dt.datetime(2027, 5, 3, tzinfo=dt.UTC)}, changing.TooLong, "ends"),
        (
            {
                "starts_at": dt.datetime(2027, 4, 20, 11, tzinfo=dt.UTC),
                "ends_at": dt.datetime(2027, 4, 20, 13, tzinfo=dt.UTC),
            },
            changing.StartsInThePast,
            "day",
        ),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(session, walk, values, refusal, field):
    with pytest.raises(refusal) as refused:
        move(session, walk, dt.timedelta(0), **values)
    assert refused.value.field == field


def test_a_date_that_has_begun_can_neither_move_nor_be_cancelled(session, walk):
    for change in (move, cancel):
        with pytest.raises(changing.DateHasBegun):
            change(session, walk, now=walk.event.starts_at)


def test_a_date_with_credited_turns_stays(session, walk):
    session.execute(sa.update(Claim).values(state=ClaimState.ATTENDED))
    for change in (move, cancel):
        with pytest.raises(changing.TurnsAreDone):
            change(session, walk)


def test_only_those_who_run_it_change_a_date(session, walk):
    chi = builders.an_elsewhere(session).chi
    for stranger in (walk.bela, chi):
        for change in (move, cancel):
            with pytest.raises(NotFound):
                change(session, walk, who=stranger)
    move(session, walk, who=walk.ama)


def test_a_cancelled_date_gives_every_turn_back_and_tells_each_person_once(session, walk):
    early = builders.a_role(
        session, walk.series, name="Set-up", starts_after_minutes=-60, duration_minutes=30
    )
    setup = builders.a_slot(session, walk.event, early)
    claiming.claim_slot(session, slot_id=setup.id, membership_id=walk.sam.id, now=NOW)
    assert cancel(session, walk) == 2
    told = notices(session, "event_cancelled")
    assert [n.person_id for n in told] == [walk.bela.person_id, walk.sam.person_id]
    assert told[0].facts == {"reason": "Flooded path"}
    assert told[1].starts_at == setup.starts_at
    claims = session.scalars(sa.select(Claim)).all()
    assert {claim.withdrawn_because for claim in claims} == {WithdrawnBecause.CANCELLED}
    pending = session.scalars(sa.select(Notice.kind).filter_by(state="pending")).all()
    assert {kind.value for kind in pending} == {"event_cancelled"}
    assert (walk.event.state, walk.event.sequence) == (EventState.CANCELLED, 1)


def test_a_held_place_on_a_cancelled_date_is_given_back_too(session, walk):
    claiming.hold_slot(
        session,
        slot_id=walk.marshal.id,
        membership_id=walk.ama.id,
        held_as="Ama O",
        now=NOW,
    )
    cancel(session, walk)
    assert session.scalar(sa.select(sa.func.count(Claim.id)).where(Claim.live)) == 0


def test_a_cancelled_date_is_cancelled_for_good(session, walk):
    cancel(session, walk)
    for change in (move, cancel):
        with pytest.raises(changing.DateIsCancelled):
            change(session, walk)
