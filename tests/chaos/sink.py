"""A mail server in a process of its own, that is in a mood and writes down what it has taken.

Started as `python -m tests.chaos.sink <port> <folder>`. What it takes stands in the folder's `log`
before it says so: that file outlives it. The file `mood` says how it answers the next ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from dataclasses import dataclass
from dataclasses import field
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope
from aiosmtpd.smtp import Session

HANGS_SECONDS = 6.0
TAKEN, TAKEN_UNSAID, REFUSED = "taken", "taken, unsaid", "refused"
LATER, NEVER, HANG, CUT, BUSY = "later", "never", "hang", "cut", "busy"


@dataclass
class MoodySink:
    """Answers as its mood is, and in ordinary times turns one in thirty away for a while."""

    folder: Path
    random: random.Random
    slow_seconds: float
    mood: dict[str, object] = field(default_factory=dict)
    left: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        self._look()
        kind = self.mood.get("kind")
        if kind == BUSY and time.time() < float(str(self.mood["until"])):
            return "421 4.3.2 too busy"
        if kind == LATER and time.time() < float(str(self.mood["until"])):
            return "451 4.3.0 try later"
        if kind == HANG and self._once():
            await asyncio.sleep(HANGS_SECONDS)
        if kind == NEVER and self._once():
            self._write(REFUSED, "", address)
            return "550 5.1.1 no such mailbox"
        if self.random.random() < 1 / 30:
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self._look()
        await asyncio.sleep(self.slow_seconds)
        if self.random.random() < 1 / 40:
            return "452 4.3.1 full"
        name = str(message_from_bytes(envelope.content or b"")["Message-ID"])
        if self.mood.get("kind") == CUT and self._once():
            if self.random.random() < 1 / 2:
                self._write(TAKEN_UNSAID, name, envelope.rcpt_tos[0])
            server.transport.abort()
            return "421 cut"
        self._write(TAKEN, name, envelope.rcpt_tos[0])
        return "250 OK"

    def _look(self) -> None:
        """Read the mood; a new one counts anew."""
        path = self.folder / "mood"
        told = json.loads(path.read_text()) if path.exists() else {}
        if told != self.mood:
            self.mood, self.left = told, int(told.get("count", 0))

    def _once(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def _write(self, what: str, name: str, address: str) -> None:
        """Append a line in one call: it is there however we end."""
        line = json.dumps([what, name, address]) + "\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        handle = os.open(self.folder / "log", flags, 0o600)
        os.write(handle, line.encode())
        os.close(handle)


def main(port: int, folder: Path, seed: int, slow_seconds: float) -> None:
    """Serve until killed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    sink = MoodySink(folder, random.Random(seed), slow_seconds)  # noqa: S311 - no secret
    controller = UnthreadedController(sink, hostname="127.0.0.1", port=port, loop=loop)
    controller.begin()
    loop.run_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
