"""Run migrations on the connection we are given, or on DATABASE_URL."""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import context

import timebank.models  # noqa: F401 - fills the metadata
from timebank.db import Base


def run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with sa.create_engine(os.environ["DATABASE_URL"]).connect() as own:
        run(own)
