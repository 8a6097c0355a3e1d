"""The private address of somebody's own turns: given out once, kept as a hash, switched off."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.models import Feed
from timebank.models import Membership

NOTE_EVERY = dt.timedelta(hours=1)


def address_of(session: Session, *, membership_id: int | None) -> Feed | None:
    """Find the address that a member's calendar uses now; somebody signed out has none."""
    if membership_id is None:
        return None
    return session.scalar(
        sa.select(Feed).where(Feed.membership_id == membership_id, Feed.revoked_at.is_(None))
    )


def make_address(
    session: Session, *, membership_id: int, community_id: int, now: dt.datetime
) -> str:
    """Give a member a new address, which switches an earlier one off -> its secret, told once."""
    # Two taps at the same time: the second waits, and its address is the one that holds.
    session.execute(
        sa.select(Membership.id).where(Membership.id == membership_id).with_for_update()
    )
    revoke_address(session, membership_id=membership_id, now=now)
    token = ids.new_token()
    session.add(
        Feed(
            membership_id=membership_id,
            community_id=community_id,
            token_hash=ids.token_hash(token),
            created_at=now,
        )
    )
    session.flush()
    return token


def revoke_address(session: Session, *, membership_id: int, now: dt.datetime) -> None:
    """Switch a member's address off; calendars that ask for it are told that it is gone."""
    session.execute(
        sa.update(Feed)
        .where(Feed.membership_id == membership_id, Feed.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def is_note_due(fetched_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether a fetch should be noted: at most once an hour, since each one is a write."""
    return fetched_at is None or fetched_at <= now - NOTE_EVERY


def note_fetch(session: Session, *, address_id: int, now: dt.datetime) -> None:
    """Note that a calendar asked for its feed."""
    session.execute(sa.update(Feed).where(Feed.id == address_id).values(last_fetched_at=now))
