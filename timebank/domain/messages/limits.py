"""How many people a group may write to in a day: few while nobody knows it, and never a flood.

A new group writes to 50 people a day until it has run five dates, or a coordinator trusts it
earlier. Everybody else may write to 500: enough for a fair, and no use to a spammer. A day is the
last 24 hours.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.models import Group

A_DAY = dt.timedelta(hours=24)
MOST_WHILE_NEW = 50
MOST_A_DAY = 500
DATES_TO_RUN = 5


class TooManyToday(Refused):
    """That’s more people than your group may write to in a day."""


# A date was run when somebody's hours of it are in. No more of them are looked at than count.
USED = """
SELECT (SELECT coalesce(sum(m.people), 0) FROM group_message m
         WHERE m.group_id = g.id AND m.created_at > :since) AS written_to,
       (SELECT count(*) FROM (
          SELECT FROM series x JOIN event e ON e.series_id = x.id
           WHERE x.group_id = g.id AND e.ends_at <= :now
             AND EXISTS (SELECT FROM claim c WHERE c.event_id = e.id AND c.state = 'attended')
           LIMIT :enough) AS run) AS dates
  FROM community_group g WHERE g.id = :group_id
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many people a group may write to.

    Attributes:
        most: In any 24 hours.
        left: Of these, at this moment; never below 0.
        dates: How many dates it has run, as far as that counts.
        is_new: It is limited because nobody knows it yet.
    """

    most: int
    left: int
    dates: int
    is_new: bool


def allowance_of(session: Session, *, group_id: int, now: dt.datetime) -> Allowance:
    """Tell how many people a group may still write to."""
    group = session.get_one(Group, group_id)
    values = {"group_id": group_id, "since": now - A_DAY, "now": now, "enough": DATES_TO_RUN}
    used = session.execute(sa.text(USED), values).one()
    is_new = group.trusted_at is None and used.dates < DATES_TO_RUN
    most = MOST_WHILE_NEW if is_new else MOST_A_DAY
    return Allowance(most, max(0, most - used.written_to), used.dates, is_new)


def require_room(allowance: Allowance, *, people: int) -> None:
    """Refuse more people than a group may write to.

    Raises:
        TooManyToday: It says what is left today, and what would change that.
    """
    if people <= allowance.left:
        return
    who = "A new group" if allowance.is_new else "A group"
    said = (
        f"{who} may write to {allowance.most} people a day. Of these, {allowance.left} are left"
        f" today, and this would go to {people}."
    )
    more = " A coordinator can lift that: ring us." if allowance.is_new else ""
    raise TooManyToday(said + more, field="whom")


def trust(session: Session, *, group: Group, by: int, now: dt.datetime) -> None:
    """Let a new group write to as many people as others; once is enough.

    Args:
        session: The session.
        group: Which.
        by: The coordinator's membership.
        now: When.
    """
    if group.trusted_at is None:
        group.trusted_at, group.trusted_by = now, by
        session.flush()
