"""What comes back: believed only with our own token, and only about whom the mail was for."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from tests import builders
from tests.bounces import BOUNCE_ADDRESS
from tests.bounces import report
from tests.builders import Walk
from tests.notices import owe
from timebank.domain import read_mail
from timebank.domain import suppression
from timebank.domain.joining import erasing
from timebank.domain.notices import bounces
from timebank.models import Bounce
from timebank.models import BounceOutcome
from timebank.models import MailSuppression
from timebank.models import Notice
from timebank.models import NoticeState

NOW = dt.datetime(2027, 5, 1, 12, tzinfo=dt.UTC)
DESK = bounces.Desk(secret_key="a secret key for tests", bounce_address=BOUNCE_ADDRESS)
BELA = "bela@example.com"


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


@pytest.fixture
def notice(session: Session, walk: Walk) -> Notice:
    notice = owe(session, walk.bela)
    notice.state, notice.sent_at = NoticeState.SENT, NOW
    session.commit()
    return notice


def returns_to(notice: Notice, address: str = BELA) -> str:
    return DESK.returns_to(notice_id=notice.id, address=address)


def take(session: Session, raw: bytes) -> BounceOutcome:
    outcome = bounces.take(session, raw=raw, desk=DESK, now=NOW)
    session.commit()
    return outcome


def since(session: Session, walk: Walk) -> dt.datetime | None:
    trouble = suppression.trouble_of(session, person_id=walk.bela.person_id)
    return trouble.since if trouble else None


def test_envelope_sender_holds_no_address_and_fits(notice: Notice) -> None:
    sender = DESK.returns_to(notice_id=10**18 - 1, address=BELA)
    name, _, host = sender.partition("@")
    assert (name.partition("+")[0], host) == ("back", "goodturn.example")
    assert "bela" not in sender
    assert len(name) <= 64
    assert returns_to(notice) != returns_to(notice, "sam@example.com")
    nowhere = bounces.Desk(secret_key="x", bounce_address="")
    assert nowhere.returns_to(notice_id=1, address=BELA) == ""


def test_no_such_mailbox_fails_the_notice_and_the_address(
    session: Session, walk: Walk, notice: Notice
) -> None:
    assert take(session, report(returns_to(notice), BELA)) == "hard"
    session.refresh(notice)
    assert (notice.state, notice.last_error) == (NoticeState.FAILED, "came back: 5.1.1")
    assert since(session, walk) == NOW


def test_bounce_tells_the_fate_of_an_uncertain_one(session: Session, notice: Notice) -> None:
    notice.state, notice.sent_at = NoticeState.UNCERTAIN, None
    session.commit()
    take(session, report(returns_to(notice), BELA))
    session.refresh(notice)
    assert notice.state is NoticeState.FAILED


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("4.4.1 delayed", "soft"),
        ("4.2.2 failed", "soft"),
        ("5.2.2 delayed", "soft"),
        ("2.0.0 delivered", "no_trouble"),
        ("2.0.0 relayed", "no_trouble"),
    ],
)
def test_anything_but_never_changes_nothing(
    session: Session, notice: Notice, said: str, outcome: str
) -> None:
    status, action = said.split()
    raw = report(returns_to(notice), BELA, status=status, action=action)
    assert take(session, raw) == outcome
    session.refresh(notice)
    assert notice.state is NoticeState.SENT
    assert session.scalars(sa.select(MailSuppression)).all() == []


def test_refused_for_what_it_says_fails_the_notice_and_not_the_address(
    session: Session, walk: Walk, notice: Notice
) -> None:
    assert take(session, report(returns_to(notice), BELA, status="5.7.1")) == "hard"
    session.refresh(notice)
    assert notice.state is NoticeState.FAILED
    assert session.scalars(sa.select(MailSuppression)).all() == []


def test_each_counts_once_however_often_it_comes(
    session: Session, walk: Walk, notice: Notice
) -> None:
    raw = report(returns_to(notice), BELA, status="5.2.1")
    for one in (raw, raw, raw.replace(b"4C1", b"4C2")):
        assert take(session, one) == "hard"
    row = session.scalars(sa.select(MailSuppression)).one()
    assert (row.refusals, row.since) == (1, None)
    assert session.scalar(sa.select(sa.func.count()).select_from(Bounce)) == 2


def test_notice_that_was_sent_anew_may_come_back_again(
    session: Session, walk: Walk, notice: Notice
) -> None:
    raw = report(returns_to(notice), BELA, status="5.2.1")
    assert take(session, raw) == "hard"
    session.refresh(notice)
    notice.state = NoticeState.SENT
    session.commit()
    assert take(session, raw.replace(b"4C1", b"4C2")) == "hard"
    session.refresh(notice)
    assert (notice.state, notice.last_error) == (NoticeState.FAILED, "came back: 5.2.1")
    row = session.scalars(sa.select(MailSuppression)).one()
    assert row.refusals == 2


class TestNotBelieved:
    @pytest.fixture
    def nothing_changes(self, session: Session, notice: Notice):
        yield
        session.refresh(notice)
        assert notice.state is NoticeState.SENT
        assert session.scalars(sa.select(MailSuppression)).all() == []
        assert session.scalars(sa.select(Bounce.notice_id)).all() == [None]

    @pytest.mark.usefixtures("nothing_changes")
    def test_about_somebody_elses_address(self, session: Session, notice: Notice) -> None:
        assert take(session, report(returns_to(notice), "sam@example.com")) == "wrong"

    @pytest.mark.usefixtures("nothing_changes")
    def test_with_another_notices_token(
        self, session: Session, walk: Walk, notice: Notice
    ) -> None:
        others = owe(session, walk.sam)
        theirs = DESK.returns_to(notice_id=others.id, address="sam@example.com")
        mixed = theirs.replace(f"+{others.id}-", f"+{notice.id}-")
        assert take(session, report(mixed, BELA)) == "wrong"

    @pytest.mark.usefixtures("nothing_changes")
    @pytest.mark.parametrize(
        "to",
        [
            BOUNCE_ADDRESS,
            f"back+1-{'a' * 32}@goodturn.example",
            "back+1@goodturn.example",
            f"back+{'9' * 30}-{'a' * 32}@goodturn.example",
            "somebody@else.example",
        ],
    )
    def test_without_a_token_of_ours(self, session: Session, notice: Notice, to: str) -> None:
        assert take(session, report(to, BELA)) == "wrong"

    @pytest.mark.usefixtures("nothing_changes")
    @pytest.mark.parametrize(
        ("change", "into"),
        [
            (b"report-type=delivery-status", b"report-type=feedback-report"),
            (b"message/delivery-status", b"text/plain"),
            (b"Final-Recipient", b"X-Recipient"),
            (b"Final-Recipient: rfc822; ", b"Final-Recipient: x400; "),
            (b"Status: 5.1.1", b"Status: gone"),
            (b"multipart/report", b"multipart/mixed"),
        ],
    )
    def test_what_is_no_report(
        self, session: Session, notice: Notice, change: bytes, into: bytes
    ) -> None:
        raw = report(returns_to(notice), BELA).replace(change, into)
        assert take(session, raw) == "unreadable"

    @pytest.mark.usefixtures("nothing_changes")
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"Subject: I am on holiday\r\n\r\nBack on Monday.",
            b"x" * 600_000,
            b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n" + b"\n--" * 999,
        ],
    )
    def test_what_is_none_at_all_or_too_much(
        self, session: Session, notice: Notice, raw: bytes
    ) -> None:
        assert take(session, raw) == "unreadable"


def test_report_that_names_others_too_is_about_the_one_it_was_for(
    session: Session, walk: Walk, notice: Notice
) -> None:
    raw = report(returns_to(notice), BELA, others=("sam@example.com", "nadia@example.com"))
    assert take(session, raw) == "hard"
    [row] = session.scalars(sa.select(MailSuppression)).all()
    assert row.person_id == walk.bela.person_id


def test_capitals_make_no_difference(session: Session, walk: Walk, notice: Notice) -> None:
    raw = report(returns_to(notice).upper(), "Bela@Example.COM")
    assert take(session, raw) == "hard"
    assert since(session, walk) == NOW


def test_about_an_address_they_have_left_it_does_not_harm_the_new_one(
    session: Session, walk: Walk, notice: Notice
) -> None:
    walk.bela.person.profile.email = "bela@example.org"
    session.commit()
    assert take(session, report(returns_to(notice), BELA)) == "hard"
    assert since(session, walk) is None


def test_about_somebody_erased_it_is_wrong(session: Session, walk: Walk, notice: Notice) -> None:
    raw = report(returns_to(notice), BELA)
    erasing.forget(session, person_id=walk.bela.person_id)
    assert take(session, raw) == "wrong"


def test_erasing_takes_a_bounce_from_its_notice(
    session: Session, walk: Walk, notice: Notice
) -> None:
    take(session, report(returns_to(notice), BELA))
    erasing.forget(session, person_id=walk.bela.person_id)
    assert session.scalars(sa.select(Bounce.notice_id)).all() == [None]
    assert session.scalars(sa.select(MailSuppression)).all() == []


def test_counts_are_of_ninety_days(session: Session, notice: Notice) -> None:
    take(session, report(returns_to(notice), BELA))
    take(session, b"hello")
    assert read_mail.counts(session, Bounce, BounceOutcome, now=NOW)[BounceOutcome.HARD] == 1
    assert read_mail.counts(session, Bounce, BounceOutcome, now=NOW)[BounceOutcome.UNREADABLE] == 1
    later = NOW + read_mail.KEPT_FOR
    assert set(read_mail.counts(session, Bounce, BounceOutcome, now=later).values()) == {0}
    read_mail.forget(session, Bounce, now=later)
    assert session.scalars(sa.select(Bounce)).all() == []


@trying(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(some.data())
def test_whatever_strangers_send_is_read_or_passed_over(data) -> None:
    raw = bytearray(report(f"back+1-{'a' * 32}@goodturn.example", BELA))
    for _ in range(data.draw(some.integers(0, 8))):
        place = data.draw(some.integers(0, len(raw) - 1))
        raw[place : place + data.draw(some.integers(0, 40))] = data.draw(some.binary(max_size=40))
    with suppress(bounces.Unreadable):
        bounces.read(bytes(raw))
