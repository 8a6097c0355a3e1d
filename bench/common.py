"""What every figure needs: servers on equal terms, interleaved rounds, ratios and the table."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import load
from bench.town import Town
from timebank.adapters.launch import GUNICORN
from timebank.adapters.processes import end
from timebank.adapters.processes import start_child

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 8
START_SECONDS = 30.0
WARM_UP_SECONDS = 0.7
MILLI = 1000
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True, slots=True)
class Server:
    """A gunicorn as `timebank up` starts it, whatever application it serves."""

    process: subprocess.Popen[bytes]
    port: int

    def stop(self) -> None:
        """End it and its workers."""
        end(self.process)

    def workers(self) -> list[psutil.Process]:
        """List its workers, without the arbiter."""
        return psutil.Process(self.process.pid).children()


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a figure is measured on."""

    environ: Mapping[str, str]
    town: Town
    database: subprocess.Popen[bytes]
    pool: ProcessPoolExecutor
    hello: Server
    select: Server
    goodturn: Server
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something to ask a server for, again and again.

    Attributes:
        requests: Gives the requests of a round.
        repeat: Whether a request may be sent twice.
        connections: How many ask at the same time.
    """

    server: Server
    requests: Callable[[], Sequence[bytes]]
    expect: int = 200
    repeat: bool = True
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one target. CPU is that of the server's processes, per answer."""

    rate: float
    cpu_milliseconds: float
    database_milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table.

    Attributes:
        goal: The number of the goal it belongs to.
        measured: A ratio, or what `unit` says.
        most: The highest value that holds, or None.
        least: The lowest value that holds, or None.
        detail: What the ratio was made of.
    """

    goal: int
    what: str
    measured: float
    unit: str
    most: float | None = None
    least: float | None = None
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the goal is reached."""
        return (self.most is None or self.measured <= self.most) and (
            self.least is None or self.measured >= self.least
        )

    @property
    def limit(self) -> str:
        """Write the goal: "at most 1.4"."""
        return f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"


Rounds = Mapping[str, Sequence[Sample]]


def environ_of(database_url: str, folder: str) -> dict[str, str]:
    """Write the settings of production; no queue and no mail server is there.

    Compiled modules are kept, as they are wherever somebody runs us.
    """
    inherited = {name: text for name, text in os.environ.items() if name != NO_BYTECODE}
    return {
        **inherited,
        "DATABASE_URL": database_url,
        "REDIS_URL": f"unix://{folder}/no-queue",
        "SMTP_URL": f"maildir://{folder}/mail",
        "PUBLIC_URL": "http://localhost",
        "SECRET_KEY": "a secret key for measuring, long enough",
        "INSTANCE": folder,
        "DEMO": "0",
    }


def start_server(
    application: str, environ: Mapping[str, str], *, workers: int = 2, more: Sequence[str] = ()
) -> Server:
    """Start gunicorn as `timebank up` does, on a free port, with another application.

    Args:
        more: Options of gunicorn's besides.
    """
    port = free_port()
    options = GUNICORN.replace("wsgi:app", application).replace(
        "--workers 2", f"--workers {workers}"
    )
    program = [sys.executable, *options.split(), *more, "--pythonpath", str(ROOT)]
    log = Path(environ["INSTANCE"]) / "gunicorn.log"
    bind = ["--bind", f"127.0.0.1:{port}"]
    return Server(start_child([*program, *bind], log=log, environ=environ), port)


