"""Deliver what is due: the one job that writes to people."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.channels import Step
from timebank.adapters.mail import NotOneRecipient
from timebank.adapters.mail import Postbox
from timebank.adapters.mail import add_calendars
from timebank.adapters.mail import open_postbox
from timebank.adapters.mail import write_message
from timebank.adapters.mail_headers import add_way_out
from timebank.adapters.mail_headers import name_language
from timebank.core import clock
from timebank.domain import suppression
from timebank.domain.calendar.invitations import Office
from timebank.domain.notices import by_letter
from timebank.domain.notices import delivery
from timebank.domain.notices import wording
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.entries import Entries
from timebank.domain.notices.entries import entries_for
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.judging import judge
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.letters import read_letter
from timebank.domain.notices.letters import reason_to_drop
from timebank.domain.notices.rendering import one_line
from timebank.domain.notices.wording import Wording
from timebank.jobs import bounces
from timebank.jobs import carrying
from timebank.jobs import texts
from timebank.jobs import tools
from timebank.jobs.carrying import Errand
from timebank.jobs.carrying import Ready
from timebank.jobs.tools import Tools
from timebank.models import Way

log = logging.getLogger(__name__)

Made = TypeVar("Made")

ID_DIGITS = 40
ASK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A notice in words that is about to leave.

    Attributes:
        entries: What it brings for its reader's calendar.
        errand: How it goes by another way than mail; None: by mail.
        at: When it was worded.
    """

    letter: Letter
    words: Wording
    entries: Entries | None
    errand: Errand | None
    at: dt.datetime


def drain() -> int:
    """Send one due notice after another, for some seconds or until none is due -> how many.

    When the mail server cannot be reached, or breaks over a message, the job ends, and all mail
    rests for a while, longer each time; the first mail after that asks it again.
    """
    mine = tools.current()
    ends = time.monotonic() + mine.pace.drain.total_seconds()
    postbox = open_postbox(
        mine.settings.smtp_url, hello=host_of(mine), timeout_seconds=mine.pace.smtp_seconds
    )
    handled = 0
    try:
        while not mine.stopping and time.monotonic() < ends and send_one(mine, postbox):
            handled += 1
    finally:
        postbox.close()
    return handled


def send_one(mine: Tools, postbox: Postbox) -> bool:
    """Lease one notice and see it through -> whether to go on with the next."""
    with mine.session() as session:
        lease = delivery.lease_notice(session, lasts=mine.pace.lease)
    if lease is None:
        return False
    if texts.see_through(mine, lease):
        return True
    ready = _guarded(mine, lease, lambda: _ready(mine, lease))
    if ready is None or (ready.errand and _is_told(mine, lease, ready.errand)):
        return True
    message = _guarded(mine, lease, lambda: _message(mine, lease, ready))
    if message is None:
        return True
    outcome = postbox.deliver(
        message,
        hand_over=lambda: _hand_over(mine, lease, Way.MAIL),
        bounces_to=_bounces_to(mine, lease, message),
    )
    _record(mine, lease, outcome, message["To"])
    return outcome.fate not in {Fate.AWAY, Fate.UNKNOWN}


def host_of(mine: Tools) -> str:
    """The host name that our messages and their senders carry."""
    host = urlsplit(mine.settings.public_url).hostname or ""
    return host if any(letter.isalpha() for letter in host) and ":" not in host else "localhost"


def message_id(dedupe_key: str, host: str) -> str:
    """Name a message after its notice, so that every try carries the same name."""
    return f"{hashlib.sha256(dedupe_key.encode()).hexdigest()[:ID_DIGITS]}@{host}"


def _guarded(mine: Tools, lease: Lease, make: Callable[[], Made | None]) -> Made | None:
    """Make something of a notice; one that cannot be worded is put back, and stops no other."""
    try:
        return make()
    except (OperationalError, InterfaceError):
        raise  # the database is away: that is not the notice's fault, and its lease will end
    except Exception as error:  # noqa: BLE001 - one bad row must not stop all others
        log.warning("Notice %s could not be worded: %s", lease.notice_id, type(error).__name__)
        _put_back(mine, lease, f"wording: {type(error).__name__}", worded=False)
        return None


def _ready(mine: Tools, lease: Lease) -> Leaving | None:
    """Put it into words, or end the notice when what it tells is no longer so."""
    now = clock.now()
    with mine.session() as session:
        letter = read_letter(session, notice_id=lease.notice_id)
        why = reason_to_drop(letter)
        if why is not None:
            if not (by_letter.is_for_paper(letter) and by_letter.put_aside(session, lease=lease)):
                delivery.mark_cancelled(session, lease=lease, why=why)
            return None
        enclosed = judge(session, lease=lease, letter=letter, now=now)
        if enclosed is None:
            return None  # it waits for its reader's own time, or they'd rather not have it
        return _leaving(mine, session, lease, letter=letter, enclosed=enclosed, now=now)


def _leaving(
    mine: Tools,
    session: Session,
    lease: Lease,
    *,
    letter: Letter,
    enclosed: Enclosed,
    now: dt.datetime,
) -> Leaving | None:
    """Put it into words for its way; what brings something for their calendar goes by mail."""
    if not lease.takes_mail and enclosed.way is Way.MAIL:
        delivery.mark_failed(session, lease=lease, why=delivery.TAKES_NO_MAIL)
        return None
    entries = None
    if lease.takes_mail:
        entries = entries_for(
            session, letter, notice_id=lease.notice_id, office=_office(mine), now=now
        )
    settings = mine.settings
    words = wording.word(
        letter,
        public_url=settings.public_url,
        secret_key=settings.secret_key,
        now=now,
        enclosed=enclosed,
    )
    ready = Ready(lease=lease, letter=letter, enclosed=enclosed, words=words)
    errand = None if entries else carrying.pack(mine, session, ready, now=now)
    return Leaving(letter=letter, words=words, entries=entries, errand=errand, at=now)


