"""Acting for somebody: who may, for how long, what they do, and who hears of it."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.domain import acting
from timebank.domain.rota import claiming
from timebank.domain.rota import on_behalf
from timebank.domain.rota import rules
from timebank.domain.rota import withdrawing
from timebank.models import Acted
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import Standing

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
LAST = dt.date(2027, 10, 19)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def priya(session, walk):
    priya = builders.a_member(session, walk.community, "Priya Sharma", email=None)
    session.commit()
    return priya


def let_act(session, walk, *, helper, member, **more):
    given = {"starts_on": TODAY, "last_day": LAST, "how_agreed": "Rang her", "by": walk.ama}
    return acting.let_act(
        session, helper=helper, member=member, **{**given, **more}, today=TODAY, now=NOW
    )


def told(session):
    rows = session.execute(sa.select(Notice.person_id, Notice.state, Notice.facts))
    return [(person, state.value, facts["as"], "over" in facts) for person, state, facts in rows]


def deeds(session):
    return [
        (row.what, row.claim_id, row.helper_id, row.member_id)
        for row in session.query(Acted).order_by(Acted.id)
    ]


class TestLettingAct:
    def test_it_stands_for_half_a_year_as_proposed_and_the_helper_is_told(
        self, session, walk, priya
    ):
        assert acting.usual_last_day(TODAY) == LAST
        grant = let_act(session, walk, helper=walk.sam, member=priya)
        assert (grant.starts_on, grant.ends_on, grant.made_by) == (
            TODAY, LAST + dt.timedelta(days=1), walk.ama.id
        )  # fmt: skip
        assert acting.last_day_of(grant) == LAST
        assert told(session) == [(walk.sam.person_id, "pending", "helper", False)]

    def test_both_are_told_where_both_read_mail(self, session, walk):
        let_act(session, walk, helper=walk.sam, member=walk.bela)
        assert sorted(told(session)) == sorted(
            [
                (walk.sam.person_id, "pending", "helper", False),
                (walk.bela.person_id, "pending", "member", False),
            ]
        )

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"how_agreed": ""}, acting.SayHow),
            ({"how_agreed": "x" * 201}, acting.SayHow),
            ({"starts_on": TODAY - dt.timedelta(days=1)}, acting.FromTodayOn),
            ({"last_day": TODAY - dt.timedelta(days=1)}, acting.NotSoLong),
            ({"last_day": dt.date(2028, 4, 20)}, acting.NotSoLong),
        ],
    )
    def test_days_and_words_are_looked_at(self, session, walk, priya, change, refusal):
        with pytest.raises(refusal):
            let_act(session, walk, helper=walk.sam, member=priya, **change)
        assert session.query(ActingFor).count() == 0

    def test_a_year_to_the_day_is_the_longest(self, session, walk, priya):
        last = dt.date(2028, 4, 19)
        let_act(session, walk, helper=walk.sam, member=priya, last_day=last)
        assert session.query(ActingFor).one().ends_on == dt.date(2028, 4, 20)

    def test_from_29_february_a_year_is_what_the_database_takes_for_one(
        self, session, walk, priya
    ):
        leap = dt.date(2028, 2, 29)
        days = {"starts_on": leap, "last_day": dt.date(2029, 2, 27)}
        let_act(session, walk, helper=walk.sam, member=priya, **days)
        with pytest.raises(acting.NotSoLong):
            let_act(
                session, walk, helper=walk.bela, member=priya, starts_on=leap,
                last_day=dt.date(2029, 2, 28),
            )  # fmt: skip

    def test_nobody_acts_for_themselves_and_only_a_coordinator_lets_anybody(
        self, session, walk, priya
    ):
        with pytest.raises(acting.NotThemselves):
            let_act(session, walk, helper=priya, member=priya)
        with pytest.raises(NotAllowed):
            let_act(session, walk, helper=walk.sam, member=priya, by=walk.nadia)

    def test_twice_at_a_time_is_refused_and_the_session_lives_on(self, session, walk, priya):
        let_act(session, walk, helper=walk.sam, member=priya)
        with pytest.raises(acting.ActsAlready):
            let_act(session, walk, helper=walk.sam, member=priya, starts_on=LAST)
        let_act(session, walk, helper=walk.bela, member=priya)
        let_act(
            session, walk, helper=walk.sam, member=priya, starts_on=LAST + dt.timedelta(days=1),
            last_day=LAST + dt.timedelta(days=30),
        )  # fmt: skip
        session.commit()
        assert session.query(ActingFor).count() == 3


class TestEnding:
    @pytest.fixture
    def grant(self, session, walk, priya):
        grant = let_act(session, walk, helper=walk.sam, member=priya)
        session.commit()
        return grant

    @pytest.mark.parametrize("who", ["ama", "sam"])
    def test_a_coordinator_or_either_of_the_two_ends_it_at_once(self, session, walk, grant, who):
        by = getattr(walk, who)
        acting.end(session, acting=grant, by=by, now=NOW)
        acting.end(session, acting=grant, by=walk.ama, now=NOW + dt.timedelta(days=1))
        assert (grant.ended_at, grant.ended_by) == (NOW, by.id)
        with pytest.raises(NotFound):
            live(session, walk, grant)
        assert told(session) == [
            (walk.sam.person_id, "cancelled", "helper", False),
            (walk.sam.person_id, "pending", "helper", True),
        ]

    def test_nobody_else_ends_it(self, session, walk, grant):
        for other in (walk.bela, walk.nadia):
            with pytest.raises(NotFound):
                acting.end(session, acting=grant, by=other, now=NOW)
        assert grant.ended_at is None

    def test_the_words_are_forgotten_with_somebody_and_the_row_stays(self, session, walk, grant):
        assert acting.erase_words(session, membership_id=walk.sam.id) == 1
        assert acting.erase_words(session, membership_id=walk.sam.id) == 0
        session.expire_all()
        assert (grant.how_agreed, grant.helper_id) == (None, walk.sam.id)

    def test_a_grant_of_another_community_is_not_found(self, session, walk, grant):
        there = builders.an_elsewhere(session).community.id
        with pytest.raises(NotFound):
            acting.find_grant(session, community_id=there, acting_id=grant.id)


def live(session, walk, grant, *, today=TODAY, helper=None, member_id=None):
    return acting.find_live(
        session,
        helper_id=(helper or walk.sam).id,
        member_id=member_id or grant.member_id,
        today=today,
    )


class TestActing:
    @pytest.fixture
    def grant(self, session, walk, priya):
        grant = let_act(session, walk, helper=walk.sam, member=priya)
        session.commit()
        return grant

    def test_from_the_first_day_to_the_last_and_for_nobody_else(self, session, walk, grant):
        a_day = dt.timedelta(days=1)
        for today in (TODAY, LAST):
            assert live(session, walk, grant, today=today).id == grant.id
        for wrong in (
            {"today": TODAY - a_day},
            {"today": LAST + a_day},
            {"helper": walk.bela},
            {"member_id": walk.bela.id},
        ):
            with pytest.raises(NotFound):
                live(session, walk, grant, **wrong)

    @pytest.mark.parametrize("who", ["helper", "member"])
    def test_not_once_one_of_them_has_left(self, session, walk, grant, priya, who):
        gone = walk.sam if who == "helper" else priya
        gone.standing, gone.left_at = Standing.LEFT, NOW
        session.flush()
        with pytest.raises(NotFound):
            live(session, walk, grant)

    def test_a_look_is_written_down_once_a_day(self, session, walk, grant, priya):
        for today in (TODAY, TODAY, TODAY + dt.timedelta(days=1)):
            acting.write_down(session, acting=grant, what=ActedWhat.LOOKED, today=today, now=NOW)
        row = (ActedWhat.LOOKED, None, walk.sam.id, priya.id)
        assert deeds(session) == [row, row]

    def test_looking_again_on_the_same_day_writes_and_locks_nothing(
        self, session, walk, grant, priya
    ):
        written = sa.text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        for writes in (True, False, False):
            session.commit()
            found = acting.find_live(
                session, helper_id=walk.sam.id, member_id=priya.id, today=TODAY, only_looks=True
            )
            acting.write_down(
                session, acting=found, what=ActedWhat.STATEMENT, today=TODAY, now=NOW
            )
            assert session.scalar(written) is writes
        assert len(deeds(session)) == 1

    def test_a_turn_is_taken_dropped_and_taken_back_by_the_usual_rules(
        self, session, walk, grant, priya
    ):
        given = {"grant": grant, "today": TODAY, "now": NOW}
        taken = on_behalf.take_for(session, slot_id=walk.tail_walker.id, **given)
        claim = session.get(Claim, taken.id)
        assert (claim.membership_id, claim.state, claim.made_by) == (
            priya.id, ClaimState.CONFIRMED, None
        )  # fmt: skip
        for _twice in range(2):
            dropped = on_behalf.drop_for(session, claim_id=taken.id, **given)
            assert dropped.state is ClaimState.WITHDRAWN
        again = on_behalf.take_back_for(session, claim_id=taken.id, **given)
        assert [(what, claim_id) for what, claim_id, *_pair in deeds(session)] == [
            (ActedWhat.TOOK_TURN, taken.id),
            (ActedWhat.DROPPED_TURN, taken.id),
            (ActedWhat.TOOK_BACK, again.id),
        ]

    def test_what_is_refused_is_not_written_down(self, session, walk, grant):
        given = {"grant": grant, "today": TODAY, "now": NOW}
        builders.a_claim(session, walk.tail_walker, walk.bela)
        session.commit()
        with pytest.raises(claiming.SlotFull):
            on_behalf.take_for(session, slot_id=walk.tail_walker.id, **given)
        with pytest.raises(NotFound):
            on_behalf.take_for(session, slot_id=-1, **given)
        taken = on_behalf.take_for(session, slot_id=walk.marshal.id, **given)
        late = {**given, "now": NOW + dt.timedelta(minutes=11)}
        on_behalf.drop_for(session, claim_id=taken.id, **given)
        with pytest.raises(withdrawing.TooLateToUndo):
            on_behalf.take_back_for(session, claim_id=taken.id, **late)
        assert [what for what, *_rest in deeds(session)] == [
            ActedWhat.TOOK_TURN,
            ActedWhat.DROPPED_TURN,
        ]

    def test_turns_of_others_are_out_of_reach(self, session, walk, grant):
        given = {"grant": grant, "today": TODAY, "now": NOW}
        others = builders.a_claim(session, walk.tail_walker, walk.bela)
        for rule in (on_behalf.drop_for, on_behalf.take_back_for):
            for claim_id in (others.id, -1):
                with pytest.raises(NotFound):
                    rule(session, claim_id=claim_id, **given)
        assert deeds(session) == []

    def test_a_place_kept_for_newcomers_is_kept_from_helpers_of_others_too(
        self, session, walk, grant, priya
    ):
        """A helper has no organiser's powers: Priya has come before, so it is not for her."""
        role = walk.tail_walker.role
        role.newcomer_places, role.newcomer_hours = 1, 24
        past = builders.an_event(session, walk.series, dt.date(2027, 4, 10))
        marshal = walk.marshal.role
        builders.a_claim(
            session, builders.a_slot(session, past, marshal), priya, state=ClaimState.ATTENDED
        )
        session.commit()
        with pytest.raises(rules.KeptForNewcomers):
            on_behalf.take_for(
                session, grant=grant, slot_id=walk.tail_walker.id, today=TODAY, now=NOW
            )


