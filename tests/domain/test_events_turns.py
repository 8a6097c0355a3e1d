"""Jobs that are shared out in turns, and jobs that grow with the crowd."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.drafts import a_draft
from tests.storms import Storm
from timebank.domain import events
from timebank.domain.rota import claiming
from timebank.domain.rota import editing
from timebank.domain.rota import own_jobs
from timebank.domain.rota import waiting
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import Frequency
from timebank.models import Role
from timebank.models import Slot

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
LAST = dt.date(2027, 7, 31)
CASTLE = events.RoleDraft(
    name="Castle", places=1, starts_after_minutes=0, duration_minutes=90, turn_minutes=20
)
SCAN = events.RoleDraft(
    name="Scan", places=1, needed=1, starts_after_minutes=0, duration_minutes=90
)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def publish(session, walk, *roles, **values):
    draft = a_draft(group_id=walk.group.id, roles=roles, **values)
    series = events.make_series(session, draft=draft, by=walk.nadia, now=NOW)
    events.publish(session, series=series, now=NOW)
    ids = session.scalars(sa.select(Role.id).filter_by(series_id=series.id).order_by("position"))
    known = tuple(
        dataclasses.replace(role, role_id=role_id)
        for role, role_id in zip(roles, ids, strict=True)
    )
    session.commit()
    return series, dataclasses.replace(draft, roles=known)


def turns(session, series, day=dt.date(2027, 5, 1)):
    session.expire_all()
    rows = session.scalars(
        sa.select(Slot)
        .join(Slot.event)
        .where(Slot.series_id == series.id, sa.text("event.occurs_on = :day"))
        .order_by(Slot.starts_at, Slot.turn)
        .params(day=day)
    )
    return [
        (slot.turn, f"{slot.starts_at:%H:%M}", slot.minutes, slot.closed_at is not None)
        for slot in rows
    ]


def change(session, walk, series, draft, **changes):
    roles = (dataclasses.replace(draft.roles[0], **changes), *draft.roles[1:])
    return editing.edit_series(
        session,
        series=series,
        draft=dataclasses.replace(draft, roles=roles),
        by=walk.nadia,
        now=NOW,
    )


def claim(session, series, member, turn):
    slot = session.scalars(
        sa.select(Slot).filter_by(series_id=series.id, turn=turn).order_by(Slot.starts_at)
    ).first()
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=NOW)


def test_a_job_is_shared_out_in_as_many_turns_as_fit(session, walk):
    series, _ = publish(session, walk, CASTLE)
    assert turns(session, series) == [
        (1, "08:00", 20, False),
        (2, "08:20", 20, False),
        (3, "08:40", 20, False),
        (4, "09:00", 20, False),
    ]


def test_several_times_a_day_is_a_turn_now_and_then(session, walk):
    watering = dataclasses.replace(
        CASTLE, duration_minutes=660, turn_minutes=60, every_minutes=600
    )
    series, _ = publish(session, walk, watering, starts=dt.time(8), ends=dt.time(19))
    assert turns(session, series) == [(1, "07:00", 60, False), (2, "17:00", 60, False)]


def test_made_ahead_in_four_processes_at_once_every_turn_is_made_once(session, walk, engine):
    series, _ = publish(session, walk, CASTLE, frequency=Frequency.DAILY, last_on=LAST)
    later = dt.datetime(2027, 6, 20, tzinfo=dt.UTC)
    with Storm(engine, crowd=4) as storm:
        answers = storm.answers([lambda own: events.extend_dates(own, now=later)] * 4)
    assert answers == {"done": 4}
    days = (LAST - dt.date(2027, 5, 1)).days + 1
    found = session.execute(
        sa.select(sa.func.count(), sa.func.count(Slot.event_id.distinct())).where(
            Slot.series_id == series.id
        )
    ).one()
    assert tuple(found) == (4 * days, days)


def test_longer_turns_move_the_ones_that_stay_and_drop_the_rest(session, walk):
    series, draft = publish(session, walk, CASTLE)
    claim(session, series, walk.bela, 2)
    assert change(session, walk, series, draft, turn_minutes=30, every_minutes=30) == 1
    assert turns(session, series) == [
        (1, "08:00", 30, False),
        (2, "08:30", 30, False),
        (3, "09:00", 30, False),
    ]


def test_a_turn_that_somebody_has_does_not_vanish_and_is_named(session, walk):
    series, draft = publish(session, walk, CASTLE)
    claim(session, series, walk.bela, 4)
    with pytest.raises(editing.JobHasTurns) as refusal:
        change(session, walk, series, draft, turn_minutes=45)
    assert (refusal.value.sentence, refusal.value.field) == (
        "Bela N has “Castle” at 10am on 1 May. Keep the turn, or have a word first.",
        "roles-0-turn",
    )


def test_a_turn_with_a_story_is_closed_and_opens_again(session, walk):
    series, draft = publish(session, walk, CASTLE)
    given = claim(session, series, walk.bela, 4)
    withdrawing.withdraw_claim(session, claim_id=given.id, now=NOW)
    change(session, walk, series, draft, turn_minutes=45)
    assert turns(session, series)[-1] == (4, "09:00", 20, True)
    change(session, walk, series, draft)
    assert turns(session, series)[-1] == (4, "09:00", 20, False)


def test_a_job_that_grows_with_the_crowd_has_its_places_by_the_date(session, walk):
    series, draft = publish(session, walk, SCAN, expected_people=120)
    role = session.scalars(sa.select(Role).filter_by(series_id=series.id)).one()
    role.one_per = 50
    session.commit()
    editing.edit_series(session, series=series, draft=draft, by=walk.nadia, now=NOW)
    slots = session.scalars(
        sa.select(Slot).filter_by(series_id=series.id).order_by(Slot.starts_at)
    ).all()
    assert {(slot.needed, slot.places) for slot in slots} == {(3, 3)}
    event = slots[0].event
    own_jobs.expect_people(session, event=event, people=20, by=walk.nadia, now=NOW)
    session.expire_all()
    assert [slot.places for slot in slots[:2]] == [1, 3]


def test_a_place_more_is_offered_to_whoever_waits_in_line(session, walk):
    series, draft = publish(session, walk, SCAN)
    slot = session.scalars(sa.select(Slot).filter_by(series_id=series.id)).first()
    claim(session, series, walk.bela, 1)
    waiting.join_waiting(session, slot_id=slot.id, membership_id=walk.sam.id, now=NOW)
    change(session, walk, series, draft, places=2)
    offered = session.scalars(sa.select(Claim).filter_by(held_for="offered")).one()
    assert (offered.slot_id, offered.membership_id) == (slot.id, walk.sam.id)


def test_fewer_expected_take_no_place_from_anybody(session, walk):
    series, _ = publish(session, walk, SCAN)
    role = session.scalars(sa.select(Role).filter_by(series_id=series.id)).one()
    role.one_per = 50
    slot = session.scalars(sa.select(Slot).filter_by(series_id=series.id)).first()
    event = slot.event
    own_jobs.expect_people(session, event=event, people=100, by=walk.nadia, now=NOW)
    for member in (walk.bela, walk.sam):
        claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=NOW)
    with pytest.raises(editing.JobHasTurns, match="Bela N and Sam T have this job on 1 May"):
        own_jobs.expect_people(session, event=event, people=50, by=walk.nadia, now=NOW)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"needed": 2}, "roles-0-needed", "can’t need more than 1"),
        ({"places": 501}, "roles-0-places", "1 to 500"),
        ({"duration_minutes": 1441}, "roles-0-ends", "a day at most"),
        ({"duration_minutes": 0}, "roles-0-ends", "ends before it starts"),
        ({"starts_after_minutes": -1441}, "roles-0-starts", "more than a day"),
        ({"turn_minutes": 4}, "roles-0-turn", "5 minutes at least"),
        ({"turn_minutes": 91}, "roles-0-turn", "longer than the job"),
        ({"turn_minutes": 20, "every_minutes": 10}, "roles-0-every", "20 minutes apart"),
        ({"turn_minutes": None, "every_minutes": 10}, "roles-0-turn", "how long one turn is"),
        ({"duration_minutes": 1440, "turn_minutes": 5}, "roles-0-turn", "makes 288 turns"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused_beside_its_field(changes, field, words):
    draft = a_draft(roles=(dataclasses.replace(CASTLE, **changes),))
    with pytest.raises(events.DraftRefused, match=words) as refusal:
        events.check_draft(draft, timezone="Europe/London", now=NOW)
    assert refusal.value.field == field


def test_a_date_has_room_for_three_hundred_turns():
    many = dataclasses.replace(CASTLE, duration_minutes=500, turn_minutes=5)
    full = (many,) * 3
    events.check_draft(a_draft(roles=full), timezone="Europe/London", now=NOW)
    with pytest.raises(events.DraftRefused, match="make 301 turns") as refusal:
        events.check_draft(a_draft(roles=(*full, SCAN)), timezone="Europe/London", now=NOW)
    assert refusal.value.field == "roles"
