"""Secrets that people carry in addresses: feed tokens, sign-ins, signed links."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

LONGEST_NUMBER = 18  # digits that a bigint surely holds
CODE_DIGITS = 6


def new_token() -> str:
    """Make a secret of 160 bits, 32 letters and digits, safe in an address."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def token_hash(token: str) -> bytes:
    """Digest a token for keeping: the database never holds the token itself."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def sign(secret_key: str, purpose: str, subject: str) -> str:
    """Derive a 160-bit proof that we wrote `subject` for `purpose`; nothing has to be stored."""
    return base64.b32encode(_digest(secret_key, purpose, subject)[:20]).decode().lower()


def signed_digits(secret_key: str, purpose: str, subject: str) -> str:
    """Derive six digits that people type in; whoever guesses must be stopped after a few."""
    number = int.from_bytes(_digest(secret_key, purpose, subject)[:8])
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def signed_token(secret_key: str, purpose: str, number: int, *, to: str | None = None) -> str:
    """Write the token of a mail link, such as `4821-k3…`, that lets its holder do one thing.

    Args:
        to: The e-mail address that it goes to, where it is worth nothing from any other.
    """
    return f"{number}-{sign(secret_key, purpose, _subject(str(number), to))}"


def read_signed_token(
    secret_key: str, purpose: str, token: str, *, to: str | None = None
) -> int | None:
    """Read back the number of `signed_token`, or None when the token is not ours."""
    number, _, proof = token.partition("-")
    if not (
        number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER and proof.isascii()
    ):
        return None
    expected = sign(secret_key, purpose, _subject(number, to))
    return int(number) if hmac.compare_digest(proof, expected) else None


def _subject(number: str, to: str | None) -> str:
    return number if to is None else f"{number}:{to.lower()}"


def _digest(secret_key: str, purpose: str, subject: str) -> bytes:
    message = f"{purpose}:{subject}".encode("utf-8", "surrogatepass")
    return hmac.new(secret_key.encode(), message, hashlib.sha256).digest()
