"""Good Turn as it would be without numbered places: count, then insert.

It is what the storms (`bench.storms`) must be able to see: served by several processes, to a
database without the index `one_live_claim_per_place`, it sells one place many times over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import LiteralString
from typing import NoReturn

from flask import Flask

from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.db import Reader
from timebank.domain.rota import claiming
from timebank.domain.rota.taking import BY_ID
from timebank.domain.rota.taking import NewClaim
from timebank.models import ClaimState

# What a busy machine puts between the two statements; a quiet one may answer all fifty one by one.
BETWEEN_SECONDS = 0.05
COUNT = """
SELECT count(*) < (SELECT places FROM slot WHERE id = %(slot_id)s)
  FROM claim WHERE slot_id = %(slot_id)s AND live
"""
INSERT = """
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, 1, s.starts_at, s.ends_at, s.places,
       'confirmed'
  FROM slot s, membership m WHERE s.id = %(slot_id)s AND m.id = {member}
RETURNING id, state, starts_at
"""


def app() -> Flask:
    """Build the application with the one rule exchanged, in a process that serves nothing else."""
    claiming.claim_at_once = _claim_at_once
    claiming.claim_slot = _refuse
    return create_app(Settings.from_environment(os.environ))


def _claim_at_once(
    reader: Reader,
    *,
    who: Mapping[str, object],
    member: LiteralString = BY_ID,
    **values: object,
) -> NewClaim | None:
    values = {**values, **who}
    is_free = reader.one(COUNT, values)
    time.sleep(BETWEEN_SECONDS)
    insert = INSERT.replace("{member}", member)
    row = reader.one(insert, values) if is_free and is_free[0] else None
    return NewClaim(row[0], ClaimState(row[1]), row[2]) if row else None


def _refuse(*_: object, **__: object) -> NoReturn:
    raise claiming.SlotFull
