"""Read what a group's organisers wrote: for them, and for the coordinators."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import public_name
from timebank.domain.exchange.talks import Line
from timebank.models import Audience
from timebank.models import Event
from timebank.models import GroupMessage
from timebank.models import Membership
from timebank.models import MessageAnswer
from timebank.models import Profile
from timebank.models import Role
from timebank.models import Series
from timebank.models import Slot

MOST_SHOWN = 50
MOST_ANSWERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message as its group reads it.

    Attributes:
        writer: First name and initial; empty for somebody who was erased.
        job: Whose past doers it went to, for those.
        people: To how many by mail; `not_by_mail`: how many no mail reached.
        answers: How many were answered by those who got it.
    """

    message_id: int
    slug: str
    title: str
    occurs_on: dt.date
    starts_at: dt.datetime
    whom: Audience
    job: str | None
    subject: str
    words: str
    writer: str
    people: int
    not_by_mail: int
    written_at: dt.datetime
    answers: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What one person and the organisers wrote to each other about a message.

    Attributes:
        name: Whoever the reader talks to: first name and initial.
    """

    membership_id: int
    name: str
    lines: tuple[Line, ...]


def written_by_group(
    session: Session, *, group_id: int, message_id: int | None = None
) -> list[Written]:
    """Read a group's newest fifty messages, or one of them: one statement."""
    answers = (
        sa.select(sa.func.count())
        .where(
            MessageAnswer.group_message_id == GroupMessage.id,
            MessageAnswer.by_organiser.is_(False),
        )
        .scalar_subquery()
    )
    found = (
        sa.select(
            GroupMessage, Series.slug, Series.title, Event.occurs_on, Event.starts_at, Role.name,
            Profile.full_name, answers,
        )
        .join(Series, Series.id == GroupMessage.series_id)
        .join(Event, Event.id == GroupMessage.event_id)
        .join(Membership, Membership.id == GroupMessage.written_by)
        .join(Role, Role.id == GroupMessage.role_id, isouter=True)
        .join(Profile, Profile.person_id == Membership.person_id, isouter=True)
        .where(GroupMessage.group_id == group_id)
        .order_by(GroupMessage.created_at.desc(), GroupMessage.id.desc())
        .limit(MOST_SHOWN)
    )  # fmt: skip
    if message_id is not None:
        found = found.where(GroupMessage.id == message_id)
    return [
        Written(
            message_id=one.id,
            slug=slug,
            title=title,
            occurs_on=occurs_on,
            starts_at=starts_at,
            whom=one.whom,
            job=job,
            subject=one.subject,
            words=one.words,
            writer=public_name(writer or ""),
            people=one.people,
            not_by_mail=one.not_by_mail,
            written_at=one.created_at,
            answers=answered,
        )
        for one, slug, title, occurs_on, starts_at, job, writer, answered in session.execute(found)
    ]


def find_written(session: Session, *, group_id: int, message_id: int) -> Written:
    """Find a message of a group.

    Raises:
        NotFound: It has none of this number.
    """
    found = written_by_group(session, group_id=group_id, message_id=message_id)
    if not found:
        raise NotFound
    return found[0]


def answers_to(session: Session, *, message_id: int) -> list[Answers]:
    """Read what was answered, for organisers, in order: the newest five hundred lines."""
    names: dict[int, str] = {}
    lines: dict[int, list[Line]] = {}
    for said, full_name in reversed(session.execute(_answers(message_id)).all()):
        names[said.membership_id] = public_name(full_name or "")
        lines.setdefault(said.membership_id, []).append(
            Line(said.by_organiser, said.words, said.created_at, said.had_files)
        )
    return [Answers(number, names[number], tuple(said)) for number, said in lines.items()]


def talk_of(session: Session, *, message: Written, membership_id: int) -> Answers:
    """Read what somebody answered and what was written back, for themselves."""
    found = _answers(message.message_id).where(MessageAnswer.membership_id == membership_id)
    lines = [
        Line(not said.by_organiser, said.words, said.created_at, said.had_files)
        for said, _full_name in reversed(session.execute(found).all())
    ]
    return Answers(membership_id, message.writer, tuple(lines))


def _answers(message_id: int) -> sa.Select[MessageAnswer, str]:
    return (
        sa.select(MessageAnswer, Profile.full_name)
        .join(Membership, Membership.id == MessageAnswer.membership_id)
        .join(Profile, Profile.person_id == Membership.person_id, isouter=True)
        .where(MessageAnswer.group_message_id == message_id)
        .order_by(MessageAnswer.id.desc())
        .limit(MOST_ANSWERS)
    )


def jobs_of_date(session: Session, *, event_id: int) -> list[tuple[int, str]]:
    """Read the jobs of a date, (number, name), each once, in the order of its rota."""
    found = (
        sa.select(Role.id, Role.name)
        .where(Role.id.in_(sa.select(Slot.role_id).where(Slot.event_id == event_id)))
        .order_by(Role.position, Role.id)
    )
    return [(number, name) for number, name in session.execute(found)]
