"""A whole Good Turn of its own, all of it expendable: what dies is started again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Self

import psutil
import psycopg
import redis
import sqlalchemy as sa

from tests.chaos import visitors
from tests.chaos.doors import CAREFUL
from tests.jobs import conftest
from tests.mail_sink import free_port
from timebank.adapters.embedded import EmbeddedError
from timebank.adapters.embedded import EmbeddedPostgres
from timebank.adapters.embedded import EmbeddedValkey
from timebank.adapters.embedded import start_postgres
from timebank.adapters.embedded import start_valkey
from timebank.adapters.migrations import migrate
from timebank.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
WORKERS, SCHEDULERS = 2, 2
WEB = (
    "-m gunicorn wsgi:app --worker-class gthread --workers 1 --threads 4 --log-level critical"
    " --no-control-socket"
)


@dataclass
class Watched:
    """A process that is started again whenever it has ended."""

    name: str
    arguments: list[str]
    environ: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Start it unless it runs."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                env=self.environ,
                cwd=ROOT,
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def children(self) -> list[psutil.Process]:
        """The jobs that it runs, or the processes behind its door."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children() if self.process else []
        return []

    def kill(self, *, with_children: bool = True) -> None:
        if self.process:
            conftest.kill(self.process, with_children=with_children)

    def send(self, number: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(number)


@dataclass
class World:
    """Servers, processes, the wrongs done to them, and when each is to be put right.

    Attributes:
        how: Whether workers and scheduler are careful, as they are, or careless.
        clock: A file: by how many seconds the clocks of workers and schedulers are wrong.
        later: What puts something right, and when.
    """

    folder: Path
    seed: int
    how: str = CAREFUL
    slow_seconds: float = 0.005
    with_web: bool = True
    later: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.random = random.Random(self.seed)  # noqa: S311 - no secret
        self.clock = self.folder / "clock"
        self.post = self.folder / "post"
        self.post.mkdir()
        self.database: EmbeddedPostgres = start_postgres(self.folder / "postgres")
        self.queue: EmbeddedValkey = start_valkey(self.folder / "valkey")
        self._settings = Settings(
            database_url=self.database.url,
            redis_url=self.queue.url,
            smtp_url=f"smtp://127.0.0.1:{free_port()}",
            public_url="http://localhost",
            secret_key="a secret key for chaos, long enough",
            instance=self.folder,
            port=free_port(),
            demo=False,
        )
        # Whoever looks at the outcome waits for a database that comes back.
        self.engine = sa.create_engine(self.database.url, pool_pre_ping=True)
        with self.engine.connect() as connection:
            migrate(connection)
        self._watch()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.everything:
            one.send(signal.SIGCONT)
            one.kill()
        self.engine.dispose()
        self.queue.stop()
        self.database.stop()

    @property
    def everything(self) -> list[Watched]:
        web = [self.web] if self.with_web else []
        return [*self.workers, *self.schedulers, self.mail, *web]

    @property
    def settings(self) -> Settings:
        return replace(self._settings, redis_url=self.queue.url)

    def _watch(self) -> None:
        environ = {**os.environ, **conftest.environment(self._settings), "DEMO": "0"}
        environ |= {"CHAOS_CLOCK": str(self.clock), "PYTHONPATH": str(ROOT)}
        port = self._settings.smtp_url.rpartition(":")[2]
        doors = ["-m", "tests.chaos.doors"]
        self.workers = [
            Watched(f"worker {number}", [*doors, "worker", self.how], environ)
            for number in range(WORKERS)
        ]
        self.schedulers = [
            Watched(f"scheduler {number}", [*doors, "scheduler", self.how], environ)
            for number in range(SCHEDULERS)
        ]
        sink = ["-m", "tests.chaos.sink", port, str(self.post), str(self.seed)]
        self.mail = Watched("mail server", [*sink, str(self.slow_seconds)], environ)
        address = f"--bind 127.0.0.1:{self._settings.port}"
        self.web = Watched("web", [*WEB.split(), *address.split()], environ)

    def look(self) -> None:
        """Start again what has died, and put right what has been wrong for long enough."""
        self._keep_servers()
        for one in self.everything:
            one.keep()
        now = time.monotonic()
        due = [repair for when, repair in self.later if when <= now]
        self.later = [(when, repair) for when, repair in self.later if when > now]
        for repair in due:
            repair()

    def _keep_servers(self) -> None:
        if self.queue.process.poll() is not None:
            self.queue.socket.unlink(missing_ok=True)
            self.queue = start_valkey(self.folder / "valkey")
        if self.database.process.poll() is not None:
            with suppress(EmbeddedError):  # its memory is still held: at the next look
                self.database = start_postgres(self.folder / "postgres")

    def in_a_while(self, seconds: float, repair: Callable[[], object]) -> None:
        """Put something right later."""
        self.later.append((time.monotonic() + seconds, repair))

    def put_all_right(self) -> None:
        """Put right at once what is still wrong."""
        for _, repair in self.later:
            repair()
        self.later = []

    def tell_mail_server(self, kind: str, *, seconds: float = 0.0, count: int = 0) -> None:
        """Put the mail server into a mood."""
        told = {"kind": kind, "until": time.time() + seconds, "count": count}
        draft = self.post / "mood.new"
        draft.write_text(json.dumps(told))
        draft.replace(self.post / "mood")

    def set_clocks(self, seconds: int) -> None:
        """Set the clocks of workers and schedulers wrong."""
        draft = self.folder / "clock.new"
        draft.write_text(str(seconds))
        draft.replace(self.clock)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.queue.url, socket_timeout=2)

    def log(self) -> list[tuple[str, str, str]]:
        """What the mail server has written down: what it did, with which message, for whom."""
        path = self.post / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    def run(self, sql: str, **values: object) -> list[sa.Row]:
        """Ask or tell the database; none while it is away."""
        try:
            with self.engine.begin() as connection:
                found = connection.execute(sa.text(sql), values)
                return list(found) if found.returns_rows else []
        except (sa.exc.OperationalError, psycopg.OperationalError):
            return []

    def visitor(self) -> visitors.Visitor:
        """Somebody who asks the web pages for sign-in mails."""
        return visitors.Visitor(self._settings.port)
