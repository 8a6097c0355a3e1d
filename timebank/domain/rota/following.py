"""Let turns follow their jobs when a date or a job moves, and tell whoever has one.

`retime_slots` moves slots as one; the database carries their claims along and keeps everybody out
of two places at once. `tell_the_moved` compares the turns with a `snapshot` taken before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.core.text import listed
from timebank.core.text import public_name
from timebank.domain import outbox
from timebank.domain.rota import reminders
from timebank.models import NoticeKind
from timebank.models import Slot


class TurnsOverlap(Refused):
    """Somebody on the rota has another turn at that time. Choose another time."""


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """When a slot shall take place."""

    slot_id: int
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """When and where a live turn takes place, and who would like to know."""

    claim_id: int
    community_id: int
    person_id: int
    is_known: bool
    starts_at: dt.datetime
    ends_at: dt.datetime
    venue_id: int
    place: str
    sequence: int

    def moved_from(self, earlier: Standing) -> bool:
        """Whether it is at another time or place than before."""
        here = (self.starts_at, self.ends_at, self.venue_id)
        return here != (earlier.starts_at, earlier.ends_at, earlier.venue_id)


# Holds that ran out are dead weight: they must not stand in the way of a move. Those on a date
# that somebody else is changing are passed over, as in `claiming.lapse_holds`.
LET_GO = """
WITH ours AS (
  SELECT c.id FROM claim c JOIN event e ON e.id = c.event_id
   WHERE c.state = 'held' AND c.held_until <= :now
     AND c.person_id IN (SELECT person_id FROM claim WHERE event_id = ANY (:event_ids) AND live)
     FOR NO KEY UPDATE OF e SKIP LOCKED
)
UPDATE claim SET state = 'withdrawn', held_until = NULL, withdrawn_at = :now,
                 withdrawn_because = 'lapsed'
 WHERE state = 'held' AND id IN (SELECT id FROM ours)
"""

SNAPSHOT = """
SELECT c.id, c.community_id, c.person_id, p.person_id IS NOT NULL, c.starts_at, c.ends_at,
       e.venue_id, v.name, e.sequence
  FROM claim c
  JOIN event e ON e.id = c.event_id
  JOIN venue v ON v.id = e.venue_id
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE c.event_id = ANY (:event_ids) AND c.state IN ('held', 'confirmed')
 ORDER BY c.starts_at, c.id
"""

WANTED = """
SELECT * FROM unnest(CAST(:slot_ids AS bigint[]), CAST(:starts AS timestamptz[]),
                     CAST(:ends AS timestamptz[])) AS wanted (slot_id, starts_at, ends_at)
"""

# Both turns are looked at where they will be: where the move puts them, or where they are.
IN_TWO_PLACES = f"""
WITH wanted AS ({WANTED})
SELECT DISTINCT coalesce(c.held_as, p.full_name, '')
  FROM wanted w
  JOIN claim c ON c.slot_id = w.slot_id AND c.binds
  JOIN claim o ON o.person_id = c.person_id AND o.binds AND o.id <> c.id
  LEFT JOIN wanted w2 ON w2.slot_id = o.slot_id
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE tstzrange(w.starts_at, w.ends_at)
       && tstzrange(coalesce(w2.starts_at, o.starts_at), coalesce(w2.ends_at, o.ends_at))
 ORDER BY 1
"""  # noqa: S608 - WANTED is ours

# Two turns of their own, or a double that no longer lies within the longer turn.
IN_THE_WAY = ("no_overlapping_claims", "double_stays_allowed")
# One statement: the database looks at overlaps when it ends, so turns that touch move together.
RETIME = f"""
UPDATE slot SET starts_at = wanted.starts_at, ends_at = wanted.ends_at
  FROM ({WANTED}) AS wanted WHERE slot.id = wanted.slot_id
"""  # noqa: S608 - WANTED is ours

STALE = """
UPDATE notice n SET state = 'cancelled'
  FROM claim c
 WHERE n.claim_id = c.id AND c.id = ANY (:claim_ids)
   AND n.state IN ('pending', 'leased')
   AND n.starts_at <> c.starts_at AND n.kind = ANY (:kinds)
"""
TELL_AGAIN = """
UPDATE notice n SET state = 'pending', attempts = 0, last_error = NULL, sent_at = NULL,
                    refusals = 0, wordings = 0, due_at = NULL, way = NULL, told_by = NULL,
                    not_before = :now, facts = CAST(news.facts AS jsonb),
                    dedupe_key = news.dedupe_key
  FROM claim c
  JOIN unnest(CAST(:claim_ids AS bigint[]), CAST(:facts AS text[]), CAST(:keys AS text[]))
       AS news (claim_id, facts, dedupe_key) ON news.claim_id = c.id
 WHERE n.claim_id = c.id AND n.kind = 'event_moved' AND n.starts_at = c.starts_at
   AND n.state NOT IN ('leased', 'handover')
