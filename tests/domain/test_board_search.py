"""Finding offers and asks: accents, slips of the finger, filters, pages."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import a_post
from tests.builders import Walk
from tests.statements import count_statements
from timebank.core import text
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.domain.exchange import searching
from timebank.domain.exchange import typos
from timebank.domain.exchange.contacting import Side
from timebank.domain.exchange.searching import Found
from timebank.domain.exchange.searching import Wanted
from timebank.models import Category
from timebank.models import Conversation
from timebank.models import Membership
from timebank.models import PostKind
from timebank.models import Standing

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
ASK, OFFER = PostKind.ASK, PostKind.OFFER


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


@pytest.fixture
def board(session: Session, walk: Walk) -> Walk:
    """Five things on Bexley's board, and one on Ashford's."""
    a_post(session, walk.bela, "Cutting back a hedge")
    a_post(
        session,
        walk.sam,
        "Coffee at the Café Zoë",
        category=Category.COMPANY,
        area="Sidcup",
        words="A chat in French.",
    )
    a_post(
        session,
        walk.bela,
        "Hemming curtains",
        kind=OFFER,
        category=Category.CRAFTS_MUSIC,
        words="Bring the cloth along.",
    )
    a_post(session, walk.sam, "Weeding and planting", kind=OFFER, words="", area="Sidcup")
    a_post(
        session,
        walk.nadia,
        "Driving you to appointments",
        kind=OFFER,
        category=Category.LIFTS,
        words="The car takes a wheelchair.",
    )
    a_post(session, builders.an_elsewhere(session).chi, "Hedge trimmer to lend", kind=OFFER)
    return walk  # fmt: skip


def look(
    session: Session, walk: Walk, words: str = "", *, viewer: Membership | None = None,
    limit: int = 20, after: tuple[PostKind, int] | None = None, **wanted: object,
) -> Found:  # fmt: skip
    return searching.search(
        session,
        community_id=walk.community.id,
        wanted=Wanted(words=words, **wanted),
        viewer_id=viewer.id if viewer else None,
        limit=limit,
        after=after,
    )


def titles(found: Found) -> list[str]:
    return [card.title for card in found.cards]


class TestSearch:
    def test_the_whole_board_asks_first_then_the_newest(
        self, session: Session, board: Walk
    ) -> None:
        assert titles(look(session, board)) == [
            "Coffee at the Café Zoë",
            "Cutting back a hedge",
            "Driving you to appointments",
            "Weeding and planting",
            "Hemming curtains",
        ]

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("hedge", "Cutting back a hedge"),
            ("HEDGES", "Cutting back a hedge"),
            ("cafe zoe", "Coffee at the Café Zoë"),
            ("Cäfé", "Coffee at the Café Zoë"),
            ("wheelchair", "Driving you to appointments"),
            ("lifts", "Driving you to appointments"),
            ("appoint", "Driving you to appointments"),
            ("cloth “curtain”", "Hemming curtains"),
            ("crafts & music", "Hemming curtains"),
        ],
    )
    def test_words_are_found_whatever_their_accents_and_endings(
        self, session: Session, board: Walk, words: str, found: str
    ) -> None:
        answer = look(session, board, words, viewer=board.ama)
        assert (titles(answer), answer.is_mended) == ([found], False)

    @pytest.mark.parametrize(
        ("typed", "meant", "found"),
        [
            ("hegde", "hedge", "Cutting back a hedge"),
            ("coffwe zoew", "coffee zoe", "Coffee at the Café Zoë"),
            ("wheelchiar", "wheelchair", "Driving you to appointments"),
            ("apointements", "appointments", "Driving you to appointments"),
            ("curtians", "curtains", "Hemming curtains"),
            ("weedling", "weeding", "Weeding and planting"),
        ],
    )
    def test_slips_of_the_finger_are_mended(
        self, session: Session, board: Walk, typed: str, meant: str, found: str
    ) -> None:
        answer = look(session, board, typed, viewer=board.ama)
        assert (titles(answer), answer.is_mended, answer.wanted.words) == ([found], True, meant)

    def test_when_nothing_has_all_the_words_some_will_do(
        self, session: Session, board: Walk
    ) -> None:
        answer = look(session, board, "hedge curtains")
        assert titles(answer) == ["Cutting back a hedge", "Hemming curtains"]
        assert answer.wanted.any_word
        assert not answer.is_mended

    @pytest.mark.parametrize("words", ["trombone", "xyzzy plugh", "the", "🎺", "' | & !"])
    def test_what_is_not_there_is_not_made_up(
        self, session: Session, board: Walk, words: str
    ) -> None:
        expected = 5 if words == "' | & !" else 0  # nothing to look for is the whole board
        assert len(look(session, board, words).cards) == expected

    def test_filters_go_together(self, session: Session, board: Walk) -> None:
        assert titles(look(session, board, kind=OFFER, area="Sidcup")) == ["Weeding and planting"]
        assert titles(look(session, board, category=Category.GARDEN)) == [
            "Cutting back a hedge",
            "Weeding and planting",
        ]
        assert titles(look(session, board, "hedge", area="Sidcup")) == []
        assert searching.areas(session, community_id=board.community.id) == ["Crayford", "Sidcup"]

    def test_strangers_are_told_no_names_and_no_more_than_the_title(
        self, session: Session, board: Walk
    ) -> None:
        found = look(session, board)
        assert {(card.name, card.membership_id, card.words) for card in found.cards} == {
            (None, None, "")
        }
        mine = look(session, board, "hedge", viewer=board.nadia).cards[0]
        assert (mine.name, mine.membership_id) == ("Bela N", board.bela.id)

    def test_who_has_left_or_is_blocked_is_not_shown(self, session: Session, board: Walk) -> None:
        hedge = look(session, board, "hedge", viewer=board.sam).cards[0]
        side = contacting.answer_post(
            session,
            post=posting.find_post(
                session, community_id=board.community.id, post_id=hedge.post_id
            ),
            by=board.sam, words="I can.", wants_a_ring=False, intent=None, now=NOW,
        )  # fmt: skip
        contacting.block(session, side=side.opposite)
        for one, other in ((board.sam, board.bela), (board.bela, board.sam)):
            cards = look(session, board, viewer=one).cards
            assert other.id not in {card.membership_id for card in cards}
        assert len(look(session, board, viewer=board.nadia).cards) == 5
        board.bela.standing, board.bela.left_at = Standing.LEFT, NOW
        session.flush()
        assert len(look(session, board, viewer=board.nadia).cards) == 3
        assert isinstance(side, Side)
        assert isinstance(side.talk, Conversation)

    def test_pages_follow_each_other_without_gap_or_repeat(
        self, session: Session, board: Walk
    ) -> None:
        seen: list[str] = []
        after = None
        for _ in range(4):
            page = look(session, board, limit=2, after=after)
            seen += titles(page)
            after = page.next_after
            if after is None:
                break
        assert seen == titles(look(session, board))

    def test_what_comes_down_between_two_pages_shifts_nothing(
        self, session: Session, board: Walk
    ) -> None:
        first = look(session, board, limit=2)
        post = posting.find_post(
            session, community_id=board.community.id, post_id=first.cards[0].post_id
        )
        posting.take_down(session, post=post, by=board.ama, now=NOW)
        rest = look(session, board, limit=5, after=first.next_after)
        assert len(rest.cards) == 3

    def test_it_costs_one_statement_and_four_at_most(self, session: Session, board: Walk) -> None:
        counted = []
        for words in ("", "hedge", "hegde", "hegde curtains", "trombone solo"):
            with count_statements() as count:
                look(session, board, words)
            counted.append(count.total)
        assert counted == [1, 1, 3, 4, 3]

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(words=st.text(max_size=100))
    def test_any_text_at_all_may_be_looked_for(
        self, session: Session, board: Walk, words: str
    ) -> None:
        try:
            tidy = text.tidy_line(words)
        except text.UnreadableText:
            return
        assert look(session, board, tidy).cards is not None


class TestTypos:
    @pytest.mark.parametrize(
        ("one", "other", "slips"),
        [
            ("", "", 0),
            ("", "abc", 3),
            ("hedge", "hedge", 0),
            ("hegde", "hedge", 1),  # two swapped
            ("hedg", "hedge", 1),
            ("hedgge", "hedge", 1),
            ("hadge", "hedge", 1),
            ("ca", "abc", 3),  # by optimal string alignment no letter is moved twice
            ("saturday", "sunday", 3),
        ],
    )
    def test_distance(self, one: str, other: str, slips: int) -> None:
        assert typos.distance(one, other) == typos.distance(other, one) == slips

    @given(one=st.text("abc", max_size=6), other=st.text("abc", max_size=6))
    def test_distance_is_between_the_difference_in_length_and_the_longer_one(
        self, one: str, other: str
    ) -> None:
        slips = typos.distance(one, other)
        assert abs(len(one) - len(other)) <= slips <= max(len(one), len(other))
        assert (slips == 0) == (one == other)

    def test_the_fewest_slips_win_then_the_commoner_word(self) -> None:
        assert typos.nearest("plamts", {"plants": 1, "plant": 9}) == "plants"
        assert typos.nearest("bakung", {"baking": 1, "banking": 9}) == "baking"
        assert typos.nearest("cats", {"cars": 2, "cans": 3}) == "cans"
        assert typos.nearest("cat", {"car": 1}) is None
        assert typos.nearest("hedge", {}) is None


@pytest.mark.parametrize(
    "written",
    [
        "Siân Łoś", "Café Zoë", "Straße", "Ærø Þór Œuvre", "İstanbul \u0131\u015f\u0131k",
        "Đorđe", "ﬁne \uff12", "Ǆ Ǌ", "A\u0301", "naïve façade", "Żółć", "Ångström", "Ｃａｆé",
    ],
)  # fmt: skip
def test_the_database_drops_accents_as_we_do(session: Session, written: str) -> None:
    assert session.scalar(sa.select(sa.func.unaccented(written))) == text.unaccented(written)
