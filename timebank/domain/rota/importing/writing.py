"""Write a spreadsheet into a series: one transaction, once, and an account of what it did.

What a rule, another turn or a full job refuses does not stop the rest: it is listed, with why.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import fold
from timebank.domain import communities
from timebank.domain import events
from timebank.domain import identity
from timebank.domain.rota import asking
from timebank.domain.rota import claiming
from timebank.domain.rota import leaving_out
from timebank.domain.rota import telling
from timebank.domain.rota.importing import drafts
from timebank.domain.rota.importing import planning
from timebank.domain.rota.importing.planning import Fate
from timebank.domain.rota.importing.planning import Plan
from timebank.domain.rota.room import MOST_PLACES
from timebank.domain.rota.spreadsheets.records import SheetEntry
from timebank.domain.rota.taking import Terms
from timebank.models import ClaimState
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import Role
from timebank.models import RotaImport
from timebank.models import Series
from timebank.models import Slot


class NotOnThisDate(Refused):
    """This date has jobs of its own, and this isn't one of them."""


class InTurns(Refused):
    """This job is done in turns. Put them down for one of them on the rota."""


class PlacesTaken(Conflict):
    """Every place of this job is taken on that day."""


class DateNotTaken(Refused):
    """Its date wasn't taken in."""


def write(
    session: Session,
    *,
    made: RotaImport,
    series: Series,
    answers: planning.Answers,
    by: Membership,
    now: dt.datetime,
) -> None:
    """Take a rota in. Twice is the same as once.

    Raises:
        NotFound: `by` does not run the group.
        SayWhoItIs: Somebody is in doubt, and nobody said who it is.
    """
    events.require_organiser(
        session, group_id=series.group_id, community_id=series.community_id, by=by
    )
    drafts.lock(session, made)
    if made.written_at is not None:
        return
    planned = planning.plan(session, made=made, series=series, answers=answers, now=now)
    planned.require_answers()
    made.choices = {**made.choices, "answers": dict(answers)}
    made.wrote = _Writer(session, made, series, planned, by=by, now=now).write()
    made.written_at = now
    session.flush()


