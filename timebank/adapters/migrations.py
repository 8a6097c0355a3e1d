"""Bring a database to the newest shape, with the migrations that came with this code."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

PACKAGE = Path(__file__).resolve().parents[1]
# One number for everyone who migrates: whoever comes second waits for the first.
MIGRATION_LOCK = 7_042_026


def migrations_folder() -> Path:
    """Find the migrations: beside the package in a checkout, inside it when installed."""
    beside = PACKAGE.parent / "migrations"
    return beside if beside.is_dir() else PACKAGE / "_migrations"


def migrate(connection: sa.Connection, *, to: str = "head") -> None:
    """Upgrade (or, with an earlier revision or "base", downgrade) in one transaction."""
    config = _config()
    config.attributes["connection"] = connection
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
    step = command.downgrade if to == "base" else command.upgrade
    step(config, to)
    connection.commit()


def is_current(connection: sa.Connection) -> bool:
    """Tell whether every migration has been applied."""
    here = set(MigrationContext.configure(connection).get_current_heads())
    return here == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return config
