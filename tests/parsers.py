"""calendar-check's seven parsers: what they lack here, and what they find in our calendars."""

from __future__ import annotations

import ctypes
import ctypes.util
import datetime as dt
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "calendar_check"
IN_FULL = os.environ.get("CALENDAR_CHECK_IN_FULL") == "1"
OLDEST_NODE = 20
# Two zones gave up changing their clocks in 2026. Engines whose own zones are older than that are
# an hour behind there, whatever a feed says: node brings its zones with it.
CHANGED_LATELY, CHANGED_SINCE, BEHIND = (
    {"Africa/Casablanca", "America/Vancouver"},
    "2026",
    "node-ical",
)
STRICT = ("--profile", "feed", "--strict")
ALL_SEVEN = ("--need-parse", "7", "--need-expand", "5")


def lacking() -> str:
    """Say in a sentence what keeps the seven parsers from being asked; nothing when all is there.

    In full nothing is passed over: whatever is not there fails.
    """
    missing = [] if IN_FULL else [*lacking_of_node(), *_python_lacks()]
    return said_of("seven parsers are not asked", missing)


def said_of(what: str, missing: Sequence[str]) -> str:
    """Say what is not tested here and why; nothing when nothing is missing."""
    return f"{what}: there is no {', no '.join(missing)}" if missing else ""


def lacking_of_node() -> list[str]:
    """List what the engines in JavaScript lack."""
    if not shutil.which("node") or int(_of_node("node").split(".")[0]) < OLDEST_NODE:
        return [f"node {OLDEST_NODE}"]
    has_all = (FOLDER / "node_modules/.package-lock.json").exists()
    return [] if has_all else ["node_modules (make parsers)"]


def _python_lacks() -> list[str]:
    missing = [name for name in ("ics", "vobject") if not importlib.util.find_spec(name)]
    try:
        ctypes.CDLL(ctypes.util.find_library("ical") or "libical.so.3")
    except OSError:
        missing.append("libical3")
    return missing


def need_all_seven() -> pytest.MarkDecorator:
    """Mark a test that is skipped, with a sentence, where not all of them are there."""
    return pytest.mark.skipif(bool(lacking()), reason=lacking())


def is_behind(zone: str) -> str:
    """Name the engine that does not know yet when a zone's clocks change; nothing when all do."""
    return BEHIND if zone in CHANGED_LATELY and _of_node("tz") < CHANGED_SINCE else ""


@functools.cache
def _of_node(what: str) -> str:
    """Tell which version node has of itself, or of the zones that it brings (2025c)."""
    asked = ["node", "-p", f"process.versions.{what}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def find_faults(
    files: Sequence[Path],
    since: dt.date,
    until: dt.date,
    *,
    options: Sequence[str] = STRICT,
    without: str = "",
) -> dict[str, list[object]]:
    """Ask all seven -> by the name of a file what they find, but for the dates of one engine."""
    window = ("--from", since.isoformat(), "--to", until.isoformat())
    asked = [*files, *window, *options, *ALL_SEVEN, "--json"]
    said = subprocess.run(
        [sys.executable, FOLDER / "calendar_check.py", *asked],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        env={**os.environ, "PYTHONTZPATH": ""},  # as ours: the zones of the tzdata package
    )
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    assert len(answers) == len(files), said.stderr
    found = {Path(answer["source"]).stem: _faults_of(answer, without) for answer in answers}
    return {name: faults for name, faults in found.items() if faults}


def _faults_of(answer: dict, without: str) -> list[object]:
    differing = [difference for difference in answer["diffs"] if difference[0] != without]
    faults = [*answer["findings"], *answer["refused"].items(), *differing]
    if answer["exit"] and not answer["diffs"]:
        faults.append(answer)  # or it is one of too few engines
    return faults
