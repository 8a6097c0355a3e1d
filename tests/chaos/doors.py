"""The processes of Good Turn as the chaos runs them: quicker than in earnest, otherwise the same.

Quicker means: a lease lasts four seconds in place of 180, a try waits one in place of 300. So a
quarter of an hour in earnest is twenty seconds here.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta as td
from pathlib import Path

from tests.chaos import clocks
from timebank.core.settings import Settings
from timebank.domain.notices import delivery
from timebank.jobs.runner import run_worker
from timebank.jobs.schedule import SCHEDULES
from timebank.jobs.schedule import run_scheduler
from timebank.jobs.tools import Pace

QUICK = Pace(
    lease=td(seconds=4),
    back_off=td(seconds=1),
    rest=td(seconds=0.25),
    drain=td(seconds=5),
    smtp_seconds=2,
    note=td(seconds=15),
)
WATCHED = {"timebank.jobs.notices.drain", "timebank.jobs.claims.lapse_holds"}
CAREFUL, CARELESS = "careful", "careless"


def worker(settings: Settings, *, how: str) -> None:
    """Run a worker; a careless one has no lease and no fence, and sends again when in doubt."""
    if how == CARELESS:
        delivery.LEASE = delivery.LEASE.replace("now() + :lasts", "now() + 0 * :lasts").replace(
            f"{delivery.UNHARMED} AND", ""
        )
        delivery.FENCE = delivery.FENCE.replace(" AND lease_token = :token", "").replace(
            "state = 'leased'", "state <> 'sent'"
        )
        delivery.END = delivery.END.replace("'uncertain'", "'pending'", 1)
        delivery.SENT = delivery.SENT.replace("'uncertain'", "'pending'", 1)
        delivery.mark_uncertain = _send_again  # type: ignore[assignment]
    run_worker(settings, pace=QUICK)


def _send_again(session, *, lease, why):
    return delivery.put_back(session, lease=lease, step=td(0), why=why)


def scheduler(settings: Settings, *, how: str) -> None:
    """Run a scheduler that looks every second."""
    if how == CARELESS:
        delivery.SWEEP = tuple(
            step.replace("state = 'uncertain'", "state = 'pending'") for step in delivery.SWEEP
        )
    watched = [one for one in SCHEDULES if one.function in WATCHED]
    run_scheduler(settings, schedules=tuple(replace(one, every_seconds=1) for one in watched))


if __name__ == "__main__":
    clocks.follow(Path(os.environ["CHAOS_CLOCK"]))
    door = {"worker": worker, "scheduler": scheduler}[sys.argv[1]]
    door(Settings.from_environment(os.environ), how=sys.argv[2])
