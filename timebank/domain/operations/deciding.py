"""What an operator decides about a message in doubt: send it again, or leave it as it is.

Nothing here happens by itself: a message that may have arrived is sent again only because somebody
who looked into it says so, and that is written down.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.domain.notices import watching
from timebank.models import Decision
from timebank.models import Notice
from timebank.models import NoticeDecision
from timebank.models import NoticeState


class NoLongerInDoubt(Conflict):
    """This message isn't in doubt any more: look at the page again."""


PUT_AWAY = sa.text("""
UPDATE notice SET state = 'cancelled', lease_token = NULL, lease_until = NULL
 WHERE id = :notice_id
""")


def send_again(session: Session, *, notice_id: int, by: int) -> None:
    """Give exactly this message a new try; `by` is the number of the person who decides.

    Its lease goes: a worker that was thought dead can no longer say what became of its try.

    Raises:
        NotFound: When there is no such message.
        NoLongerInDoubt: When it isn't uncertain.
        watching.TooLateToSend: When it isn't worth telling any more.
    """
    was = _in_doubt(session, notice_id, {NoticeState.UNCERTAIN})
    watching.send_again(session, notice_id=notice_id)
    _write_down(session, notice_id, Decision.SEND_AGAIN, was, by)


def put_away(session: Session, *, notice_id: int, by: int) -> None:
    """Leave this message as it is: it arrived, or its person was told another way.

    Raises:
        NotFound: When there is no such message.
        NoLongerInDoubt: When it is neither uncertain nor refused.
    """
    was = _in_doubt(session, notice_id, {NoticeState.UNCERTAIN, NoticeState.FAILED})
    session.execute(PUT_AWAY, {"notice_id": notice_id})
    _write_down(session, notice_id, Decision.PUT_AWAY, was, by)


def _in_doubt(session: Session, notice_id: int, states: set[NoticeState]) -> NoticeState:
    """Lock the message and tell where it stands."""
    state = session.scalar(sa.select(Notice.state).where(Notice.id == notice_id).with_for_update())
    if state is None:
        raise NotFound
    if state not in states:
        raise NoLongerInDoubt
    return NoticeState(state)


def _write_down(
    session: Session, notice_id: int, decision: Decision, was: NoticeState, by: int
) -> None:
    session.add(NoticeDecision(notice_id=notice_id, decision=decision, was=was, decided_by=by))
    session.flush()
