"""Turns that travel by mail: put into their person's calendar, moved there, and taken out.

What was put into somebody's calendar is noted (`MailedTurn`), so that each message tells a higher
number than the one before, a place given back is taken out only where it was put in, and a reply
finds its turn. The note is written before the message leaves us.

Source: RFC 5546 (iTIP) 3.2.2, 3.2.5; RFC 6047 (iMIP); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import LiteralString

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core import tagging
from timebank.domain.calendar import addresses
from timebank.domain.calendar import composing
from timebank.domain.calendar import feeds
from timebank.domain.calendar import reading
from timebank.domain.calendar.items import Mail
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.domain.calendar.reading import Showing
from timebank.domain.calendar.statements import OF_AN_EVENT
from timebank.domain.calendar.statements import SHOWN
from timebank.domain.calendar.statements import TABLES
from timebank.domain.rota.locking import lock_event
from timebank.models import Claim
from timebank.models import Method

REPLY_PURPOSE = "calendar-reply"

# A turn that its person has confirmed, for the person whom the notice is for. What stands in their
# calendar is kept right, even after they chose the feed or no mail.
PUT_IN = """
INSERT INTO mailed_turn AS told
       (community_id, membership_id, slot_id, claim_id, method, sequence, told_at)
SELECT c.community_id, c.membership_id, c.slot_id, c.id, 'request', e.sequence, :now
  FROM notice n
  JOIN claim c ON c.id = :claim_id AND c.community_id = n.community_id
              AND c.person_id = n.person_id AND c.state = 'confirmed'
  JOIN event e ON e.id = c.event_id
  JOIN membership m ON m.id = c.membership_id
 WHERE n.id = :notice_id
   AND (EXISTS (SELECT FROM mailed_turn w WHERE w.membership_id = m.id AND w.slot_id = c.slot_id
                   AND w.method = 'request')
        OR m.turns_by_mail
           AND NOT EXISTS (SELECT FROM feed f WHERE f.membership_id = m.id
                              AND f.revoked_at IS NULL AND f.shows IN ('turns', 'household')
                              AND f.last_fetched_at > :in_use_since))
    ON CONFLICT (membership_id, slot_id) DO UPDATE
   SET claim_id = excluded.claim_id, method = 'request', told_at = excluded.told_at,
       sequence = greatest(told.sequence + 1, excluded.sequence)
RETURNING id, slot_id, sequence
"""

# Every turn of theirs on the date that stands in their calendar and is not theirs any more, or the
# one job that the notice is about. That one comes first.
TAKE_OUT = """
WITH gone AS (
UPDATE mailed_turn told
   SET method = 'cancel', told_at = :now, sequence = greatest(told.sequence + 1, e.sequence)
  FROM notice n, membership m, slot s, slot about, event e
 WHERE n.id = :notice_id AND m.person_id = n.person_id AND m.community_id = n.community_id
   AND about.id = :slot_id AND about.community_id = n.community_id
   AND told.membership_id = m.id AND told.slot_id = s.id AND e.id = s.event_id
   AND s.event_id = about.event_id AND (s.id = about.id OR e.state = 'cancelled')
   AND NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = s.id AND c.membership_id = m.id
                      AND c.state IN ('confirmed', 'attended'))
RETURNING told.id, told.slot_id, told.sequence)
SELECT id, slot_id, sequence FROM gone ORDER BY slot_id <> :slot_id, slot_id
"""

OF_THE_TURN: dict[str, LiteralString] = {
    **OF_AN_EVENT,
    "starts_at": "l.starts_at",
    "ends_at": "l.ends_at",
    "slot_id": "l.id",
    "role": "r.name",
    "role_id": "r.id",
    "about": "r.about",
}
TURN = f"""
SELECT c.host, c.timezone, {SHOWN.format(**OF_THE_TURN)}
  FROM slot l
  JOIN role r ON r.id = l.role_id
  JOIN community c ON c.id = l.community_id
  JOIN event e ON e.id = l.event_id {TABLES}
 WHERE l.id = :slot_id
