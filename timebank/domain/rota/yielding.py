"""Standing turns make room: whoever comes for the first time finds a place beside the regulars."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import outbox
from timebank.domain.rota import freeing
from timebank.domain.rota import reading
from timebank.domain.rota import telling
from timebank.models import Claim
from timebank.models import NoticeKind
from timebank.models import WithdrawnBecause

YIELDS_BEFORE = dt.timedelta(hours=48)
LOOKS_AHEAD = dt.timedelta(weeks=1)

# A first turn is one: who has a turn to come somewhere takes no second one from a regular. And
# only who has shown that they read mail: anybody can type an address. Nobody makes room for
# somebody whom a rule keeps out. The regular who came last makes room first.
MAKES_ROOM = sa.text("""
SELECT c.id
  FROM claim c
  JOIN membership m ON m.id = :membership_id
  JOIN profile p ON p.person_id = m.person_id AND p.email_confirmed_at IS NOT NULL
 WHERE c.slot_id = :slot_id AND c.state = 'confirmed' AND c.standing_id IS NOT NULL
   AND c.starts_at > :until AND c.arrived_at IS NULL
   AND NOT EXISTS (SELECT FROM claim e WHERE e.membership_id = m.id
                      AND (e.state = 'attended' OR e.binds AND e.ends_at > :now))
   AND broken_rule(c.slot_id, m.id, :now) IS NULL
 ORDER BY c.standing_id DESC LIMIT 1
""")


def give_way(session: Session, *, slot_id: int, membership_id: int, now: dt.datetime) -> bool:
    """Free a place of a full job for somebody's first turn, when a standing turn can make room.

    More than two days ahead only. The event must be locked. Whoever makes room is thanked, and
    offered another open job.
    """
    values = {"slot_id": slot_id, "membership_id": membership_id, "now": now}
    claim_id = session.scalar(MAKES_ROOM, {**values, "until": now + YIELDS_BEFORE})
    if claim_id is None:
        return False
    claim = session.get_one(
        Claim, claim_id, with_for_update={"key_share": True}, populate_existing=True
    )
    freeing.withdraw(session, claim, because=WithdrawnBecause.YIELDED, now=now)
    freeing.end_handovers(session, claim_id=claim.id, now=now)
    _thank(session, claim, now)
    return True


def _thank(session: Session, claim: Claim, now: dt.datetime) -> None:
    if not telling.reads_mail(session, claim.person_id):
        return
    best = _another_job(session, claim, now)
    facts = {}
    if best:
        facts = {
            "other_job": best.name,
            "other_title": best.title,
            "other_starts_at": best.starts_at.isoformat(),
            "other_path": f"/e/{best.slug}/{best.occurs_on}/claim/{best.slot_id}",
        }
    outbox.post_notices(
        session,
        [
            telling.about_claim(
                claim,
                NoticeKind.TURN_YIELDED,
                person_id=claim.person_id,
                until=claim.starts_at,
                facts=facts,
                now=now,
            )
        ],
    )


def _another_job(session: Session, claim: Claim, now: dt.datetime) -> reading.OpenJob | None:
    """Find what else they could do: on that date, else within a week of it."""
    for event_id in (claim.event_id, None):
        found = reading.open_jobs(
            session,
            community_id=claim.community_id,
            now=now,
            until=claim.starts_at + LOOKS_AHEAD,
            most=2,
            event_id=event_id,
            membership_id=claim.membership_id,
        )
        others = [job for job in found if job.slot_id != claim.slot_id]
        if others:
            return others[0]
    return None
