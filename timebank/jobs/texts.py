"""See a notice through as a text message, where it goes as one: reserve, fence, gateway, note.

Whatever a gateway certainly did not take is paid back, and goes by mail, or to the coordinators'
list of people to ring, in the same breath. What nobody knows of is uncertain, as with mail.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import OperationalError

from timebank.adapters.channels import Carrier
from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.texts import TextGateway
from timebank.adapters.texts import TextParcel
from timebank.core import clock
from timebank.core.text_gateway import Texts
from timebank.domain.notices import by_letter
from timebank.domain.notices import by_text
from timebank.domain.notices import delivery
from timebank.domain.notices.by_text import TextMessage
from timebank.domain.notices.delivery import Lease
from timebank.domain.texts import guard
from timebank.domain.texts import numbers
from timebank.jobs import tools
from timebank.jobs.tools import Tools
from timebank.models import NoticeKind

log = logging.getLogger(__name__)

RESTS_SECONDS = 60.0
SPENT = "the month's money for texts is spent"


@dataclass(slots=True)
class Rest:
    """Until when this process leaves a gateway alone that was away."""

    until: float = 0.0


REST = Rest()


def see_through(mine: Tools, lease: Lease) -> bool:
    """Send a leased notice as a text, if it goes as one -> whether nothing is left to do with it.

    False: it is leased still, and goes by another way.
    """
    texts = mine.settings.texts
    message = _compose(mine, lease) if texts else None
    if texts is None or message is None:
        return False
    if time.monotonic() < REST.until:
        return _goes_otherwise(mine, lease, message, "gateway away")
    return _send(mine, texts, lease, message)


def put_right() -> int:
    """Give back what was put aside for texts that no worker sent, forget old codes -> how many."""
    with tools.current().session() as session:
        forgotten = numbers.forget_codes(session, now=clock.now())
        return forgotten + guard.give_back_left_aside(session)


def _compose(mine: Tools, lease: Lease) -> TextMessage | None:
    try:
        with mine.session() as session:
            return by_text.compose(
                session,
                notice_id=lease.notice_id,
                public_url=mine.settings.public_url,
                secret_key=mine.settings.secret_key,
                now=clock.now(),
            )
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - one bad row must not stop all others
        log.warning("Text %s could not be worded: %s", lease.notice_id, type(error).__name__)
        return None


def _send(mine: Tools, texts: Texts, lease: Lease, message: TextMessage) -> bool:
    with mine.session() as session:
        text_id = guard.put_aside(
            session, texts=texts, notice_id=lease.notice_id, parts=message.parts
        )
    if text_id is None:
        return _goes_otherwise(mine, lease, message, SPENT)
    gateway: Carrier[TextParcel] = TextGateway(texts, timeout_seconds=mine.pace.smtp_seconds)
    outcome = gateway.deliver(
        TextParcel(message.number, message.words),
        hand_over=lambda: _hand_over(mine, lease, text_id),
    )
    return _record(mine, lease, message, text_id, outcome)


def _hand_over(mine: Tools, lease: Lease, text_id: int) -> bool:
    with mine.session() as session:
        return by_text.hand_over(session, lease=lease, text_id=text_id, lasts=mine.pace.lease)


def _record(
    mine: Tools, lease: Lease, message: TextMessage, text_id: int, outcome: Outcome
) -> bool:
    """Write down what became of it -> whether nothing is left to do."""
    match outcome.fate:
        case Fate.SENT:
            with mine.session() as session:
                delivery.mark_sent(session, lease=lease)
            return True
        case Fate.UNKNOWN:
            with mine.session() as session:
                delivery.mark_uncertain(session, lease=lease, why=outcome.why)
            REST.until = time.monotonic() + RESTS_SECONDS
            return True
        case Fate.STOPPED:
            with mine.session() as session:
                guard.give_back(session, text_id=text_id)
            return True  # somebody else holds the notice now
        case Fate.AWAY:
            REST.until = time.monotonic() + RESTS_SECONDS
    with mine.session() as session:
        guard.give_back(session, text_id=text_id)
        by_text.step_back(session, lease=lease)
    return _goes_otherwise(mine, lease, message, outcome.why)


def _goes_otherwise(mine: Tools, lease: Lease, message: TextMessage, why: str) -> bool:
    """Leave it to the mail or to paper; what can go neither way is tried again later.

    Returns:
        Whether nothing is left to do with it.
    """
    if message.kind in by_letter.WORTH_PAPER and not message.reads_mail:
        return False
    if message.reads_mail:
        with mine.session() as session:
            return not delivery.go_by_mail(session, lease=lease, lasts=mine.pace.lease, why=why)
    with mine.session() as session:
        if message.kind is NoticeKind.TEXT_CODE and why == SPENT:
            delivery.mark_failed(session, lease=lease, why=why)
        else:
            delivery.put_back(session, lease=lease, step=mine.pace.back_off, why=why)
    return True