"""  # noqa: S608 - our own words only


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Whom the calendar of a mail is from, and how replies come back.

    Attributes:
        sender: The address of our mails.
        reply_address: Where replies are read; empty when nobody reads any.
    """

    public_url: str
    secret_key: str
    sender: str
    reply_address: str

    def organiser(self, number: int) -> str:
        """Give the address that a reply about this mailed turn goes to; only we can write one."""
        token = ids.signed_token(self.secret_key, REPLY_PURPOSE, number)
        return tagging.tagged(self.reply_address, token) or self.sender


@dataclass(frozen=True, slots=True)
class Told:
    """A turn as it is told now: its note, its slot, and which telling of it this is."""

    id: int
    slot_id: int
    sequence: int


def preload() -> None:
    """Load the library now, so that each worker's child finds it ready."""
    from timebank.domain.calendar import vevents  # noqa: F401, PLC0415


def put_in(session: Session, *, notice_id: int, claim_id: int, now: dt.datetime) -> list[Told]:
    """Note that a notice puts its turn into its person's calendar, or changes it there.

    Returns nothing where it is not theirs any more, where they would rather not, and where their
    calendar reads our feed: nothing is to show twice.

    The event is locked first, as everywhere: whoever gives the turn back now waits for the note,
    finds it, and has the turn taken out again.
    """
    event_id = sa.select(Claim.event_id).where(Claim.id == claim_id).scalar_subquery()
    lock_event(session, event_id)
    since = now - addresses.FEED_IN_USE
    values = {"notice_id": notice_id, "claim_id": claim_id, "now": now, "in_use_since": since}
    return _told(session, PUT_IN, values)


def take_out(session: Session, *, notice_id: int, slot_id: int, now: dt.datetime) -> list[Told]:
    """Note that a notice takes a turn out of its person's calendar, if it was ever put there.

    Of a cancelled date every turn of theirs goes, the one that the notice is about first.
    """
    return _told(session, TAKE_OUT, {"notice_id": notice_id, "slot_id": slot_id, "now": now})


def _told(session: Session, statement: str, values: dict[str, object]) -> list[Told]:
    return [Told(*row) for row in session.execute(sa.text(statement), values)]


def write(
    session: Session,
    told: Sequence[Told],
    *,
    method: Method,
    attendee: str,
    office: Office,
    now: dt.datetime,
) -> list[bytes]:
    """Write a calendar for each of these turns: one UID a message.

    Args:
        attendee: The address of its reader.
    """
    # The library takes a tenth of a second to load: only where a mail has a calendar.
    from timebank.domain.calendar import vevents  # noqa: PLC0415

    written = []
    for one in told:
        state, row = _turn(session, one.slot_id)
        row = replace(row, is_cancelled=row.is_cancelled or method is Method.CANCEL)
        item = composing.item_of(row, state, Words(), office.public_url)
        mail = Mail(
            method=method.value.upper(),
            sequence=one.sequence,
            stamp=now,
            organiser=office.organiser(one.id),
            organiser_name=row.group,
            attendee=attendee,
            asks_reply=bool(office.reply_address) and method is Method.REQUEST,
        )
        zone = feeds.zone_of(state.timezone, item.starts_at, item.ends_at, now)
        written.append(vevents.message(item, mail, zone=zone))
    return written


def _turn(session: Session, slot_id: int) -> tuple[FeedState, Showing]:
    """Read a turn as the feed of its person would show it."""
    host, timezone, *shown = session.execute(sa.text(TURN), {"slot_id": slot_id}).one()
    state = reading.bare_state(Kind.MINE, holder_id=slot_id, host=host, timezone=timezone)
    return state, Showing(**dict(zip(Showing.__dataclass_fields__, shown, strict=True)))
