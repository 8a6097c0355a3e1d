"""The shape of the database, told without loading Alembic: every web worker asks this."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa

PACKAGE = Path(__file__).resolve().parents[1]

# `20261123_1900_the_whole_chain.py` holds revision 20261123_1900.
_REVISION_LENGTH = len("20261123_1900")
_APPLIED = sa.text("SELECT version_num FROM alembic_version")


def migrations_folder() -> Path:
    """Find the migrations: beside the package in a checkout, inside it when installed."""
    beside = PACKAGE.parent / "migrations"
    return beside if beside.is_dir() else PACKAGE / "_migrations"


@cache
def newest_revision() -> str:
    """Tell the last migration that came with this code; their names sort by time."""
    files = (migrations_folder() / "versions").glob("2*.py")
    return max(file.name[:_REVISION_LENGTH] for file in files)


def is_current(connection: sa.Connection) -> bool:
    """Tell whether every migration has been applied."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    return list(connection.scalars(_APPLIED)) == [newest_revision()]
