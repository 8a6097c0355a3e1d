"""How far a notice has come: pending, leased, handover, and then one of five ends.

The promise: sent at most once, always attempted until it is no longer worth telling, and a message
whose fate nobody knows is shown as uncertain, never sent again by itself.

A worker leases rows for a while, each with a token of its own. Before it lets go of a message it
passes the fence, `hand_over`, which only the holder of the token passes: a process that slept
beyond its lease stops there. Whoever dies behind the fence leaves an uncertain notice, before it
leased ones that the next worker takes. What was leased and not tried is given back as it was, and
so is what was undone between being looked up and the fence: looked up again, it is cancelled.

Several rows are leased at once, since looking them up together takes a tenth of the time. Who
waits for a mail at this very moment has it leased alone, so that a worker that dies holds up one
of them at most. So has a notice that a worker died with before: where it was the reason, it takes
no others along, and only its own deaths count.

A mail server that is away lets all mail rest (`MailRest`), and costs no notice a try. What is put
back, because it was refused for now or cannot be worded, waits longer each time, and is failed in
the end. A notice that every worker died of is failed, too: none may stand in the way of others.

Times here are the database's own, so that no clock of a worker decides; that is why no function
takes `now`. Each is one statement; the job commits after each.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import suppression
from timebank.models import MailRest
from timebank.models import NoticeState
from timebank.models import Way

# The fence, and what was sent, are written on a connection that is kept: one way there and back.
Doing = Session | sa.Connection

MOST_COUNTED = 1000
MOST_REFUSALS = 48
MOST_WORDINGS = 12
MOST_DEATHS = 12
SAME_WAIT = 3  # so many tries wait equally long, then longer by one step
LONGEST_WAIT = 12  # steps: an hour, where a step is five minutes
TAKES_NO_MAIL = "the address does not take mail"

# A lease or rest that ends long from now was given before the clock was put back: it is over.
# Whoever holds such a lease still stops at the fence.
OVER = "(lease_until < now() OR lease_until > now() + interval '30 minutes')"
RESTED = "(rests_until <= now() OR rests_until > now() + interval '30 minutes')"

# While the mail server is away nobody takes anything: each notice would only be leased in vain.
DUE = f"""
not_before <= now() AND expires_at > now() AND (state = 'pending' OR state = 'leased' AND {OVER})
AND NOT EXISTS (SELECT FROM mail_rest WHERE NOT {RESTED})
"""

# Who waits for it at this very moment, or for whom a place is held meanwhile, comes before
# reminders that were due earlier, however many.
URGENT = "kind IN ('sign_in', 'confirm_claim', 'place_offered')"

# Nobody has died with it: what is counted as taken was put back each time.
UNHARMED = "attempts <= refusals"

# SKIP LOCKED: workers side by side each take other rows, and none waits. A part is not run where
# one before it has found something. The first two read an index each.
FIRST_DUE = f"""
nullif(ARRAY(SELECT id FROM notice WHERE {{only}} {DUE}
              ORDER BY not_before, id LIMIT {{most}} FOR UPDATE SKIP LOCKED), '{{{{}}}}')
"""  # noqa: S608
LEASE = f"""
UPDATE notice
   SET state = 'leased', lease_token = gen_random_uuid(), lease_until = now() + :lasts,
       attempts = attempts + 1
 WHERE id = ANY(coalesce({FIRST_DUE.format(only=f"{URGENT} AND", most=1)},
                         {FIRST_DUE.format(only=f"{UNHARMED} AND", most=":most")},
                         {FIRST_DUE.format(only="", most=1)}))
RETURNING id, lease_token, person_id,
          kind = 'sign_in' OR NOT {suppression.SUPPRESSED.format(person_id="notice.person_id")},
          not_before
"""  # noqa: S608 - our own words only

# What was undone since it was looked up is not told: a turn given back or moved, a date called
# off, an address that is another by now. Each is one row by its key. Of somebody erased there is
# no notice any more.
FENCE = """
UPDATE notice n SET state = 'handover', lease_until = now() + :lasts, way = :way
 WHERE id = :notice_id AND lease_token = :token AND state = 'leased'
   AND NOT EXISTS (
     SELECT FROM claim c JOIN event e ON e.id = c.event_id
      WHERE c.id = :claim_id
        AND (c.state <> :claim_state OR e.state <> :event_state
             OR (c.starts_at = n.starts_at) <> CAST(:is_claim_unmoved AS boolean)))
   AND NOT EXISTS (
     SELECT FROM profile p
      WHERE p.person_id = n.person_id AND p.email IS DISTINCT FROM CAST(:email AS text)
        AND CAST(:email AS text) IS NOT NULL)
"""

# The token still matches where the sweep was quicker and called the notice uncertain: a clear
# answer is better than none. Nobody else can have taken the row from there.
OURS = "id = :notice_id AND lease_token = :token AND state IN ('leased', 'handover', 'uncertain')"
END = f"""
UPDATE notice SET state = CAST(:state AS text), last_error = :why,
                  lease_token = NULL, lease_until = NULL
 WHERE {OURS}
