"""The proofs of a million transfers: the nightly one beside the bare two-sided GROUP BY.

    python -m bench.reconcile [--transfers 1000000] [--turns 200000] [--rounds 7] [--folder /tmp]

The limit is what PostgreSQL needs to add the transfers up on both sides and nothing else. Both run
in turn on one server in one minute, so the machine's mood strikes both; the middle round counts.
The proof does more than the limit: it also looks at every turn and every slot, every reversal and
every exchange that was thanked for.

The proof of each minute looks at every balance too, but only at the transfers since its mark: a
thousand here. How long the running hash takes, and how much memory, is told beside it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil
import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.adapters.embedded import start_postgres
from timebank.adapters.migrations import migrate
from timebank.core import clock
from timebank.domain import ledger
from timebank.models import Transfer

GOAL = 1.3
LATEST_GOAL_MS = 50
NEW_TRANSFERS = 1_000  # in a minute: far more than a borough's busiest
WATCH_SECONDS = 0.1
KILO, MEGA = 1_000, 1_000_000
MILLI = 1_000
BARE = sa.text("""
SELECT (SELECT sum(minutes) FROM (SELECT debit_id, sum(minutes) AS minutes
                                    FROM transfer GROUP BY debit_id) x),
       (SELECT sum(minutes) FROM (SELECT credit_id, sum(minutes) AS minutes
                                    FROM transfer GROUP BY credit_id) x)
""")

# A community of 2,000 members; every turn is attended and earned, a quarter of the other transfers
# are thanks and the rest gifts; one in two hundred was taken back and thanked for anew. Written
# with the triggers off, and the balances set to what the triggers would have made.
FILL = """
SET session_replication_role = replica;
INSERT INTO community (slug, name, place, timezone, phone) VALUES ('b', 'b', 'b', 'UTC', '');
INSERT INTO person (created_at) SELECT now() FROM generate_series(1, 2000);
INSERT INTO membership (community_id, person_id) SELECT 1, id FROM person;
INSERT INTO account (community_id, kind) VALUES (1, 'community');
INSERT INTO account (community_id, kind, membership_id, floor)
  SELECT 1, 'member', id, -600 FROM membership;
INSERT INTO slot (community_id, series_id, event_id, role_id, starts_at, ends_at, needed, places)
  SELECT 1, 1, n, n, ts, ts + interval '90 minutes', 1, 20
    FROM generate_series(1, {turns} / 20) n
    CROSS JOIN LATERAL (SELECT now() + interval '60 days' - n * interval '2 hours' AS ts) x;
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
  SELECT 1, s.event_id, s.id, m, m, p, s.starts_at, s.ends_at, s.places, 'attended'
    FROM slot s CROSS JOIN generate_series(1, 20) p
    CROSS JOIN LATERAL (SELECT 1 + mod(s.id * 20 + p, 2000) AS m) x;
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind, claim_id,
                      revision, happened_on, created_by)
  SELECT gen_random_uuid(), 1, 1, 1 + membership_id, 90, 'earn', id, 0, '2026-01-01', 1 FROM claim;
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                      exchange_id, revision, happened_on, created_by)
  SELECT gen_random_uuid(), 1, 2 + mod(n, 2000), 2 + mod(n * 7 + 13, 2000), 15 + mod(n, 90),
         CASE mod(n, 4) WHEN 0 THEN 'thanks' ELSE 'gift' END,
         CASE mod(n, 4) WHEN 0 THEN n END, CASE mod(n, 4) WHEN 0 THEN 0 END, '2026-01-01', 1
    FROM generate_series(1, {transfers}) n WHERE mod(n, 2000) <> mod(n * 7 + 13, 2000)
   LIMIT {transfers} - {turns} - 2 * ({transfers} / 200);
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                      reverses_id, happened_on, created_by)
  SELECT gen_random_uuid(), 1, credit_id, debit_id, minutes, 'reversal', id, '2026-01-02', 1
    FROM transfer WHERE kind = 'thanks' LIMIT {transfers} / 200;
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                      exchange_id, revision, happened_on, created_by)
  SELECT gen_random_uuid(), 1, t.debit_id, t.credit_id, 30, 'thanks', t.exchange_id, 1,
         '2026-01-01', 1
    FROM transfer r JOIN transfer t ON t.id = r.reverses_id WHERE r.kind = 'reversal';
