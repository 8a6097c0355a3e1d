"""Looks at the parts we depend on: does each do its work, and if not, what is there to do?

The queue's client is large and is loaded with the first look: a page never needs it.
"""

from __future__ import annotations

import datetime as dt
import os
import smtplib
import tempfile
from functools import cache
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from timebank.adapters.schema import is_current
from timebank.core import clock
from timebank.core.health import Part

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from redis import Redis

    from timebank.core.settings import Settings

PATIENCE_SECONDS = 3
SMTP_OK = 250
OLDEST_POSTGRES = 15
QUIET_FOR = dt.timedelta(minutes=2)

LOST = sa.text("""
SELECT state, kind, count(*) FROM notice
 WHERE state IN ('uncertain', 'failed') AND not_before > now() - interval '7 days'
   AND last_error IS DISTINCT FROM 'the address does not take mail'
 GROUP BY state, kind ORDER BY state DESC, kind""")

_WORKER_KEYS = "rq:worker:*"
_MAIL_PORTS = {"smtp": 25, "smtps": 465}


def health_probes(settings: Settings) -> list[Callable[[], Part]]:
    """List what `/health` asks, each a function without arguments."""
    engine = probe_engine(settings)
    client = cache(partial(probe_client, settings))
    return [
        partial(check_database, engine),
        partial(check_migrations, engine),
        lambda: check_queue(client()),
        lambda: check_worker(client()),
    ]


def all_probes(settings: Settings) -> list[Callable[[], Part]]:
    """List what `timebank doctor` asks: everything of `/health`, the mail and the messages."""
    return [
        *health_probes(settings),
        partial(check_mail, settings.smtp_url),
        partial(check_messages, probe_engine(settings)),
    ]


def probe_engine(settings: Settings) -> sa.Engine:
    """Make an engine that connects anew for each look and does not wait long."""
    return sa.create_engine(
        settings.database_url,
        poolclass=sa.NullPool,
        connect_args={"connect_timeout": PATIENCE_SECONDS},
    )


def probe_client(settings: Settings) -> Redis:
    """Make a queue connection that does not wait long."""
    from redis import Redis  # noqa: PLC0415

    return Redis.from_url(
        settings.redis_url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
    )


def check_database(engine: sa.Engine) -> Part:
    """Look whether PostgreSQL answers and is new enough."""
    try:
        with engine.connect() as connection:
            number = int(connection.execute(sa.text("SHOW server_version_num")).scalar_one())
    except SQLAlchemyError as error:
        return Part("database", ok=False, problem=f"{_first_line(error)} Check DATABASE_URL.")
    version = number // 10_000
    if version < OLDEST_POSTGRES:
        problem = f"PostgreSQL {version} is too old: use {OLDEST_POSTGRES} or newer."
        return Part("database", ok=False, problem=problem)
    return Part("database", ok=True)


def check_migrations(engine: sa.Engine) -> Part:
    """Look whether the database has the shape this code expects."""
    try:
        with engine.connect() as connection:
            if is_current(connection):
                return Part("migrations", ok=True)
    except SQLAlchemyError as error:
        return Part("migrations", ok=False, problem=f"{_first_line(error)} Check the database.")
    return Part("migrations", ok=False, problem="Not up to date: run `timebank migrate`.")


def check_queue(client: Redis) -> Part:
    """Look whether Redis or Valkey answers."""
    from redis import RedisError  # noqa: PLC0415

    try:
        client.ping()
    except RedisError as error:
        return Part("queue", ok=False, problem=f"{_first_line(error)} Check REDIS_URL.")
    return Part("queue", ok=True)


def check_worker(client: Redis) -> Part:
    """Look whether any worker was heard within two minutes.

    Asks the workers' own keys, not RQ's register of workers: after the queue was emptied a living
    worker writes its key again, but not the register.
    """
    from redis import RedisError  # noqa: PLC0415

    try:
        beats = [_heartbeat(client, key) for key in client.scan_iter(_WORKER_KEYS)]
    except RedisError as error:
        return Part("worker", ok=False, problem=f"{_first_line(error)} Check REDIS_URL.")
    oldest = clock.now() - QUIET_FOR
    if any(beat and beat >= oldest for beat in beats):
        return Part("worker", ok=True)
    problem = "No worker was heard within two minutes: start one with `timebank worker`."
    return Part("worker", ok=False, problem=problem)


def check_mail(smtp_url: str) -> Part:
    """Look whether mail can be handed over: the server greets us, or the folder can be written."""
    parts = urlsplit(smtp_url)
    try:
        if parts.scheme == "maildir":
            _try_folder(Path(unquote(parts.path)))
        else:
            _greet(parts)
    except (OSError, smtplib.SMTPException) as error:
        return Part("mail", ok=False, problem=f"{_first_line(error)} Check SMTP_URL.")
    return Part("mail", ok=True)


def check_messages(engine: sa.Engine) -> Part:
    """Look for messages of the last week that were refused, or whose fate nobody knows."""
    try:
        with engine.connect() as connection:
            lost = [f"{count} {state} ({kind})" for state, kind, count in connection.execute(LOST)]
    except SQLAlchemyError as error:
        return Part("messages", ok=False, problem=f"{_first_line(error)} Check the database.")
    if not lost:
        return Part("messages", ok=True)
    where = "see “Uncertain and failed messages” in docs/operations.md."
    return Part("messages", ok=False, problem=f"In seven days {', '.join(lost)}: {where}")


def _heartbeat(client: Redis, key: bytes) -> dt.datetime | None:
    """When the worker was last heard; None when it said good-bye or never spoke."""
    from rq.utils import as_text  # noqa: PLC0415
    from rq.utils import utcparse  # noqa: PLC0415

    death, beat = client.hmget(key, ["death", "last_heartbeat"])
    if death or not beat:
        return None
    return utcparse(as_text(beat))


def _try_folder(folder: Path) -> None:
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} cannot be written.")
    with tempfile.TemporaryFile(dir=folder):
        pass


def _greet(parts: SplitResult) -> None:
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    port = parts.port or _MAIL_PORTS[parts.scheme]
    with kind(parts.hostname or "", port, timeout=PATIENCE_SECONDS) as server:
        server.ehlo()
        code, answer = server.noop()
        if code != SMTP_OK:
            raise smtplib.SMTPResponseException(code, answer)


def _first_line(error: Exception) -> str:
    """The error's first line as a sentence; the rest repeats or is SQL."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line.rstrip(".") + "."
