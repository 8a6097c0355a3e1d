"""The waiting list: first come among those who qualify, for a hold that shortens."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.domain.rota import claiming
from timebank.domain.rota import offering
from timebank.domain.rota import rules
from timebank.domain.rota import waiting
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import HeldFor
from timebank.models import Notice
from timebank.models import PairRule
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import Role
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import Waiting
from timebank.models import WithdrawnBecause

# The walk begins on Saturday 1 May at 8am UTC.
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def walk(session):
    """The tail walker's place is Bela's; Sam and Nadia come to wait for it."""
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


def join(session, walk, *members, now=NOW):
    answers = [
        waiting.join_waiting(
            session, slot_id=walk.tail_walker.id, membership_id=member.id, now=now
        )
        for member in members
    ]
    session.commit()
    return answers


def drop(session, claim, now=NOW):
    withdrawing.withdraw_claim(session, claim_id=claim.id, now=now)
    session.commit()


def claim_of(session, member):
    session.expire_all()
    return session.scalars(
        sa.select(Claim).where(Claim.membership_id == member.id).order_by(Claim.id.desc())
    ).first()


def line(session):
    """Who stands how, in the line's order."""
    session.expire_all()
    rows = session.scalars(sa.select(Waiting).order_by(Waiting.id)).all()
    return [(row.membership_id, row.state.value) for row in rows]


def mails(session, kind="place_offered"):
    rows = session.scalars(sa.select(Notice).where(Notice.kind == kind).order_by(Notice.id))
    return [row.person_id for row in rows]


def sweep(session, now):
    claiming.lapse_holds(session, now=now)
    session.commit()
    offering.offer_everywhere(session, now=now)
    session.commit()


class TestJoining:
    def test_a_free_place_is_taken_instead(self, session, walk):
        taken = waiting.join_waiting(
            session, slot_id=walk.marshal.id, membership_id=walk.sam.id, now=NOW
        )
        assert (taken.state, line(session)) == (ClaimState.CONFIRMED, [])

    def test_twice_is_once_and_ones_own_job_is_refused(self, session, walk):
        assert join(session, walk, walk.sam, walk.sam) == [None, None]
        assert line(session) == [(walk.sam.id, "waiting")]
        with pytest.raises(claiming.AlreadyYours):
            join(session, walk, walk.bela)

    def test_somebody_with_another_turn_at_that_time_may_wait(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.sam)
        assert join(session, walk, walk.sam) == [None]

    def test_what_no_waiting_changes_is_refused_kindly(self, session, walk):
        role = session.get(Role, walk.tail_walker.role_id)
        first_aid = Qualification(
            community_id=walk.community.id, name="First aid", kind=QualificationKind.TRAINING
        )
        session.add(first_aid)
        session.flush()
        session.add(
            RoleQualification(
                role_id=role.id, qualification_id=first_aid.id, community_id=walk.community.id
            )
        )
        session.commit()
        with pytest.raises(rules.NotQualified, match="First aid"):
            join(session, walk, walk.sam)
        session.execute(sa.delete(RoleQualification))
        role.minimum_age = 18
        session.commit()
        with pytest.raises(rules.AgeNotKnown):
            join(session, walk, walk.sam)
        assert line(session) == []

    def test_a_date_that_has_begun_is_over_or_is_off_is_refused(self, session, walk):
        with pytest.raises(waiting.TooLateToWait):
            join(session, walk, walk.sam, now=STARTS)
        with pytest.raises(claiming.EventOver):
            join(session, walk, walk.sam, now=STARTS + 2 * HOUR)
        session.execute(
            sa.update(Event).values(state=EventState.CANCELLED, reason="Flood", sequence=1)
        )
        with pytest.raises(claiming.EventCancelled):
            join(session, walk, walk.sam)

    def test_chi_of_another_community_finds_no_such_job(self, session, walk):
        chi = builders.an_elsewhere(session).chi
        with pytest.raises(claiming.NotFound):
            join(session, walk, chi)

    def test_pages_read_the_position_and_leaving_moves_the_others_up(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)

        def position(member):
            found = waiting.standing_in_line(session, membership_id=member.id, now=NOW)
            return [(one.job, one.position, one.claim_id) for one in found]

        assert position(walk.nadia) == [("Tail walker", 2, None)]
        for _ in range(2):
            waiting.leave_waiting(
                session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW
            )
        assert (position(walk.sam), position(walk.nadia)) == ([], [("Tail walker", 1, None)])


