"""What a notice about an organiser's message has to say, looked up when it is sent.

One statement more than other notices need, and only for these: `facts` names the message or the
answer. It also tells whether the message still is for its reader, by what they were written to
for.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.communities.pausing import IS_AROUND
from timebank.models import Audience
from timebank.models import NoticeKind

KINDS = frozenset(
    {
        NoticeKind.ORGANISER_WROTE,
        NoticeKind.ORGANISER_NEWS,
        NoticeKind.MESSAGE_ANSWERED,
        NoticeKind.ANSWER_RETURNED,
    }
)

LOOK_UP = f"""
SELECT g.id AS message_id, g.series_id, g.whom, g.subject, g.words, g.called_off, r.name AS job,
       coalesce(w.full_name, '') AS writer, m.id AS membership_id,
       a.words AS answer, coalesce(a.by_organiser, false) AS by_organiser,
       coalesce(a.had_files, false) AS had_files,
       coalesce(s.full_name, '') AS answerer, e.state AS event_state,
       m.standing <> 'left' AS is_member, m.may_be_asked,
       coalesce({IS_AROUND.replace(":now", "now()")}, false) AS is_around,
       EXISTS (SELECT FROM follower f
                WHERE f.series_id = g.series_id AND f.membership_id = m.id) AS hears,
       EXISTS (SELECT FROM claim c
                WHERE c.event_id = g.event_id AND c.membership_id = m.id
                  AND (c.live AND (c.held_until IS NULL OR c.held_until > now())
                       OR g.called_off AND c.withdrawn_because = 'cancelled')) AS has_turn,
       EXISTS (SELECT FROM block b
                WHERE b.ended_at IS NULL
                  AND b.by_id = m.id AND b.against_id = coalesce(a.written_by, g.written_by)
              ) AS is_blocked
  FROM notice n
  LEFT JOIN message_answer a ON a.id = CAST(n.facts ->> 'answer_id' AS bigint)
                            AND a.community_id = n.community_id
  JOIN group_message g ON g.id = coalesce(a.group_message_id,
                                          CAST(n.facts ->> 'group_message_id' AS bigint))
                      AND g.community_id = n.community_id
  JOIN event e ON e.id = g.event_id
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
  JOIN membership wm ON wm.id = g.written_by
  LEFT JOIN profile w ON w.person_id = wm.person_id
  LEFT JOIN membership sm ON sm.id = a.written_by
  LEFT JOIN profile s ON s.person_id = sm.person_id
  LEFT JOIN role r ON r.id = g.role_id
 WHERE n.id = :notice_id
"""  # noqa: S608 - our own words only


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutMessage:
    """An organiser's message, perhaps an answer to it, and how its reader stands to it.

    Attributes:
        whom: To whom it was written.
        called_off: The date was cancelled when it was written.
        job: Whose past doers it went to, for those.
        writer: The full name of the organiser.
        membership_id: The reader's.
        answer: What was answered, when that is what the notice tells.
        by_organiser: An organiser wrote back, and the reader is whoever answered.
        had_files: It came by mail with files, which are not passed on.
        answerer: The full name of whoever answered, or wrote back.
        hears: The reader asks to hear from the organisers.
        has_turn: The reader has a turn on the date, or had when it was called off.
        is_blocked: The reader does not want to hear from whoever wrote.
    """

    message_id: int
    series_id: int
    whom: str
    subject: str
    words: str
    called_off: bool
    job: str | None
    writer: str
    membership_id: int
    answer: str | None
    by_organiser: bool
    had_files: bool
    answerer: str
    event_state: str
    is_member: bool
    is_around: bool
    may_be_asked: bool
    hears: bool
    has_turn: bool
    is_blocked: bool


def read(session: Session, *, kind: NoticeKind, notice_id: int) -> AboutMessage | None:
    """Look up what a notice of these kinds is about; None for others, and when it is gone."""
    if kind not in KINDS:
        return None
    row = session.execute(sa.text(LOOK_UP), {"notice_id": notice_id}).mappings().first()
    return AboutMessage(**row) if row else None


def reason_to_drop(kind: NoticeKind, message: AboutMessage | None) -> str | None:
    """Tell why a notice about a message no longer holds, or None when it does."""
    if kind not in KINDS:
        return None
    if message is None or not message.words:
        return "what was written is gone"
    if not message.is_member:
        return "they have left"
    if kind is NoticeKind.MESSAGE_ANSWERED:
        return None if message.answer else "what was answered is gone"
    return None if kind is NoticeKind.ANSWER_RETURNED else _reason_of_audience(message)


def _reason_of_audience(message: AboutMessage) -> str | None:
    if not message.is_around and message.whom != Audience.DATE:
        return "they are having a rest"
    if message.event_state == "cancelled" and not message.called_off:
        return "the date was cancelled"
    if message.whom == Audience.DATE:
        return None if message.has_turn else "they have no turn on it any more"
    if message.is_blocked:
        return "they don't want to hear from whoever wrote"
    if message.whom == Audience.HEARING:
        return None if message.hears else "they asked not to hear any more"
    return None if message.may_be_asked else "they would rather not be asked"
