"""Show a message on somebody's phones through the push services of their browsers.

A browser that said yes gave an address at its maker's push service and two keys. What is shown is
encrypted for that browser alone (RFC 8291), and signed with this installation's own key (VAPID,
RFC 8292), so that nobody else can send to the address. Addresses came from people's browsers: only
those of known push services are asked, on public numbers, without redirects.

One parcel goes to all phones of a person, behind one fence. It is sent when one push service took
it; unknown when none did and one gave no answer; and otherwise certainly not taken, so that it
may go by mail. A push service keeps what it took until the phone is on, for as long as we said.

Each message has a connection of its own: one kept open may have been closed by the other side,
and would leave messages in doubt that are none.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.channels import Step
from timebank.adapters.reaching import PORTS
from timebank.adapters.reaching import Hop
from timebank.adapters.reaching import Pinned
from timebank.adapters.reaching import cut_at
from timebank.adapters.reaching import is_public
from timebank.adapters.reaching import numbers_of
from timebank.core.phones import Phone
from timebank.core.phones import Services
from timebank.core.phones import base64url

if TYPE_CHECKING:
    from py_vapid import Vapid02

MOST_BYTES = 3000  # of what is shown; push services take 4096, encrypted
PHONE_SECONDS = 5.0
ALL_SECONDS = 20.0  # for all phones of a person: a lease is longer
SIGNED_FOR_SECONDS = 12 * 60 * 60
TAKEN = frozenset({200, 201, 202, 204})
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
# The phone's address may be all right, and its service has certainly not taken it.
NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
# Somebody between us and the service got no answer: it may have taken it all the same.
NO_ANSWER = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class PushParcel:
    """A message for all phones of a person.

    Attributes:
        content: What our service worker reads, 3,000 bytes at most.
        lasts_seconds: How long a push service keeps it for a phone that is off.
        topic: A newer one of the same topic takes the place of one that was not fetched yet: up to
            32 letters, digits, hyphens and underscores.
    """

    phones: tuple[Phone, ...]
    content: bytes = field(repr=False)
    lasts_seconds: int
    is_urgent: bool
    topic: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What a push service said of one phone: `code` is its answer or the name of an error."""

    number: int
    fate: Fate
    code: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class PushOutcome(Outcome):
    """What became of a parcel, and what was heard of each phone that was tried."""

    heard: tuple[Heard, ...] = ()


class PushService:
    """Speaks to the push services of all browsers, as this installation."""

    def __init__(
        self,
        *,
        key: str,
        contact: str,
        services: Services,
        phone_seconds: float = PHONE_SECONDS,
    ) -> None:
        """Get ready; nothing is connected yet.

        Args:
            key: Ours, private: 32 bytes as base64url.
            contact: Where push services can complain: a `mailto:` or `https:` address.
            services: The push services that may be asked.
            phone_seconds: How long to wait for a push service.
        """
        self._key = key
        self._contact = contact
        self._services = services
        self._seconds = phone_seconds

    def deliver(self, parcel: PushParcel, /, *, hand_over: Callable[[], bool]) -> PushOutcome:
        """Show it on every phone of theirs; the fence is asked once, before the first."""
        fence = _Fence(hand_over)
        ends = time.monotonic() + ALL_SECONDS
        heard: list[Heard] = []
        for phone in parcel.phones:
            one = self._tell(phone, parcel, fence, ends=ends)
            if one.fate is Fate.STOPPED:
                return PushOutcome(Fate.STOPPED, heard=tuple(heard))
            heard.append(one)
        return _summed_up(heard)

    def close(self) -> None:
        """Nothing to let go of."""

    def _tell(self, phone: Phone, parcel: PushParcel, fence: _Fence, *, ends: float) -> Heard:
        """Give one phone's push service the message, and hear what it says."""
        deadline = min(time.monotonic() + self._seconds, ends)
        hop = self._hop_to(phone)
        if hop is None:
            return Heard(phone.number, Fate.NEVER, "not a push service")
        try:
            body, headers = encrypt(phone, parcel.content), self._headers(hop, parcel)
        except Exception as error:  # noqa: BLE001 - nothing has left us: there is still the mail
            return Heard(phone.number, Fate.NEVER, type(error).__name__)
        connection = self._connected(hop, deadline=deadline)
        if isinstance(connection, str):
            return Heard(phone.number, Fate.AWAY, connection)
        try:
            if not fence.is_passed():
                return Heard(phone.number, Fate.STOPPED, "")
            return _heard(phone, _answer(connection, hop, body, headers, deadline))
        finally:
            connection.close()

    def _hop_to(self, phone: Phone) -> Hop | None:
        """Where a phone's messages go; None where they may not: the list may have changed."""
        parts = self._services.take_apart(phone.endpoint)
        if parts is None:
            return None
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return Hop("https", parts.hostname or "", parts.port or PORTS["https"], path or "/")

    def _headers(self, hop: Hop, parcel: PushParcel) -> dict[str, str]:
        claims = {
            "sub": self._contact,
            "aud": f"https://{hop.origin}",
            "exp": int(time.time()) + SIGNED_FOR_SECONDS,
        }
        return {
            "Host": hop.origin,
            "Authorization": _vapid(self._key).sign(claims)["Authorization"],
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(max(0, parcel.lasts_seconds)),
            "Urgency": "high" if parcel.is_urgent else "normal",
            "Topic": parcel.topic,
            "Connection": "close",
        }

    def _connected(self, hop: Hop, *, deadline: float) -> Pinned | str:
        """Connect to a public number of the push service -> or why that did not work."""
        numbers = numbers_of(hop.host, hop.port)
        if not numbers:
            return "not found"
        if not self._services.is_local_allowed and not all(map(is_public, numbers)):
            return "not public"
        connection = Pinned(hop, numbers[0], max(0.1, deadline - time.monotonic()))
        try:
            with cut_at(deadline, connection):
                connection.connect()
        except OSError as error:
            connection.close()
            return type(error).__name__
        return connection


