"""`timebank up`, whole: own servers, web, scheduler, worker; started, asked, stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.adapters.test_supervisor import living
from timebank.core.works import QueueName

EVERYBODY = [*(f"worker-{one.value}" for one in QueueName), "scheduler"]
FOREIGN = {"DATABASE_URL", "REDIS_URL", "SMTP_URL", "PUBLIC_URL", "SECRET_KEY", "DEMO"}


class Terminal:
    """A terminal in which somebody types `timebank`."""

    def __init__(self, instance: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        given = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.environ = given | {"PORT": str(self.port), "INSTANCE": str(instance), "DEMO": "0"}

    def types(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "timebank", *arguments],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def reads(self, *arguments: str) -> tuple[int, str]:
        process = self.types(*arguments)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def starts(self) -> subprocess.Popen[str]:
        """Start everything and wait for the line that says where it is."""
        process = self.types("up")
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Good Turn is at"):
                assert line == f"Good Turn is at http://localhost:{self.port} . Ctrl-C stops it.\n"
                return process
        pytest.fail("it ended before it said where it is")

    def health(self) -> dict[str, object]:
        address = f"http://127.0.0.1:{self.port}/health"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return dict(json.load(answer))


@pytest.fixture
def terminal(server_folder: Path, tmp_path: Path) -> Terminal:
    return Terminal(server_folder / tmp_path.name)


def _stop(process: subprocess.Popen[str], one: signal.Signals) -> float:
    """Stop it, show that nobody is left, and tell the seconds it took."""
    everybody = psutil.Process(process.pid).children(recursive=True)
    started = time.monotonic()
    if one is signal.SIGINT:
        os.killpg(process.pid, one)
    else:
        process.send_signal(one)
    process.communicate(timeout=20)
    seconds = time.monotonic() - started
    assert process.returncode == 0
    assert living(everybody) == []
    return seconds


def test_everything_starts_answers_and_stops_without_leaving_anybody(terminal: Terminal):
    process = terminal.starts()
    health = terminal.health()
    assert (health["ok"], health["faults"]) == (True, [])
    assert set(health["parts"]) == {"database", "migrations", "queue", *EVERYBODY}

    code, output = terminal.reads("doctor")
    assert (code, {line.split()[1] for line in output.splitlines()}) == (0, {"ok"})
    code, output = terminal.reads("up")
    assert (code, output) == (
        1,
        f"Port {terminal.port} is taken: stop what listens there, or give another PORT.\n",
    )
    assert _stop(process, signal.SIGINT) < 10


def test_everything_starts_again_on_what_was_kept_and_stops_when_told(terminal: Terminal):
    for one in (signal.SIGTERM, signal.SIGINT):
        process = terminal.starts()
        assert _stop(process, one) < 10
    code, output = terminal.reads("doctor")

    assert (code, output.count("\n")) == (1, 1)
    assert "is not set" in output


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of our death")
def test_nobody_is_left_when_it_is_killed_and_it_starts_again(terminal: Terminal):
    process = terminal.starts()
    everybody = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert living(everybody) == []
    process.stdout.close()

    _stop(terminal.starts(), signal.SIGTERM)
