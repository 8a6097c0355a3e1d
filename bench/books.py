"""The nightly proof of a million transfers (goal 9): `bench.reconcile` in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

from bench import reconcile
from bench.common import ROOT
from bench.common import Figure
from bench.common import Stage


def measure(_stage: Stage) -> list[Figure]:
    """Run it, and take its ratio over into the table."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.reconcile"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    ratio = re.search(r"^reconcile: ([0-9.]+) of", done.stdout, re.MULTILINE)
    if ratio is None:
        raise RuntimeError(done.stdout)
    return [
        Figure(
            goal=9,
            what="nightly proof of 1,000,000 transfers: time",
            measured=float(ratio[1]),
            unit="times bare two-sided GROUP BY",
            most=reconcile.GOAL,
            detail=done.stdout.partition("\n")[0],
        )
    ]
