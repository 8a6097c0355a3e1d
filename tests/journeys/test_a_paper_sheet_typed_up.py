"""Story: a sheet goes out on paper, comes back with pencil on it, and is typed up in its order."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import Post
from timebank.domain import ledger
from timebank.models import Transfer

SAMPLE = (Path(__file__).parent.parent / "samples" / "paper-sheet.csv").read_bytes()
WALK = "/e/danson-saturday-stroll/2026-12-05"
FRIDAY = dt.datetime(2026, 12, 4, 18, tzinfo=dt.UTC)
AFTERNOON = dt.datetime(2026, 12, 5, 15, tzinfo=dt.UTC)
JOBS = {  # name: (minutes after nine, how long, places)
    "Run director": (-60, 180, 1),
    "Course check": (-75, 60, 1),
    "Marshal: boathouse": (-15, 90, 1),
    "Marshal: far end": (-15, 90, 1),
    "Timekeeper": (0, 75, 1),
    "Finish tokens": (0, 75, 2),
}
ON_THE_ROTA = {
    "Nadia Khan": "Run director",
    "Tom Baker": "Course check",
    "Imran Malik": "Timekeeper",
    "Pauline Dray": "Finish tokens",
    "Grace Lowe": "Marshal: boathouse",
}
