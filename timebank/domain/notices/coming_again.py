"""What "come again?" has to say, looked up when it is sent, and whether it still is to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.communities.pausing import IS_AROUND
from timebank.domain.rota import come_again
from timebank.domain.rota.come_again import Suggested
from timebank.models import NoticeKind

LOOK_UP = f"""
SELECT m.community_id, m.standing <> 'left' AND m.may_be_asked
         AND coalesce({IS_AROUND.replace(":now", "now()")}, false) AS may_ask,
       EXISTS (SELECT FROM claim c WHERE c.membership_id = m.id AND c.live
                  AND CASE WHEN c.state = 'attended'
                           THEN c.event_id <> CAST(n.facts ->> 'event_id' AS bigint)
                           ELSE c.ends_at > now()
                                AND (c.held_until IS NULL OR c.held_until > now()) END) AS has_turn
  FROM notice n
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
 WHERE n.id = :notice_id
"""  # noqa: S608 - our own words only


@dataclass(frozen=True, slots=True)
class AboutComingAgain:
    """Three turns, or what is left of them, for somebody who has had their first.

    Attributes:
        may_ask: Whether they may be asked at this moment.
        has_turn: They have taken another one meanwhile.
        turns: Which of those that would suit are still free.
    """

    may_ask: bool
    has_turn: bool
    turns: tuple[Suggested, ...]


def read(
    session: Session, *, kind: NoticeKind, notice_id: int, facts: Mapping[str, str]
) -> AboutComingAgain | None:
    """Look up what a notice of this kind is about; None for others."""
    if kind is not NoticeKind.COME_AGAIN:
        return None
    row = session.execute(sa.text(LOOK_UP), {"notice_id": notice_id}).one_or_none()
    if row is None:
        return None
    slot_ids = [int(number) for number in facts.get("slots", "").split(",") if number]
    turns = come_again.still_free(session, community_id=row.community_id, slot_ids=slot_ids)
    return AboutComingAgain(row.may_ask, row.has_turn, turns)


def reason_to_drop(kind: NoticeKind, again: AboutComingAgain | None) -> str | None:
    """Tell why it is not to be asked any more, or None when it is."""
    if kind is not NoticeKind.COME_AGAIN:
        return None
    if again is None or not again.may_ask:
        return "they would rather not be asked"
    if again.has_turn:
        return "they have taken another turn"
    return None if again.turns else "none of these turns is free any more"
