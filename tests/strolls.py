"""The walk of the sample sheet: its jobs, and the people whom its lines mean on the rota."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.models import Membership
from timebank.models import Slot

DAY = dt.date(2026, 12, 5)
JOBS = {  # name: (minutes after the start, how long, places)
    "Run director": (-60, 180, 1),
    "Course check": (-75, 60, 1),
    "Marshal: boathouse": (-15, 90, 1),
    "Marshal: far end": (-15, 90, 1),
    "Timekeeper": (0, 75, 1),
    "Finish tokens": (0, 75, 2),
}
ON_THE_ROTA = {
    "Nadia": "Run director",
    "Tom": "Course check",
    "Imran": "Timekeeper",
    "Pauline": "Finish tokens",
    "Grace": "Marshal: boathouse",
}
NEIGHBOURS = ("Tom Baker", "Pauline Dray", "Imran Malik", "Grace Lowe")


@dataclass(frozen=True)
class Stroll:
    """Jobs and people by name."""

    walk: builders.Walk
    slots: dict[str, Slot]
    people: dict[str, Membership]


def a_stroll(session: Session, day: dt.date = DAY) -> Stroll:
    """Build it, and commit it."""
    walk = builders.a_walk(session, day=day)
    session.execute(sa.text("UPDATE slot SET closed_at = now()"))
    session.execute(sa.text("UPDATE role SET retired_at = now()"))
    slots = {}
    for position, (name, (after, minutes, places)) in enumerate(JOBS.items(), start=1):
        role = builders.a_role(
            session, walk.series, name=name, places=places,
            starts_after_minutes=after, duration_minutes=minutes, position=position,
        )  # fmt: skip
        slots[name] = builders.a_slot(session, walk.event, role)
    people = {"Nadia": walk.nadia, "Ama": walk.ama, "Bela": walk.bela}
    people |= {
        name.split()[0]: builders.a_member(session, walk.community, name) for name in NEIGHBOURS
    }
    for first, job in ON_THE_ROTA.items():
        builders.a_claim(session, slots[job], people[first])
    session.commit()
    return Stroll(walk, slots, people)
