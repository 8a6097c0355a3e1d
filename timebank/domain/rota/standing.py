"""Standing turns: "every date", "every first Saturday". New dates get a claim for each by a job.

A date is given once: whoever drops it, hands it over or makes room there is not put back. What
stands in the way today (a full job, another turn, a rule) is tried again the next night.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import outbox
from timebank.domain.events.rhythm import nth_of_month
from timebank.domain.rota import claiming
from timebank.domain.rota import telling
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.taking import NewClaim
from timebank.domain.rota.taking import Terms
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import NoticeKind
from timebank.models import Slot
from timebank.models import StandingTurn

AHEAD = dt.timedelta(weeks=8)


class StandsAlready(Refused):
    """That job is yours every time already. End that first to change it."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A standing turn as its holder's page shows it.

    Attributes:
        nth: Which such weekday of its month, 5 for the last; None: every date.
        day: A day it falls on, for the name of the weekday.
        coming: How many turns by it are still to come.
    """

    standing_id: int
    job: str
    title: str
    slug: str
    nth: int | None
    day: dt.date
    coming: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A date for which a standing turn has no claim yet."""

    standing_id: int
    event_id: int
    slot_id: int
    membership_id: int


PROMISES = sa.text("""
SELECT t.id, r.name, x.title, x.slug, t.nth, t.from_on,
       (SELECT count(*) FROM claim c WHERE c.standing_id = t.id AND c.live AND c.ends_at > :now)
  FROM standing_turn t
  JOIN role r ON r.id = t.role_id
  JOIN series x ON x.id = t.series_id
 WHERE t.membership_id = :membership_id AND t.ended_at IS NULL
 ORDER BY x.title, r.position, t.id
""")

# A claim by the standing turn, whatever became of it, settles the date; so does one of their own
# that they gave up since they made the promise.
MISSING = sa.text("""
SELECT t.id, e.id, s.id, t.membership_id
  FROM standing_turn t
  JOIN series x ON x.id = t.series_id AND x.state = 'published'
  JOIN membership m ON m.id = t.membership_id AND m.standing <> 'left'
  JOIN event e ON e.series_id = t.series_id AND e.state = 'planned'
              AND e.occurs_on >= t.from_on AND e.occurs_on <= coalesce(t.until_on, 'infinity')
              AND e.starts_at < :until
              AND (m.paused_at IS NULL OR e.starts_at >= m.paused_until)
  JOIN slot s ON s.event_id = e.id AND s.role_id = t.role_id AND s.turn = t.turn
             AND s.closed_at IS NULL AND s.starts_at > :now
 WHERE t.ended_at IS NULL
   AND (CAST(:standing_id AS bigint) IS NULL OR t.id = :standing_id)
   AND (t.nth IS NULL OR t.nth = (extract(day FROM e.occurs_on)::int - 1) / 7 + 1
        OR t.nth = 5 AND extract(month FROM e.occurs_on + 7) <> extract(month FROM e.occurs_on))
   AND NOT EXISTS (SELECT FROM claim c
                    WHERE c.event_id = e.id AND c.standing_id = t.id)
   AND NOT EXISTS (SELECT FROM claim c
                    WHERE c.slot_id = s.id AND c.membership_id = t.membership_id
                      AND (c.live OR c.withdrawn_because <> 'lapsed'
                                     AND c.withdrawn_at > t.created_at))
   AND (SELECT count(*) FROM claim c WHERE c.slot_id = s.id AND c.live) < s.places
   AND NOT EXISTS (SELECT FROM claim c
                    WHERE c.membership_id = t.membership_id AND c.binds
                      AND tstzrange(c.starts_at, c.ends_at) && tstzrange(s.starts_at, s.ends_at))
 ORDER BY e.starts_at, t.id
""")


