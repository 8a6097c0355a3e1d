"""Send what an organiser wrote: one row that stays, and a mail to everybody whom it is for.

Message and notices are one statement, so that what the row says (to how many) is what went out. A
notice holds no word of it: that is looked up when it is sent, with whether it still is for them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain.communities.quiet_hours import after_quiet_hours
from timebank.domain.ledger import KeyReused
from timebank.domain.messages import limits
from timebank.domain.messages.reach import Chosen
from timebank.domain.messages.reach import is_of_this_date
from timebank.domain.messages.reach import reach_of
from timebank.domain.messages.reach import values_of
from timebank.models import Audience
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Group
from timebank.models import GroupMessage
from timebank.models import NoticeKind
from timebank.models import Series

LONGEST_SUBJECT = 120
LONGEST = 4000
WORTH_TELLING = dt.timedelta(days=7)
SOON = dt.timedelta(hours=24)
# What is said to those who have a turn is about their turn; the rest is news, and may be unwanted.
KIND_OF = {
    Audience.DATE: NoticeKind.ORGANISER_WROTE,
    Audience.HEARING: NoticeKind.ORGANISER_NEWS,
    Audience.JOB: NoticeKind.ORGANISER_NEWS,
}


class SayWhatItIs(Refused):
    """Give it a subject, so that people know what it’s about."""


class SaySomething(Refused):
    """Write what you’d like to say."""


class NobodyToWriteTo(Refused):
    """There’s nobody a mail would reach. See below whom you can ring."""


class OtherWords(KeyReused):
    """You’ve sent that already, with other words or to other people. Look before you send more."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said: a subject of up to 120 letters, and up to 4,000 of plain text."""

    subject: str
    words: str


# The row and everybody's notice see the same people: one statement, one snapshot. The keys end in
# the person's number, so that nobody is told twice, whatever else goes wrong.
SEND = """
WITH reach AS MATERIALIZED ({reach}),
written AS (
  INSERT INTO group_message (community_id, group_id, series_id, event_id, role_id, whom, subject,
                             words, called_off, written_by, intent, people, not_by_mail,
                             created_at)
  SELECT :community_id, :group_id, :series_id, :event_id, :role_id, :whom, :subject,
         :words, :called_off, :by, :intent, count(*) FILTER (WHERE by_mail),
         count(*) FILTER (WHERE NOT by_mail), :now
    FROM reach
  HAVING count(*) FILTER (WHERE by_mail) > 0
  RETURNING id
)
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT :community_id, reach.person_id, :kind,
       format('group-message-%s.%s', written.id, reach.person_id),
       jsonb_build_object('group_message_id', written.id::text,
                          'event_id', CAST(:event_id AS text)),
       :goes_at, :expires_at
  FROM written CROSS JOIN reach
 WHERE reach.by_mail
    ON CONFLICT DO NOTHING
"""


def send(
    session: Session, *, chosen: Chosen, words: Words, intent: uuid.UUID, now: dt.datetime
) -> GroupMessage:
    """Write to people; the same message from the same page is sent once.

    Args:
        session: The session.
        chosen: To whom, and who writes.
        words: What, tidied.
        intent: The page it was written on.
        now: When.

    Raises:
        SayWhatItIs, SaySomething: A subject or the words are missing, or too long.
        NotFound: No such date or job here.
        OtherWords: The page sent something else before.
        NobodyToWriteTo: No mail would reach anybody.
        TooManyToday: More people than the group may write to in a day; nothing was sent.
    """
    _require_words(words)
    if not is_of_this_date(session, chosen):
        raise NotFound
    group = _lock_group(session, chosen.series_id)
    earlier = _written(session, chosen.by, intent)
    if earlier is not None:
        if _is_the_same(earlier, chosen, words):
            return earlier
        raise OtherWords
    allowance = limits.allowance_of(session, group_id=group.id, now=now)
    message = _send(session, chosen, words, group_id=group.id, intent=intent, now=now)
    if message is None:
        raise NobodyToWriteTo(field="whom")
    limits.require_room(allowance, people=message.people)
    return message


def goes_at(session: Session, *, event: Event, now: dt.datetime) -> dt.datetime:
    """Tell when a mail written now leaves: not at night, unless the date is within a day."""
    if now - SOON < event.starts_at <= now + SOON:
        return now
    return after_quiet_hours(now, session.get_one(Community, event.community_id))


def _require_words(words: Words) -> None:
    if not 1 <= len(words.subject) <= LONGEST_SUBJECT:
        raise SayWhatItIs(field="subject")
    if not 1 <= len(words.words) <= LONGEST:
        raise SaySomething(field="words")


def _lock_group(session: Session, series_id: int) -> Group:
    """Queue up at the group: two at once would both see the same room."""
    group_id = sa.select(Series.group_id).where(Series.id == series_id).scalar_subquery()
    found = sa.select(Group).where(Group.id == group_id)
    return session.scalars(
        found.with_for_update(key_share=True), execution_options={"populate_existing": True}
    ).one()


def _written(session: Session, by: int, intent: uuid.UUID) -> GroupMessage | None:
    return session.scalar(
        sa.select(GroupMessage).where(GroupMessage.written_by == by, GroupMessage.intent == intent)
    )


def _is_the_same(earlier: GroupMessage, chosen: Chosen, words: Words) -> bool:
    return (earlier.event_id, earlier.whom, earlier.role_id, earlier.subject, earlier.words) == (
        chosen.event_id,
        chosen.whom,
        chosen.role_id,
        words.subject,
        words.words,
    )


def _send(
    session: Session,
    chosen: Chosen,
    words: Words,
    *,
    group_id: int,
    intent: uuid.UUID,
    now: dt.datetime,
) -> GroupMessage | None:
    """Write the message and everybody's notice; None where no mail would reach anybody."""
    event = session.get_one(Event, chosen.event_id)
    leaves = goes_at(session, event=event, now=now)
    statement = SEND.format(reach=reach_of(chosen))
    values = values_of(chosen, now=now) | {
        "group_id": group_id,
        "kind": KIND_OF[chosen.whom].value,
        "subject": words.subject,
        "words": words.words,
        "called_off": event.state is EventState.CANCELLED,
        "intent": intent,
        "goes_at": leaves,
        "expires_at": _worth_until(event, chosen.whom, leaves),
    }
    session.execute(sa.text(statement), values)
    return _written(session, chosen.by, intent)


def _worth_until(event: Event, whom: Audience, leaves: dt.datetime) -> dt.datetime:
    """Tell until when it is worth telling: about a date that is to come, until it is over."""
    latest = leaves + WORTH_TELLING
    if whom is Audience.DATE and event.ends_at > leaves:
        return min(latest, event.ends_at)
    return latest
