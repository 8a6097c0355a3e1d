"""A community to race in: fifty neighbours who are signed in, and a fresh date for every round."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.crowd import Tap
from bench.visitors import Visitor
from bench.visitors import Visitors
from tests import builders
from tests.storms import a_crowd
from timebank.core import clock
from timebank.domain import identity
from timebank.models import Claim
from timebank.models import Membership
from timebank.models import Waiting

CROWD = 50
FIRST_HOUR, HOURS_BETWEEN, A_DAY = 6, 2, 8  # eight dates a day, none at the hour of another
DAYS_AHEAD = 8  # far enough for a freed place to be kept for whoever waits
ALWAYS_OPEN = 60  # places of the other job of each date: something to offer who comes too late

GIVEN = sa.text("""
SELECT count(*) AS turns, count(DISTINCT (slot_id, place)) AS places,
       count(DISTINCT membership_id) AS people
  FROM claim WHERE slot_id = ANY (:slot_ids) AND live
""")


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a date: the address of the date, and its number."""

    date: str
    slot_id: int

    @property
    def path(self) -> str:
        """Where its button leads."""
        return f"{self.date}/claim/{self.slot_id}"


class Ground:
    """The community, its dates, and the buttons that its people press."""

    def __init__(self, session: Session, environ: Mapping[str, str]) -> None:
        self.session = session
        self._today = clock.now().date()
        self._walk = builders.a_walk(session, day=self._today + dt.timedelta(days=1))
        self._members = a_crowd(session, self._walk.community, CROWD)
        self._numbers = itertools.count(1)
        people = [*self._members, self._walk.nadia]
        tokens = [
            identity.open_sign_in(session, person_id=one.person_id, now=clock.now())
            for one in people
        ]
        session.commit()
        self.visitors = Visitors(environ, tokens)
        self._visitor = dict(zip((one.id for one in people), self.visitors, strict=True))

    @property
    def small_page(self) -> str:
        """Where something is that costs next to nothing to serve."""
        return str(self.visitors.app.jinja_env.globals["asset"]("img/icon.svg"))

    def crowd(self) -> list[Membership]:
        """List everybody; each time somebody else is the first to tap."""
        self._members.append(self._members.pop(0))
        return list(self._members)

    def a_job(self, *, places: int = 1) -> Job:
        """Make a date at an hour at which nothing else is, with one job to race for."""
        return self.jobs_at_one_hour(1, places=places)[0]

    def jobs_at_one_hour(self, count: int, *, places: int) -> list[Job]:
        """Make so many events at one hour, each with one job to race for."""
        number = next(self._numbers)
        return [self._a_job(number, f"race-{number}-{one}", places) for one in range(count)]

    def given(self, jobs: list[Job]) -> sa.Row[tuple[int, int, int]]:
        """Ask the database how many turns, places and people these jobs have."""
        self.session.rollback()
        return self.session.execute(GIVEN, {"slot_ids": [job.slot_id for job in jobs]}).one()

    def take(self, job: Job, member: Membership) -> Tap:
        """Press “I'll do it”."""
        return Tap(self._browser(member), job.path)

    def give_back(self, job: Job, member: Membership) -> Tap:
        """Press “I can't make it”."""
        claim_id = self._find(sa.select(Claim.id).where(Claim.live), Claim, job, member)
        return Tap(self._browser(member), f"/me/turns/{claim_id}/cant")

    def wait(self, job: Job, member: Membership) -> Tap:
        """Press “Tell me if it opens”."""
        return Tap(self._browser(member), f"{job.path}/wait")

    def say_yes(self, job: Job, member: Membership) -> Tap:
        """Press the yes to a place that is offered to who waits."""
        claim_id = self._find(sa.select(Waiting.claim_id), Waiting, job, member)
        return Tap(self._browser(member), f"/me/waiting/{claim_id}/yes")

    def call_off(self, job: Job) -> Tap:
        """Let the organiser cancel the date."""
        why = {"press": "cancel", "kind": "weather", "cancel_reason": "Flooded path"}
        return Tap(self._browser(self._walk.nadia), f"{job.date}/change", why)

    def _browser(self, member: Membership) -> Visitor:
        return self._visitor[member.id]

    def _find(
        self,
        numbers: sa.Select[tuple[int]],
        record: type[Claim | Waiting],
        job: Job,
        member: Membership,
    ) -> int | None:
        self.session.rollback()
        theirs = record.slot_id == job.slot_id, record.membership_id == member.id
        return self.session.scalar(numbers.where(*theirs))

    def _a_job(self, number: int, slug: str, places: int) -> Job:
        day = self._today + dt.timedelta(days=DAYS_AHEAD + number // A_DAY)
        hour = FIRST_HOUR + HOURS_BETWEEN * (number % A_DAY)
        series = builders.a_series(
            self.session,
            group=self._walk.group,
            organiser=self._walk.nadia,
            slug=slug,
            first_on=day,
            starts=dt.time(hour),
            ends=dt.time(hour + 1, 30),
        )
        event = builders.an_event(self.session, series)
        role = builders.a_role(self.session, series, name="Barista", places=places)
        slot = builders.a_slot(self.session, event, role)
        other = builders.a_role(
            self.session, series, name="Greeter", places=ALWAYS_OPEN, position=2
        )
        builders.a_slot(self.session, event, other)
        self.session.commit()
        return Job(f"/e/{slug}/{day.isoformat()}", slot.id)
