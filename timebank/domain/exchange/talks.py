"""Read what neighbours wrote to each other: one conversation, all of a member's, those to ring."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.domain.exchange.contacting import Side
from timebank.models import Block
from timebank.models import Message
from timebank.models import Post

MOST_LINES = 100
MOST_TALKS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody wrote, as one side reads it; `had_files`: by mail, with files left out."""

    is_own: bool
    words: str
    written_at: dt.datetime
    had_files: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation as one side reads it: the newest hundred messages, the oldest first.

    Attributes:
        name: The other side, first name and initial.
        has_blocked: The reader does not want to hear from the other.
    """

    talk_id: int
    post: Post
    name: str
    other_id: int
    has_blocked: bool
    lines: list[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkInList:
    """A conversation as it stands in a member's list: with whom, about what, who wrote last."""

    talk_id: int
    title: str
    name: str
    other_id: int
    last_words: str
    last_at: dt.datetime
    is_last_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody whom a coordinator is to ring, and about what. Coordinators alone may see it.

    Attributes:
        name: In full, as one asks for somebody on the telephone.
        phone: None: none is known.
        other: The neighbour on the other side, first name and initial.
        last_words: What that neighbour wrote last; empty when they wrote nothing.
    """

    ring_id: int
    talk_id: int
    since: dt.datetime
    name: str
    membership_id: int
    phone: str | None
    title: str
    kind: str
    other: str
    last_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a member told the coordinators about a conversation."""

    report_id: int
    since: dt.datetime
    by: str
    about: str
    title: str
    words: str
    lines: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A neighbour with whom whoever posted it is in touch about it."""

    talk_id: int
    membership_id: int
    name: str
    was_asked: bool


ANSWERS = sa.text("""
SELECT c.id, c.other_id, coalesce(f.full_name, '') AS full_name, c.begun_by_owner
  FROM conversation c
  JOIN membership m ON m.id = c.other_id
  LEFT JOIN profile f ON f.person_id = m.person_id
 WHERE c.post_id = :post_id
 ORDER BY c.id LIMIT 50
""")

TALKS = sa.text("""
SELECT c.id, p.title, other.id AS other_id, f.full_name, m.words, m.created_at,
       m.by_owner = (c.owner_id = :me) AS is_own
  FROM conversation c
  JOIN post p ON p.id = c.post_id
  JOIN membership other
    ON other.id = CASE WHEN c.owner_id = :me THEN c.other_id ELSE c.owner_id END
  LEFT JOIN profile f ON f.person_id = other.person_id
  JOIN LATERAL (SELECT words, created_at, by_owner FROM message
                 WHERE conversation_id = c.id ORDER BY id DESC LIMIT 1) AS m ON true
 WHERE c.owner_id = :me OR c.other_id = :me
 ORDER BY m.created_at DESC, c.id DESC
 LIMIT :most
""")

WAITING = sa.text("""
SELECT r.id, r.created_at, c.id AS talk_id, side.id AS membership_id,
       f.full_name, f.phone, p.title, p.kind,
       coalesce(o.full_name, '') AS other, coalesce(m.words, '') AS words
  FROM ring r
  JOIN conversation c ON c.id = r.conversation_id
  JOIN post p ON p.id = c.post_id
  JOIN membership side ON side.id = CASE WHEN r.of_owner THEN c.owner_id ELSE c.other_id END
  JOIN profile f ON f.person_id = side.person_id
  JOIN membership far ON far.id = CASE WHEN r.of_owner THEN c.other_id ELSE c.owner_id END
  LEFT JOIN profile o ON o.person_id = far.person_id
  LEFT JOIN LATERAL (SELECT words FROM message
                      WHERE conversation_id = c.id AND by_owner <> r.of_owner
                      ORDER BY id DESC LIMIT 1) AS m ON true
 WHERE r.community_id = :community_id AND r.rung_at IS NULL
 ORDER BY r.id
 LIMIT 100
