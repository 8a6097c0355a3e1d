"""Real servers for the tests: one PostgreSQL and one Valkey a run, a fresh database a test."""

from __future__ import annotations

import itertools
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
from timebank.adapters.embedded import start_postgres
from timebank.adapters.embedded import start_valkey
from timebank.adapters.migrations import migrate
from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.db import CONNECTION_LIMITS
from timebank.db import db
from timebank.db import reader
from timebank.web.kept import shelf

ENOUGH_MEMORY_BYTES = 4_000_000_000
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
SECRET = "a secret key for tests, long enough"


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
        connection.exec_driver_sql("CREATE DATABASE pattern")
    pattern = sa.create_engine(sa.make_url(server.url).set(database="pattern"))
    with pattern.connect() as connection:
        migrate(connection)
    pattern.dispose()
    admin.dispose()
    yield server.url
    server.stop()


_numbers = itertools.count(1)


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A database of this test's own, empty but for the schema; what it commits stays its own."""
    name = f"test_{next(_numbers)}"
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE pattern")
    yield sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    limits = {"options": CONNECTION_LIMITS}
    engine = sa.create_engine(database_url, pool_size=60, connect_args=limits)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(database_url: str) -> Iterator[sa.Engine]:
    """Whoever owns the tables: who migrates and repairs, without the application's role."""
    engine = sa.create_engine(database_url)
    yield engine
    engine.dispose()


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
def app(settings: Settings) -> Iterator[Flask]:
    """The app, on this test's own database; the pages kept of earlier ones are forgotten."""
    shelf.clear()
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()
    reader.bind("")


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Dov's browser: signed out."""
    return Browser(app)
