"""Fetch a calendar from an address that somebody typed, and from nowhere that they mustn't reach.

An address may be made to point into the network that this server stands in. So the name is looked
up once, everything it leads to must be public, and the connection is made to that very number;
each redirect goes through the same. Nothing is sent but the request: no cookie, no sign-in.

Source: OWASP, Server-Side Request Forgery Prevention; ASVS 5.0 1.3.6.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from urllib.parse import SplitResult
from urllib.parse import quote
from urllib.parse import urljoin
from urllib.parse import urlsplit

from timebank.adapters.reaching import PORTS
from timebank.adapters.reaching import Hop
from timebank.adapters.reaching import LookUp
from timebank.adapters.reaching import Pinned
from timebank.adapters.reaching import cut_at
from timebank.adapters.reaching import is_public
from timebank.adapters.reaching import numbers_of
from timebank.core.errors import Refused

MOST_BYTES = 1_000_000
MOST_REDIRECTS = 3
LONGEST_ADDRESS = 1000
ALL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
PIECE_BYTES = 65_536
MOST_NUMBERS = 2  # of those that a name leads to, how many are tried
SCHEMES = {"webcal": "https", "webcals": "https", "http": "http", "https": "https"}
MOVED = {301, 302, 303, 307, 308}
NOT_CHANGED = 304
SAFE_IN_A_PATH = "/%:@!$&'()*+,;=~-._"


class NoAddress(Refused):
    """Paste the whole address, like https://example.org/calendar.ics."""


class NotAllowedThere(Refused):
    """We can't fetch that address: it isn't a public one."""


class NotFoundThere(Refused):
    """We can't find anything at that address. Is it complete?"""


class NoAnswer(Refused):
    """That address doesn't answer in time. Try again, or save the calendar and bring the file."""


class AnswerTooLong(Refused):
    """That calendar is more than 1 MB. Bring a smaller part of it."""


class TooManyRedirects(Refused):
    """That address sends us on and on. Paste the one it ends at."""


class NotServed(Refused):
    """That address doesn't give us a calendar. Is it the private one, and still switched on?"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back. `body` is None when nothing has changed since `etag`."""

    body: bytes | None
    etag: str


def fetch(
    address: str, *, etag: str = "", is_local_allowed: bool = False, look_up: LookUp | None = None
) -> Fetched:
    """Fetch what lies at an address, 1 MB at most, within ten seconds.

    Args:
        address: As typed; `webcal:` is asked by https.
        etag: Of what was fetched before, so that it need not come again.
        is_local_allowed: For tests: any number and any port may be asked.
        look_up: Finds the numbers of a name; the system's own way by default.

    Raises:
        NoAddress, NotAllowedThere, NotFoundThere, NoAnswer, AnswerTooLong, TooManyRedirects,
        NotServed: See each.
    """
    deadline = time.monotonic() + ALL_SECONDS
    here = tidy_address(address)
    for _hop in range(MOST_REDIRECTS + 1):
        hop = _hop_to(here, is_local_allowed=is_local_allowed)
        numbers = _public_numbers(hop, look_up, is_local_allowed=is_local_allowed)
        found = _ask(hop, numbers, etag=etag, deadline=deadline)
        if isinstance(found, Fetched):
            return found
        here = tidy_address(_joined(here, found))
    raise TooManyRedirects


def _joined(here: str, there: str) -> str:
    try:
        return urljoin(here, there)
    except ValueError:
        raise NoAddress(field="address") from None


def tidy_address(typed: str) -> str:
    """Write an address as it is asked for: its scheme one of two, nothing odd in it.

    Raises:
        NoAddress: It is none.
    """
    typed = typed.strip()
    parts = _split(typed)
    scheme = SCHEMES.get(parts.scheme.lower())
    is_odd = any(letter.isspace() or not letter.isprintable() for letter in typed)
    if scheme is None or is_odd or "\\" in typed or "@" in parts.netloc or not parts.hostname:
        raise NoAddress(field="address")
    return parts._replace(scheme=scheme, fragment="").geturl()


