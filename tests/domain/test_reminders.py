from __future__ import annotations

import datetime as dt

import pytest

from tests import builders
from tests.statements import count_statements
from timebank.domain.rota import claiming
from timebank.domain.rota import reminders
from timebank.domain.rota import withdrawing
from timebank.models import Notice
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TWO_DAYS = dt.datetime(2027, 4, 29, 9, tzinfo=dt.UTC)  # 10am in London
EVE = dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC)  # 6pm
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def claim(session, slot, member, now=NOW):
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=now)


def due(session, now):
    """Plan, and say what is owed by then: kind, whom, until when."""
    reminders.plan_due(session, now=now)
    session.expire_all()
    kinds = [NoticeKind.REMINDER_TWO_DAYS, NoticeKind.REMINDER_EVE]
    found = session.query(Notice).filter(Notice.kind.in_(kinds)).order_by(Notice.id)
    return [(one.kind.value, one.person_id, one.not_before, one.expires_at) for one in found]


def test_a_reminder_is_owed_when_its_moment_has_come_and_not_before(session, walk):
    turn = claim(session, walk.tail_walker, walk.bela)
    bela = walk.bela.person_id
    assert due(session, TWO_DAYS - SECOND) == []
    assert due(session, TWO_DAYS) == [("reminder_two_days", bela, TWO_DAYS, EVE)]
    assert due(session, EVE) == [
        ("reminder_two_days", bela, TWO_DAYS, EVE),
        ("reminder_eve", bela, EVE, turn.starts_at),
    ]


def test_planning_twice_adds_nothing_and_costs_one_statement(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    claim(session, walk.marshal, walk.sam)
    with count_statements() as count:
        first = reminders.plan_due(session, now=EVE)
    assert (first, count.total) == (2, 1)
    assert reminders.plan_due(session, now=EVE + dt.timedelta(minutes=5)) == 0


def test_a_turn_given_back_is_not_reminded_of(session, walk):
    turn = claim(session, walk.tail_walker, walk.bela)
    withdrawing.withdraw_claim(session, claim_id=turn.id, now=NOW)
    assert due(session, TWO_DAYS) == []


@pytest.mark.parametrize(
    ("taken_at", "owed"),
    [
        (TWO_DAYS - dt.timedelta(hours=13), ["reminder_two_days"]),
        (TWO_DAYS - dt.timedelta(hours=11), []),
    ],
)
def test_no_reminder_follows_another_message_closely(session, walk, taken_at, owed):
    claim(session, walk.tail_walker, walk.bela, now=taken_at)
    assert [kind for kind, *_ in due(session, TWO_DAYS)] == owed


def test_people_without_email_are_reminded_by_nobody(session, walk):
    elsie = builders.a_member(session, walk.community, "Elsie Ward", email=None)
    claim(session, walk.marshal, elsie)
    assert due(session, TWO_DAYS) == []


def test_a_worker_away_all_night_sends_no_stale_reminder(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    later = EVE + dt.timedelta(hours=2)
    assert [kind for kind, *_ in due(session, later)] == ["reminder_eve"]


@pytest.mark.parametrize(
    ("state", "due_at"), [("pending", TWO_DAYS), ("failed", None), ("expired", None)]
)
def test_a_reminder_that_was_delayed_or_never_went_takes_the_place_of_no_other(
    session, walk, state, due_at
):
    claim(session, walk.tail_walker, walk.bela)
    due(session, TWO_DAYS)
    first = session.query(Notice).filter(Notice.kind == NoticeKind.REMINDER_TWO_DAYS).one()
    first.state, first.due_at = state, due_at
    first.not_before = EVE - dt.timedelta(hours=1)
    session.flush()
    assert [kind for kind, *_ in due(session, EVE)] == ["reminder_two_days", "reminder_eve"]
