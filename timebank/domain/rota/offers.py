"""Read the turns that are looking for somebody: to answer by link, and on My turns."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import name_or_number
from timebank.models import HandoverState


@dataclass(frozen=True, slots=True)
class Offer:
    """A turn that is looking for somebody, and what it is.

    `to_membership_id`: who was asked by name, or None for everybody.
    """

    handover_id: int
    claim_id: int
    giver_id: int
    giver: str
    to_membership_id: int | None
    state: HandoverState
    slot_id: int
    event_id: int
    job: str
    title: str
    slug: str
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    is_on: bool


OFFERS = """
SELECT h.id, c.id, c.membership_id, p.full_name, h.to_membership_id, h.state, s.id, e.id, r.name,
       x.title, x.slug, e.occurs_on, c.starts_at, c.ends_at, v.name,
       h.state = 'open' AND c.state = 'confirmed' AND e.state = 'planned' AND c.starts_at > :now
  FROM handover h
  JOIN claim c ON c.id = h.claim_id
  JOIN slot s ON s.id = c.slot_id
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = c.event_id
  JOIN series x ON x.id = e.series_id
  JOIN venue v ON v.id = e.venue_id
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE {chosen} AND h.community_id = :community_id
 ORDER BY c.starts_at, h.id
 LIMIT 50
"""


def find_offer(
    session: Session, *, community_id: int, claim_id: int, membership_id: int, now: dt.datetime
) -> Offer:
    """Find the offer of a turn to a member, or to everybody: the open one, else the last.

    Raises:
        NotFound: It was never offered to them.
    """
    chosen = (
        "h.claim_id = :claim_id AND (h.to_membership_id IS NULL"
        " OR h.to_membership_id = :membership_id)"
    )
    values = {"claim_id": claim_id, "membership_id": membership_id}
    offers = _offers(session, chosen, {**values, "community_id": community_id, "now": now})
    if not offers:
        raise NotFound
    return next((offer for offer in offers if offer.is_on), offers[-1])


def offers_to(
    session: Session, *, community_id: int, membership_id: int, now: dt.datetime
) -> list[Offer]:
    """Read the turns that somebody would like to hand to this member, in one statement."""
    values = {"membership_id": membership_id, "community_id": community_id, "now": now}
    chosen = "h.state = 'open' AND h.to_membership_id = :membership_id"
    return [offer for offer in _offers(session, chosen, values) if offer.is_on]


def _offers(session: Session, chosen: str, values: dict[str, object]) -> list[Offer]:
    rows = session.execute(sa.text(OFFERS.format(chosen=chosen)), values)
    return [
        Offer(*(*row[:3], _name(row[3]), row[4], HandoverState(row[5]), *row[6:])) for row in rows
    ]


def _name(full_name: str | None) -> str:
    return name_or_number(full_name)
