"""Go, at risk, no-go: judged by the clock and by who is coming; told from an exact matching."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.domain.rota import claiming
from timebank.domain.rota import outlook
from timebank.models import Event
from timebank.models import EventState
from timebank.models import IfShort
from timebank.models import MemberQualification
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Outlook
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import ReasonKind
from timebank.models import RoleQualification
from timebank.models import Series

START = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
WEEK_BEFORE = START - dt.timedelta(days=7)
DECIDES = START - dt.timedelta(hours=36)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.execute(sa.update(Series).values(decide_hours_before=36))
    return walk


def claim(session, slot, member):
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=WEEK_BEFORE)


def judge(session, walk, now):
    """Judge -> the outlook, the sequence, and how many organisers were told so far."""
    outlook.judge_dates(session, now=now)
    session.expire_all()
    event = session.get(Event, walk.event.id)
    told = session.query(Notice).filter_by(kind=NoticeKind.TIME_TO_DECIDE).count()
    return event.outlook, event.sequence, told


def report(session, walk):
    return outlook.read_report(session, event=session.get(Event, walk.event.id))


def test_a_date_without_its_tail_walker_is_open_then_at_risk_then_a_no_go(session, walk):
    assert judge(session, walk, WEEK_BEFORE) == (Outlook.OPEN, 0, 0)
    near = DECIDES - dt.timedelta(hours=40)
    assert judge(session, walk, near) == (Outlook.AT_RISK, 1, 1)
    assert judge(session, walk, near) == (Outlook.AT_RISK, 1, 1), "judged twice is once"
    assert judge(session, walk, DECIDES) == (Outlook.NO_GO, 1, 2)


def test_whoever_takes_the_missing_job_makes_it_a_go_again(session, walk):
    judge(session, walk, DECIDES)
    claim(session, walk.tail_walker, walk.bela)
    assert judge(session, walk, DECIDES) == (Outlook.GO, 2, 1)


def test_a_place_held_without_a_yes_does_not_count(session, walk):
    claiming.hold_slot(
        session,
        slot_id=walk.tail_walker.id,
        membership_id=walk.sam.id,
        held_as="Sam",
        now=DECIDES,
    )
    assert judge(session, walk, DECIDES)[0] is Outlook.NO_GO


def test_without_a_day_to_decide_it_is_at_risk_to_the_end(session, walk):
    session.execute(sa.update(Series).values(decide_hours_before=None))
    assert judge(session, walk, START - dt.timedelta(hours=1))[0] is Outlook.AT_RISK


def test_an_organiser_may_say_that_it_starts_all_the_same(session, walk):
    judge(session, walk, DECIDES)
    event = session.get(Event, walk.event.id)
    outlook.go_anyway(
        session, event=event, because="We know the way", by=walk.nadia.id, now=DECIDES
    )
    session.refresh(event)
    assert (event.outlook, event.go_anyway_because) == (Outlook.GO, "We know the way")


def test_people_who_are_coming_may_cover_all_jobs_with_others_places(session, walk):
    """Sam marshals; he could as well be tail walker, and then nobody is missing."""
    claim(session, walk.marshal, walk.sam)
    told = report(session, walk)
    assert (told.missing, told.people, told.jobs) == (("Tail walker",), 1, 1)
    assert told.moves == ((walk.sam.id, "Tail walker"),)


def test_nobody_gives_a_job_up_where_somebody_has_time_for_both(session, walk):
    """Sam sweeps up after the walk, so he can walk at its tail before; Bela keeps marshalling."""
    sweep = builders.a_role(
        session, walk.series, name="Sweep", needed=1, starts_after_minutes=90, duration_minutes=30
    )
    claim(session, walk.marshal, walk.bela)
    claim(session, builders.a_slot(session, walk.event, sweep), walk.sam)
    assert report(session, walk).moves == ((walk.sam.id, "Tail walker"),)


def test_one_more_who_can_do_it_makes_it_on(session, walk):
    told = report(session, walk)
    assert (told.matching.missing, told.matching.unblockers) == (1, ("Tail walker",))
    assert told.reason_kind is ReasonKind.TOO_FEW_PEOPLE


def test_nobody_qualified_is_not_too_few_people(session, walk):
    aid = Qualification(
        community_id=walk.community.id, name="Leader", kind=QualificationKind.TRAINING
    )
    session.add(aid)
    session.flush()
    here = {"community_id": walk.community.id, "qualification_id": aid.id}
    session.add(RoleQualification(role_id=walk.tail_walker.role_id, **here))
    claim(session, walk.marshal, walk.sam)
    told = report(session, walk)
    assert (told.matching.unqualified, told.reason_kind) == (
        ("Tail walker",),
        ReasonKind.NO_QUALIFIED_LEAD,
    )
    session.add(
        MemberQualification(
            membership_id=walk.sam.id, valid_from=dt.date(2027, 1, 1), given_by=walk.ama.id, **here
        )
    )
    session.flush()
    assert report(session, walk).moves == ((walk.sam.id, "Tail walker"),)


def test_a_series_may_call_off_by_itself_what_cant_start(session, walk):
    session.execute(sa.update(Series).values(if_short=IfShort.CANCEL))
    claim(session, walk.marshal, walk.sam)
    judge(session, walk, DECIDES)
    assert outlook.to_be_called_off(session, now=DECIDES) == [walk.event.id]
    outlook.call_off(session, event_id=walk.event.id, now=DECIDES)
    session.expire_all()
    event = session.get(Event, walk.event.id)
    assert (event.state, event.reason, event.reason_kind) == (
        EventState.CANCELLED,
        "Nobody for Tail walker",
        ReasonKind.TOO_FEW_PEOPLE,
    )
    assert outlook.to_be_called_off(session, now=DECIDES) == []


def test_what_found_its_people_meanwhile_is_not_called_off(session, walk):
    session.execute(sa.update(Series).values(if_short=IfShort.CANCEL))
    judge(session, walk, DECIDES)
    claim(session, walk.tail_walker, walk.bela)
    outlook.call_off(session, event_id=walk.event.id, now=DECIDES)
    session.expire_all()
    assert session.get(Event, walk.event.id).state is EventState.PLANNED
