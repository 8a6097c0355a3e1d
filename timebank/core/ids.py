"""Secrets that people carry in addresses: feed tokens, sign-ins, signed links."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

LONGEST_NUMBER = 18  # digits that a bigint surely holds


def new_token() -> str:
    """Make a secret of 160 bits, 32 letters and digits, safe in an address."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def token_hash(token: str) -> bytes:
    """Digest a token for keeping: the database never holds the token itself."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def sign(secret_key: str, purpose: str, subject: str) -> str:
    """Derive a 160-bit proof that we wrote `subject` for `purpose`; nothing has to be stored."""
    message = f"{purpose}:{subject}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret_key.encode(), message, hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode().lower()


def signed_token(secret_key: str, purpose: str, number: int) -> str:
    """Write the token of a mail link, such as `4821-k3…`, that lets its holder do one thing."""
    return f"{number}-{sign(secret_key, purpose, str(number))}"


def read_signed_token(secret_key: str, purpose: str, token: str) -> int | None:
    """Read back the number of `signed_token`, or None when the token is not ours."""
    number, _, proof = token.partition("-")
    if not (
        number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER and proof.isascii()
    ):
        return None
    expected = sign(secret_key, purpose, number)
    return int(number) if hmac.compare_digest(proof, expected) else None
