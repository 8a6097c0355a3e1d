"""Neighbours who act for others: who may, for how long, and every deed for both to see.

What a helper does with a turn stands in `timebank.domain.rota.on_behalf`.
"""

from __future__ import annotations

from timebank.domain.acting.granting import ActsAlready
from timebank.domain.acting.granting import FromTodayOn
from timebank.domain.acting.granting import NotSoLong
from timebank.domain.acting.granting import NotThemselves
from timebank.domain.acting.granting import SayHow
from timebank.domain.acting.granting import end
from timebank.domain.acting.granting import erase_words
from timebank.domain.acting.granting import find_grant
from timebank.domain.acting.granting import find_live
from timebank.domain.acting.granting import last_day_of
from timebank.domain.acting.granting import let_act
from timebank.domain.acting.granting import usual_last_day
from timebank.domain.acting.granting import write_down
from timebank.domain.acting.reading import Deed
from timebank.domain.acting.reading import Grant
from timebank.domain.acting.reading import read_deeds
from timebank.domain.acting.reading import read_grants

__all__ = [
    "ActsAlready",
    "Deed",
    "FromTodayOn",
    "Grant",
    "NotSoLong",
    "NotThemselves",
    "SayHow",
    "end",
    "erase_words",
    "find_grant",
    "find_live",
    "last_day_of",
    "let_act",
    "read_deeds",
    "read_grants",
    "usual_last_day",
    "write_down",
]
