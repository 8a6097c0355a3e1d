"""Tasks that are forked from one process: started again when they end, asked once to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.adapters.test_supervisor import living

TASKS = """
import os, signal, sys, time
from timebank.adapters.forks import Forks

NOTES = sys.argv[1]
def note(what):
    with open(NOTES, "a") as file:
        file.write(f"{what} {os.getpid()}\\n")
def steady():
    def stop(*_):
        note("asked")
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    note("steady")
    while True:
        time.sleep(0.05)
def quits():
    note("quits")
    sys.exit("it would not")
def breaks():
    note("breaks")
    raise ValueError("broken")
Forks({"steady": steady, "quits": quits, "breaks": breaks}, tell=lambda text: note(text)).run()
note("left")
"""


class Family:
    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", TASKS, str(self.notes)],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def count(self, what: str) -> int:
        return sum(line.startswith(what) for line in self.notes.read_text().splitlines())

    def wait_for(self, what: str, times: int) -> None:
        deadline = time.monotonic() + 40
        while self.count(what) < times:
            assert time.monotonic() < deadline, self.notes.read_text()
            time.sleep(0.02)


@pytest.fixture
def family(tmp_path: Path):
    family = Family(tmp_path)
    yield family
    if family.process.poll() is None:
        os.killpg(family.process.pid, signal.SIGKILL)
        family.process.wait()


def test_tasks_that_end_are_started_again_less_and_less_often(family: Family):
    family.wait_for("quits", 3)
    family.wait_for("breaks", 3)
    time.sleep(2)
    assert family.count("quits") <= 4
    assert family.count("steady") == 1
    assert family.count("The quits ended (1). Starting it again.") >= 2
    family.process.send_signal(signal.SIGTERM)
    assert family.process.wait(10) == 0
    assert (family.count("asked"), family.count("left")) == (1, 1)


def test_task_that_is_killed_is_started_again(family: Family):
    family.wait_for("steady", 1)
    number = next(
        int(line.split()[1])
        for line in family.notes.read_text().splitlines()
        if line.startswith("steady")
    )
    os.kill(number, signal.SIGKILL)
    family.wait_for("steady", 2)
    assert family.count("The steady ended (-9).") == 1


def test_nobody_is_left_when_the_parent_is_killed(family: Family):
    family.wait_for("steady", 1)
    children = psutil.Process(family.process.pid).children()
    family.process.kill()
    family.process.wait()
    assert living(children) == []
    assert family.count("asked") == 1


@pytest.mark.parametrize("after", [0.0, 0.3, 0.6, 0.9, 1.2])
def test_a_stop_at_any_moment_is_heard_by_everybody(family: Family, after: float):
    """Also by who was just being forked: a signal that comes then waits."""
    family.wait_for("breaks", 1)
    time.sleep(after)
    family.process.send_signal(signal.SIGTERM)
    assert family.process.wait(10) == 0
