"""What calendars answer: a no asks its person once, and whatever is hostile is passed over."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from contextlib import suppress
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests import mails
from tests.builders import Walk
from tests.conftest import SECRET
from tests.invitations import REPLY_ADDRESS
from tests.invitations import Postman
from tests.invitations import answer
from tests.invitations import entry
from tests.invitations import first_of_may
from timebank.core import clock
from timebank.core import ids
from timebank.core.settings import Settings
from timebank.domain import read_mail
from timebank.domain.calendar import replies
from timebank.domain.calendar.replies import Desk
from timebank.domain.calendar.replies import Unreadable
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import withdrawing
from timebank.models import CalendarReply
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import ReplyOutcome

DAY = first_of_may()
LONGEST_SECONDS = 2.0
DESK = Desk(public_url="http://localhost", secret_key=SECRET, reply_address=REPLY_ADDRESS)


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = builders.a_walk(session, day=DAY)
    session.commit()
    return walk


@pytest.fixture
def postman(settings: Settings) -> Postman:
    return Postman(dataclasses.replace(settings, reply_address=REPLY_ADDRESS))


@pytest.fixture
def claim(session: Session, walk: Walk) -> Claim:
    taken = claiming.claim_slot(
        session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=clock.now()
    )
    session.commit()
    return session.get_one(Claim, taken.id)


@pytest.fixture
def invitation(session: Session, claim: Claim, postman: Postman) -> EmailMessage:
    assert claim.state is ClaimState.CONFIRMED
    return postman.brings_one(session)


def take(session: Session, raw: bytes, *, desk: Desk = DESK) -> ReplyOutcome:
    outcome = replies.take(session, raw=raw, desk=desk, now=clock.now())
    session.commit()
    return outcome


def asked(session: Session) -> int:
    return session.scalar(
        sa.select(sa.func.count()).where(Notice.kind == NoticeKind.SAID_NO)
    ) or 0  # fmt: skip


def state_of(session: Session, claim: Claim) -> ClaimState:
    session.expire_all()
    return session.get_one(Claim, claim.id).state


class TestAReply:
    def test_a_no_asks_by_link_and_frees_nothing(
        self, session: Session, walk: Walk, claim: Claim, invitation: EmailMessage
    ) -> None:
        assert take(session, answer(invitation)) is ReplyOutcome.ASKED
        assert state_of(session, claim) is ClaimState.CONFIRMED
        words = mails.mail(session, NoticeKind.SAID_NO, walk.bela)
        token = ids.signed_token(SECRET, "claim", claim.id)
        assert words.subject == "You said no in your calendar: shall we free your place?"
        assert f"/t/{token}/cant\n" in words.text
        assert f'/t/{token}/cant"' in words.html
        assert "Nothing has changed yet" in words.text

    def test_the_same_no_again_asks_once(self, session: Session, invitation: EmailMessage) -> None:
        assert take(session, answer(invitation)) is ReplyOutcome.ASKED
        assert take(session, answer(invitation)) is ReplyOutcome.ASKED  # another boundary
        raw = answer(invitation)
        assert [take(session, raw), take(session, raw)] == [ReplyOutcome.ASKED] * 2
        assert asked(session) == 1
        assert (
            read_mail.counts(session, CalendarReply, ReplyOutcome, now=clock.now())[
                ReplyOutcome.ASKED
            ]
            == 3
        )

    @pytest.mark.parametrize(
        "partstat", ["ACCEPTED", "TENTATIVE", "DELEGATED", "NEEDS-ACTION", ""]
    )
    def test_anything_else_changes_nothing(
        self, session: Session, invitation: EmailMessage, partstat: str
    ) -> None:
        assert take(session, answer(invitation, partstat)) is ReplyOutcome.NO_CHANGE
        assert asked(session) == 0

    def test_the_sender_counts_for_nothing(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        theirs = answer(invitation, sender="bela@example.com")
        forged = "nobody@goodturn.example"
        wrong = {"to": f"rota+1-{'a' * 32}@goodturn.example", "organizer": f"mailto:{forged}"}
        assert take(session, answer(invitation, sender="bela@example.com", **wrong)) is (
            ReplyOutcome.WRONG
        )
        assert take(session, theirs) is ReplyOutcome.ASKED

    @pytest.mark.parametrize(
        "changes",
        [
            {"to": "rota@goodturn.example", "organizer": "mailto:rota@goodturn.example"},
            {"to": f"rota+1-{'a' * 32}@goodturn.example", "organizer": "mailto:x@example.org"},
            {"uid": "4bddca7e-8382-54b9-aec4-935d2cbfe607@localhost"},
            {"uid": "x"},
        ],
        ids=["no token", "a guessed token", "another turn", "any turn"],
    )
    def test_what_is_tied_to_no_turn_is_passed_over(
        self, session: Session, invitation: EmailMessage, changes: dict[str, str]
    ) -> None:
        assert take(session, answer(invitation, **changes)) is ReplyOutcome.WRONG
        assert asked(session) == 0

    def test_a_token_of_another_purpose_or_key_is_none(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        for token in (
            ids.signed_token(SECRET, "claim", 1),
            ids.signed_token("another secret key, long enough", "calendar-reply", 1),
        ):
            changes = {"to": f"rota+{token}@goodturn.example", "organizer": "mailto:x@example.org"}
            assert take(session, answer(invitation, **changes)) is ReplyOutcome.WRONG

    def test_the_token_is_found_on_the_envelope_and_in_capitals(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        address = str(entry(invitation)["ORGANIZER"]).removeprefix("mailto:")
        raw = answer(invitation, to="rota@goodturn.example", organizer="mailto:x@example.org")
        assert take(session, b"Delivered-To: " + address.upper().encode() + b"\r\n" + raw) is (
            ReplyOutcome.ASKED
        )

    def test_a_calendar_that_comes_as_a_file_only_is_read(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        raw = answer(invitation).replace(b"Content-Type: text/calendar", b"Content-Type: text/x")
        assert take(session, raw) is ReplyOutcome.ASKED

    def test_a_reply_that_says_no_sequence_counts(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        assert take(session, answer(invitation, sequence="")) is ReplyOutcome.ASKED


class TestTooLate:
    def test_a_no_to_an_earlier_time_is_old(
        self, session: Session, walk: Walk, invitation: EmailMessage, postman: Postman
    ) -> None:
        hour = dt.timedelta(hours=1)
        changing.move_event(
            session, event=walk.event, starts_at=walk.event.starts_at + hour,
            ends_at=walk.event.ends_at + hour, reason="a locked gate", by=walk.nadia,
            now=clock.now(),
        )  # fmt: skip
        moved = postman.brings_one(session)
        assert take(session, answer(invitation)) is ReplyOutcome.OLD
        assert take(session, answer(moved)) is ReplyOutcome.ASKED

    def test_a_no_to_each_telling_asks_again(
        self, session: Session, walk: Walk, invitation: EmailMessage, postman: Postman
    ) -> None:
        take(session, answer(invitation))
        hour = dt.timedelta(hours=1)
        changing.move_event(
            session, event=walk.event, starts_at=walk.event.starts_at + hour,
            ends_at=walk.event.ends_at + hour, reason="a locked gate", by=walk.nadia,
            now=clock.now(),
        )  # fmt: skip
        [moved] = [one for one in postman.brings(session) if "Moved" in str(one["Subject"])]
        assert take(session, answer(moved)) is ReplyOutcome.ASKED
        assert asked(session) == 2

    def test_a_no_to_a_turn_given_back_or_called_off_is_old(
        self, session: Session, walk: Walk, claim: Claim, invitation: EmailMessage
    ) -> None:
        withdrawing.withdraw_claim(session, claim_id=claim.id, now=clock.now())
        assert take(session, answer(invitation)) is ReplyOutcome.OLD
        assert asked(session) == 0

    def test_a_no_after_the_turn_is_old(
        self, session: Session, claim: Claim, invitation: EmailMessage
    ) -> None:
        outcome = replies.take(
            session, raw=answer(invitation), desk=DESK, now=claim.ends_at + dt.timedelta(1)
        )
        assert outcome is ReplyOutcome.OLD

    def test_the_question_is_dropped_when_the_place_was_given_back(
        self, session: Session, walk: Walk, claim: Claim, invitation: EmailMessage
    ) -> None:
        take(session, answer(invitation))
        withdrawing.withdraw_claim(session, claim_id=claim.id, now=clock.now())
        session.commit()
        assert mails.mail(session, NoticeKind.SAID_NO, walk.bela) is None

    def test_messages_are_forgotten_after_ninety_days(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        take(session, answer(invitation))
        now = clock.now()
        read_mail.forget(session, CalendarReply, now=now + dt.timedelta(days=89))
        assert session.scalar(sa.select(sa.func.count()).select_from(CalendarReply)) == 1
        read_mail.forget(session, CalendarReply, now=now + dt.timedelta(days=91))
        assert session.scalar(sa.select(sa.func.count()).select_from(CalendarReply)) == 0


def calendar_mail(body: bytes, headers: bytes = b"") -> bytes:
    return (
        b"From: x@example.org\r\nTo: rota@goodturn.example\r\n" + headers +
        b"MIME-Version: 1.0\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n" + body
    )  # fmt: skip


def reply_with(*lines: bytes) -> bytes:
    return b"\r\n".join([
        b"BEGIN:VCALENDAR", b"METHOD:REPLY", b"BEGIN:VEVENT", b"UID:x",
        b"ATTENDEE;PARTSTAT=DECLINED:mailto:x@example.org", *lines,
        b"END:VEVENT", b"END:VCALENDAR", b"",
    ])  # fmt: skip


def nested_parts(depth: int, *, kind: bytes = b"mixed") -> bytes:
    opened = b"".join(
        b'Content-Type: multipart/%s; boundary="b%d"\r\n\r\n--b%d\r\n' % (kind, n, n)
        for n in range(depth)
    )
    return b"From: x@example.org\r\nMIME-Version: 1.0\r\n" + opened + b"x"


PLAIN_RULE = b"RRULE:FREQ=SECONDLY;UNTIL=99991231T235959Z"
ZONE_BOMB = b"\r\n".join([
    b"BEGIN:VTIMEZONE", b"TZID:Bomb", b"BEGIN:STANDARD", b"DTSTART:00010101T000000",
    PLAIN_RULE, b"TZOFFSETFROM:+0000", b"TZOFFSETTO:+0100", b"END:STANDARD", b"END:VTIMEZONE",
])  # fmt: skip
HOSTILE = {
    "nothing": b"",
    "no mail at all": b"\x00\xff" * 1000,
    "headers only": b"From: x\r\n" * 20_000,
    "one endless header": b"To: " + b"a@b, " * 99_000,
    "an endless boundary": b'Content-Type: multipart/mixed; boundary="' + b"x" * 400_000 + b'"\n',
    "endless parameters": b"Content-Type: text/calendar" + b"; a=b" * 90_000 + b"\r\n\r\nx",
    "folded parameters": b"Content-Type: text/calendar" + b";\r\n a=b" * 50_000 + b"\r\n\r\nx",
    "half a gigabyte": b"From: x\r\n\r\n" + b"x" * 50_000_000,
    "nested multiparts": nested_parts(9_000),
    "nested messages": b"Content-Type: message/rfc822\r\n\r\n" * 15_000,
    "ten thousand parts": (
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 40_000
    ),
    "HTML only": b"Content-Type: text/html\r\n\r\n<a href='x'>Decline</a>" + b"<b>" * 100_000,
    "plain words": b"Content-Type: text/plain\r\n\r\nNo, I can't.",
    "UTF-16": calendar_mail(reply_with().decode().encode("utf-16")),
    "UTF-7": b"Content-Type: text/calendar; charset=utf-7\r\n\r\n+AEI-EGIN:VCALENDAR\r\n",
    "EBCDIC": calendar_mail(reply_with().decode().encode("cp500")),
    "no such charset": b"Content-Type: text/calendar; charset=x\r\n\r\n" + b"BEGIN:VCALENDAR\r\n",
    "broken base64": calendar_mail(b"%%%%" * 9_000, b"Content-Transfer-Encoding: base64\r\n"),
    "gzip": calendar_mail(b"\x1f\x8b\x08\x00" + b"\x00" * 9_000),
    "uuencoded": calendar_mail(
        b"begin 666 x\n" + b"M" * 200_000, b"Content-Transfer-Encoding: uu\r\n"
    ),
    "nested components": calendar_mail(b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 4_000),
    "never begun": calendar_mail(b"END:VCALENDAR\r\n" * 4_000),
    "one endless line": calendar_mail(reply_with(b"SEQUENCE:" + b"1" * 60_000)),
    "endless folds": calendar_mail(reply_with(b"SEQUENCE:1" + b"\r\n 1" * 12_000)),
    "endless quotes": calendar_mail(reply_with(b"ATTENDEE;CN=" + b'"' * 1_900 + b":x")),
    "too many attendees": calendar_mail(reply_with(*[b"ATTENDEE:mailto:x@example.org"] * 900)),
    "too large a calendar": calendar_mail(reply_with(*[b"COMMENT:x"] * 40_000)),
    "two events": calendar_mail(
        reply_with(b"END:VEVENT", b"BEGIN:VEVENT", b"UID:y", b"ATTENDEE:mailto:x")
    ),
    "two calendars": calendar_mail(reply_with() * 2),
    "no UID": calendar_mail(reply_with().replace(b"UID:x\r\n", b"")),
    "no attendee": calendar_mail(b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:x\r\n"
                                 b"END:VEVENT\r\nEND:VCALENDAR\r\n"),
    "a request": calendar_mail(reply_with().replace(b"REPLY", b"REQUEST")),
    "a counter-proposal": calendar_mail(reply_with().replace(b"REPLY", b"COUNTER")),
}  # fmt: skip
TIED_TO_NOTHING = {
    "a bomb of a rule": calendar_mail(reply_with(PLAIN_RULE)),
    "a bomb of a zone": calendar_mail(
        reply_with(b"DTSTART;TZID=Bomb:20270501T080000").replace(
            b"BEGIN:VEVENT", ZONE_BOMB + b"\r\nBEGIN:VEVENT"
        )
    ),
    "a sequence beyond all numbers": calendar_mail(reply_with(b"SEQUENCE:" + b"9" * 1_000)),
    "figures of another script": calendar_mail(reply_with("SEQUENCE:\uff11\uff12".encode())),
    "a number beyond all rows": calendar_mail(
        reply_with(b"ORGANIZER:mailto:rota+999999999999999999-" + b"a" * 32 + b"@goodturn.example")
    ),
    "control characters": calendar_mail(reply_with(b"SUMMARY:\x00\x01\x7f", b"UID\x00:y")),
    "many tokens": calendar_mail(
        reply_with(), (b"Cc: " + b"rota+1-" + b"a" * 32 + b"@goodturn.example\r\n") * 4_000
    ),
}  # fmt: skip


class TestHostile:
    @pytest.mark.parametrize("what", HOSTILE)
    def test_is_passed_over_in_no_time(self, what: str) -> None:
        began = time.perf_counter()
        with pytest.raises(Unreadable):
            replies.read(HOSTILE[what])
        assert time.perf_counter() - began < LONGEST_SECONDS

    def test_all_are_counted_and_ask_nobody(self, session: Session, walk: Walk) -> None:
        for what, raw in {**HOSTILE, **TIED_TO_NOTHING}.items():
            began = time.perf_counter()
            outcome = take(session, raw)
            assert time.perf_counter() - began < LONGEST_SECONDS, what
            expected = ReplyOutcome.UNREADABLE if what in HOSTILE else ReplyOutcome.WRONG
            assert outcome is expected, what
        counted = read_mail.counts(session, CalendarReply, ReplyOutcome, now=clock.now())
        assert counted == {
            **dict.fromkeys(ReplyOutcome, 0),
            ReplyOutcome.UNREADABLE: len(HOSTILE),
            ReplyOutcome.WRONG: len(TIED_TO_NOTHING),
        }
        assert asked(session) == 0

    def test_a_real_reply_is_cut_anywhere_without_a_crash(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        raw = answer(invitation)
        for length in range(0, len(raw), 97):
            with suppress(Unreadable):
                replies.read(raw[:length])

    def test_any_byte_of_a_real_reply_may_be_another(
        self, session: Session, invitation: EmailMessage
    ) -> None:
        raw = bytearray(answer(invitation))
        for place in range(0, len(raw), 11):
            earlier, raw[place] = raw[place], (raw[place] * 7 + place) % 256
            with suppress(Unreadable):
                replies.read(bytes(raw))
            raw[place] = earlier
