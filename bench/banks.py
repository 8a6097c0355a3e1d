"""A whole bank taken along, checked by the second opinion, and brought in elsewhere.

    python -m bench.banks [--transfers 1000000] [--members 2000]

Each step is a process of its own, as an operator starts it: its seconds and its most memory count.
Three of five transfers are earned, the rest are gifts, and one gift in seventy was taken back.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from bench.common import ROOT
from timebank.adapters.embedded import start_postgres
from timebank.adapters.migrations import migrate

KILO = 1024
LOOK_EVERY_SECONDS = 0.05
FILL = """
SET session_replication_role = replica;
INSERT INTO community (slug, name, place, timezone, phone) VALUES ('b', 'b', 'b', 'UTC', '');
INSERT INTO person (created_at) SELECT now() FROM generate_series(1, {members});
INSERT INTO profile (person_id, full_name, email)
  SELECT id, 'Member ' || id, 'member' || id || '@example.com' FROM person;
INSERT INTO membership (community_id, person_id, standing)
  SELECT 1, id, CASE id WHEN 1 THEN 'coordinator' ELSE 'resident' END FROM person;
INSERT INTO account (community_id, kind) VALUES (1, 'community'), (1, 'opening');
INSERT INTO account (community_id, kind, membership_id, floor)
  SELECT 1, 'member', id, -600 FROM membership ORDER BY id;
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind, claim_id,
                      revision, happened_on, created_by, created_at)
  SELECT gen_random_uuid(), 1, CASE WHEN x.earned THEN 1 ELSE 3 + mod(n, {members}) END,
         3 + mod(n * 7 + 13, {members}), 15 + mod(n, 90),
         CASE WHEN x.earned THEN 'earn' ELSE 'gift' END, CASE WHEN x.earned THEN n END,
         CASE WHEN x.earned THEN 0 END, '2026-01-01', 1,
         timestamptz '2026-01-01 10:00' + n * interval '1 second'
    FROM generate_series(1, {transfers}) n, LATERAL (SELECT mod(n, 5) < 3 AS earned) x
   WHERE mod(n, {members}) NOT IN (0, mod(n * 7 + 13, {members}))
     AND mod(n * 7 + 13, {members}) <> 0;
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                      reverses_id, happened_on, created_by)
  SELECT gen_random_uuid(), 1, credit_id, debit_id, minutes, 'reversal', id, happened_on, 1
    FROM transfer WHERE kind = 'gift' AND mod(id, 70) = 0;
UPDATE account a SET balance =
  coalesce((SELECT sum(minutes) FROM transfer WHERE credit_id = a.id), 0)
  - coalesce((SELECT sum(minutes) FROM transfer WHERE debit_id = a.id), 0);
SET session_replication_role = origin;
"""


def main() -> None:
    """Fill a server of its own, and go through the three steps."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--transfers", type=int, default=1_000_000)
    options.add_argument("--members", type=int, default=2_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="goodturn-bench-", dir="/tmp") as folder:
        server = start_postgres(Path(folder) / "postgres", durable=False)
        try:
            _fill(server.url, chosen.transfers, chosen.members)
            _steps(_environ(server.url, folder), Path(folder))
        finally:
            server.stop()


def _environ(url: str, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "INSTANCE": folder,
        "PUBLIC_URL": "http://localhost",
        "REDIS_URL": "redis://localhost",
        "SMTP_URL": f"maildir://{folder}/mail",
        "SECRET_KEY": "a secret key for the bench, long enough",
    }


def _fill(url: str, transfers: int, members: int) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        migrate(connection)
    with engine.begin() as connection:
        connection.exec_driver_sql(FILL.format(transfers=transfers, members=members))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _steps(environ: Mapping[str, str], folder: Path) -> None:
    bank, again = str(folder / "bank.zip"), str(folder / "again.zip")
    timebank = [sys.executable, "-m", "timebank"]
    found = [*timebank, "create-community", "c", "--slug", "c", "--place", "c", "--phone", "0000"]
    found += ["--host", "c.example"]
    verify = [sys.executable, str(ROOT / "tools" / "verify_ledger.py")]
    _step("export", [*timebank, "export", "--community", "b", "--to", bank], environ)
    print(f"the file has {Path(bank).stat().st_size / 1e6:.0f} MB")
    _step("verify", [*verify, bank], environ)
    _step("found", found, environ)
    _step("import", [*timebank, "import-bank", bank, "--into", "c"], environ)
    _step("export again", [*timebank, "export", "--community", "c", "--to", again], environ)
    _step("verify again", [*verify, again], environ)


def _step(name: str, command: list[str], environ: Mapping[str, str]) -> None:
    """Run a step and print what it took; one that fails ends the bench."""
    start, computed = time.perf_counter(), _computed_seconds()
    process = subprocess.Popen(command, env=dict(environ), cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 -- our own
    most = 0
    while process.poll() is None:
        most = max(most, _kilobytes(process.pid))
        time.sleep(LOOK_EVERY_SECONDS)
    seconds = time.perf_counter() - start
    if process.returncode:
        told, _ = process.communicate()
        raise SystemExit(f"{name} failed: {told.decode()}")
    computed = _computed_seconds() - computed
    print(
        f"{name}: {seconds:.1f} s, {computed:.1f} s of it computing, {most / KILO:.0f} MB at most"
    )
    sys.stdout.flush()


def _computed_seconds() -> float:
    """Tell what the steps so far have cost the processor, however busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kilobytes(process_id: int) -> int:
    """Tell the most memory that a process has had so far; 0 when it has just ended."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
