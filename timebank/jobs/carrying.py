"""Take a notice to its person by the way that they chose, where that is not mail.

One way tells it, never two: behind the fence it is told, or in doubt, or was certainly not taken.
Only then it goes by mail, at once and within the same lease; where there is no mail it waits for a
letter or a call, or is tried again later (`_goes_otherwise`, the one place that decides it).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy.orm import Session

from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.push import PushOutcome
from timebank.adapters.push import PushParcel
from timebank.adapters.push import PushService
from timebank.core.settings import Settings
from timebank.domain import channels
from timebank.domain.notices import by_letter
from timebank.domain.notices import delivery
from timebank.domain.notices import letters
from timebank.domain.notices import shown
from timebank.domain.notices.delivery import Lease
from timebank.jobs import texts
from timebank.jobs.errands import Errand
from timebank.jobs.errands import Ready
from timebank.jobs.tools import Tools
from timebank.models import Way

Note = Callable[[Callable[[Session], object]], None]


def pack(mine: Tools, session: Session, ready: Ready, *, now: dt.datetime) -> Errand | None:
    """Pack a notice for the way that its person chose; None: it goes by mail."""
    packer = PACKERS.get(ready.enclosed.way)
    return packer(mine, session, ready, now) if packer else None


def run(
    mine: Tools,
    lease: Lease,
    errand: Errand,
    *,
    hand_over: Callable[[], bool],
    note: Note,
) -> bool:
    """Take it there -> whether it is dealt with; False: it is to go by mail, under this lease."""
    outcome = errand.deliver(hand_over)
    goes_by_mail: list[bool] = []

    def write(session: Session) -> None:
        goes_by_mail[:] = [_record(mine, session, lease, errand, outcome)]
        errand.heard(session, outcome)

    note(write)
    return not goes_by_mail[-1]


def _record(mine: Tools, session: Session, lease: Lease, errand: Errand, outcome: Outcome) -> bool:
    """Write down what became of it -> whether it goes by mail now, under this lease."""
    match outcome.fate:
        case Fate.STOPPED:
            return False  # somebody else holds the notice now, or it is looked at anew
        case Fate.SENT:
            delivery.mark_sent(session, lease=lease)
            return False
        case Fate.UNKNOWN:
            delivery.mark_uncertain(session, lease=lease, why=outcome.why)
            return False
    return _goes_otherwise(mine, session, lease, errand, outcome)


def _goes_otherwise(
    mine: Tools, session: Session, lease: Lease, errand: Errand, outcome: Outcome
) -> bool:
    """Decide how what was certainly not taken goes on -> whether by mail, and is still ours."""
    letter, why = errand.letter, outcome.why
    if letters.reason_to_drop(letter) is None:
        return delivery.go_by_mail(session, lease=lease, lasts=mine.pace.lease, why=why)
    delivery.step_back(session, lease=lease)
    if by_letter.take_over(session, lease=lease, letter=letter):
        return False
    if outcome.fate is Fate.NEVER:
        delivery.mark_failed(session, lease=lease, why=why)
    else:
        delivery.put_back(session, lease=lease, step=mine.pace.back_off, why=why)
    return False


def _for_phones(mine: Tools, session: Session, ready: Ready, now: dt.datetime) -> Errand | None:
    """Pack it for all of their phones; None where they have none, or we tell nobody there."""
    lease, settings = ready.lease, mine.settings
    phones = channels.told_on(session, notice_id=lease.notice_id)
    if not phones or not settings.push_key:
        return None
    said = shown.show(
        ready.letter,
        ready.words,
        public_url=settings.public_url,
        enclosed=ready.enclosed,
        notice_id=lease.notice_id,
        now=now,
    )
    parcel = PushParcel(
        phones=phones,
        content=said.content,
        lasts_seconds=int(said.lasts.total_seconds()),
        is_urgent=said.is_urgent,
        topic=said.topic,
    )
    service = push_service(settings)
    return Errand(
        way=Way.PHONE,
        letter=ready.letter,
        deliver=lambda hand_over: service.deliver(parcel, hand_over=hand_over),
        heard=_note_phones,
    )


def push_service(settings: Settings) -> PushService:
    """Speak to push services as this installation."""
    return PushService(
        key=settings.push_key, contact=settings.push_contact, services=settings.push_services
    )


def _note_phones(session: Session, outcome: Outcome) -> None:
    if not isinstance(outcome, PushOutcome):
        return
    channels.note(
        session,
        said=[
            channels.Said(
                number=one.number,
                took=one.fate is Fate.SENT,
                code=one.code,
                is_gone=one.is_gone,
            )
            for one in outcome.heard
        ],
    )


PACKERS = {Way.PHONE: _for_phones, Way.TEXT: texts.pack}
