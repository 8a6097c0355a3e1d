"""Delivery as a whole: rows in the database, a real mail server, and what it does to both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import mail_sink
from tests.jobs import conftest
from tests.mail_sink import Sink
from timebank.jobs import notices
from timebank.jobs.notices import message_id
from timebank.jobs.tools import Pace
from timebank.jobs.tools import Tools
from timebank.models import Notice
from timebank.models import Profile

WithSmtp = Callable[[str], Tools]


def errors(session: Session) -> list[str | None]:
    session.rollback()
    return list(session.scalars(sa.select(Notice.last_error).order_by(Notice.id)))


def test_drain_sends_everything_that_is_due_and_is_safe_to_repeat(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 5)
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        notices.drain()
        notices.drain()
    assert sorted(sink.recipients) == [f"person{number}@example.com" for number in range(1, 6)]
    assert conftest.states(session) == {"sent": 5}
    assert sink.connections == 1


def test_name_of_a_message_is_the_same_for_every_try_and_tells_nothing(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 1)
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        notices.drain()
    [message] = sink.messages
    key = session.scalars(sa.select(Notice.dedupe_key)).one()
    assert message["Message-ID"] == f"<{message_id(key, 'localhost')}>"
    assert message["From"] == "Bexley <noreply@localhost>"
    assert "sam" not in message_id("sam@example.com", "x")


def test_eight_workers_at_once_send_each_once(session: Session, with_smtp: WithSmtp) -> None:
    conftest.owe_reminders(session, 40)
    with mail_sink.running(Sink()) as sink:
        mine = with_smtp(sink.url)
        mine.engine = sa.create_engine(mine.settings.database_url, pool_size=8)
        threads = [threading.Thread(target=notices.drain) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(sink.arrived().values()) == {1}
    assert conftest.states(session) == {"sent": 40}


def test_no_mail_server_delays_mail_and_costs_one_try(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    with_smtp(f"smtp://127.0.0.1:{mail_sink.free_port()}")
    notices.drain()
    assert conftest.states(session) == {"pending": 3}
    tried = session.scalars(sa.select(Notice.attempts)).all()
    assert sorted(tried) == [0, 0, 1]


def test_mail_server_that_hangs_is_left_after_a_while(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    with mail_sink.hanging_port() as port:
        with_smtp(f"smtp://127.0.0.1:{port}")
        began = time.monotonic()
        notices.drain()
    assert time.monotonic() - began < 4
    assert conftest.states(session) == {"pending": 3}


def test_delayed_mail_goes_out_when_the_server_is_back(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    sink = Sink(port=mail_sink.free_port())
    with_smtp(sink.url)
    notices.drain()
    with mail_sink.running(sink):
        time.sleep(1.1)
        notices.drain()
    assert conftest.states(session) == {"sent": 3}
    assert set(sink.arrived().values()) == {1}


def test_answers_of_the_server_decide(session: Session, with_smtp: WithSmtp) -> None:
    conftest.owe_reminders(session, 6)
    at_recipient = {1: "550 5.1.1 <person1@example.com> unknown", 2: "451 4.3.0 later"}
    at_data = {1: "554 5.7.1 no", 2: mail_sink.CUT, 3: "452 full"}
    sink = Sink(
        at_recipient=lambda count, _address: at_recipient.get(count, mail_sink.OK),
        at_data=lambda count: at_data.get(count, mail_sink.OK),
    )
    with mail_sink.running(sink):
        mine = with_smtp(sink.url)
        mine.pace = Pace()  # five minutes until a second try: none within this test
        notices.drain()
    assert conftest.states(session) == {"failed": 2, "pending": 2, "uncertain": 1, "sent": 1}
    assert errors(session) == [
        "RCPT: 550 5.1.1",
        "RCPT: 451 4.3.0",
        "DATA: 554 5.7.1",
        "SMTPServerDisconnected",
        "DATA: 452",
        None,
    ]


def test_row_that_cannot_be_worded_does_not_stop_the_others(
    session: Session, with_smtp: WithSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    claims = conftest.owe_reminders(session, 3)
    session.execute(
        sa.update(Notice).where(Notice.claim_id == claims[0].id).values(kind="below_floor")
    )
    session.commit()
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        notices.drain()
    assert conftest.states(session) == {"pending": 1, "sent": 2}
    assert errors(session)[0] == "wording: UndefinedError"
    assert "could not be worded" in caplog.text
    assert "example.com" not in caplog.text


def test_two_addresses_in_one_are_never_written_to(session: Session, with_smtp: WithSmtp) -> None:
    conftest.owe_reminders(session, 1)
    session.execute(
        sa.update(Profile)
        .where(Profile.email == "person1@example.com")
        .values(email="person1@example.com,chi@example.com")
    )
    session.commit()
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        notices.drain()
    assert sink.recipients == []
    assert conftest.states(session) == {"cancelled": 1}
    assert errors(session) == ["not one plain address"]


def test_place_given_back_in_the_meantime_is_not_reminded_of(
    session: Session, with_smtp: WithSmtp
) -> None:
    [claim] = conftest.owe_reminders(session, 1)
    claim.state = "withdrawn"
    claim.withdrawn_at = claim.starts_at
    claim.withdrawn_because = "person"
    session.commit()
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        notices.drain()
    assert sink.messages == []
    assert conftest.states(session) == {"cancelled": 1}


def test_asked_to_stop_it_finishes_the_message_and_takes_no_more(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    sink = Sink()
    with mail_sink.running(sink):
        mine = with_smtp(sink.url)

        def at_data(_count: int) -> str:
            mine.stop()
            return mail_sink.OK

        sink.at_data = at_data
        notices.drain()
    assert conftest.states(session) == {"sent": 1, "pending": 2}
