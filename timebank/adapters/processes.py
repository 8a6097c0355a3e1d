"""Child processes that never outlive us and that end when they are asked to, or are ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

STOP_SECONDS = 5.0

_PR_SET_PDEATHSIG = 1


def start_child(
    arguments: Sequence[str | Path],
    *,
    log: Path | None = None,
    environ: Mapping[str, str] | None = None,
    user: str | None = None,
    signal_at_our_death: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own that does not outlive us (Linux).

    Args:
        arguments: The program and what it is given.
        log: File that its output is added to; without one it shares ours.
        environ: Its whole environment; without one it shares ours.
        user: System account to run as; only root may name one.
        signal_at_our_death: What the kernel sends it when this process dies. Call from the main
            thread: the kernel watches the thread that started the child.
    """
    our_id = os.getpid()

    def follow_us() -> None:
        follow(our_id, signal_at_our_death)

    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(  # noqa: S603 -- our own programs, no shell
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=follow_us,  # noqa: PLW1509 -- prctl must run in the child, and only there
        )
    finally:
        if output:
            output.close()


def follow(parent_id: int, one: signal.Signals) -> None:
    """Ask the kernel, in a child, to send it a signal when its parent dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(one))
        if os.getppid() != parent_id:
            os._exit(1)


def end(
    process: subprocess.Popen[bytes],
    *,
    signals: tuple[signal.Signals, ...] = (signal.SIGTERM,),
    seconds: float = STOP_SECONDS,
) -> None:
    """Ask a child to stop with one signal after another, and kill it when it will not."""
    for one in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(one)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
