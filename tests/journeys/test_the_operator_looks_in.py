"""A message in doubt: an operator is named, looks in, and sends exactly that one again.

With a real mail server, a real queue, and real workers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import redis
from click.testing import CliRunner

from tests import builders
from tests import mail_sink
from tests.browsing import Browser
from tests.jobs.conftest import WORKERS
from tests.jobs.conftest import environment
from tests.jobs.conftest import start_process  # noqa: F401 - a fixture
from tests.mail_sink import Sink
from tests.notices import owe
from timebank.adapters.queue import Ring
from timebank.adapters.queue import ring
from timebank.cli import main
from timebank.core.works import QueueName
from timebank.models import NoticeKind

DRAIN = "timebank.jobs.notices.drain"


@pytest.fixture
def queue(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


def deliver(queue: redis.Redis, slot: str) -> None:
    ring(queue, Ring(function=DRAIN, slot=slot, queue=QueueName.MAIL, waits_seconds=60))


def test_a_message_in_doubt_goes_out_again_only_when_somebody_says_so(
    app, session, settings, queue, start_process  # noqa: F811 - the fixture
):  # fmt: skip
    walk = builders.a_walk(session)
    claim = builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    notice = owe(
        session,
        walk.bela,
        NoticeKind.REMINDER_EVE,
        claim=claim,
        worth_for=dt.timedelta(days=2),
    )
    sink = Sink(at_data=lambda count: mail_sink.CUT if count == 1 else mail_sink.OK)
    with mail_sink.running(sink):
        start_process(WORKERS, replace(settings, smtp_url=sink.url))
        deliver(queue, "1")
        mail_sink.wait_until(lambda: _state(session, notice) == "uncertain", seconds=60)
        deliver(queue, "2")

        doctor = CliRunner().invoke(main, ["doctor"], env=environment(settings))
        assert "1 uncertain (reminder_eve)" in doctor.output
        named = CliRunner().invoke(
            main, ["name-operator", "ama@example.com"], env=environment(settings)
        )
        assert named.output == "Signed in, they find the works at http://localhost/operations .\n"

        ama = Browser(app).sign_in(walk.ama)
        ama.open("/bank")
        ama.follow("The works")
        assert "No scheduler was heard for two minutes." in ama.words
        assert "reminder eve to Bela N, Bexley" in ama.words
        assert sink.messages == [], "nothing goes out by itself"
        ama.press("Send again")
        deliver(queue, "3")
        mail_sink.wait_until(lambda: len(sink.messages) == 1, seconds=60)
        mail_sink.wait_until(lambda: _state(session, notice) == "sent")
        deliver(queue, "4")
    ama.open("/operations")
    assert "None. Every message arrived, or its fate is known." in ama.words
    assert "1 sent within a day" in ama.words
    assert sink.recipients == ["bela@example.com"]


def test_an_operator_is_named_and_dismissed_at_the_machine(app, session, settings):
    walk = builders.a_walk(session)
    session.commit()
    ama = Browser(app).sign_in(walk.ama)
    statuses = {"name-operator": 200, "dismiss-operator": 404}
    for command, status in [*statuses.items(), *statuses.items()]:
        typed = [command, "ama@example.com"]
        assert CliRunner().invoke(main, typed, env=environment(settings)).exit_code == 0
        ama.open("/operations")
        assert ama.statuses == [status]
    wrong = CliRunner().invoke(main, ["name-operator", "x@y.org"], env=environment(settings))
    assert (wrong.exit_code, wrong.output) == (
        1,
        "Nobody signs in with this e-mail address.\n",
    )


def _state(session, notice) -> str:
    session.rollback()
    session.refresh(notice)
    return notice.state.value
