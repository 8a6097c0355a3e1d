"""What a notice about an exchange has to say, looked up when it is sent.

One statement more than other notices need, and only for these: `facts` names the exchange, the
step that it tells about, and on which side the reader is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.models import NoticeKind

# The state in which a notice is still worth sending. A later notice tells what came after.
STILL_SO = {
    NoticeKind.EXCHANGE_AGREED: {"agreed"},
    NoticeKind.EXCHANGE_CANCELLED: {"cancelled"},
    NoticeKind.EXCHANGE_DUE: {"agreed"},
    NoticeKind.THANKED: {"thanked", "stands"},
    NoticeKind.EXCHANGE_UNDONE: {"undone"},
    NoticeKind.EXCHANGE_DISPUTED: {"disputed"},
    NoticeKind.STATEMENT_WANTED: {"disputed"},
    NoticeKind.EXCHANGE_SETTLED: {"settled", "disputed"},
}
KINDS = frozenset(STILL_SO)

LOOK_UP = """
SELECT named.key, x.id AS exchange_id, x.state, x.what, x.planned_at, x.happened_on, t.timezone,
       coalesce(s.minutes, x.minutes) AS minutes,
       coalesce(h.full_name, '') AS helper, coalesce(d.full_name, payer.name, '') AS helped,
       x.helped_id IS NULL AS is_for_group, s.step, coalesce(b.full_name, '') AS by,
       coalesce(s.by_id = x.helper_id, false) AS is_by_helper, s.by_id IS DISTINCT FROM x.helper_id
         AND s.by_id IS DISTINCT FROM x.helped_id AND x.helped_id IS NOT NULL AS is_by_other,
       CASE WHEN NOT EXISTS (
         SELECT FROM block k WHERE k.ended_at IS NULL
            AND k.by_id IN (x.helper_id, x.helped_id)
            AND k.against_id IN (x.helper_id, x.helped_id)) THEN s.words END AS words
  FROM unnest(CAST(:keys AS bigint[]), CAST(:exchange_id AS bigint[]), CAST(:step_id AS bigint[]))
       AS named (key, exchange_id, step_id)
  JOIN exchange x ON x.id = named.exchange_id
  JOIN community t ON t.id = x.community_id
  JOIN account payer ON payer.id = x.payer_id
  JOIN membership hm ON hm.id = x.helper_id
  LEFT JOIN profile h ON h.person_id = hm.person_id
  LEFT JOIN membership dm ON dm.id = x.helped_id
  LEFT JOIN profile d ON d.person_id = dm.person_id
  LEFT JOIN exchange_step s ON s.id = named.step_id AND s.exchange_id = x.id
  LEFT JOIN membership bm ON bm.id = s.by_id
  LEFT JOIN profile b ON b.person_id = bm.person_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutExchange:
    """An exchange as a letter tells it; names come in full and leave shortened.

    Attributes:
        minutes: How long it was by the step that is told about; 0: taken back.
        helped: The member who was helped, or the group (`is_for_group`).
        step: What was done that the letter tells about; None: nothing was.
        by: Who did it; `is_by_other`: a coordinator, for one of the two or about both.
        words: What they typed; None where one of the two does not want to hear from the other.
        is_for_helper: Whether the reader is the one who helps.
    """

    exchange_id: int
    state: str
    what: str
    planned_at: dt.datetime | None
    happened_on: dt.date | None
    timezone: str
    minutes: int
    helper: str
    helped: str
    step: str | None
    by: str
    is_by_helper: bool
    is_by_other: bool
    words: str | None
    is_for_group: bool
    is_for_helper: bool

    @property
    def helper_name(self) -> str:
        """Who helps: first name and initial."""
        return public_name(self.helper)

    @property
    def helped_name(self) -> str:
        """Who is helped: first name and initial, or the group's name."""
        return self.helped if self.is_for_group else public_name(self.helped)

    @property
    def other_name(self) -> str:
        """The side that the reader is not on."""
        return self.helped_name if self.is_for_helper else self.helper_name

    @property
    def by_name(self) -> str:
        """Who took the step: first name and initial."""
        return public_name(self.by)

    @property
    def is_by_reader(self) -> bool:
        """Whether the reader's own side took the step."""
        return not self.is_by_other and self.is_by_helper == self.is_for_helper

    @property
    def day(self) -> dt.datetime | None:
        """The day it was, or is to be, as a moment within it wherever the community is."""
        if self.happened_on is not None:
            return dt.datetime.combine(self.happened_on, dt.time(12), dt.UTC)
        return self.planned_at


def read(session: Session, *, kind: NoticeKind, facts: Mapping[str, str]) -> AboutExchange | None:
    """Look up what a notice of these kinds is about; None for others."""
    return read_many(session, {0: (kind, facts)}).get(0)


def read_many(
    session: Session, notices: Mapping[int, tuple[NoticeKind, Mapping[str, str]]]
) -> dict[int, AboutExchange]:
    """Look up what several notices are about, by their numbers, in one statement."""
    keys = [key for key, (kind, _facts) in notices.items() if kind in KINDS]
    if not keys:
        return {}
    values = {
        name: [int(notices[key][1].get(name, "0")) for key in keys]
        for name in ("exchange_id", "step_id")
    }
    rows = map(dict, session.execute(sa.text(LOOK_UP), {"keys": keys, **values}).mappings())
    found = {row.pop("key"): row for row in rows}
    return {
        key: AboutExchange(**row, is_for_helper=notices[key][1].get("side") == "helper")
        for key, row in found.items()
    }


def reason_to_drop(kind: NoticeKind, exchange: AboutExchange | None) -> str | None:
    """Tell why a notice about an exchange no longer holds, or None when it does."""
    if kind not in KINDS:
        return None
    if exchange is None:
        return "what it was about is gone"
    return None if exchange.state in STILL_SO[kind] else "it has moved on"
