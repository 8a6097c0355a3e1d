"""The rota of 40 jobs by 12 dates with 400 turns, kept ready-made, signed out and signed in."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import common
from bench.common import Figure
from bench.common import Stage
from bench.common import Target
from bench.visitors import Visitors
from timebank.core import clock
from timebank.domain.events import dates
from timebank.domain.events import making
from timebank.domain.events.drafts import RoleDraft
from timebank.domain.events.drafts import SeriesDraft
from timebank.domain.events.drafts import VenueDraft
from timebank.models import Frequency
from timebank.models import Group
from timebank.models import Membership

LEAST_RATE = 0.3
JOBS = 40
DATES = 12
GRID = "/e/large-rota/rota?dates=12"

# 400 of the 480 jobs have somebody: who has the place of the last town's members is their own.
TURNS = sa.text("""
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, 1, s.starts_at, s.ends_at, s.places,
       'confirmed'
  FROM (SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY id) AS job,
               row_number() OVER (ORDER BY event_id, id) AS nth
          FROM slot WHERE series_id = :series_id) s
  JOIN (SELECT *, row_number() OVER (ORDER BY id DESC) AS number FROM membership) m
    ON m.number = 100 + s.job
 WHERE s.nth % 6 > 0
""")


def measure(stage: Stage) -> list[Figure]:
    """Ask for the same large rota as Dov and as members, beside hello."""
    _build(stage)
    visitors = Visitors(stage.environ, stage.town.tokens[:50])
    signed_in = [common.request(GRID, Cookie=visitor.cookie) for visitor in visitors]
    rounds = common.interleave(
        stage,
        {
            "hello": common.hello(stage),
            "signed out": Target(server=stage.goodturn, requests=lambda: [common.request(GRID)]),
            "signed in": Target(server=stage.goodturn, requests=lambda: signed_in),
        },
    )
    return [_rate(rounds, who) for who in ("signed out", "signed in")]


def _rate(rounds: common.Rounds, who: str) -> Figure:
    return Figure(
        goal=2,
        what=f"rota of 40 jobs by 12 dates, {who}: rate",
        measured=common.rate_ratio(rounds, who),
        unit="times hello",
        least=LEAST_RATE,
        detail=f"{common.rates(rounds, who)}; {common.costs(rounds, who)}",
    )


def _build(stage: Stage) -> None:
    """Add the large rota to the town."""
    now = clock.now()
    first = now.date() + dt.timedelta(days=3)
    engine = sa.create_engine(stage.environ["DATABASE_URL"])
    with Session(engine) as session:
        group = session.scalars(sa.select(Group)).first()
        organiser = session.scalars(sa.select(Membership).order_by(Membership.id)).first()
        if group is None or organiser is None:
            raise LookupError("nobody lives in this town")
        draft = SeriesDraft(
            group_id=group.id,
            title="Large rota",
            description="A large event.",
            venue=VenueDraft(name="Danson Park"),
            frequency=Frequency.WEEKLY,
            first_on=first,
            starts_time=dt.time(18),
            ends_time=dt.time(20),
            roles=tuple(_job(number) for number in range(1, JOBS + 1)),
        )
        series = making.make_series(session, draft=draft, by=organiser, now=now)
        making.publish(session, series=series, now=now)
        last = first + dt.timedelta(weeks=DATES - 1)
        dates.make_dates(session, series=series, timezone="Europe/London", first=first, last=last)
        session.execute(TURNS, {"series_id": series.id})
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _job(number: int) -> RoleDraft:
    return RoleDraft(
        name=f"Marshal {number}",
        needed=number % 2,
        places=1 + number % 2,
        starts_after_minutes=0,
        duration_minutes=120,
    )
