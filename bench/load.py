"""A load generator of our own: kept-alive connections, each asking again once it is answered.

It runs in a process of its own, and does so little for an answer (find its end, look at its
status) that it costs a small part of what the servers do.
"""

from __future__ import annotations

import itertools
import re
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from multiprocessing import get_context
from typing import cast

LONGEST_WAIT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 18
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STATUS = slice(9, 12)  # HTTP/1.1 200 OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to ask, and for how long.

    Attributes:
        requests: Whole HTTP requests; asked in turn.
        expect: The status that every answer must have.
        repeat: Whether to begin again at the end; else each request is sent once.
    """

    port: int
    requests: tuple[bytes, ...]
    expect: int
    seconds: float
    connections: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class Load:
    """What came back: how many answers, in how many seconds."""

    answers: int
    seconds: float


@dataclass(slots=True)
class _Line:
    """A connection, and what has come of its answer so far."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    wanted_bytes: int = 0


def in_a_process() -> ProcessPoolExecutor:
    """Give a process that runs jobs: `pool.submit(run, job).result()`."""
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))


def run(job: Job) -> Load:
    """Ask until the time is up or nothing is left to ask; then wait for the last answers.

    Raises:
        RuntimeError: An answer had another status, or a connection was closed.
    """
    requests = itertools.cycle(job.requests) if job.repeat else iter(job.requests)
    lines = [_Line(_connect(job.port)) for _ in range(job.connections)]
    start = time.perf_counter()
    answers = _talk(lines, requests, job.expect, start + job.seconds)
    return Load(answers, time.perf_counter() - start)


def _connect(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_WAIT_SECONDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _talk(lines: list[_Line], requests: Iterator[bytes], expect: int, deadline: float) -> int:
    answers = 0
    status = b"%d" % expect
    with selectors.DefaultSelector() as ready:
        for line in lines:
            ready.register(line.socket, selectors.EVENT_READ, line)
            line.socket.sendall(next(requests))
        while ready.get_map():
            for key, _ in _wait(ready):
                line = cast("_Line", key.data)
                if not _is_answered(line, status):
                    continue
                answers += 1
                request = next(requests, None) if time.perf_counter() < deadline else None
                if request is None:
                    ready.unregister(line.socket)
                    line.socket.close()
                else:
                    line.socket.sendall(request)
    return answers


def _wait(ready: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    events = ready.select(LONGEST_WAIT_SECONDS)
    if not events:
        raise RuntimeError("no answer came")
    return events


def _is_answered(line: _Line, status: bytes) -> bool:
    """Take in what has come; tell whether that is a whole answer."""
    chunk = line.socket.recv(_CHUNK_BYTES)
    if not chunk:
        raise RuntimeError("the server closed a connection")
    line.received += chunk
    if not line.wanted_bytes:
        head = line.received.find(b"\r\n\r\n")
        if head < 0:
            return False
        if line.received[_STATUS] != status:
            raise RuntimeError(bytes(line.received[:1000]).decode("latin-1"))
        length = _LENGTH.search(line.received, 0, head + 2)
        line.wanted_bytes = head + 4 + (int(length[1]) if length else 0)
    if len(line.received) < line.wanted_bytes:
        return False
    line.received.clear()
    line.wanted_bytes = 0
    return True
