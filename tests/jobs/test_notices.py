"""Delivery as a whole: rows in the database, a real mail server, and what it does to both."""

from __future__ import annotations

import datetime as dt
import mailbox
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import mail_sink
from tests.jobs import conftest
from tests.mail_sink import Sink
from tests.notices import owe
from timebank.core import clock
from timebank.domain import outbox
from timebank.domain.notices import delivery
from timebank.domain.notices import watching
from timebank.jobs import notices
from timebank.jobs.leaving import message_id
from timebank.jobs.tools import Pace
from timebank.jobs.tools import Tools
from timebank.models import MailSuppression
from timebank.models import Membership
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


def test_no_mail_server_delays_mail_and_costs_no_notice_a_try(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    with_smtp(f"smtp://127.0.0.1:{mail_sink.free_port()}")
    notices.drain()
    assert conftest.states(session) == {"pending": 3}
    tried = session.scalars(sa.select(Notice.attempts)).all()
    assert tried == [0, 0, 0]


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
        mine.pace = Pace(rest=dt.timedelta(seconds=0.25))  # five minutes until a second try
        notices.drain()
        time.sleep(0.3)  # it rests after the cut
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


def test_row_that_cannot_be_worded_stops_nobody_and_is_failed_in_the_end(
    session: Session, with_smtp: WithSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    claims = conftest.owe_reminders(session, 3)
    of_the_first = Notice.claim_id == claims[0].id
    session.execute(sa.update(Notice).where(of_the_first).values(kind="below_floor"))
    session.commit()
    with mail_sink.running(Sink()) as sink:
        mine = with_smtp(sink.url)
        mine.pace = replace(mine.pace, back_off=dt.timedelta(minutes=1))
        notices.drain()
        assert conftest.states(session) == {"pending": 1, "sent": 2}
        assert errors(session)[0] == "wording: UndefinedError"
        waits = []
        for _ in range(delivery.MOST_WORDINGS - 1):
            [notice] = session.scalars(sa.select(Notice).where(of_the_first))
            waits.append(round((notice.not_before - clock.now()) / dt.timedelta(minutes=1)))
            notice.not_before = clock.now()
            session.commit()
            notices.drain()
            session.expire_all()
    assert conftest.states(session) == {"failed": 1, "sent": 2}
    assert waits == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]
    assert errors(session)[0] == "wording: UndefinedError"
    assert "could not be worded" in caplog.text
    assert "example.com" not in caplog.text


def test_mail_server_that_is_away_is_asked_again_later_and_later(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    mine = with_smtp(f"smtp://127.0.0.1:{mail_sink.free_port()}")
    mine.pace = Pace(rest=dt.timedelta(minutes=1))
    for _ in range(3):
        notices.drain()
    rest = watching.resting(session)
    assert rest is not None
    assert rest.tries == 1, "nobody asks while it rests"
    assert rest.why.startswith("ConnectionRefusedError")
    assert session.scalars(sa.select(Notice.attempts)).all() == [0, 0, 0]


def test_mail_server_that_says_421_lets_all_rest_and_this_one_waits_behind(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 3)
    sink = Sink(at_recipient=lambda count, _: "421 4.7.0 busy" if count == 1 else mail_sink.OK)
    with mail_sink.running(sink):
        mine = with_smtp(sink.url)
        mine.pace = replace(mine.pace, back_off=dt.timedelta(minutes=1))
        notices.drain()
        assert conftest.states(session) == {"pending": 3}
        time.sleep(0.3)
        notices.drain()
        assert sink.recipients == ["person2@example.com", "person3@example.com"]
        assert watching.resting(session) is None
        session.execute(sa.update(Notice).values(not_before=sa.func.now()))
        session.commit()
        notices.drain()
    assert conftest.states(session) == {"sent": 3}
    assert session.scalars(sa.select(Notice.refusals).order_by(Notice.id)).all() == [1, 0, 0]


def test_folder_that_is_full_lets_the_message_wait_for_another_try(
    session: Session, with_smtp: WithSmtp, tmp_path: Path
) -> None:
    conftest.owe_reminders(session, 1)
    mailbox.Maildir(tmp_path / "mail")
    (tmp_path / "mail" / "tmp").rmdir()  # where each message is written at first
    with_smtp(f"maildir://{tmp_path}/mail")
    notices.drain()
    assert conftest.states(session) == {"pending": 1}
    (tmp_path / "mail" / "tmp").mkdir()
    time.sleep(1.1)
    notices.drain()
    assert conftest.states(session) == {"sent": 1}


def test_mail_server_that_breaks_over_each_message_leaves_one_in_doubt_a_rest(
    session: Session, with_smtp: WithSmtp
) -> None:
    conftest.owe_reminders(session, 6)
    with mail_sink.running(Sink(at_data=lambda _: mail_sink.CUT)) as sink:
        mine = with_smtp(sink.url)
        mine.pace = Pace(rest=dt.timedelta(seconds=0.5))
        for _ in range(3):
            notices.drain()
        assert conftest.states(session) == {"uncertain": 1, "pending": 5}
        time.sleep(0.6)
        notices.drain()
        assert conftest.states(session) == {"uncertain": 2, "pending": 4}
    rest = watching.resting(session)
    assert rest is not None
    assert (rest.tries, rest.why) == (2, "SMTPServerDisconnected")


def test_mailbox_that_there_is_not_gets_one_mail_and_sign_ins(
    session: Session, with_smtp: WithSmtp
) -> None:
    [claim] = conftest.owe_reminders(session, 1)
    sink = Sink(at_recipient=lambda _count, _address: "550 5.1.1 <person1@example.com> unknown")
    with mail_sink.running(sink):
        with_smtp(sink.url)
        notices.drain()
        owe(session, session.get_one(Membership, claim.membership_id))
        notices.drain()
    assert errors(session) == ["RCPT: 550 5.1.1", delivery.TAKES_NO_MAIL]
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        outbox.send_sign_in(
            session, community_id=claim.community_id, person_id=claim.person_id,
            next_path="/me", now=clock.now(),
        )  # fmt: skip
        session.commit()
        notices.drain()
        assert sink.recipients == ["person1@example.com"]


@pytest.mark.parametrize(
    ("at_recipient", "at_data"),
    [("550 5.7.1 blocked", mail_sink.OK), (mail_sink.OK, "554 5.7.1 spam")],
)
def test_what_is_refused_for_its_words_or_its_sender_does_not_harm_the_address(
    session: Session, with_smtp: WithSmtp, at_recipient: str, at_data: str
) -> None:
    conftest.owe_reminders(session, 1)
    sink = Sink(at_recipient=lambda _count, _address: at_recipient, at_data=lambda _: at_data)
    with mail_sink.running(sink):
        with_smtp(sink.url)
        notices.drain()
    assert conftest.states(session) == {"failed": 1}
    assert session.scalars(sa.select(MailSuppression)).all() == []


def test_answer_is_noted_although_the_database_was_away_when_it_came(
    session: Session, with_smtp: WithSmtp, engine: sa.Engine, postgres_url: str
) -> None:
    conftest.owe_reminders(session, 1)
    session.close()
    name = engine.url.database
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    closed = [
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
    ]

    def tell(statements: list[str]) -> None:
        with admin.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def at_data(_count: int) -> str:
        tell(closed)
        opens = [f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"]
        threading.Timer(1, tell, [opens]).start()
        return mail_sink.OK

    with mail_sink.running(Sink(at_data=at_data)) as sink:
        with_smtp(sink.url)
        notices.drain()
    engine.dispose()
    assert conftest.states(session) == {"sent": 1}
    admin.dispose()


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


def give_back(session: Session) -> None:
    session.execute(
        sa.text(
            "UPDATE claim SET state = 'withdrawn', withdrawn_at = now(), "
            "withdrawn_because = 'person'"
        )
    )


def call_off(session: Session) -> None:
    session.execute(
        sa.text("UPDATE event SET state = 'cancelled', reason = 'storm', sequence = sequence + 1")
    )


def take_back(session: Session) -> None:
    outbox.cancel_notices_keyed(session, prefix="claim-")


def change_address(session: Session) -> None:
    session.execute(
        sa.text("UPDATE profile SET email = 'moved@example.com' WHERE email ~ 'person1@'")
    )


@pytest.mark.parametrize(
    ("undo", "recipients", "state"),
    [
        (give_back, [], {"cancelled": 1}),
        (call_off, [], {"cancelled": 1}),
        (take_back, [], {"cancelled": 1}),
        (change_address, ["moved@example.com"], {"sent": 1}),
    ],
)
def test_what_is_undone_between_looking_it_up_and_the_fence_is_not_told(
    session: Session,
    with_smtp: WithSmtp,
    undo: Callable[[Session], None],
    recipients: list[str],
    state: dict[str, int],
) -> None:
    conftest.owe_reminders(session, 1)

    def at_recipient(count: int, _address: str) -> str:
        if count == 1:
            undo(session)
            session.commit()
        return mail_sink.OK

    with mail_sink.running(Sink(at_recipient=at_recipient)) as sink:
        with_smtp(sink.url)
        notices.drain()
    assert sink.recipients == recipients
    assert conftest.states(session) == state


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
    tried = session.scalars(sa.select(Notice.attempts).order_by(Notice.id)).all()
    assert tried == [1, 0, 0], "what was leased along is given back as it was"


def test_nobody_gets_two_in_a_round_since_the_first_may_decide_about_the_second(
    session: Session, with_smtp: WithSmtp
) -> None:
    [claim] = conftest.owe_reminders(session, 1)
    owe(session, session.get_one(Membership, claim.membership_id))
    with mail_sink.running(Sink(at_recipient=lambda *_: "550 5.1.1 unknown")) as sink:
        with_smtp(sink.url)
        notices.drain()
    assert errors(session) == ["RCPT: 550 5.1.1", delivery.TAKES_NO_MAIL]


def test_row_that_cannot_be_read_stops_none_of_those_looked_up_along(
    session: Session, with_smtp: WithSmtp
) -> None:
    claims = conftest.owe_reminders(session, 3)
    session.execute(
        sa.update(Notice)
        .where(Notice.claim_id == claims[1].id)
        .values(facts={"membership_id": "no number"})
    )
    session.commit()
    with mail_sink.running(Sink()) as sink:
        with_smtp(sink.url)
        notices.drain()
    assert conftest.states(session) == {"sent": 2, "pending": 1}
    assert errors(session)[1] == "wording: DataError"
