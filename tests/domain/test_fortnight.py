"""The letter of somebody's fortnight, and who is sent one."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from tests import builders
from tests.statements import count_statements
from timebank.domain import acting
from timebank.domain.communities import on_paper
from timebank.domain.rota import fortnight
from timebank.models import ActedWhat
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import PrintedLetter
from timebank.models import Standing
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def priya(session, walk):
    return builders.a_member(session, walk.community, "Priya Sharma", email=None)


def the_letter(session, walk, member):
    (letter,) = fortnight.read_letters(
        session, community_id=walk.community.id, membership_ids=[member.id], today=TODAY, now=NOW
    )
    return letter


def test_turns_of_the_next_fortnight_with_when_where_and_what_to_bring(session, walk, priya):
    walk.series.bring = "Sturdy shoes"
    walk.tail_walker.role.bring = "A whistle"
    walk.tail_walker.role.arrive_minutes_before = 15
    builders.a_claim(session, walk.tail_walker, priya)
    builders.a_claim(session, walk.marshal, walk.bela)
    assert the_letter(session, walk, priya).turns == (
        fortnight.ComingTurn(
            job="Tail walker",
            title="Danson Saturday Stroll",
            starts_at=walk.tail_walker.starts_at,
            ends_at=walk.tail_walker.ends_at,
            arrives_at=walk.tail_walker.starts_at - dt.timedelta(minutes=15),
            venue="Danson Park, by the boathouse",
            address="The boathouse, Danson Park, DA6 8HL",
            bring=("A whistle", "Sturdy shoes"),
            organiser="Nadia",
        ),
    )


@pytest.mark.parametrize("why", ["later", "over", "cancelled", "given back", "only asked"])
def test_other_turns_stay_out_of_it(session, walk, priya, why):
    day = {"later": dt.date(2027, 5, 15), "over": dt.date(2027, 4, 17)}.get(why)
    event = builders.an_event(session, walk.series, day) if day else walk.event
    slot = builders.a_slot(session, event, walk.marshal.role) if day else walk.marshal
    asked = {"state": ClaimState.HELD, "held_until": NOW + dt.timedelta(days=1)}
    claim = builders.a_claim(session, slot, priya, **(asked if why == "only asked" else {}))
    if why == "cancelled":
        event.state, event.reason, event.sequence = EventState.CANCELLED, "Flood", 1
    if why == "given back":
        claim.state = ClaimState.WITHDRAWN
        claim.withdrawn_at, claim.withdrawn_because = NOW, "person"
    session.flush()
    assert the_letter(session, walk, priya).turns == ()


def test_hours_of_four_weeks_without_what_was_taken_back(session, walk, priya):
    for minutes, days in ((60, 0), (45, 28), (30, 3)):
        on = TODAY - dt.timedelta(days=days)
        wrong = builders.a_gift(session, walk.sam, priya, minutes, on=on)
    builders.a_gift(session, priya, walk.sam, 20, on=TODAY)
    mirror = {"debit_id": wrong.credit_id, "credit_id": wrong.debit_id, "minutes": 30}
    session.add(
        Transfer(
            **mirror,
            idempotency_key=uuid.uuid4(),
            community_id=walk.community.id,
            kind=TransferKind.REVERSAL,
            reverses_id=wrong.id,
            happened_on=TODAY,
            created_by=walk.nadia.id,
        )
    )
    session.flush()
    letter = the_letter(session, walk, priya)
    assert (letter.came_in_minutes, letter.balance_minutes) == (60, 85)


def test_who_acts_for_them_and_what_was_done(session, walk, priya):
    builders.acting_for(
        session, helper=walk.bela, member=priya, by=walk.ama,
        starts_on=dt.date(2026, 4, 1), ends_on=dt.date(2026, 5, 1),
    )  # fmt: skip
    grant = builders.acting_for(session, helper=walk.sam, member=priya, by=walk.ama)
    other = builders.acting_for(session, helper=priya, member=walk.nadia, by=walk.ama)
    for one, back in ((grant, 0), (grant, 2), (other, 0)):
        when = NOW - dt.timedelta(days=back)
        acting.write_down(session, acting=one, what=ActedWhat.LOOKED, today=when.date(), now=when)
    letter = the_letter(session, walk, priya)
    assert [one.id for one in letter.grants] == [grant.id]
    assert [(one.helper, one.acted_at) for one in letter.deeds] == [
        ("Sam T", NOW),
        ("Sam T", NOW - dt.timedelta(days=2)),
    ]
    acting.end(session, acting=grant, by=walk.ama, now=NOW)
    assert [one.ended_at for one in the_letter(session, walk, priya).grants] == [NOW]


def test_many_letters_cost_what_one_costs(session, walk, priya):
    builders.a_claim(session, walk.tail_walker, priya)
    ids = [priya.id]
    counted = []
    for number in range(3):
        with count_statements() as count:
            letters = fortnight.read_letters(
                session, community_id=walk.community.id, membership_ids=ids, today=TODAY, now=NOW
            )
        counted.append((count.total, len(letters)))
        member = builders.a_member(session, walk.community, f"Asha{number} B", email=None)
        ids.append(member.id)
    assert counted == [(4, 1), (4, 2), (4, 3)]
    assert [one.full_name for one in letters] == ["Asha0 B", "Asha1 B", "Priya Sharma"]


def test_no_letter_for_who_left_or_belongs_elsewhere(session, walk, priya):
    chi = builders.an_elsewhere(session).chi
    priya.standing, priya.left_at = Standing.LEFT, NOW
    session.flush()
    here = {"community_id": walk.community.id, "today": TODAY, "now": NOW}
    assert fortnight.read_letters(session, membership_ids=[priya.id, chi.id], **here) == []


class TestWithoutEmail:
    def test_who_reads_none_with_the_last_letter_and_their_helpers(self, session, walk, priya):
        builders.acting_for(session, helper=walk.sam, member=priya, by=walk.ama)
        priya.person.profile.phone = "020 8300 0000"
        on_paper.note_printed(session, membership_ids=[priya.id], by=walk.ama, now=NOW)
        gone = builders.a_member(session, walk.community, "Gone Away", email=None)
        gone.standing, gone.left_at = Standing.LEFT, NOW
        there = builders.an_elsewhere(session).community
        builders.a_member(session, there, "Elsewhere E", email=None)
        session.flush()
        here = {"community_id": walk.community.id, "today": TODAY}
        assert on_paper.without_email(session, **here) == [
            on_paper.Unreached(priya.id, "Priya Sharma", "020 8300 0000", NOW, ("Sam Tran",))
        ]

    def test_a_double_tap_prints_once_and_nothing_elsewhere(self, session, walk, priya):
        chi = builders.an_elsewhere(session).chi
        for seconds in (0, 5, 90):
            when = NOW + dt.timedelta(seconds=seconds)
            ids = [priya.id, chi.id]
            on_paper.note_printed(session, membership_ids=ids, by=walk.ama, now=when)
        rows = session.query(PrintedLetter).order_by(PrintedLetter.id)
        assert [(row.membership_id, row.printed_by, row.printed_at) for row in rows] == [
            (priya.id, walk.ama.id, NOW),
            (priya.id, walk.ama.id, NOW + dt.timedelta(seconds=90)),
        ]
