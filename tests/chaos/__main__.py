"""The long form: `make chaos`, with CHAOS_SEED, CHAOS_FAULTS and CHAOS_MAILS from outside."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

from tests.chaos.doors import CARELESS
from tests.chaos.running import Plan
from tests.chaos.running import run
from tests.chaos.running import table
from tests.chaos.test_mail_survives import CONTROL
from tests.chaos.test_mail_survives import UNCERTAIN_FOR_SO_MANY_FAULTS

FAULTS, MAILS = 1000, 10_000


def main() -> int:
    """Run it and the control, print both, and say by the exit code whether the promise held."""
    seed = int(os.environ.get("CHAOS_SEED") or time.time_ns() % 1_000_000)
    faults = int(os.environ.get("CHAOS_FAULTS") or FAULTS)
    mails = int(os.environ.get("CHAOS_MAILS") or MAILS)
    outcome = run(Plan(mails=mails, faults=faults, seed=seed))
    _say(table(outcome))
    control = run(replace(CONTROL, seed=seed))
    _say(f"\nControl, {CARELESS}:\n\n{table(control)}")
    held = (
        not outcome.doubled
        and not outcome.lost
        and not outcome.open
        and outcome.uncertain * UNCERTAIN_FOR_SO_MANY_FAULTS <= faults
        and bool(control.doubled)
    )
    _say("The promise held." if held else "The promise did NOT hold.")
    return 0 if held else 1


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