def free_port() -> int:
    """Find a TCP port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(server: Server, path: str) -> None:
    """Ask until a page is there.

    Raises:
        RuntimeError: It does not come, or the server ends.
    """
    address = f"http://127.0.0.1:{server.port}{path}"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(address, timeout=START_SECONDS).close()
            return
        time.sleep(0.005)
    raise RuntimeError(f"{address} does not answer: see the log beside the database")


def request(path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    """Write an HTTP request; the underscores of `headers` are hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    if body:
        lines += [
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def hello(stage: Stage) -> Target:
    """The limit of every page: a bare Flask application on the same server."""
    return Target(server=stage.hello, requests=lambda: [request("/")])


def interleave(stage: Stage, targets: Mapping[str, Target]) -> Rounds:
    """Measure all targets in turn, in as many rounds as the stage has, after a warm-up."""
    taken: dict[str, list[Sample]] = {name: [] for name in targets}
    for target in targets.values():
        sample(stage, target, WARM_UP_SECONDS)
    names = list(targets)
    for number in range(stage.rounds):
        for name in names if number % 2 == 0 else reversed(names):
            taken[name].append(sample(stage, targets[name], stage.seconds))
    return taken


def sample(stage: Stage, target: Target, seconds: float) -> Sample:
    """Ask one target for a while."""
    job = load.Job(
        port=target.server.port,
        requests=tuple(target.requests()),
        expect=target.expect,
        seconds=seconds,
        connections=target.connections,
        repeat=target.repeat,
    )
    server, database = target.server.process.pid, stage.database.pid
    before, database_before = cpu_seconds(server), cpu_seconds(database)
    came = stage.pool.submit(load.run, job).result()
    used, database_used = cpu_seconds(server) - before, cpu_seconds(database) - database_before
    return Sample(
        came.answers / came.seconds,
        used / came.answers * MILLI,
        database_used / came.answers * MILLI,
    )


def cpu_seconds(process_id: int) -> float:
    """Add up what a process and all its children have computed so far, from /proc."""
    root = psutil.Process(process_id)
    used = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def rate_ratio(rounds: Rounds, name: str, limit: str = "hello") -> float:
    """Tell a target's rate in rates of the limit: the middle round counts."""
    return _middle(rounds, name, limit, lambda sample: sample.rate)


def cpu_ratio(rounds: Rounds, name: str, limit: str = "hello") -> float:
    """Tell a target's CPU per answer in that of the limit: the middle round counts."""
    return _middle(rounds, name, limit, lambda sample: sample.cpu_milliseconds)


def _middle(rounds: Rounds, name: str, limit: str, fact: Callable[[Sample], float]) -> float:
    pairs = zip(rounds[name], rounds[limit], strict=True)
    return statistics.median(fact(own) / fact(its_limit) for own, its_limit in pairs)


def rates(rounds: Rounds, name: str, limit: str = "hello") -> str:
    """Write the rates behind a ratio: "512/s beside 1433/s"."""
    own, other = (
        statistics.median(sample.rate for sample in rounds[one]) for one in (name, limit)
    )
    return f"{own:.0f}/s beside {other:.0f}/s"


def costs(rounds: Rounds, name: str, limit: str = "hello") -> str:
    """Write the CPU behind a ratio: "1.31 ms beside 0.77 ms; the database 0.12 ms"."""
    own, other = (
        statistics.median(sample.cpu_milliseconds for sample in rounds[one])
        for one in (name, limit)
    )
    database = statistics.median(sample.database_milliseconds for sample in rounds[name])
    return f"{own:.2f} ms beside {other:.2f} ms; the database {database:.2f} ms"


def markdown(figures: Sequence[Figure]) -> str:
    """Write the table of docs/measurements.md."""
    lines = ["| goal | figure | limit | measured | holds | made of |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {one.goal} | {one.what} | {one.limit} {one.unit} | {one.measured:.3g}"
        f" | {'yes' if one.holds else '**no**'} | {one.detail} |"
        for one in figures
    ]
    return "\n".join(lines)


def machine() -> str:
    """Describe the machine in one line, without its name."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    memory = psutil.virtual_memory().total / 2**30
    load_now = os.getloadavg()[0]
    return (
        f"{psutil.cpu_count()} cores ({model}), {memory:.0f} GB,"
        f" Python {sys.version.partition(' ')[0]}, load average {load_now:.1f}"
    )
