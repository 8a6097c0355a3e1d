"""The languages that pages and mails are written in, by their names in BCP 47.

Only what is really there is offered to anybody, by what it calls itself.
"""

from __future__ import annotations

USUAL = "en-GB"
OFFERED = {USUAL: "English"}


def offered(wanted: str | None) -> str:
    """Give the language somebody wants, or the usual one where it isn't there."""
    return wanted if wanted in OFFERED else USUAL
