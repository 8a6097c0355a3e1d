"""Who is suggested for an ask, why, and who never is."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import a_post
from tests.builders import Walk
from tests.statements import count_statements
from timebank.domain import communities
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.domain.exchange import suggesting
from timebank.domain.exchange.suggesting import Suggestion
from timebank.models import Category
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import Standing
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
OFFER = PostKind.OFFER


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


@pytest.fixture
def ask(session: Session, walk: Walk) -> Post:
    return a_post(session, walk.bela, "Cutting back a hedge")


def offers(
    session: Session, member: Membership, title: str = "Gardening", **typed: object
) -> Post:
    return a_post(session, member, title, kind=OFFER, words="", **typed)


def suggested(session: Session, ask: Post, *, now: dt.datetime = NOW) -> list[Suggestion]:
    return suggesting.suggest(session, post=ask, now=now)


def names(session: Session, ask: Post) -> list[str]:
    return [one.name for one in suggested(session, ask)]


def earned(session: Session, walk: Walk, member: Membership) -> Transfer:
    """An hour and a half for a turn on 1 May."""
    claim = builders.a_claim(session, walk.marshal, member, state=ClaimState.ATTENDED)
    transfer = Transfer(
        idempotency_key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=builders.commons_of(session, walk.community).id,
        credit_id=builders.account_of(session, member).id,
        minutes=90,
        kind=TransferKind.EARN,
        claim_id=claim.id,
        revision=0,
        happened_on=dt.date(2027, 5, 1),
        created_by=walk.nadia.id,
    )
    session.add(transfer)
    session.commit()
    return transfer


def test_an_offer_of_the_same_kind_nearby_by_who_helped_lately(
    session: Session, walk: Walk, ask: Post
) -> None:
    offer = offers(session, walk.sam, area="crayford")
    earned(session, walk, walk.sam)
    with count_statements() as count:
        found = suggested(session, ask)
    assert count.total == 1
    assert found == [
        Suggestion(
            membership_id=walk.sam.id,
            name="Sam T",
            offer_id=offer.id,
            offer="Gardening",
            is_same_kind=True,
            is_near=True,
            last_helped_on=dt.date(2027, 5, 1),
        )
    ]


def test_same_kind_before_same_words_then_near_then_lately(
    session: Session, walk: Walk, ask: Post
) -> None:
    pia, jo = (
        builders.a_member(session, walk.community, name) for name in ("Pia Lund", "Jo Field")
    )
    offers(session, walk.nadia, "A hedge trimmer to lend", category=Category.REPAIRS)
    offers(session, walk.sam, area="Sidcup")
    earned(session, walk, walk.sam)
    offers(session, pia, area="Sidcup")
    assert names(session, ask) == ["Sam T", "Pia L", "Nadia K"]
    offers(session, jo)
    assert names(session, ask) == ["Jo F", "Sam T", "Pia L"]


def test_nobody_twice_and_by_their_best_offer(session: Session, walk: Walk, ask: Post) -> None:
    offers(session, walk.sam, "A hedge trimmer", category=Category.REPAIRS)
    best = offers(session, walk.sam)
    offers(session, walk.sam, area="Sidcup")
    assert [(one.name, one.offer_id) for one in suggested(session, ask)] == [("Sam T", best.id)]


def test_hours_taken_back_do_not_count_as_help(session: Session, walk: Walk, ask: Post) -> None:
    offers(session, walk.sam)
    earn = earned(session, walk, walk.sam)
    session.add(
        Transfer(
            idempotency_key=uuid.uuid4(), community_id=walk.community.id, minutes=90,
            debit_id=earn.credit_id, credit_id=earn.debit_id, kind=TransferKind.REVERSAL,
            reverses_id=earn.id, happened_on=NOW.date(), created_by=walk.nadia.id,
        )
    )  # fmt: skip
    session.commit()
    assert suggested(session, ask)[0].last_helped_on is None


def test_never_the_asker_strangers_those_gone_or_who_would_rather_not(
    session: Session, walk: Walk, ask: Post
) -> None:
    chi = builders.an_elsewhere(session).chi
    there = communities.join(session, community_id=chi.community_id, person_id=walk.ama.person_id)
    for member in (walk.bela, walk.sam, walk.nadia, chi, there):
        offers(session, member)
    a_post(session, walk.ama, "Another hedge")  # an ask is no offer
    walk.sam.standing, walk.sam.left_at = Standing.LEFT, NOW
    walk.nadia.may_be_asked = False
    session.commit()
    assert suggested(session, ask) == []


@pytest.mark.parametrize("by_asker", [True, False])
def test_nobody_across_a_block(session: Session, walk: Walk, ask: Post, *, by_asker: bool) -> None:
    offer = offers(session, walk.sam)
    side = contacting.answer_post(
        session, post=offer, by=walk.bela, words="Hello", wants_a_ring=False, intent=None, now=NOW
    )
    assert names(session, ask) == ["Sam T"]
    contacting.block(session, side=side if by_asker else side.opposite)
    assert names(session, ask) == []
    contacting.unblock(session, side=side if by_asker else side.opposite, now=NOW)
    assert names(session, ask) == ["Sam T"]


def test_who_was_asked_about_it_is_not_suggested_again(
    session: Session, walk: Walk, ask: Post
) -> None:
    offers(session, walk.sam)
    contacting.ask_neighbour(
        session, post=ask, neighbour=walk.sam, by=walk.bela, words="Could you?", intent=None,
        now=NOW,
    )  # fmt: skip
    assert names(session, ask) == []


def test_who_was_asked_lately_about_something_else_comes_last(
    session: Session, walk: Walk, ask: Post
) -> None:
    for member in (walk.sam, walk.nadia):
        offers(session, member)
    assert names(session, ask) == ["Nadia K", "Sam T"]
    other = a_post(session, walk.ama, "Another hedge")
    contacting.ask_neighbour(
        session, post=other, neighbour=walk.nadia, by=walk.ama, words="Could you?", intent=None,
        now=NOW,
    )  # fmt: skip
    assert names(session, ask) == ["Sam T", "Nadia K"]
    later = suggested(session, ask, now=NOW + dt.timedelta(days=15))
    assert [one.name for one in later] == ["Nadia K", "Sam T"]


def test_three_at_most_and_none_for_an_offer(session: Session, walk: Walk, ask: Post) -> None:
    for number in range(5):
        offers(session, builders.a_member(session, walk.community, f"P{number} Q"))
    assert len(suggested(session, ask)) == 3
    assert suggested(session, offers(session, walk.sam)) == []


def test_offers_that_came_down_suggest_nobody(session: Session, walk: Walk, ask: Post) -> None:
    offer = offers(session, walk.sam)
    posting.take_down(session, post=offer, by=walk.sam, now=NOW)
    session.commit()
    assert suggested(session, ask) == []