class TestOffering:
    @pytest.mark.parametrize(
        ("ahead", "held"),
        [
            (72 * HOUR, 12 * HOUR),
            (48 * HOUR + dt.timedelta(seconds=1), 12 * HOUR),
            (48 * HOUR, 2 * HOUR),
            (6 * HOUR + dt.timedelta(seconds=1), 2 * HOUR),
            (6 * HOUR, None),
            (dt.timedelta(seconds=1), None),
            (-HOUR, None),
        ],
    )
    def test_the_hold_shortens_as_the_day_nears(self, ahead, held):
        now = STARTS - ahead
        assert offering.hold_for(STARTS, now=now) == (now + held if held else None)

    def test_a_place_given_back_is_the_nexts_before_a_passer_by_sees_it(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        offered = claim_of(session, walk.sam)
        assert (offered.state, offered.held_for, offered.held_until) == (
            ClaimState.HELD,
            HeldFor.OFFERED,
            NOW + 12 * HOUR,
        )
        assert line(session) == [(walk.sam.id, "offered"), (walk.nadia.id, "waiting")]
        assert mails(session) == [walk.sam.person_id]
        assert mails(session, "confirm_claim") == []
        with pytest.raises(claiming.SlotFull):
            claiming.claim_slot(
                session, slot_id=walk.tail_walker.id, membership_id=walk.ama.id, now=NOW
            )

    def test_yes_makes_it_theirs(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        for _ in range(2):
            waiting.accept_offer(session, claim_id=claim_of(session, walk.sam).id, now=NOW)
            session.commit()
        assert claim_of(session, walk.sam).state is ClaimState.CONFIRMED
        assert line(session) == [(walk.sam.id, "taken"), (walk.nadia.id, "waiting")]
        assert mails(session, "you_are_in") == [walk.sam.person_id]

    def test_taking_the_job_on_its_own_page_is_a_yes_too(self, session, walk):
        join(session, walk, walk.sam)
        drop(session, claim_of(session, walk.bela))
        taken = claiming.claim_slot(
            session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW
        )
        session.commit()
        assert (taken.id, taken.state) == (claim_of(session, walk.sam).id, ClaimState.CONFIRMED)
        sweep(session, NOW)
        assert line(session) == [(walk.sam.id, "taken")]

    def test_not_this_time_passes_it_on_at_once(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        for _ in range(2):
            waiting.decline_offer(session, claim_id=claim_of(session, walk.sam).id, now=NOW)
            session.commit()
        assert claim_of(session, walk.sam).withdrawn_because is WithdrawnBecause.DECLINED
        assert line(session) == [(walk.sam.id, "passed"), (walk.nadia.id, "offered")]

    def test_leaving_the_list_gives_the_offer_to_the_next(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        waiting.leave_waiting(
            session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW
        )
        assert line(session) == [(walk.sam.id, "left"), (walk.nadia.id, "offered")]

    def test_an_offer_that_runs_out_goes_to_the_next_and_a_late_yes_is_told(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        sams = claim_of(session, walk.sam).id
        sweep(session, NOW + 12 * HOUR)
        assert line(session) == [(walk.sam.id, "passed"), (walk.nadia.id, "offered")]
        with pytest.raises(claiming.HoldRanOut):
            waiting.accept_offer(session, claim_id=sams, now=NOW + 12 * HOUR)
        session.rollback()
        sweep(session, NOW + 24 * HOUR)
        assert line(session) == [(walk.sam.id, "passed"), (walk.nadia.id, "passed")]
        # Nobody has it: a late yes is as good as a new claim.
        waiting.accept_offer(session, claim_id=sams, now=NOW + 25 * HOUR)
        assert claim_of(session, walk.sam).state is ClaimState.CONFIRMED

    def test_a_passer_by_who_finds_a_hold_run_out_does_not_get_ahead_of_the_line(
        self, session, walk
    ):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        with pytest.raises(claiming.SlotFull):  # nobody has swept yet
            claiming.claim_slot(
                session,
                slot_id=walk.tail_walker.id,
                membership_id=walk.ama.id,
                now=NOW + 13 * HOUR,
            )
        assert line(session) == [(walk.sam.id, "passed"), (walk.nadia.id, "offered")]

    def test_in_the_last_six_hours_everybody_is_told_once_and_nothing_is_held(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        early = STARTS - 6 * HOUR
        drop(session, claim_of(session, walk.bela), now=early)
        sweep(session, early + HOUR)
        assert mails(session, "place_free") == [walk.sam.person_id, walk.nadia.person_id]
        assert (mails(session), claim_of(session, walk.sam)) == ([], None)
        taken = claiming.claim_slot(
            session, slot_id=walk.tail_walker.id, membership_id=walk.nadia.id, now=early + HOUR
        )
        session.commit()
        sweep(session, early + HOUR)
        assert line(session) == [(walk.sam.id, "waiting"), (walk.nadia.id, "taken")]
        # It comes free again: that is news once more.
        drop(session, session.get(Claim, taken.id), now=early + 2 * HOUR)
        assert mails(session, "place_free")[2:] == [walk.sam.person_id]

    def test_at_the_start_everybody_leaves_and_no_hold_is_left(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela), now=STARTS - 7 * HOUR)
        session.execute(
            sa.update(Claim)
            .where(Claim.state == ClaimState.HELD)
            .values(held_until=STARTS + 9 * HOUR)
        )  # as after a move to an earlier hour
        session.commit()
        sweep(session, STARTS)
        assert line(session) == [(walk.sam.id, "left"), (walk.nadia.id, "left")]
        assert claim_of(session, walk.sam).state is ClaimState.WITHDRAWN

    def test_a_cancelled_date_has_no_line(self, session, walk):
        join(session, walk, walk.sam)
        session.execute(
            sa.update(Claim).values(
                state=ClaimState.WITHDRAWN, withdrawn_at=NOW, withdrawn_because="cancelled"
            )
        )
        session.execute(
            sa.update(Event).values(state=EventState.CANCELLED, reason="Flood", sequence=1)
        )
        session.commit()
        sweep(session, NOW)
        assert (line(session), mails(session)) == ([(walk.sam.id, "left")], [])

    def test_the_sweep_finds_a_place_that_nobody_called_out(self, session, walk):
        join(session, walk, walk.sam)
        session.execute(
            sa.text("UPDATE slot SET places = 2 WHERE id = :id"), {"id": walk.tail_walker.id}
        )
        session.commit()
        for _ in range(2):
            sweep(session, NOW)
        assert line(session) == [(walk.sam.id, "offered")]
        assert mails(session) == [walk.sam.person_id]

    def test_somebody_who_cannot_just_now_is_passed_over_and_keeps_their_place(
        self, session, walk
    ):
        turn = builders.a_claim(session, walk.marshal, walk.sam)
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        assert line(session) == [(walk.sam.id, "waiting"), (walk.nadia.id, "offered")]
        drop(session, turn)
        waiting.decline_offer(session, claim_id=claim_of(session, walk.nadia).id, now=NOW)
        session.commit()
        assert line(session) == [(walk.sam.id, "offered"), (walk.nadia.id, "passed")]

    def test_a_rule_passes_over_as_well(self, session, walk):
        first, second = sorted([walk.marshal.role_id, walk.tail_walker.role_id])
        later = builders.a_role(
            session, walk.series, name="Clear-up", starts_after_minutes=90, position=3
        )
        builders.a_claim(session, builders.a_slot(session, walk.event, later), walk.sam)
        first, second = sorted([later.id, walk.tail_walker.role_id])
        session.add(
            RolePair(
                first_role_id=first,
                second_role_id=second,
                series_id=walk.series.id,
                rule=PairRule.NEVER,
            )
        )
        session.commit()
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        assert line(session) == [(walk.sam.id, "waiting"), (walk.nadia.id, "offered")]

    def test_another_turn_at_that_time_takes_one_out_of_the_line(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        claiming.claim_slot(
            session, slot_id=walk.marshal.id, membership_id=walk.sam.id, now=NOW + HOUR
        )
        session.commit()
        sweep(session, NOW + HOUR)
        assert line(session) == [(walk.sam.id, "left"), (walk.nadia.id, "waiting")]

    def test_an_offer_to_somebody_who_took_another_turn_goes_back(self, session, walk):
        join(session, walk, walk.sam, walk.nadia)
        drop(session, claim_of(session, walk.bela))
        offered = claim_of(session, walk.sam).id
        claiming.claim_slot(
            session, slot_id=walk.marshal.id, membership_id=walk.sam.id, now=NOW + HOUR
        )
        session.commit()
        sweep(session, NOW + HOUR)
        assert line(session) == [(walk.sam.id, "left"), (walk.nadia.id, "offered")]
        assert session.get(Claim, offered).state is ClaimState.WITHDRAWN

    def test_a_place_kept_for_newcomers_goes_to_the_newcomer_in_line(self, session, walk):
        old = builders.an_event(session, walk.series, dt.date(2027, 4, 10))
        done = builders.a_claim(
            session,
            builders.a_slot(session, old, session.get(Role, walk.marshal.role_id)),
            walk.nadia,
        )
        done.state = ClaimState.ATTENDED
        role = session.get(Role, walk.tail_walker.role_id)
        role.places, role.newcomer_places = 2, 1
        walk.tail_walker.places = 2
        session.commit()
        join(session, walk, walk.nadia)
        assert line(session) == [(walk.nadia.id, "waiting")]
        sweep(session, NOW)
        assert line(session) == [(walk.nadia.id, "waiting")]
        sweep(session, STARTS - 47 * HOUR)  # two days before it is anybody's
        assert line(session) == [(walk.nadia.id, "offered")]
        assert claim_of(session, walk.nadia).held_until == STARTS - 45 * HOUR
