"""Take a whole import back, but for what has happened since; that is listed."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.domain import events
from timebank.domain.rota import leaving_out
from timebank.domain.rota import withdrawing
from timebank.domain.rota.importing import drafts
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Role
from timebank.models import RotaImport
from timebank.models import Series
from timebank.models import Slot
from timebank.models import Standing
from timebank.models import WithdrawnBecause

# Why something stays.
DONE, USED, USUAL = "done", "used", "usual"


class NothingToUndo(Conflict):
    """Nothing of this has been taken in yet."""


def undo(
    session: Session, *, made: RotaImport, series: Series, by: Membership, now: dt.datetime
) -> None:
    """Withdraw its turns and remove what it made and nobody else uses. Twice is the same as once.

    What stays is kept in `wrote["kept"]`: why, what, and the day where it has one.

    Raises:
        NotFound: `by` does not run the group.
        NothingToUndo: It was never written.
    """
    events.require_organiser(
        session, group_id=series.group_id, community_id=series.community_id, by=by
    )
    drafts.lock(session, made)
    if made.written_at is None:
        raise NothingToUndo
    if made.undone_at is not None:
        return
    kept = _withdraw(session, made, series, now)
    _lower_places(session, made)
    kept += _remove_jobs(session, made, now)
    _put_back(session, made, by, now)
    kept += _remove_dates(session, made, series, by, now)
    _let_people_go(session, made, now)
    made.wrote = {**made.wrote, "kept": kept}
    made.undone_at = now
    session.flush()


def _withdraw(
    session: Session, made: RotaImport, series: Series, now: dt.datetime
) -> list[list[str]]:
    """Give its places back, but for turns that have begun, which are told."""
    session.execute(
        sa.select(Event.id)
        .where(Event.series_id == series.id, Event.ends_at > now)
        .order_by(Event.id)
        .with_for_update(key_share=True)
    )
    rows = session.execute(
        sa.select(Claim, Event.occurs_on, Profile.full_name)
        .join(Event, Event.id == Claim.event_id)
        .outerjoin(Profile, Profile.person_id == Claim.person_id)
        .where(Claim.import_id == made.id, Claim.state != ClaimState.WITHDRAWN)
        .order_by(Claim.id)
        .execution_options(populate_existing=True)
    ).all()
    kept = []
    for claim, day, name in rows:
        is_open = claim.state in {ClaimState.HELD, ClaimState.CONFIRMED}
        if is_open and claim.starts_at > now:
            withdrawing.give_back(session, claim, because=WithdrawnBecause.UNDONE, now=now)
            withdrawing.tell_their_calendar(session, claim, told_at=now, is_taken_off=True)
        else:
            kept.append([DONE, public_name(name or ""), day.isoformat()])
    return kept


def _lower_places(session: Session, made: RotaImport) -> None:
    """Take the places back that were added, where nobody has them."""
    for slot_id, needed, places in made.wrote["raised"]:
        above = sa.exists().where(Claim.slot_id == slot_id, Claim.live, Claim.place > places)
        slot = session.get(Slot, slot_id, with_for_update={"key_share": True})
        if slot is not None and not session.scalar(sa.select(above)):
            slot.needed = needed
            slot.places = places
    session.flush()


def _remove_jobs(session: Session, made: RotaImport, now: dt.datetime) -> list[list[str]]:
    kept = []
    for role_id in made.wrote["roles"]:
        role = session.get(Role, role_id)
        if role is None:
            continue
        live = sa.exists().where(Claim.live, Claim.slot_id == Slot.id, Slot.role_id == role_id)
        if session.scalar(sa.select(live)):
            kept.append([USED, role.name, ""])
        elif not _delete(session, sa.delete(Role).where(Role.id == role_id), role_id=role_id):
            role.retired_at = now
            session.execute(
                sa.update(Slot)
                .where(Slot.role_id == role_id, Slot.closed_at.is_(None))
                .values(closed_at=now)
                .execution_options(synchronize_session=False)
            )
    session.flush()
    return kept


def _remove_dates(
    session: Session, made: RotaImport, series: Series, by: Membership, now: dt.datetime
) -> list[list[str]]:
    """Remove the dates it made; one with a story is left out, a usual one stays."""
    found = session.scalars(
        sa.select(Event).where(Event.id.in_(made.wrote["events"])).order_by(Event.id)
    ).all()
    last = max((event.occurs_on for event in found), default=series.first_on)
    usual = set(events.days_of(series, until=last))
    kept = []
    for event in found:
        remove = sa.delete(Event).where(Event.id == event.id)
        if _delete(session, remove, event_id=event.id):
            continue
        if event.occurs_on in usual:
            kept.append([USUAL, "", event.occurs_on.isoformat()])
            continue
        try:
            if event.state is EventState.PLANNED:
                leaving_out.leave_out(session, event=event, by=by, now=now)
        except (Refused, Conflict):
            kept.append([USED, "", event.occurs_on.isoformat()])
    return kept


def _delete(
    session: Session,
    remove: sa.Delete,
    *,
    role_id: int | None = None,
    event_id: int | None = None,
) -> bool:
    """Delete a row with its slots, unless anything else hangs on them -> whether it is gone."""
    of_it = Slot.role_id == role_id if role_id is not None else Slot.event_id == event_id
    try:
        with session.begin_nested():
            for statement in (sa.delete(Slot).where(of_it), remove):
                session.execute(statement.execution_options(synchronize_session=False))
    except IntegrityError:
        return False
    return True


def _put_back(session: Session, made: RotaImport, by: Membership, now: dt.datetime) -> None:
    """Let the dates take place again that it left out; what was changed since stays so."""
    left_out = sa.select(Event).where(
        Event.id.in_(made.wrote["skipped"]), Event.id.not_in(made.wrote["events"])
    )
    for event in session.scalars(left_out).all():
        try:
            leaving_out.put_back(session, event=event, by=by, now=now)
        except (Refused, Conflict, NotFound):
            continue


def _let_people_go(session: Session, made: RotaImport, now: dt.datetime) -> None:
    """Take off the books whom it wrote down, unless they have a turn or had one."""
    has_turns = sa.exists().where(
        Claim.membership_id == Membership.id, Claim.state != ClaimState.WITHDRAWN
    )
    session.execute(
        sa.update(Membership)
        .where(
            Membership.id.in_(made.wrote["people"]),
            Membership.standing != Standing.LEFT,
            ~has_turns,
        )
        .values(standing=Standing.LEFT, left_at=now)
        .execution_options(synchronize_session=False)
    )
