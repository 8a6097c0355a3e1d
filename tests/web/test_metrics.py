"""`/metrics`: figures of the works for this machine or the holder of a token, and of nobody."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import pytest
import redis

from tests import builders
from tests.notices import owe
from tests.statements import count_statements
from timebank.adapters import works
from timebank.app import create_app
from timebank.core import clock
from timebank.core.works import QueueName
from timebank.db import db
from timebank.db import reader
from timebank.domain import ledger
from timebank.domain.operations import runs
from timebank.models import NoticeState
from timebank.models import RunOutcome
from timebank.web.operations.metrics import Family
from timebank.web.operations.metrics import write

TOKEN = "a-token-for-tests-long-enough"
# Source: the exposition format's grammar, as far as we write it.
LINE = re.compile(
    r'goodturn_[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+]+'
)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


@pytest.fixture
def queue(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def started(settings):
    """Start the app with settings of its own; its connections are closed at the end."""
    apps = []

    def start(**changes):
        apps.append(create_app(dataclasses.replace(settings, **changes)))
        return apps[-1].test_client()

    yield start
    for app in apps:
        with app.app_context():
            db.engine.dispose()
    reader.bind("")


def figures(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines), lines
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_figures_say_how_the_works_are(browser, walk, queue, session):
    key = f"rq:worker:{works.worker_name(QueueName.MAIL, '1')}"
    queue.hset(key, "last_heartbeat", clock.now().isoformat())
    queue.lpush("rq:queue:good-turn-mail", "x")
    works.note_scheduler(queue, unique="1", now=clock.now())
    owe(session, walk.bela, due_in=-dt.timedelta(minutes=10))
    for state in ("failed", "expired", "uncertain"):
        owe(session, walk.bela).state = NoticeState(state)
    for outcome, error, handled in (("done", None, 4), ("failed", "ValueError", None)):
        number = runs.begin(
            session, function="a.b", queue=QueueName.BOOKS, lasts=dt.timedelta(minutes=1)
        )
        runs.end(session, run_id=number, outcome=RunOutcome(outcome), error=error, handled=handled)
    ledger.reconcile(session, now=clock.now())
    session.commit()

    browser.open("/metrics")
    assert browser.answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert browser.answer.headers["Cache-Control"] == "no-store"
    found = figures(browser.page)
    expected = {
        "queue_up": 1,
        'queue_waiting{queue="mail"}': 1,
        'queue_served{queue="mail"}': 1,
        'queue_served{queue="urgent"}': 0,
        "notices_due": 1,
        "notices_sent_day": 0,
        'notices_ended_week{state="failed"}': 1,
        'notices_ended_week{state="expired"}': 1,
        "notices_uncertain": 1,
        'job_broken{job="a.b",queue="books"}': 1,
        'job_runs_week{job="a.b",outcome="done"}': 1,
        "books_wrong": 0,
    }
    for name, figure in expected.items():
        assert found[f"goodturn_{name}"] == figure, name
    assert 600 <= found["goodturn_notices_oldest_due_seconds"] < 660
    for secret in ("Novak", "Bela", "example.com", "Bexley", "bexley"):
        assert secret not in browser.page


def test_figures_cost_the_same_however_much_there_is(browser, walk, queue, session):
    counted = []
    for town in ("erith", "welling"):
        with count_statements() as count:
            browser.open("/metrics")
        counted.append(count.total)
        for _more in range(5):
            owe(session, walk.bela).state = NoticeState.UNCERTAIN
        builders.a_community(session, town, f"{town}.example")
        session.commit()
    assert counted[0] == counted[1] <= 7


def test_figures_are_there_when_the_queue_is_not(app, browser, walk):
    app.extensions["timebank.works"] = lambda: None
    browser.open("/metrics")
    assert figures(browser.page)["goodturn_queue_up"] == 0


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 404),
        ("127.0.0.1", {"X-Real-IP": "192.0.2.7"}, 404),
        ("127.0.0.1", {"Authorization": f"Bearer {TOKEN}", "Via": "1.1 proxy"}, 404),
    ],
)
def test_without_a_token_only_this_machine_gets_them(started, walk, address, headers, status):
    for public_url in ("http://localhost", "https://goodturn.example"):
        client = started(public_url=public_url, demo=False)
        base = {"REMOTE_ADDR": address}
        answer = client.get("/metrics", headers=headers, environ_base=base)
        assert answer.status_code == status, public_url


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (None, 404),
        ("", 404),
        (TOKEN, 404),
        (f"bearer  {TOKEN}", 404),
        (f"Bearer {TOKEN}x", 404),
        (f"Bearer {TOKEN[:-1]}", 404),
        ("Bearer ", 404),
        ("Bearer \xe9\xff", 404),
        ("Basic YTpi", 404),
    ],
)
def test_with_a_token_only_its_holder_gets_them_from_anywhere(started, walk, said, status):
    client = started(metrics_token=TOKEN)
    headers = {"Authorization": said} if said is not None else {}
    for address in ("127.0.0.1", "192.0.2.7"):
        answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status


def test_text_is_written_as_prometheus_reads_it():
    odd = 'a "b"\\\nc'
    assert write(
        [
            Family("x", "About.", [({"job": odd}, 1), ({}, 1735689600.5)]),
            Family("y", "Nothing.", []),
        ]
    ) == (
        "# HELP goodturn_x About.\n# TYPE goodturn_x gauge\n"
        'goodturn_x{job="a \\"b\\"\\\\\\nc"} 1\ngoodturn_x 1735689600.5\n'
    )
