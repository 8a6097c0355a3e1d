"""Answer an organiser's message, and write back: our mails carry it, nobody sees an address.

What somebody answers goes to whoever wrote to them, and stands on the organisers' page of the
message, where any of them may write back to that one person.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain import outbox
from timebank.domain.exchange.contacting import NotPassedOn
from timebank.domain.exchange.contacting import SayWhat
from timebank.domain.exchange.contacting import TooMuchMail
from timebank.domain.exchange.contacting import is_blocked
from timebank.models import GroupMessage
from timebank.models import Membership
from timebank.models import MessageAnswer
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Standing

LONGEST = 1000
MOST_A_DAY = 20
A_DAY = dt.timedelta(hours=24)
WORTH_TELLING = dt.timedelta(days=14)


def find_reader(
    session: Session, *, community_id: int, message_id: int, membership_id: int
) -> tuple[GroupMessage, Membership]:
    """Find what a link in a mail answers, and for whom it speaks.

    Raises:
        NotFound: Nothing of this community, its words are gone, or they have left.
    """
    message = session.get(GroupMessage, message_id)
    reader = session.get(Membership, membership_id)
    if message is None or message.community_id != community_id or message.erased_at is not None:
        raise NotFound
    if reader is None or reader.community_id != community_id or reader.standing is Standing.LEFT:
        raise NotFound
    return message, reader


def answer(
    session: Session,
    *,
    message: GroupMessage,
    reader: Membership,
    words: str,
    intent: uuid.UUID,
    now: dt.datetime,
) -> MessageAnswer:
    """Answer an organiser; the same words from the same page are one answer.

    Args:
        session: The session.
        message: What is answered.
        reader: Who answers.
        words: What, tidied.
        intent: The page it was written on.
        now: When.

    Raises:
        SayWhat: Nothing was said, or too much.
        TooMuchMail: Twenty of theirs within a day.
        NotPassedOn: Whoever wrote has left or is no organiser any more, or one does not want to
            hear from the other.
    """
    writer = session.get_one(Membership, message.written_by)
    if not communities.may_organise(session, membership=writer, group_id=message.group_id):
        raise NotPassedOn
    said = MessageAnswer(
        community_id=message.community_id,
        group_message_id=message.id,
        membership_id=reader.id,
        by_organiser=False,
        written_by=reader.id,
        words=words,
        created_at=now,
    )
    return _pass_on(session, said, to=message.written_by, intent=intent, now=now)


def write_back(
    session: Session,
    *,
    message: GroupMessage,
    membership_id: int,
    by: int,
    words: str,
    intent: uuid.UUID,
    now: dt.datetime,
) -> MessageAnswer:
    """Write back to somebody who answered; again, the same words from one page are one.

    Args:
        session: The session.
        message: The message that they answered.
        membership_id: Who answered.
        by: The organiser's membership.
        words: What, tidied.
        intent: The page it was written on.
        now: When.

    Raises:
        NotFound: They haven't answered it.
        SayWhat, TooMuchMail: As `answer`.
        NotPassedOn: As there, or what they answered is gone, with whoever wrote it.
    """
    if message.erased_at is not None:
        raise NotPassedOn
    has_answered = sa.exists().where(
        MessageAnswer.group_message_id == message.id,
        MessageAnswer.membership_id == membership_id,
        MessageAnswer.by_organiser.is_(False),
    )
    if not session.scalar(sa.select(has_answered)):
        raise NotFound
    said = MessageAnswer(
        community_id=message.community_id,
        group_message_id=message.id,
        membership_id=membership_id,
        by_organiser=True,
        written_by=by,
        words=words,
        created_at=now,
    )
    return _pass_on(session, said, to=membership_id, intent=intent, now=now)


def _pass_on(
    session: Session, said: MessageAnswer, *, to: int, intent: uuid.UUID, now: dt.datetime
) -> MessageAnswer:
    """Keep an answer and owe the mail; the writer's row is locked, so that it is counted right."""
    if not 1 <= len(said.words) <= LONGEST:
        raise SayWhat(field="words")
    writer = sa.select(Membership.id).where(Membership.id == said.written_by)
    session.execute(writer.with_for_update(key_share=True))
    said.intent = uuid.uuid5(intent, f"{said.group_message_id} {said.membership_id} {said.words}")
    earlier = _said_before(session, said)
    if earlier is not None:
        return earlier
    _refuse_a_flood(session, said.written_by, now)
    _refuse_the_unwanted(session, said.written_by, to)
    session.add(said)
    session.flush()
    _tell(session, said, to, now)
    return said


def _said_before(session: Session, said: MessageAnswer) -> MessageAnswer | None:
    return session.scalar(
        sa.select(MessageAnswer).where(
            MessageAnswer.written_by == said.written_by, MessageAnswer.intent == said.intent
        )
    )


def _refuse_a_flood(session: Session, written_by: int, now: dt.datetime) -> None:
    lately = sa.select(sa.func.count()).where(
        MessageAnswer.written_by == written_by, MessageAnswer.created_at > now - A_DAY
    )
    if (session.scalar(lately) or 0) >= MOST_A_DAY:
        raise TooMuchMail(field="words")


def _refuse_the_unwanted(session: Session, one: int, other: int) -> None:
    """Refuse without telling which of the two it is."""
    has_left = sa.exists().where(
        Membership.id.in_((one, other)), Membership.standing == Standing.LEFT
    )
    if session.scalar(sa.select(has_left)) or is_blocked(session, one_id=one, other_id=other):
        raise NotPassedOn


def _tell(session: Session, said: MessageAnswer, to: int, now: dt.datetime) -> None:
    """Owe the mail; an organiser without e-mail reads it on the page of the message."""
    row = session.execute(
        sa.select(Membership.person_id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Membership.id == to, Profile.email.is_not(None))
    ).one_or_none()
    if row is None:
        return
    event_id = session.get_one(GroupMessage, said.group_message_id).event_id
    notice = outbox.Message(
        community_id=said.community_id,
        person_id=row.person_id,
        kind=NoticeKind.MESSAGE_ANSWERED,
        dedupe_key=f"message-answer-{said.id}",
        not_before=now,
        expires_at=now + WORTH_TELLING,
        facts={"answer_id": str(said.id), "event_id": str(event_id)},
    )
    outbox.post_notices(session, [notice])