class _Fence:
    """Passed once for all phones of a person: after that, none of them can be called back."""

    def __init__(self, hand_over: Callable[[], bool]) -> None:
        self._hand_over = hand_over
        self._is_open: bool | None = None

    def is_passed(self) -> bool:
        if self._is_open is None:
            self._is_open = self._hand_over()
        return self._is_open


def public_key(key: str) -> str:
    """Write the public half of our key as browsers want it: a point on P-256 as base64url."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - slow
    from cryptography.hazmat.primitives.serialization import PublicFormat  # noqa: PLC0415

    point = _vapid(key).public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64url(point)


def encrypt(phone: Phone, content: bytes) -> bytes:
    """Encrypt what only this browser can read.

    Raises:
        ValueError: Its key is none.

    Source: RFC 8291; RFC 8188.
    """
    from pywebpush import WebPusher  # noqa: PLC0415 - large, and few instances need it at once

    keys = {"p256dh": base64url(phone.p256dh), "auth": base64url(phone.auth)}
    pusher = WebPusher({"endpoint": phone.endpoint, "keys": keys})
    body: bytes = pusher.encode(content)["body"]
    return body


@lru_cache(maxsize=4)
def _vapid(key: str) -> Vapid02:
    from py_vapid import Vapid02  # noqa: PLC0415 - large

    return Vapid02.from_raw(key.encode())


def _answer(
    connection: Pinned, hop: Hop, body: bytes, headers: dict[str, str], deadline: float
) -> int | str:
    """Send the message -> the status that answers, or the name of what went wrong."""
    try:
        with cut_at(deadline, connection):
            connection.request("POST", hop.path, body=body, headers=headers)
            return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def _heard(phone: Phone, answer: int | str) -> Heard:
    if isinstance(answer, str) or answer in NO_ANSWER:
        fate = Fate.UNKNOWN
    elif answer in TAKEN:
        fate = Fate.SENT
    elif answer in NOT_NOW or answer >= HTTPStatus.INTERNAL_SERVER_ERROR:
        fate = Fate.AWAY
    else:
        fate = Fate.NEVER
    return Heard(phone.number, fate, str(answer), is_gone=answer in GONE)


def _summed_up(heard: list[Heard]) -> PushOutcome:
    """Say what became of the whole: what one phone took is told, whatever the others said."""
    fates = {one.fate for one in heard}
    why = "push: " + " ".join(one.code for one in heard) if heard else "push: no phone"
    for fate in (Fate.SENT, Fate.UNKNOWN, Fate.AWAY):
        if fate in fates:
            return PushOutcome(fate, why, Step.CONTENT, tuple(heard))
    return PushOutcome(Fate.NEVER, why, Step.RECIPIENT, tuple(heard))
