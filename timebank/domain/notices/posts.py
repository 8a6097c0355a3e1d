"""What a notice about an offer or ask has to say, looked up when it is sent.

One statement more than other notices need, and only for these: `facts` names the message or post.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import NoticeKind

KINDS = frozenset({NoticeKind.NEIGHBOUR_WROTE, NoticeKind.POST_LAPSING, NoticeKind.POST_LAPSED})

LOOK_UP = """
SELECT named.key, p.id AS post_id, p.kind, p.title, p.state, p.expires_on, c.id AS talk_id,
       m.words, NOT m.by_owner AS to_owner, coalesce(w.full_name, '') AS writer,
       EXISTS (SELECT FROM block b WHERE b.ended_at IS NULL
                  AND b.by_id IN (c.owner_id, c.other_id)
                  AND b.against_id IN (c.owner_id, c.other_id)) AS is_blocked
  FROM unnest(CAST(:keys AS bigint[]), CAST(:post_id AS bigint[]), CAST(:message_id AS bigint[]))
       AS named (key, post_id, message_id)
  LEFT JOIN message m ON m.id = named.message_id
  LEFT JOIN conversation c ON c.id = m.conversation_id
  LEFT JOIN membership side ON side.id = CASE WHEN m.by_owner THEN c.owner_id ELSE c.other_id END
  LEFT JOIN profile w ON w.person_id = side.person_id
  JOIN post p ON p.id = coalesce(c.post_id, named.post_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPost:
    """An offer or ask, and what a neighbour wrote about it when that is what the notice tells.

    Attributes:
        expires_on: The last day that it stands on the board.
        to_owner: Whether the message goes to whoever posted it.
        writer: The full name of the side that wrote.
        is_blocked: One of the two does not want to hear from the other any more.
    """

    post_id: int
    kind: str
    title: str
    state: str
    expires_on: dt.date
    talk_id: int | None
    words: str | None
    to_owner: bool | None
    writer: str
    is_blocked: bool

    @property
    def last_day(self) -> dt.datetime:
        """The last day on the board, as a moment within it wherever the community is."""
        return dt.datetime.combine(self.expires_on, dt.time(12), dt.UTC)


def read(session: Session, *, kind: NoticeKind, facts: Mapping[str, str]) -> AboutPost | None:
    """Look up what a notice of these kinds is about; None for others, and when it is gone."""
    return read_many(session, {0: (kind, facts)}).get(0)


def read_many(
    session: Session, notices: Mapping[int, tuple[NoticeKind, Mapping[str, str]]]
) -> dict[int, AboutPost]:
    """Look up what several notices are about, by their numbers, in one statement."""
    keys = [key for key, (kind, _facts) in notices.items() if kind in KINDS]
    if not keys:
        return {}
    values = {
        name: [int(notices[key][1].get(name, "0")) for key in keys]
        for name in ("post_id", "message_id")
    }
    rows = map(dict, session.execute(sa.text(LOOK_UP), {"keys": keys, **values}).mappings())
    return {row.pop("key"): AboutPost(**row) for row in rows}


def reason_to_drop(
    kind: NoticeKind, facts: Mapping[str, str], post: AboutPost | None
) -> str | None:
    """Tell why a notice about a post no longer holds, or None when it does."""
    if kind not in KINDS:
        return None
    if post is None or (kind is NoticeKind.NEIGHBOUR_WROTE and post.words is None):
        return "what it was about is gone"
    if kind is NoticeKind.NEIGHBOUR_WROTE:
        return "they don't want to hear from each other" if post.is_blocked else None
    expected = "open" if kind is NoticeKind.POST_LAPSING else "expired"
    is_as_told = facts.get("expires_on") == post.expires_on.isoformat()
    return None if post.state == expected and is_as_told else "it was kept or taken down"
