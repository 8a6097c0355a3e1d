"""Real servers for the tests: one PostgreSQL and one Valkey a run, an empty database a test."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from tests.browsing import Browser
from tests.databases import Database
from timebank.adapters.embedded import start_postgres
from timebank.adapters.embedded import start_valkey
from timebank.adapters.migrations import migrate
from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.db import CONNECTION_LIMITS
from timebank.db import db
from timebank.web.kept import shelf

ENOUGH_MEMORY_BYTES = 4_000_000_000
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
SECRET = "a secret key for tests, long enough"


def pytest_collection_finish() -> None:
    """What was collected stays to the end: nobody need look again whether it is in use."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A short path, for sockets; in memory where there is room, which is five times as fast."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_MEMORY_BYTES
    parent = memory if roomy else Path("/tmp")
    with tempfile.TemporaryDirectory(prefix=f"goodturn-{WORKER}-", dir=parent) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_url(server_folder: Path) -> Iterator[str]:
    """A server whose database `pattern` has been built by the migrations."""
    server = start_postgres(server_folder / "postgres", durable=False)
    admin = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("autovacuum = off", "jit = off"):  # they would cost, and never pay here
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        connection.exec_driver_sql("CREATE DATABASE pattern")
    pattern = sa.create_engine(sa.make_url(server.url).set(database="pattern"))
    with pattern.connect() as connection:
        migrate(connection)
    pattern.dispose()
    admin.dispose()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture
def database_url(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of this test's own, empty but for the schema; what it commits stays its own."""
    database.begin()
    monkeypatch.setattr(sa, "create_engine", database.engines.create)
    monkeypatch.setattr(db, "_make_engine", database.engines.create_for_app)
    return database.url


@pytest.fixture
def engine(database_url: str) -> sa.Engine:
    limits = {"options": CONNECTION_LIMITS}
    return sa.create_engine(database_url, pool_size=60, connect_args=limits)


@pytest.fixture
def owner(database_url: str) -> sa.Engine:
    """Whoever owns the tables: who migrates and repairs, without the application's role."""
    return sa.create_engine(database_url)


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="session")
def redis_url(server_folder: Path) -> Iterator[str]:
    server = start_valkey(server_folder / "valkey")
    yield server.url
    server.stop()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        smtp_url=f"maildir://{tmp_path}/mail",
        public_url="http://localhost",
        secret_key=SECRET,
        instance=tmp_path,
        port=8000,
        demo=True,
    )


@pytest.fixture
def app(settings: Settings) -> Flask:
    """The app, on this test's own database; the pages kept of earlier ones are forgotten."""
    shelf.clear()
    return create_app(settings)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Dov's browser: signed out."""
    return Browser(app)
