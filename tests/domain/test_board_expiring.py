"""Offers and asks lapse, and never silently."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import TODAY
from tests.boards import a_post
from tests.builders import Walk
from tests.mails import link
from tests.mails import mail
from tests.statements import count_statements
from timebank.domain.exchange import expiring
from timebank.domain.exchange import posting
from timebank.domain.exchange import ringing
from timebank.domain.exchange.ringing import Unreached
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Standing

LAPSING, LAPSED = NoticeKind.POST_LAPSING, NoticeKind.POST_LAPSED
LAST_DAY = dt.date(2027, 5, 28)  # of an ask of 28 April


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


@pytest.fixture
def ask(session: Session, walk: Walk) -> Post:
    return a_post(session, walk.bela)


def night(session: Session, day: dt.date, hour: int = 2) -> None:
    """The nightly job, in British summer time an hour later on the wall."""
    moment = dt.datetime.combine(day, dt.time(hour, 30), dt.UTC)
    expiring.nudge_and_lapse(session, now=moment)
    session.commit()
    session.expire_all()


def told(session: Session) -> list[tuple[NoticeKind, dt.datetime]]:
    rows = session.execute(sa.select(Notice.kind, Notice.not_before).order_by(Notice.id))
    return [tuple(row) for row in rows]


def at_ten(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(9), dt.UTC)


def test_a_nudge_a_week_before_and_word_on_the_day(
    session: Session, walk: Walk, ask: Post
) -> None:
    night(session, dt.date(2027, 5, 20))
    assert (told(session), ask.nudged_on) == ([], None)
    for hour in (2, 20):
        night(session, dt.date(2027, 5, 21), hour)
    assert ask.nudged_on == dt.date(2027, 5, 21)
    nudge = (LAPSING, at_ten(dt.date(2027, 5, 21)))
    assert told(session) == [nudge]
    night(session, LAST_DAY)
    assert ask.state is PostState.OPEN
    for hour in (2, 20):
        night(session, dt.date(2027, 5, 29), hour)
    assert ask.state is PostState.EXPIRED
    assert told(session) == [nudge, (LAPSED, at_ten(dt.date(2027, 5, 29)))]


def test_the_mails_say_until_when_and_lead_to_a_page(
    session: Session, walk: Walk, ask: Post
) -> None:
    night(session, dt.date(2027, 5, 21))
    words = mail(session, LAPSING)
    assert words.subject == (
        "Still right? “Cutting back a hedge” comes off the board after Fri 28 May"
    )
    assert "It stays on the board until Friday 28 May." in words.text
    kept = link(words, "/keep")
    night(session, dt.date(2027, 5, 29))
    assert mail(session, LAPSING) is None  # it would be wrong by now
    words = mail(session, LAPSED)
    assert words.subject == "“Cutting back a hedge” has come off the board"
    assert link(words, "/keep") == kept


def test_kept_in_time_it_is_not_nudged_about_until_its_next_week(
    session: Session, walk: Walk, ask: Post
) -> None:
    night(session, dt.date(2027, 5, 21))
    posting.keep(session, post=ask, by=walk.bela, today=dt.date(2027, 5, 21))
    session.commit()
    assert mail(session, LAPSING) is None
    night(session, dt.date(2027, 6, 12))
    assert len(told(session)) == 1
    night(session, dt.date(2027, 6, 13))
    assert [kind for kind, _ in told(session)] == [LAPSING, LAPSING]
    assert mail(session, LAPSING) is not None


def test_brought_back_it_is_not_said_to_be_off(session: Session, walk: Walk, ask: Post) -> None:
    night(session, dt.date(2027, 5, 21))
    night(session, dt.date(2027, 5, 29))
    posting.keep(session, post=ask, by=walk.bela, today=dt.date(2027, 5, 29))
    session.commit()
    assert mail(session, LAPSED) is None


def test_a_late_nudge_leaves_a_week_all_the_same(session: Session, walk: Walk, ask: Post) -> None:
    night(session, dt.date(2027, 6, 10))  # nobody's worker ran for weeks
    assert (ask.state, ask.expires_on) == (PostState.OPEN, dt.date(2027, 6, 17))
    night(session, dt.date(2027, 6, 18))
    assert ask.state is PostState.EXPIRED


def test_days_are_the_community_s_own(session: Session, walk: Walk, ask: Post) -> None:
    walk.community.timezone = "Pacific/Auckland"
    session.commit()
    night(session, dt.date(2027, 5, 20), 20)  # already the 21st there
    assert ask.nudged_on == dt.date(2027, 5, 21)


def test_what_is_agreed_done_or_taken_down_never_lapses(
    session: Session, walk: Walk, ask: Post
) -> None:
    other = a_post(session, walk.bela, "Another")
    posting.match(session, post=ask)
    posting.take_down(session, post=other, by=walk.bela, now=at_ten(TODAY))
    session.commit()
    night(session, dt.date(2027, 9, 1))
    assert told(session) == []
    assert (ask.state, other.state) == (PostState.MATCHED, PostState.WITHDRAWN)


def read_in_a_letter(session: Session) -> None:
    session.execute(sa.text("UPDATE notice SET state = 'sent', way = 'letter', sent_at = now()"))
    session.commit()


def test_people_without_e_mail_are_on_the_coordinators_page(session: Session, walk: Walk) -> None:
    edith = builders.a_member(session, walk.community, "Edith Marlow", None)
    post = a_post(session, edith, by=walk.ama)

    def unreached(day: dt.date) -> list[Unreached]:
        here = walk.community.id
        return ringing.read_unreached(session, community_id=here, today=day)

    def line(*, has_lapsed: bool) -> list[Unreached]:
        return [
            Unreached(
                post_id=post.id, title=post.title, kind="ask", has_lapsed=has_lapsed,
                expires_on=LAST_DAY, name="Edith Marlow", phone=None,
            )
        ]  # fmt: skip

    assert unreached(TODAY) == []
    night(session, dt.date(2027, 5, 21))
    assert unreached(dt.date(2027, 5, 21)) == line(has_lapsed=False)
    read_in_a_letter(session)
    assert unreached(dt.date(2027, 5, 21)) == []
    night(session, dt.date(2027, 5, 29))
    assert unreached(dt.date(2027, 6, 11)) == line(has_lapsed=True)
    assert unreached(dt.date(2027, 6, 12)) == []
    read_in_a_letter(session)
    assert unreached(dt.date(2027, 6, 11)) == []
    kinds = [kind for kind, _when in told(session)]  # in their letter, or on the board's page
    assert kinds == [NoticeKind.POST_LAPSING, NoticeKind.POST_LAPSED]


def test_who_has_left_is_not_written_to(session: Session, walk: Walk, ask: Post) -> None:
    walk.bela.standing, walk.bela.left_at = Standing.LEFT, at_ten(TODAY)
    session.commit()
    night(session, dt.date(2027, 5, 21))
    night(session, dt.date(2027, 5, 29))
    assert told(session) == []


def test_a_whole_board_costs_two_statements(session: Session, walk: Walk) -> None:
    for number in range(12):
        a_post(session, walk.bela, f"Number {number}", kind=PostKind.OFFER)
    with count_statements() as count:
        expiring.nudge_and_lapse(session, now=at_ten(dt.date(2027, 7, 20)))
    assert count.total == 2
    assert len(told(session)) == 12