"""


def let_go_of_lapsed_holds(
    session: Session, *, event_ids: Collection[int], now: dt.datetime
) -> None:
    """Free what ran out, of everybody who has a turn on these dates, wherever they hold it."""
    session.execute(sa.text(LET_GO), {"event_ids": list(event_ids), "now": now})


def snapshot(session: Session, *, event_ids: Collection[int]) -> list[Standing]:
    """Note the turns that are still to be done on these dates, in one statement."""
    rows = session.execute(sa.text(SNAPSHOT), {"event_ids": list(event_ids)})
    return [Standing(*row) for row in rows]


def retime_slots(session: Session, spans: Sequence[SlotSpan]) -> None:
    """Move slots, and with them their claims.

    Raises:
        TurnsOverlap: Somebody would be in two places at once; it names them. Nothing has moved.
    """
    if not spans:
        return
    values = {
        "slot_ids": [span.slot_id for span in spans],
        "starts": [span.starts_at for span in spans],
        "ends": [span.ends_at for span in spans],
    }
    names = session.scalars(sa.text(IN_TWO_PLACES), values).all()
    if names:
        raise TurnsOverlap(_overlap_sentence(names), field="starts")
    try:
        with session.begin_nested():
            session.execute(sa.text(RETIME), values)
    except IntegrityError as error:
        if not any(rule in str(error.orig) for rule in IN_THE_WAY):
            raise
        raise TurnsOverlap(field="starts") from error


def shifted(session: Session, *, offsets: Mapping[int, dt.timedelta]) -> list[SlotSpan]:
    """Say where the slots of some dates would be, each date moved by its own offset."""
    found = sa.select(Slot.event_id, Slot.id, Slot.starts_at, Slot.ends_at).where(
        Slot.event_id.in_([event_id for event_id, offset in offsets.items() if offset])
    )
    return [
        SlotSpan(slot_id, starts_at + offsets[event_id], ends_at + offsets[event_id])
        for event_id, slot_id, starts_at, ends_at in session.execute(found)
    ]


def list_names(full_names: Iterable[str]) -> str:
    """Write names as everybody may see them: "Bela N, Jo F and Sam T"."""
    return listed(public_name(name) or "Somebody" for name in full_names)


def tell_the_moved(
    session: Session,
    *,
    event_ids: Collection[int],
    before: Iterable[Standing],
    reason: str,
    now: dt.datetime,
) -> int:
    """Post `event_moved` to everyone whose turn is at another time or place -> how many are told.

    Facts of the notice, each only where it is one: `earlier_starts_at` (ISO, UTC),
    `earlier_place`, `reason`. Reminders of the earlier time that wait to be sent are taken back.
    """
    earlier = {standing.claim_id: standing for standing in before}
    moved = [
        standing
        for standing in snapshot(session, event_ids=event_ids)
        if standing.claim_id in earlier and standing.moved_from(earlier[standing.claim_id])
    ]
    if not moved:
        return 0
    claim_ids = [standing.claim_id for standing in moved]
    kinds = [*reminders.REMINDERS, NoticeKind.EVENT_MOVED]
    session.execute(sa.text(STALE), {"claim_ids": claim_ids, "kinds": kinds})
    messages = [
        _moved_message(standing, earlier[standing.claim_id], reason=reason, now=now)
        for standing in moved
        if standing.is_known
    ]
    _post_again(session, messages, now=now)
    return len({message.person_id for message in messages})


def _overlap_sentence(full_names: Sequence[str]) -> str:
    have = "have" if len(full_names) > 1 else "has"
    return (
        f"{list_names(full_names)} {have} another turn at that time. "
        "Have a word first, or choose another time."
    )


def _moved_message(
    standing: Standing, earlier: Standing, *, reason: str, now: dt.datetime
) -> outbox.Message:
    start = standing.starts_at.astimezone(dt.UTC)
    return outbox.Message(
        community_id=standing.community_id,
        person_id=standing.person_id,
        kind=NoticeKind.EVENT_MOVED,
        dedupe_key=f"claim-{standing.claim_id}.event_moved.{start:%Y%m%d%H%M}.{standing.sequence}",
        claim_id=standing.claim_id,
        starts_at=standing.starts_at,
        not_before=now,
        expires_at=standing.starts_at,
        facts={**_what_changed(standing, earlier), **({"reason": reason} if reason else {})},
    )


def _what_changed(standing: Standing, earlier: Standing) -> dict[str, str]:
    facts = {}
    if standing.starts_at != earlier.starts_at:
        facts["earlier_starts_at"] = earlier.starts_at.astimezone(dt.UTC).isoformat()
    if standing.venue_id != earlier.venue_id:
        facts["earlier_place"] = earlier.place
    return facts


def _post_again(session: Session, messages: list[outbox.Message], *, now: dt.datetime) -> None:
    """Post, and open again what was posted before about the same start: it is news once more."""
    values = {
        "claim_ids": [message.claim_id for message in messages],
        "facts": [json.dumps(dict(message.facts)) for message in messages],
        "keys": [message.dedupe_key for message in messages],
        "now": now,
    }
    session.execute(sa.text(TELL_AGAIN), values)
    outbox.post_notices(session, messages)
