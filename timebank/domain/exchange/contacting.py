"""Neighbours write to each other about an offer or ask; neither learns the other's addresses.

A message goes out by mail with a link to a page where it is answered. Whoever has no e-mail is
rung by a coordinator instead, who writes down what they say. Either side may say that they don't
want to hear from the other, and may tell the coordinators.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import outbox
from timebank.domain.communities import require_member
from timebank.domain.communities.pausing import is_pausing
from timebank.models import Block
from timebank.models import Conversation
from timebank.models import Membership
from timebank.models import Message
from timebank.models import NoticeKind
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Profile
from timebank.models import Report
from timebank.models import Ring
from timebank.models import Standing

MOST_A_DAY = 20
MOST_REPORTS = 10
LONGEST = 1000
WORTH_TELLING = dt.timedelta(days=14)
A_DAY = dt.timedelta(days=1)


class YourOwn(Refused):
    """That’s your own. You can’t write to yourself about it."""


class TooMuchMail(Refused):
    """That’s a lot of messages for one day. Try again tomorrow, or ring us."""


class NotPassedOn(Conflict):
    """We couldn’t pass that on. A coordinator can help: ring us."""


class NotToBeAsked(Refused):
    """We can’t ask them just now. Choose another neighbour, or ring us."""


class OffTheBoard(Conflict):
    """It has come off the board in the meantime. Thank you all the same!"""


class SayWhat(Refused):
    """Write a line or two, so that they know what you mean."""


class ToldEnough(Refused):
    """You’ve told us a lot about this already, and a coordinator looks into it. Or ring us."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a conversation: the owner of the post, or the other."""

    talk: Conversation
    is_owner: bool

    @property
    def membership_id(self) -> int:
        """Who is on this side."""
        return self.talk.owner_id if self.is_owner else self.talk.other_id

    @property
    def opposite(self) -> Side:
        """The side that hears what this one says."""
        return Side(self.talk, not self.is_owner)


def find_side(session: Session, *, talk_id: int, membership_id: int) -> Side:
    """Find the side of a conversation that a member is on.

    Raises:
        NotFound: They have no part in it, or there is none.
    """
    talk = session.get(Conversation, talk_id)
    if talk is None or membership_id not in {talk.owner_id, talk.other_id}:
        raise NotFound
    return Side(talk, membership_id == talk.owner_id)


def side_of_link(session: Session, *, community_id: int, talk_id: int, is_owner: bool) -> Side:
    """Find the side that a link in a mail speaks for.

    Raises:
        NotFound: There is no such conversation here, or they have left since.
    """
    talk = session.get(Conversation, talk_id)
    if talk is None or talk.community_id != community_id:
        raise NotFound
    side = Side(talk, is_owner)
    if session.get_one(Membership, side.membership_id).standing is Standing.LEFT:
        raise NotFound
    return side


def talk_of(session: Session, *, post: Post, membership_id: int) -> int | None:
    """Find the conversation that a member has about a post already, if any."""
    return session.scalar(
        sa.select(Conversation.id).where(
            Conversation.post_id == post.id, Conversation.other_id == membership_id
        )
    )


def is_blocked(session: Session, *, one_id: int, other_id: int) -> bool:
    """Tell whether one of two members does not want to hear from the other."""
    two = (one_id, other_id)
    block = sa.exists().where(
        Block.by_id.in_(two), Block.against_id.in_(two), Block.ended_at.is_(None)
    )
    return bool(session.scalar(sa.select(block)))


def answer_post(
    session: Session,
    *,
    post: Post,
    by: Membership,
    words: str,
    wants_a_ring: bool,
    intent: uuid.UUID | None,
    now: dt.datetime,
) -> Side:
    """Write to whoever posted an offer or ask; perhaps rather be rung about it.

    Raises:
        YourOwn: It is one's own.
        GuestOfTheRota: No coordinator has said yes to them yet: they take turns here, no more.
        OffTheBoard: It is not open any more.
        SayWhat, TooMuchMail, NotPassedOn: As `say`.
    """
    if by.id == post.membership_id:
        raise YourOwn
    if by.community_id != post.community_id:
        raise NotFound
    require_member(by)
    _lock_member(session, by.id)  # before the post, as `posting` does
    side = Side(_talk(session, post, by.id, begun_by_owner=False, now=now), is_owner=False)
    say(session, side=side, words=words, written_by=by.id, intent=intent, now=now)
    if wants_a_ring:
        ask_for_a_ring(session, side=side)
    return side


