"""Calendars at private addresses: who sees what, told how, and when it is told anew."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_member
from tests.builders import a_role
from tests.builders import a_series
from tests.builders import a_slot
from tests.builders import a_walk
from tests.builders import account_of
from tests.builders import acting_for
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.calendars import Subscriber
from tests.calendars import cancel
from tests.calendars import events_of
from tests.calendars import move
from tests.calendars import unfolded
from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain.calendar import addresses
from timebank.domain.calendar import reading
from timebank.domain.calendar.addresses import Narrowing
from timebank.domain.exchange import agreeing
from timebank.models import CalendarClient
from timebank.models import CancelledAs
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import Exchange
from timebank.models import Feed
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Outlook
from timebank.models import Profile
from timebank.models import Role
from timebank.models import Series
from timebank.models import Shows
from timebank.models import Standing
from timebank.models import Venue
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
DAY = dt.date(2026, 10, 24)


@pytest.fixture
def walk(session: Session) -> Walk:
    return a_walk(session, day=DAY)


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


def address(session: Session, member: Membership, shows: Shows, **narrowing: object) -> str:
    here = {"membership_id": member.id, "community_id": member.community_id, "shows": shows}
    if shows in (Shows.WHATS_ON, Shows.GAPS):
        chosen = Narrowing(**narrowing)
        _number, token = addresses.make_narrowed(session, **here, narrowing=chosen, now=NOW)
    else:
        token = addresses.make_address(session, **here, now=NOW)
    session.commit()
    return token


def titles(body: bytes) -> list[str]:
    return [str(event["SUMMARY"]) for event in events_of(body)]


def withdraw(session: Session, claim: Claim, because: WithdrawnBecause) -> None:
    session.execute(
        sa.update(Claim)
        .where(Claim.id == claim.id)
        .values(state=ClaimState.WITHDRAWN, withdrawn_at=NOW, withdrawn_because=because)
    )
    session.commit()


def let(session: Session, walk: Walk, helper: Membership, member: Membership, **days: dt.date):
    days = {"starts_on": dt.date(2026, 10, 1), "ends_on": dt.date(2027, 4, 1), **days}
    grant = acting_for(session, helper=helper, member=member, by=walk.ama, **days)
    session.commit()
    return grant


# A household.


def test_a_household_is_ones_own_turns_and_those_of_whom_one_may_act_for(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    priya = a_member(session, walk.community, "Priya Shah")
    for place, member in enumerate((walk.bela, priya), 1):
        a_claim(session, walk.marshal, member, place=place)
    a_claim(session, walk.tail_walker, walk.sam)
    let(session, walk, walk.bela, priya)
    body = subscriber.private(Shows.HOUSEHOLD, address(session, walk.bela, Shows.HOUSEHOLD))
    assert titles(body) == [
        "Marshal: Danson Saturday Stroll",
        "Priya: Marshal: Danson Saturday Stroll",
    ]
    own, theirs = events_of(body)
    assert (own["TRANSP"], theirs["TRANSP"]) == ("OPAQUE", "TRANSPARENT")
    assert own["UID"] != theirs["UID"]
    mine = subscriber.private(Shows.TURNS, address(session, walk.bela, Shows.TURNS))
    assert [event["UID"] for event in events_of(mine)] == [own["UID"]]
    assert b"Shah" not in body
    assert "X-WR-CALNAME:Our turns in Bexley" in unfolded(body)


@pytest.mark.parametrize(
    "days",
    [
        {"starts_on": dt.date(2026, 10, 21)},
        {"ends_on": dt.date(2026, 10, 20)},
        None,
        "left",
    ],
    ids=["not yet", "no longer", "ended", "left"],
)
def test_a_household_ends_with_the_leave_to_act(
    session: Session, walk: Walk, subscriber: Subscriber, days: dict[str, dt.date] | str | None
) -> None:
    a_claim(session, walk.marshal, walk.sam)
    given = days if isinstance(days, dict) else {}
    grant = let(session, walk, walk.bela, walk.sam, **given)
    if days is None:
        grant.ended_at, grant.ended_by = NOW, walk.bela.id
    if days == "left":
        walk.sam.standing, walk.sam.left_at = Standing.LEFT, NOW
    token = address(session, walk.bela, Shows.HOUSEHOLD)
    assert titles(subscriber.private(Shows.HOUSEHOLD, token)) == []


def test_another_name_in_the_household_is_told_anew(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.sam)
    let(session, walk, walk.bela, walk.sam)
    token = address(session, walk.bela, Shows.HOUSEHOLD)
    (before,) = events_of(subscriber.private(Shows.HOUSEHOLD, token))
    etag = subscriber.etag_of(Shows.HOUSEHOLD, token)
    session.execute(
        sa.update(Profile)
        .where(Profile.person_id == walk.sam.person_id)
        .values(full_name="Samuel Tran")
    )
    session.commit()
    (after,) = events_of(subscriber.private(Shows.HOUSEHOLD, token))
    assert subscriber.etag_of(Shows.HOUSEHOLD, token) != etag
    assert (after["SUMMARY"], after["UID"]) == (
        "Samuel: Marshal: Danson Saturday Stroll",
        before["UID"],
    )
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["LAST-MODIFIED"].dt >= before["LAST-MODIFIED"].dt


# What somebody organises.


def test_an_organiser_sees_how_full_their_dates_are(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    token = address(session, walk.nadia, Shows.ORGANISING)
    (before,) = events_of(subscriber.private(Shows.ORGANISING, token))
    assert (before["SUMMARY"], before["STATUS"], before["TRANSP"]) == (
        "Danson Saturday Stroll: 1 of 3 filled",
        "CONFIRMED",
        "TRANSPARENT",
    )
    claim = a_claim(session, walk.tail_walker, walk.sam)
    session.execute(sa.update(Event).values(outlook=Outlook.AT_RISK, sequence=1))
    session.commit()
    (after,) = events_of(subscriber.private(Shows.ORGANISING, token))
    assert (after["SUMMARY"], after["STATUS"]) == (
        "Danson Saturday Stroll: 2 of 3 filled, at risk",
        "TENTATIVE",
    )
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["LAST-MODIFIED"].dt >= before["LAST-MODIFIED"].dt
    withdraw(session, claim, WithdrawnBecause.PERSON)
    (again,) = events_of(subscriber.private(Shows.ORGANISING, token))
    assert again["SUMMARY"] == "Danson Saturday Stroll: 1 of 3 filled, at risk"
    assert again["SEQUENCE"] > after["SEQUENCE"]


def test_only_what_one_runs_is_there_and_all_of_it_for_a_coordinator(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    group = communities.create_group(
        session, community=walk.community, slug="tea", name="Tea", organisers=[walk.sam]
    )
    tea = a_series(session, group=group, organiser=walk.sam, title="Tea", slug="tea")
    an_event(session, tea, DAY + dt.timedelta(days=1))
    expected = {
        walk.nadia: ["Danson Saturday Stroll: 0 of 3 filled"],
        walk.sam: ["Tea"],
        walk.ama: ["Danson Saturday Stroll: 0 of 3 filled", "Tea"],
        walk.bela: [],
    }
    for member, found in expected.items():
        token = address(session, member, Shows.ORGANISING)
        assert titles(subscriber.private(Shows.ORGANISING, token)) == found
        session.expire_all()


def test_a_cancelled_date_says_nothing_of_its_places(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    token = address(session, walk.nadia, Shows.ORGANISING)
    cancel(session, walk.event, "flooded", now=LATER)
    assert titles(subscriber.private(Shows.ORGANISING, token)) == [
        "Cancelled: Danson Saturday Stroll"
    ]


# What is needed.


def test_gaps_are_one_item_a_date_and_job_that_opens_the_claim(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    token = address(session, walk.bela, Shows.GAPS)
    body = subscriber.private(Shows.GAPS, token)
    assert titles(body) == [
        "2 needed: Marshal, Danson Saturday Stroll",
        "1 needed: Tail walker, Danson Saturday Stroll",
    ]
    marshal, tail = events_of(body)
    assert marshal["URL"] == (
        f"https://localhost/e/danson-saturday-stroll/2026-10-24/claim/{walk.marshal.id}"
    )
    assert marshal.start.isoformat() == "2026-10-24T08:45:00+01:00"
    assert marshal["UID"] != tail["UID"]
    claims = [a_claim(session, walk.marshal, walk.sam)]
    session.commit()
    (fewer, _) = events_of(subscriber.private(Shows.GAPS, token))
    assert fewer["SUMMARY"] == "1 needed: Marshal, Danson Saturday Stroll"
    assert fewer["UID"] == marshal["UID"]
    assert fewer["SEQUENCE"] > marshal["SEQUENCE"]
    claims.append(a_claim(session, walk.marshal, walk.nadia, place=2))
    session.commit()
    assert titles(subscriber.private(Shows.GAPS, token)) == [
        "1 needed: Tail walker, Danson Saturday Stroll"
    ]
    withdraw(session, claims[0], WithdrawnBecause.PERSON)
    (again, _) = events_of(subscriber.private(Shows.GAPS, token))
    assert again["UID"] == marshal["UID"]
    assert again["SEQUENCE"] > fewer["SEQUENCE"]


def test_gaps_leave_out_what_nobody_can_take(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    token = address(session, walk.bela, Shows.GAPS)
    role = session.scalars(sa.select(Role).where(Role.name == "Marshal")).one()
    role.opens_hours_before = 24
    session.commit()
    assert titles(subscriber.private(Shows.GAPS, token)) == [
        "1 needed: Tail walker, Danson Saturday Stroll"
    ]
    subscriber.now = walk.event.starts_at
    assert titles(subscriber.private(Shows.GAPS, token)) == []
    subscriber.now = NOW
    cancel(session, walk.event, "flooded", now=LATER)
    assert titles(subscriber.private(Shows.GAPS, token)) == []


def test_a_job_that_is_shared_out_is_one_item_over_its_free_turns(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    role = a_role(session, walk.series, name="Tea", places=1, position=3, duration_minutes=30)
    second = a_slot(session, walk.event, role)
    second.turn = 2
    second.starts_at += dt.timedelta(minutes=30)
    second.ends_at += dt.timedelta(minutes=30)
    session.flush()
    first = a_slot(session, walk.event, role)
    token = address(session, walk.bela, Shows.GAPS, role_name="tea")
    (both,) = events_of(subscriber.private(Shows.GAPS, token))
    assert both["SUMMARY"] == "2 needed: Tea, Danson Saturday Stroll"
    assert (both.start.hour, both.end.isoformat()) == (9, "2026-10-24T10:00:00+01:00")
    a_claim(session, first, walk.sam)
    session.commit()
    (one,) = events_of(subscriber.private(Shows.GAPS, token))
    assert one["UID"] == both["UID"]
    assert one.start.isoformat() == "2026-10-24T09:30:00+01:00"
    assert one["URL"].endswith(f"/claim/{second.id}")


# Narrowed as somebody chose.


def test_what_is_on_is_narrowed_by_all_that_was_chosen_and_can_be_changed(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    tea = a_series(session, group=walk.group, organiser=walk.nadia, title="Tea", slug="tea")
    tea.scene = "tea"
    an_event(session, tea, DAY)
    session.get_one(Venue, tea.venue_id).area = "Welling"
    session.commit()
    stroll, both = ["Danson Saturday Stroll"], ["Danson Saturday Stroll", "Tea"]
    expected = [
        ({}, both, "What’s on in Bexley"),
        ({"group_id": walk.group.id}, both, "What’s on in Bexley: Danson Strollers"),
        ({"series_id": tea.id}, ["Tea"], "What’s on in Bexley: Tea"),
        ({"scene": "park"}, stroll, "What’s on in Bexley"),
        ({"area": "welling"}, ["Tea"], "What’s on in Bexley: welling"),
        (
            {"group_id": walk.group.id, "area": "Welling", "scene": "park"},
            [],
            "What’s on in Bexley: Danson Strollers\\, Welling",
        ),
    ]
    token = address(session, walk.bela, Shows.WHATS_ON)
    (feed,) = session.scalars(sa.select(Feed))
    seen = set()
    for chosen, found, name in expected:
        addresses.narrow(session, address=feed, narrowing=Narrowing(**chosen))
        session.commit()
        body = subscriber.private(Shows.WHATS_ON, token)
        assert titles(body) == found
        assert f"X-WR-CALNAME:{name}" in unfolded(body)
        seen.add((subscriber.etag_of(Shows.WHATS_ON, token), body))
    assert len({etag for etag, _ in seen}) == len({body for _, body in seen})


def test_nothing_of_another_community_can_be_chosen(session: Session, walk: Walk) -> None:
    there = an_elsewhere(session)
    group = communities.create_group(
        session, community=there.community, slug="x", name="X", organisers=[there.chi]
    )
    series = a_series(session, group=group, organiser=there.chi, slug="x")
    draft = a_series(session, group=walk.group, organiser=walk.nadia, slug="draft")
    session.execute(sa.update(Series).where(Series.id == draft.id).values(state="draft"))
    session.commit()
    for wrong in (
        {"group_id": group.id},
        {"series_id": series.id},
        {"series_id": draft.id},
        {"group_id": -1},
    ):
        with pytest.raises(NotFound):
            address(session, walk.bela, Shows.GAPS, **wrong)
        session.rollback()


def test_there_are_twenty_calendars_at_most(session: Session, walk: Walk) -> None:
    for number in range(20):
        shows = (Shows.WHATS_ON, Shows.GAPS)[number % 2]
        address(session, walk.bela, shows)
    with pytest.raises(addresses.TooManyCalendars):
        address(session, walk.bela, Shows.GAPS)
    session.rollback()
    address(session, walk.sam, Shows.GAPS)
    one = addresses.addresses_of(session, membership_id=walk.bela.id)[0]
    addresses.revoke_address(
        session, membership_id=walk.bela.id, shows=one.shows, address_id=one.id, now=NOW
    )
    address(session, walk.bela, Shows.GAPS)


def test_a_new_address_of_a_narrowed_calendar_keeps_what_was_chosen(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    old = address(session, walk.bela, Shows.GAPS, role_name="Marshal")
    (feed,) = session.scalars(sa.select(Feed))
    _number, new = addresses.renew_narrowed(session, address=feed, now=NOW)
    session.commit()
    assert titles(subscriber.private(Shows.GAPS, new)) == [
        "2 needed: Marshal, Danson Saturday Stroll"
    ]
    with pytest.raises(reading.RevokedFeed):
        subscriber.private(Shows.GAPS, old)


def test_somebody_elses_narrowed_calendar_is_not_found(session: Session, walk: Walk) -> None:
    address(session, walk.bela, Shows.GAPS)
    (feed,) = session.scalars(sa.select(Feed))
    with pytest.raises(NotFound):
        addresses.find_narrowed(session, membership_id=walk.sam.id, address_id=feed.id)
    address(session, walk.bela, Shows.TURNS)
    own = addresses.address_of(session, membership_id=walk.bela.id)
    with pytest.raises(NotFound):
        addresses.find_narrowed(session, membership_id=walk.bela.id, address_id=own.id)


# What two agreed on.


@pytest.fixture
def lift(session: Session, walk: Walk) -> Exchange:
    made = agreeing.agree(
        session,
        agreement=agreeing.Agreement(
            helper_id=walk.sam.id,
            helped_id=walk.bela.id,
            payer_id=account_of(session, walk.bela).id,
            what="A lift to the doctor",
            minutes=60,
            planned_at=dt.datetime(2026, 10, 27, 10, tzinfo=dt.UTC),
        ),
        by=walk.bela,
        key=uuid.uuid4(),
        now=NOW,
    )
    session.commit()
    return made


def test_what_two_agreed_on_is_in_the_calendar_of_both(
    session: Session, walk: Walk, lift: Exchange, subscriber: Subscriber
) -> None:
    found = {}
    for member in (walk.bela, walk.sam, walk.nadia):
        token = address(session, member, Shows.EXCHANGES)
        found[member.id] = events_of(subscriber.private(Shows.EXCHANGES, token))
    assert found[walk.nadia.id] == []
    (hers,), (his,) = found[walk.bela.id], found[walk.sam.id]
    assert (hers["SUMMARY"], his["SUMMARY"]) == (
        "A lift to the doctor, with Sam T",
        "A lift to the doctor, with Bela N",
    )
    assert hers.start.isoformat() == "2026-10-27T10:00:00+00:00"
    assert hers.end.isoformat() == "2026-10-27T11:00:00+00:00"
    assert hers["URL"] == f"https://localhost/neighbours/thanks/{lift.id}"
    assert (hers["TRANSP"], hers["STATUS"]) == ("OPAQUE", "CONFIRMED")


def test_what_was_called_off_stays_as_cancelled_with_a_higher_sequence(
    session: Session, walk: Walk, lift: Exchange, subscriber: Subscriber
) -> None:
    token = address(session, walk.bela, Shows.EXCHANGES)
    (before,) = events_of(subscriber.private(Shows.EXCHANGES, token))
    etag = subscriber.etag_of(Shows.EXCHANGES, token)
    agreeing.cancel(session, exchange=lift, by=walk.sam, today=NOW.date(), now=LATER)
    session.commit()
    (after,) = events_of(subscriber.private(Shows.EXCHANGES, token))
    assert (after["SUMMARY"], after["STATUS"], after["UID"]) == (
        "Cancelled: A lift to the doctor, with Sam T",
        "CANCELLED",
        before["UID"],
    )
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert subscriber.etag_of(Shows.EXCHANGES, token) != etag


def test_the_others_name_is_told_anew_and_who_was_erased_has_none(
    session: Session, walk: Walk, lift: Exchange, subscriber: Subscriber
) -> None:
    token = address(session, walk.bela, Shows.EXCHANGES)
    (before,) = events_of(subscriber.private(Shows.EXCHANGES, token))
    theirs = Profile.person_id == walk.sam.person_id
    session.execute(sa.update(Profile).where(theirs).values(full_name="Sam Okoye"))
    session.commit()
    (renamed,) = events_of(subscriber.private(Shows.EXCHANGES, token))
    session.execute(sa.delete(Profile).where(theirs))
    session.commit()
    (gone,) = events_of(subscriber.private(Shows.EXCHANGES, token))
    assert [str(one["SUMMARY"]) for one in (renamed, gone)] == [
        "A lift to the doctor, with Sam O",
        "A lift to the doctor",
    ]
    assert before["SEQUENCE"] < renamed["SEQUENCE"] < gone["SEQUENCE"]


# Cancelled ones, bells, and addresses switched off.


def test_what_is_cancelled_is_told_as_its_holder_chose(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    token = address(session, walk.bela, Shows.TURNS)
    cancel(session, walk.event, "flooded", now=LATER)
    feed = addresses.address_of(session, membership_id=walk.bela.id)
    told = {}
    etags = set()
    for way in CancelledAs:
        addresses.choose(session, address=feed, cancelled=way, alarm_minutes=None)
        session.commit()
        events = events_of(subscriber.private(Shows.TURNS, token))
        told[way.value] = [(str(one["SUMMARY"]), one.get("STATUS")) for one in events]
        etags.add(subscriber.etag_of(Shows.TURNS, token))
    title = "Cancelled: Marshal: Danson Saturday Stroll"
    assert told == {"status": [(title, "CANCELLED")], "mark": [(title, None)], "drop": []}
    assert len(etags) == 3


@pytest.mark.parametrize(
    "shows", [Shows.HOUSEHOLD, Shows.ORGANISING, Shows.WHATS_ON, Shows.EXCHANGES]
)
def test_every_calendar_can_leave_out_what_is_cancelled(
    session: Session,
    walk: Walk,
    lift: Exchange,
    subscriber: Subscriber,
    shows: Shows,
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    member = walk.nadia if shows is Shows.ORGANISING else walk.bela
    token = address(session, member, shows)
    assert len(titles(subscriber.private(shows, token))) == 1
    cancel(session, walk.event, "flooded", now=LATER)
    agreeing.cancel(session, exchange=lift, by=walk.sam, today=NOW.date(), now=LATER)
    (feed,) = session.scalars(sa.select(Feed))
    addresses.choose(session, address=feed, cancelled=CancelledAs.DROP, alarm_minutes=None)
    session.commit()
    assert titles(subscriber.private(shows, token)) == []
    addresses.choose(session, address=feed, cancelled=CancelledAs.STATUS, alarm_minutes=None)
    session.commit()
    assert titles(subscriber.private(shows, token))[0].startswith("Cancelled: ")


def test_a_bell_rings_before_ones_own_and_not_for_what_is_cancelled(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    token = address(session, walk.bela, Shows.TURNS)
    before = subscriber.etag_of(Shows.TURNS, token)
    feed = addresses.address_of(session, membership_id=walk.bela.id)
    addresses.choose(session, address=feed, cancelled=CancelledAs.STATUS, alarm_minutes=90)
    session.commit()
    (turn,) = events_of(subscriber.private(Shows.TURNS, token))
    (alarm,) = turn.walk("VALARM")
    assert subscriber.etag_of(Shows.TURNS, token) != before
    assert (alarm["ACTION"], alarm["DESCRIPTION"]) == ("DISPLAY", turn["SUMMARY"])
    assert alarm["TRIGGER"].dt == -dt.timedelta(minutes=90)
    assert uuid.UUID(alarm["UID"])
    cancel(session, walk.event, "flooded", now=LATER)
    (turn,) = events_of(subscriber.private(Shows.TURNS, token))
    assert turn.walk("VALARM") == []


def test_a_bell_is_for_ones_own_and_within_a_week(session: Session, walk: Walk) -> None:
    address(session, walk.bela, Shows.TURNS)
    feed = addresses.address_of(session, membership_id=walk.bela.id)
    for wrong in (4, 10_081, -1):
        with pytest.raises(addresses.NoSuchAlarm):
            addresses.choose(
                session, address=feed, cancelled=CancelledAs.STATUS, alarm_minutes=wrong
            )
    address(session, walk.bela, Shows.GAPS)
    gaps = session.scalars(sa.select(Feed).where(Feed.shows == Shows.GAPS)).one()
    addresses.choose(session, address=gaps, cancelled=CancelledAs.STATUS, alarm_minutes=30)
    assert gaps.alarm_minutes is None


def test_an_address_that_is_emptied_shows_nothing_for_a_fortnight_and_then_is_gone(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    token = address(session, walk.bela, Shows.TURNS)
    full = subscriber.etag_of(Shows.TURNS, token)
    addresses.revoke_address(session, membership_id=walk.bela.id, is_emptied=True, now=NOW)
    session.commit()
    body = subscriber.private(Shows.TURNS, token)
    assert events_of(body) == []
    assert "BEGIN:VTIMEZONE" in unfolded(body)
    assert subscriber.etag_of(Shows.TURNS, token) != full
    assert addresses.address_of(session, membership_id=walk.bela.id) is None
    subscriber.now = NOW + dt.timedelta(days=14)
    with pytest.raises(reading.RevokedFeed):
        subscriber.private(Shows.TURNS, token)


def test_leaving_switches_all_of_them_off_at_once(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    tokens = {shows: address(session, walk.bela, shows) for shows in Shows}
    emptied = addresses.revoke_address
    emptied(session, membership_id=walk.bela.id, shows=Shows.TURNS, is_emptied=True, now=NOW)
    addresses.revoke_all(session, membership_id=walk.bela.id, now=LATER)
    session.commit()
    for shows, token in tokens.items():
        with pytest.raises(reading.RevokedFeed):
            subscriber.private(shows, token)


def test_an_address_opens_its_own_kind_only_and_in_its_own_community(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    an_elsewhere(session)
    tokens = {shows: address(session, walk.bela, shows) for shows in Shows}
    for shows, token in tokens.items():
        for other in Shows:
            if other is not shows:
                with pytest.raises(reading.UnknownFeed):
                    subscriber.private(other, token)
        with pytest.raises(reading.UnknownFeed):
            reading.private(
                subscriber.reader, shows=shows, host="ashford.example", token=token, now=NOW
            )


def test_a_new_address_keeps_its_choices(session: Session, walk: Walk) -> None:
    address(session, walk.bela, Shows.HOUSEHOLD)
    feed = addresses.address_of(session, membership_id=walk.bela.id, shows=Shows.HOUSEHOLD)
    addresses.choose(session, address=feed, cancelled=CancelledAs.DROP, alarm_minutes=60)
    address(session, walk.bela, Shows.HOUSEHOLD)
    found = addresses.address_of(session, membership_id=walk.bela.id, shows=Shows.HOUSEHOLD)
    assert found.id != feed.id
    assert (found.cancelled, found.alarm_minutes) == (CancelledAs.DROP, 60)


def test_a_fetch_notes_which_calendar_it_was(session: Session, walk: Walk) -> None:
    address(session, walk.bela, Shows.GAPS)
    (feed,) = session.scalars(sa.select(Feed))
    addresses.note_fetch(session, address_id=feed.id, client=CalendarClient.GOOGLE, now=LATER)
    session.refresh(feed)
    assert (feed.last_fetched_at, feed.last_client) == (LATER, CalendarClient.GOOGLE)


def test_no_surname_and_no_stranger_is_in_any_private_calendar(
    session: Session, walk: Walk, lift: Exchange, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.sam)
    a_claim(session, walk.tail_walker, walk.nadia)
    let(session, walk, walk.bela, walk.sam)
    for shows in Shows:
        body = subscriber.private(shows, address(session, walk.bela, shows))
        for word in ("Tran", "Khan", "Nadia", "Novak", "@example.com", "Owusu"):
            assert word not in body.replace(b"\r\n ", b"").decode()


def test_each_state_is_one_statement_and_each_calendar_two(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    role = session.scalars(sa.select(Role).where(Role.name == "Marshal")).one()
    for weeks in range(1, 15):
        event = an_event(session, walk.series, DAY + dt.timedelta(weeks=weeks))
        a_claim(session, a_slot(session, event, role), walk.ama)
    for shows in Shows:
        token = address(session, walk.ama, shows)
        before = subscriber.reader.statements
        subscriber.private(shows, token)
        subscriber.private(shows, token)
        stores = shows is Shows.WHATS_ON  # what nobody had written yet, once
        assert subscriber.reader.statements == before + 3 + stores


def test_a_change_between_two_statements_goes_out_under_its_own_etag(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    a_claim(session, walk.marshal, walk.bela)
    for number, shows in enumerate((Shows.HOUSEHOLD, Shows.WHATS_ON, Shows.GAPS)):
        token = address(session, walk.bela, shows)
        old = subscriber.state(shows, token)
        session.refresh(walk.event)
        move(session, walk.event, dt.timedelta(minutes=number + 1), now=LATER)
        document = subscriber.document(old)
        assert document.state == subscriber.state(shows, token)
        assert document.body == subscriber.private(shows, token)


def test_a_group_has_a_calendar_of_its_own(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    group = communities.create_group(
        session, community=walk.community, slug="tea", name="Tea", organisers=[walk.sam]
    )
    tea = a_series(session, group=group, organiser=walk.sam, title="Tea", slug="tea")
    an_event(session, tea, DAY)
    session.commit()
    state = reading.group(subscriber.reader, host="localhost", slug="tea", now=NOW)
    body = subscriber.fetch(state)
    assert titles(body) == ["Tea"]
    assert "SOURCE;VALUE=URI:https://localhost/g/tea/calendar.ics" in unfolded(body)
    session.execute(sa.update(Group).where(Group.slug == "tea").values(name="Tea and talk"))
    session.commit()
    again = reading.group(subscriber.reader, host="localhost", slug="tea", now=NOW)
    assert "NAME:Tea and talk" in unfolded(subscriber.fetch(again))
    with pytest.raises(reading.UnknownFeed):
        reading.group(subscriber.reader, host="localhost", slug="nobody", now=NOW)
