from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

# A supervisor with three doors and a store, as `timebank up` builds it, of programs that note in
# a file what happens to them. The worker has a grandchild of its own, as an RQ worker has.
HOUSEHOLD = """
import signal, sys
from timebank.adapters.processes import start_child
from timebank.adapters.supervisor import Child, Supervisor

NOTES, MOOD = sys.argv[1], sys.argv[2]
PROGRAM = '''
import os, signal, subprocess, sys, time
notes, name, mood = sys.argv[1:]
def note(what):
    with open(notes, "a") as file:
        file.write(f"{name} {what} {os.getpid()}\\\\n")
def stop(*_):
    note("asked")
    if mood != "stubborn":
        time.sleep(0.2)
        note("ended")
        sys.exit()
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, lambda *_: note("interrupted"))
if name == "worker":
    job = subprocess.Popen(["sleep", "300"], process_group=0)
note("started")
if mood == "mortal" and name == "web":
    time.sleep(0.2)
    sys.exit(3)
while True:
    time.sleep(0.05)
'''
def child(name, last=False):
    command = [sys.executable, "-c", PROGRAM, NOTES, name, MOOD]
    return Child(name=name, last=last, start=lambda: start_child(command))
with Supervisor(tell=lambda text: print(text, flush=True)) as supervisor:
    for one in (child("store", last=True), child("web"), child("scheduler"), child("worker")):
        supervisor.add(one)
    supervisor.watch()
print("stopped", flush=True)
"""


class Household:
    """A supervisor running as a process of its own, with what its children noted."""

    def __init__(self, folder: Path, *, mood: str = "polite") -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOUSEHOLD, str(self.notes), mood],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.wait_for(lambda: self.count("started") >= 4)
        self.everybody = psutil.Process(self.process.pid).children(recursive=True)

    def count(self, what: str) -> int:
        return sum(line.split()[1] == what for line in self.notes.read_text().splitlines())

    def order(self, what: str) -> list[str]:
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [line[0] for line in lines if line[1] == what]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < deadline, self.notes.read_text()
            time.sleep(0.02)

    def ended_within(self, seconds: float) -> bool:
        started = time.monotonic()
        output, _ = self.process.communicate(timeout=seconds + 5)
        assert output.endswith("stopped\n")
        assert living(self.everybody) == []
        return time.monotonic() - started < seconds

    def interrupt_terminal(self) -> None:
        """Ctrl-C: to the foreground group, as a terminal does it."""
        os.killpg(self.process.pid, signal.SIGINT)


def test_children_are_asked_once_and_in_order_the_store_last(tmp_path: Path):
    household = Household(tmp_path)
    household.process.send_signal(signal.SIGTERM)

    assert household.ended_within(10)
    assert household.process.returncode == 0
    assert sorted(household.order("asked")) == ["scheduler", "store", "web", "worker"]
    assert household.order("ended")[-1] == "store"
    assert household.count("interrupted") == 0


@pytest.mark.parametrize("times", [1, 3])
def test_interrupting_the_terminal_asks_each_child_once_however_often(tmp_path: Path, times: int):
    household = Household(tmp_path)
    for _ in range(times):
        household.interrupt_terminal()
    household.process.send_signal(signal.SIGTERM)

    assert household.ended_within(10)
    assert (household.count("asked"), household.count("interrupted")) == (4, 0)


def test_children_that_will_not_go_are_killed_within_ten_seconds(tmp_path: Path):
    household = Household(tmp_path, mood="stubborn")
    household.process.send_signal(signal.SIGTERM)

    assert household.ended_within(10)
    assert household.count("asked") == 4


def test_a_child_that_dies_is_started_again(tmp_path: Path):
    household = Household(tmp_path)
    worker = _process_of(household, "worker")
    job = worker.children()[0]
    worker.kill()
    household.wait_for(lambda: household.order("started").count("worker") == 2)

    assert living([job]) == []
    household.everybody = psutil.Process(household.process.pid).children(recursive=True)
    household.process.send_signal(signal.SIGTERM)
    assert household.ended_within(10)


def test_a_child_that_keeps_dying_is_started_again_less_and_less_often(tmp_path: Path):
    household = Household(tmp_path, mood="mortal")
    time.sleep(4)
    household.process.send_signal(signal.SIGTERM)

    assert household.ended_within(10)
    assert 2 <= household.order("started").count("web") <= 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of our death")
def test_nobody_is_left_when_the_supervisor_itself_is_killed(tmp_path: Path):
    household = Household(tmp_path)
    direct = psutil.Process(household.process.pid).children()
    household.process.kill()
    household.process.wait()
    household.process.stdout.close()

    assert living(direct) == []
    for grandchild in set(household.everybody) - set(direct):
        grandchild.kill()  # a job of a worker that could not tidy up: RQ's own does


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Who still runs after a moment; one that waits for its parent to take note has ended."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        processes = [one for one in processes if one.is_running() and not _is_zombie(one)]
        if not processes:
            break
        time.sleep(0.05)
    return processes


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _process_of(household: Household, name: str) -> psutil.Process:
    lines = [line.split() for line in household.notes.read_text().splitlines()]
    return psutil.Process(int(next(line[2] for line in lines if line[0] == name)))
