"""Keeps a handful of processes running, starts again what dies, and ends them all in order.

One process, no threads. Each child has a session of its own, so that a Ctrl-C reaches only us; we
send each child exactly one signal, because an RQ worker that gets two hangs until its queue call
times out.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Self

import psutil

from timebank.adapters.embedded import EmbeddedError
from timebank.adapters.processes import end

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

GRACE_SECONDS = 3.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0

_LOOK_EVERY_SECONDS = 0.1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Child:
    """A process to keep running.

    Attributes:
        name: What messages call it.
        start: Starts it, and returns when it is there.
        last: Whether the others need it until they have ended: a database, a queue.
        stop_signals: What asks it to end, the polite one first.
        log: Where its output goes, for the message when it dies.
    """

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    last: bool = False
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0


class Supervisor:
    """Starts children, watches them, and ends them however we leave its `with` block."""

    def __init__(self, *, tell: Callable[[str], object]) -> None:
        self.stopping = False
        self._tell = tell
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        for one in _STOP_SIGNALS:
            signal.signal(one, self._ask_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping = True
        self._end_all()

    def add(self, child: Child) -> None:
        """Start a child and keep it running from now on."""
        self.take(child, child.start())

    def take(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        """Keep a child running that has been started already."""
        child.process = process
        child.started_at = time.monotonic()
        self._children.append(child)

    def wait_for(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for a process that ends by itself; tell whether it did so with success."""
        while process.poll() is None:
            if self.stopping:
                _end_session(process)
            time.sleep(_LOOK_EVERY_SECONDS)
        return process.returncode == 0 and not self.stopping

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Keep all children running until we are told to stop, or `until` says so."""
        while not self.stopping and not until():
            for child in self._children:
                self._look_after(child)
            time.sleep(_LOOK_EVERY_SECONDS)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _start(self, child: Child) -> None:
        child.process = child.start()
        child.started_at = time.monotonic()

    def _look_after(self, child: Child) -> None:
        """Start a child again when it has died, after a pause that grows while it keeps dying."""
        if child.process is None:
            if time.monotonic() >= child.start_again_at:
                try:
                    self._start(child)
                except EmbeddedError as error:
                    self._postpone(child, str(error))
        elif child.process.poll() is not None:
            _kill_session(child.process.pid)
            if time.monotonic() - child.started_at > HEALTHY_AFTER_SECONDS:
                child.failures = 0
            why = f"; {child.log} says why" if child.log else ""
            self._postpone(child, f"The {child.name} ended ({child.process.returncode}){why}.")

    def _postpone(self, child: Child, problem: str) -> None:
        pause = min(2.0**child.failures - 1, LONGEST_PAUSE_SECONDS)
        child.failures += 1
        child.process = None
        child.start_again_at = time.monotonic() + pause
        self._tell(f"{problem} Starting it again.")

    def _end_all(self) -> None:
        """Ask the doors to end, in order; when all have gone, what they stood on, last first."""
        doors = [child for child in self._children if not child.last]
        for child in doors:
            _ask(child)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(_is_alive(child) for child in doors) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS)
        for child in doors:
            if child.process:
                _end_session(child.process)
        for child in reversed(self._children):
            if child.last and child.process:
                end(child.process, signals=child.stop_signals, seconds=GRACE_SECONDS / 2)


def _is_alive(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


def _ask(child: Child) -> None:
    if child.process and child.process.poll() is None:
        child.process.send_signal(child.stop_signals[0])


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and whatever it started itself."""
    if process.poll() is None:
        process.kill()
    _kill_session(process.pid)
    process.wait()


def _kill_session(session: int) -> None:
    """Kill all that is left of a child's session, such as the job a dead worker was running."""
    for process_id in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process_id) == session:
                os.kill(process_id, signal.SIGKILL)