"""  # noqa: S608

# Certainly not taken on the way that they chose: it goes on by mail, behind the fence again.
GO_BY_MAIL = f"""
UPDATE notice SET state = 'leased', way = 'mail', last_error = :why,
                  lease_until = now() + :lasts
 WHERE {OURS}
"""  # noqa: S608

# Certainly not taken, and no mail stands behind it: it is as it was before the fence.
STEP_BACK = f"""
UPDATE notice SET state = 'leased', way = NULL WHERE {OURS}
"""  # noqa: S608

# What was sent is written down at once, and not waited for until it is on the disk: should the
# database die before, the notice stands behind its fence, which was, and is uncertain. The next
# fence brings both there.
SENT = f"""
UPDATE notice SET state = 'sent', last_error = NULL, lease_token = NULL, lease_until = NULL,
                  sent_at = now()
 WHERE {OURS} AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
"""  # noqa: S608

PUT_BACK = f"""
UPDATE notice SET state = CASE WHEN :worded AND refusals - wordings + 1 >= {MOST_REFUSALS}
                                 OR NOT :worded AND wordings + 1 >= {MOST_WORDINGS}
                               THEN 'failed' ELSE 'pending' END,
                  last_error = :why, lease_token = NULL, lease_until = NULL,
                  wordings = wordings + CAST(NOT :worded AS integer),
                  refusals = refusals + 1, due_at = coalesce(due_at, not_before),
                  not_before = now() + :step * least(1 + refusals / {SAME_WAIT}, {LONGEST_WAIT})
 WHERE {OURS}
"""  # noqa: S608

LET_GO = """
UPDATE notice SET state = 'pending', last_error = :why, lease_token = NULL, lease_until = NULL,
                  attempts = attempts - 1
 WHERE id = :notice_id AND lease_token = :token AND state = 'leased'
"""

# What somebody takes back at this moment is left to them: nobody waits for the other in a circle.
GIVE_BACK = """
UPDATE notice SET state = 'pending', lease_token = NULL, lease_until = NULL,
                  attempts = attempts - 1
 WHERE id = ANY(ARRAY(
   SELECT id FROM notice
    WHERE state = 'leased' AND (id, lease_token) IN (
      SELECT * FROM unnest(CAST(:notice_ids AS bigint[]), CAST(:tokens AS uuid[])))
      FOR UPDATE SKIP LOCKED))
"""

REST = f"""
INSERT INTO mail_rest AS rest (why, rests_until) VALUES (:why, now() + :first)
    ON CONFLICT (is_one) DO UPDATE
   SET tries = rest.tries + 1, why = excluded.why,
       rests_until = now() + least(:first * power(2, least(rest.tries, 20)), :longest)
 WHERE {RESTED.replace("rests_until", "rest.rests_until")}
"""  # noqa: S608

# Nothing was tried, so it does not count as a try. To a worker whose clock is behind ours the row
# would be due again and again: it waits a minute at least.
# It is due by its reader's choice from then on, so a put-back of before makes it late no more.
POSTPONE = """
UPDATE notice SET state = 'pending', last_error = :why, lease_token = NULL, lease_until = NULL,
                  not_before = greatest(:until, now() + interval '1 minute'), due_at = NULL,
                  attempts = greatest(attempts - 1, 0)
 WHERE id = :notice_id AND lease_token = :token AND state = 'leased'
"""

SWEEP = (
    f"""
UPDATE notice SET state = 'uncertain', last_error = 'the worker died while handing it over'
 WHERE state = 'handover' AND {OVER}
""",  # noqa: S608
    f"""
UPDATE notice SET state = 'expired', lease_token = NULL, lease_until = NULL
 WHERE expires_at <= now() AND (state = 'pending' OR state = 'leased' AND {OVER})
""",  # noqa: S608
    f"""
UPDATE notice SET state = 'failed', last_error = 'every worker that took it died',
                  lease_token = NULL, lease_until = NULL
 WHERE state = 'leased' AND {OVER} AND attempts - refusals >= {MOST_DEATHS}
