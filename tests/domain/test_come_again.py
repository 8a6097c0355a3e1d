"""Come again: once, some days after a first turn, with turns that suit and are free."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.mails import mail
from tests.statements import count_statements
from timebank.domain import suppression
from timebank.domain.notices import letters
from timebank.domain.rota import come_again
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Role
from timebank.models import Standing

DAY = dt.timedelta(days=1)
FIRST = dt.date(2027, 5, 1)  # a Saturday
DUE = dt.datetime(2027, 5, 6, 9, tzinfo=dt.UTC)  # five days later, 10am in London
AGAIN = NoticeKind.COME_AGAIN


@pytest.fixture
def walk(session):
    """Bela had her first turn on 1 May; the walk goes on for four Saturdays."""
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela, state=ClaimState.ATTENDED)
    for week in (1, 2, 3, 4):
        another(session, walk, week)
    return walk


def another(session, walk, week):
    event = builders.an_event(session, walk.series, FIRST + week * 7 * DAY)
    marshal, tail = (
        session.get_one(Role, slot.role_id) for slot in (walk.marshal, walk.tail_walker)
    )
    return builders.a_slot(session, event, marshal), builders.a_slot(session, event, tail)


def leave_out_later_dates(session):
    later = sa.update(Event).where(Event.occurs_on > FIRST)
    session.execute(later.values(state="skipped", sequence=Event.sequence + 1))


def asked(session, now=DUE):
    """Plan -> whom it asks, and for which jobs on which days."""
    come_again.plan_due(session, now=now)
    session.expire_all()
    return [
        (one.person_id, jobs_of(session, one))
        for one in session.scalars(sa.select(Notice).where(Notice.kind == AGAIN))
    ]


def jobs_of(session, notice):
    numbers = [int(number) for number in notice.facts["slots"].split(",")]
    turns = come_again.still_free(session, community_id=notice.community_id, slot_ids=numbers)
    return [(turn.job, turn.occurs_on.day) for turn in turns]


def test_five_days_later_at_ten_three_dates_with_the_job_they_did(session, walk):
    assert asked(session, DUE - dt.timedelta(seconds=1)) == []
    with count_statements() as count:
        assert come_again.plan_due(session, now=DUE) == 1
    assert count.total == 1
    assert asked(session) == [
        (walk.bela.person_id, [("Tail walker", 8), ("Tail walker", 15), ("Tail walker", 22)])
    ]


def test_twice_is_once_and_there_is_no_second_try(session, walk):
    assert come_again.plan_due(session, now=DUE) == 1
    for later in (DUE, DUE + DAY, DUE + 3 * DAY):
        assert come_again.plan_due(session, now=later) == 0
    session.execute(sa.update(Notice).values(state="cancelled"))
    assert come_again.plan_due(session, now=DUE + DAY) == 0


def test_not_at_night_nor_when_two_weeks_have_gone(session, walk):
    for late in (DUE + dt.timedelta(hours=9), DUE + dt.timedelta(hours=16), DUE + 9 * DAY):
        assert come_again.plan_due(session, now=late) == 0
    assert come_again.plan_due(session, now=DUE + 8 * DAY) == 1  # it was missed: made up


def test_whoever_has_a_next_turn_or_came_again_already_gets_nothing(session, walk):
    marshal, _tail = another(session, walk, 5)
    claim = builders.a_claim(session, marshal, walk.bela)
    assert asked(session) == []
    claim.state = ClaimState.MISSED
    session.flush()
    earlier = builders.an_event(session, walk.series, FIRST - 7 * DAY)
    slot = builders.a_slot(session, earlier, session.get_one(Role, walk.marshal.role_id))
    done = builders.a_claim(session, slot, walk.bela, state=ClaimState.ATTENDED)
    assert asked(session) == []
    done.state = ClaimState.MISSED
    session.flush()
    assert len(asked(session)) == 1


@pytest.mark.parametrize("why", ["rather not", "rests", "left", "no e-mail", "returned"])
def test_whoever_would_rather_not_rests_left_or_reads_no_mail_gets_nothing(session, walk, why):
    if why == "rather not":
        walk.bela.may_be_asked = False
    elif why == "rests":
        walk.bela.paused_at = DUE
    elif why == "left":
        walk.bela.standing, walk.bela.left_at = Standing.LEFT, DUE
    elif why == "returned":
        suppression.note_refusal(
            session, person_id=walk.bela.person_id, address="bela@example.com",
            status="550 5.1.1", now=DUE,
        )  # fmt: skip
    else:
        session.execute(
            sa.text("UPDATE profile SET email = NULL WHERE person_id = :id"),
            {"id": walk.bela.person_id},
        )
    session.flush()
    assert asked(session) == []


def test_where_nothing_suits_nothing_is_sent(session, walk):
    leave_out_later_dates(session)
    assert asked(session) == []


def test_the_same_kind_of_event_suits_but_another_groups_other_kind_does_not(session, walk):
    leave_out_later_dates(session)
    group = builders.communities.create_group(
        session, community=walk.community, slug="fixers", name="Fixers", organisers=[walk.sam]
    )
    series = builders.a_series(
        session, group=group, organiser=walk.sam, title="Repair café", slug="fix",
        first_on=FIRST + 8 * DAY,
    )  # fmt: skip
    series.scene = "fix"
    role = builders.a_role(session, series, name="Tea")
    builders.a_slot(session, builders.an_event(session, series), role)
    assert asked(session) == []
    series.scene = walk.series.scene
    session.flush()
    assert asked(session) == [(walk.bela.person_id, [("Tea", 9)])]


def test_what_is_taken_is_not_offered_and_what_a_rule_forbids_is_not(session, walk):
    tails = sa.select(builders.Slot).where(
        builders.Slot.role_id == walk.tail_walker.role_id, builders.Slot.id > walk.tail_walker.id
    )
    first, *_others = session.scalars(tails.order_by(builders.Slot.id)).all()
    builders.a_claim(session, first, walk.sam)
    session.get_one(Role, walk.tail_walker.role_id).opens_hours_before = 14 * 24
    session.flush()
    assert asked(session) == [
        (walk.bela.person_id, [("Marshal", 8), ("Tail walker", 15), ("Marshal", 22)])
    ]


def test_a_turn_in_another_community_at_that_time_stands_in_the_way(session, walk):
    elsewhere = builders.an_elsewhere(session)
    there = builders.communities.join(
        session, community_id=elsewhere.community.id, person_id=walk.bela.person_id
    )
    group = builders.communities.create_group(
        session, community=elsewhere.community, slug="tea", name="Tea", organisers=[elsewhere.chi]
    )
    series = builders.a_series(
        session, group=group, organiser=elsewhere.chi, slug="tea", first_on=FIRST + 7 * DAY
    )
    role = builders.a_role(session, series, name="Tea")
    slot = builders.a_slot(session, builders.an_event(session, series), role)
    builders.a_claim(session, slot, there)
    assert asked(session) == [
        (walk.bela.person_id, [("Tail walker", 15), ("Tail walker", 22), ("Tail walker", 29)])
    ]


def test_the_mail_offers_what_is_still_free_and_each_button_leads_to_its_page(session, walk):
    come_again.plan_due(session, now=DUE)
    session.commit()
    sent = mail(session, AGAIN)
    assert sent.subject == "Come again? Turns that might suit you, Bela"
    assert "It was good to have you at Danson Saturday Stroll." in sent.text
    assert "/e/danson-saturday-stroll/2027-05-08/claim/" in sent.text
    assert sent.html.count("I’ll do it") == 3
    next_walk = session.scalars(sa.select(Event).where(Event.occurs_on == FIRST + 7 * DAY)).one()
    next_walk.state, next_walk.reason = EventState.CANCELLED, "Ice"
    next_walk.sequence += 1
    session.commit()
    sent = mail(session, AGAIN)
    assert "2027-05-08" not in sent.text
    assert "2027-05-15" in sent.text


def test_a_turn_taken_meanwhile_or_a_rest_begun_drops_it(session, walk):
    come_again.plan_due(session, now=DUE)
    [notice] = session.scalars(sa.select(Notice).where(Notice.kind == AGAIN))

    def why():
        session.flush()
        return letters.reason_to_drop(letters.read_letter(session, notice_id=notice.id))

    assert why() is None
    marshal, _tail = another(session, walk, 5)
    claim = builders.a_claim(session, marshal, walk.bela)
    assert why() == "they have taken another turn"
    claim.state = ClaimState.ATTENDED
    assert why() == "they have taken another turn"
    claim.state = ClaimState.MISSED
    walk.bela.may_be_asked = False
    assert why() == "they would rather not be asked"


def test_many_newcomers_are_one_statement(session, walk):
    role = session.get_one(Role, walk.marshal.role_id)
    role.places = 30
    session.flush()
    event = builders.an_event(session, walk.series, FIRST - DAY)
    slot = builders.a_slot(session, event, role)
    for number in range(1, 31):
        member = builders.a_member(session, walk.community, f"N{number} Lee")
        builders.a_claim(session, slot, member, place=number, state=ClaimState.ATTENDED)
    with count_statements() as count:
        assert come_again.plan_due(session, now=DUE) == 31
    assert count.total == 1