class TestReading:
    def test_the_two_of_them_and_coordinators_read_the_same(self, session, walk, priya):
        over = builders.acting_for(
            session, helper=walk.bela, member=priya, by=walk.ama,
            starts_on=dt.date(2026, 4, 1), ends_on=dt.date(2026, 5, 1),
        )  # fmt: skip
        grant = let_act(session, walk, helper=walk.sam, member=priya)
        on_behalf.take_for(session, grant=grant, slot_id=walk.tail_walker.id, today=TODAY, now=NOW)
        here = {"community_id": walk.community.id}
        read = {
            name: acting.read_grants(session, **here, today=TODAY, of=[one.id])
            for name, one in {"sam": walk.sam, "priya": priya, "bela": walk.bela}.items()
        }
        assert {name: [one.id for one in rows] for name, rows in read.items()} == {
            "sam": [grant.id],
            "priya": [grant.id, over.id],
            "bela": [over.id],
        }
        assert read["sam"][0] == acting.Grant(
            id=grant.id, helper_id=walk.sam.id, helper="Sam T", member_id=priya.id,
            member="Priya S", starts_on=TODAY, last_day=LAST, how_agreed="Rang her",
            made_by="Ama O", ended_at=None, is_live=True, is_over=False,
        )  # fmt: skip
        open_ones = acting.read_grants(session, **here, today=TODAY, only_open=True)
        assert [one.id for one in open_ones] == [grant.id]
        (deed,) = acting.read_deeds(session, **here)
        assert deed == acting.Deed(
            ActedWhat.TOOK_TURN, walk.sam.id, "Sam T", priya.id, "Priya S", NOW, "Tail walker",
            "Danson Saturday Stroll", walk.tail_walker.starts_at,
        )  # fmt: skip
        assert acting.read_deeds(session, **here, of=[walk.bela.id]) == []
        more = let_act(session, walk, helper=priya, member=walk.bela)
        acting.write_down(session, acting=more, what=ActedWhat.LOOKED, today=TODAY, now=NOW)
        hers = {"of": [priya.id], "most": 1}
        (newest,) = acting.read_deeds(session, **here, **hers)
        assert newest.member == "Bela N"
        assert acting.read_deeds(session, **here, **hers, only_helped=True) == [deed]
        assert acting.read_deeds(session, **here, since=NOW + dt.timedelta(seconds=1)) == []
        there = builders.an_elsewhere(session).community.id
        assert acting.read_deeds(session, community_id=there) == []


def test_whoever_ends_it_waits_for_a_deed_under_way(
    session: Session, engine: sa.Engine, walk, priya
) -> None:
    """Else a turn could be taken for somebody a moment after it was over."""
    grant = let_act(session, walk, helper=walk.sam, member=priya)
    session.commit()
    live(session, walk, grant)
    with Session(engine) as other:
        other.execute(sa.text("SET lock_timeout = '200ms'"))
        theirs = other.get(ActingFor, grant.id)
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            acting.end(other, acting=theirs, by=other.merge(walk.ama, load=False), now=NOW)
    session.rollback()
