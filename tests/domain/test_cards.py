"""Codes of cards: read as typed, found here only, and given anew."""

from __future__ import annotations

import pytest

from tests import builders
from timebank.domain.communities import cards
from timebank.models import Standing


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.mark.parametrize("typed", ["K7QM2XWP", "k7qm-2xwp", " K7QM 2XWP ", "k7 qm 2x wp"])
def test_a_code_is_read_as_people_type_it(typed):
    assert cards.read_code(typed) == "K7QM2XWP"


@pytest.mark.parametrize(
    "typed", ["", "K7QM2XW", "K7QM2XWPP", "K7QM2XW0", "K7QM2XWO", "K7QM2XW1", "K7QM2XWI", "Ⅷ" * 8]
)
def test_what_is_no_code_is_none(typed):
    assert cards.read_code(typed) is None


def test_a_code_is_said_in_two_halves():
    assert cards.said_code("K7QM2XWP") == "K7QM-2XWP"


def test_everybody_has_a_code_of_their_own_from_the_first_day(walk):
    codes = {one.card_code for one in (walk.ama, walk.nadia, walk.bela, walk.sam)}
    assert len(codes) == 4
    assert all(cards.read_code(code) == code for code in codes)


def test_a_card_is_found_in_its_own_community_until_its_member_leaves(session, walk):
    code = walk.bela.card_code
    there = builders.an_elsewhere(session).community
    here = {"community_id": walk.community.id}
    assert cards.find_by_code(session, **here, code=code).id == walk.bela.id
    assert cards.find_by_code(session, community_id=there.id, code=code) is None
    walk.bela.standing, walk.bela.left_at = Standing.LEFT, walk.event.starts_at
    session.flush()
    assert cards.find_by_code(session, **here, code=code) is None


def test_a_lost_card_is_replaced_and_tells_nothing_any_more(session, walk):
    old = walk.bela.card_code
    new = cards.replace_card(session, member=walk.bela)
    here = {"community_id": walk.community.id}
    assert new != old
    assert cards.find_by_code(session, **here, code=new).id == walk.bela.id
    assert cards.find_by_code(session, **here, code=old) is None
