"""The weekly mail: what's on, what is needed that its reader does, their hours, and what was kept.

Planned by one statement when its hour has come, once a person and week. What somebody would rather
read once a week is kept for it (`keep`), and what has nothing to say is not sent.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain import ledger
from timebank.domain import outbox
from timebank.domain.notices import together
from timebank.domain.notices.choosing import WEEKLY_AHEAD
from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.families import Family
from timebank.domain.notices.letters import Letter
from timebank.domain.rota import reading
from timebank.domain.rota import whats_on
from timebank.domain.rota.could_do import Doable
from timebank.domain.rota.could_do import Wishes
from timebank.domain.rota.could_do import could_do
from timebank.domain.rota.reading import Turn
from timebank.domain.rota.whats_on import Date
from timebank.models import How
from timebank.models import NoticeKind

BEHIND = dt.timedelta(days=7)
WORTH = dt.timedelta(days=3)
MOST_DATES = 6
MOST_JOBS = 5
MOST_ENTRIES = 50

# The day is the latest of theirs, on the community's clocks. One that was missed by two days is
# not made up: the next is near.
DUE = """
INSERT INTO notice (community_id, person_id, kind, dedupe_key, not_before, expires_at)
SELECT c.community_id, m.person_id, 'weekly',
       format('weekly-%s-%s', m.id, to_char(latest.day, 'IYYY-IW')),
       moment.at, moment.at + :worth
  FROM mail_choice c
  JOIN membership m ON m.id = c.membership_id AND m.standing <> 'left'
  JOIN community t ON t.id = c.community_id
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
 CROSS JOIN LATERAL (
   SELECT (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::date AS today) AS local
 CROSS JOIN LATERAL (
   SELECT today - (extract(isodow FROM today)::int - c.weekly_on + 7) % 7 AS day) AS latest
 CROSS JOIN LATERAL (
   SELECT (day + make_time(c.weekly_hour, 0, 0)) AT TIME ZONE t.timezone AS at) AS moment
 WHERE (c.weekly OR 'weekly' IN (c.turns, c.asking, c.neighbours, c.hours))
   AND moment.at <= :now AND moment.at > :now - interval '2 days'
    ON CONFLICT DO NOTHING
"""
WAITING = "SELECT id FROM notice WHERE dedupe_key = :key AND state = 'pending' FOR UPDATE"
KEEP = "UPDATE notice SET told_in_id = :in_id WHERE id = :notice_id AND state = 'cancelled'"
# Two may wait, of this week and the next: one is moved, that of the same week if there is one, and
# the other goes when it would.
MOVE = """
UPDATE notice n SET dedupe_key = :key, not_before = :at, expires_at = :at + :worth
 WHERE n.id = (SELECT id FROM notice
                WHERE kind = 'weekly' AND community_id = :community_id AND person_id = :person_id
                  AND state = 'pending'
                ORDER BY dedupe_key = :key DESC, not_before DESC LIMIT 1 FOR UPDATE)
   AND NOT EXISTS (SELECT FROM notice same WHERE same.dedupe_key = :key AND same.id <> n.id)
"""
CALL_OFF = """
UPDATE notice SET state = 'cancelled', last_error = 'they ended the weekly mail'
 WHERE kind = 'weekly' AND community_id = :community_id AND person_id = :person_id
   AND state IN ('pending', 'leased')
"""
HAS_DONE = """
SELECT DISTINCT r.name FROM claim c JOIN slot s ON s.id = c.slot_id JOIN role r ON r.id = s.role_id
 WHERE c.membership_id = :membership_id AND c.state = 'attended'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What the weekly mail brings.

    Attributes:
        turns: Their own turns of the coming week.
        needed: Jobs of dates that can't start without one more, what they have done before first.
        dates: What is on near them in the coming week.
        minutes_in: What came into their account in the last week; `minutes_out` what went out.
        balance_minutes: What is on it now.
        kept: Messages they would rather read once a week.
    """

    turns: tuple[Turn, ...] = ()
    needed: tuple[Doable, ...] = ()
    dates: tuple[Date, ...] = ()
    minutes_in: int = 0
    minutes_out: int = 0
    balance_minutes: int = 0
    kept: tuple[Letter, ...] = ()

    @property
    def has_hours(self) -> bool:
        """Whether anything moved on their account."""
        return bool(self.minutes_in or self.minutes_out)

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to say."""
        return not (self.turns or self.needed or self.dates or self.has_hours or self.kept)


def plan_due(session: Session, *, now: dt.datetime) -> int:
    """Write every weekly mail whose hour has come, in one statement -> how many."""
    values = {"now": now, "worth": WORTH}
    return session.execute(sa.text(DUE), values).rowcount  # type: ignore[attr-defined, no-any-return]


def keep(session: Session, *, notice_id: int, choices: Choices, now: dt.datetime) -> None:
    """Keep a message, ended already, for the weekly mail that goes next.

    The mail's row is locked: a worker that takes it at this moment waits, and then finds this too.
    """
    at = choices.next_weekly(after=now)
    while True:
        key = _key(choices, at)
        outbox.post_notices(session, [_message(choices, key, at)])
        in_id = session.scalar(sa.text(WAITING), {"key": key})
        if in_id is not None:
            break
        at = choices.next_weekly(after=at)  # this week's has left
    session.execute(sa.text(KEEP), {"in_id": in_id, "notice_id": notice_id})


def move_to_their_hour(session: Session, *, choices: Choices, now: dt.datetime) -> None:
    """Let what waits for a weekly mail go with the next one by what they have just chosen.

    After a pause: before it is over, nothing would be sent, and it would come to be too late.
    """
    at = choices.next_weekly(after=max(now, choices.paused_until or now))
    session.execute(
        sa.text(MOVE),
        {
            "key": _key(choices, at),
            "at": at,
            "worth": WORTH,
            "community_id": choices.community_id,
            "person_id": choices.person_id,
        },
    )


def call_off(session: Session, *, choices: Choices) -> None:
    """Let no weekly mail go that waits: they want none of it any more."""
    whose = {"community_id": choices.community_id, "person_id": choices.person_id}
    session.execute(sa.text(CALL_OFF), whose)


def read_week(
    session: Session, *, notice_id: int | None, choices: Choices, now: dt.datetime
) -> Week:
    """Read what a weekly mail has to say at this moment.

    Args:
        session: The session.
        notice_id: Of the mail; None: only to show what the next one would bring.
        choices: Whose.
        now: When.
    """
    kept = _kept(session, notice_id, choices, now) if notice_id else ()
    turns = _turns(session, choices, now) if _wants_turns(choices) else ()
    if not choices.weekly:
        return Week(turns=turns, kept=kept)
    minutes_in, minutes_out = _moved(session, choices, now)
    return Week(
        turns=turns,
        needed=_needed(session, choices, now),
        dates=_dates(session, choices, now),
        minutes_in=minutes_in,
        minutes_out=minutes_out,
        balance_minutes=ledger.balance(session, membership_id=choices.membership_id or 0),
        kept=kept,
    )


def _kept(
    session: Session, notice_id: int, choices: Choices, now: dt.datetime
) -> tuple[Letter, ...]:
    """Read what was kept for it, but for what they have ended meanwhile."""
    told = together.told_in(session, notice_id=notice_id, now=now)
    return tuple(letter for letter in told if choices.how(letter.kind) is not How.NONE)


def _wants_turns(choices: Choices) -> bool:
    return choices.weekly or choices.hows[Family.TURNS] is How.WEEKLY


def _turns(session: Session, choices: Choices, now: dt.datetime) -> tuple[Turn, ...]:
    mine = choices.membership_id or 0
    turns = reading.coming_turns(session, membership_id=mine, now=now)
    return tuple(
        turn for turn in turns if turn.starts_at < now + WEEKLY_AHEAD and not turn.is_held
    )


def _needed(session: Session, choices: Choices, now: dt.datetime) -> tuple[Doable, ...]:
    """Read what is needed that they may do and have time for; nothing where they're not asked."""
    if choices.hows[Family.ASKING] is How.NONE:
        return ()
    found = could_do(
        session,
        community_id=choices.community_id,
        zone=choices.zone,
        wishes=Wishes(near=choices.near, needed_first=True),
        now=now,
        person_id=choices.person_id,
        membership_id=choices.membership_id,
    )
    values = {"membership_id": choices.membership_id}
    has_done = set(session.scalars(sa.text(HAS_DONE), values))
    needed = [job for job in found.jobs if job.is_needed]
    needed.sort(key=lambda job: (job.name not in has_done, job.starts_at, job.slot_id))
    return tuple(needed[:MOST_JOBS])


def _dates(session: Session, choices: Choices, now: dt.datetime) -> tuple[Date, ...]:
    found = whats_on.coming_dates(
        session,
        community_id=choices.community_id,
        now=now,
        until=now + WEEKLY_AHEAD,
        near=choices.near,
        most=MOST_DATES,
    )
    return tuple(date for date in found if not date.is_cancelled)


def _moved(session: Session, choices: Choices, now: dt.datetime) -> tuple[int, int]:
    mine = choices.membership_id or 0
    entries = ledger.recent_entries(session, membership_id=mine, limit=MOST_ENTRIES)
    lately = [entry.minutes for entry in entries if entry.written_at > now - BEHIND]
    coming = sum(minutes for minutes in lately if minutes > 0)
    return coming, coming - sum(lately)


def _key(choices: Choices, at: dt.datetime) -> str:
    year, week, _day = clock.local_date(at, choices.zone).isocalendar()
    return f"weekly-{choices.membership_id}-{year:04}-{week:02}"


def _message(choices: Choices, key: str, at: dt.datetime) -> outbox.Message:
    return outbox.Message(
        community_id=choices.community_id,
        person_id=choices.person_id,
        kind=NoticeKind.WEEKLY,
        dedupe_key=key,
        not_before=at,
        expires_at=at + WORTH,
    )
