"""Whom to tell about a turn: those who run the event, and its own person, where they read mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import outbox
from timebank.models import Claim
from timebank.models import GroupOrganiser
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Series
from timebank.models import Slot


def organisers_of(session: Session, claim: Claim) -> Sequence[int]:
    """Find the people who run the event of a turn and read mail, its own person left out."""
    return session.scalars(
        sa.select(Membership.person_id)
        .join(GroupOrganiser, GroupOrganiser.membership_id == Membership.id)
        .join(Series, Series.group_id == GroupOrganiser.group_id)
        .join(Slot, Slot.series_id == Series.id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Slot.id == claim.slot_id, Profile.email.is_not(None))
        .where(Membership.person_id != claim.person_id)
    ).all()


def reads_mail(session: Session, person_id: int) -> bool:
    """Tell whether there is an address to write to."""
    email = sa.select(Profile.email).where(Profile.person_id == person_id)
    return session.scalar(email) is not None


def about_claim(
    claim: Claim,
    kind: NoticeKind,
    *,
    person_id: int,
    now: dt.datetime,
    until: dt.datetime | None = None,
    facts: Mapping[str, str] | None = None,
) -> outbox.Message:
    """Write a message about a turn, to be told at once and once.

    Args:
        claim: The turn.
        kind: What is told.
        person_id: Who is told.
        now: From when on.
        until: Until when it is worth telling; None: until the turn is over.
        facts: What cannot be looked up later.
    """
    return outbox.Message(
        community_id=claim.community_id,
        person_id=person_id,
        kind=kind,
        dedupe_key=f"claim-{claim.id}.{kind}.{person_id}",
        not_before=now,
        expires_at=until or claim.ends_at,
        facts={"claim_id": str(claim.id), **(facts or {})},
    )