UPDATE account a SET balance =
  coalesce((SELECT sum(minutes) FROM transfer WHERE credit_id = a.id), 0)
  - coalesce((SELECT sum(minutes) FROM transfer WHERE debit_id = a.id), 0);
SET session_replication_role = origin;
"""


def main() -> None:
    """Fill a server of its own, run the rounds, print the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--transfers", type=int, default=1_000_000)
    options.add_argument("--turns", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--folder", default=tempfile.gettempdir())
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="goodturn-bench-", dir=chosen.folder) as folder:
        server = start_postgres(Path(folder) / "postgres", durable=False)
        engine = sa.create_engine(server.url)
        try:
            _fill(engine, chosen.transfers, chosen.turns)
            _measure_whole(engine, server.process.pid, chosen.rounds)
            _measure_latest(engine, chosen.rounds)
        finally:
            engine.dispose()
            server.stop()


def _fill(engine: sa.Engine, transfers: int, turns: int) -> None:
    with engine.connect() as connection:
        migrate(connection)
    with engine.begin() as connection:
        connection.exec_driver_sql(FILL.format(transfers=transfers, turns=turns))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _measure_whole(engine: sa.Engine, server_pid: int, rounds: int) -> None:
    bare_seconds: list[float] = []
    proof_seconds: list[float] = []
    with Session(engine) as session:
        with _Watch(server_pid) as watch:
            _prove(session)
        for _ in range(rounds):
            bare_seconds.append(_seconds(lambda: session.execute(BARE).all()))
            proof_seconds.append(_seconds(lambda: _prove(session)))
    bare, proof = statistics.median(bare_seconds), statistics.median(proof_seconds)
    ratio = statistics.median(p / b for p, b in zip(proof_seconds, bare_seconds, strict=True))
    print(f"bare two-sided GROUP BY {bare:.3f} s, nightly proof {proof:.3f} s,", end=" ")
    print(f"at most {watch.most_bytes / MEGA:.0f} MB of the server's own memory")
    print(f"reconcile: {ratio:.2f} of the bare GROUP BY (goal: at most {GOAL})")


def _prove(session: Session) -> None:
    [proof] = ledger.reconcile(session, now=clock.now())
    holds = proof.proved
    session.rollback()
    if not holds:
        raise SystemExit("the bench's books do not hold")


def _measure_latest(engine: sa.Engine, rounds: int) -> None:
    with Session(engine) as session:
        newest = session.scalar(sa.select(sa.func.max(Transfer.id))) or 0
        _seal(session, newest - NEW_TRANSFERS)
        seconds = [_seconds(lambda: _prove_latest(session)) for _ in range(rounds * 3)]
        seal_seconds = _seconds(lambda: _seal(session, newest))
        chain_seconds = _seconds(lambda: ledger.broken_chains(session))
        if ledger.broken_chains(session):
            raise SystemExit("the bench's chain is broken")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILO
    print(f"a minute's seal {seal_seconds * MILLI:.0f} ms; the whole running hash", end=" ")
    print(f"{chain_seconds:.1f} s in a process of {peak / MEGA:.0f} MB")
    middle = statistics.median(seconds) * MILLI
    print(f"latest: {middle:.1f} ms for the proof of a minute (goal: at most {LATEST_GOAL_MS})")


def _seal(session: Session, boundary: int) -> None:
    while not ledger.seal(session, boundary=boundary, now=clock.now()):
        session.commit()
    session.commit()


def _prove_latest(session: Session) -> None:
    if ledger.prove_latest(session, now=clock.now()):
        raise SystemExit("the bench's latest entries do not hold")
    session.commit()


class _Watch:
    """Watches what the server's processes hold for themselves, beside what they share."""

    def __init__(self, server_pid: int) -> None:
        self._server = psutil.Process(server_pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most_bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(WATCH_SECONDS):
            self.most_bytes = max(self.most_bytes, self._own_bytes())

    def _own_bytes(self) -> int:
        own = 0
        for child in self._server.children():
            with suppress(psutil.Error):
                own += child.memory_full_info().uss
        return own


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
