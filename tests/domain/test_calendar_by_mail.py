"""Turns that travel by mail: which mails bring a calendar, and what two parsers read in it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from tests.calendars import Subscriber
from tests.calendars import events_of
from tests.invitations import REPLY_ADDRESS
from tests.invitations import Postman
from tests.invitations import calendar_part
from tests.invitations import entry
from tests.invitations import first_of_may
from tests.invitations import told
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain import communities
from timebank.domain.calendar import addresses
from timebank.domain.rota import asking
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import handing_over
from timebank.domain.rota import withdrawing
from timebank.models import Feed
from timebank.models import MailedTurn
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Shows
from timebank.models import Slot

DAY = first_of_may()
HOUR = dt.timedelta(hours=1)
FOLDED = re.compile(rb"\r\n[ \t]")


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = builders.a_walk(session, day=DAY)
    session.commit()
    return walk


@pytest.fixture
def postman(settings: Settings) -> Postman:
    return Postman(dataclasses.replace(settings, reply_address=REPLY_ADDRESS))


def take(session: Session, slot: Slot, member: Membership) -> int:
    """Take a place -> the number of the claim."""
    taken = claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=clock.now())
    session.commit()
    return taken.id


def move(session: Session, walk: Walk, by: dt.timedelta) -> None:
    session.refresh(walk.event)
    changing.move_event(
        session,
        event=walk.event,
        starts_at=walk.event.starts_at + by,
        ends_at=walk.event.ends_at + by,
        reason="the gate is locked",
        by=walk.nadia,
        now=clock.now(),
    )


def cancel(session: Session, walk: Walk) -> None:
    session.refresh(walk.event)
    changing.cancel_event(
        session, event=walk.event, reason="the path is flooded", by=walk.nadia, now=clock.now()
    )


def drop(session: Session, claim_id: int) -> None:
    withdrawing.withdraw_claim(session, claim_id=claim_id, now=clock.now())
    session.commit()


def fetched(session: Session, walk: Walk, *, days_ago: int, shows: Shows = Shows.TURNS) -> str:
    """Give Bela an address that a calendar read so many days ago -> its token."""
    now = clock.now()
    token = addresses.make_address(
        session, membership_id=walk.bela.id, community_id=walk.community.id, shows=shows, now=now
    )
    session.execute(sa.update(Feed).values(last_fetched_at=now - dt.timedelta(days=days_ago)))
    session.commit()
    return token


def lines_of(calendar: bytes) -> list[tuple[str, dict[str, str], str]]:
    """Read content lines by the grammar of RFC 5545 3.1, knowing nothing of what they mean."""
    assert calendar.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in calendar.replace(b"\r\n", b"")
    assert max(map(len, calendar.split(b"\r\n"))) <= 75
    read = []
    for line in FOLDED.sub(b"", calendar).decode().removesuffix("\r\n").split("\r\n"):
        whole = re.fullmatch(r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"]*"|[^":;,]*))*):(.*)', line)
        assert whole, line
        given = re.findall(r';([A-Z-]+)=("[^"]*"|[^":;,]*)', whole[2])
        read.append((whole[1], {name: value.strip('"') for name, value in given}, whole[3]))
    return read


class TestTheMail:
    def test_you_are_in_brings_the_turn_along_once(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        take(session, walk.marshal, walk.bela)
        message = postman.brings_one(session)
        assert message.get_content_type() == "multipart/mixed"
        alternatives, file = message.iter_parts()
        kinds = [part.get_content_type() for part in alternatives.iter_parts()]
        assert kinds == ["text/plain", "text/html", "text/calendar"]
        part = calendar_part(message)
        assert dict(part["Content-Type"].params) == {
            "charset": "utf-8", "method": "REQUEST", "component": "VEVENT",
        }  # fmt: skip
        assert part.get_content_disposition() != "attachment"
        assert (file.get_content_type(), file.get_filename()) == ("application/ics", "turn.ics")
        assert file["Content-Type"].params["method"] == "REQUEST"
        assert file.get_content_disposition() == "attachment"
        assert file.get_payload(decode=True) == part.get_payload(decode=True)
        assert "I can’t make it:" in message.get_body(("plain",)).get_content()

    def test_it_says_what_the_feed_says_to_one_person(
        self, session: Session, walk: Walk, postman: Postman, database_url: str
    ) -> None:
        builders.a_claim(session, walk.marshal, walk.sam, place=2)
        take(session, walk.marshal, walk.bela)
        message = postman.brings_one(session)
        calendar = calendar_part(message).get_payload(decode=True)
        token = fetched(session, walk, days_ago=40)
        subscriber = Subscriber(database_url, clock.now())
        subscriber.feeds._public_url = postman.settings.public_url
        [shown] = events_of(subscriber.turns(token))
        subscriber.close()
        sent = entry(message)
        same = ("UID", "SEQUENCE", "SUMMARY", "DTSTART", "DTEND", "LOCATION", "URL", "STATUS")
        assert {name: sent[name] for name in same} == {name: shown[name] for name in same}

        read = lines_of(calendar)
        values = {name: value for name, _given, value in read}
        assert values["METHOD"] == "REQUEST"
        assert values["UID"] == str(shown["UID"])
        [(given, organiser)] = [line[1:] for line in read if line[0] == "ORGANIZER"]
        assert given == {"CN": walk.group.name}
        assert re.fullmatch(r"mailto:rota\+\d+-[a-z2-7]{32}@goodturn\.example", organiser)
        assert len(organiser.removeprefix("mailto:").partition("@")[0]) <= 64
        [(given, attendee)] = [line[1:] for line in read if line[0] == "ATTENDEE"]
        assert given == {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "TRUE"}
        assert attendee == "mailto:bela@example.com"
        for other in ("Sam", "Nadia", "Ama", "sam@", "nadia@", "Bela", "020 8000"):
            assert other not in calendar.decode()

    def test_vobject_reads_it_too(self, session: Session, walk: Walk, postman: Postman) -> None:
        vobject = pytest.importorskip("vobject", reason="vobject, a third parser, is not here")
        take(session, walk.marshal, walk.bela)
        calendar = calendar_part(postman.brings_one(session)).get_payload(decode=True)
        [read] = vobject.readComponents(calendar.decode())
        assert read.method.value == "REQUEST"
        assert read.vevent.dtstart.value.isoformat() == f"{DAY}T08:45:00+01:00"
        assert read.vevent.attendee.value == "mailto:bela@example.com"

    def test_odd_names_stay_where_they_belong(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        walk.group.name = 'The "Strollers"; ATTENDEE:mailto:x@example.org, & co'
        walk.series.title = "Tea; cake, und 🎉 „alle“ " + "é🎉" * 20
        walk.series.description = "Come, sit; stay.\nATTENDEE:mailto:x@example.org\n" + "🍰" * 90
        session.commit()
        take(session, walk.marshal, walk.bela)
        message = postman.brings_one(session)
        event = entry(message)
        assert event["SUMMARY"] == f"Marshal: {walk.series.title}"
        assert event["DESCRIPTION"].startswith(walk.series.description)
        assert event["ORGANIZER"].params["CN"] == walk.group.name.replace('"', "'")
        names = [name for name, _given, _value in lines_of(
            calendar_part(message).get_payload(decode=True)
        )]  # fmt: skip
        assert names.count("ATTENDEE") == names.count("ORGANIZER") == 1

    def test_without_anybody_reading_replies_none_is_asked_for(
        self, session: Session, walk: Walk, settings: Settings
    ) -> None:
        take(session, walk.marshal, walk.bela)
        event = entry(Postman(settings).brings_one(session))
        assert event["ORGANIZER"] == "mailto:noreply@localhost"
        assert event["ATTENDEE"].params["RSVP"] == "FALSE"

    def test_a_turn_around_a_clock_change_is_told_in_utc(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        autumn = dt.date(DAY.year, 10, 31)
        sunday = autumn - dt.timedelta(days=autumn.isoweekday() % 7)  # the last one of October
        starts_at = dt.datetime.combine(sunday, dt.time(0, 30), dt.UTC)
        changing.move_event(
            session,
            event=walk.event,
            starts_at=starts_at,
            ends_at=starts_at + 2 * HOUR,
            reason="to see the stars",
            by=walk.nadia,
            now=clock.now(),
        )
        take(session, walk.tail_walker, walk.bela)
        message = postman.brings_one(session)
        assert entry(message)["DTSTART"].dt == starts_at
        assert b"VTIMEZONE" not in calendar_part(message).get_payload(decode=True)


class TestWhatFollows:
    def test_moved_then_called_off(self, session: Session, walk: Walk, postman: Postman) -> None:
        take(session, walk.marshal, walk.bela)
        first = postman.brings_one(session)
        move(session, walk, HOUR)
        moved = postman.brings_one(session)
        cancel(session, walk)
        off = postman.brings_one(session)
        steps = [told(one) for one in (first, moved, off)]
        assert [(method, status) for method, _sequence, status in steps] == [
            ("REQUEST", "CONFIRMED"), ("REQUEST", "CONFIRMED"), ("CANCEL", "CANCELLED"),
        ]  # fmt: skip
        session.refresh(walk.event)
        sequences = [sequence for _method, sequence, _status in steps]
        assert sequences == sorted(set(sequences))
        assert (sequences[0], sequences[-1]) == (0, walk.event.sequence)  # as the feed says
        assert len({str(entry(one)["UID"]) for one in (first, moved, off)}) == 1
        assert len({str(entry(one)["ORGANIZER"]) for one in (first, moved, off)}) == 1
        assert entry(moved)["DTSTART"].dt - entry(first)["DTSTART"].dt == HOUR
        assert calendar_part(off)["Content-Type"].params["method"] == "CANCEL"
        assert entry(off)["SUMMARY"] == "Cancelled: Marshal: Danson Saturday Stroll"
        assert entry(off)["ATTENDEE"].params["RSVP"] == "FALSE"

    def test_both_turns_of_a_date_are_taken_out(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        role = builders.a_role(
            session, walk.series, name="Pack up", starts_after_minutes=90, position=7
        )
        later = builders.a_slot(session, walk.event, role)
        take(session, walk.marshal, walk.bela)
        take(session, later, walk.bela)
        put_in = {str(entry(message)["UID"]) for message in postman.brings(session)}
        cancel(session, walk)
        message = postman.brings_one(session)
        files = [part for part in message.walk() if part.get_content_type() == "application/ics"]
        assert [file.get_filename() for file in files] == ["turn.ics", "turn-2.ics"]
        bodies = [file.get_payload(decode=True) for file in files]
        assert {str(events_of(body)[0]["UID"]) for body in bodies} == put_in
        assert all(b"METHOD:CANCEL" in body for body in bodies)
        assert bodies[0] == calendar_part(message).get_payload(decode=True)

    def test_given_back_is_taken_out_after_ten_minutes(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        claim_id = take(session, walk.marshal, walk.bela)
        put_in = postman.brings_one(session)
        drop(session, claim_id)
        assert postman.brings(session) == []
        mails = postman.brings(session, in_ten_minutes=True)
        [out] = [one for one in mails if one["To"] == "bela@example.com"]
        assert str(out["Subject"]) == "You’re off the rota: marshal, Sat 1 May"
        assert told(out) == ("CANCEL", 1, "CANCELLED")
        assert entry(out)["UID"] == entry(put_in)["UID"]
        assert all(calendar_part(one) is None for one in mails if one is not out)

    def test_taken_again_within_ten_minutes_stays(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        claim_id = take(session, walk.marshal, walk.bela)
        first = postman.brings_one(session)
        drop(session, claim_id)
        withdrawing.undo_withdrawal(session, claim_id=claim_id, now=clock.now())
        again = postman.brings_one(session, in_ten_minutes=True)
        assert (told(first), told(again)) == (
            ("REQUEST", 0, "CONFIRMED"), ("REQUEST", 1, "CONFIRMED"),
        )  # fmt: skip

    def test_taken_again_later_is_the_same_entry(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        claim_id = take(session, walk.marshal, walk.bela)
        mails = postman.brings(session)
        drop(session, claim_id)
        out = postman.brings(session, in_ten_minutes=True)
        mails += [one for one in out if one["To"] == "bela@example.com"]
        take(session, walk.marshal, walk.bela)
        mails += postman.brings(session)
        assert [told(one)[:2] for one in mails] == [
            ("REQUEST", 0), ("CANCEL", 1), ("REQUEST", 2),
        ]  # fmt: skip
        assert len({str(entry(one)["UID"]) for one in mails}) == 1

    def test_a_turn_that_never_was_in_their_calendar_owes_no_mail(
        self, session: Session, walk: Walk
    ) -> None:
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        session.commit()
        drop(session, claim.id)
        kinds = sa.select(Notice.kind).distinct()
        assert session.scalars(kinds).all() == [NoticeKind.DROPPED_OUT]

    def test_handed_over(self, session: Session, walk: Walk, postman: Postman) -> None:
        claim_id = take(session, walk.marshal, walk.bela)
        postman.brings(session)
        offer = handing_over.offer_to_all(session, claim_id=claim_id, now=clock.now())
        handing_over.accept(
            session, handover_id=offer.id, membership_id=walk.sam.id, now=clock.now()
        )
        mails = {str(one["To"]): one for one in postman.brings(session)}
        assert told(mails["bela@example.com"])[0] == "CANCEL"
        assert told(mails["sam@example.com"])[0] == "REQUEST"
        assert entry(mails["sam@example.com"])["ATTENDEE"] == "mailto:sam@example.com"

    def test_put_down_and_taken_off_again(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        taken = asking.put_down(
            session, slot_id=walk.marshal.id, membership_id=walk.bela.id,
            by=walk.nadia.id, now=clock.now(),
        )  # fmt: skip
        put_in = postman.brings_one(session)
        asking.take_off(session, claim_id=taken.id, event_id=walk.event.id, now=clock.now())
        out = postman.brings_one(session)
        assert (told(put_in)[0], told(out)[0]) == ("REQUEST", "CANCEL")

    def test_a_place_held_for_a_yes_is_in_no_calendar(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        held = claiming.hold_slot(
            session, slot_id=walk.marshal.id, membership_id=walk.bela.id,
            held_as="Bela Novak", now=clock.now(),
        )  # fmt: skip
        assert calendar_part(postman.brings_one(session)) is None
        claiming.confirm_claim(session, claim_id=held.id, now=clock.now())
        assert told(postman.brings_one(session))[0] == "REQUEST"

    def test_mail_that_was_too_late_puts_nothing_in(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        claim_id = take(session, walk.marshal, walk.bela)
        drop(session, claim_id)
        assert postman.brings(session) == []
        assert session.scalars(sa.select(MailedTurn)).all() == []

    def test_whoever_gives_back_while_it_is_written_is_told(
        self, session: Session, engine: sa.Engine, walk: Walk
    ) -> None:
        """The note locks the event: giving a turn back waits for the note, and then sees it."""
        from timebank.domain.calendar import invitations  # noqa: PLC0415

        claim_id = take(session, walk.marshal, walk.bela)
        notice_id = session.scalars(sa.select(Notice.id)).one()
        session.commit()
        told_now = invitations.put_in(
            session, notice_id=notice_id, claim_id=claim_id, now=clock.now()
        )
        assert len(told_now) == 1
        with Session(engine) as rival:
            rival.execute(sa.text("SET LOCAL lock_timeout = '300ms'"))
            with pytest.raises(sa.exc.OperationalError):
                withdrawing.withdraw_claim(rival, claim_id=claim_id, now=clock.now())
            rival.rollback()
            session.commit()
            drop(rival, claim_id)
        kinds = sa.select(Notice.kind).where(Notice.person_id == walk.bela.person_id)
        assert NoticeKind.GIVEN_BACK in session.scalars(kinds).all()
        assert (
            invitations.put_in(session, notice_id=notice_id, claim_id=claim_id, now=clock.now())
            == []
        )


class TestWhoGetsIt:
    @pytest.mark.parametrize("days_ago", [1, 13, 15])
    def test_not_whose_calendar_reads_our_feed(
        self, session: Session, walk: Walk, postman: Postman, days_ago: int
    ) -> None:
        brought = days_ago > 14
        fetched(session, walk, days_ago=days_ago)
        take(session, walk.marshal, walk.bela)
        mails: list[EmailMessage] = postman.brings(session)
        move(session, walk, HOUR)
        mails += postman.brings(session)
        cancel(session, walk)
        mails += postman.brings(session)
        assert [calendar_part(one) is not None for one in mails] == [brought] * 3
        if not brought:
            assert mails[0].get_content_type() == "multipart/alternative"

    def test_an_address_of_something_else_shows_no_turn_twice(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        fetched(session, walk, days_ago=1, shows=Shows.ORGANISING)
        take(session, walk.marshal, walk.bela)
        assert calendar_part(postman.brings_one(session)) is not None

    def test_an_address_that_was_switched_off_counts_no_more(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        fetched(session, walk, days_ago=1)
        addresses.revoke_address(session, membership_id=walk.bela.id, now=clock.now())
        take(session, walk.marshal, walk.bela)
        assert calendar_part(postman.brings_one(session)) is not None

    def test_not_who_would_rather_not_but_what_is_there_is_kept_right(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        take(session, walk.marshal, walk.bela)
        postman.brings(session)
        addresses.send_turns_by_mail(session, membership_id=walk.bela.id, wanted=False)
        role = builders.a_role(
            session, walk.series, name="Pack up", starts_after_minutes=90, position=7
        )
        take(session, builders.a_slot(session, walk.event, role), walk.bela)
        assert calendar_part(postman.brings_one(session)) is None
        move(session, walk, HOUR)
        moved = [one for one in postman.brings(session) if calendar_part(one) is not None]
        assert [str(entry(one)["SUMMARY"]) for one in moved] == ["Marshal: Danson Saturday Stroll"]

    def test_each_person_has_an_organiser_address_of_their_own(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        take(session, walk.marshal, walk.bela)
        take(session, walk.marshal, walk.sam)
        mails = postman.brings(session)
        assert len({str(entry(one)["ORGANIZER"]) for one in mails}) == 2
        assert len({str(entry(one)["UID"]) for one in mails}) == 1

    def test_the_organisers_hear_of_it_without_a_calendar(
        self, session: Session, walk: Walk, postman: Postman
    ) -> None:
        communities.create_group(
            session, community=walk.community, slug="x", name="X", organisers=[walk.ama]
        )
        claim_id = take(session, walk.marshal, walk.bela)
        postman.brings(session)
        session.execute(sa.update(Profile).where(Profile.email == "bela@example.com").values(
            email=None))  # fmt: skip
        drop(session, claim_id)
        [message] = postman.brings(session, in_ten_minutes=True)
        assert message["To"] == "nadia@example.com"
        assert calendar_part(message) is None
