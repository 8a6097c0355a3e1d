"""Pack a notice as a text message: its price is put aside first, and paid at the fence.

What a gateway certainly did not take is paid back, and goes otherwise, as `jobs/carrying` says.
What nobody knows of may have been sent, so it stays paid for.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.adapters.channels import Carrier
from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.texts import TextGateway
from timebank.adapters.texts import TextParcel
from timebank.core import clock
from timebank.core.text_gateway import Texts
from timebank.domain.notices import by_text
from timebank.domain.notices.by_text import TextMessage
from timebank.domain.texts import guard
from timebank.domain.texts import numbers
from timebank.jobs import tools
from timebank.jobs.errands import Errand
from timebank.jobs.errands import Ready
from timebank.jobs.tools import Tools
from timebank.models import Way

RESTS_SECONDS = 60.0
SPENT = "the month's money for texts is spent"


@dataclass(slots=True, kw_only=True)
class _PaidFor:
    """A text message that is paid for before it leaves.

    Attributes:
        text_id: What its price is put aside under; None: nothing is.
    """

    mine: Tools
    texts: Texts
    message: TextMessage
    notice_id: int
    text_id: int | None = None

    def deliver(self, hand_over: Callable[[], bool]) -> Outcome:
        """Put its price aside, and give it to the gateway."""
        if time.monotonic() < self.mine.texts_rest_until:
            return Outcome(Fate.AWAY, "gateway away")
        with self.mine.session() as session:
            self.text_id = guard.put_aside(
                session, texts=self.texts, notice_id=self.notice_id, parts=self.message.parts
            )
        if self.text_id is None:
            return Outcome(Fate.LATER, SPENT)
        seconds = self.mine.pace.smtp_seconds
        gateway: Carrier[TextParcel] = TextGateway(self.texts, timeout_seconds=seconds)
        parcel = TextParcel(self.message.number, self.message.words)
        outcome = gateway.deliver(parcel, hand_over=lambda: self._is_paid() and hand_over())
        if outcome.fate in {Fate.AWAY, Fate.UNKNOWN}:
            self.mine.texts_rest_until = time.monotonic() + RESTS_SECONDS
        return outcome

    def heard(self, session: Session, outcome: Outcome) -> None:
        """Give its price back where it certainly did not go."""
        if self.text_id is not None and outcome.fate not in {Fate.SENT, Fate.UNKNOWN}:
            guard.give_back(session, text_id=self.text_id)

    def _is_paid(self) -> bool:
        """Pay, right before the fence: whoever dies between has paid for nothing."""
        with self.mine.session() as session:
            return guard.pay(session, text_id=self.text_id or 0)


def pack(mine: Tools, session: Session, ready: Ready, now: dt.datetime) -> Errand | None:
    """Pack a notice as a text; None where we send none, or there is no number it could go to."""
    settings = mine.settings
    if settings.texts is None:
        return None
    message = by_text.compose(
        session,
        letter=ready.letter,
        enclosed=ready.enclosed,
        subject=ready.words.subject,
        public_url=settings.public_url,
        secret_key=settings.secret_key,
        now=now,
    )
    if message is None:
        return None
    paid_for = _PaidFor(
        mine=mine, texts=settings.texts, message=message, notice_id=ready.lease.notice_id
    )
    return Errand(
        way=Way.TEXT, letter=ready.letter, deliver=paid_for.deliver, heard=paid_for.heard
    )


def put_right() -> int:
    """Give back what was put aside for texts that no worker sent, forget old codes -> how many."""
    with tools.current().session() as session:
        forgotten = numbers.forget_codes(session, now=clock.now())
        return forgotten + guard.give_back_left_aside(session)
