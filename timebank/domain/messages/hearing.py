"""Ask to hear from the organisers of an event, and stop: one tap each, here or from any mail."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.models import Follower
from timebank.models import Membership
from timebank.models import Series
from timebank.models import SeriesState


def hears(session: Session, *, series: Series, membership_id: int | None) -> bool:
    """Tell whether a member asked to hear from the organisers of a series."""
    found = sa.exists().where(
        Follower.series_id == series.id, Follower.membership_id == membership_id
    )
    return membership_id is not None and bool(session.scalar(sa.select(found)))


def start(session: Session, *, series: Series, member: Membership) -> None:
    """Hear from the organisers of a series from now on; once is enough.

    Raises:
        NotFound: It is another community's, or nobody can see it yet.
    """
    is_here = series.community_id == member.community_id
    if not is_here or series.state is not SeriesState.PUBLISHED:
        raise NotFound
    values = {
        "community_id": series.community_id,
        "series_id": series.id,
        "membership_id": member.id,
    }
    session.execute(insert(Follower).values(values).on_conflict_do_nothing())


def stop(session: Session, *, series_id: int, membership_id: int) -> None:
    """Hear no more; twice is the same as once. What waits to be sent is dropped when it is due."""
    session.execute(
        sa.delete(Follower)
        .where(Follower.series_id == series_id, Follower.membership_id == membership_id)
        .execution_options(synchronize_session=False)
    )


def stop_all(session: Session, *, membership_id: int) -> None:
    """Hear no more from anybody: whoever leaves."""
    session.execute(
        sa.delete(Follower)
        .where(Follower.membership_id == membership_id)
        .execution_options(synchronize_session=False)
    )
