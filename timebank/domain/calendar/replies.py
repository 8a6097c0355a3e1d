"""What somebody's calendar answers by mail: read with caution, believed only by our own token.

Anybody can write to the address, so nothing is believed but the token that we derived ourselves;
least of all the sender. A message is taken to pieces within narrow limits, and whatever goes wrong
with it, it is passed over and counted. A no frees nothing by itself: its person is asked by mail.

Source: RFC 5546 (iTIP) 3.2.3; RFC 6047 (iMIP); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core import tagging
from timebank.core.mime import MOST_PARTS
from timebank.core.mime import opened
from timebank.core.mime import recipients_of
from timebank.domain import outbox
from timebank.domain.calendar import composing
from timebank.domain.calendar.invitations import REPLY_PURPOSE
from timebank.models import CalendarReply
from timebank.models import NoticeKind
from timebank.models import ReplyOutcome

LARGEST_CALENDAR = 64_000
MOST_NESTED = 8
LONGEST_LINE = 2_000

CALENDAR_TYPES = ("text/calendar", "application/ics")
DECLINED = "DECLINED"
NUMBER = re.compile(r"[0-9]{1,9}")

_FOLD = re.compile(r"\r?\n[ \t]")
# All that a reply is read for: what else it holds never reaches the library, which would work
# out its time zones and rules.
_WANTED = re.compile(r"(?i)(?:METHOD|UID|SEQUENCE|ATTENDEE|ORGANIZER)[;:]")

TURN = """
SELECT told.sequence, told.method, told.slot_id, e.uid::text AS event_uid, c.id AS claim_id,
       c.community_id, c.person_id, c.starts_at,
       told.method = 'request' AND c.state = 'confirmed' AND c.starts_at > :now
       AND e.state = 'planned' AS is_open
  FROM mailed_turn told
  JOIN claim c ON c.id = told.claim_id
  JOIN event e ON e.id = c.event_id
 WHERE told.id = :number
"""


class Unreadable(ValueError):
    """A message that is no reply of a calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a calendar answered.

    Attributes:
        uid: Of the turn it is about.
        sequence: Of the message it answers, where it says so.
        says_no: Whether its reader declined.
        addresses: Where it was sent to, in one string: the token is somewhere in it.
    """

    uid: str
    sequence: int | None
    says_no: bool
    addresses: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where replies arrive: the address they were told, its key, and the host of our UIDs."""

    public_url: str
    secret_key: str
    reply_address: str


def take(session: Session, *, raw: bytes, desk: Desk, now: dt.datetime) -> ReplyOutcome:
    """Take a message in: ask its person about a no, pass over anything else, count both.

    The same message again changes nothing and is counted once.
    """
    outcome = _judge(session, raw, desk, now)
    row = {"digest": hashlib.sha256(raw).digest(), "outcome": outcome, "read_at": now}
    session.execute(insert(CalendarReply).values(row).on_conflict_do_nothing())
    return outcome


def _judge(session: Session, raw: bytes, desk: Desk, now: dt.datetime) -> ReplyOutcome:
    try:
        reply = read(raw)
    except Unreadable:
        return ReplyOutcome.UNREADABLE
    number = _number(reply, desk)
    found = session.execute(sa.text(TURN), {"number": number, "now": now}).first()
    if found is None or reply.uid != _uid(found, desk):
        return ReplyOutcome.WRONG
    if not reply.says_no:
        return ReplyOutcome.NO_CHANGE
    if not found.is_open or (reply.sequence is not None and reply.sequence < found.sequence):
        return ReplyOutcome.OLD
    outbox.post_notices(session, [_question(found, number, now)])
    return ReplyOutcome.ASKED


def _uid(found: sa.Row[Any], desk: Desk) -> str:
    uid = composing.turn_uid(found.event_uid, found.slot_id)
    return composing.whole_uid(uid, desk.public_url)


def _question(found: sa.Row[Any], number: int | None, now: dt.datetime) -> outbox.Message:
    """Ask once for each telling of the turn, however often their calendar says no to it."""
    return outbox.Message(
        community_id=found.community_id,
        person_id=found.person_id,
        kind=NoticeKind.SAID_NO,
        dedupe_key=f"mailed-turn-{number}.said_no.{found.sequence}",
        not_before=now,
        expires_at=found.starts_at,
        facts={"claim_id": str(found.claim_id)},
    )


def _number(reply: Reply, desk: Desk) -> int | None:
    """Read which mailed turn it was told to answer; None where the token is not ours."""
    tokens = tagging.tokens_in(reply.addresses, of=desk.reply_address)
    numbers = (ids.read_signed_token(desk.secret_key, REPLY_PURPOSE, one) for one in tokens)
    return next((number for number in numbers if number is not None), None)


def read(raw: bytes) -> Reply:
    """Read a calendar's reply out of a mail.

    Raises:
        Unreadable: It is none, or too large, too deep or too broken to look into.
    """
    try:
        mime = opened(raw)
        return _reply(mime, _calendar_of(mime))
    except Unreadable:
        raise
    except Exception as error:  # the libraries raise whatever they like at what strangers send
        raise Unreadable from error


def _calendar_of(mime: Mime) -> str:
    """Find the calendar in a mail: the part that says so, else the file."""
    parts = [part for part in mime.walk() if not part.is_multipart()][:MOST_PARTS]
    for kind in CALENDAR_TYPES:
        for part in parts:
            if part.get_content_type() == kind:
                return _text(part.get_payload(decode=True))
    raise Unreadable


def _text(content: object) -> str:
    """Decode a calendar; all that is wanted of it is ASCII, whatever its charset is called."""
    if not isinstance(content, bytes) or len(content) > LARGEST_CALENDAR:
        raise Unreadable
    return content.decode("utf-8-sig", "replace")


def _reply(mime: Mime, calendar: str) -> Reply:
    # The library takes a tenth of a second to load: only where there is a calendar.
    from icalendar import Calendar  # noqa: PLC0415
    from icalendar import Event  # noqa: PLC0415

    found = Calendar.from_ical("\r\n".join(_slim(calendar)) + "\r\n")
    events = [part for part in found.subcomponents if isinstance(part, Event)]
    if str(found.get("METHOD", "")).upper() != "REPLY" or len(events) != 1:
        raise Unreadable
    event = events[0]
    attendee = event.get("ATTENDEE")
    if isinstance(attendee, list) or attendee is None or "UID" not in event:
        raise Unreadable
    sequence = str(event.get("SEQUENCE", ""))
    return Reply(
        uid=str(event["UID"]).strip(),
        sequence=int(sequence) if NUMBER.fullmatch(sequence) else None,
        says_no=str(attendee.params.get("PARTSTAT", "")).upper() == DECLINED,
        addresses=f"{recipients_of(mime)} {str(event.get('ORGANIZER', '')).lower()}",
    )


def _slim(calendar: str) -> Iterator[str]:
    """Keep the lines that a reply is read for, of the calendar and of its events only."""
    inside: list[str] = []
    for line in re.split(r"\r?\n", _FOLD.sub("", calendar)):
        name, _, value = line.strip().upper().partition(":")
        if name == "BEGIN":
            inside.append(value)
        kept = inside in (["VCALENDAR"], ["VCALENDAR", "VEVENT"])
        if kept and (name in {"BEGIN", "END"} or _WANTED.match(line)):
            if len(line) > LONGEST_LINE:
                raise Unreadable
            yield line.strip()
        if name == "END" and (not inside or inside.pop() != value):
            raise Unreadable
        if len(inside) > MOST_NESTED:
            raise Unreadable
