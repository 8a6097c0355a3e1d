"""What a mail brings along for its reader's calendar: its turn, put in or taken out.

It belongs to the mails that are sent anyway; the only one of its own is to somebody who gave a
place back, and only where the turn stands in their calendar.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.domain.calendar import invitations
from timebank.domain.calendar.invitations import Office
from timebank.domain.notices.letters import Letter
from timebank.models import Method
from timebank.models import NoticeKind

PUTS_IN = frozenset({NoticeKind.YOU_ARE_IN, NoticeKind.PUT_DOWN, NoticeKind.EVENT_MOVED})
TAKES_OUT = frozenset(
    {
        NoticeKind.EVENT_CANCELLED,
        NoticeKind.GIVEN_BACK,
        NoticeKind.TURN_TAKEN,
        NoticeKind.TURN_YIELDED,
    }
)


@dataclass(frozen=True, slots=True)
class Entries:
    """Calendars for a mail, one a turn; the first is about what the mail tells."""

    method: Method
    calendars: list[bytes]


def entries_for(
    session: Session, letter: Letter, *, notice_id: int, office: Office, now: dt.datetime
) -> Entries | None:
    """Write what a mail brings along for its reader's calendar, and note that it does.

    None for whatever is about no turn of theirs, and where nothing is to be brought.
    """
    method = _method(letter)
    if method is None or letter.slot_id is None or letter.email is None:
        return None
    if method is Method.CANCEL:
        told = invitations.take_out(session, notice_id=notice_id, slot_id=letter.slot_id, now=now)
    else:
        told = invitations.put_in(
            session, notice_id=notice_id, claim_id=letter.claim_id or 0, now=now
        )
    if not told:
        return None
    calendars = invitations.write(
        session, told, method=method, attendee=letter.email, office=office, now=now
    )
    return Entries(method, calendars)


def _method(letter: Letter) -> Method | None:
    if letter.is_taken_off or letter.kind in TAKES_OUT:
        return Method.CANCEL
    return Method.REQUEST if letter.kind in PUTS_IN else None