def _is_told(mine: Tools, lease: Lease, errand: Errand) -> bool:
    """Tell it by another way than mail -> whether that is done; False: it goes by mail."""
    return carrying.run(
        mine,
        lease,
        errand,
        hand_over=lambda: _hand_over(mine, lease, errand.way),
        note=lambda write: _note(mine, write),
    )


def _message(mine: Tools, lease: Lease, leaving: Leaving) -> EmailMessage | None:
    """Write the mail; None, and the end of it, where there is nobody to write to."""
    if not lease.takes_mail:
        why = delivery.TAKES_NO_MAIL
        _note(mine, lambda session: delivery.mark_failed(session, lease=lease, why=why))
        return None
    try:
        return _write(mine, leaving)
    except NotOneRecipient:
        why = "not one plain address"
        _note(mine, lambda session: delivery.mark_cancelled(session, lease=lease, why=why))
        return None


def _office(mine: Tools) -> Office:
    """Say whom the calendars in our mails are from."""
    return Office(
        public_url=mine.settings.public_url,
        secret_key=mine.settings.secret_key,
        sender=_sender(mine),
        reply_address=mine.settings.reply_address,
    )


def _sender(mine: Tools) -> str:
    return f"noreply@{host_of(mine)}"


def _write(mine: Tools, leaving: Leaving) -> EmailMessage:
    letter, words, entries = leaving.letter, leaving.words, leaving.entries
    message = write_message(
        sender_name=one_line(letter.community_name),
        sender=_sender(mine),
        recipient=letter.email or "",
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id=message_id(letter.dedupe_key, host_of(mine)),
        date=format_datetime(leaving.at),
    )
    name_language(message, words.language)
    if words.stop:
        add_way_out(message, words.stop)
    if entries:
        add_calendars(message, entries.calendars, method=entries.method.value.upper())
    return message


def _hand_over(mine: Tools, lease: Lease, way: Way) -> bool:
    with mine.session() as session:
        return delivery.hand_over(session, lease=lease, lasts=mine.pace.lease, way=way)


def _bounces_to(mine: Tools, lease: Lease, message: EmailMessage) -> str:
    return bounces.desk_of(mine).returns_to(notice_id=lease.notice_id, address=message["To"])


def _record(mine: Tools, lease: Lease, outcome: Outcome, address: str) -> None:
    """Write down what became of the message."""
    why = outcome.why
    match outcome.fate:
        case Fate.SENT:
            _note(mine, lambda session: delivery.mark_sent(session, lease=lease))
        case Fate.AWAY:
            _note(mine, lambda session: _rest(session, mine, lease, outcome))
            mine.was_away = True
            return
        case Fate.LATER:
            _put_back(mine, lease, why)
        case Fate.NEVER:
            _note(mine, lambda session: _fail(session, lease, outcome, address))
        case Fate.UNKNOWN:
            _note(mine, lambda session: _doubt(session, mine, lease, why))
            mine.was_away = True
            return
        case Fate.STOPPED:
            return  # somebody else holds the notice now
    if mine.was_away:  # once a process, not once a mail
        _note(mine, delivery.end_rest)
        mine.was_away = False


def _note(mine: Tools, write: Callable[[Session], object]) -> None:
    """Write something down that is known by now; a database that is away is waited for.

    It is safe to be written twice: the lease's token is gone after the first time.
    """
    ends = time.monotonic() + mine.pace.note.total_seconds()
    while True:
        try:
            with mine.session() as session:
                write(session)
        except (OperationalError, InterfaceError):
            if time.monotonic() > ends:
                raise
            time.sleep(ASK_AGAIN_SECONDS)
        else:
            return


def _rest(session: Session, mine: Tools, lease: Lease, outcome: Outcome) -> None:
    """Leave the server alone for a while; a notice it had heard of waits behind the others."""
    if outcome.step is Step.SERVER:
        delivery.let_go(session, lease=lease, why=outcome.why)
    else:
        delivery.put_back(session, lease=lease, step=mine.pace.back_off, why=outcome.why)
    delivery.rest(session, why=outcome.why, first=mine.pace.rest, longest=mine.pace.back_off)


def _doubt(session: Session, mine: Tools, lease: Lease, why: str) -> None:
    """Leave it in doubt, and the server alone for a while: it may break over each message."""
    delivery.mark_uncertain(session, lease=lease, why=why)
    delivery.rest(session, why=why, first=mine.pace.rest, longest=mine.pace.back_off)


def _put_back(mine: Tools, lease: Lease, why: str, *, worded: bool = True) -> None:
    step = mine.pace.back_off
    _note(
        mine,
        lambda session: delivery.put_back(session, lease=lease, step=step, why=why, worded=worded),
    )


def _fail(session: Session, lease: Lease, outcome: Outcome, address: str) -> None:
    """Fail it, and count it against the address where the server refused the recipient."""
    is_ours = delivery.mark_failed(session, lease=lease, why=outcome.why)
    if is_ours and outcome.step is Step.RECIPIENT:
        suppression.note_refusal(
            session,
            person_id=lease.person_id,
            address=address,
            status=outcome.codes,
            now=clock.now(),
        )
