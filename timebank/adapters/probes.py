"""Looks at the parts we depend on: does each do its work, and if not, what is there to do?

The queue's client is large and is loaded with the first look: a page never needs it.
"""

from __future__ import annotations

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
from sqlalchemy.orm import Session

from timebank.adapters import works
from timebank.adapters.schema import is_current
from timebank.adapters.standing import check_standing
from timebank.core import clock
from timebank.core.health import Part
from timebank.core.works import QueueName
from timebank.domain.texts import guard

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from redis import Redis

    from timebank.core.settings import Settings
    from timebank.core.works import QueueLook
    from timebank.core.works import WorksLook

PATIENCE_SECONDS = 3
SMTP_OK = 250
OLDEST_POSTGRES = 15

LOST = sa.text("""
SELECT state, kind, count(*) FROM notice
 WHERE state IN ('uncertain', 'failed') AND not_before > now() - interval '7 days'
   AND last_error IS DISTINCT FROM 'the address does not take mail'
 GROUP BY state, kind ORDER BY state DESC, kind""")

_MAIL_PORTS = {"smtp": 25, "smtps": 465}


def health_look(settings: Settings) -> Callable[[], list[Part]]:
    """Make what `/health` asks: the servers, the workers of every queue, and the scheduler."""
    engine = probe_engine(settings)
    client = cache(partial(probe_client, settings))

    def look() -> list[Part]:
        return [
            check_database(engine),
            check_migrations(engine),
            check_queue(client()),
            *check_works(client()),
        ]

    return look


def all_parts(settings: Settings) -> list[Part]:
    """Look at what `timebank doctor` asks: all of `/health`, the mail, and what waits or broke."""
    engine = probe_engine(settings)
    return [
        *health_look(settings)(),
        check_mail(settings.smtp_url),
        check_messages(engine),
        *check_texts(engine, settings),
        *check_standing(engine),
    ]


def works_look(settings: Settings) -> Callable[[], WorksLook | None]:
    """Make what pages ask of the queues; None when they do not answer."""
    client = cache(partial(probe_client, settings))

    def look() -> WorksLook | None:
        from redis import RedisError  # noqa: PLC0415

        try:
            return works.look(client())
        except RedisError:
            return None

    return look


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


def check_works(client: Redis) -> list[Part]:
    """Look whether a worker of each queue, and a scheduler, was heard within two minutes."""
    from redis import RedisError  # noqa: PLC0415

    names = [f"worker-{one.value}" for one in QueueName]
    try:
        found = works.look(client)
    except RedisError as error:
        problem = f"{_first_line(error)} Check REDIS_URL."
        return [Part(name, ok=False, problem=problem) for name in (*names, "scheduler")]
    now = clock.now()
    scheduler = Part("scheduler", ok=True)
    if not found.is_scheduled(now):
        problem = "Not heard within two minutes: start one with `timebank scheduler`."
        scheduler = Part("scheduler", ok=False, problem=problem)
    parts = [
        Part(name, ok=True) if one.is_served(now) else _unserved(name, one)
        for name, one in zip(names, found.queues, strict=True)
    ]
    return [*parts, scheduler]


def _unserved(name: str, one: QueueLook) -> Part:
    waits = f" {one.waiting} rings wait." if one.waiting else ""
    command = f"start one with `timebank worker {one.name.value}`"
    problem = f"None was heard within two minutes: {command}.{waits}"
    return Part(name, ok=False, problem=problem)


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


def check_texts(engine: sa.Engine, settings: Settings) -> list[Part]:
    """Look how much of the month's money for text messages is left; nothing where none go."""
    if settings.texts is None:
        return []
    try:
        with Session(engine) as session:
            spent = guard.spent(session, texts=settings.texts)
            wrong = guard.months_that_do_not_add_up(session)
    except SQLAlchemyError as error:
        return [Part("texts", ok=False, problem=f"{_first_line(error)} Check the database.")]
    said = f"{spent.pence:.0f} of {spent.most_pence:.0f} pence are spent this month"
    if wrong:
        months = ", ".join(f"{month:%Y-%m}" for month in wrong)
        return [Part("texts", ok=False, problem=f"What texts cost does not add up in {months}.")]
    if spent.is_used_up:
        problem = f"{said}: texts go by mail. Raise TEXTS_MOST_A_MONTH, or wait."
        return [Part("texts", ok=False, problem=problem)]
    return [Part("texts", ok=True, problem=f"{said}." if spent.is_nearly_used_up else "")]


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
