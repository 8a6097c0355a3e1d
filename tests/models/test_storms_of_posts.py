"""The board under load: everybody taps at once, and nothing is put up, said or rung twice."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.boards import TODAY
from tests.boards import a_draft
from tests.boards import a_post
from tests.storms import DONE
from tests.storms import Storm
from tests.storms import a_crowd
from timebank.domain.exchange import contacting
from timebank.domain.exchange import expiring
from timebank.domain.exchange import posting
from timebank.domain.exchange import ringing
from timebank.models import Block
from timebank.models import Conversation
from timebank.models import Membership
from timebank.models import Message
from timebank.models import Notice
from timebank.models import Post
from timebank.models import PostState
from timebank.models import Ring

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def storm(engine):
    with Storm(engine, crowd=40) as storm:
        yield storm


def count(session, kind, *conditions):
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(kind).where(*conditions))


def put_up(member, title, intent=None, by=None):
    def work(session):
        posting.put_up(
            session,
            draft=a_draft(title),
            member=session.get_one(Membership, member.id),
            by=session.get_one(Membership, (by or member).id),
            intent=intent,
            today=TODAY,
        )

    return work


def answer(post, by, words="I can.", intent=None):
    return lambda session: contacting.answer_post(
        session,
        post=session.get_one(Post, post.id),
        by=session.get_one(Membership, by.id),
        words=words,
        wants_a_ring=True,
        intent=intent,
        now=NOW,
    )


def change(rule, post, by, **more):
    """Do something to a post."""
    return lambda session: rule(
        session,
        post=session.get_one(Post, post.id),
        by=session.get_one(Membership, by.id),
        **more,
    )


def test_twenty_of_thirty_at_once_are_put_up(walk, session, storm):
    works = [put_up(walk.bela, f"Number {number}", by=walk.ama) for number in range(15)]
    works += [put_up(walk.bela, f"Number {number}") for number in range(15, 30)]
    assert storm.answers(works) == {DONE: 20, "TooManyPosts": 10}
    assert count(session, Post) == 20


def test_thirty_taps_on_one_page_put_up_one(walk, session, storm):
    page = uuid.uuid4()
    assert storm.answers([put_up(walk.bela, "My hedge", page)] * 30) == {DONE: 30}
    assert count(session, Post) == 1


def test_everybody_answers_at_once_and_each_is_in_one_conversation(walk, session, storm):
    crowd = a_crowd(session, walk.community, 15)
    post = a_post(session, walk.bela)
    pages = [uuid.uuid4() for _ in crowd]
    works = [answer(post, by, intent=page) for by, page in zip(crowd, pages, strict=True)] * 2
    assert storm.answers(works) == {DONE: 30}
    counted = [count(session, kind) for kind in (Conversation, Message, Notice, Ring)]
    assert counted == [15, 15, 15, 15]


def test_twenty_of_thirty_messages_a_day_get_through(walk, session, storm):
    post = a_post(session, walk.bela)
    works = [answer(post, walk.sam, f"Number {number}") for number in range(30)]
    assert storm.answers(works) == {DONE: 20, "TooMuchMail": 10}
    assert (count(session, Message), count(session, Conversation)) == (20, 1)


def test_keeping_taking_down_asking_and_lapsing_at_once_never_deadlock(walk, session, storm):
    """Each takes the member first and the post after it; the nightly job takes posts alone."""
    post = a_post(session, walk.bela, today=TODAY - dt.timedelta(days=40))
    session.execute(sa.text("UPDATE post SET nudged_on = expires_on - 7"))
    session.commit()
    works = [
        change(posting.keep, post, walk.bela, today=TODAY),
        change(posting.take_down, post, walk.ama, now=NOW),
        change(posting.change, post, walk.bela, draft=a_draft("Two hedges")),
        change(
            contacting.ask_neighbour, post, walk.bela, neighbour=walk.sam, words="Could you?",
            intent=None, now=NOW,
        ),
        answer(post, walk.nadia),
        put_up(walk.bela, "Another"),
        lambda session: expiring.nudge_and_lapse(session, now=NOW),
    ] * 5  # fmt: skip
    for _ in range(6):
        answers = storm.answers(works)
        refusals = set(answers) - {DONE, "OverAlready", "OffTheBoard", "TooManyPosts"}
        assert refusals <= {"TooMuchMail"}, answers
    assert count(session, Conversation) <= 2
    held = sa.select(Post.place).where(Post.state == PostState.OPEN)
    places = session.scalars(held.where(Post.membership_id == walk.bela.id)).all()
    assert len(places) == len(set(places)) <= 20


def test_what_a_coordinator_heard_is_passed_on_once_however_often_it_is_tapped(
    walk, session, storm
):
    edith = builders.a_member(session, walk.community, "Edith Marlow", None)
    post = a_post(session, edith, by=walk.ama)
    side = contacting.answer_post(
        session, post=post, by=walk.sam, words="I can.", wants_a_ring=False, intent=None, now=NOW
    )
    session.commit()
    ring, page = session.scalars(sa.select(Ring)).one(), uuid.uuid4()

    def rung(session):
        ringing.rung(
            session,
            community_id=walk.community.id,
            ring_id=ring.id,
            by=session.get_one(Membership, walk.ama.id),
            words="Tuesday!",
            intent=page,
            now=NOW,
        )

    assert storm.answers([rung] * 20) == {DONE: 20}
    assert count(session, Message, Message.by_owner) == 1
    assert side.talk.owner_id == edith.id


def test_a_block_is_one_however_often_it_is_tapped(walk, session, storm):
    side = contacting.answer_post(
        session, post=a_post(session, walk.bela), by=walk.sam, words="I can.",
        wants_a_ring=False, intent=None, now=NOW,
    )  # fmt: skip
    session.commit()
    works = [lambda session: contacting.block(session, side=side)] * 20
    assert storm.answers(works) == {DONE: 20}
    assert count(session, Block) == 1
