from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_slot
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.calendars import Subscriber
from tests.calendars import cancel
from tests.calendars import events_of
from tests.calendars import move
from tests.calendars import unfolded
from timebank.domain.calendar import addresses
from timebank.domain.calendar import reading
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import Role
from timebank.models import Standing
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def walk(session: Session) -> Walk:
    return a_walk(session, day=dt.date(2026, 10, 24))


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


def address_for(session: Session, member: Membership) -> str:
    token = addresses.make_address(
        session, membership_id=member.id, community_id=member.community_id, now=NOW
    )
    session.commit()
    return token


def test_a_turn_is_told_with_its_job_its_time_and_its_place(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    a_claim(session, walk.tail_walker, walk.sam)
    body = subscriber.turns(address_for(session, walk.bela))
    (turn,) = events_of(body)
    assert (turn["SUMMARY"], turn["STATUS"], turn["TRANSP"], turn["SEQUENCE"]) == (
        "Marshal: Danson Saturday Stroll",
        "CONFIRMED",
        "OPAQUE",
        0,
    )
    assert turn.start.isoformat() == "2026-10-24T08:45:00+01:00"
    assert turn["LOCATION"].startswith("Danson Park, by the boathouse")
    assert "X-WR-CALNAME:My turns in Bexley" in unfolded(body)
    assert b"SOURCE" not in body


def test_only_turns_that_hold_a_place_are_told(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    states = [
        (ClaimState.CONFIRMED, None),
        (ClaimState.HELD, LATER),
        (ClaimState.HELD, NOW),
        (ClaimState.ATTENDED, None),
        (ClaimState.MISSED, None),
    ]
    roles = session.scalars(sa.select(Role).where(Role.name == "Marshal")).all()
    for weeks, (state, held_until) in enumerate(states, 1):
        event = an_event(session, walk.series, dt.date(2026, 10, 24) + dt.timedelta(weeks=weeks))
        slot = a_slot(session, event, roles[0])
        a_claim(session, slot, walk.bela, state=state, held_until=held_until)
    turns = events_of(subscriber.turns(address_for(session, walk.bela)))
    assert [str(turn.start.date()) for turn in turns] == ["2026-10-31", "2026-11-07", "2026-11-21"]


def test_a_turn_moves_with_its_slot_and_keeps_its_uid(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    token = address_for(session, walk.bela)
    (before,) = events_of(subscriber.turns(token))
    walk.marshal.starts_at += dt.timedelta(days=1)
    walk.marshal.ends_at += dt.timedelta(days=1)
    move(session, walk.event, dt.timedelta(days=1), now=LATER)
    (after,) = events_of(subscriber.turns(token))
    assert before["UID"] == after["UID"] != f"{walk.event.uid}@goodturn.example"
    assert after.start.isoformat() == "2026-10-25T07:45:00+00:00"
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_turn_given_back_disappears_and_one_called_off_stays_as_cancelled(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    claim = a_claim(session, walk.marshal, walk.bela)
    token = address_for(session, walk.bela)
    for because, shown in ((WithdrawnBecause.CANCELLED, 1), (WithdrawnBecause.PERSON, 0)):
        session.execute(
            sa.update(Claim)
            .where(Claim.id == claim.id)
            .values(state=ClaimState.WITHDRAWN, withdrawn_at=NOW, withdrawn_because=because)
        )
        session.commit()
        turns = events_of(subscriber.turns(token))
        assert len(turns) == shown
        for turn in turns:
            assert (turn["STATUS"], turn["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
            assert turn["SUMMARY"] == "Cancelled: Marshal: Danson Saturday Stroll"


def test_a_place_taken_again_after_a_cancellation_counts_once_and_is_live(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    claim = a_claim(session, walk.marshal, walk.bela)
    claim.state = ClaimState.WITHDRAWN
    claim.withdrawn_at = NOW
    claim.withdrawn_because = WithdrawnBecause.CANCELLED
    session.flush()
    a_claim(session, walk.marshal, walk.bela)
    (turn,) = events_of(subscriber.turns(address_for(session, walk.bela)))
    assert turn["STATUS"] == "CONFIRMED"


def test_a_live_turn_at_a_cancelled_date_is_cancelled(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    cancel(session, walk.event, "flooded", now=LATER)
    (turn,) = events_of(subscriber.turns(address_for(session, walk.bela)))
    assert (turn["STATUS"], turn["SEQUENCE"]) == ("CANCELLED", 1)


def test_another_name_of_the_job_raises_the_sequence_of_its_turns(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    token = address_for(session, walk.bela)
    subscriber.turns(token)
    session.execute(sa.update(Role).where(Role.name == "Marshal").values(name="Lake marshal"))
    session.commit()
    (turn,) = events_of(subscriber.turns(token))
    assert (turn["SUMMARY"], turn["SEQUENCE"]) == ("Lake marshal: Danson Saturday Stroll", 1)


def test_statements_do_not_grow_with_turns(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    role = session.scalars(sa.select(Role).where(Role.name == "Marshal")).one()
    for weeks in range(20):
        event = an_event(session, walk.series, dt.date(2026, 10, 31) + dt.timedelta(weeks=weeks))
        a_claim(session, a_slot(session, event, role), walk.bela)
    token = address_for(session, walk.bela)
    before = subscriber.reader.statements
    assert len(events_of(subscriber.turns(token))) == 20
    assert subscriber.reader.statements == before + 2
    subscriber.turns(token)
    assert subscriber.reader.statements == before + 3


def test_a_new_address_ends_the_old_one_and_can_be_switched_off(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    first, second = address_for(session, walk.bela), address_for(session, walk.bela)
    with pytest.raises(reading.RevokedFeed):
        subscriber.turns(first)
    assert subscriber.turns(second)
    addresses.revoke_address(session, membership_id=walk.bela.id, now=LATER)
    session.commit()
    with pytest.raises(reading.RevokedFeed):
        subscriber.turns(second)
    assert addresses.address_of(session, membership_id=walk.bela.id) is None


def test_an_address_is_long_random_and_kept_only_as_a_hash(session: Session, walk: Walk) -> None:
    token = address_for(session, walk.bela)
    address = addresses.address_of(session, membership_id=walk.bela.id)
    assert address is not None
    assert len(token) == 32
    assert len(address.token_hash) == 32
    assert token.encode() not in address.token_hash
    assert token != address_for(session, walk.bela)


def test_an_address_ends_when_its_holder_leaves_and_is_unknown_elsewhere(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    token = address_for(session, walk.bela)
    walk.community.host = "localhost"
    an_elsewhere(session)
    with pytest.raises(reading.UnknownFeed):
        reading.my_turns(subscriber.reader, host="ashford.example", token=token, now=NOW)
    with pytest.raises(reading.UnknownFeed):
        subscriber.turns("a" * 32)
    walk.bela.standing, walk.bela.left_at = Standing.LEFT, NOW
    session.commit()
    with pytest.raises(reading.RevokedFeed):
        subscriber.turns(token)


def test_a_fetch_is_noted_at_most_once_an_hour(session: Session, walk: Walk) -> None:
    address_for(session, walk.bela)
    address = addresses.address_of(session, membership_id=walk.bela.id)
    assert address is not None
    assert addresses.is_note_due(address.last_fetched_at, NOW)
    addresses.note_fetch(session, address_id=address.id, now=NOW)
    session.refresh(address)
    assert address.last_fetched_at == NOW
    assert not addresses.is_note_due(NOW, NOW + dt.timedelta(minutes=59))
    assert addresses.is_note_due(NOW, NOW + dt.timedelta(hours=1))
