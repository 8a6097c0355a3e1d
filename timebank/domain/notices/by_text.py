"""Which notices go as text messages, to which number, and in which words.

Somebody who reads mail has chosen texts for that family, and proven their number. Somebody without
e-mail has agreed to texts with a coordinator, and gets what they need for their turns and nothing
else. A text holds the subject of the mail that it would have been, an address that holds no
secret, and how to end it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import gsm
from timebank.domain.notices import choosing
from timebank.domain.notices import letters
from timebank.domain.notices import together
from timebank.domain.notices import ways
from timebank.domain.notices import wording
from timebank.domain.notices.choosing import Verdict
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.texts import numbers
from timebank.models import Lead
from timebank.models import NoticeKind
from timebank.models import TextCode
from timebank.models import TextNumber
from timebank.models import Way

MOST_PARTS = 2
NEEDED_WITHOUT_EMAIL = frozenset(
    {
        NoticeKind.REMINDER_EVE,
        NoticeKind.REMINDERS,
        NoticeKind.EVENT_MOVED,
        NoticeKind.EVENT_CANCELLED,
        NoticeKind.PUT_DOWN,
        NoticeKind.TURN_YIELDED,
    }
)
WHO = """
SELECT n.kind, p.email, m.id AS membership_id, n.facts ->> 'text_code_id' AS text_code_id
  FROM notice n
  JOIN profile p ON p.person_id = n.person_id
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
   AND m.standing <> 'left'
 WHERE n.id = :notice_id
"""
# Both at once, or neither: what is handed over is paid for, and what is given back never goes.
HAND_OVER = """
WITH paid AS (
  UPDATE text_sent SET handed_at = now()
   WHERE id = :text_id AND returned_at IS NULL AND handed_at IS NULL
     AND EXISTS (SELECT FROM notice n WHERE n.id = :notice_id AND n.lease_token = :token
                    AND n.state = 'leased')
  RETURNING notice_id
)
UPDATE notice n
   SET state = 'handover', way = 'text', lease_until = now() + :lasts
  FROM paid
 WHERE n.id = paid.notice_id AND n.lease_token = :token AND n.state = 'leased'
"""
STEP_BACK = """
UPDATE notice SET state = 'leased', way = NULL
 WHERE id = :notice_id AND lease_token = :token AND state IN ('leased', 'handover')
"""


@dataclass(frozen=True, slots=True, repr=False)
class TextMessage:
    """A text message: to which number, in which words, and in how many parts. Kept out of logs.

    Attributes:
        reads_mail: Whether it can go by mail instead.
    """

    number: str
    words: str
    parts: int
    kind: NoticeKind
    reads_mail: bool


def compose(
    session: Session,
    *,
    notice_id: int,
    public_url: str,
    secret_key: str,
    now: dt.datetime,
) -> TextMessage | None:
    """Write the text message that a notice goes as; None: it goes by another way, or not now."""
    who = session.execute(sa.text(WHO), {"notice_id": notice_id}).first()
    if who is None:
        return None
    letter = letters.read_letter(session, notice_id=notice_id)
    if letter.kind is NoticeKind.TEXT_CODE:
        return _with_code(session, letter, int(who.text_code_id), secret_key, now)
    number = numbers.number_of(session, membership_id=who.membership_id)
    due = choosing.read_due(session, notice_id=notice_id)
    if number is None or not _may_go(letter, number, due, now):
        return None
    enclosed = Enclosed(
        membership_id=due.choices.membership_id,
        language=due.choices.language,
        letters=_told_in(session, letter, notice_id, now),
    )
    if letter.kind is NoticeKind.REMINDERS and not enclosed.letters:
        return None
    words, ending = wording.in_a_text(
        letter, public_url=public_url, secret_key=secret_key, now=now, enclosed=enclosed
    )
    whole = gsm.within(gsm.plain(words), ending, most_parts=MOST_PARTS)
    return TextMessage(
        number.number, whole, gsm.parts_of(whole), letter.kind, reads_mail=bool(letter.email)
    )


def hand_over(session: Session, *, lease: Lease, text_id: int, lasts: dt.timedelta) -> bool:
    """Pass the fence, right before a text leaves us; False: it is not ours, or not paid for."""
    values = {
        "notice_id": lease.notice_id,
        "token": lease.token,
        "text_id": text_id,
        "lasts": lasts,
    }
    return session.execute(sa.text(HAND_OVER), values).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def step_back(session: Session, *, lease: Lease) -> bool:
    """Come back from behind the fence: it was certainly not taken, and goes by another way."""
    values = {"notice_id": lease.notice_id, "token": lease.token}
    return session.execute(sa.text(STEP_BACK), values).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _may_go(letter: Letter, number: TextNumber, due: choosing.Due, now: dt.datetime) -> bool:
    """Tell whether it is theirs to get as a text: by their own choice, or for want of e-mail."""
    due = due if letter.email else _as_agreed(due)
    is_wanted_now = choosing.decide(due, now=now).verdict is Verdict.SEND
    if letters.lost_cause(letter) is not None or due.way is not None or not is_wanted_now:
        return False
    if not letter.email:
        return letter.kind in NEEDED_WITHOUT_EMAIL
    return number.proven_at is not None and ways.way_for(letter.kind, due.choices) is Way.TEXT


def _as_agreed(due: choosing.Due) -> choosing.Due:
    """Remind whoever has no e-mail on the eve, as was agreed, whatever others of the date get."""
    return replace(due, choices=replace(due.choices, leads=frozenset({Lead.EVE})))


def _told_in(
    session: Session, letter: Letter, notice_id: int, now: dt.datetime
) -> tuple[Letter, ...]:
    if letter.kind is not NoticeKind.REMINDERS:
        return ()
    told = together.told_in(session, notice_id=notice_id, now=now)
    return tuple({one.claim_id: one for one in told}.values())


def _with_code(
    session: Session, letter: Letter, text_code_id: int, secret_key: str, now: dt.datetime
) -> TextMessage | None:
    code = session.get(TextCode, text_code_id)
    if code is None or code.used_at or code.expires_at <= now:
        return None
    digits = numbers.digits_of(code, secret_key=secret_key)
    words = gsm.plain(wording.code_in_a_text(letter, digits))
    return TextMessage(code.number, words, gsm.parts_of(words), letter.kind, reads_mail=False)
