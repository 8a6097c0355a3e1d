"""Reach a server whose name somebody else chose, and none in the network that we stand in.

A name may be made to lead anywhere. So it is looked up once, what it leads to is looked at, and
the connection is made to that very number, whatever the name leads to by then. Whoever asks
decides what to say when it is not a public one.

Source: OWASP, Server-Side Request Forgery Prevention; ASVS 5.0 1.3.6.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

LOOK_UP_SECONDS = 1.5
PORTS = {"http": 80, "https": 443}
GLOBAL_NEW = ipaddress.ip_network("2000::/3")  # all that is given out of the new addresses
# Ways to write an old address inside a new one: where they lead is another's decision.
DISGUISES = tuple(
    map(ipaddress.ip_network, ("::/96", "::ffff:0:0/96", "64:ff9b::/32", "2001::/32", "2002::/16"))
)

Number = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Hop:
    """One request: where to, and what to ask for there."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def numbers_of(host: str, port: int, look_up: LookUp | None = None) -> list[str]:
    """Look up what a name leads to, each number once; none where that fails or takes too long.

    In a thread of its own: the system's way knows no limit of time.

    Args:
        look_up: Finds the numbers of a name; the system's own way by default.
    """
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    find = look_up or _look_up

    def ask() -> None:
        numbers: list[str] = []
        with contextlib.suppress(OSError, UnicodeError):
            numbers = find(host, port)
        answers.put(numbers)

    threading.Thread(target=ask, daemon=True).start()
    with contextlib.suppress(queue.Empty):
        return list(dict.fromkeys(answers.get(timeout=LOOK_UP_SECONDS)))
    return []


def is_public(number: str) -> bool:
    """Whether a number is one that the whole internet reaches."""
    try:
        address: Number = ipaddress.ip_address(number)
    except ValueError:  # a number with a zone (fe80::1%eth0) is of this network
        return False
    if address.version == 6 and (  # noqa: PLR2004
        address not in GLOBAL_NEW or any(address in network for network in DISGUISES)
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class Pinned(http.client.HTTPConnection):
    """A connection to a number that was looked at, whatever the name leads to by now."""

    def __init__(self, hop: Hop, number: str, seconds: float) -> None:
        super().__init__(hop.host, hop.port, timeout=seconds)
        self._hop = hop
        self._number = number
        self.line: socket.socket | None = None  # `sock` is let go of when an answer begins

    def connect(self) -> None:
        """Connect to the number; for https the certificate is the name's."""
        self.sock = socket.create_connection((self._number, self._hop.port), self.timeout)
        self.line = self.sock  # so that the handshake can be cut as well
        if self._hop.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._hop.host)
        self.line = self.sock


@contextlib.contextmanager
def cut_at(deadline: float, connection: Pinned) -> Iterator[None]:
    """Cut the line at the deadline: a server that sends a letter a second is never late by itself.

    Raises:
        TimeoutError: It was cut: what was read by then is no answer.
    """
    is_cut = threading.Event()

    def cut() -> None:
        is_cut.set()
        if connection.line is not None:
            with contextlib.suppress(OSError):
                connection.line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if is_cut.is_set():
            raise TimeoutError


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_rest, address in found]
