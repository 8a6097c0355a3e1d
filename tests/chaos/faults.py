"""What can go wrong, a function a kind: each does it to the world, and has it put right later."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

import psutil
import redis

from tests.chaos import sink
from tests.chaos.world import World

HOUR_SECONDS = 3600

Fault = Callable[[World], None]


def worker_killed(world: World) -> None:
    """Kill -9 a worker and the job it runs."""
    world.random.choice(world.workers).kill()


def worker_killed_alone(world: World) -> None:
    """Kill -9 a worker; its job goes on without it."""
    world.random.choice(world.workers).kill(with_children=False)


def job_killed(world: World) -> None:
    """Kill -9 the jobs of a worker that has some."""
    for child in _jobs(world):
        with suppress(psutil.NoSuchProcess):
            child.kill()


def job_asleep(world: World) -> None:
    """Stop a job until its lease is long over, then let it go on."""
    for child in _jobs(world):
        with suppress(psutil.NoSuchProcess):
            child.suspend()
            world.in_a_while(6, lambda child=child: _wake(child))


def _wake(child: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        child.resume()


def _jobs(world: World) -> list[psutil.Process]:
    busy = [jobs for one in world.workers if (jobs := one.children())]
    return world.random.choice(busy) if busy else []


def scheduler_killed(world: World) -> None:
    """Kill -9 one of two schedulers."""
    world.random.choice(world.schedulers).kill()


def web_killed(world: World) -> None:
    """Kill -9 the web server and its workers, in the middle of whatever they answer."""
    world.web.kill()


def queue_killed(world: World) -> None:
    """Kill -9 Valkey: it comes back empty."""
    world.queue.process.kill()
    world.queue.process.wait()


def queue_emptied(world: World) -> None:
    """FLUSHALL."""
    with suppress(redis.RedisError), world.client() as client:
        client.flushall()


def queue_full(world: World) -> None:
    """Let Valkey refuse every write, as it does when its disk or memory is full."""
    _set_memory(world, "1")
    world.in_a_while(1.5, lambda: _set_memory(world, "0"))


def _set_memory(world: World, most_bytes: str) -> None:
    with suppress(redis.RedisError), world.client() as client:
        client.config_set("maxmemory", most_bytes)


def mail_server_killed(world: World) -> None:
    """Kill -9 the mail server."""
    world.mail.kill()


def mail_server_silent(world: World) -> None:
    """A black hole: connections are taken, and nobody answers."""
    world.mail.send(signal.SIGSTOP)
    world.in_a_while(3, lambda: world.mail.send(signal.SIGCONT))


def mail_server_says_later(world: World) -> None:
    """4xx to every recipient, for a while."""
    world.tell_mail_server(sink.LATER, seconds=1.5)


def mail_server_says_busy(world: World) -> None:
    """421 to everybody, for a while."""
    world.tell_mail_server(sink.BUSY, seconds=1.5)


def mail_server_says_never(world: World) -> None:
    """5xx to the next recipient."""
    world.tell_mail_server(sink.NEVER, count=1)


def mail_server_hangs(world: World) -> None:
    """It falls silent when it hears the next recipient."""
    world.tell_mail_server(sink.HANG, count=1)


def mail_server_cuts(world: World) -> None:
    """It cuts the next connection after DATA, having taken the message or not."""
    world.tell_mail_server(sink.CUT, count=1)


def database_restarted(world: World) -> None:
    """Stop PostgreSQL as an operator does, and start it again."""
    world.database.stop()


def database_killed(world: World) -> None:
    """Kill -9 PostgreSQL and everything it runs."""
    family = psutil.Process(world.database.process.pid).children()
    for one in [world.database.process.pid, *(child.pid for child in family)]:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    world.database.process.wait()


def clocks_stepped(world: World) -> None:
    """Set the clocks of workers and schedulers an hour wrong, either way."""
    world.set_clocks(world.random.choice([-1, 1]) * HOUR_SECONDS)
    world.in_a_while(3, lambda: world.set_clocks(0))


def database_clock_stepped(world: World) -> None:
    """Set the database's clock an hour on; or an hour back, and right again after a while.

    A server's clock cannot be set for one process alone. What the server compares with its clock
    is moved instead, by an hour the other way: to every statement that is the same.
    """
    if world.random.random() < 1 / 2:
        _move_clock(world, 1)
    else:
        _move_clock(world, -1)
        world.in_a_while(2, lambda: _move_clock(world, 1))


def _move_clock(world: World, hours: int) -> None:
    moved = "{0} = {0} - make_interval(hours => :hours)"
    columns = ("not_before", "expires_at", "lease_until", "due_at")
    changes = ", ".join(moved.format(column) for column in columns)
    # Whoever is about to change such a row waits, as nothing stands still while a clock is set.
    in_the_open = "state IN ('pending', 'leased', 'handover')"
    world.run(f"UPDATE notice SET {changes} WHERE {in_the_open}", hours=hours)  # noqa: S608
    rests = moved.format("rests_until")
    world.run(f"UPDATE mail_rest SET {rests}", hours=hours)  # noqa: S608


KINDS: dict[str, Fault] = {
    "worker killed with its job": worker_killed,
    "worker killed, its job lives": worker_killed_alone,
    "job killed": job_killed,
    "job asleep beyond its lease": job_asleep,
    "scheduler killed (of two)": scheduler_killed,
    "web killed": web_killed,
    "Valkey killed": queue_killed,
    "FLUSHALL": queue_emptied,
    "Valkey full": queue_full,
    "SMTP server killed": mail_server_killed,
    "SMTP black hole": mail_server_silent,
    "SMTP 4xx": mail_server_says_later,
    "SMTP 421": mail_server_says_busy,
    "SMTP 5xx": mail_server_says_never,
    "SMTP hangs": mail_server_hangs,
    "SMTP cut after DATA": mail_server_cuts,
    "PostgreSQL restarted": database_restarted,
    "PostgreSQL killed": database_killed,
    "clocks of workers ± 1 h": clocks_stepped,
    "clock of PostgreSQL ± 1 h": database_clock_stepped,
}