class _Writer:
    """Writes one plan, part by part, and keeps the account."""

    def __init__(
        self,
        session: Session,
        made: RotaImport,
        series: Series,
        planned: Plan,
        *,
        by: Membership,
        now: dt.datetime,
    ) -> None:
        self.session = session
        self.made = made
        self.series = series
        self.plan = planned
        self.by = by
        self.now = now
        self.refused: list[list[str]] = []
        self.events: dict[dt.date, Event] = {}
        self.roles: dict[str, Role] = {}
        self.members: dict[str, int | None] = {}

    def write(self) -> dict[str, Any]:
        """Write it all -> the account, to be kept."""
        # Whoever changes the dates of a series locks them first, in this order.
        self._lock_dates()
        roles = self._make_jobs()
        dates = self._make_dates()
        skipped = self._leave_dates_out()
        raised = self._raise_places()
        people = self._find_people()
        counts = {"taken": 0, "pencilled": 0, "there": 0, "left_out": 0}
        for entry in self.plan.understood.entries:
            counts[self._take_in(entry)] += 1
        return {
            "roles": roles,
            "events": dates,
            "skipped": skipped,
            "raised": raised,
            "people": people,
            "refused": self.refused,
            **counts,
        }

    def _lock_dates(self) -> None:
        self.session.execute(
            sa.select(Event.id)
            .where(Event.series_id == self.series.id, Event.starts_at > self.now)
            .order_by(Event.id)
            .with_for_update(key_share=True)
        )

    def _make_jobs(self) -> list[int]:
        """Make the jobs that are new, as long as the event, and put them on all dates to come."""
        length = dt.datetime.combine(dt.date.min, self.series.ends_time) - dt.datetime.combine(
            dt.date.min, self.series.starts_time
        )
        position = self.session.scalar(
            sa.select(sa.func.max(Role.position)).where(Role.series_id == self.series.id)
        )
        made: dict[str, Role] = {}
        for job in self.plan.jobs:
            name = fold(job.sheet.name)
            if job.role_id is not None:
                self.roles[job.sheet.name] = self.session.get_one(Role, job.role_id)
                continue
            if name not in made:
                made[name] = Role(
                    community_id=self.series.community_id,
                    series_id=self.series.id,
                    position=(position or 0) + len(made) + 1,
                    name=job.sheet.name,
                    needed=min(job.sheet.needed, MOST_PLACES),
                    places=min(job.sheet.places, MOST_PLACES),
                    starts_after_minutes=0,
                    duration_minutes=int(length.total_seconds()) // 60,
                )
            self.roles[job.sheet.name] = made[name]
        self.session.add_all(made.values())
        self.session.flush()
        if made:
            events.make_slots(self.session, event_ids=self._dates_to_come())
        return [role.id for role in made.values()]

    def _dates_to_come(self) -> list[int]:
        found = self.session.scalars(
            sa.select(Event.id).where(
                Event.series_id == self.series.id,
                Event.starts_at > self.now,
                Event.state == EventState.PLANNED,
            )
        )
        return list(found)

    def _make_dates(self) -> list[int]:
        """Make the dates that are missing, those to be left out too."""
        wanted = {
            date.day
            for date in self.plan.dates
            if date.day and date.event_id is None and date.fate in {Fate.NEW, Fate.SKIPPED}
        }
        timezone = self.session.get_one(Community, self.series.community_id).timezone
        events.make_days(self.session, series=self.series, timezone=timezone, days=sorted(wanted))
        days = {date.day for date in self.plan.dates if date.is_on or date.fate is Fate.SKIPPED}
        found = self.session.scalars(
            sa.select(Event).where(
                Event.series_id == self.series.id, Event.occurs_on.in_(days - {None})
            )
        )
        self.events = {event.occurs_on: event for event in found}
        return [self.events[day].id for day in sorted(wanted)]

    def _leave_dates_out(self) -> list[int]:
        skipped = []
        for date in self.plan.dates:
            if date.fate is not Fate.SKIPPED or date.day is None:
                continue
            event = self.events[date.day]
            try:
                leaving_out.leave_out(self.session, event=event, by=self.by, now=self.now)
            except (Refused, Conflict) as refusal:
                self._refuse(str(date.sheet.at), "", date.sheet.text, date.day, refusal)
            else:
                skipped.append(event.id)
        return skipped

    def _raise_places(self) -> list[list[int]]:
        """Make room where the spreadsheet has more lines -> slot, needed, places of before."""
        ids = [self.events[date.day].id for date in self.plan.dates if date.is_on and date.day]
        before = []
        for job in self.plan.jobs:
            role = self.roles[job.sheet.name]
            if role.turn_minutes is not None:
                continue
            needed = min(job.sheet.needed, MOST_PLACES)
            places = min(job.sheet.places, MOST_PLACES)
            small = self.session.scalars(
                sa.select(Slot)
                .where(
                    Slot.role_id == role.id,
                    Slot.event_id.in_(ids),
                    sa.or_(Slot.needed < needed, Slot.places < places),
                )
                .order_by(Slot.id)
                .with_for_update(key_share=True)
            )
            for slot in small:
                before.append([slot.id, slot.needed, slot.places])
                slot.places = max(slot.places, places)
                slot.needed = max(slot.needed, needed)
        self.session.flush()
        return before

    def _find_people(self) -> list[int]:
        """Find everybody, and write down who is new -> the memberships of these."""
        new = []
        for person in self.plan.people:
            member: int | None = None
            if person.choice == planning.NEW:
                name = max(person.names, key=len)
                found = identity.find_or_create_person(self.session, full_name=name, email=None)
                member = communities.join(
                    self.session, community_id=self.series.community_id, person_id=found.id
                ).id
                new.append(member)
            elif person.choice != planning.NOBODY:
                member = int(person.choice)
            self.members.update(dict.fromkeys(person.names, member))
        return new

    def _take_in(self, entry: SheetEntry) -> str:
        """Take one turn in -> under what it counts."""
        date = self.plan.dates[entry.date]
        member = self.members.get(entry.name)
        if date.is_on and member is None:
            return "left_out"
        try:
            if member is None or date.day is None or not date.is_on:
                raise DateNotTaken
            slot = self._slot(self.events[date.day], self.roles[entry.job])
            return self._claim(slot, member, is_pencilled=entry.is_pencilled)
        except claiming.AlreadyYours:
            return "there"
        except (Refused, Conflict, NotFound) as refusal:
            self._refuse(str(entry.at), entry.name, entry.job, date.day, _told(refusal))
            return "left_out"

    def _slot(self, event: Event, role: Role) -> Slot:
        if role.turn_minutes is not None:
            raise InTurns
        slot = self.session.scalars(
            sa.select(Slot).where(
                Slot.event_id == event.id, Slot.role_id == role.id, Slot.closed_at.is_(None)
            )
        ).first()
        if slot is None:
            raise NotOnThisDate
        return slot

    def _claim(self, slot: Slot, member: int, *, is_pencilled: bool) -> str:
        """Give them the place; with a question mark, hold it and ask them where they read mail."""
        terms = Terms(made_by=self.by.id, import_id=self.made.id)
        until = asking.answer_until(slot.starts_at, slot.ends_at, now=self.now)
        if is_pencilled:
            if not self._reads_mail(member):  # nobody answers, so it waits for the organiser
                until = max(slot.starts_at - asking.ANSWER_BEFORE, until)
            terms = Terms(
                state=ClaimState.HELD,
                held_until=until,
                held_for=HeldFor.ASKED,
                made_by=self.by.id,
                import_id=self.made.id,
            )
        taken = claiming.claim_slot(
            self.session, slot_id=slot.id, membership_id=member, terms=terms, now=self.now
        )
        if is_pencilled:
            asking.ask_by_mail(self.session, taken=taken, until=until, now=self.now)
        return "pencilled" if is_pencilled else "taken"

    def _reads_mail(self, member: int) -> bool:
        person_id = self.session.get_one(Membership, member).person_id
        return telling.reads_mail(self.session, person_id)

    def _refuse(
        self,
        cell: str,
        name: str,
        job: str,
        day: dt.date | None,
        refusal: Refused | Conflict | NotFound,
    ) -> None:
        on = day.isoformat() if day else ""
        self.refused.append([cell, name, job, on, refusal.sentence])


def _told(refusal: Refused | Conflict | NotFound) -> Refused | Conflict | NotFound:
    """Say to the organiser, of somebody else, what that person would have been told."""
    if isinstance(refusal, claiming.WouldOverlap):
        return asking.BusyThen()
    if isinstance(refusal, claiming.SlotFull):
        return PlacesTaken()
    return refusal
