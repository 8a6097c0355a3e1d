"""Everything of `timebank up`: servers of our own where none are given, then the three doors."""

from __future__ import annotations

import os
import signal
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from timebank.adapters.embedded import SYSTEM_USER
from timebank.adapters.embedded import start_postgres
from timebank.adapters.embedded import start_valkey
from timebank.adapters.instance import InstanceError
from timebank.adapters.instance import held
from timebank.adapters.instance import made_up_settings
from timebank.adapters.instance import noted
from timebank.adapters.instance import refuse_taken_port
from timebank.adapters.processes import start_child
from timebank.adapters.supervisor import Child
from timebank.adapters.supervisor import Supervisor
from timebank.core.settings import Settings
from timebank.core.settings import instance_folder
from timebank.core.settings import port_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

READY_SECONDS = 20.0

_ROOT = Path(__file__).resolve().parents[2]
_LARGEST_LOG_BYTES = 10_000_000
_ASK_EVERY_SECONDS = 0.25
GUNICORN = (
    "-m gunicorn wsgi:app --worker-class gthread --workers 2 --threads 4 --keep-alive 5"
    " --graceful-timeout 3 --log-level warning --no-control-socket"
)


def run(environ: Mapping[str, str], *, tell: Callable[[str], object]) -> None:
    """Start everything, say where it is, and keep it running until we are told to stop.

    Raises:
        SettingsError: When a given setting is malformed.
        InstanceError: When the folder or the port is taken, or the database cannot be prepared.
        EmbeddedError: When a server of our own does not start.
    """
    folder = instance_folder(environ)
    refuse_taken_port(port_number(environ))
    with held(folder), Supervisor(tell=tell) as supervisor:
        made_up = made_up_settings(environ) | _own_servers(environ, supervisor, tell)
        everything = {**environ, **made_up, "PYTHONUNBUFFERED": "1"}
        settings = Settings.from_environment(everything)
        with noted(environ, made_up):
            _prepare(everything, supervisor)
            for child in _doors(everything, settings.port):
                if not supervisor.stopping:
                    supervisor.add(child)
            _announce(settings, supervisor, tell)
            supervisor.watch()


def _own_servers(
    environ: Mapping[str, str], supervisor: Supervisor, tell: Callable[[str], object]
) -> dict[str, str]:
    """Start what nobody gave us, and say so in one sentence."""
    folder = instance_folder(environ)
    made_up: dict[str, str] = {}
    if not environ.get("DATABASE_URL", "").strip():
        if os.geteuid() == 0:
            tell(
                f"Running as root: PostgreSQL runs as the system user {SYSTEM_USER}, and every"
                " folder above its data and its programs is opened for reading."
            )
        made_up["DATABASE_URL"] = _own_postgres(folder / "postgres", supervisor)
    if not environ.get("REDIS_URL", "").strip():
        made_up["REDIS_URL"] = _own_valkey(folder / "valkey", supervisor)
    database = "its own PostgreSQL" if "DATABASE_URL" in made_up else "the database you gave"
    queue = "its own Valkey" if "REDIS_URL" in made_up else "the queue you gave"
    tell(f"Good Turn uses {database} and {queue}; its files are in {folder}.")
    return made_up


def _own_postgres(folder: Path, supervisor: Supervisor) -> str:
    server = start_postgres(folder)
    child = Child(
        name="PostgreSQL",
        start=lambda: start_postgres(folder).process,
        last=True,
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
    )
    supervisor.take(child, server.process)
    return server.url


def _own_valkey(folder: Path, supervisor: Supervisor) -> str:
    server = start_valkey(folder)
    child = Child(name="Valkey", start=lambda: start_valkey(folder).process, last=True)
    supervisor.take(child, server.process)
    return server.url


def _prepare(environ: Mapping[str, str], supervisor: Supervisor) -> None:
    """Migrate, and fill an empty demo, in a process that ends when it is done."""
    log = _log(environ, "prepare")
    process = start_child([sys.executable, "-m", "timebank", "prepare"], log=log, environ=environ)
    if not supervisor.wait_for(process) and not supervisor.stopping:
        raise InstanceError(f"The database could not be prepared; {log} says why.")


def _doors(environ: Mapping[str, str], port: int) -> list[Child]:
    """List the processes that do the work, in the order in which they are ended."""
    web = [*GUNICORN.split(), "--pythonpath", str(_ROOT), "--bind", f"127.0.0.1:{port}"]
    commands = {
        "web server": web,
        "scheduler": ["-m", "timebank", "scheduler"],
        "worker": ["-m", "timebank", "worker"],
    }
    return [
        Child(
            name=name,
            log=_log(environ, name.split()[0]),
            start=partial(
                start_child,
                [sys.executable, *arguments],
                log=_log(environ, name.split()[0]),
                environ=environ,
                signal_at_our_death=signal.SIGQUIT if name == "web server" else signal.SIGTERM,
            ),
        )
        for name, arguments in commands.items()
    ]


def _log(environ: Mapping[str, str], name: str) -> Path:
    """Where a child's output goes; a large one is set aside first, replacing the one before."""
    log = instance_folder(environ) / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".old"))
    return log


def _announce(settings: Settings, supervisor: Supervisor, tell: Callable[[str], object]) -> None:
    """Say where it is as soon as it answers; the last line anybody has to read."""
    deadline = time.monotonic() + READY_SECONDS
    health = f"http://127.0.0.1:{settings.port}/health"
    supervisor.watch(until=lambda: time.monotonic() > deadline or _answers(health))
    if supervisor.stopping:
        return
    if time.monotonic() > deadline:
        tell("Something is not well yet: `timebank doctor` says what, and what to do.")
    who = " Sign in as a newcomer, a volunteer, an organiser or a coordinator."
    tell(f"Good Turn is at {settings.public_url} .{who if settings.demo else ''} Ctrl-C stops it.")


def _answers(url: str) -> bool:
    time.sleep(_ASK_EVERY_SECONDS)
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 -- our own address
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False
