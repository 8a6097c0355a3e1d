"""Take a notice to its person by the way that they chose, where that is not mail.

One way tells it, never two: behind the fence it is told, or in doubt, or was certainly not taken;
only then it goes by mail, at once and within the same lease. A way that fails lets nothing rest
and puts nothing back: mail stands behind it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.push import PushOutcome
from timebank.adapters.push import PushParcel
from timebank.adapters.push import PushService
from timebank.core.settings import Settings
from timebank.domain import channels
from timebank.domain.notices import delivery
from timebank.domain.notices import shown
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.wording import Wording
from timebank.jobs.tools import Tools
from timebank.models import Way

Note = Callable[[Callable[[Session], object]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A notice in words, right before it leaves."""

    lease: Lease
    letter: Letter
    enclosed: Enclosed
    words: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A notice packed for one way.

    Attributes:
        deliver: Hands it over behind a fence, and says what became of it.
        heard: Writes down what was heard of their phone, or their number, besides.
    """

    way: Way
    deliver: Callable[[Callable[[], bool]], Outcome]
    heard: Callable[[Session, Outcome], None]


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
    match outcome.fate:
        case Fate.STOPPED:
            return True  # somebody else holds the notice now, or it is looked at anew
        case Fate.SENT:
            note(lambda session: delivery.mark_sent(session, lease=lease))
        case Fate.UNKNOWN:
            why = outcome.why
            note(lambda session: delivery.mark_uncertain(session, lease=lease, why=why))
        case _:
            return not _goes_by_mail(mine, lease, errand, outcome, note)
    note(lambda session: errand.heard(session, outcome))
    return True


def _goes_by_mail(mine: Tools, lease: Lease, errand: Errand, outcome: Outcome, note: Note) -> bool:
    """Write down that mail takes it over -> whether it is still ours."""
    is_ours: list[bool] = []

    def write(session: Session) -> None:
        is_ours[:] = [
            delivery.go_by_mail(session, lease=lease, lasts=mine.pace.lease, why=outcome.why)
        ]
        errand.heard(session, outcome)

    note(write)
    return is_ours[-1]


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


PACKERS = {Way.PHONE: _for_phones}