""")

COMPLAINTS = sa.text("""
SELECT r.id, r.created_at, r.words, p.title, coalesce(f.full_name, '') AS by_name,
       coalesce(o.full_name, '') AS about_name, said.lines
  FROM report r
  JOIN conversation c ON c.id = r.conversation_id
  JOIN post p ON p.id = c.post_id
  JOIN membership side ON side.id = CASE WHEN r.by_owner THEN c.owner_id ELSE c.other_id END
  LEFT JOIN profile f ON f.person_id = side.person_id
  JOIN membership far ON far.id = CASE WHEN r.by_owner THEN c.other_id ELSE c.owner_id END
  LEFT JOIN profile o ON o.person_id = far.person_id
  LEFT JOIN LATERAL (
    SELECT array_agg(ARRAY[(m.by_owner = r.by_owner)::text, m.words] ORDER BY m.id) AS lines
      FROM (SELECT * FROM message WHERE conversation_id = c.id
             ORDER BY id DESC LIMIT 20) AS m) AS said ON true
 WHERE r.community_id = :community_id AND r.settled_at IS NULL
 ORDER BY r.id
 LIMIT 50
""")


def read_talk(session: Session, *, side: Side) -> Talk:
    """Read a conversation as one side sees it."""
    other_id = side.opposite.membership_id
    lines = session.scalars(
        sa.select(Message)
        .where(Message.conversation_id == side.talk.id)
        .order_by(Message.id.desc())
        .limit(MOST_LINES)
    ).all()
    has_blocked = session.scalar(
        sa.select(
            sa.exists().where(
                Block.by_id == side.membership_id,
                Block.against_id == other_id,
                Block.ended_at.is_(None),
            )
        )
    )
    return Talk(
        talk_id=side.talk.id,
        post=session.get_one(Post, side.talk.post_id),
        name=name_of(session, membership_id=other_id),
        other_id=other_id,
        has_blocked=bool(has_blocked),
        lines=[Line(one.by_owner == side.is_owner, one.words, one.created_at)
               for one in reversed(lines)],
    )  # fmt: skip


def read_answers(session: Session, *, post: Post) -> list[Answer]:
    """List with whom the owner of a post is in touch about it; what they wrote stays theirs."""
    return [
        Answer(
            talk_id=row.id,
            membership_id=row.other_id,
            name=public_name(row.full_name),
            was_asked=row.begun_by_owner,
        )
        for row in session.execute(ANSWERS, {"post_id": post.id})
    ]


def read_talks(session: Session, *, membership_id: int) -> list[TalkInList]:
    """List a member's conversations, whoever wrote last on top; fifty at most."""
    rows = session.execute(TALKS, {"me": membership_id, "most": MOST_TALKS})
    return [
        TalkInList(
            talk_id=row.id,
            title=row.title,
            name=public_name(row.full_name or ""),
            other_id=row.other_id,
            last_words=row.words,
            last_at=row.created_at,
            is_last_own=row.is_own,
        )
        for row in rows
    ]


def read_waiting(session: Session, *, community_id: int) -> list[Waiting]:
    """List whom the coordinators are to ring, who has waited longest first."""
    return [
        Waiting(
            ring_id=row.id,
            talk_id=row.talk_id,
            since=row.created_at,
            name=row.full_name,
            membership_id=row.membership_id,
            phone=row.phone,
            title=row.title,
            kind=row.kind,
            other=public_name(row.other),
            last_words=row.words,
        )
        for row in session.execute(WAITING, {"community_id": community_id})
    ]


def read_complaints(session: Session, *, community_id: int) -> list[Complaint]:
    """List what members reported, with the last twenty messages of each conversation."""
    return [
        Complaint(
            report_id=row.id,
            since=row.created_at,
            by=public_name(row.by_name),
            about=public_name(row.about_name),
            title=row.title,
            words=row.words,
            lines=[
                (public_name(row.by_name if own == "true" else row.about_name), words)
                for own, words in row.lines or []
            ],
        )
        for row in session.execute(COMPLAINTS, {"community_id": community_id})
    ]


def name_of(session: Session, *, membership_id: int) -> str:
    """Give a member's public name; empty for somebody erased."""
    full_name = session.scalar(
        sa.text("""SELECT f.full_name FROM membership m JOIN profile f ON f.person_id = m.person_id
                    WHERE m.id = :id"""),
        {"id": membership_id},
    )
    return public_name(full_name or "")
