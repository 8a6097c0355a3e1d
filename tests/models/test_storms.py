"""What the database promises under load: the rules as they are, and proof that these tests see.

A deadlock is an answer like any other here, and none is expected.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter

import pytest
import sqlalchemy as sa

from tests import builders
from tests.storms import DONE
from tests.storms import Storm
from tests.storms import a_crowd
from tests.storms import slots_by_date
from timebank.domain.ledger import transfers
from timebank.domain.ledger.crediting import credit_claims
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
CROWD = 50
ROUNDS = 20

LIVE = "SELECT array_agg(place ORDER BY place) FROM claim WHERE slot_id = :slot AND live"

# How one would do it without numbered places: count, then insert.
COUNT = sa.text("SELECT count(*) FROM claim WHERE slot_id = :slot AND live")
INSERT = sa.text("""
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, 1, s.starts_at, s.ends_at, s.places,
       'confirmed'
  FROM slot s, membership m WHERE s.id = :slot AND m.id = :member
""")


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def storm(engine):
    with Storm(engine, crowd=60) as storm:
        yield storm


def claim(slot, member):
    return lambda session: claiming.claim_slot(
        session, slot_id=slot.id, membership_id=member.id, now=NOW
    )


def naive_claim(slot, member):
    def work(session):
        values = {"slot": slot.id, "member": member.id}
        if session.scalar(COUNT, values) >= slot.places:
            raise claiming.SlotFull
        time.sleep(0.02)  # what a busy machine puts in between; a quiet one may be too quick
        session.execute(INSERT, values)

    return work


@pytest.mark.timeout(300)
def test_fifty_rivals_for_the_last_place_have_one_winner_in_each_of_twenty_rounds(
    session, walk, storm
):
    crowd = a_crowd(session, walk.community, CROWD)
    slots = slots_by_date(session, walk, dates=ROUNDS, places=1)
    session.commit()
    rounds = [storm.answers([claim(slot, member) for member in crowd]) for slot in slots]
    assert rounds == [{DONE: 1, "SlotFull": CROWD - 1}] * ROUNDS
    assert session.query(Claim).count() == ROUNDS


def test_counting_before_inserting_oversells_so_the_storm_can_see_it(session, walk, storm):
    crowd = a_crowd(session, walk.community, CROWD)
    slots = slots_by_date(session, walk, dates=10, places=1)
    session.execute(sa.text("SET LOCAL ROLE NONE"))
    session.execute(sa.text("DROP INDEX one_live_claim_per_place"))
    session.commit()
    for slot in slots:
        storm.answers([naive_claim(slot, member) for member in crowd])
    oversold = session.scalar(
        sa.text("SELECT count(*) FROM (SELECT FROM claim GROUP BY slot_id HAVING count(*) > 1) x")
    )
    assert oversold > 9


def test_twenty_places_go_to_twenty_of_fifty(session, walk, storm):
    crowd = a_crowd(session, walk.community, CROWD)
    [slot] = slots_by_date(session, walk, dates=1, places=20)
    session.commit()
    answers = storm.answers([claim(slot, member) for member in crowd])
    places = session.scalar(sa.text(LIVE), {"slot": slot.id})
    assert (answers, places) == ({DONE: 20, "SlotFull": 30}, list(range(1, 21)))


def test_one_person_tapping_fifty_times_has_one_turn(session, walk, storm):
    [slot] = slots_by_date(session, walk, dates=1, places=50)
    session.commit()
    answers = storm.answers([claim(slot, walk.bela)] * CROWD)
    assert answers == {DONE: 1, "AlreadyYours": CROWD - 1}


def test_one_person_in_many_places_at_once_is_in_one(session, walk, storm):
    """Eight events at one hour, in one community, each locked by a thread of its own."""
    slots = []
    for number in range(8):
        series = builders.a_series(
            session, group=walk.group, organiser=walk.nadia, slug=f"event-{number}"
        )
        event = builders.an_event(session, series)
        slots.append(builders.a_slot(session, event, builders.a_role(session, series, places=50)))
    crowd = a_crowd(session, walk.community, 40)
    session.commit()
    for member in crowd:
        answers = storm.answers([claim(slot, member) for slot in slots])
        assert answers == {DONE: 1, "WouldOverlap": 7}


def test_withdrawing_and_claiming_the_same_place_at_once_never_oversells(session, walk, storm):
    crowd = a_crowd(session, walk.community, 24)
    slots = slots_by_date(session, walk, dates=10, places=4)
    holders = crowd[:4]
    session.commit()
    for slot in slots:
        turns = [builders.a_claim(session, slot, m, place=n) for n, m in enumerate(holders, 1)]
        session.commit()
        answers = storm.answers(
            [withdraw(turn) for turn in turns] + [claim(slot, member) for member in crowd[4:]]
        )
        places = session.scalar(sa.text(LIVE), {"slot": slot.id}) or []
        assert set(answers) <= {DONE, "SlotFull"}
        assert len(places) == answers[DONE] - 4
        assert len(set(places)) == len(places) <= 4


def withdraw(turn):
    return lambda session: withdrawing.withdraw_claim(session, claim_id=turn.id, now=NOW)


def test_nobody_gets_a_turn_on_a_date_while_it_is_cancelled(session, walk, storm):
    crowd = a_crowd(session, walk.community, 20)
    slots = slots_by_date(session, walk, dates=10, places=50)
    session.commit()

    def cancel(slot):
        return lambda session: changing.cancel_event(
            session,
            event=session.get(Event, slot.event_id),
            reason="Flooded path",
            by=walk.nadia,
            now=NOW,
        )

    for slot in slots:
        turns = [builders.a_claim(session, slot, m, place=40 + n) for n, m in enumerate(crowd[:5])]
        session.commit()
        works = [claim(slot, member) for member in crowd[5:]]
        works[7:7] = [cancel(slot), *(withdraw(turn) for turn in turns)]
        answers = storm.answers(works)
        assert set(answers) <= {DONE, "EventCancelled"}
        assert session.scalar(sa.text(LIVE), {"slot": slot.id}) is None
    states = session.scalars(
        sa.select(Event.state).where(Event.id.in_([s.event_id for s in slots]))
    )
    assert set(states) == {EventState.CANCELLED}


def test_holds_that_lapse_while_people_say_yes_are_swept_or_kept(session, walk, storm):
    """Ten people say yes, late, while the job sweeps: nobody waits for the other."""
    crowd = a_crowd(session, walk.community, 10)
    slots = slots_by_date(session, walk, dates=15, places=10)
    session.commit()
    for slot in slots:
        holds = [
            builders.a_claim(
                session, slot, member, place=place, state=ClaimState.HELD, held_until=NOW
            )
            for place, member in enumerate(crowd, 1)
        ]
        session.commit()
        sweeps = [lambda session: claiming.lapse_holds(session, now=NOW)] * 6
        answers = storm.answers([*(confirm(hold) for hold in holds), *sweeps])
        assert answers == {DONE: 16}
        assert session.scalar(sa.text(LIVE), {"slot": slot.id}) == list(range(1, 11))


def confirm(hold):
    return lambda session: claiming.confirm_claim(session, claim_id=hold.id, now=NOW)


def test_everything_at_once_on_two_dates_waits_for_nobody_in_a_circle(session, walk, storm):
    """People take, give back and confirm places while two organisers move both dates about."""
    crowd = a_crowd(session, walk.community, 30)
    slots = slots_by_date(session, walk, dates=2, places=40)
    session.commit()
    rounds = [
        [work for member in group for work in (claim(slots[0], member), claim(slots[1], member))]
        for group in (crowd[:10], crowd[10:20], crowd[20:])
    ]
    answers = Counter()
    for hour, works in enumerate(rounds, 1):
        held = session.scalars(sa.select(Claim).where(Claim.live)).all()
        moves = [move(slot, walk.nadia, hour, minute) for slot in slots for minute in (10, 20, 30)]
        sweep = [lambda session: claiming.lapse_holds(session, now=NOW)] * 2
        answers += storm.answers(works + [withdraw(turn) for turn in held[:20]] + moves + sweep)
    assert set(answers) <= {DONE, "WouldOverlap"}
    session.rollback()
    agree = sa.text(
        "SELECT bool_and((c.starts_at, c.ends_at, c.places) = (s.starts_at, s.ends_at, s.places))"
        " FROM claim c JOIN slot s ON s.id = c.slot_id"
    )
    assert session.scalar(agree)


def move(slot, by, hours, minutes):
    def work(session):
        event = session.get(Event, slot.event_id)
        later = dt.timedelta(hours=hours, minutes=minutes)
        starts_at = dt.datetime.combine(event.occurs_on, dt.time(8), dt.UTC) + later
        changing.move_event(
            session,
            event=event,
            starts_at=starts_at,
            ends_at=starts_at + dt.timedelta(minutes=90),
            reason="A later bus",
            by=by,
            now=NOW,
        )

    return work


def forty_turns(session, walk):
    """Forty people who came, on one date, and a community in which they all are."""
    crowd = a_crowd(session, walk.community, 40)
    [slot] = slots_by_date(session, walk, dates=1, places=40)
    turns = [builders.a_claim(session, slot, m, place=n) for n, m in enumerate(crowd, 1)]
    session.commit()
    return crowd, turns


BOOKS = sa.text("""
SELECT (SELECT count(*) FROM transfer WHERE kind = 'earn') AS earns,
       (SELECT sum(balance) FROM account) AS sum,
       (SELECT count(*) FROM account a WHERE balance <> (
          SELECT coalesce(sum(CASE credit_id WHEN a.id THEN minutes ELSE -minutes END), 0)
            FROM transfer WHERE a.id IN (debit_id, credit_id))) AS wrong
