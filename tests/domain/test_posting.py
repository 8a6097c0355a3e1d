"""Putting offers and asks on the board, changing them, keeping them, taking them down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import TODAY
from tests.boards import a_draft
from tests.boards import a_post
from tests.builders import Walk
from timebank.core.errors import NotFound
from timebank.domain.exchange import posting
from timebank.domain.exchange.posting import AreaOnly
from timebank.domain.exchange.posting import NoAddresses
from timebank.domain.exchange.posting import NotYours
from timebank.domain.exchange.posting import OverAlready
from timebank.domain.exchange.posting import TooManyPosts
from timebank.models import Category
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Standing

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def put_up(session: Session, walk: Walk, *, intent: uuid.UUID | None = None, **typed: object):
    return posting.put_up(
        session,
        draft=a_draft(**typed),
        member=walk.bela,
        by=walk.bela,
        intent=intent,
        today=TODAY,
    )


class TestPutUp:
    @pytest.mark.parametrize(
        ("kind", "until"),
        [(PostKind.ASK, dt.date(2027, 5, 28)), (PostKind.OFFER, dt.date(2027, 7, 27))],
    )
    def test_an_ask_stays_thirty_days_an_offer_ninety(
        self, session: Session, walk: Walk, kind: PostKind, until: dt.date
    ) -> None:
        post = put_up(session, walk, kind=kind)
        assert (post.state, post.expires_on, post.created_by) == (
            PostState.OPEN, until, walk.bela.id,
        )  # fmt: skip

    def test_a_coordinator_writes_one_down_for_somebody_else(
        self, session: Session, walk: Walk
    ) -> None:
        post = a_post(session, walk.sam, by=walk.ama)
        assert (post.membership_id, post.created_by) == (walk.sam.id, walk.ama.id)

    def test_a_resident_does_not(self, session: Session, walk: Walk) -> None:
        with pytest.raises(NotYours):
            a_post(session, walk.sam, by=walk.bela)

    def test_nor_anybody_for_a_member_elsewhere(self, session: Session, walk: Walk) -> None:
        with pytest.raises(NotFound):
            a_post(session, builders.an_elsewhere(session).chi, by=walk.ama)

    def test_nor_for_who_has_left(self, session: Session, walk: Walk) -> None:
        walk.sam.standing, walk.sam.left_at = Standing.LEFT, NOW
        with pytest.raises(NotFound):
            a_post(session, walk.sam, by=walk.ama)

    def test_the_same_words_from_the_same_page_are_one_post(
        self, session: Session, walk: Walk
    ) -> None:
        page = uuid.uuid4()
        first = put_up(session, walk, intent=page)
        assert put_up(session, walk, intent=page) is first
        assert put_up(session, walk, intent=page, title="Cutting back a tree") is not first
        assert put_up(session, walk, intent=uuid.uuid4()) is not first

    def test_twenty_are_open_at_most(self, session: Session, walk: Walk) -> None:
        posts = [put_up(session, walk, title=f"Hedge {number}") for number in range(20)]
        assert sorted(post.place for post in posts) == list(range(1, 21))
        with pytest.raises(TooManyPosts):
            put_up(session, walk)
        posting.take_down(session, post=posts[6], by=walk.bela, now=NOW)
        assert put_up(session, walk).place == 7
        with pytest.raises(TooManyPosts):
            posting.keep(session, post=posts[6], by=walk.bela, today=TODAY)

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("title", "Ring me on 020 8303 7777"),
            ("words", "bela@example.com"),
            ("words", "Text 07700-900-123 any time"),
            ("when_words", "+44 (0)7700 900 123"),
            ("when_words", "mail bela.novak@mail.example.org"),
        ],
    )
    def test_e_mail_and_phone_stay_off_the_board(
        self, session: Session, walk: Walk, field: str, typed: str
    ) -> None:
        with pytest.raises(NoAddresses) as refused:
            put_up(session, walk, **{field: typed})
        assert refused.value.field == field

    @pytest.mark.parametrize(
        "typed", ["Sat 1 May 2027, 10.30 to 12.30", "4 x 4 metres", "@ the hall", "2 or 3 hours"]
    )
    def test_figures_that_reach_nobody_may_stay(
        self, session: Session, walk: Walk, typed: str
    ) -> None:
        assert put_up(session, walk, when_words=typed).when_words == typed

    @pytest.mark.parametrize("area", ["14 Alder Road", "DA6", "Flat \uff12"])
    def test_an_area_is_no_address(self, session: Session, walk: Walk, area: str) -> None:
        with pytest.raises(AreaOnly):
            put_up(session, walk, area=area)

    def test_an_area_is_spelt_as_on_the_board_already(self, session: Session, walk: Walk) -> None:
        put_up(session, walk, area="Crayford")
        assert put_up(session, walk, area="CRAYFÔRD", title="Another").area == "Crayford"


class TestAfterwards:
    def test_change_writes_other_words(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        draft = a_draft("Two hedges", category=Category.HOME)
        posting.change(session, post=post, draft=draft, by=walk.bela)
        assert (post.title, post.category, post.kind) == (
            "Two hedges", Category.HOME, PostKind.ASK,
        )  # fmt: skip

    def test_an_ask_never_becomes_an_offer(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        draft = dataclasses.replace(a_draft(), kind=PostKind.OFFER)
        posting.change(session, post=post, draft=draft, by=walk.bela)
        session.commit()
        assert post.kind is PostKind.ASK

    def test_change_after_it_came_down_is_refused(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        posting.take_down(session, post=post, by=walk.bela, now=NOW)
        with pytest.raises(OverAlready):
            posting.change(session, post=post, draft=a_draft(), by=walk.bela)

    def test_nobody_touches_another_s(self, session: Session, walk: Walk) -> None:
        post, chi = a_post(session, walk.bela), builders.an_elsewhere(session).chi
        for stranger in (walk.sam, chi):
            with pytest.raises(NotYours):
                posting.change(session, post=post, draft=a_draft(), by=stranger)
            with pytest.raises(NotYours):
                posting.keep(session, post=post, by=stranger, today=TODAY)
            with pytest.raises(NotYours):
                posting.take_down(session, post=post, by=stranger, now=NOW)

    def test_a_coordinator_may(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        posting.take_down(session, post=post, by=walk.ama, now=NOW)
        assert (post.state, post.ended_at) == (PostState.WITHDRAWN, NOW)

    def test_keep_gives_it_another_while(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        post.nudged_on = TODAY
        session.commit()
        posting.keep(session, post=post, by=walk.bela, today=dt.date(2027, 5, 20))
        assert (post.expires_on, post.nudged_on) == (dt.date(2027, 6, 19), None)

    def test_keep_brings_back_what_came_down(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        posting.take_down(session, post=post, by=walk.bela, now=NOW)
        other = a_post(session, walk.bela, "In its place")
        assert other.place == 1
        posting.keep(session, post=post, by=walk.bela, today=TODAY)
        session.commit()
        assert (post.state, post.ended_at, post.place) == (PostState.OPEN, None, 2)

    def test_an_agreed_ask_leaves_the_board_and_may_return(
        self, session: Session, walk: Walk
    ) -> None:
        post = a_post(session, walk.bela)
        posting.match(session, post=post)
        posting.keep(session, post=post, by=walk.bela, today=TODAY)
        assert post.state is PostState.MATCHED
        posting.finish(session, post=post, now=NOW)
        session.commit()
        assert (post.state, post.ended_at) == (PostState.DONE, NOW)
        posting.reopen(session, post=post, today=TODAY)
        session.commit()
        assert (post.state, post.ended_at) == (PostState.OPEN, None)

    def test_an_offer_stays_for_others(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela, kind=PostKind.OFFER)
        posting.match(session, post=post)
        posting.finish(session, post=post, now=NOW)
        assert post.state is PostState.OPEN

    def test_what_was_taken_down_is_not_matched(self, session: Session, walk: Walk) -> None:
        post = a_post(session, walk.bela)
        posting.take_down(session, post=post, by=walk.bela, now=NOW)
        session.commit()
        posting.match(session, post=post)
        posting.finish(session, post=post, now=NOW)
        posting.reopen(session, post=post, today=TODAY)
        assert post.state is PostState.WITHDRAWN


def test_a_coordinator_finds_members_by_any_of_their_names(session: Session, walk: Walk) -> None:
    builders.an_elsewhere(session)
    zoe = builders.a_member(session, walk.community, "Zoë Novák", None)
    session.commit()

    def named(typed: str) -> list[tuple[int, str]]:
        return posting.members_named(session, community_id=walk.community.id, named=typed)

    both = [(walk.bela.id, "Bela Novak"), (zoe.id, "Zoë Novák")]
    assert named("novak") == both
    assert named("ZOE n") == both[1:]
    assert named("ovak") == []
    assert named("Chi") == []


def test_own_posts_list_what_is_on_the_board_first(session: Session, walk: Walk) -> None:
    old, newer, other = (a_post(session, walk.bela, f"Number {n}") for n in range(3))
    a_post(session, walk.sam)
    posting.take_down(session, post=newer, by=walk.bela, now=NOW)
    session.commit()
    assert posting.own_posts(session, membership_id=walk.bela.id) == [other, old, newer]


def test_no_such_post_is_not_found(session: Session, walk: Walk) -> None:
    post, chi = a_post(session, walk.bela), builders.an_elsewhere(session).chi
    for community_id, post_id in ((walk.community.id, 0), (chi.community_id, post.id)):
        with pytest.raises(NotFound):
            posting.find_post(session, community_id=community_id, post_id=post_id)
    assert posting.find_post(session, community_id=walk.community.id, post_id=post.id) is post
    assert isinstance(post, Post)
