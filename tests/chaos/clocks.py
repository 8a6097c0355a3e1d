"""A process's clock that can be set wrong while it runs: by so many seconds as a file says."""

from __future__ import annotations

import datetime as dt
import threading
import time
from pathlib import Path

import time_machine

from timebank.core import clock

LOOK_EVERY_SECONDS = 0.1


def follow(path: Path) -> None:
    """Set this process's clock as the file says, now and whenever it says something else.

    Children inherit how the clock stands when they are forked. Only the time of day is set: how
    long something takes is measured as before, as when a machine's clock is set.
    """
    told = _read(path)
    moment = clock.now() + dt.timedelta(seconds=told)
    machine = time_machine.travel(moment, tick=True).start()

    def watch(known: int) -> None:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            wanted = _read(path)
            if wanted != known:
                machine.shift(dt.timedelta(seconds=wanted - known))
                known = wanted

    threading.Thread(target=watch, args=[told], daemon=True).start()


def _read(path: Path) -> int:
    words = path.read_text().strip() if path.exists() else ""
    return int(words or 0)
