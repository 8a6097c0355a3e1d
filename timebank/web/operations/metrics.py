"""`GET /metrics`: how the works are getting on, as Prometheus reads it.

Figures about the works only: no person, no community, no message. Handed out to whoever says the
token of the settings; without one, to programs on this machine that come by no proxy.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from flask import Response
from flask import current_app
from flask import request

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.works import WorksLook
from timebank.db import db
from timebank.domain.operations import reading
from timebank.domain.operations.reading import Books
from timebank.domain.operations.reading import Mail
from timebank.domain.operations.reading import Outcomes
from timebank.domain.operations.reading import Run
from timebank.domain.texts import guard
from timebank.domain.texts.guard import Spent
from timebank.web import installation

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# What a proxy adds: a request that carries one comes from elsewhere, whoever hands it over.
PROXIED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")

WORKS = "timebank.works"

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """One figure under one name, for each set of labels."""

    name: str
    about: str
    samples: list[tuple[Labels, float]]
    kind: str = "gauge"


def show() -> Response:
    """Write down every figure.

    Raises:
        NotFound: When they may not be asked for from there: a stranger learns nothing.
    """
    if not _may_read():
        raise NotFound
    session = db.session()
    look: WorksLook | None = current_app.extensions[WORKS]()
    families = [
        *_of_works(look),
        *_of_mail(reading.read_mail(session)),
        *_of_jobs(list(reading.latest_runs(session).values()), reading.outcomes(session)),
        *_of_books(reading.read_books(session)),
        *_of_addresses(reading.suppressed_addresses(session)),
        *_of_texts(spent_on_texts()),
    ]
    answer = Response(write(families), content_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def write(families: Iterable[Family]) -> str:
    """Write figures in Prometheus' text format; a family without any is left out."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _may_read() -> bool:
    settings = installation.settings()
    if settings.metrics_token:
        said = request.headers.get("Authorization", "")
        expected = f"Bearer {settings.metrics_token}"
        return hmac.compare_digest(said.encode(errors="replace"), expected.encode())
    return _is_from_here() and not any(name in request.headers for name in PROXIED)


def _is_from_here() -> bool:
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _lines(family: Family) -> Iterator[str]:
    if not family.samples:
        return
    yield f"# HELP goodturn_{family.name} {family.about}"
    yield f"# TYPE goodturn_{family.name} {family.kind}"
    for labels, figure in family.samples:
        said = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"goodturn_{family.name}{'{' + said + '}' if said else ''} {figure:.13g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _of_works(look: WorksLook | None) -> list[Family]:
    up = Family("queue_up", "Whether the queue answers.", [({}, float(look is not None))])
    if look is None:
        return [up]
    now = clock.now()
    named = [({"queue": one.name.value}, one) for one in look.queues]
    heard = [(by, one.heard[0].timestamp()) for by, one in named if one.heard]
    scheduler: list[tuple[Labels, float]] = [({}, one.timestamp()) for one in look.schedulers[:1]]
    return [
        up,
        Family(
            "queue_waiting",
            "Rings that wait for a worker.",
            [(by, one.waiting) for by, one in named],
        ),
        Family(
            "queue_served",
            "Whether a worker of the queue was heard within two minutes.",
            [(by, float(one.is_served(now))) for by, one in named],
        ),
        Family("queue_heard_timestamp_seconds", "When a worker was last heard.", heard),
        Family("scheduler_heard_timestamp_seconds", "When a scheduler was last heard.", scheduler),
    ]


def _of_mail(mail: Mail) -> list[Family]:
    week = {"failed": mail.failed, "expired": mail.expired}
    waited = {"0.5": mail.half_seconds, "1": mail.longest_seconds}
    return [
        Family("notices_due", "Messages that could be sent now.", [({}, mail.due)]),
        Family(
            "notices_oldest_due_seconds",
            "How long the oldest message has been due.",
            [({}, mail.oldest_seconds or 0)],
        ),
        Family("notices_sent_day", "Messages sent within a day.", [({}, mail.sent)]),
        Family(
            "notices_dwell_seconds",
            "How long those sent within a day had waited.",
            [({"quantile": name}, s) for name, s in waited.items() if s is not None],
        ),
        Family(
            "notices_ended_week",
            "Messages of a week that did not get there.",
            [({"state": name}, count) for name, count in week.items()],
        ),
        Family(
            "notices_uncertain",
            "Messages of which nobody knows whether they arrived.",
            [({}, mail.uncertain)],
        ),
    ]


def _of_jobs(latest: list[Run], outcomes: list[Outcomes]) -> list[Family]:
    named = [({"job": run.function, "queue": run.queue.value}, run) for run in latest]
    took = [(by, run.seconds) for by, run in named if run.seconds is not None]
    return [
        Family(
            "job_started_timestamp_seconds",
            "When the job last began.",
            [(by, run.started_at.timestamp()) for by, run in named],
        ),
        Family("job_seconds", "How long its last run took.", took),
        Family(
            "job_broken",
            "Whether its last run failed or died.",
            [(by, float(run.is_broken)) for by, run in named],
        ),
        Family(
            "job_runs_week",
            "Runs of a week by outcome; of those that found nothing, the last.",
            [({"job": o.function, "outcome": o.outcome.value}, o.runs) for o in outcomes],
        ),
    ]


def _of_books(books: list[Books]) -> list[Family]:
    proofs = [one.ran_at.timestamp() for one in books if one.ran_at]
    return [
        Family(
            "books_wrong",
            "Communities whose books did not add up at their last proof.",
            [({}, sum(not one.is_proved for one in books if one.ran_at))],
        ),
        Family(
            "books_proved_timestamp_seconds",
            "When the last proof was made, where it is longest ago.",
            [({}, min(proofs))] if proofs else [],
        ),
    ]


def _of_addresses(suppressed: int | None) -> list[Family]:
    samples: list[tuple[Labels, float]] = [] if suppressed is None else [({}, suppressed)]
    return [Family("addresses_suppressed", "Addresses that nothing is sent to.", samples)]


def spent_on_texts() -> Spent | None:
    """Read what text messages have cost this month; None where none are sent."""
    settings = installation.settings()
    return guard.spent(db.session(), texts=settings.texts) if settings.texts else None


def _of_texts(spent: Spent | None) -> list[Family]:
    if spent is None:
        return []
    return [
        Family("texts_month", "Text messages of this month.", [({}, spent.messages)]),
        Family("texts_spent_pence", "What they cost.", [({}, float(spent.pence))]),
        Family("texts_most_pence", "What they may cost.", [({}, float(spent.most_pence))]),
    ]
