from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
import sqlalchemy as sa

from timebank.adapters.embedded import start_postgres
from timebank.adapters.embedded import start_valkey

OWNER = """
import sys, time
from pathlib import Path
from timebank.adapters.embedded import start_postgres, start_valkey
folder = Path(sys.argv[1])
database = start_postgres(folder / "postgres", durable=False)
queue = start_valkey(folder / "valkey")
print(database.process.pid, queue.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="goodturn-", dir="/tmp") as name:
        yield Path(name)


def _query(url: str, statement: str) -> object:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        return result.scalar() if result.returns_rows else None


def test_postgres_keeps_its_data_over_a_restart(folder: Path):
    server = start_postgres(folder / "postgres", durable=False)
    _query(server.url, "CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()

    server = start_postgres(folder / "postgres", durable=False)
    kept = _query(server.url, "SELECT number FROM kept")
    server.stop()

    assert kept == 7
    assert not psutil.pid_exists(server.process.pid)


def test_postgres_stops_while_somebody_is_connected(folder: Path):
    server = start_postgres(folder / "postgres", durable=False)
    engine = sa.create_engine(server.url)
    with engine.connect():
        server.stop()

    assert server.process.returncode == 0
    engine.dispose()


def test_postgres_sorts_alike_on_every_machine(folder: Path):
    server = start_postgres(folder / "postgres", durable=False)
    provider = _query(
        server.url, "SELECT datlocprovider::text FROM pg_database WHERE datname = 'postgres'"
    )
    server.stop()

    assert provider == "b"


def test_postgres_and_valkey_start_in_a_folder_with_a_long_and_odd_name(folder: Path):
    odd = folder / "a folder with spaces, 100% longer than any socket" / ("long" * 20)
    database = start_postgres(odd / "postgres", durable=False)
    queue = start_valkey(odd / "valkey")
    with redis.Redis.from_url(queue.url) as client:
        answers = (_query(database.url, "SELECT 1"), client.ping())
    queue.stop()
    database.stop()

    assert answers == (1, True)
    assert len(os.fsencode(queue.socket)) < 107


def test_valkey_can_be_reached_by_its_owner_only(folder: Path):
    server = start_valkey(folder)
    mode = server.socket.stat().st_mode & 0o777
    server.stop()

    assert mode == 0o700
    assert not server.socket.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of our death")
def test_servers_end_when_their_owner_is_killed(folder: Path):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    servers = [psutil.Process(int(number)) for number in owner.stdout.readline().split()]
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()

    gone, alive = psutil.wait_procs(servers, timeout=10)
    assert (len(gone), alive) == (2, [])


def test_postgres_takes_over_from_a_server_left_behind(folder: Path):
    first = start_postgres(folder / "postgres", durable=False)
    second = start_postgres(folder / "postgres", durable=False)
    answer = _query(second.url, "SELECT 1")
    second.stop()

    assert (first.process.wait(5), answer) == (0, 1)


def test_postgres_starts_where_its_first_start_was_cut_short(folder: Path):
    (folder / "postgres.new" / "base").mkdir(parents=True)
    (folder / "postgres.new" / "PG_VERSION").write_text("18")
    server = start_postgres(folder / "postgres", durable=False)
    answer = _query(server.url, "SELECT 1")
    server.stop()

    assert answer == 1