def ask_neighbour(
    session: Session,
    *,
    post: Post,
    neighbour: Membership,
    by: Membership,
    words: str,
    intent: uuid.UUID | None,
    now: dt.datetime,
) -> Side:
    """Write to a neighbour about one's own ask; a coordinator may for whoever asks.

    Raises:
        YourOwn: The neighbour is whoever posted it.
        OffTheBoard: It is not open any more.
        NotFound: The neighbour is of another community, or has left; or the post is no ask.
        NotToBeAsked: They would rather not be asked, or are having a rest.
        SayWhat, TooMuchMail, NotPassedOn: As `say`.
    """
    if neighbour.community_id != post.community_id or neighbour.standing is Standing.LEFT:
        raise NotFound
    if post.kind is not PostKind.ASK:
        raise NotFound
    if neighbour.id == post.membership_id:
        raise YourOwn
    if not can_be_asked(neighbour, now=now):
        raise NotToBeAsked
    _lock_member(session, by.id)  # before the post, as `posting` does
    side = Side(_talk(session, post, neighbour.id, begun_by_owner=True, now=now), is_owner=True)
    say(session, side=side, words=words, written_by=by.id, intent=intent, now=now)
    return side


def can_be_asked(neighbour: Membership, *, now: dt.datetime) -> bool:
    """Tell whether somebody may be asked for help at this moment."""
    return neighbour.may_be_asked and not is_pausing(neighbour, now=now)


def say(
    session: Session,
    *,
    side: Side,
    words: str,
    written_by: int,
    intent: uuid.UUID | None,
    now: dt.datetime,
) -> Message:
    """Write something to the other side, and see that it gets there: by mail, or by a ring.

    The same words from the same page are written once.

    Args:
        session: The session.
        side: Who says it.
        words: What, tidied.
        written_by: The member themselves, or the coordinator who had them on the telephone.
        intent: The page it was written on.
        now: The moment.

    Raises:
        SayWhat: Nothing was said.
        TooMuchMail: Twenty of theirs within a day.
        NotPassedOn: One of the two does not want to hear from the other, or has left.
    """
    if not 1 <= len(words) <= LONGEST:
        raise SayWhat(field="words")
    _lock_member(session, written_by)
    same_page = uuid.uuid5(intent, f"{side.talk.id} {words}") if intent else None
    earlier = _written(session, written_by, same_page)
    if earlier is not None:
        return earlier
    _refuse_a_flood(session, written_by, now)
    _refuse_the_unwanted(session, side)
    message = Message(
        community_id=side.talk.community_id,
        conversation_id=side.talk.id,
        by_owner=side.is_owner,
        written_by=written_by,
        words=words,
        intent=same_page,
        created_at=now,
    )
    session.add(message)
    session.flush()
    _pass_on(session, side.opposite, message, now)
    return message


def ask_for_a_ring(session: Session, *, side: Side) -> None:
    """Put one side among those whom a coordinator rings; once is enough."""
    values = {
        "community_id": side.talk.community_id,
        "conversation_id": side.talk.id,
        "of_owner": side.is_owner,
    }
    session.execute(insert(Ring).values(values).on_conflict_do_nothing())


def block(session: Session, *, side: Side) -> None:
    """Say that one does not want to hear from the other side again; once is enough."""
    values = {
        "community_id": side.talk.community_id,
        "by_id": side.membership_id,
        "against_id": side.opposite.membership_id,
    }
    session.execute(insert(Block).values(values).on_conflict_do_nothing())


def unblock(session: Session, *, side: Side, now: dt.datetime) -> None:
    """Hear from the other side again."""
    session.execute(
        sa.update(Block)
        .where(
            Block.by_id == side.membership_id,
            Block.against_id == side.opposite.membership_id,
            Block.ended_at.is_(None),
        )
        .values(ended_at=now)
    )


