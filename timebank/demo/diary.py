"""Who has which turn in the made-up borough: past ones done, coming ones partly taken."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from timebank.demo.catalogue import Plan
from timebank.demo.people import NEWCOMERS
from timebank.demo.people import Borough
from timebank.demo.people import Neighbour
from timebank.domain.rota.occasions import STAYS_OPEN

WEEK = dt.timedelta(weeks=1)
ZIPF = 1.1  # givers: a tenth of the neighbours gives about half
LESS_A_WEEK = 0.11  # of the coming dates' turns are taken with every week that they are away
MOST_A_WEEK = 2
PROMISED = 0.35  # of the coming dates have their usual people already
ABSENT = 0.04
WITHDRAWN = 0.06
STROLL = "danson-saturday-stroll"

USUALLY = {
    (STROLL, "Run director"): ("Nadia Khan", "Wes Ellis"),
    (STROLL, "Marshal: boathouse"): ("Tom Baker",),
    (STROLL, "Marshal: stable block"): ("Ama Owusu",),
    (STROLL, "First-timers’ welcome"): ("Priya Shah", "Grace Lim"),
    (STROLL, "Photographer"): ("Jo Field",),
    (STROLL, "Tea at the café"): ("Pauline Dunne",),
    (STROLL, "Tail walker"): ("Marjorie Hall", "Grace Lim"),
    (STROLL, "Timekeeper"): ("Imran Malik",),
    ("erith-repair-cafe", "Fixer’s helper"): ("Priya Shah",),
}
# Left open on the next date, so that there is something to step in for this week.
LEFT_OPEN = {
    (STROLL, "Tail walker"),
    (STROLL, "Marshal: lake end"),
    (STROLL, "Marshal: anywhere"),
    (STROLL, "Finish token support"),
    ("erith-repair-cafe", "Tea and welcome"),
    ("cray-riverbank-litter-pick", "Kit and sign-in"),
}

SLOTS = sa.text("""
SELECT s.id, s.starts_at, s.places, s.needed, r.name AS job, e.id AS event_id,
       e.starts_at AS event_starts_at, e.ends_at AS event_ends_at, x.slug,
       ARRAY(SELECT a.qualification_id FROM role_qualification a WHERE a.role_id = r.id)
  FROM event e
  JOIN series x ON x.id = e.series_id
  JOIN slot s ON s.event_id = e.id
  JOIN role r ON r.id = s.role_id
 WHERE e.community_id = :community_id AND e.state = 'planned'
 ORDER BY e.starts_at, e.id, r.position
""")

WRITE_CLAIMS = sa.text("""
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state, held_until, held_for, held_as, arrived_at, arrived_by,
                   withdrawn_at, withdrawn_because, created_at)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, r.place, s.starts_at, s.ends_at,
       s.places, r.state, r.held_until, CASE WHEN r.state = 'held' THEN 'yes' END, r.held_as,
       r.arrived_at, r.arrived_by,
       r.withdrawn_at, CASE WHEN r.withdrawn_at IS NOT NULL THEN 'person' END, r.created_at
  FROM jsonb_to_recordset(:rows) AS r(
         slot_id bigint, membership_id bigint, place smallint, state text,
         held_until timestamptz, held_as text, arrived_at timestamptz, arrived_by bigint,
         withdrawn_at timestamptz, created_at timestamptz)
  JOIN slot s ON s.id = r.slot_id
  JOIN membership m ON m.id = r.membership_id
 ORDER BY s.starts_at, s.id, r.place
