"""Telling people on their phones: where a browser takes messages, its keys, and our own key.

Source: RFC 8030 (web push); RFC 8291 (its keys); RFC 8292 (VAPID); FIPS 186-5 (P-256).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field
from urllib.parse import SplitResult
from urllib.parse import urlsplit

# Of Chrome, Edge and Samsung; of Firefox; of Windows; of Safari.
USUAL_HOSTS = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
    "web.push.apple.com",
    "*.push.apple.com",
)
USUAL_PORT = 443
LONGEST_ENDPOINT = 1500
A_HOST = re.compile(r"(?:\*\.)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")
_ENDPOINT = re.compile(rf"https://[!-~]{{4,{LONGEST_ENDPOINT - 8}}}")

# The curve P-256: y² = x³ - 3x + B, over a prime, with so many points.
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
POINTS = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NUMBER_BYTES = 32
UNCOMPRESSED = b"\x04"
SECRET_BYTES = 16
_PRIVATE_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Phone:
    """A browser to show a message in, by the number of its row.

    Attributes:
        endpoint: Where its push service takes messages for it: a secret, like the keys.
    """

    number: int
    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Services:
    """Which push services may be asked.

    Attributes:
        hosts: Their names; `*.example.org` is all that stands below example.org.
        is_local_allowed: For trying out: on any port, and on this machine.
    """

    hosts: tuple[str, ...] = USUAL_HOSTS
    is_local_allowed: bool = False

    def take_apart(self, endpoint: str) -> SplitResult | None:
        """Take an address of a browser apart; None where it is none that may be asked."""
        if not _ENDPOINT.fullmatch(endpoint):
            return None
        try:
            parts = urlsplit(endpoint)
            port = parts.port or USUAL_PORT
        except ValueError:
            return None
        is_usual = port == USUAL_PORT or self.is_local_allowed
        is_plain = "@" not in parts.netloc and "\\" not in endpoint
        known = is_push_host(parts.hostname or "", self.hosts)
        return parts if is_usual and is_plain and known else None


def is_push_host(host: str, hosts: Collection[str]) -> bool:
    """Whether a host is one of these; `*.example.org` is all that stands below example.org."""
    host = host.lower()
    return any(
        host.endswith(one[1:]) and len(host) >= len(one) if one.startswith("*.") else host == one
        for one in hosts
    )


def from_base64url(text: str) -> bytes | None:
    """Read bytes as browsers write them, with padding or without; None where it is none."""
    text = text.rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def base64url(octets: bytes) -> str:
    """Write bytes as browsers do, without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def is_public_key(point: bytes) -> bool:
    """Whether bytes are a point on P-256: nobody could read what is encrypted for another."""
    if len(point) != 1 + 2 * NUMBER_BYTES or not point.startswith(UNCOMPRESSED):
        return False
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    return x < PRIME and y < PRIME and (y * y - (x * x * x - 3 * x + B)) % PRIME == 0


def new_private_key() -> str:
    """Draw a private key on P-256: any number below how many points it has, as base64url."""
    number = 1 + secrets.randbelow(POINTS - 1)
    return base64url(number.to_bytes(NUMBER_BYTES))


def is_private_key(text: str) -> bool:
    """Whether a text is such a key."""
    if not _PRIVATE_KEY.fullmatch(text):
        return False
    return 0 < int.from_bytes(from_base64url(text) or b"") < POINTS
