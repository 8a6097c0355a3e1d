"""The letter about somebody's fortnight, for those who read no e-mail: one, or many at once.

Four statements, however many letters.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import first_name
from timebank.domain import acting

AHEAD = dt.timedelta(days=14)
LATELY = dt.timedelta(days=28)
MOST_DEEDS = 2000
MOST_TURNS = 6  # as many as stay on one page
SHORT_TURNS = 2
SHORT_DEEDS = 3


@dataclass(frozen=True, slots=True)
class ComingTurn:
    """A turn of the next fortnight, as a letter tells it.

    Attributes:
        arrives_at: When to be there, where that is before the turn begins; else None.
        bring: What to bring for the job and for the event, in the organisers' words.
        organiser: First name of somebody who runs it, or None.
    """

    job: str
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    arrives_at: dt.datetime | None
    venue: str
    address: str
    bring: tuple[str, ...]
    organiser: str | None


@dataclass(frozen=True, slots=True)
class FortnightLetter:
    """One page for one member.

    Attributes:
        came_in_minutes: What they earned or were given over the last four weeks.
        balance_minutes: Credits minus debits.
        turns: The first of them; `more_turns` did not fit.
        grants: Who may act for them now, or was told no longer to of late.
        deeds: What helpers did for them over the last four weeks.
    """

    membership_id: int
    full_name: str
    came_in_minutes: int
    balance_minutes: int
    turns: tuple[ComingTurn, ...]
    more_turns: int
    grants: tuple[acting.Grant, ...]
    deeds: tuple[acting.Deed, ...]

    @property
    def is_long(self) -> bool:
        """Whether it needs smaller letters to stay on one page."""
        return len(self.turns) > SHORT_TURNS or len(self.deeds) > SHORT_DEEDS


WHO = sa.text("""
SELECT m.id, p.full_name, a.balance,
       coalesce((SELECT sum(t.minutes) FROM transfer t
                  WHERE t.credit_id = a.id AND t.happened_on > :since
                    AND t.kind NOT IN ('reversal', 'opening', 'top_up', 'closing')
                    AND NOT EXISTS (SELECT FROM transfer back WHERE back.reverses_id = t.id)),
                0)::bigint AS came_in
  FROM membership m
  JOIN profile p ON p.person_id = m.person_id
  JOIN account a ON a.membership_id = m.id
 WHERE m.community_id = :community_id AND m.id = ANY (:ids) AND m.standing <> 'left'
 ORDER BY lower(p.full_name), m.id
""")

TURNS = sa.text("""
SELECT c.membership_id, r.name AS job, x.title, c.starts_at, c.ends_at,
       CASE WHEN r.arrive_minutes_before > 0
            THEN c.starts_at - make_interval(mins => r.arrive_minutes_before) END AS arrives_at,
       v.name AS venue, v.address, r.bring AS job_bring, x.bring,
       (SELECT runs.full_name FROM group_organiser o
          JOIN membership m ON m.id = o.membership_id AND m.standing <> 'left'
          JOIN profile runs ON runs.person_id = m.person_id
         WHERE o.group_id = x.group_id ORDER BY o.membership_id LIMIT 1) AS organiser
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = c.event_id AND e.state = 'planned'
  JOIN series x ON x.id = e.series_id
  JOIN venue v ON v.id = e.venue_id
 WHERE c.membership_id = ANY (:ids) AND c.state = 'confirmed'
   AND c.ends_at > :now AND c.starts_at < :until
 ORDER BY c.starts_at, c.id
""")


def read_letters(
    session: Session,
    *,
    community_id: int,
    membership_ids: Sequence[int],
    today: dt.date,
    now: dt.datetime,
) -> list[FortnightLetter]:
    """Read what the letters of these members say, by name."""
    ids = list(membership_ids)
    values = {"community_id": community_id, "ids": ids, "since": today - LATELY}
    people = session.execute(WHO, values).all()
    turns = _turns(session, ids, now)
    grants = _grants(session, community_id, ids, today, now)
    deeds = _deeds(session, community_id, ids, now)
    return [
        FortnightLetter(
            membership_id=row.id,
            full_name=row.full_name,
            came_in_minutes=row.came_in,
            balance_minutes=row.balance,
            turns=tuple(turns[row.id][:MOST_TURNS]),
            more_turns=max(0, len(turns[row.id]) - MOST_TURNS),
            grants=tuple(grants[row.id]),
            deeds=tuple(deeds[row.id]),
        )
        for row in people
    ]


def _turns(session: Session, ids: list[int], now: dt.datetime) -> dict[int, list[ComingTurn]]:
    found: defaultdict[int, list[ComingTurn]] = defaultdict(list)
    for row in session.execute(TURNS, {"ids": ids, "now": now, "until": now + AHEAD}):
        turn = ComingTurn(
            job=row.job,
            title=row.title,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            arrives_at=row.arrives_at,
            venue=row.venue,
            address=row.address or "",
            bring=tuple(filter(None, (row.job_bring, row.bring))),
            organiser=first_name(row.organiser) if row.organiser else None,
        )
        found[row.membership_id].append(turn)
    return found


def _grants(
    session: Session, community_id: int, ids: list[int], today: dt.date, now: dt.datetime
) -> dict[int, list[acting.Grant]]:
    found: defaultdict[int, list[acting.Grant]] = defaultdict(list)
    for grant in acting.read_grants(session, community_id=community_id, today=today, of=ids):
        ended_of_late = grant.ended_at is not None and grant.ended_at > now - LATELY
        if not grant.is_over or ended_of_late:
            found[grant.member_id].append(grant)
    return found


def _deeds(
    session: Session, community_id: int, ids: list[int], now: dt.datetime
) -> dict[int, list[acting.Deed]]:
    found: defaultdict[int, list[acting.Deed]] = defaultdict(list)
    deeds = acting.read_deeds(
        session, community_id=community_id, of=ids, since=now - LATELY, most=MOST_DEEDS
    )
    for deed in deeds:
        found[deed.member_id].append(deed)
    return found
