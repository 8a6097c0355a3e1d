"""The figures of a month, and what was published of them.

Counted from the ledger by the day that things happened, corrections taken off. Hours brought
forward, gifts, top-ups and what is settled when somebody goes are no help that was given, so they
stand apart. A published month keeps its figures; what was entered late is shown beside them.
Source of what funders ask for: facts gathered from time banks (hours, exchanges, members active in
three months).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.models import PublishedMonth

MONTH = relativedelta(months=1)


class MonthNotOver(Refused):
    """That month isn't over yet. Publish it when it is."""


class PublishedAlready(Conflict):
    """That month is published already. Late entries show beside its figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What happened in a month; hours in minutes.

    Attributes:
        turn_minutes, thanks_minutes, together_minutes: Help given: at events, between neighbours,
            at occasions of several.
        given_away_minutes: To pots and causes.
        turns, exchanges, occasions: How many of each.
        helpers: Who gave help; `helped`: who was helped by a neighbour or learnt something.
        events: Dates at which somebody did a turn.
        members: On the last day; `joined` in the month.
        active: Who gave or got anything in the three months up to the last day.
    """

    turn_minutes: int = 0
    thanks_minutes: int = 0
    together_minutes: int = 0
    given_away_minutes: int = 0
    turns: int = 0
    exchanges: int = 0
    occasions: int = 0
    helpers: int = 0
    helped: int = 0
    events: int = 0
    members: int = 0
    joined: int = 0
    active: int = 0

    @property
    def help_minutes(self) -> int:
        """All help given."""
        return self.turn_minutes + self.thanks_minutes + self.together_minutes


# Each month is counted for itself, all of them in one statement.
FIGURES = sa.text("""
SELECT asked.month, counted.*
  FROM unnest(CAST(:months AS date[]), CAST(:begins AS timestamptz[]),
              CAST(:ends AS timestamptz[])) AS asked (month, begins, ends)
 CROSS JOIN LATERAL (
WITH standing AS (
  SELECT t.*, payer.kind AS payer_kind, payer.membership_id AS payer,
         payee.kind AS payee_kind, payee.membership_id AS payee
    FROM transfer t
    JOIN account payer ON payer.id = t.debit_id
    JOIN account payee ON payee.id = t.credit_id
   WHERE t.community_id = :community_id AND t.kind NOT IN ('reversal', 'opening', 'closing')
     AND t.happened_on >= asked.month - interval '2 months'
     AND t.happened_on < asked.month + interval '1 month'
     AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)
), lately AS (SELECT * FROM standing WHERE happened_on >= asked.month
), belonging AS (
  -- Guests of the rota are no members; whoever has left was one, since they were here.
  SELECT m.id, m.standing, m.left_at,
         coalesce(m.approved_at, CASE WHEN m.standing = 'left' THEN m.created_at END) AS since
    FROM membership m
   WHERE m.community_id = :community_id AND (m.approved_at IS NOT NULL OR m.standing = 'left'))
SELECT
  coalesce(sum(minutes) FILTER (WHERE kind IN ('earn', 'adjust')), 0)::bigint AS turn_minutes,
  coalesce(sum(minutes) FILTER (WHERE kind = 'thanks'), 0)::bigint AS thanks_minutes,
  coalesce(sum(minutes) FILTER (WHERE kind = 'share' AND payee IS NOT NULL), 0)::bigint
    AS together_minutes,
  coalesce(sum(minutes) FILTER (
    WHERE kind = 'gift' AND payer IS NOT NULL AND payee_kind IN ('pot', 'cause')), 0)::bigint
    AS given_away_minutes,
  count(*) FILTER (WHERE kind IN ('earn', 'adjust')) AS turns,
  count(*) FILTER (WHERE kind = 'thanks') AS exchanges,
  count(DISTINCT batch_id) FILTER (WHERE kind = 'share') AS occasions,
  count(DISTINCT payee) FILTER (WHERE kind IN ('earn', 'adjust', 'thanks', 'share')) AS helpers,
  count(DISTINCT payer) FILTER (WHERE kind IN ('thanks', 'share')) AS helped,
  (SELECT count(DISTINCT c.event_id) FROM lately l JOIN claim c ON c.id = l.claim_id) AS events,
  (SELECT count(*) FROM belonging m WHERE m.since < asked.ends
      AND (m.standing <> 'left' OR m.left_at >= asked.ends)) AS members,
  (SELECT count(*) FROM belonging m
    WHERE m.since >= asked.begins AND m.since < asked.ends) AS joined,
  (SELECT count(DISTINCT m.id) FROM standing, unnest(ARRAY[payer, payee]) AS who
     JOIN belonging m ON m.id = who) AS active
  FROM lately) counted
""")


def month_of(day: dt.date) -> dt.date:
    """Give the first day of a day's month, by which a month is named."""
    return day.replace(day=1)


def read_figures(
    session: Session, *, community_id: int, month: dt.date, timezone: dt.tzinfo
) -> Figures:
    """Count a month as the books have it now, in one statement."""
    return read_months(session, community_id=community_id, months=[month], timezone=timezone)[
        month
    ]


def read_months(
    session: Session, *, community_id: int, months: Sequence[dt.date], timezone: dt.tzinfo
) -> dict[dt.date, Figures]:
    """Count several months as the books have them now, in one statement."""
    begins = [dt.datetime.combine(month, dt.time(), timezone) for month in months]
    ends = [dt.datetime.combine(month + MONTH, dt.time(), timezone) for month in months]
    values = {"community_id": community_id, "months": list(months), "begins": begins, "ends": ends}
    names = [one.name for one in fields(Figures)]
    return {
        row["month"]: Figures(**{name: int(row[name]) for name in names})
        for row in session.execute(FIGURES, values).mappings()
    }


@dataclass(frozen=True, slots=True)
class Published:
    """A month as it was told, and when."""

    month: dt.date
    figures: Figures
    published_at: dt.datetime


def publish_month(
    session: Session,
    *,
    community_id: int,
    month: dt.date,
    timezone: dt.tzinfo,
    by: int,
    now: dt.datetime,
) -> Published:
    """Publish a month's figures as they are now; they stay so.

    Raises:
        MonthNotOver: It is not over where the community is.
        PublishedAlready: Somebody was before you.
    """
    if now.astimezone(timezone).date() < month + MONTH:
        raise MonthNotOver
    figures = read_figures(session, community_id=community_id, month=month, timezone=timezone)
    made = session.scalars(
        insert(PublishedMonth)
        .values(
            community_id=community_id,
            month=month,
            figures=asdict(figures),
            published_by=by,
            published_at=now,
        )
        .on_conflict_do_nothing()
        .returning(PublishedMonth)
    ).one_or_none()
    if made is None:
        raise PublishedAlready
    return _published(made)


def read_published(
    session: Session, *, community_id: int, since: dt.date, until: dt.date
) -> dict[dt.date, Published]:
    """Read what was published of the months from `since` to `until`, by month."""
    rows = session.scalars(
        sa.select(PublishedMonth).where(
            PublishedMonth.community_id == community_id,
            PublishedMonth.month.between(since, until),
        )
    )
    return {row.month: _published(row) for row in rows}


def _published(row: PublishedMonth) -> Published:
    return Published(row.month, _known(row.figures), row.published_at)


def _known(figures: Mapping[str, int]) -> Figures:
    """Read figures that an earlier version may have published: what it did not count is nought."""
    return Figures(**{one.name: figures.get(one.name, 0) for one in fields(Figures)})