""")


def test_forty_turns_credited_by_fifty_rivals_earn_forty_times(session, walk, storm):
    _, turns = forty_turns(session, walk)
    forwards = [turn.id for turn in turns]
    orders = [forwards, forwards[::-1]] * (CROWD // 2)
    answers = storm.answers(
        [
            lambda session, ids=ids: credit_claims(
                session, claim_ids=ids, by=walk.nadia.id, now=NOW
            )
            for ids in orders
        ]
    )
    assert answers == {DONE: CROWD}
    assert tuple(session.execute(BOOKS).one()) == (40, 0, 0)


def test_looking_before_crediting_pays_twice_so_the_storm_can_see_it(session, walk, storm):
    _, turns = forty_turns(session, walk)
    session.execute(sa.text("UPDATE claim SET state = 'attended'"))
    session.execute(sa.text("SET LOCAL ROLE NONE"))
    session.execute(sa.text("ALTER TABLE transfer DROP CONSTRAINT one_earn_per_claim"))
    session.commit()
    naive = sa.text("""
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind, claim_id,
                      revision, happened_on, created_by)
SELECT gen_random_uuid(), c.community_id, commons.id, a.id, 90, 'earn', c.id, 0, '2027-05-01', :by
  FROM claim c JOIN account a ON a.membership_id = c.membership_id
  JOIN account commons ON commons.community_id = c.community_id AND commons.kind = 'community'
 WHERE NOT EXISTS (SELECT FROM transfer t WHERE t.claim_id = c.id) ORDER BY a.id
