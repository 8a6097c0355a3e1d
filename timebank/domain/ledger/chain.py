"""The running hash over a community's transfers: whoever knows its head knows all of them.

h_0 is sixty-four noughts; h_n = sha256(h_{n-1}, a line end, line n), in hexadecimal. A line is the
transfer's figures in the order of `FIELDS`, with tabs between, and nothing where there is none.
Words are not in it, because they may be erased. `tools/verify_ledger.py` does the same on its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from operator import attrgetter

GENESIS = "0" * 64
FIELDS = (
    "id",
    "happened_on",
    "created_at",
    "kind",
    "debit_id",
    "credit_id",
    "minutes",
    "claim_id",
    "exchange_id",
    "revision",
    "reverses_id",
    "batch_id",
    "created_by",
)

_fields_of = attrgetter(*FIELDS)


def line(row: object) -> str:
    """Write the line of a transfer: a record, or a row that has its `FIELDS`."""
    return "\t".join(map(written, _fields_of(row)))


def written(value: object) -> str:
    """Write one figure: days in ISO, moments in UTC to the microsecond, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def step(head: str, line: str) -> str:
    """Go on from a head by one line."""
    return hashlib.sha256(f"{head}\n{line}".encode()).hexdigest()


def head_of(rows: Iterable[object], *, head: str = GENESIS) -> str:
    """Run over transfers in the order of their numbers, holding one at a time."""
    for row in rows:
        head = step(head, line(row))
    return head
