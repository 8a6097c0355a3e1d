"""Rows of the rota as a matching takes them: places, times and the rules about pairs of jobs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.rota.matching import PairRules
from timebank.domain.rota.matching import Place

KEYS_A_SLOT = 1000
PAIRS = """
SELECT first_role_id, second_role_id, rule FROM role_pair WHERE series_id = :series_id
"""


def place_key(slot_id: int, number: int) -> int:
    """Give a place of a slot its key in a matching; `number` counts from 0."""
    return slot_id * KEYS_A_SLOT + number


def slot_of(key: int) -> int:
    """Tell which slot a place belongs to, by its key."""
    return key // KEYS_A_SLOT


def place_of(slot: sa.Row[Any], number: int) -> Place:
    """Make a place of a row with the id, role_id, name, starts_at and ends_at of a slot."""
    key = place_key(slot.id, number)
    return Place(key, slot.role_id, slot.name, slot.starts_at, slot.ends_at)


def spans_of(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
    """Read times out of JSON."""
    return tuple(
        (dt.datetime.fromisoformat(starts), dt.datetime.fromisoformat(ends))
        for starts, ends in pairs
    )


def pair_rules(session: Session, *, series_id: int) -> PairRules:
    """Read which jobs of a series one person never does, or may do, on one date."""
    by_rule: dict[str, list[tuple[int, int]]] = {"never": [], "together": []}
    for first, second, rule in session.execute(sa.text(PAIRS), {"series_id": series_id}):
        by_rule[rule].append((first, second))
    return PairRules.of(never=by_rule["never"], together=by_rule["together"])
