"""The operator's page: who may see it, what it says, and what may be done about a message."""

from __future__ import annotations

import datetime as dt

import pytest
import redis
import sqlalchemy as sa
from flask import Flask

from tests import builders
from tests.browsing import Browser
from tests.notices import owe
from tests.operators import name_operator
from tests.statements import count_statements
from timebank.adapters import works
from timebank.core import clock
from timebank.core.works import QueueName
from timebank.domain import ledger
from timebank.domain.operations import runs
from timebank.jobs.schedule import SCHEDULES
from timebank.models import MailRest
from timebank.models import NoticeDecision
from timebank.models import NoticeState
from timebank.models import RunOutcome


@pytest.fixture
def walk(session, owner):
    walk = builders.a_walk(session)
    session.commit()
    name_operator(owner, walk.ama)
    return walk


@pytest.fixture
def ama(app: Flask, walk) -> Browser:
    """Ama looks after the installation."""
    return Browser(app).sign_in(walk.ama)


@pytest.fixture
def queue(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


def everybody_at_work(client: redis.Redis) -> None:
    for name in QueueName:
        key = f"rq:worker:{works.worker_name(name, '1')}"
        client.hset(key, "last_heartbeat", clock.now().isoformat())
    works.note_scheduler(client, unique="1", now=clock.now())


def in_doubt(session, member, **times):
    notice = owe(session, member, **times)
    notice.state = NoticeState.UNCERTAIN
    notice.last_error = "no answer after the message"
    session.commit()
    return notice


def a_run(session, function, outcome, *, error=None, handled=None):
    number = runs.begin(
        session, function=function, queue=QueueName.BOOKS, lasts=dt.timedelta(minutes=1)
    )
    runs.end(session, run_id=number, outcome=outcome, error=error, handled=handled)
    session.commit()


def test_nobody_but_an_operator_finds_the_page(app, walk, session):
    one = in_doubt(session, walk.bela)
    for member in (walk.nadia, walk.bela):
        stranger = Browser(app).sign_in(member)
        stranger.open("/operations")
        assert stranger.statuses == [404]
        stranger.open("/me")
        token = stranger.forms()[0].fields["csrf_token"][0]
        for action in ("again", "away"):
            stranger.post(f"/operations/notices/{one.id}/{action}", csrf_token=token)
            assert stranger.statuses == [404]
    dov = Browser(app)
    dov.open("/operations")
    assert dov.path == "/sign-in"
    session.refresh(one)
    assert one.state is NoticeState.UNCERTAIN


def test_an_operator_need_not_coordinate_anything(app, walk, owner):
    name_operator(owner, walk.bela)
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/operations")
    assert bela.statuses == [200]


def test_page_of_an_installation_that_is_well(ama, queue, session):
    everybody_at_work(queue)
    ledger.reconcile(session, now=clock.now())
    a_run(session, "claims.lapse_holds", RunOutcome.DONE, handled=3)
    ama.open("/operations")
    assert "All is well." in ama.words
    for one in SCHEDULES:
        assert one.what in ama.words, one
    assert "free places held for a yes that never came urgent every minute" in ama.words
    assert "seconds ago: 3 done" in ama.words
    assert "deliver what is due mail every 5 seconds not yet" in ama.words
    assert "prove the books, and publish their seal books at 2:30am not yet" in ama.words
    assert "None. Every message arrived, or its fate is known." in ama.words
    assert "Bexley : in order" in ama.words
    assert "scheduler: rings for what is due – 1" in ama.words


@pytest.mark.parametrize(
    ("minutes", "is_well"), [(1, False), (-9, False), (-11, True)], ids=["now", "lately", "long"]
)
def test_all_is_not_well_while_the_mail_server_is_away(ama, queue, session, minutes, is_well):
    everybody_at_work(queue)
    until = clock.now() + dt.timedelta(minutes=minutes)
    session.add(MailRest(why="421 4.3.2", rests_until=until))
    session.commit()
    ama.open("/operations")
    assert ("All is well." in ama.words) is is_well
    assert ("something needs a look. The mail server is away." in ama.words) is not is_well


def test_all_is_not_well_while_messages_are_late(ama, walk, queue, session):
    everybody_at_work(queue)
    owe(session, walk.bela, due_in=dt.timedelta(minutes=-14))
    ama.open("/operations")
    assert "All is well." in ama.words
    owe(session, walk.bela, due_in=dt.timedelta(minutes=-16))
    ama.open("/operations")
    assert "All is well." not in ama.words
    assert "Messages are late: the oldest has waited for 16 minutes." in ama.words


def test_all_is_not_well_while_books_do_not_add_up(ama, walk, queue, session):
    everybody_at_work(queue)
    ledger.reconcile(session, now=clock.now(), broken_chains=[walk.community.id])
    session.commit()
    ama.open("/operations")
    assert "All is well." not in ama.words
    assert "Books don’t add up: Bexley." in ama.words


def test_page_names_the_queue_that_nobody_serves(ama, queue):
    everybody_at_work(queue)
    queue.delete("rq:worker:books-1")
    queue.lpush("rq:queue:good-turn-books", "x", "y")
    ama.open("/operations")
    assert "No worker was heard for two minutes: books." in ama.words
    assert "books: hours, proofs, the night’s tidying 2 0 nobody" in ama.words


def test_page_is_there_when_the_queue_is_not(app, ama):
    app.extensions["timebank.works"] = lambda: None
    ama.open("/operations")
    assert ama.statuses == [200]
    assert "The queue doesn’t answer." in ama.words


def test_page_says_what_broke_and_where(ama, queue, session):
    everybody_at_work(queue)
    a_run(session, "dates.extend_dates", RunOutcome.FAILED, error="KeyError in domain/x.py:9")
    ama.open("/operations")
    assert "1 job didn’t end well at its last run." in ama.words
    assert "dates.extend_dates failed" in ama.words
    assert "KeyError in domain/x.py:9" in ama.words


def test_message_in_doubt_is_sent_again_by_somebody(ama, walk, session):
    one = in_doubt(session, walk.bela)
    ama.open("/operations")
    assert "books wrong to Bela N, Bexley" in ama.words
    assert "Novak" not in ama.page
    assert "bela@example.com" not in ama.page
    ama.press(f"Send again: no. {one.id}")
    assert ama.statuses == [303, 200]
    assert "It goes out again within a minute." in ama.words
    session.refresh(one)
    assert one.state is NoticeState.PENDING
    [decision] = session.scalars(sa.select(NoticeDecision))
    assert (decision.notice_id, decision.decided_by) == (one.id, walk.ama.person_id)
    assert not ama.has_button("Send again")


def test_message_already_decided_about_is_said_to_be(app, ama, walk, owner, session):
    one = in_doubt(session, walk.bela)
    name_operator(owner, walk.nadia)
    nadia = Browser(app).sign_in(walk.nadia)
    ama.open("/operations")
    nadia.open("/operations")
    nadia.press("Put away")
    assert "Put away." in nadia.words
    ama.press("Send again")
    assert "This message isn’t in doubt any more: look at the page again." in ama.words
    session.refresh(one)
    assert one.state is NoticeState.CANCELLED


def test_message_too_late_to_tell_has_no_button_and_is_refused(ama, walk, session):
    one = in_doubt(session, walk.bela, due_in=-dt.timedelta(days=2), worth_for=-dt.timedelta(1))
    ama.open("/operations")
    assert not ama.has_button("Send again")
    assert "Too late to be worth sending." in ama.words
    token = ama.forms()[-1].fields["csrf_token"][0]
    ama.post(f"/operations/notices/{one.id}/again", csrf_token=token)
    assert "That message isn’t worth telling any more." in ama.words


@pytest.mark.parametrize("number", ["999999999999999999", "0", "9" * 40, "-1", "1e3", "x", "%00"])
@pytest.mark.parametrize("action", ["again", "away"])
def test_number_of_no_message_is_no_page(ama, number, action):
    ama.open("/operations")
    ama.post(f"/operations/notices/{number}/{action}", csrf_token=_token(ama))
    assert ama.statuses == [404]


def _token(browser: Browser) -> str:
    return next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)


def test_page_costs_the_same_however_much_there_is(ama, walk, queue, session):
    counted = []
    for more in range(3):
        with count_statements() as count:
            ama.open("/operations")
        assert ama.statuses == [200]
        counted.append(count.total)
        for number in range(5):
            in_doubt(session, walk.bela)
            a_run(session, f"jobs.a_{'x' * (more * 5 + number)}", RunOutcome.FAILED, error="E")
        builders.a_community(session, f"town-{more}", f"town-{more}.example")
        session.commit()
        everybody_at_work(queue)
    assert len(set(counted)) == 1, counted
    assert counted[0] <= 12


def test_operators_find_the_page_from_the_week(ama):
    ama.open("/bank")
    ama.follow("The works")
    assert ama.path == "/operations"


def test_coordinators_who_are_no_operators_are_not_led_there(app, walk, owner):
    with owner.begin() as connection:
        connection.execute(sa.text("DELETE FROM operator"))
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/bank")
    assert "The works" not in ama.words