""")
    storm.answers([lambda session: session.execute(naive, {"by": walk.nadia.id})] * 10)
    assert session.execute(BOOKS).one().earns > len(turns)


def test_hours_are_credited_while_neighbours_thank_each_other(session, walk, storm):
    """Gifts criss-cross between the people whose hours arrive: nobody waits in a circle."""
    crowd, turns = forty_turns(session, walk)
    accounts = [builders.account_of(session, member) for member in crowd]

    def thank(giver, receiver):
        return lambda session: transfers.record(
            session,
            key=uuid.uuid4(),
            community_id=walk.community.id,
            debit_id=accounts[giver].id,
            credit_id=accounts[receiver].id,
            minutes=400,
            kind=TransferKind.GIFT,
            happened_on=NOW.date(),
            created_by=crowd[giver].id,
            now=NOW,
        )

    gifts = [thank(39 - n, n) for n in range(20)] + [thank(n, 39 - n) for n in range(20)]
    gifts += [thank(39, 20), thank(39, 20)]
    finishes = [
        lambda session: credit_claims(
            session, claim_ids=[turn.id for turn in turns], by=walk.nadia.id, now=NOW
        )
    ] * 8
    answers = storm.answers(finishes + gifts)
    assert set(answers) <= {DONE, "BelowFloor"}
    assert tuple(session.execute(BOOKS).one()) == (40, 0, 0)
    low = sa.text("SELECT count(*) FROM account WHERE balance < floor")
    assert session.scalar(low) == 0


def test_one_key_sent_fifty_times_is_one_transfer(session, walk, storm):
    bela, sam = (builders.account_of(session, member) for member in (walk.bela, walk.sam))
    key = uuid.uuid4()
    answers = storm.answers(
        [
            lambda session: transfers.record(
                session,
                key=key,
                community_id=walk.community.id,
                debit_id=bela.id,
                credit_id=sam.id,
                minutes=60,
                kind=TransferKind.GIFT,
                happened_on=NOW.date(),
                created_by=walk.bela.id,
                now=NOW,
            )
        ]
        * CROWD
    )
    assert answers == {DONE: CROWD}
    assert session.query(Transfer).count() == 1
