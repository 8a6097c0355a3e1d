"""The proofs of a million transfers (goal 9): `bench.reconcile` in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

from bench import reconcile
from bench.common import ROOT
from bench.common import Figure
from bench.common import Stage


def measure(_stage: Stage) -> list[Figure]:
    """Run it, and take its figures over into the table."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.reconcile"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    whole, latest = _figure("reconcile", done.stdout), _figure("latest", done.stdout)
    lines = done.stdout.splitlines()
    return [
        Figure(
            goal=9,
            what="nightly proof of 1,000,000 transfers: time",
            measured=whole,
            unit="times bare two-sided GROUP BY",
            most=reconcile.GOAL,
            detail=lines[0],
        ),
        Figure(
            goal=9,
            what="proof of a minute's transfers after 1,000,000: time",
            measured=latest,
            unit="ms",
            most=reconcile.LATEST_GOAL_MS,
            detail=lines[2],
        ),
    ]


def _figure(name: str, printed: str) -> float:
    found = re.search(rf"^{name}: ([0-9.]+) ", printed, re.MULTILINE)
    if found is None:
        raise RuntimeError(printed)
    return float(found[1])
