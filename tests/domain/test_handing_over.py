"""A turn stays its holder's until somebody has it, and then it is nobody else's."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain.rota import claiming
from timebank.domain.rota import handing_over
from timebank.domain.rota import offers
from timebank.domain.rota import rules
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Handover
from timebank.models import HandoverState
from timebank.models import HeldFor
from timebank.models import Notice
from timebank.models import Waiting
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
LATE = dt.datetime(2027, 4, 30, 12, tzinfo=dt.UTC)
IN_THE_NIGHT = dt.datetime(2027, 4, 29, 22, tzinfo=dt.UTC)  # 11pm in London
MORNING = dt.datetime(2027, 4, 30, 7, tzinfo=dt.UTC)  # 8am in London


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def turn(session, walk):
    claim = builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return claim


def live(session, slot):
    rows = session.execute(
        sa.select(Claim.membership_id, Claim.place, Claim.state).where(
            Claim.slot_id == slot.id, Claim.live
        )
    )
    return [tuple(row) for row in rows]


def told(session):
    rows = session.execute(
        sa.select(Notice.kind, Notice.person_id, Notice.not_before).order_by(Notice.id)
    )
    return [(kind.value, person_id, at) for kind, person_id, at in rows]


def did_it_before(session, walk, member, weeks=1):
    day = walk.event.occurs_on - dt.timedelta(weeks=weeks)
    event = builders.an_event(session, walk.series, day)
    slot = builders.a_slot(session, event, walk.tail_walker.role)
    builders.a_claim(session, slot, member, state=ClaimState.ATTENDED)


def accept(session, handover, member, now=NOW):
    return handing_over.accept(session, handover_id=handover.id, membership_id=member.id, now=now)


def test_what_ran_out_beside_it_goes_to_the_line_and_the_turn_to_its_taker(session, walk):
    community = walk.community
    held = {"state": ClaimState.HELD, "held_for": HeldFor.YES}
    builders.a_claim(session, walk.marshal, walk.sam, held_until=NOW - MINUTE, **held)
    turn = builders.a_claim(session, walk.marshal, walk.bela, place=2)
    first, second, taker = (builders.a_member(session, community, name) for name in "CDE")
    for member in (first, second):
        wait = {"community_id": community.id, "slot_id": walk.marshal.id, "created_at": NOW}
        session.add(Waiting(membership_id=member.id, **wait))
    session.flush()
    offer = handing_over.offer_to(session, claim_id=turn.id, to_membership_id=taker.id, now=NOW)
    accept(session, offer, taker)
    assert live(session, walk.marshal) == [
        (first.id, 1, ClaimState.HELD),
        (taker.id, 2, ClaimState.CONFIRMED),
    ]


def test_an_offer_by_name_leaves_the_turn_where_it_is_until_the_yes(session, walk, turn):
    offer = handing_over.offer_to(session, claim_id=turn.id, to_membership_id=walk.sam.id, now=NOW)
    handing_over.offer_to(session, claim_id=turn.id, to_membership_id=walk.sam.id, now=NOW)
    assert live(session, walk.tail_walker) == [(walk.bela.id, 1, ClaimState.CONFIRMED)]
    found = offers.offers_to(
        session, community_id=walk.community.id, membership_id=walk.sam.id, now=NOW
    )
    assert [(one.handover_id, one.giver, one.job, one.is_on) for one in found] == [
        (offer.id, "Bela N", "Tail walker", True)
    ]
    taken = accept(session, offer, walk.sam)
    session.expire_all()
    assert live(session, walk.tail_walker) == [(walk.sam.id, 1, ClaimState.CONFIRMED)]
    assert turn.withdrawn_because is WithdrawnBecause.HANDED_OVER
    assert (offer.state, offer.became_claim_id) == (HandoverState.TAKEN, taken.id)
    assert told(session) == [
        ("turn_offered", walk.sam.person_id, NOW),
        ("you_are_in", walk.sam.person_id, NOW),
        ("turn_taken", walk.bela.person_id, NOW),
    ]


def test_a_second_tap_finds_it_theirs_and_another_person_too_late(session, walk, turn):
    offer = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    first = accept(session, offer, walk.sam)
    assert accept(session, offer, walk.sam).id == first.id
    with pytest.raises(handing_over.TakenOver):
        accept(session, offer, walk.ama)


def test_only_the_one_who_was_asked_may_take_or_decline_it(session, walk, turn):
    offer = handing_over.offer_to(session, claim_id=turn.id, to_membership_id=walk.sam.id, now=NOW)
    for answer in (handing_over.accept, handing_over.decline):
        with pytest.raises(NotFound):
            answer(session, handover_id=offer.id, membership_id=walk.ama.id, now=NOW)
    handing_over.decline(session, handover_id=offer.id, membership_id=walk.sam.id, now=NOW)
    handing_over.decline(session, handover_id=offer.id, membership_id=walk.sam.id, now=NOW)
    with pytest.raises(handing_over.TheirsAfterAll):
        accept(session, offer, walk.sam)
    assert live(session, walk.tail_walker) == [(walk.bela.id, 1, ClaimState.CONFIRMED)]
    assert told(session)[1:] == [("ask_declined", walk.bela.person_id, NOW)]


def test_asking_another_one_asks_no_longer_the_first(session, walk, turn):
    first = handing_over.offer_to(session, claim_id=turn.id, to_membership_id=walk.sam.id, now=NOW)
    second = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    assert (first.state, second.state) == (HandoverState.TAKEN_BACK, HandoverState.OPEN)


def test_a_turn_taken_back_is_not_there_to_be_taken(session, walk, turn):
    offer = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    handing_over.take_back(session, handover_id=offer.id, now=NOW)
    handing_over.take_back(session, handover_id=offer.id, now=NOW)
    with pytest.raises(handing_over.TheirsAfterAll):
        accept(session, offer, walk.sam)


def test_ones_own_turn_somebody_without_mail_and_a_stranger_are_refused(session, walk, turn):
    joan = builders.a_member(session, walk.community, "Joan Field", email=None)
    elsewhere = builders.an_elsewhere(session)
    for member, refusal in (
        (walk.bela, handing_over.OwnTurn),
        (joan, handing_over.CantBeAsked),
        (elsewhere.chi, NotFound),
    ):
        with pytest.raises(refusal):
            handing_over.offer_to(session, claim_id=turn.id, to_membership_id=member.id, now=NOW)
    offer = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    with pytest.raises(handing_over.OwnTurn):
        accept(session, offer, walk.bela)


def test_the_rules_hold_for_the_taker_and_nothing_changes_when_they_say_no(session, walk, turn):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    offer = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    session.commit()
    with pytest.raises(rules.AgeNotKnown):
        accept(session, offer, walk.sam)
    session.rollback()
    assert live(session, walk.tail_walker) == [(walk.bela.id, 1, ClaimState.CONFIRMED)]
    assert offer.state is HandoverState.OPEN
    walk.tail_walker.role.minimum_age = None
    builders.a_claim(session, walk.marshal, walk.ama)
    with pytest.raises(claiming.WouldOverlap):
        accept(session, offer, walk.ama)


def test_asking_for_cover_asks_who_did_it_and_could_and_leaves_the_others_in_peace(
    session, walk, turn
):
    people = {
        name: builders.a_member(session, walk.community, f"{name} Then", email=f"{name}@x.org")
        for name in ("free", "busy", "quiet", "young")
    }
    for weeks, member in enumerate(people.values(), 1):
        did_it_before(session, walk, member, weeks=weeks)
    builders.a_claim(session, walk.marshal, people["busy"])
    people["quiet"].may_be_asked = False
    walk.tail_walker.role.minimum_age = 18
    session.execute(
        sa.text(
            "UPDATE profile SET age_at_least = 18, age_said_on = '2027-01-01' WHERE email = :e"
        ),
        {"e": "free@x.org"},
    )
    session.commit()
    handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    assert told(session) == [
        ("cover_wanted", walk.nadia.person_id, NOW),
        ("cover_wanted", people["free"].person_id, NOW),
    ]


def test_nobody_is_asked_in_the_night_but_the_organiser(session, walk, turn):
    did_it_before(session, walk, walk.sam)
    session.commit()
    handing_over.offer_to_all(session, claim_id=turn.id, now=IN_THE_NIGHT)
    assert told(session) == [
        ("cover_wanted", walk.nadia.person_id, IN_THE_NIGHT),
        ("cover_wanted", walk.sam.person_id, MORNING),
    ]


def test_an_offer_ends_with_its_turn(session, walk, turn):
    offer = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    withdrawing.withdraw_claim(session, claim_id=turn.id, now=NOW)
    session.expire_all()
    assert offer.state is HandoverState.LAPSED
    with pytest.raises(handing_over.NothingToHandOver):
        accept(session, offer, walk.sam)


def test_the_sweep_ends_what_has_begun_and_what_is_no_longer_had(session, walk, turn):
    handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    other = builders.a_claim(session, walk.marshal, walk.sam)
    handing_over.offer_to_all(session, claim_id=other.id, now=NOW)
    assert handing_over.lapse_offers(session, now=NOW) == 0
    assert handing_over.lapse_offers(session, now=turn.starts_at) == 2
    assert handing_over.lapse_offers(session, now=turn.starts_at) == 0
    states = session.scalars(sa.select(Handover.state)).all()
    assert states == [HandoverState.LAPSED] * 2


class TestTooLateToDropOut:
    @pytest.fixture(autouse=True)
    def two_days(self, session, walk):
        walk.series.drop_out_hours = 48
        session.commit()

    def test_in_time_the_place_is_free_at_once(self, session, walk, turn):
        withdrawing.withdraw_claim(session, claim_id=turn.id, now=NOW)
        assert live(session, walk.tail_walker) == []

    def test_later_the_turn_stays_theirs_and_everybody_is_asked(self, session, walk, turn):
        claim = withdrawing.withdraw_claim(session, claim_id=turn.id, now=LATE)
        withdrawing.withdraw_claim(session, claim_id=turn.id, now=LATE)
        assert claim.state is ClaimState.CONFIRMED
        [offer] = session.query(Handover)
        assert (offer.to_membership_id, offer.state) == (None, HandoverState.OPEN)
        assert told(session) == [("cover_wanted", walk.nadia.person_id, LATE)]

    def test_exactly_at_the_hour_it_is_too_late_and_once_begun_it_is_given_back(
        self, session, walk, turn
    ):
        edge = turn.starts_at - dt.timedelta(hours=48)
        assert withdrawing.withdraw_claim(session, claim_id=turn.id, now=edge).live
        begun = turn.starts_at + dt.timedelta(minutes=1)
        claim = withdrawing.withdraw_claim(session, claim_id=turn.id, now=begun)
        assert claim.state is ClaimState.WITHDRAWN