def promise(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    by: int,
    is_every_date: bool,
    now: dt.datetime,
) -> StandingTurn:
    """Promise a job for every date, or for every first (second, last ...) weekday like this one.

    The dates themselves are given by `missing` and `give`.

    Args:
        session: The session.
        slot_id: The job on one of its dates; it begins on that date.
        membership_id: Whose promise.
        by: Who writes it down: themselves, or an organiser.
        is_every_date: Else only the dates that fall on the same such weekday of their month.
        now: When.

    Raises:
        StandsAlready: They have the job as a standing turn.
        NotFound: No such job.
    """
    row = session.execute(
        sa.select(Slot, Event.occurs_on)
        .join(Event, Event.id == Slot.event_id)
        .where(Slot.id == slot_id)
    ).first()
    if row is None:
        raise NotFound
    slot, day = row
    lock_event(session, slot.event_id)
    values = {
        "community_id": slot.community_id,
        "series_id": slot.series_id,
        "role_id": slot.role_id,
        "turn": slot.turn,
        "membership_id": membership_id,
        "nth": None if is_every_date else nth_of_month(day),
        "from_on": day,
        "made_by": by,
        "created_at": now,
    }
    made = session.scalars(
        insert(StandingTurn).values(values).on_conflict_do_nothing().returning(StandingTurn)
    ).first()
    if made is None:
        raise StandsAlready(field="often")
    _adopt(session, made, slot)
    return made


def end(session: Session, *, standing_id: int, membership_id: int, now: dt.datetime) -> None:
    """Promise no new dates; the turns already given stay. Twice is the same as once.

    Raises:
        NotFound: Not theirs.
    """
    found = session.get(StandingTurn, standing_id, with_for_update=True, populate_existing=True)
    if found is None or found.membership_id != membership_id:
        raise NotFound
    if found.ended_at is None:
        found.ended_at = now
        session.flush()


def promises_of(session: Session, *, membership_id: int, now: dt.datetime) -> list[Promise]:
    """Read a member's standing turns, in one statement."""
    rows = session.execute(PROMISES, {"membership_id": membership_id, "now": now})
    return [Promise(*row) for row in rows]


def missing(
    session: Session, *, now: dt.datetime, standing_id: int | None = None
) -> Sequence[Missing]:
    """List the dates of the next eight weeks that a standing turn still has to be given.

    Args:
        session: The session.
        now: When.
        standing_id: Only of this one.
    """
    values = {"now": now, "until": now + AHEAD, "standing_id": standing_id}
    return [Missing(*row) for row in session.execute(MISSING, values)]


def give(session: Session, *, one: Missing, now: dt.datetime) -> NewClaim | None:
    """Give a standing turn one date, or leave it when something stands in the way.

    Each date is a transaction of its own: two dates locked at once could wait for each other.
    """
    lock_event(session, one.event_id)
    made = session.get(StandingTurn, one.standing_id, populate_existing=True)
    had = sa.exists().where(Claim.event_id == one.event_id, Claim.standing_id == one.standing_id)
    if made is None or made.ended_at is not None or session.scalar(sa.select(had)):
        return None
    try:
        taken = claiming.claim_slot(
            session,
            slot_id=one.slot_id,
            membership_id=one.membership_id,
            terms=Terms(standing_id=one.standing_id),
            now=now,
        )
    except (Refused, Conflict, NotFound):
        return None
    if made.made_by != made.membership_id:
        _tell_once(session, made, taken, now)
    return taken


def _adopt(session: Session, made: StandingTurn, slot: Slot) -> None:
    """Make the turn it was begun from the first of its own."""
    session.execute(
        sa.update(Claim)
        .where(Claim.slot_id == slot.id, Claim.membership_id == made.membership_id)
        .where(Claim.state == ClaimState.CONFIRMED, Claim.guest_of.is_(None))
        .values(standing_id=made.id)
        .execution_options(synchronize_session=False)
    )


def _tell_once(session: Session, made: StandingTurn, taken: NewClaim, now: dt.datetime) -> None:
    """Tell somebody whom an organiser put down for every time, with the first of their dates."""
    claim = session.get_one(Claim, taken.id)
    if not telling.reads_mail(session, claim.person_id):
        return
    message = outbox.Message(
        community_id=claim.community_id,
        person_id=claim.person_id,
        kind=NoticeKind.PUT_DOWN,
        dedupe_key=f"standing-{made.id}.put_down",
        not_before=now,
        expires_at=claim.ends_at,
        facts={"claim_id": str(claim.id), "standing": "yes"},
    )
    outbox.post_notices(session, [message])
