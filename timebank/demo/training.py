"""What the neighbours of the made-up borough are trained for, and how old they are at least."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.demo.people import Borough
from timebank.domain.communities import qualifications
from timebank.models import MemberQualification
from timebank.models import Profile
from timebank.models import Qualification

GROWN_UP = 18
GIVEN_AGO = dt.timedelta(days=200)  # before the first of the past dates
SHARE = 3  # every third neighbour has each of them
RUNS_OUT_SOON = 40  # every fortieth of the others has it for another month


def train(session: Session, borough: Borough, now: dt.datetime) -> dict[int, frozenset[int]]:
    """Give neighbours what jobs ask for -> who has each all the time, by qualification."""
    today = clock.local_date(now, borough.community.timezone)
    session.execute(
        sa.update(Profile).values(age_at_least=GROWN_UP, age_said_on=today - GIVEN_AGO)
    )
    kinds = session.scalars(sa.select(Qualification).order_by(Qualification.name)).all()
    ids = [one.membership_id for one in borough.neighbours]
    holders: dict[int, frozenset[int]] = {}
    rows = []
    for number, kind in enumerate(kinds):
        have = [key for place, key in enumerate(ids) if place % SHARE == number % SHARE]
        lately = [key for key in ids[number::RUNS_OUT_SOON] if key not in have]
        holders[kind.id] = frozenset(have)
        rows += [_row(kind, key, borough, today - GIVEN_AGO) for key in have]
        if kind.lasts_months:
            month_left = qualifications.good_until(kind, today) or today
            begun = today - (month_left - today) + dt.timedelta(days=30)
            rows += [_row(kind, key, borough, begun) for key in lately]
    if rows:
        session.execute(sa.insert(MemberQualification), rows)
    return holders


def _row(
    kind: Qualification, membership_id: int, borough: Borough, since: dt.date
) -> dict[str, object]:
    return {
        "community_id": borough.community.id,
        "membership_id": membership_id,
        "qualification_id": kind.id,
        "valid_from": since,
        "expires_on": qualifications.good_until(kind, since),
        "given_by": borough.neighbours[0].membership_id,
    }
