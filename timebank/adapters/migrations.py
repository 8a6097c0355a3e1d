"""Bring a database to the newest shape, with the migrations that came with this code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from timebank.adapters.schema import migrations_folder

# One number for everyone who migrates: whoever comes second waits for the first.
MIGRATION_LOCK = 7_042_026


def migrate(connection: sa.Connection, *, to: str = "head") -> None:
    """Upgrade (or, with an earlier revision or "base", downgrade) in one transaction."""
    config = _config()
    config.attributes["connection"] = connection
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
    step = command.downgrade if to == "base" else command.upgrade
    step(config, to)
    connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return config