def host_of(address: str) -> str:
    """Name the host of an address, which is all of it that is ever shown."""
    return (_split(address).hostname or "")[:100]


def _split(typed: str) -> SplitResult:
    try:
        parts = urlsplit(typed)
        _port = parts.port
    except ValueError:
        raise NoAddress(field="address") from None
    if len(typed) > LONGEST_ADDRESS:
        raise NoAddress(field="address")
    return parts


def _hop_to(address: str, *, is_local_allowed: bool) -> Hop:
    parts = urlsplit(address)
    port = parts.port or PORTS[parts.scheme]
    if port not in PORTS.values() and not is_local_allowed:
        raise NotAllowedThere(field="address")
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except UnicodeError:
        raise NoAddress(field="address") from None
    path = quote(parts.path or "/", safe=SAFE_IN_A_PATH)
    query = quote(parts.query, safe=SAFE_IN_A_PATH + "?")
    return Hop(parts.scheme, host, port, f"{path}?{query}" if query else path)


def _public_numbers(hop: Hop, look_up: LookUp | None, *, is_local_allowed: bool) -> list[str]:
    """Look a name up once; all that it leads to must be public, or none of it is asked."""
    numbers = numbers_of(hop.host, hop.port, look_up)
    if not numbers:
        raise NotFoundThere(field="address")
    if not is_local_allowed and not all(map(is_public, numbers)):
        raise NotAllowedThere(field="address")
    return numbers[:MOST_NUMBERS]


def _ask(hop: Hop, numbers: list[str], *, etag: str, deadline: float) -> Fetched | str:
    """Ask one server -> what it gives, or where it sends us."""
    for number in numbers:
        seconds = min(CONNECT_SECONDS, deadline - time.monotonic())
        if seconds <= 0:
            break
        connection = Pinned(hop, number, seconds)
        try:
            with cut_at(deadline, connection):
                connection.connect()
                return _answer(connection, hop, etag, deadline)
        except (OSError, http.client.HTTPException, ValueError):
            continue
        finally:
            connection.close()
    raise NoAnswer(field="address")


def _answer(connection: Pinned, hop: Hop, etag: str, deadline: float) -> Fetched | str:
    headers = {
        "Host": hop.origin,
        "Accept": "text/calendar, text/plain;q=0.5, */*;q=0.1",
        "Accept-Encoding": "identity",
        "User-Agent": "GoodTurn/1 (calendar reader)",
        "Connection": "close",
    }
    if etag:
        headers["If-None-Match"] = etag
    if connection.sock is not None:
        connection.sock.settimeout(max(0.1, deadline - time.monotonic()))
    connection.request("GET", hop.path, headers=headers)
    response = connection.getresponse()
    if response.status in MOVED:
        return response.getheader("Location") or ""
    if response.status == NOT_CHANGED and etag:
        return Fetched(None, etag)
    is_plain = response.getheader("Content-Encoding", "identity") == "identity"
    if response.status != http.client.OK or not is_plain:
        raise NotServed(field="address")
    return Fetched(_body(response), _kept_etag(response.getheader("ETag") or ""))


def _body(response: http.client.HTTPResponse) -> bytes:
    if (response.length or 0) > MOST_BYTES:
        raise AnswerTooLong(field="address")
    pieces, length = [], 0
    while piece := response.read1(PIECE_BYTES):
        pieces.append(piece)
        length += len(piece)
        if length > MOST_BYTES:
            raise AnswerTooLong(field="address")
    if response.length:  # the line went dead in the middle
        raise NoAnswer(field="address")
    return b"".join(pieces)


def _kept_etag(etag: str) -> str:
    """Keep a mark that can be sent back as it is; another one is no use."""
    return etag if len(etag) <= 200 and etag.isascii() and etag.isprintable() else ""  # noqa: PLR2004
