"""The figures of a month, what was published of them, and whom to ring."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest

from tests import builders
from timebank.domain import ledger
from timebank.domain.insight import figures
from timebank.domain.insight import ringing
from timebank.domain.insight.ringing import Reason
from timebank.domain.ledger import group_rules
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import BatchKind
from timebank.models import TransferKind

LONDON = ZoneInfo("Europe/London")
NOW = dt.datetime(2027, 6, 2, 12, tzinfo=dt.UTC)
MAY = dt.date(2027, 5, 1)
LATE_IN_MAY = dt.date(2027, 5, 31)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    for member in (walk.ama, walk.nadia, walk.bela, walk.sam):
        member.created_at = dt.datetime(2027, 4, 1, tzinfo=dt.UTC)
    session.flush()
    return walk


def read(session, walk, month=MAY):
    return figures.read_figures(
        session, community_id=walk.community.id, month=month, timezone=LONDON
    )


def publish(session, walk, month=MAY, now=NOW):
    return figures.publish_month(
        session,
        community_id=walk.community.id,
        month=month,
        timezone=LONDON,
        by=walk.ama.id,
        now=now,
    )


def a_turn(session, walk, member, slot=None):
    claim = builders.a_claim(session, slot or walk.marshal, member)
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)


def give(session, giver, account_id, minutes, day=LATE_IN_MAY):
    return ledger.give(
        session,
        giver=giver,
        to_account_id=account_id,
        minutes=minutes,
        key=uuid.uuid4(),
        memo=None,
        today=day,
        now=NOW,
    )


def pot_of(session):
    return session.query(Account).filter_by(kind=AccountKind.POT).one().id


def a_class(session, walk, teacher, learner):
    account = {one.id: builders.account_of(session, one).id for one in (teacher, learner)}
    occasion = group_rules.Occasion(
        rule=BatchKind.CLASS,
        minutes=60,
        helpers=[group_rules.Part(account_id=account[teacher.id])],
        learners=[group_rules.Part(account_id=account[learner.id])],
        pot_id=pot_of(session),
    )
    ledger.post_batch(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        kind=BatchKind.CLASS,
        title="Bread",
        happened_on=LATE_IN_MAY,
        legs=group_rules.shares(occasion).legs(),
        by=walk.nadia.id,
        now=NOW,
    )


def test_a_month_counts_help_and_keeps_gifts_apart(session, walk):
    a_turn(session, walk, walk.bela)
    a_turn(session, walk, walk.sam, walk.tail_walker)
    a_class(session, walk, walk.bela, walk.sam)
    give(session, walk.bela, pot_of(session), 30)
    assert read(session, walk) == figures.Figures(
        turn_minutes=180,
        together_minutes=60,
        given_away_minutes=30,
        turns=2,
        occasions=1,
        helpers=2,
        helped=1,
        events=1,
        members=4,
        active=2,
    )


def test_what_was_taken_back_or_brought_forward_is_no_help(session, walk):
    sam = builders.account_of(session, walk.sam).id
    gift = give(session, walk.bela, pot_of(session), 30)
    ledger.reverse(session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
    ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=ledger.opening_account(session, community_id=walk.community.id).id,
        credit_id=sam,
        minutes=600,
        kind=TransferKind.OPENING,
        happened_on=LATE_IN_MAY,
        created_by=walk.ama.id,
        now=NOW,
    )
    assert read(session, walk) == figures.Figures(members=4)


def test_the_last_day_belongs_to_its_month_and_the_next_does_not(session, walk):
    give(session, walk.bela, pot_of(session), 30, day=LATE_IN_MAY)
    give(session, walk.bela, pot_of(session), 40, day=dt.date(2027, 6, 1))
    assert read(session, walk).given_away_minutes == 30
    assert read(session, walk, dt.date(2027, 6, 1)).given_away_minutes == 40


def test_a_published_month_keeps_its_figures_and_late_entries_show_beside_them(session, walk):
    a_turn(session, walk, walk.bela)
    told = publish(session, walk)
    a_turn(session, walk, walk.sam, walk.tail_walker)
    [kept] = figures.read_published(
        session, community_id=walk.community.id, since=MAY, until=MAY
    ).values()  # fmt: skip
    assert kept == told
    assert (kept.figures.help_minutes, read(session, walk).help_minutes) == (90, 180)
    with pytest.raises(figures.PublishedAlready):
        publish(session, walk)


def test_a_month_that_is_not_over_is_not_published(session, walk):
    # 30 minutes before midnight in London.
    with pytest.raises(figures.MonthNotOver):
        publish(session, walk, now=dt.datetime(2027, 5, 31, 22, 30, tzinfo=dt.UTC))
    assert publish(session, walk, now=dt.datetime(2027, 5, 31, 23, 30, tzinfo=dt.UTC))


def test_another_communitys_hours_are_not_ours(session, walk):
    elsewhere = builders.an_elsewhere(session)
    a_turn(session, walk, walk.bela)
    assert figures.read_figures(
        session, community_id=elsewhere.community.id, month=MAY, timezone=LONDON
    ).turns == 0  # fmt: skip


# ------------------------------------------------------------------------------------- ringing


def test_whom_to_ring_and_why(session, walk):
    pot = pot_of(session)
    give(session, walk.bela, pot, 300)
    quiet = builders.a_member(session, walk.community, "Quinn Quiet")
    give(session, quiet, pot, 30, day=dt.date(2027, 1, 5))
    new = builders.a_member(session, walk.community, "Newt New")
    new.created_at = NOW
    session.flush()
    calls = ringing.whom_to_ring(session, community_id=walk.community.id, now=NOW)
    assert [(one.full_name, one.reason) for one in calls] == [
        ("Bela Novak", Reason.LOW),
        ("Ama Owusu", Reason.NEVER_BEGUN),
        ("Nadia Khan", Reason.NEVER_BEGUN),
        ("Sam Tran", Reason.NEVER_BEGUN),
        ("Quinn Quiet", Reason.QUIET),
    ]


# ------------------------------------------------------------------------- guests of the rota


def test_guests_of_the_rota_help_and_are_no_members(session, walk):
    guest = builders.a_member(session, walk.community, "Gus Guest")
    guest.created_at, guest.approved_at = dt.datetime(2027, 5, 20, tzinfo=dt.UTC), None
    session.flush()
    a_turn(session, walk, guest)
    found = read(session, walk)
    assert (found.turns, found.helpers) == (1, 1)
    assert (found.members, found.joined, found.active) == (4, 0, 0)
    guest.approved_at = dt.datetime(2027, 5, 30, tzinfo=dt.UTC)
    session.flush()
    found = read(session, walk)
    assert (found.members, found.joined, found.active) == (5, 1, 1)
    april = read(session, walk, month=dt.date(2027, 4, 1))
    assert april.members == 4


def test_nobody_rings_a_guest_of_the_rota_about_hours_they_may_not_spend(session, walk):
    for member in (walk.ama, walk.nadia, walk.bela, walk.sam):
        member.approved_at = None
    session.flush()
    assert ringing.whom_to_ring(session, community_id=walk.community.id, now=NOW) == []
