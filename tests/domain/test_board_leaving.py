"""Who leaves takes their offers and asks along; who is erased takes their words along too."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import a_post
from tests.builders import Walk
from timebank.domain.exchange import contacting
from timebank.domain.exchange import leaving
from timebank.domain.exchange import posting
from timebank.domain.exchange import talks
from timebank.domain.exchange.contacting import Side
from timebank.models import Message
from timebank.models import Post
from timebank.models import PostState
from timebank.models import Report

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


@pytest.fixture
def side(session: Session, walk: Walk) -> Side:
    """Sam's side of a conversation about Bela's ask; Bela answered, and both complained."""
    side = contacting.answer_post(
        session, post=a_post(session, walk.bela), by=walk.sam, words="I live at number 4.",
        wants_a_ring=True, intent=None, now=NOW,
    )  # fmt: skip
    contacting.say(
        session, side=side.opposite, words="Lovely.", written_by=walk.bela.id, intent=None, now=NOW
    )
    for one in (side, side.opposite):
        contacting.report(session, side=one, words="Something private")
    session.commit()
    return side


def state_of(session: Session, post: Post) -> tuple[PostState, dt.datetime | None]:
    session.refresh(post)
    return post.state, post.ended_at


def test_leave_takes_posts_down_and_ends_the_waiting(
    session: Session, walk: Walk, side: Side
) -> None:
    ours, done, theirs = (
        a_post(session, member, title)
        for member, title in ((walk.sam, "Cat"), (walk.sam, "Dog"), (walk.nadia, "Parrot"))
    )
    posting.finish(session, post=done, now=NOW)
    session.commit()
    leaving.leave(session, membership_id=walk.sam.id, now=NOW)
    assert state_of(session, ours) == (PostState.WITHDRAWN, NOW)
    assert state_of(session, done) == (PostState.DONE, NOW)
    assert state_of(session, theirs) == (PostState.OPEN, None)
    assert talks.read_waiting(session, community_id=walk.community.id) == []
    assert len(talks.read_talk(session, side=side).lines) == 2


def test_erase_leaves_none_of_their_words_and_all_of_the_others(
    session: Session, walk: Walk, side: Side
) -> None:
    post = a_post(session, walk.sam, "My cat", words="Her name is Mog.")
    for words in ("He is rude.", "He is rude again."):
        contacting.report(session, side=side, words=words)
    leaving.erase(session, membership_id=walk.sam.id, now=NOW)
    session.commit()
    session.refresh(post)
    assert (post.title, post.words, post.when_words) == ("—", "", "")
    assert session.scalars(sa.select(Message.words)).all() == ["Lovely."]
    reports = session.scalars(sa.select(Report.words).order_by(Report.by_owner)).all()
    assert reports == ["", "", "", "Something private"]
    found = session.scalar(
        sa.text("SELECT search @@ to_tsquery('mog') FROM post WHERE id = :id"), {"id": post.id}
    )
    assert found is False
    assert side.talk.other_id == walk.sam.id
