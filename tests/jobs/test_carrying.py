"""Notices on phones as a whole: rows, a push service and a mail server, and one way for each."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests import builders
from tests import mail_sink
from tests import phones
from tests import push_sink
from tests.domain.test_mail_choosing import USUAL
from tests.domain.test_mail_choosing import hows
from tests.jobs import conftest
from tests.mail_sink import Sink
from tests.notices import owe
from tests.push_sink import HANG_UP
from timebank.adapters import push
from timebank.core import clock
from timebank.domain import channels
from timebank.domain import suppression
from timebank.domain.notices import delivery
from timebank.domain.notices import saving
from timebank.domain.notices import watching
from timebank.jobs import leaving
from timebank.jobs import notices
from timebank.jobs.tools import Tools
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Profile
from timebank.models import PushSubscription
from timebank.models import Way

MOVED = {"minutes": "90", "what": "Bread for beginners", "is_put_right": ""}


@pytest.fixture(scope="module")
def pushes(tmp_path_factory):
    with push_sink.running(tmp_path_factory.mktemp("push")) as sink:
        yield sink


@dataclass
class Out:
    """Every way out: what was mailed, what push services got, and what jobs work with."""

    mails: Sink
    pushes: push_sink.Sink
    mine: Tools


@pytest.fixture
def out(with_smtp, mine, pushes):
    """A mail server, with a push service beside it and a key for that."""
    pushes.received.clear()
    with mail_sink.running(Sink()) as opened:
        with_smtp(opened.url)
        mine.settings = phones.told_here(mine.settings)
        yield Out(opened, pushes, mine)


@pytest.fixture
def walk(session):
    return builders.a_walk(session, day=clock.local_date(clock.now(), builders.LONDON)
                           + dt.timedelta(days=2))  # fmt: skip


@pytest.fixture
def on_phone(session, walk, out):
    """Bela is told on her phone, whose push service gives this answer."""

    def set_up(*answers, **chosen):
        browsers = [out.pushes.browser(f"b{n}", answer=answer) for n, answer in enumerate(answers)]
        for browser in browsers:
            phones.set_up(session, walk.bela, browser)
        chosen = chosen or {"turns": "phone", "hours": "phone"}
        saving.save(
            session,
            member=walk.bela,
            wanted=dataclasses.replace(USUAL, hows=hows(**chosen)),
            now=clock.now(),
        )
        session.commit()
        return browsers

    return set_up


def hours(session, walk, **more):
    return owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED, **more)


def now_is(session, notice):
    session.rollback()
    session.refresh(notice)
    return notice.state, notice.way


class TestToldOnce:
    def test_on_the_phone_and_not_by_mail(self, session, walk, on_phone, out):
        [browser] = on_phone(201)
        notice = hours(session, walk)
        notices.drain()
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.PHONE)
        assert out.mails.messages == []
        [request] = out.pushes.received
        told = json.loads(browser.read(request.body))
        assert told == {
            "title": "1½ hours added to your time account",
            "body": "Bread for beginners\n1½ hours added",
            "address": "http://localhost/me",
            "lang": "en-GB",
            "topic": f"notice-{notice.id}",
        }
        assert 0 < int(request.headers["ttl"]) <= 24 * 60 * 60
        request.signed_by(push.public_key(phones.KEY))
        [phone] = channels.phones_of(session, membership_id=walk.bela.id)
        assert phone.last_ok_at is not None

    @pytest.mark.parametrize("answer", [400, 403, 404, 410, 413, 429, 500, 503])
    def test_by_mail_at_once_where_the_phone_does_not_take_it(
        self, session, walk, on_phone, out, answer
    ):
        on_phone(answer)
        notice = hours(session, walk)
        notices.drain()
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert (notice.attempts, notice.last_error) == (1, None)
        assert len(out.mails.messages) == len(out.pushes.received) == 1
        left = session.scalars(sa.select(PushSubscription.failed_as)).all()
        assert left == ([] if answer in {404, 410} else [str(answer)])

    @pytest.mark.parametrize("answer", [HANG_UP, 502, 504])
    def test_in_doubt_where_nobody_knows_and_not_by_mail_as_well(
        self, session, walk, on_phone, out, answer
    ):
        on_phone(answer)
        notice = hours(session, walk)
        notices.drain()
        notices.drain()
        assert now_is(session, notice) == (NoticeState.UNCERTAIN, Way.PHONE)
        assert out.mails.messages == []
        assert session.scalar(sa.text("SELECT count(*) FROM mail_rest")) == 0

    def test_on_all_phones_and_sent_when_one_took_it(self, session, walk, on_phone, out):
        on_phone(410, 201, HANG_UP)
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.PHONE)
        assert len(out.pushes.received) == 3
        assert out.mails.messages == []
        assert len(channels.phones_of(session, membership_id=walk.bela.id)) == 2

    def test_eight_workers_at_once_tell_each_once(self, session, walk, on_phone, out):
        [browser] = on_phone(201)
        for _ in range(20):
            hours(session, walk)
        out.mine.engine = sa.create_engine(out.mine.settings.database_url, pool_size=8)
        threads = [threading.Thread(target=notices.drain) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        topics = [json.loads(browser.read(one.body))["topic"] for one in out.pushes.received]
        assert len(topics) == len(set(topics)) == 20
        assert out.mails.messages == []
        assert conftest.states(session) == {"sent": 20}


class TestWhichWay:
    def test_whoever_has_no_phone_yet_gets_mail(self, session, walk, on_phone, out):
        on_phone()
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert len(out.mails.messages) == 1

    def test_whoever_chose_mail_gets_mail_though_there_is_a_phone(
        self, session, walk, on_phone, out
    ):
        on_phone(201, turns="phone")
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert out.pushes.received == []

    def test_an_instance_without_a_key_tells_nobody_on_a_phone(self, session, walk, on_phone, out):
        on_phone(201)
        out.mine.settings = dataclasses.replace(out.mine.settings, push_key="")
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert out.pushes.received == []

    def test_a_choice_made_meanwhile_counts(self, session, walk, on_phone, out):
        on_phone(201)
        hours(session, walk)
        on_phone(turns="phone")
        notices.drain()
        assert (len(out.mails.messages), len(out.pushes.received)) == (1, 0)

    def test_the_way_in_is_always_mailed(self, session, walk, on_phone, out):
        on_phone(201)
        notice = owe(session, walk.bela, NoticeKind.BOOKS_WRONG, wrong_balances="2")
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert out.pushes.received == []

    def test_what_puts_a_turn_into_their_calendar_is_mailed(self, session, walk, on_phone, out):
        """A phone takes no calendar along, and what is told is told once."""
        on_phone(201)
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        walk.bela.turns_by_mail = True
        session.flush()
        notice = owe(session, walk.bela, NoticeKind.YOU_ARE_IN, claim=claim)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert out.pushes.received == []
        [mail] = out.mails.messages
        assert "calendar" in {part.get_content_subtype() for part in mail.walk()}

    def test_and_goes_to_the_phone_of_whoever_wants_none_in_their_calendar(
        self, session, walk, on_phone, out
    ):
        on_phone(201)
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        walk.bela.turns_by_mail = False
        session.flush()
        notice = owe(session, walk.bela, NoticeKind.YOU_ARE_IN, claim=claim)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.PHONE)
        assert out.mails.messages == []

    def test_an_address_that_takes_no_mail_is_no_reason_against_a_phone(
        self, session, walk, on_phone, out
    ):
        on_phone(201)
        suppress(session, walk.bela)
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.PHONE)

    def test_but_then_no_mail_stands_behind_it(self, session, walk, on_phone, out):
        on_phone(410)
        suppress(session, walk.bela)
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice)[0] is NoticeState.FAILED
        assert notice.last_error == delivery.TAKES_NO_MAIL
        assert out.mails.messages == []


class TestByMailFromThenOn:
    def test_a_phone_that_failed_is_not_asked_again_for_the_same_notice(
        self, session, walk, on_phone, with_smtp, out
    ):
        """The phone says no, and then the mail server is away: the next try is by mail."""
        on_phone(503)
        url = f"smtp://127.0.0.1:{mail_sink.free_port()}"
        here = with_smtp(url)
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.PENDING, Way.MAIL)
        with_smtp(out.mails.url)
        with here.session() as forgetting:
            forgetting.execute(sa.text("DELETE FROM mail_rest"))
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert len(out.pushes.received) == 1

    def test_sent_again_by_somebody_it_goes_as_they_choose_now(self, session, walk, on_phone, out):
        on_phone(HANG_UP)
        notice = hours(session, walk)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.UNCERTAIN, Way.PHONE)
        out.pushes.answers["/send/b0"] = 201
        watching.send_again(session, notice_id=notice.id)
        session.commit()
        assert now_is(session, notice) == (NoticeState.PENDING, None)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.PHONE)


class TestWhoeverDies:
    def test_before_the_fence_leaves_it_to_the_next(self, session, walk, on_phone, out):
        on_phone(201)
        notice = hours(session, walk)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delivery, "hand_over", _die)
            with pytest.raises(Died):
                notices.drain()
        assert out.pushes.received == []
        _forget_lease(session)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.PHONE)
        assert len(out.pushes.received) == 1

    def test_behind_it_leaves_it_in_doubt(self, session, walk, on_phone, out):
        on_phone(201)
        notice = hours(session, walk)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delivery, "mark_sent", _die)
            with pytest.raises(Died):
                notices.drain()
        _forget_lease(session)
        delivery.sweep(session)
        session.commit()
        notices.drain()
        assert now_is(session, notice) == (NoticeState.UNCERTAIN, Way.PHONE)
        assert (len(out.pushes.received), len(out.mails.messages)) == (1, 0)

    def test_between_phone_and_mail_leaves_it_to_be_mailed(self, session, walk, on_phone, out):
        on_phone(503)
        notice = hours(session, walk)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(leaving, "write_message", _die)
            with pytest.raises(Died):
                notices.drain()
        assert now_is(session, notice) == (NoticeState.LEASED, Way.MAIL)
        _forget_lease(session)
        notices.drain()
        assert now_is(session, notice) == (NoticeState.SENT, Way.MAIL)
        assert (len(out.pushes.received), len(out.mails.messages)) == (1, 1)

    def test_whoever_slept_beyond_the_lease_lets_nothing_out(self, session, walk, on_phone, out):
        on_phone(503)
        notice = hours(session, walk)
        with out.mine.session() as theirs:
            late = delivery.lease_notice(theirs, lasts=out.mine.pace.lease)
        _forget_lease(session)
        with out.mine.session() as theirs:
            assert delivery.lease_notice(theirs, lasts=out.mine.pace.lease) is not None
        with out.mine.session() as theirs:
            assert not delivery.hand_over(
                theirs, lease=late, lasts=out.mine.pace.lease, way=Way.PHONE
            )
            assert not delivery.go_by_mail(theirs, lease=late, lasts=out.mine.pace.lease, why="x")
        assert now_is(session, notice) == (NoticeState.LEASED, None)


class TestTrying:
    def test_a_try_is_shown_on_that_phone(self, session, walk, on_phone, out):
        first, second = on_phone(201, 201, turns="mail")
        number = channels.phones_of(session, membership_id=walk.bela.id)[1].id
        channels.try_out(session, member=walk.bela, number=number, now=clock.now())
        session.commit()
        notices.drain()
        [request] = out.pushes.received
        told = json.loads(second.read(request.body))
        assert told["title"] == "A try: this is how we tell you things"
        assert told["address"] == "http://localhost/me/phone"
        assert out.mails.messages == []
        assert first.endpoint != second.endpoint

    def test_and_mailed_where_the_phone_is_gone(self, session, walk, on_phone, out):
        on_phone(410)
        [phone] = channels.phones_of(session, membership_id=walk.bela.id)
        channels.try_out(session, member=walk.bela, number=phone.id, now=clock.now())
        session.commit()
        notices.drain()
        [mail] = out.mails.messages
        assert "your phone could not be reached just now" in str(mail)
        assert channels.phones_of(session, membership_id=walk.bela.id) == []


def test_no_log_names_an_endpoint(session, walk, on_phone, out, caplog):
    caplog.set_level("DEBUG")
    on_phone(403, HANG_UP)
    hours(session, walk)
    notices.drain()
    kept = session.scalars(sa.select(Notice.last_error)).all()
    assert "/send/" not in caplog.text + str(kept)


class Died(BaseException):
    """As a process that is killed: nothing is caught, nothing is tidied up."""


def _die(*_args, **_more):
    raise Died


def _forget_lease(session):
    session.execute(sa.text("UPDATE notice SET lease_until = now() - interval '1 second'"))
    session.commit()


def suppress(session, member):
    email = session.get_one(Profile, member.person_id).email
    suppression.note_refusal(
        session, person_id=member.person_id, address=email, status="550 5.1.1", now=clock.now()
    )
    session.commit()
