"""The database: one engine, one session a request, and the base of every record.

Records are plain SQLAlchemy on our own `Base`, so that strict typing stays clean; Flask-SQLAlchemy
brings the engine and the session of a request.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(constraint_name)s",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}

# A request that waits longer for a lock, or computes longer, is worth more dead than alive.
CONNECTION_LIMITS = "-c lock_timeout=15s -c statement_timeout=30s -c timezone=UTC"


class Base(DeclarativeBase):
    """The base of every record."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own hook
        dt.datetime: sa.TIMESTAMP(timezone=True),
        int: sa.BigInteger,
        str: sa.Text,
    }


db = SQLAlchemy(metadata=Base.metadata)
