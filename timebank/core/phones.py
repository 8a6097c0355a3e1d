"""Telling people on their phones: which push services may be asked, and the key we sign with.

Source: RFC 8292 (VAPID); FIPS 186-5 for keys on P-256.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection

# Of Chrome, Edge and Samsung; of Firefox; of Windows; of Safari.
USUAL_HOSTS = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
    "web.push.apple.com",
    "*.push.apple.com",
)
KEY_BYTES = 32
KEYS_END = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
A_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
A_HOST = re.compile(r"(?:\*\.)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")


def is_push_host(host: str, hosts: Collection[str]) -> bool:
    """Whether a host is one of these; `*.example.org` is all that stands below example.org."""
    host = host.lower()
    return any(
        host.endswith(one[1:]) and len(host) >= len(one) if one.startswith("*.") else host == one
        for one in hosts
    )


def new_private_key() -> str:
    """Draw a private key on P-256: any number below the curve's order, as base64url."""
    number = 1 + secrets.randbelow(KEYS_END - 1)
    return base64.urlsafe_b64encode(number.to_bytes(KEY_BYTES)).rstrip(b"=").decode()


def is_private_key(text: str) -> bool:
    """Whether a text is such a key."""
    if not A_KEY.fullmatch(text):
        return False
    return 0 < int.from_bytes(base64.urlsafe_b64decode(f"{text}=")) < KEYS_END
