"""Look at the queues and at who listens to them; say that a scheduler lives.

Asks the workers' own keys, not RQ's register of workers: after the queue was emptied a living
worker writes its key again, but not the register, nor which queues it has. So its name tells.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from timebank.core.works import QueueLook
from timebank.core.works import QueueName
from timebank.core.works import WorksLook

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from redis import Redis

FORGOTTEN_AFTER_SECONDS = 600

_WORKERS = "rq:worker:"
_SCHEDULERS = "good-turn:scheduler:"
_MANY = 1000  # keys that one step of a scan looks at: there are a few dozen


def queue_key(queue: QueueName) -> str:
    """Name a queue as RQ knows it."""
    return f"good-turn-{queue.value}"


def worker_name(queue: QueueName, unique: str) -> str:
    """Name a worker so that its key tells which queue it listens to."""
    return f"{queue.value}-{unique}"


def note_scheduler(client: Redis, *, unique: str, now: dt.datetime) -> None:
    """Say that this scheduler lives."""
    client.set(f"{_SCHEDULERS}{unique}", now.isoformat(), ex=FORGOTTEN_AFTER_SECONDS)


def look(client: Redis) -> WorksLook:
    """Look at queues, workers and schedulers, in three trips.

    Raises:
        redis.RedisError: When the queue does not answer.
    """
    workers = [key for key in _keys(client, _WORKERS) if key.count(":") == _WORKERS.count(":")]
    schedulers = _keys(client, _SCHEDULERS)
    pipeline = client.pipeline(transaction=False)
    for queue in QueueName:
        pipeline.llen(f"rq:queue:{queue_key(queue)}")
    for key in workers:
        pipeline.hmget(key, ["death", "last_heartbeat"])
    for key in schedulers:
        pipeline.get(key)
    answers = pipeline.execute()
    lengths = answers[: len(QueueName)]
    beats = dict(zip(workers, answers[len(QueueName) :], strict=False))
    said = answers[len(QueueName) + len(workers) :]
    queues = tuple(
        QueueLook(queue, int(waiting), _heard(beats, queue))
        for queue, waiting in zip(QueueName, lengths, strict=True)
    )
    return WorksLook(queues, _latest_first(said))


def _keys(client: Redis, beginning: str) -> list[str]:
    found = client.scan_iter(f"{beginning}*", count=_MANY)
    return sorted(key.decode(errors="replace") for key in found)


def _heard(beats: dict[str, Sequence[bytes | None]], queue: QueueName) -> tuple[dt.datetime, ...]:
    """When the workers of one queue were last heard; who said good-bye is left out."""
    own = f"{_WORKERS}{worker_name(queue, '')}"
    return _latest_first(
        beat for key, (death, beat) in beats.items() if key.startswith(own) and not death
    )


def _latest_first(said: Iterable[bytes | None]) -> tuple[dt.datetime, ...]:
    moments = (_moment(one) for one in said if one)
    return tuple(sorted((one for one in moments if one), reverse=True))


def _moment(text: bytes) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text.decode(errors="replace"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
