"""Browsers that tap at the same moment, each on a connection of its own that is kept open."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from http.client import HTTPConnection
from http.client import HTTPException
from urllib.parse import urlencode

from bench.load import LONGEST_WAIT_SECONDS
from bench.visitors import Visitor
from timebank.web.form_tokens import FIELD

FORM = "application/x-www-form-urlencoded"
HOST = {"Host": "localhost"}
MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Tap:
    """A button that somebody presses: where its form goes, and what it holds beside the token."""

    visitor: Visitor
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; without a status when nothing came in time, or the line went dead."""

    status: int | None = None
    cookie: str = ""
    page: str = ""


class Crowd:
    """So many connections to one server, each with a small page to ask for before it is needed."""

    def __init__(self, port: int, size: int, page: str) -> None:
        self.seconds = 0.0
        self._page = page
        self._lines = [
            HTTPConnection("127.0.0.1", port, timeout=LONGEST_WAIT_SECONDS) for _ in range(size)
        ]

    def answers(self, taps: Sequence[Tap]) -> list[Answer]:
        """Send every tap before any answer is awaited -> the answers, in the order of the taps.

        How long that takes is in `seconds`.
        """
        self._open()
        pairs = list(zip(self._lines[: len(taps)], taps, strict=True))
        start = time.perf_counter()
        for line, tap in pairs:
            _press(line, tap)
        answers = [_answer(line) for line, _ in pairs]
        self.seconds = time.perf_counter() - start
        return answers

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()

    def _open(self) -> None:
        """Ask for the page on each connection, until the server keeps all of them open.

        What it has closed is made anew while it is busy with the others: at rest, the same process
        would take it again.

        Raises:
            RuntimeError: It does not keep them.
        """
        for _ in range(MOST_TRIES):
            for line in sorted(self._lines, key=_is_closed):
                if _is_closed(line):
                    line.close()
                line.request("GET", self._page, headers=HOST)
            for line in self._lines:
                _answer(line)
            if all(line.sock for line in self._lines):
                return
        raise RuntimeError("the server does not keep so many connections open")


def _is_closed(line: HTTPConnection) -> bool:
    """Tell whether a connection was never made, or has been closed by the server meanwhile."""
    return line.sock is None or bool(select.select([line.sock], [], [], 0)[0])


def _press(line: HTTPConnection, tap: Tap) -> None:
    body = urlencode({FIELD: tap.visitor.form_token, **tap.fields})
    headers = {**HOST, "Cookie": tap.visitor.cookie, "Content-Type": FORM}
    line.request("POST", tap.path, body, headers)


def _answer(line: HTTPConnection) -> Answer:
    try:
        came = line.getresponse()
        return Answer(came.status, came.headers.get("Set-Cookie", ""), came.read().decode())
    except (OSError, HTTPException):
        line.close()
        return Answer()
