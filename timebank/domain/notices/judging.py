"""Right before a message leaves: what its reader chose about it, and what goes along in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from sqlalchemy.orm import Session

from timebank.domain.events.leads import read as leads_of
from timebank.domain.notices import choosing
from timebank.domain.notices import delivery
from timebank.domain.notices import together
from timebank.domain.notices import ways
from timebank.domain.notices import weekly
from timebank.domain.notices.choosing import STANDS_THERE_ANYWAY
from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.choosing import Decision
from timebank.domain.notices.choosing import Due
from timebank.domain.notices.choosing import Verdict
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.families import LEAD_OF
from timebank.domain.notices.families import Family
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.weekly import Week
from timebank.models import NoticeKind
from timebank.models import Way

NOTHING_TO_SAY = "nothing to say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """What a message is worded with besides its own letter.

    Attributes:
        membership_id: Whose choice ends messages of this family; None: it can't be ended.
        family: Which family that is; None: it is needed.
        letters: Messages told in this one.
        week: What the weekly mail brings.
        language: Of the reader; None: the site's own.
        reply_to: Where it is answered by mail; empty: it can't be, and says so.
        way: How it goes to its reader.
        number: On which they can be texted; None: on none.
        expires_at: Until when it is worth telling.
    """

    membership_id: int | None = None
    family: Family | None = None
    letters: tuple[Letter, ...] = ()
    week: Week | None = None
    language: str | None = None
    reply_to: str = ""
    way: Way = Way.MAIL
    number: str | None = field(default=None, repr=False)
    expires_at: dt.datetime | None = None


def judge(
    session: Session, *, lease: Lease, letter: Letter, due: Due, now: dt.datetime
) -> Enclosed | None:
    """Look at its reader's choices -> what goes along; None: it doesn't leave now, and is noted.

    A message that holds and is needed always leaves.
    """
    due = due if letter.email else choosing.as_agreed(due)
    decision = choosing.decide(due, now=now)
    if decision.verdict is not Verdict.SEND:
        _put_aside(session, lease, due, decision, now)
        return None
    enclosed = _enclose(session, lease.notice_id, due, now, reads_mail=bool(letter.email))
    if _is_empty(letter.kind, enclosed):
        delivery.mark_cancelled(session, lease=lease, why=NOTHING_TO_SAY)
        return None
    return enclosed


def _put_aside(
    session: Session, lease: Lease, due: Due, decision: Decision, now: dt.datetime
) -> None:
    if decision.until is not None:
        delivery.postpone(session, lease=lease, until=decision.until, why=decision.why)
        return
    is_ended = delivery.mark_cancelled(session, lease=lease, why=decision.why)
    is_kept = decision.verdict is Verdict.WEEKLY and due.kind not in STANDS_THERE_ANYWAY
    if is_ended and is_kept:
        weekly.keep(session, notice_id=lease.notice_id, choices=due.choices, now=now)


def _enclose(
    session: Session, notice_id: int, due: Due, now: dt.datetime, *, reads_mail: bool
) -> Enclosed:
    choices = due.choices
    plain = Enclosed(
        membership_id=choices.membership_id,
        family=due.family,
        language=choices.language,
        way=ways.way_of(due, reads_mail=reads_mail),
        number=ways.number_of(due, reads_mail=reads_mail),
        expires_at=due.expires_at,
    )
    if due.kind is NoticeKind.WEEKLY:
        week = weekly.read_week(session, notice_id=notice_id, choices=choices, now=now)
        return replace(plain, week=week)
    if due.kind is NoticeKind.REMINDERS:
        told = together.told_in(session, notice_id=notice_id, now=now)
        return replace(plain, letters=_reminded(told, choices))
    return plain


def _reminded(told: list[Letter], choices: Choices) -> tuple[Letter, ...]:
    """Leave out reminders that they no longer want, and name each turn once."""
    wanted = [
        letter
        for letter in told
        if choices.wants(LEAD_OF[letter.kind], event_leads=leads_of(letter.event_leads))
    ]
    return tuple({letter.claim_id: letter for letter in wanted}.values())


def _is_empty(kind: NoticeKind, enclosed: Enclosed) -> bool:
    if kind is NoticeKind.WEEKLY:
        return enclosed.week is None or enclosed.week.is_empty
    return kind is NoticeKind.REMINDERS and not enclosed.letters
