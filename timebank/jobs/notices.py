"""Deliver what is due: the one job that writes to people."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.channels import Step
from timebank.adapters.mail import NotOneRecipient
from timebank.adapters.mail import Postbox
from timebank.adapters.mail import open_postbox
from timebank.core import clock
from timebank.domain import suppression
from timebank.domain.notices import by_letter
from timebank.domain.notices import choosing
from timebank.domain.notices import delivery
from timebank.domain.notices import letters
from timebank.domain.notices import ways
from timebank.domain.notices.choosing import Due
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.delivery import Seen
from timebank.domain.notices.judging import judge
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.letters import reason_to_drop
from timebank.jobs import bounces
from timebank.jobs import carrying
from timebank.jobs import tools
from timebank.jobs.errands import Errand
from timebank.jobs.leaving import Leaving
from timebank.jobs.leaving import host_of
from timebank.jobs.leaving import word
from timebank.jobs.leaving import write
from timebank.jobs.tools import Tools
from timebank.models import Way

log = logging.getLogger(__name__)

Made = TypeVar("Made")

ASK_AGAIN_SECONDS = 0.5

# What was looked up is believed for so long. A round is what can be sent meanwhile: each takes
# twice as many as the last could.
ROUND_SECONDS = 1.0
FIRST_ROUND, LARGEST_ROUND = 8, 50


@dataclass(frozen=True, slots=True)
class Round:
    """Some notices that are taken out together, as a postman does.

    Attributes:
        fence: What they pass before they leave us; each statement on it counts at once.
        letters: What they have to say, looked up for all of them.
        choices: What their readers chose, looked up likewise.
    """

    mine: Tools
    postbox: Postbox
    fence: sa.Connection
    letters: Mapping[int, dict[str, Any]]
    choices: Mapping[int, sa.RowMapping]


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
    handled, most = 0, FIRST_ROUND
    try:
        while not mine.stopping and time.monotonic() < ends:
            tried, goes_on = send_some(mine, postbox, most=most)
            handled += tried
            if not goes_on:
                break
            most = min(2 * tried + 1, LARGEST_ROUND)
    finally:
        postbox.close()
    return handled


def send_some(mine: Tools, postbox: Postbox, *, most: int) -> tuple[int, bool]:
    """Lease some notices and see through as many as can be in a moment.

    The others are given back: what was looked up for them may be so no longer, and somebody may
    wait for a mail at this very moment. Nobody gets two in one round: what becomes of the first
    may decide about the second.

    Returns:
        How many were seen through, and whether to go on.
    """
    with mine.session() as session:
        leases = delivery.lease_notices(session, most=most, lasts=mine.pace.lease)
    first = {lease.person_id: lease for lease in reversed(leases)}
    left = [lease for lease in leases if lease is first[lease.person_id]]
    others = [lease for lease in leases if lease is not first[lease.person_id]]
    tried, goes_on = 0, bool(leases)
    ends = time.monotonic() + ROUND_SECONDS
    try:
        with _round(mine, postbox, left) as our_round:
            while left and goes_on and not our_round.fence.invalidated:
                if tried and (mine.stopping or time.monotonic() > ends):
                    break
                goes_on = _see_through(our_round, left.pop(0))
                tried += goes_on
    finally:
        _give_back(mine, [*left, *others])
    return tried, goes_on


@contextmanager
def _round(mine: Tools, postbox: Postbox, leases: Sequence[Lease]) -> Iterator[Round]:
    """Look up what these notices have to say, and open the fence they are to pass."""
    looked_up = _look_up(mine, [lease.notice_id for lease in leases])
    with mine.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as fence:
        yield Round(mine, postbox, fence, *looked_up)


def _look_up(
    mine: Tools, notice_ids: list[int]
) -> tuple[dict[int, dict[str, Any]], dict[int, sa.RowMapping]]:
    """Look up all of them, a statement each; nothing, where a row among them cannot be read."""
    try:
        with mine.session() as session:
            return (
                letters.look_up(session, notice_ids=notice_ids),
                choosing.look_up(session, notice_ids=notice_ids),
            )
    except (OperationalError, InterfaceError):
        raise
    except DBAPIError:
        return {}, {}  # each is looked up by itself, and only that one is put back


def _give_back(mine: Tools, leases: Sequence[Lease]) -> None:
    """Give back what was not tried; where the database is away, their leases will end."""
    if leases:
        with suppress(OperationalError, InterfaceError), mine.session() as session:
            delivery.give_back(session, leases=leases)


def _see_through(our_round: Round, lease: Lease) -> bool:
    """See one notice through -> whether to go on with the next."""
    mine = our_round.mine
    leaving = _guarded(mine, lease, lambda: _leaving(our_round, lease))
    if leaving is None or (leaving.errand and _is_told(our_round, lease, leaving, leaving.errand)):
        return True
    message = _guarded(mine, lease, lambda: _message(mine, lease, leaving))
    if message is None:
        return True
    outcome = our_round.postbox.deliver(
        message,
        hand_over=lambda: _hand_over(our_round, lease, leaving, Way.MAIL),
        bounces_to=_bounces_to(mine, lease, message),
    )
    _record(our_round, lease, outcome, message["To"])
    return outcome.fate not in {Fate.AWAY, Fate.UNKNOWN}


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


def _leaving(our_round: Round, lease: Lease) -> Leaving | None:
    """Put it into words, or end the notice when what it tells is no longer so."""
    now, mine = clock.now(), our_round.mine
    with mine.session() as session:
        letter = _letter(session, our_round, lease.notice_id)
        due = _due(session, our_round, lease.notice_id)
        way = ways.way_of(due, reads_mail=bool(letter.email))
        is_texted = way is Way.TEXT and mine.settings.texts is not None
        if _is_dropped(session, lease, letter, is_texted=is_texted):
            return None
        enclosed = judge(session, lease=lease, letter=letter, due=due, now=now)
        if enclosed is None:
            return None  # it waits for its reader's own time, or they'd rather not have it
        if not lease.takes_mail and enclosed.way is Way.MAIL:
            delivery.mark_failed(session, lease=lease, why=delivery.TAKES_NO_MAIL)
            return None
        leaving = word(mine, session, lease, letter=letter, enclosed=enclosed, now=now)
        if leaving.errand is None and _is_dropped(session, lease, letter):
            return None
        return leaving


def _is_dropped(
    session: Session, lease: Lease, letter: Letter, *, is_texted: bool = False
) -> bool:
    """End it where it is no longer so, or can't be told; on paper it may be."""
    why = reason_to_drop(letter, is_texted=is_texted)
    if why is None:
        return False
    if not by_letter.take_over(session, lease=lease, letter=letter):
        delivery.mark_cancelled(session, lease=lease, why=why)
    return True


