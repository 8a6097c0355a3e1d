"""Give one date jobs of its own: other places and times, a job more, or one less.

From then on a change of the series leaves its jobs alone, until it goes back to the usual ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import events
from timebank.domain.events.checks import every_minutes
from timebank.domain.events.checks import turns_of
from timebank.domain.rota import changing
from timebank.domain.rota import fitting
from timebank.domain.rota import following
from timebank.domain.rota import joblines
from timebank.domain.rota import offering
from timebank.domain.rota.affected import Outcome
from timebank.domain.rota.affected import effects_since
from timebank.models import Event
from timebank.models import Membership
from timebank.models import Role
from timebank.models import Slot

Spans = list[following.SlotSpan]


def give_own_jobs(
    session: Session,
    *,
    event: Event,
    drafts: Sequence[events.RoleDraft],
    by: Membership,
    now: dt.datetime,
) -> Outcome:
    """Make the jobs of one date those of the drafts, counted from its own start.

    Whoever has a turn at another time is told. A door that is shown another outcome than the one
    agreed to takes it back (`Outcome.require_agreed`).

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
        NoJobs: There would be none.
        DraftRefused: See `events.check_roles`.
        JobHasTurns: A job would lose places or turns that people have; it names them.
        TurnsOverlap: Somebody would be in two places at once; it names them.
    """
    if not drafts:
        raise events.NoJobs(field="roles")
    events.check_roles(drafts)
    return _change(
        session,
        event,
        lambda: write_jobs(session, event=event, drafts=drafts, now=now),
        by=by,
        now=now,
    )


def use_usual_jobs(session: Session, *, event: Event, by: Membership, now: dt.datetime) -> Outcome:
    """Give one date the jobs of its series again.

    Raises:
        As `give_own_jobs`.
    """

    def write() -> Spans:
        event.own_jobs = False
        for role in session.scalars(sa.select(Role).where(Role.only_event_id == event.id)):
            role.retired_at = role.retired_at or now
        session.flush()
        return fitting.fit_slots(session, fitting.of_jobs([event.id]), role_ids=[], now=now)

    return _change(session, event, write, by=by, now=now)


def expect_people(
    session: Session, *, event: Event, people: int | None, by: Membership, now: dt.datetime
) -> None:
    """Note how many are expected on one date; jobs that grow with the crowd get their places.

    Args:
        people: None: as many as usual.

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
        JobHasTurns: A job would lose places that people have; it names them.
    """

    def write() -> Spans:
        event.expected_people = people
        session.flush()
        if event.own_jobs:
            return []
        return fitting.fit_slots(session, fitting.of_jobs([event.id]), role_ids=[], now=now)

    _change(session, event, write, by=by, now=now)


def jobs_of_date(session: Session, *, event: Event) -> list[tuple[Role, events.RoleDraft]]:
    """Read the jobs that a date has, as lines counted from its start, in the rota's order."""
    found = (
        sa.select(Slot, Role)
        .join(Role, Role.id == Slot.role_id)
        .where(Slot.event_id == event.id, Slot.closed_at.is_(None))
        .order_by(Role.position, Role.id, Slot.turn)
    )
    turns: dict[Role, list[Slot]] = {}
    for slot, role in session.execute(found):
        turns.setdefault(role, []).append(slot)
    return [(role, _line_of(event, role, slots)) for role, slots in turns.items()]


def write_jobs(
    session: Session, *, event: Event, drafts: Sequence[events.RoleDraft], now: dt.datetime
) -> Spans:
    """Write jobs over one date, which must be locked -> which slots are to be moved."""
    event.own_jobs = True
    session.flush()
    roles = _roles_for(session, event, drafts, now)
    wanted = [
        slot
        for role, draft in zip(roles, drafts, strict=True)
        for slot in _slots(event, role, draft)
    ]
    return fitting.fit_slots(
        session,
        fitting.written(event.id, wanted),
        role_ids=[role.id for role in roles],
        now=now,
    )


def _change(
    session: Session,
    event: Event,
    write: Callable[[], Spans],
    *,
    by: Membership,
    now: dt.datetime,
) -> Outcome:
    changing.lock_changeable(session, event, by=by, now=now)
    following.let_go_of_lapsed_holds(session, event_ids=[event.id], now=now)
    before = following.snapshot(session, event_ids=[event.id])
    following.retime_slots(session, write())
    session.refresh(event)  # its slots raised its sequence
    effects = effects_since(session, event_ids=[event.id], before=before)
    told = following.tell_the_moved(
        session, event_ids=[event.id], before=before, reason="", now=now
    )
    offering.offer_on_dates(session, event_ids=[event.id], now=now)
    return Outcome(effects=effects, told=told)


def _roles_for(
    session: Session, event: Event, drafts: Sequence[events.RoleDraft], now: dt.datetime
) -> list[Role]:
    """Find or make the role of each line; what only this date had and has no longer is retired."""
    known = {role.id: role for role in _known_roles(session, event)}
    last = max((role.position for role in known.values()), default=0)
    roles = []
    for draft in drafts:
        role = known.pop(draft.role_id or 0, None)
        if role is None:
            last += 1
            role = Role(
                community_id=event.community_id,
                series_id=event.series_id,
                only_event_id=event.id,
                position=last,
            )
            session.add(role)
        if role.only_event_id is not None:
            joblines.write_line(role, draft)
        roles.append(role)
    for role in known.values():
        if role.only_event_id is not None:
            role.retired_at = now
    session.flush()
    return roles


def _known_roles(session: Session, event: Event) -> Sequence[Role]:
    """Find the series' jobs, this date's own, and those that it kept when they were retired."""
    here = sa.select(Slot.role_id).where(Slot.event_id == event.id, Slot.closed_at.is_(None))
    return session.scalars(
        sa.select(Role)
        .where(
            Role.series_id == event.series_id,
            sa.or_(Role.only_event_id.is_(None), Role.only_event_id == event.id),
            sa.or_(Role.retired_at.is_(None), Role.id.in_(here)),
        )
        .order_by(Role.id)
    ).all()


def _slots(event: Event, role: Role, draft: events.RoleDraft) -> list[fitting.WantedSlot]:
    begins = event.starts_at + dt.timedelta(minutes=draft.starts_after_minutes)
    length = dt.timedelta(minutes=draft.turn_minutes or draft.duration_minutes)
    step = dt.timedelta(minutes=every_minutes(draft))
    return [
        fitting.WantedSlot(
            role_id=role.id,
            turn=turn + 1,
            starts_at=begins + turn * step,
            ends_at=begins + turn * step + length,
            needed=draft.needed,
            places=draft.places,
        )
        for turn in range(turns_of(draft))
    ]


def _line_of(event: Event, role: Role, slots: Sequence[Slot]) -> events.RoleDraft:
    """Read a line from the turns of a job; it need not be what the role says any more."""
    first, last = slots[0], slots[-1]
    is_shared = len(slots) > 1 or role.turn_minutes == first.minutes
    every = _minutes(slots[1].starts_at - first.starts_at) if len(slots) > 1 else None
    return events.RoleDraft(
        name=role.name,
        about=role.about,
        places=max(slot.places for slot in slots),
        needed=max(slot.needed for slot in slots),
        starts_after_minutes=_minutes(first.starts_at - event.starts_at),
        duration_minutes=_minutes(last.ends_at - first.starts_at),
        turn_minutes=first.minutes if is_shared else None,
        every_minutes=every if is_shared else None,
        role_id=role.id,
    )


def _minutes(length: dt.timedelta) -> int:
    return int(length.total_seconds()) // 60
