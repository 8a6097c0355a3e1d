"""E-mail addresses as people type them, in the one form in which they are kept and compared."""

from __future__ import annotations

import functools
import re

LONGEST_EMAIL = 254
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@")


def email_typed(text: str) -> str | None:
    """Read exactly one address, in small letters; None when it is none, or more than one.

    The domain may have any letters. What stands before the @ may not: few mail servers take such
    an address, and we could not write to whoever typed it.

    Whether mail gets there is found out by sending some: nothing is looked up.
    """
    text = text.strip()
    local, _, domain = text.lower().rpartition("@")
    address = _at_a(domain, local) if _PLAIN.fullmatch(f"{local}@") else _validated(text)
    return address if address and len(address) <= LONGEST_EMAIL else None


def _at_a(domain: str, local: str) -> str | None:
    """Look at a domain once: a list of members has few, and looking takes most of the time."""
    found = _domain_of(domain)
    return f"{local}@{found}" if found else None


@functools.lru_cache(maxsize=1024)
def _domain_of(domain: str) -> str | None:
    found = _validated(f"somebody@{domain}")
    return found.rpartition("@")[2] if found else None


def _validated(text: str) -> str | None:
    # Its patterns take a while to build: not at the start of every process.
    from email_validator import EmailNotValidError  # noqa: PLC0415
    from email_validator import validate_email  # noqa: PLC0415

    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return (found.ascii_email or found.normalized).lower()