def report(session: Session, *, side: Side, words: str) -> None:
    """Tell the coordinators that something isn't right; they read along from here on.

    More that isn't right is another report. The same words are the same, as from a second tap.

    Raises:
        ToldEnough: Ten of theirs about this wait to be looked into.
    """
    _lock_member(session, side.membership_id)
    waiting = session.scalars(
        sa.select(Report.words).where(
            Report.conversation_id == side.talk.id,
            Report.by_owner == side.is_owner,
            Report.settled_at.is_(None),
        )
    ).all()
    if words in waiting:
        return
    if len(waiting) >= MOST_REPORTS:
        raise ToldEnough(field="wrong")
    values = {
        "community_id": side.talk.community_id,
        "conversation_id": side.talk.id,
        "by_owner": side.is_owner,
        "words": words,
    }
    session.execute(insert(Report).values(values))


def _talk(
    session: Session, post: Post, other_id: int, *, begun_by_owner: bool, now: dt.datetime
) -> Conversation:
    """Find the conversation of two about a post, or begin it: there is one, whoever taps first."""
    known = sa.select(Conversation).where(
        Conversation.post_id == post.id, Conversation.other_id == other_id
    )
    found = session.scalars(known).first()
    if found is None:
        session.refresh(post, with_for_update={"read": True})
        if post.state is not PostState.OPEN:
            raise OffTheBoard
        values = {
            "community_id": post.community_id,
            "post_id": post.id,
            "owner_id": post.membership_id,
            "other_id": other_id,
            "begun_by_owner": begun_by_owner,
            "created_at": now,
        }
        session.execute(insert(Conversation).values(values).on_conflict_do_nothing())
        found = session.scalars(known).one()
    return found


def _lock_member(session: Session, membership_id: int) -> None:
    row = sa.select(Membership.id).where(Membership.id == membership_id)
    session.execute(row.with_for_update(key_share=True))


def _written(session: Session, by: int, same_page: uuid.UUID | None) -> Message | None:
    if same_page is None:
        return None
    return session.scalars(
        sa.select(Message).where(Message.written_by == by, Message.intent == same_page)
    ).first()


def _refuse_a_flood(session: Session, written_by: int, now: dt.datetime) -> None:
    """Count a day's messages; the writer's row is locked, so two can't both be the twentieth."""
    count = session.scalar(
        sa.select(sa.func.count())
        .select_from(Message)
        .join(Membership, Membership.id == Message.written_by)
        .where(
            Message.written_by == written_by,
            Message.created_at > now - A_DAY,
            Membership.standing != Standing.COORDINATOR,
        )
    )
    if (count or 0) >= MOST_A_DAY:
        raise TooMuchMail


def _refuse_the_unwanted(session: Session, side: Side) -> None:
    """Refuse without telling which of the two it is."""
    two = (side.talk.owner_id, side.talk.other_id)
    has_left = sa.exists().where(Membership.id.in_(two), Membership.standing == Standing.LEFT)
    if is_blocked(session, one_id=two[0], other_id=two[1]) or session.scalar(sa.select(has_left)):
        raise NotPassedOn


def _pass_on(session: Session, to: Side, message: Message, now: dt.datetime) -> None:
    """Owe the mail; whoever has no e-mail waits to be rung."""
    person_id, email = session.execute(
        sa.select(Membership.person_id, Profile.email)
        .join(Profile, Profile.person_id == Membership.person_id, isouter=True)
        .where(Membership.id == to.membership_id)
    ).one()
    if email is None:
        ask_for_a_ring(session, side=to)
        return
    notice = outbox.Message(
        community_id=message.community_id,
        person_id=person_id,
        kind=NoticeKind.NEIGHBOUR_WROTE,
        dedupe_key=f"message-{message.id}",
        not_before=now,
        expires_at=now + WORTH_TELLING,
        facts={"message_id": str(message.id)},
    )
    outbox.post_notices(session, [notice])
