"""Somebody is put down, or asked: with a place, an answer in time, and the reason kept."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.notices import lease_all
from timebank.core.errors import NotFound
from timebank.domain.rota import asking
from timebank.domain.rota import claiming
from timebank.domain.rota import rules
from timebank.domain.rota.walk_ups import WhoIsIt
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeState
from timebank.models import Profile
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def put_down(session, walk, member, *, slot=None, now=NOW, **more):
    return asking.put_down(
        session,
        slot_id=(slot or walk.tail_walker).id,
        membership_id=member.id,
        by=walk.nadia.id,
        now=now,
        **more,
    )


def pencil_in(session, walk, member, *, slot=None, now=NOW, **more):
    return asking.pencil_in(
        session,
        slot_id=(slot or walk.tail_walker).id,
        membership_id=member.id,
        by=walk.nadia.id,
        now=now,
        **more,
    )


def told(session):
    rows = session.query(Notice).filter(Notice.state == NoticeState.PENDING).order_by(Notice.id)
    return [(row.kind.value, row.person_id) for row in rows]


def test_putting_down_gives_the_place_at_once_and_says_so_once(session, walk):
    taken = put_down(session, walk, walk.bela)
    claim = session.get(Claim, taken.id)
    assert (claim.state, claim.made_by, claim.held_for) == (
        ClaimState.CONFIRMED,
        walk.nadia.id,
        None,
    )
    assert told(session) == [("put_down", walk.bela.person_id)]
    with pytest.raises(asking.DownAlready):
        put_down(session, walk, walk.bela)
    with pytest.raises(asking.BusyThen):
        put_down(session, walk, walk.bela, slot=walk.marshal)


def test_an_organiser_puts_herself_down_without_writing_to_herself(session, walk):
    put_down(session, walk, walk.nadia)
    assert told(session) == []


def test_somebody_new_without_mail_is_written_down_once_however_often_tapped(session, walk):
    values = {"slot_id": walk.marshal.id, "name": "Joan Field", "by": walk.nadia.id}
    asking.put_down_someone_new(session, **values, now=NOW)
    with pytest.raises(asking.DownAlready):
        asking.put_down_someone_new(session, **values, now=NOW)
    asking.put_down_someone_new(session, **values, now=NOW + dt.timedelta(minutes=2))
    joans = session.query(Profile).filter(Profile.full_name == "Joan Field")
    assert [joan.email for joan in joans] == [None, None]
    assert told(session) == []


def test_a_name_that_may_mean_somebody_asks_who_it_is(session, walk):
    values = {"community_id": walk.community.id, "name": "Bela"}
    with pytest.raises(WhoIsIt) as asked:
        asking.find_member(session, **values)
    assert [one.membership_id for one in asked.value.namesakes] == [walk.bela.id]
    assert asking.find_member(session, **values, is_new=True) is None
    assert asking.find_member(session, **values, membership_id=walk.bela.id).id == walk.bela.id
    chi = builders.an_elsewhere(session).chi
    with pytest.raises(NotFound):
        asking.find_member(session, **values, membership_id=chi.id)
    with pytest.raises(asking.SayWho):
        asking.find_member(session, community_id=walk.community.id, name="77")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (NOW, NOW + dt.timedelta(days=3)),
        (STARTS - 48 * HOUR, STARTS - 24 * HOUR),
        (STARTS - 25 * HOUR, STARTS - 23 * HOUR),
        (STARTS - HOUR, STARTS + HOUR),
        (STARTS + HOUR, STARTS + 1.5 * HOUR),
    ],
    ids=["three days", "the day before", "two hours at least", "over the start", "its end"],
)
def test_how_long_a_question_waits(now, until):
    assert asking.answer_until(STARTS, STARTS + 1.5 * HOUR, now=now) == until


def test_a_question_holds_the_place_but_not_the_person(session, walk):
    pencil_in(session, walk, walk.bela)
    claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=NOW)
    with pytest.raises(claiming.SlotFull):
        claiming.claim_slot(
            session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW
        )


def test_the_rules_are_looked_at_again_at_the_yes(session, walk):
    question = pencil_in(session, walk, walk.bela)
    claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=NOW)
    session.commit()
    with pytest.raises(claiming.WouldOverlap):
        asking.say_yes(session, claim_id=question.id, now=NOW)


def test_a_yes_makes_it_theirs_and_a_second_tap_leaves_it_so(session, walk):
    question = pencil_in(session, walk, walk.bela)
    assert told(session) == [("asked", walk.bela.person_id)]
    for _ in range(2):
        yes = asking.say_yes(session, claim_id=question.id, now=NOW)
        assert (yes.id, yes.state) == (question.id, ClaimState.CONFIRMED)
    assert told(session) == [("asked", walk.bela.person_id), ("you_are_in", walk.bela.person_id)]


def test_a_no_frees_the_place_and_tells_whoever_asked(session, walk):
    question = pencil_in(session, walk, walk.bela)
    for _ in range(2):
        claim = asking.decline(session, claim_id=question.id, now=NOW)
    assert (claim.state, claim.withdrawn_because) == (
        ClaimState.WITHDRAWN,
        WithdrawnBecause.DECLINED,
    )
    assert told(session)[1:] == [("ask_declined", walk.nadia.person_id)]


def test_a_question_that_ran_out_counts_while_the_place_is_free(session, walk):
    question = pencil_in(session, walk, walk.bela)
    later = NOW + dt.timedelta(days=4)
    assert claiming.lapse_holds(session, now=later) == 1
    again = asking.say_yes(session, claim_id=question.id, now=later)
    assert (again.id == question.id, again.state) == (False, ClaimState.CONFIRMED)


def test_a_question_taken_back_cannot_be_answered(session, walk):
    question = pencil_in(session, walk, walk.bela)
    values = {"claim_id": question.id, "event_id": walk.event.id}
    asking.take_off(session, **values, now=NOW)
    asking.take_off(session, **values, now=NOW)
    with pytest.raises(asking.QuestionTakenBack):
        asking.say_yes(session, claim_id=question.id, now=NOW)


@pytest.mark.parametrize("is_leased", [False, True])
def test_whoever_has_heard_of_a_turn_hears_that_it_was_taken_back(session, walk, is_leased):
    silent = put_down(session, walk, walk.bela)
    if is_leased:  # by a worker that has not sent it yet
        lease_all(session)
    asking.take_off(session, claim_id=silent.id, event_id=walk.event.id, now=NOW)
    assert told(session) == []
    heard = put_down(session, walk, walk.sam)
    session.execute(sa.update(Notice).where(Notice.claim_id == heard.id).values(state="sent"))
    asking.take_off(session, claim_id=heard.id, event_id=walk.event.id, now=NOW)
    [notice] = session.query(Notice).filter(Notice.state == NoticeState.PENDING)
    assert (notice.person_id, notice.facts["taken_off"]) == (walk.sam.person_id, "yes")


def test_nobodys_own_turn_and_no_other_dates_is_taken_off(session, walk):
    own = builders.a_claim(session, walk.marshal, walk.sam)
    put = put_down(session, walk, walk.bela)
    for claim_id, event_id in ((own.id, walk.event.id), (put.id, walk.event.id + 1)):
        with pytest.raises(NotFound):
            asking.take_off(session, claim_id=claim_id, event_id=event_id, now=NOW)


def test_a_rule_says_no_until_the_organiser_says_why_not(session, walk):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    with pytest.raises(rules.AgeNotKnown):
        put_down(session, walk, walk.bela)
    session.rollback()
    because = "I know her: she’s nineteen"
    claim = session.get(Claim, put_down(session, walk, walk.bela, because=because).id)
    assert (claim.overruled_by, claim.overruled_because) == (walk.nadia.id, because)


def test_a_question_against_a_rule_keeps_its_reason_up_to_the_yes(session, walk):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    question = pencil_in(session, walk, walk.bela, because="I know her")
    assert asking.say_yes(session, claim_id=question.id, now=NOW).state is ClaimState.CONFIRMED


def test_who_reads_no_mail_is_not_asked_by_mail(session, walk):
    joan = builders.a_member(session, walk.community, "Joan Field", email=None)
    with pytest.raises(asking.NoAddress):
        pencil_in(session, walk, joan)
