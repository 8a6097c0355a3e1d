"""E-mail addresses as people type them, in the one form in which they are kept and compared."""

from __future__ import annotations

LONGEST_EMAIL = 254


def email_typed(text: str) -> str | None:
    """Read exactly one address, in small letters; None when it is none, or more than one.

    Whether mail gets there is found out by sending some: nothing is looked up.
    """
    # Its patterns take a while to build: not at the start of every process.
    from email_validator import EmailNotValidError  # noqa: PLC0415
    from email_validator import validate_email  # noqa: PLC0415

    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return None
    address = (found.ascii_email or found.normalized).lower()
    return address if len(address) <= LONGEST_EMAIL else None