""").bindparams(sa.bindparam("rows", type_=JSONB))


@dataclass(frozen=True, slots=True)
class Opening:
    """A job of a date, to be filled."""

    id: int
    starts_at: dt.datetime
    places: int
    needed: int
    job: str
    event_id: int
    event_starts_at: dt.datetime
    event_ends_at: dt.datetime
    slug: str
    asks_for: list[int]


@dataclass(frozen=True, slots=True)
class Row:
    """A turn to be written."""

    slot_id: int
    membership_id: int
    place: int
    state: str
    created_at: str
    arrived_at: str | None = None
    arrived_by: int | None = None
    withdrawn_at: str | None = None
    held_until: str | None = None
    held_as: str | None = None


class Diary:
    """Fills the rotas: nobody has two turns on one day, and regulars come back."""

    def __init__(
        self,
        borough: Borough,
        plans: dict[str, Plan],
        holders: dict[int, frozenset[int]],
        rng: random.Random,
        now: dt.datetime,
    ) -> None:
        self._borough = borough
        self._plans = plans
        self._holders = holders
        self._rng = rng
        self._now = now
        self._zone = ZoneInfo(borough.community.timezone)
        self._busy: set[tuple[int, dt.date]] = set()
        self._next_dates: dict[str, int] = {}
        self._weeks: Counter[tuple[int, dt.date]] = Counter()
        self._ranked = self._rank()
        self._pools = {slug: self._pool(plan) for slug, plan in plans.items()}

    def write(self, session: Session) -> None:
        """Write every turn, in one statement."""
        found = session.execute(SLOTS, {"community_id": self._borough.community.id})
        slots = [Opening(*row) for row in found]
        rows: list[Row] = []
        for _, of_event in groupby(slots, key=lambda slot: slot.event_id):
            rows += self._turns(list(of_event))
        session.execute(
            WRITE_CLAIMS,
            {"rows": [{name: getattr(row, name) for name in row.__slots__} for row in rows]},
        )

    def _rank(self) -> list[tuple[Neighbour, float]]:
        """Say who gives how readily; the coordinator and newcomers are asked by name only."""
        named = {self._borough.neighbours[0].name, *NEWCOMERS}
        others = [one for one in self._borough.neighbours if one.name not in named]
        self._rng.shuffle(others)
        return [(one, 1 / (rank + 8) ** ZIPF) for rank, one in enumerate(others)]

    def _pool(self, plan: Plan) -> list[tuple[Neighbour, float]]:
        """Draw a series' regulars; who gives most anywhere gives most here too."""
        keys = [self._rng.random() ** (1 / weight) for _, weight in self._ranked]
        drawn = sorted(zip(keys, self._ranked, strict=True), key=lambda one: -one[0])
        return [who for _, who in drawn[: plan.regulars]]

    def _turns(self, slots: list[Opening]) -> Iterator[Row]:
        event = slots[0]
        is_past = event.event_ends_at <= self._now
        is_next = not is_past and event.slug not in self._next_dates
        if is_next:
            self._next_dates[event.slug] = event.event_id
        share = self._share(event)
        for slot in slots:
            left_open = is_next and (slot.slug, slot.job) in LEFT_OPEN
            for place in range(1, slot.places + 1):
                is_needed = place <= slot.needed
                if left_open and place >= max(slot.places - 1, 1):
                    continue
                likely = max(share, self._surely(event)) if is_needed else share
                is_certain = is_next and (slot.slug, slot.job) in USUALLY
                if self._rng.random() > likely and not is_certain:
                    continue
                yield from self._turn(slot, place)
        if is_next and event.slug == STROLL:
            yield from self._newcomers(slots)

    def _share(self, event: Opening) -> float:
        weeks = max((event.event_starts_at - self._now) / WEEK, 0)
        usual = self._plans[event.slug].fill * self._rng.uniform(0.85, 1.1)
        return float(usual * max(1 - LESS_A_WEEK * weeks, 0.08))

    def _surely(self, event: Opening) -> float:
        """How likely a job that the event can't start without has somebody."""
        weeks = (event.event_starts_at - self._now) / WEEK
        return 1.0 if weeks <= 0 else float(max(0.95 - 0.12 * weeks, 0.1))

    def _turn(self, slot: Opening, place: int) -> Iterator[Row]:
        neighbour = self._free_neighbour(slot)
        if neighbour is None:
            return
        claimed_at = self._claimed_at(slot, neighbour)
        if slot.event_ends_at > self._now:
            yield self._row(slot, neighbour, place, "confirmed", claimed_at)
        else:
            yield self._past(slot, neighbour, place, claimed_at)
        if self._rng.random() < WITHDRAWN:
            other = self._rng.choice(self._borough.neighbours)
            if other.name not in NEWCOMERS:
                gave_back_at = claimed_at - dt.timedelta(hours=1)
                yield self._row(
                    slot,
                    other,
                    place,
                    "withdrawn",
                    gave_back_at - dt.timedelta(days=1),
                    withdrawn_at=gave_back_at.isoformat(),
                )

    def _past(
        self,
        slot: Opening,
        neighbour: Neighbour,
        place: int,
        claimed_at: dt.datetime,
    ) -> Row:
        """A turn of a date gone by: ticked, or not there. A week after, that is missed."""
        if self._rng.random() < ABSENT:
            is_open = slot.event_ends_at + STAYS_OPEN > self._now
            return self._row(
                slot, neighbour, place, "confirmed" if is_open else "missed", claimed_at
            )
        first, second = self._borough.organisers[self._plans[slot.slug].group]
        witness = second if neighbour.membership_id == first.id else first
        return self._row(
            slot,
            neighbour,
            place,
            "confirmed",
            claimed_at,
            arrived_at=(slot.starts_at - dt.timedelta(minutes=5)).isoformat(),
            arrived_by=witness.id,
        )

    def _newcomers(self, slots: list[Opening]) -> Iterator[Row]:
        """Two first turns on the next stroll: one sure, one still to be confirmed."""
        slot = next(slot for slot in slots if slot.job == "Marshal: anywhere")
        sam, ruby = (self._borough.named(name) for name in NEWCOMERS)
        asked_at = self._now - dt.timedelta(hours=2)
        yield self._row(slot, sam, 1, "confirmed", asked_at)
        finish = next(slot for slot in slots if slot.job == "Finish token support")
        held_until = min(self._now + dt.timedelta(hours=20), finish.starts_at)
        if held_until > self._now:
            yield self._row(
                finish,
                ruby,
                1,
                "held",
                asked_at,
                held_until=held_until.isoformat(),
                held_as=ruby.name,
            )

    def _free_neighbour(self, slot: Opening) -> Neighbour | None:
        day = slot.starts_at.astimezone(self._zone).date()
        usual = [self._borough.named(name) for name in USUALLY.get((slot.slug, slot.job), ())]
        if slot.event_ends_at <= self._now:
            self._rng.shuffle(usual)
        elif slot.event_id not in self._next_dates.values() and self._rng.random() > PROMISED:
            usual = []
        pool = self._pools[slot.slug]
        drawn = self._rng.choices([one for one, _ in pool], [weight for _, weight in pool], k=8)
        week = day - dt.timedelta(days=day.weekday())
        for one in [*usual, *drawn]:
            tired = one not in usual and self._weeks[one.membership_id, week] >= MOST_A_WEEK
            known = one.joined_at < slot.starts_at
            able = all(one.membership_id in self._holders[kind] for kind in slot.asks_for)
            if known and able and not tired and (one.membership_id, day) not in self._busy:
                self._busy.add((one.membership_id, day))
                self._weeks[one.membership_id, week] += 1
                return one
        return None

    def _claimed_at(self, slot: Opening, neighbour: Neighbour) -> dt.datetime:
        before = dt.timedelta(days=self._rng.randint(1, 20), minutes=self._rng.randint(0, 700))
        latest = min(slot.event_starts_at, self._now) - before
        return max(latest, neighbour.joined_at + dt.timedelta(minutes=5))

    def _row(
        self,
        slot: Opening,
        neighbour: Neighbour,
        place: int,
        state: str,
        created_at: dt.datetime,
        **more: object,
    ) -> Row:
        return Row(
            slot_id=slot.id,
            membership_id=neighbour.membership_id,
            place=place,
            state=state,
            created_at=created_at.isoformat(),
            **more,  # type: ignore[arg-type]
        )
