"""What an operator sees of delivery: how long it takes, what waits, what nobody knows of."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from tests.notices import owe
from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.domain.notices import delivery
from timebank.domain.notices import watching
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState

LONG = dt.timedelta(minutes=3)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def end(session: Session, notice: Notice, mark, **values: str) -> Notice:
    lease = delivery.lease_notice(session, lasts=LONG)
    assert lease is not None
    assert lease.notice_id == notice.id
    mark(session, lease=lease, **values)
    session.commit()
    session.refresh(notice)
    return notice


def in_doubt(session: Session, walk: Walk, **owed: dt.timedelta) -> Notice:
    notice = owe(session, walk.bela, **owed)
    return end(session, notice, delivery.mark_uncertain, why="SMTPServerDisconnected")


class TestOldestPending:
    def test_what_is_not_due_or_over_does_not_wait(self, session: Session, walk: Walk) -> None:
        owe(session, walk.ama, due_in=MINUTE)
        assert watching.oldest_pending(session) is None

    def test_is_the_one_that_was_due_first_also_when_it_was_put_back(
        self, session: Session, walk: Walk
    ) -> None:
        old = owe(session, walk.ama, due_in=-10 * MINUTE)
        owe(session, walk.bela, due_in=-5 * MINUTE)
        lease = delivery.lease_notice(session, lasts=LONG)
        assert lease is not None
        delivery.put_back(session, lease=lease, step=LONG, why="RCPT: 451 4.7.1")
        session.commit()
        found = watching.oldest_pending(session)
        assert found is not None
        assert (found.notice_id, found.kind) == (old.id, NoticeKind.BOOKS_WRONG)
        assert 10 * MINUTE <= found.waits < 11 * MINUTE
        assert (found.attempts, found.refusals, found.last_error) == (1, 1, "RCPT: 451 4.7.1")


class TestInDoubt:
    def test_sent_again_once(self, session: Session, walk: Walk) -> None:
        notice = in_doubt(session, walk)
        watching.send_again(session, notice_id=notice.id)
        with pytest.raises(watching.NotInDoubt):
            watching.send_again(session, notice_id=notice.id)
        session.commit()
        session.refresh(notice)
        assert notice.state is NoticeState.PENDING
        assert notice.again_at is not None
        assert end(session, notice, delivery.mark_sent).state is NoticeState.SENT

    def test_worker_that_comes_back_late_cannot_end_what_is_sent_again(
        self, session: Session, walk: Walk
    ) -> None:
        owe(session, walk.bela)
        lease = delivery.lease_notice(session, lasts=LONG)
        assert lease is not None
        delivery.hand_over(session, lease=lease, lasts=-LONG)
        session.commit()
        delivery.sweep(session)
        watching.send_again(session, notice_id=lease.notice_id)
        assert not delivery.mark_sent(session, lease=lease)

    def test_what_is_over_is_not_sent_again(self, session: Session, walk: Walk) -> None:
        notice = in_doubt(session, walk)
        notice.expires_at = clock.now() - MINUTE
        session.commit()
        with pytest.raises(watching.TooLateToSend):
            watching.send_again(session, notice_id=notice.id)

    def test_unknown_or_sent_ones_are_refused(self, session: Session, walk: Walk) -> None:
        with pytest.raises(NotFound):
            watching.send_again(session, notice_id=-1)
        sent = end(session, owe(session, walk.ama), delivery.mark_sent)
        with pytest.raises(watching.NotInDoubt):
            watching.send_again(session, notice_id=sent.id)


def test_mail_server_that_is_away_is_told_with_why(session: Session) -> None:
    assert watching.resting(session) is None
    delivery.rest(session, why="ConnectionRefusedError 111", first=LONG, longest=LONG)
    rest = watching.resting(session)
    assert rest is not None
    assert rest.why == "ConnectionRefusedError 111"
