"""Read exchanges for pages: one with its steps, and those of a member."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import name_or_number
from timebank.domain.exchange.chain import THANKED_FOR
from timebank.domain.exchange.chain import UNDO_DAYS
from timebank.models import ExchangeState
from timebank.models import StepKind

MOST_LISTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step as a page tells it.

    Attributes:
        number: Rising; the newest step has the highest.
        by: First name and initial; empty when it came to stand by itself.
        minutes: How long it was by this step, where it says so.
    """

    number: int
    step: StepKind
    by: str
    by_id: int | None
    minutes: int | None
    words: str | None
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """An exchange with all that was done about it.

    Attributes:
        helper: First name and initial; `helped` as well, or the group's name.
        helped_id: None: a group was helped.
        minutes: What the books say now; what was agreed, before anything was in them.
        undo_until: Until when either side can undo it; None before it was thanked for.
    """

    exchange_id: int
    state: ExchangeState
    what: str
    minutes: int
    helper: str
    helper_id: int
    helped: str
    helped_id: int | None
    post_id: int | None
    planned_at: dt.datetime | None
    happened_on: dt.date | None
    undo_until: dt.datetime | None
    steps: tuple[Told, ...]

    def can_undo(self, now: dt.datetime) -> bool:
        """Tell whether either side can still undo it."""
        is_open = self.state is ExchangeState.THANKED and self.undo_until is not None
        return is_open and self.undo_until is not None and now <= self.undo_until

    @property
    def has_hours(self) -> bool:
        """Tell whether hours stand for it that either side can say aren't right."""
        return self.state in THANKED_FOR and self.minutes > 0


_FACTS = """
SELECT x.id AS exchange_id, x.state, x.what, x.helper_id, x.helped_id, x.post_id, x.planned_at,
       x.happened_on, x.thanked_at, coalesce(h.full_name, '') AS helper,
       d.full_name AS helped, payer.name AS pot,
       coalesce((SELECT f.minutes FROM transfer f WHERE f.exchange_id = x.id
                    AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = f.id)),
                CASE WHEN x.state = 'settled' THEN 0 ELSE x.minutes END) AS minutes
  FROM exchange x
  JOIN account payer ON payer.id = x.payer_id
  JOIN membership hm ON hm.id = x.helper_id
  LEFT JOIN profile h ON h.person_id = hm.person_id
  LEFT JOIN membership dm ON dm.id = x.helped_id
  LEFT JOIN profile d ON d.person_id = dm.person_id
"""
ONE = sa.text(f"{_FACTS} WHERE x.id = :exchange_id AND x.community_id = :community_id")
STEPS = sa.text("""
SELECT s.id, s.step, s.by_id, s.minutes,
       CASE WHEN s.by_id IS NULL OR s.by_id = CAST(:reader_id AS bigint) OR NOT EXISTS (
              SELECT FROM exchange x JOIN block b ON b.ended_at IS NULL
                 AND b.by_id IN (x.helper_id, x.helped_id)
                 AND b.against_id IN (x.helper_id, x.helped_id)
               WHERE x.id = s.exchange_id AND s.by_id IN (x.helper_id, x.helped_id)
                 AND :reader_id IN (x.helper_id, x.helped_id)) THEN s.words END AS words,
       s.created_at, coalesce(p.full_name, '') AS by
  FROM exchange_step s
  LEFT JOIN membership m ON m.id = s.by_id
  LEFT JOIN profile p ON p.person_id = m.person_id
 WHERE s.exchange_id = :exchange_id
 ORDER BY s.id
""")
OWN = sa.text(f"""
{_FACTS}
 WHERE x.helper_id = :me OR x.helped_id = :me
    OR x.helped_id IS NULL AND payer.group_id IN
       (SELECT group_id FROM group_organiser WHERE membership_id = :me)
 ORDER BY x.state = 'agreed' DESC, x.id DESC
 LIMIT :most
""")  # noqa: S608 - our own words only


def read(
    session: Session, *, community_id: int, exchange_id: int, reader_id: int | None = None
) -> History:
    """Read an exchange with its steps, in two statements.

    Args:
        session: The session.
        community_id: Where it belongs.
        exchange_id: Which.
        reader_id: The side that reads: where one blocked the other, neither reads the other's
            words. None: a coordinator, who reads them all.

    Raises:
        NotFound: There is none here.
    """
    values = {"exchange_id": exchange_id, "community_id": community_id}
    row = session.execute(ONE, values).one_or_none()
    if row is None:
        raise NotFound
    steps = session.execute(STEPS, {"exchange_id": exchange_id, "reader_id": reader_id})
    return _history(row, tuple(_told(step) for step in steps))


def own(session: Session, *, membership_id: int) -> list[History]:
    """Read a member's exchanges without their steps: what is agreed first, the newest first."""
    rows = session.execute(OWN, {"me": membership_id, "most": MOST_LISTED})
    return [_history(row, ()) for row in rows]


def _history(row: sa.Row[tuple[object, ...]], steps: tuple[Told, ...]) -> History:
    return History(
        exchange_id=row.exchange_id,
        state=ExchangeState(row.state),
        what=row.what,
        minutes=row.minutes,
        helper=_name(row.helper, row.helper_id),
        helper_id=row.helper_id,
        helped=row.pot or _name(row.helped or "", row.helped_id),
        helped_id=row.helped_id,
        post_id=row.post_id,
        planned_at=row.planned_at,
        happened_on=row.happened_on,
        undo_until=row.thanked_at + dt.timedelta(days=UNDO_DAYS) if row.thanked_at else None,
        steps=steps,
    )


def _name(full_name: str, membership_id: int | None) -> str:
    """Shorten a name; somebody erased has a number."""
    return name_or_number(full_name, membership_id)


def _told(row: sa.Row[tuple[object, ...]]) -> Told:
    return Told(
        number=row.id,
        step=StepKind(row.step),
        by=_name(row.by, row.by_id) if row.by_id else "",
        by_id=row.by_id,
        minutes=row.minutes,
        words=row.words,
        at=row.created_at,
    )
