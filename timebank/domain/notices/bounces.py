"""What mail servers return: read with caution, believed only by our own token.

Each mail leaves with an envelope sender of its own, whose token is derived from the notice and the
address it goes to. So nothing has to be stored, no address stands in it, and a report that names
somebody else's address proves itself wrong. Anybody can write to the mailbox; a report is taken to
pieces within narrow limits, and whatever goes wrong with it, it is passed over and counted.

Source: RFC 3464 (delivery status notifications), RFC 3463 (status codes), RFC 6522.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core import mime
from timebank.core import tagging
from timebank.domain import suppression
from timebank.models import Bounce
from timebank.models import BounceOutcome
from timebank.models import Notice
from timebank.models import NoticeState

PURPOSE = "bounce"
MOST_FIELDS = 200  # lines about recipients

_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_FINAL = re.compile(r"\s*rfc822\s*;\s*<?([^\s<>;,]{3,254})>?\s*", re.IGNORECASE)


class Unreadable(ValueError):
    """A message that is no report of a mail server."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server says about one recipient.

    Attributes:
        address: The recipient, in lower case.
        action: `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
        status: Such as `5.1.1`.
    """

    address: str
    action: str
    status: str

    @property
    def outcome(self) -> BounceOutcome:
        """What it means for the mail."""
        if self.action == "failed" and self.status.startswith("5"):
            return BounceOutcome.HARD
        if self.action in {"failed", "delayed"}:
            return BounceOutcome.SOFT
        return BounceOutcome.NO_TROUBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where mail returns to: the address, and the key of its tokens."""

    secret_key: str
    bounce_address: str

    def returns_to(self, *, notice_id: int, address: str) -> str:
        """Write the envelope sender of a notice's mail; empty where nobody reads bounces."""
        token = ids.signed_token(self.secret_key, PURPOSE, notice_id, to=address)
        return tagging.tagged(self.bounce_address, token)

    def notice_of(self, token: str, *, address: str) -> int | None:
        """Read which notice a token belongs to; None unless we wrote it for this address."""
        return ids.read_signed_token(self.secret_key, PURPOSE, token, to=address)


def take(session: Session, *, raw: bytes, desk: Desk, now: dt.datetime) -> BounceOutcome:
    """Take a message in and act on what it proves; the same again changes nothing.

    A mail that will never be taken fails its notice, and speaks against the address where it is
    the address's fault.
    """
    notice_id, report = _judge(raw, desk)
    if notice_id is not None and session.get(Notice, notice_id) is None:
        notice_id = None  # its person was erased
    outcome = _outcome(report, notice_id)
    row = {
        "digest": hashlib.sha256(raw).digest(),
        "outcome": outcome,
        "notice_id": notice_id,
        "status": report.status if report and notice_id is not None else None,
        "read_at": now,
    }
    noted = insert(Bounce).values(row).on_conflict_do_nothing().returning(Bounce.id)
    is_new = session.scalar(noted) is not None
    if is_new and report and notice_id is not None and outcome is BounceOutcome.HARD:
        _note_failure(session, notice_id, report, now)
    return outcome


def _judge(raw: bytes, desk: Desk) -> tuple[int | None, Report | None]:
    """Find the notice that a message proves to be about, and what it says."""
    try:
        addresses, reports = read(raw)
    except Unreadable:
        return None, None
    for token in tagging.tokens_in(addresses, of=desk.bounce_address):
        for report in reports:
            number = desk.notice_of(token, address=report.address)
            if number is not None:
                return number, report
    return None, reports[0]


def _outcome(report: Report | None, notice_id: int | None) -> BounceOutcome:
    if report is None:
        return BounceOutcome.UNREADABLE
    return BounceOutcome.WRONG if notice_id is None else report.outcome


def _note_failure(session: Session, notice_id: int, report: Report, now: dt.datetime) -> None:
    """Fail the notice, and count it against the address if that is to blame."""
    failed = (
        sa.update(Notice)
        .where(
            Notice.id == notice_id,
            Notice.state.in_([NoticeState.SENT, NoticeState.UNCERTAIN]),
        )
        .values(state=NoticeState.FAILED, last_error=f"came back: {report.status}")
        .returning(Notice.person_id)
        .execution_options(synchronize_session=False)
    )
    person_id = session.scalar(failed)
    if person_id is not None:
        suppression.note_refusal(
            session, person_id=person_id, address=report.address, status=report.status, now=now
        )


def read(raw: bytes) -> tuple[str, list[Report]]:
    """Read a report -> the addresses it was sent to, in one string, and what it says of whom.

    Raises:
        Unreadable: It is none, or too large, too deep or too broken to look into.
    """
    try:
        message = mime.opened(raw)
        reports = list(_reports(message))
        addresses = mime.recipients_of(message)
    except Exception as error:  # the library raises whatever it likes at what strangers send
        raise Unreadable from error
    if not reports:
        raise Unreadable
    return addresses, reports


def _reports(message: Mime) -> Iterator[Report]:
    """Read the part that is meant for programs; only of a whole that says it is such a report."""
    kind = str(message.get_param("report-type", "")).lower()
    if message.get_content_type() != "multipart/report" or kind != "delivery-status":
        return
    parts = message.get_payload()
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, Mime) and part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks[:MOST_FIELDS] if isinstance(blocks, list) else []:
                report = _report(block) if isinstance(block, Mime) else None
                if report:
                    yield report
            return


def _report(block: Mime) -> Report | None:
    address = _FINAL.fullmatch(str(block.get("Final-Recipient", ""))[: mime.LONGEST_HEADER])
    status = _STATUS.match(str(block.get("Status", ""))[: mime.LONGEST_HEADER])
    action = str(block.get("Action", "")).strip().lower()
    if not (address and status):
        return None
    return Report(address=address[1].lower(), action=action, status=status[1])
