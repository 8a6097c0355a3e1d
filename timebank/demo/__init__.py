"""A made-up borough to look at: the same seed, the same neighbours, dated around today."""

from __future__ import annotations

from timebank.demo.cast import DEMO_PEOPLE
from timebank.demo.cast import DemoPerson

__all__ = ["DEMO_PEOPLE", "DemoPerson"]