def _is_told(our_round: Round, lease: Lease, leaving: Leaving, errand: Errand) -> bool:
    """Tell it by another way than mail -> whether that is done; False: it goes by mail."""
    return carrying.run(
        our_round.mine,
        lease,
        errand,
        hand_over=lambda: _hand_over(our_round, lease, leaving, errand.way),
        note=lambda write: _note(our_round.mine, write),
    )


def _message(mine: Tools, lease: Lease, leaving: Leaving) -> EmailMessage | None:
    """Write the mail; None, and the end of it, where there is nobody to write to."""
    if not lease.takes_mail:
        why = delivery.TAKES_NO_MAIL
        _note(mine, lambda session: delivery.mark_failed(session, lease=lease, why=why))
        return None
    try:
        return write(mine, leaving)
    except NotOneRecipient:
        why = "not one plain address"
        _note(mine, lambda session: delivery.mark_cancelled(session, lease=lease, why=why))
        return None


def _letter(session: Session, our_round: Round, notice_id: int) -> Letter:
    looked_up = our_round.letters.get(notice_id)
    if looked_up is None:
        return letters.read_letter(session, notice_id=notice_id)
    return letters.letter_of(session, looked_up)


def _due(session: Session, our_round: Round, notice_id: int) -> Due:
    looked_up = our_round.choices.get(notice_id)
    if looked_up is None:
        return choosing.read_due(session, notice_id=notice_id)
    return choosing.due_of(looked_up)


def _hand_over(our_round: Round, lease: Lease, leaving: Leaving, way: Way) -> bool:
    """Pass the fence; True means that the disk has it, False that it is looked at anew."""
    mine, seen = our_round.mine, _seen(leaving.letter)
    passed = delivery.hand_over(
        our_round.fence, lease=lease, lasts=mine.pace.lease, way=way, seen=seen
    )
    our_round.fence.commit()
    if not passed:
        _give_back(mine, [lease])
    return passed


def _seen(letter: Letter) -> Seen:
    return Seen(
        claim_id=letter.claim_id,
        claim_state=letter.claim_state,
        is_claim_unmoved=letter.is_claim_unmoved,
        event_state=letter.event_state,
        email=letter.email,
    )


def _bounces_to(mine: Tools, lease: Lease, message: EmailMessage) -> str:
    return bounces.desk_of(mine).returns_to(notice_id=lease.notice_id, address=message["To"])


def _record(our_round: Round, lease: Lease, outcome: Outcome, address: str) -> None:
    """Write down what became of the message."""
    mine, why = our_round.mine, outcome.why
    match outcome.fate:
        case Fate.SENT:
            _note_sent(our_round, lease)
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
            return  # somebody else holds the notice now, or it is looked at anew
    if mine.was_away:  # once a process, not once a mail
        _note(mine, delivery.end_rest)
        mine.was_away = False


def _note_sent(our_round: Round, lease: Lease) -> None:
    """Note it on the connection we have; a round ends where that is broken."""
    try:
        delivery.mark_sent(our_round.fence, lease=lease)
        our_round.fence.commit()
    except (OperationalError, InterfaceError):
        our_round.fence.rollback()
        _note(our_round.mine, lambda session: delivery.mark_sent(session, lease=lease))


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
