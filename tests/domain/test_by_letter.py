"""News on paper: each is told in one letter, however many coordinators print at once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.browsing import Browser
from tests.notices import owe
from tests.statements import count_statements
from timebank.core import clock
from timebank.domain.notices import by_letter
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Standing


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def rose(session, walk):
    rose = builders.a_member(session, walk.community, "Rose Bell", email=None)
    session.commit()
    return rose


def owe_hours(session, who, minutes):
    return owe(
        session, who, NoticeKind.HOURS_MOVED, minutes=str(minutes), what="", is_put_right=""
    )


def put_aside(session):
    by_letter.keep_in_step(session)
    session.commit()


def news(session, walk, rose, by, since=None):
    found = by_letter.read_news(
        session,
        community_id=walk.community.id,
        membership_ids=[rose.id],
        by=by.id,
        since=since,
        now=clock.now(),
    )
    return found.get(rose.id, ())


def test_two_coordinators_print_at_once_and_one_tells(session, engine, walk, rose):
    walk.sam.standing = Standing.COORDINATOR
    owe_hours(session, rose, 30)
    put_aside(session)
    began = {}
    by_letter.print_letters(session, membership_ids=[rose.id], by=walk.ama, now=clock.now())

    def print_too():
        with Session(engine) as other:
            by = other.get_one(Membership, walk_sam)
            began["since"] = by_letter.print_letters(
                other, membership_ids=[rose_id], by=by, now=clock.now()
            )
            other.commit()

    walk_sam, rose_id = walk.sam.id, rose.id
    thread = threading.Thread(target=print_too)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()  # it waits for the first
    session.commit()
    thread.join(10)
    hour_ago = clock.now() - dt.timedelta(hours=1)
    assert news(session, walk, rose, walk.ama, hour_ago) == ("½ hour added to your time account.",)
    assert news(session, walk, rose, walk.sam, began["since"]) == ()


def test_what_finds_no_room_waits_for_the_next_letter(session, walk, rose):
    for number in range(6):
        owe_hours(session, rose, 15 + 15 * number)
    put_aside(session)
    now = clock.now()
    told = []
    for minutes in (0, 2, 4):
        then = now + dt.timedelta(minutes=minutes)
        since = by_letter.print_letters(session, membership_ids=[rose.id], by=walk.ama, now=then)
        told.append(len(news(session, walk, rose, walk.ama, since)))
    assert told == [4, 2, 0]


def test_nobody_elses_print_is_shown(session, walk, rose):
    owe_hours(session, rose, 30)
    put_aside(session)
    since = by_letter.print_letters(
        session, membership_ids=[rose.id], by=walk.ama, now=clock.now()
    )
    assert len(news(session, walk, rose, walk.ama, since)) == 1
    assert news(session, walk, rose, walk.sam, since) == ()


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (NoticeKind.SIGN_IN, NoticeState.PENDING),
        (NoticeKind.CALL_FOR_HELP, NoticeState.PENDING),
        (NoticeKind.HOURS_MOVED, NoticeState.ON_PAPER),
    ],
)
def test_only_what_is_worth_paper_waits_for_a_letter(session, rose, kind, state):
    notice = owe(session, rose, kind)
    put_aside(session)
    session.refresh(notice)
    assert notice.state is state


def test_who_reads_mail_is_not_written_to_on_paper(session, walk):
    notice = owe_hours(session, walk.bela, 30)
    put_aside(session)
    session.refresh(notice)
    assert (notice.state, notice.way) == (NoticeState.PENDING, None)


def test_news_costs_no_statement_a_line(app, session, walk, rose):
    ama = Browser(app).sign_in(walk.ama)
    counted = []
    for number in range(3):
        owe_hours(session, rose, 30 + number)
        put_aside(session)
        for page in ("/people/letters", "/people/without-email"):
            with count_statements() as count:
                ama.open(page)
            counted.append(count.total)
    assert counted == counted[:2] * 3


@pytest.mark.parametrize(
    "since",
    ["", "x", "2027-01-01", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00+14:00", "\u0661"],
)
def test_a_strange_address_shows_what_the_next_letter_would_tell(app, session, walk, rose, since):
    ama = Browser(app).sign_in(walk.ama)
    ama.open(f"/people/letters?since={since}")
    assert ama.statuses == [200]
