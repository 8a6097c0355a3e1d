"""A friend comes along: a name, a place of their own, and their host beside it."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain.rota import claiming
from timebank.domain.rota import friends
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import Profile

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def cakes(session, walk):
    role = builders.a_role(session, walk.series, name="Cake table", places=9, position=3)
    slot = builders.a_slot(session, walk.event, role)
    session.commit()
    return slot


def bring(session, slot, host, name="Sam Field", **more):
    return friends.bring(session, slot_id=slot.id, host_id=host.id, name=name, now=NOW, **more)


def test_a_friend_has_a_place_without_an_account_and_no_mail(session, walk, cakes):
    claim = session.get(Claim, bring(session, cakes, walk.bela).id)
    profile = session.get(Profile, claim.person_id)
    assert (claim.state, claim.guest_of) == (ClaimState.CONFIRMED, walk.bela.id)
    assert (profile.full_name, profile.email) == ("Sam Field", None)
    assert session.query(Notice).count() == 0


def test_who_came_along_before_is_the_same_person(session, walk, cakes):
    first = session.get(Claim, bring(session, cakes, walk.bela).id)
    with pytest.raises(friends.FriendIsDown):
        bring(session, cakes, walk.bela)
    friends.take_off(session, claim_id=first.id, host_id=walk.bela.id, now=NOW)
    again = session.get(Claim, bring(session, cakes, walk.bela).id)
    assert again.person_id == first.person_id


def test_three_friends_a_date_and_no_fourth(session, walk, cakes):
    for name in ("Ann", "Ben", "Cat"):
        bring(session, cakes, walk.bela, name)
    with pytest.raises(friends.EnoughFriends):
        bring(session, cakes, walk.bela, "Dan")


def test_who_has_no_turn_that_day_brings_nobody(session, walk, cakes):
    with pytest.raises(friends.TakeATurnFirst):
        bring(session, cakes, walk.sam)
    with pytest.raises(friends.NameYourFriend):
        bring(session, cakes, walk.bela, "77")
    assert session.query(Membership).count() == 4


def test_the_rules_hold_for_friends(session, walk, cakes):
    cakes.role.minimum_age = 16
    session.commit()
    with pytest.raises(friends.FriendsAge):
        bring(session, cakes, walk.bela)
    claim = session.get(Claim, bring(session, cakes, walk.bela, is_old_enough=True).id)
    assert session.get(Profile, claim.person_id).age_at_least == 16
    with pytest.raises(claiming.SlotFull):
        bring(session, walk.tail_walker, walk.bela, "Ann")


def test_only_the_host_takes_a_friend_off(session, walk, cakes):
    taken = bring(session, cakes, walk.bela)
    with pytest.raises(NotFound):
        friends.take_off(session, claim_id=taken.id, host_id=walk.sam.id, now=NOW)
    for _ in range(2):
        claim = friends.take_off(session, claim_id=taken.id, host_id=walk.bela.id, now=NOW)
        assert claim.state is ClaimState.WITHDRAWN
    assert (
        session.scalar(sa.select(sa.func.count()).where(Claim.slot_id == cakes.id, Claim.live))
        == 0
    )
