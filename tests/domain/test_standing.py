"""Every date, every first Saturday: each new date once, and room for whoever comes first."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain import identity
from timebank.domain.rota import claiming
from timebank.domain.rota import handing_over
from timebank.domain.rota import standing
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import Handover
from timebank.models import HandoverState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
WEEK = dt.timedelta(weeks=1)


@pytest.fixture
def walk(session):
    """Seven Saturdays, 1 May to 12 June, each with a tail walker's place."""
    walk = builders.a_walk(session)
    for week in range(1, 7):
        event = builders.an_event(session, walk.series, walk.event.occurs_on + week * WEEK)
        builders.a_slot(session, event, walk.tail_walker.role)
    session.commit()
    return walk


def promise(session, walk, member, *, is_every_date=True, by=None):
    made = standing.promise(
        session,
        slot_id=walk.tail_walker.id,
        membership_id=member.id,
        by=(by or member).id,
        is_every_date=is_every_date,
        now=NOW,
    )
    session.commit()
    return made


def keep(session, now=NOW):
    """What the job does every night -> how many dates were given."""
    given = 0
    for one in standing.missing(session, now=now):
        given += standing.give(session, one=one, now=now) is not None
        session.commit()
    return given


def days_of(session, member):
    rows = session.scalars(
        sa.select(Event.occurs_on)
        .join(Claim, Claim.event_id == Event.id)
        .where(Claim.membership_id == member.id, Claim.live)
        .order_by(Event.occurs_on)
    )
    return [f"{day:%-d %b}" for day in rows]


def confirmed(session, member):
    identity.confirm_email(session, person_id=member.person_id, now=NOW)
    return member


def take(session, slot, member, now=NOW):
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=now)


def test_every_date_of_the_next_eight_weeks_is_given_once(session, walk):
    promise(session, walk, walk.bela)
    assert (keep(session), keep(session)) == (7, 0)
    every = ["1 May", "8 May", "15 May", "22 May", "29 May", "5 Jun", "12 Jun"]
    assert days_of(session, walk.bela) == every
    event = builders.an_event(session, walk.series, walk.event.occurs_on + 7 * WEEK)
    builders.a_slot(session, event, walk.tail_walker.role)
    session.commit()
    assert (keep(session, NOW + WEEK), keep(session, NOW + WEEK)) == (1, 0)


def test_every_first_saturday(session, walk):
    promise(session, walk, walk.bela, is_every_date=False)
    assert keep(session) == 2
    assert days_of(session, walk.bela) == ["1 May", "5 Jun"]


def test_a_fifth_saturday_means_the_last_of_each_month(session, walk):
    slot = session.scalars(
        sa.select(Event.id).where(Event.occurs_on == dt.date(2027, 5, 29))
    ).one()
    last = session.scalars(sa.text("SELECT id FROM slot WHERE event_id = :e"), {"e": slot}).one()
    for weeks in (7, 8):
        event = builders.an_event(session, walk.series, walk.event.occurs_on + weeks * WEEK)
        builders.a_slot(session, event, walk.tail_walker.role)
    standing.promise(
        session,
        slot_id=last,
        membership_id=walk.bela.id,
        by=walk.bela.id,
        is_every_date=False,
        now=NOW,
    )
    session.commit()
    keep(session, NOW + 2 * WEEK)
    assert days_of(session, walk.bela) == ["29 May", "26 Jun"]


@pytest.mark.parametrize("how", ["dropped", "handed over"])
def test_a_date_that_was_given_up_is_not_given_again(session, walk, how):
    promise(session, walk, walk.bela)
    keep(session)
    first = session.scalars(sa.select(Claim).order_by(Claim.starts_at)).first()
    if how == "dropped":
        withdrawing.withdraw_claim(session, claim_id=first.id, now=NOW)
    else:
        offer = handing_over.offer_to_all(session, claim_id=first.id, now=NOW)
        taken = handing_over.accept(
            session, handover_id=offer.id, membership_id=walk.sam.id, now=NOW
        )
        withdrawing.withdraw_claim(session, claim_id=taken.id, now=NOW)
    session.commit()
    assert keep(session) == 0
    assert days_of(session, walk.bela)[0] == "8 May"


def test_undo_makes_it_a_standing_turn_again(session, walk):
    promise(session, walk, walk.bela)
    keep(session)
    first = session.scalars(sa.select(Claim).order_by(Claim.starts_at)).first()
    withdrawing.withdraw_claim(session, claim_id=first.id, now=NOW)
    again = withdrawing.undo_withdrawal(session, claim_id=first.id, now=NOW)
    assert session.get(Claim, again.id).standing_id == first.standing_id


