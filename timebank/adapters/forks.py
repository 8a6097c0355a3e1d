"""One process for each of several tasks, forked from ours so that they share what is loaded.

Whoever ends is forked again, after a pause that grows while it keeps ending. Asked to stop, we ask
each once and wait for it: how long is for whoever asked us to say.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

from timebank.adapters.processes import follow
from timebank.adapters.supervisor import HEALTHY_AFTER_SECONDS
from timebank.adapters.supervisor import LONGEST_PAUSE_SECONDS

_LOOK_EVERY_SECONDS = 0.1
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class _Fork:
    """A task and the process that is at it; 0: none is just now."""

    name: str
    task: Callable[[], object]
    process_id: int = 0
    failures: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0


class Forks:
    """Keeps the tasks running until we are told to stop."""

    def __init__(
        self, tasks: Mapping[str, Callable[[], object]], *, tell: Callable[[str], object]
    ) -> None:
        self._forks = [_Fork(name, task) for name, task in tasks.items()]
        self._tell = tell
        self._stopping = False

    def run(self) -> None:
        """Fork, watch, and on TERM or INT ask all to end; return when the last has gone."""
        for one in _STOP_SIGNALS:
            signal.signal(one, self._ask_to_stop)
        gc.collect()
        gc.freeze()  # what is loaded is shared for as long as nobody writes to it
        while not self._stopping:
            for fork in self._forks:
                self._look_after(fork)
            time.sleep(_LOOK_EVERY_SECONDS)
        for fork in self._forks:
            if fork.process_id:
                os.kill(fork.process_id, signal.SIGTERM)
        for fork in self._forks:
            if fork.process_id:
                os.waitpid(fork.process_id, 0)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _look_after(self, fork: _Fork) -> None:
        if not fork.process_id:
            if time.monotonic() >= fork.start_again_at and not self._stopping:
                fork.started_at = time.monotonic()
                fork.process_id = _fork(fork.task)
            return
        ended, status = os.waitpid(fork.process_id, os.WNOHANG)
        if ended:
            if time.monotonic() - fork.started_at > HEALTHY_AFTER_SECONDS:
                fork.failures = 0
            fork.process_id = 0
            pause = min(2.0**fork.failures - 1, LONGEST_PAUSE_SECONDS)
            fork.start_again_at = time.monotonic() + pause
            fork.failures += 1
            code = os.waitstatus_to_exitcode(status)
            self._tell(f"The {fork.name} ended ({code}). Starting it again.")


def _fork(task: Callable[[], object]) -> int:
    """Start a process at a task -> its id; a signal that comes meanwhile waits for it."""
    our_id = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        process_id = os.fork()
        if process_id == 0:
            _work(task, our_id)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    return process_id


def _work(task: Callable[[], object], parent_id: int) -> None:
    """Be the child: do the task, and never come back."""
    code: int | str | None = 1
    try:
        for one in _STOP_SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        follow(parent_id, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        task()
        code = 0
    except SystemExit as leaving:
        code = leaving.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(bool(code)))
