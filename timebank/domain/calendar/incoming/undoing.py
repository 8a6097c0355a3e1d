"""Take a calendar's events back, but for those that neighbours have a turn at."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.domain import events
from timebank.domain.calendar.incoming import drafts
from timebank.models import CalendarImport
from timebank.models import Event
from timebank.models import ImportedEntry
from timebank.models import Membership
from timebank.models import Role
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import Series
from timebank.models import Slot


class NothingToUndo(Conflict):
    """Nothing of this has been taken in yet."""


def undo(session: Session, *, made: CalendarImport, by: Membership, now: dt.datetime) -> None:
    """Remove the events that it made and nobody has used. Twice is the same as once.

    What stays is kept by its numbers in `wrote["kept"]`.

    Raises:
        NotFound: `by` does not run the group.
        NothingToUndo: It was never taken in.
    """
    events.require_organiser(
        session, group_id=made.group_id, community_id=made.community_id, by=by
    )
    drafts.lock(session, made)
    if made.written_at is None:
        raise NothingToUndo
    if made.undone_at is not None:
        return
    # As everybody does: the dates first, then what hangs on them.
    dates = sa.select(Event.id).where(Event.series_id.in_(made.wrote["series"]))
    session.execute(dates.order_by(Event.id).with_for_update())
    kept = [one for one in made.wrote["series"] if not _remove(session, one)]
    made.wrote = {**made.wrote, "kept": kept}
    made.undone_at = now
    session.flush()


def _remove(session: Session, series_id: int) -> bool:
    """Delete a series with all of it, unless anything of somebody else's hangs on it."""
    roles = sa.select(Role.id).where(Role.series_id == series_id)
    statements = (
        sa.delete(ImportedEntry).where(ImportedEntry.series_id == series_id),
        sa.delete(Slot).where(Slot.series_id == series_id),
        sa.delete(RolePair).where(RolePair.first_role_id.in_(roles)),
        sa.delete(RoleQualification).where(RoleQualification.role_id.in_(roles)),
        sa.update(Role).where(Role.series_id == series_id).values(trains_for_id=None),
        sa.delete(Role).where(Role.series_id == series_id),
        sa.delete(Event).where(Event.series_id == series_id),
        sa.delete(Series).where(Series.id == series_id),
    )
    try:
        with session.begin_nested():
            for statement in statements:
                session.execute(statement.execution_options(synchronize_session=False))
    except IntegrityError:
        return False
    return True