""",  # noqa: S608
)

COUNT_DUE = f"SELECT count(*) FROM (SELECT FROM notice WHERE {DUE} LIMIT :most) AS due"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deliver one notice, for a while.

    Attributes:
        takes_mail: Whether its person's address does; a sign-in mail is always tried.
    """

    notice_id: int
    token: uuid.UUID
    person_id: int
    takes_mail: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a message was worded by, as it was looked up; None: it is about no such thing."""

    claim_id: int | None = None
    claim_state: str | None = None
    is_claim_unmoved: bool | None = None
    event_state: str | None = None
    email: str | None = None


NOTHING_SEEN = Seen()


def lease_notices(session: Session, *, most: int, lasts: dt.timedelta) -> list[Lease]:
    """Take the notices that have been due longest, in this order; none when nothing is due.

    One alone, where somebody waits for it now, or a worker died with it before.
    """
    rows = session.execute(sa.text(LEASE), {"most": most, "lasts": lasts}).all()
    return [Lease(*row[:4]) for row in sorted(rows, key=lambda row: (row.not_before, row.id))]


def lease_notice(session: Session, *, lasts: dt.timedelta) -> Lease | None:
    """Take the notice that has been due longest, or None when nothing is due."""
    return next(iter(lease_notices(session, most=1, lasts=lasts)), None)


def hand_over(
    session: Doing,
    *,
    lease: Lease,
    lasts: dt.timedelta,
    way: Way = Way.MAIL,
    seen: Seen = NOTHING_SEEN,
) -> bool:
    """Pass the fence, right before the message leaves us.

    Args:
        session: The session, or a connection that is kept.
        lease: Of the notice.
        lasts: How long until whoever is behind the fence counts as dead.
        way: How it goes.
        seen: What it was worded by.

    Returns:
        False: leave it; it is not ours, or no longer so and to be looked at anew.
    """
    return _change(session, FENCE, lease, lasts=lasts, way=way.value, **asdict(seen))


def go_by_mail(session: Session, *, lease: Lease, lasts: dt.timedelta, why: str) -> bool:
    """Let it go by mail after all, now and ever after; False: leave it, it is not ours.

    Args:
        session: The session.
        lease: Of the notice.
        lasts: How long the lease is from now on.
        why: Codes of whoever did not take it.
    """
    return _change(session, GO_BY_MAIL, lease, lasts=lasts, why=why)


def step_back(session: Session, *, lease: Lease) -> bool:
    """Come back from behind the fence: it was certainly not taken."""
    return _change(session, STEP_BACK, lease)


def mark_sent(session: Doing, *, lease: Lease) -> bool:
    """Note that the mail server has taken the message."""
    return _change(session, SENT, lease)


def mark_failed(session: Session, *, lease: Lease, why: str) -> bool:
    """Note that the mail server will never take it."""
    return _change(session, END, lease, state=NoticeState.FAILED.value, why=why)


def mark_cancelled(session: Session, *, lease: Lease, why: str) -> bool:
    """Note that what it tells is no longer so."""
    return _change(session, END, lease, state=NoticeState.CANCELLED.value, why=why)


def mark_uncertain(session: Session, *, lease: Lease, why: str) -> bool:
    """Note that it left us and no answer came; it is not sent again by itself."""
    return _change(session, END, lease, state=NoticeState.UNCERTAIN.value, why=why)


def put_back(
    session: Session, *, lease: Lease, step: dt.timedelta, why: str, worded: bool = True
) -> bool:
    """Let it be tried again after a while, up to a limit; it was certainly not taken.

    Args:
        session: The session.
        lease: Of the notice.
        step: How long it waits the first times; later several times as long.
        why: Codes of the mail server, never an address.
        worded: False: we could not word it. That is counted apart, and failed sooner.
    """
    return _change(session, PUT_BACK, lease, step=step, why=why, worded=worded)


def let_go(session: Session, *, lease: Lease, why: str) -> bool:
    """Give it back as it was: the mail server was away, and never heard of it."""
    return _change(session, LET_GO, lease, why=why)


def give_back(session: Session, *, leases: Sequence[Lease]) -> None:
    """Give back what was leased and not tried, as it was."""
    values = {
        "notice_ids": [lease.notice_id for lease in leases],
        "tokens": [lease.token for lease in leases],
    }
    session.execute(sa.text(GIVE_BACK), values)


def rest(session: Session, *, why: str, first: dt.timedelta, longest: dt.timedelta) -> None:
    """Leave the mail server alone for a while, twice as long each time it is still away.

    Args:
        session: The session.
        why: Codes, never an address.
        first: How long the first time.
        longest: How long at most.
    """
    session.execute(sa.text(REST), {"why": why, "first": first, "longest": longest})


def end_rest(session: Session) -> None:
    """Note that the mail server answers."""
    session.execute(sa.delete(MailRest))


def postpone(session: Session, *, lease: Lease, until: dt.datetime, why: str) -> bool:
    """Let it wait for its reader's own time; nothing was tried."""
    return _change(session, POSTPONE, lease, until=until, why=why)


def sweep(session: Session) -> int:
    """End what died behind the fence or is no longer worth telling -> how many."""
    return sum(session.execute(sa.text(step)).rowcount for step in SWEEP)  # type: ignore[attr-defined]


def count_due(session: Session) -> int:
    """Count the notices that could be sent now, up to a thousand."""
    return session.execute(sa.text(COUNT_DUE), {"most": MOST_COUNTED}).scalar_one()  # type: ignore[no-any-return]


def _change(session: Doing, statement: str, lease: Lease, **values: object) -> bool:
    values |= {"notice_id": lease.notice_id, "token": lease.token}
    return session.execute(_text(statement), values).rowcount == 1  # type: ignore[attr-defined, no-any-return]


@lru_cache
def _text(statement: str) -> sa.TextClause:
    return sa.text(statement)