def test_what_is_in_the_way_today_is_tried_again_tomorrow(session, walk):
    rival = builders.a_claim(session, walk.tail_walker, walk.sam)
    builders.a_role(session, walk.series, name="Marshal too", position=3)
    session.commit()
    promise(session, walk, walk.bela)
    assert keep(session) == 6
    withdrawing.withdraw_claim(session, claim_id=rival.id, now=NOW)
    session.commit()
    assert keep(session, NOW + dt.timedelta(days=1)) == 1


def test_a_turn_elsewhere_at_that_time_and_a_rule_are_respected(session, walk):
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    promise(session, walk, walk.bela)
    assert keep(session) == 6
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    promise(session, walk, walk.sam)
    assert keep(session) == 0


def test_ending_gives_no_new_dates_and_leaves_the_turns(session, walk):
    made = promise(session, walk, walk.bela)
    keep(session)
    with pytest.raises(NotFound):
        standing.end(session, standing_id=made.id, membership_id=walk.sam.id, now=NOW)
    for _ in range(2):
        standing.end(session, standing_id=made.id, membership_id=walk.bela.id, now=NOW)
    assert standing.promises_of(session, membership_id=walk.bela.id, now=NOW) == []
    assert len(days_of(session, walk.bela)) == 7
    promise(session, walk, walk.bela)


def test_promising_twice_is_refused_and_the_turn_it_began_from_is_its_first(session, walk):
    own = take(session, walk.tail_walker, walk.bela)
    made = promise(session, walk, walk.bela)
    with pytest.raises(standing.StandsAlready):
        promise(session, walk, walk.bela)
    session.expire_all()
    assert session.get(Claim, own.id).standing_id == made.id
    assert keep(session) == 6
    [shown] = standing.promises_of(session, membership_id=walk.bela.id, now=NOW)
    assert (shown.job, shown.nth, shown.coming) == ("Tail walker", None, 7)


def test_whom_an_organiser_promised_is_told_once(session, walk):
    promise(session, walk, walk.bela, by=walk.nadia)
    keep(session)
    [notice] = session.query(Notice)
    assert (notice.kind, notice.person_id) == (NoticeKind.PUT_DOWN, walk.bela.person_id)


class TestMakingRoom:
    @pytest.fixture(autouse=True)
    def belas_every_time(self, session, walk):
        promise(session, walk, walk.bela)
        keep(session)

    def test_a_first_turn_finds_room_and_the_regular_is_thanked(self, session, walk):
        regular = session.scalars(sa.select(Claim).order_by(Claim.starts_at)).first()
        handing_over.offer_to_all(session, claim_id=regular.id, now=NOW)
        taken = take(session, walk.tail_walker, confirmed(session, walk.sam))
        session.expire_all()
        assert taken.state is ClaimState.CONFIRMED
        assert (regular.state, regular.withdrawn_because) == (
            ClaimState.WITHDRAWN,
            WithdrawnBecause.YIELDED,
        )
        [thanks] = session.query(Notice).filter(Notice.kind == NoticeKind.TURN_YIELDED)
        assert thanks.person_id == walk.bela.person_id
        assert thanks.facts["other_job"] == "Marshal"
        [offer] = session.query(Handover)
        assert offer.state is HandoverState.LAPSED
        session.commit()
        assert keep(session) == 0

    def test_two_days_before_the_regular_stays(self, session, walk):
        newcomer = confirmed(session, walk.sam)
        with pytest.raises(claiming.SlotFull):
            take(session, walk.tail_walker, newcomer, walk.event.starts_at - 2 * WEEK / 7)

    def test_an_address_that_nobody_proved_moves_nobody(self, session, walk):
        with pytest.raises(claiming.SlotFull):
            take(session, walk.tail_walker, walk.sam)

    def test_who_had_a_turn_or_has_one_to_come_moves_nobody(self, session, walk):
        newcomer = confirmed(session, walk.sam)
        take(session, walk.tail_walker, newcomer)
        second = session.scalars(
            sa.text("SELECT slot_id FROM claim WHERE live AND membership_id = :m LIMIT 1"),
            {"m": walk.bela.id},
        ).one()
        with pytest.raises(claiming.SlotFull):
            claiming.claim_slot(session, slot_id=second, membership_id=newcomer.id, now=NOW)

    def test_whom_a_rule_keeps_out_moves_nobody(self, session, walk):
        walk.tail_walker.role.minimum_age = 18
        newcomer = confirmed(session, walk.sam)
        with pytest.raises(claiming.SlotFull):
            take(session, walk.tail_walker, newcomer)
        assert days_of(session, walk.bela)[0] == "1 May"
