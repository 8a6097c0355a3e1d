"""What an operator sees and decides: nothing in doubt goes out again by itself."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.notices import owe
from tests.operators import name_operator
from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.works import QueueName
from timebank.domain import ledger
from timebank.domain.joining import erasing
from timebank.domain.notices import delivery
from timebank.domain.notices import watching
from timebank.domain.operations import deciding
from timebank.domain.operations import operators
from timebank.domain.operations import reading
from timebank.domain.operations import runs
from timebank.models import Decision
from timebank.models import Notice
from timebank.models import NoticeDecision
from timebank.models import NoticeState
from timebank.models import RunOutcome

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def walk(session: Session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


def in_doubt(session: Session, member, **times: dt.timedelta) -> Notice:
    """A message that was handed over by a worker who then died."""
    notice = owe(session, member, **times)
    notice.state = NoticeState.UNCERTAIN
    session.commit()
    return notice


def decisions(session: Session) -> list[tuple[int, Decision, NoticeState, int]]:
    found = session.scalars(sa.select(NoticeDecision).order_by(NoticeDecision.id))
    return [(one.notice_id, one.decision, one.was, one.decided_by) for one in found]


def test_send_again_gives_exactly_that_message_one_new_try(session, walk):
    one, other = in_doubt(session, walk.bela), in_doubt(session, walk.sam)
    deciding.send_again(session, notice_id=one.id, by=walk.ama.person_id)
    session.commit()
    leased = [delivery.lease_notice(session, lasts=MINUTE) for _ in range(2)]
    assert [lease and lease.notice_id for lease in leased] == [one.id, None]
    session.refresh(other)
    assert other.state is NoticeState.UNCERTAIN
    assert decisions(session) == [
        (one.id, Decision.SEND_AGAIN, NoticeState.UNCERTAIN, walk.ama.person_id)
    ]


def test_send_again_a_second_time_is_refused(session, walk):
    one = in_doubt(session, walk.bela)
    deciding.send_again(session, notice_id=one.id, by=walk.ama.person_id)
    with pytest.raises(deciding.NoLongerInDoubt):
        deciding.send_again(session, notice_id=one.id, by=walk.ama.person_id)
    assert len(decisions(session)) == 1


def test_a_worker_thought_dead_has_no_say_after_it_was_sent_again(session, walk):
    one = owe(session, walk.bela)
    lease = delivery.lease_notice(session, lasts=MINUTE)
    assert delivery.hand_over(session, lease=lease, lasts=-MINUTE)
    delivery.sweep(session)
    deciding.send_again(session, notice_id=one.id, by=walk.ama.person_id)
    assert not delivery.put_back(session, lease=lease, step=DAY, why="late")
    assert not delivery.mark_sent(session, lease=lease)
    session.commit()
    session.refresh(one)
    assert one.state is NoticeState.PENDING


@pytest.mark.parametrize("state", sorted(set(NoticeState) - {NoticeState.UNCERTAIN}))
def test_nothing_but_an_uncertain_message_is_sent_again(session, walk, state):
    one = owe(session, walk.bela)
    session.execute(
        sa.text(
            "UPDATE notice"
            " SET state = :state, lease_token = gen_random_uuid(), lease_until = now(),"
            " way = :way"
        ),
        {"state": state.value, "way": "letter" if state is NoticeState.ON_PAPER else None},
    )
    with pytest.raises(deciding.NoLongerInDoubt):
        deciding.send_again(session, notice_id=one.id, by=walk.ama.person_id)
    assert decisions(session) == []


def test_send_again_when_it_is_not_worth_telling_is_refused(session, walk):
    one = in_doubt(session, walk.bela, due_in=-2 * DAY, worth_for=-MINUTE)
    with pytest.raises(watching.TooLateToSend):
        deciding.send_again(session, notice_id=one.id, by=walk.ama.person_id)
    deciding.put_away(session, notice_id=one.id, by=walk.ama.person_id)
    session.refresh(one)
    assert one.state is NoticeState.CANCELLED


def test_decision_about_no_message_is_refused(session, walk):
    for rule in (deciding.send_again, deciding.put_away):
        with pytest.raises(NotFound):
            rule(session, notice_id=10**18, by=walk.ama.person_id)


def test_mail_is_counted_and_timed_by_the_database(session, walk):
    empty = reading.read_mail(session)
    assert (empty.due, empty.oldest_seconds, empty.sent, empty.half_seconds) == (0, None, 0, None)
    owe(session, walk.bela, due_in=-10 * MINUTE)
    owe(session, walk.bela, due_in=10 * MINUTE)
    for state in ("failed", "failed", "expired", "uncertain"):
        owe(session, walk.bela).state = NoticeState(state)
    owe(session, walk.bela, due_in=-8 * DAY).state = NoticeState.FAILED
    owe(session, walk.bela, due_in=-8 * DAY).state = NoticeState.UNCERTAIN
    session.commit()
    for seconds in (1, 3, 60):
        sent = owe(session, walk.bela)
        session.execute(
            sa.text(
                "UPDATE notice SET state = 'sent', attempts = 1, created_at = not_before,"
                " sent_at = not_before + :waited WHERE id = :id"
            ),
            {"id": sent.id, "waited": dt.timedelta(seconds=seconds)},
        )
    session.commit()
    found = reading.read_mail(session)
    assert (found.due, found.sent, found.half_seconds, found.longest_seconds) == (1, 3, 3, 60)
    assert 600 <= found.oldest_seconds < 660
    assert (found.failed, found.expired, found.uncertain) == (2, 1, 2)


def test_trouble_is_listed_without_surname_or_address(session, walk):
    one = in_doubt(session, walk.bela)
    late = in_doubt(session, walk.sam, due_in=-8 * DAY, worth_for=-DAY)
    refused = owe(session, walk.sam)
    refused.state = NoticeState.FAILED
    owe(session, walk.sam)
    session.commit()
    found = reading.troubled(session)
    assert [(line.id, line.name, line.is_worth_sending) for line in found] == [
        (one.id, "Bela N", True),
        (late.id, "Sam T", False),
        (refused.id, "Sam T", False),
    ]


def test_latest_run_of_each_job_and_how_a_week_went(session):
    lasts = dt.timedelta(minutes=2)
    ends = [
        ("a.b", RunOutcome.DONE, None, 3),
        ("a.b", RunOutcome.FAILED, "ValueError\n in a line", None),
        ("c.d", RunOutcome.DONE, None, 2),
        ("c.d", RunOutcome.DONE, None, 5),
    ]
    for name, outcome, error, handled in ends:
        number = runs.begin(session, function=name, queue=QueueName.BOOKS, lasts=lasts)
        runs.end(session, run_id=number, outcome=outcome, error=error, handled=handled)
    runs.begin(session, function="e.f", queue=QueueName.MAIL, lasts=lasts)
    latest = reading.latest_runs(session)
    assert {name: (run.outcome, run.is_broken) for name, run in latest.items()} == {
        "a.b": (RunOutcome.FAILED, True),
        "c.d": (RunOutcome.DONE, False),
        "e.f": (None, False),
    }
    assert latest["a.b"].error == "ValueError in a line"
    assert latest["e.f"].seconds is None
    assert 0 <= latest["c.d"].seconds < 10
    assert [run.function for run in reading.broken_runs(session)] == ["a.b"]
    assert [
        (one.function, one.outcome, one.runs, one.handled) for one in reading.outcomes(session)
    ] == [
        ("a.b", RunOutcome.DONE, 1, 3),
        ("a.b", RunOutcome.FAILED, 1, 0),
        ("c.d", RunOutcome.DONE, 2, 7),
    ]


def test_a_run_thought_dead_may_still_come_to_a_clear_end(session):
    number = runs.begin(
        session, function="a.b", queue=QueueName.BOOKS, lasts=dt.timedelta(microseconds=1)
    )
    session.commit()
    assert runs.bury(session) == 1
    runs.end(session, run_id=number, outcome=RunOutcome.DONE, handled=4)
    assert reading.latest_runs(session)["a.b"].outcome is RunOutcome.DONE
    runs.end(session, run_id=number, outcome=RunOutcome.FAILED, error="again")
    assert reading.latest_runs(session)["a.b"].handled == 4


def test_books_of_every_community_with_their_latest_proof(session, walk):
    builders.an_elsewhere(session)
    assert [(one.community, one.ran_at) for one in reading.read_books(session)] == [
        ("Ashford", None),
        ("Bexley", None),
    ]
    now = clock.now()
    ledger.reconcile(session, now=now)
    assert [(one.ran_at, one.is_proved) for one in reading.read_books(session)] == [
        (now, True)
    ] * 2


def test_suppressed_addresses_are_counted_where_the_database_keeps_them(session, owner):
    with owner.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS mail_suppression CASCADE"))
    assert reading.suppressed_addresses(session) is None
    session.commit()
    with owner.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE mail_suppression (since timestamptz, lifted_at timestamptz)")
        )
        connection.execute(
            sa.text(
                "INSERT INTO mail_suppression"
                " VALUES (now(), NULL), (now(), NULL), (NULL, NULL), (now(), now())"
            )
        )
    assert reading.suppressed_addresses(session) == 2


def test_operator_is_named_at_the_machine_only_and_goes_when_erased(session, owner, walk):
    assert not operators.is_operator(session, person_id=walk.ama.person_id)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        operators.name_operator(session, email="ama@example.com")
    session.rollback()
    with Session(owner) as own:
        for _ in range(2):
            operators.name_operator(own, email="ama@example.com")
        with pytest.raises(operators.NobodyWithThisAddress):
            operators.name_operator(own, email="nobody@example.com")
        own.commit()
    assert operators.is_operator(session, person_id=walk.ama.person_id)
    with Session(owner) as own:
        operators.dismiss_operator(own, email="ama@example.com")
        own.commit()
    assert not operators.is_operator(session, person_id=walk.ama.person_id)
    name_operator(owner, walk.bela)
    erasing.erase_everywhere(session, person_id=walk.bela.person_id, now=clock.now())
    session.commit()
    assert not operators.is_operator(session, person_id=walk.bela.person_id)
