"""Every rule at claim time, by the sentence that somebody reads who breaks it."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.domain import identity
from timebank.domain import ledger
from timebank.domain.rota import claiming
from timebank.domain.rota import reading
from timebank.domain.rota import rules
from timebank.domain.rota import withdrawing
from timebank.domain.rota.taking import Terms
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import MemberQualification
from timebank.models import PairRule
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import Role
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import Series
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
START = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)  # the walk, 9am in London


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def claim(session, slot, member, now=NOW, **terms):
    return claiming.claim_slot(
        session, slot_id=slot.id, membership_id=member.id, now=now, terms=Terms(**terms)
    )


def refusal(session, slot, member, now=NOW, **terms):
    with pytest.raises(rules.AgainstARule) as refused:
        claim(session, slot, member, now, **terms)
    return type(refused.value), refused.value.sentence


def ask_for(session, role, **columns):
    session.execute(sa.update(Role).where(Role.id == role.role_id).values(**columns))


def pair(session, one, other, rule):
    first, second = sorted((one.role_id, other.role_id))
    row = {"first_role_id": first, "second_role_id": second, "series_id": one.series_id}
    session.add(RolePair(**row, rule=rule))
    session.flush()


def another_job(session, walk, name, **when):
    role = builders.a_role(session, walk.series, name=name, position=9, **when)
    return builders.a_slot(session, walk.event, role)


def elsewhere(session, walk, *, at, latitude=None, longitude=None):
    """A job of ninety minutes at another place, on the day of the walk."""
    series = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, title="Tea", slug="tea", starts=at,
        ends=dt.time(at.hour + 2),
    )  # fmt: skip
    place = session.get(Venue, series.venue_id)
    place.latitude, place.longitude = latitude, longitude
    event = builders.an_event(session, series)
    return builders.a_slot(session, event, builders.a_role(session, series, name="Kettle"))


class TestAge:
    def test_whoever_has_not_said_how_old_they_are_is_asked(self, session, walk):
        ask_for(session, walk.tail_walker, minimum_age=18)
        assert refusal(session, walk.tail_walker, walk.bela) == (
            rules.AgeNotKnown,
            "Tail walker is for people of 18 or over. Tell us that you are.",
        )
        identity.say_age(session, person_id=walk.bela.person_id, at_least=18, on=TODAY)
        assert claim(session, walk.tail_walker, walk.bela).state is ClaimState.CONFIRMED

    def test_years_count_up_to_the_day_of_the_job(self, session, walk):
        ask_for(session, walk.tail_walker, minimum_age=18)
        said_on = dt.date(2026, 5, 2)  # eighteen a day after the walk
        identity.say_age(session, person_id=walk.bela.person_id, at_least=17, on=said_on)
        assert refusal(session, walk.tail_walker, walk.bela) == (
            rules.TooYoung,
            "Tail walker is for people of 18 or over.",
        )
        identity.say_age(
            session, person_id=walk.sam.person_id, at_least=17, on=dt.date(2026, 5, 1)
        )
        assert claim(session, walk.tail_walker, walk.sam).state is ClaimState.CONFIRMED

    def test_saying_a_lower_age_takes_no_years_off(self, session, walk):
        for age in (18, 12):
            identity.say_age(session, person_id=walk.bela.person_id, at_least=age, on=TODAY)
        ask_for(session, walk.tail_walker, minimum_age=18)
        assert claim(session, walk.tail_walker, walk.bela).state is ClaimState.CONFIRMED


class TestQualifications:
    @pytest.fixture
    def first_aid(self, session, walk):
        aid = Qualification(
            community_id=walk.community.id, name="First aid", kind=QualificationKind.TRAINING
        )
        session.add(aid)
        session.flush()
        session.add(
            RoleQualification(
                role_id=walk.tail_walker.role_id,
                qualification_id=aid.id,
                community_id=walk.community.id,
            )
        )
        session.flush()
        return aid

    def qualify(self, session, walk, aid, **when):
        row = MemberQualification(
            community_id=walk.community.id,
            membership_id=walk.bela.id,
            qualification_id=aid.id,
            given_by=walk.ama.id,
            **when,
        )
        session.add(row)
        session.flush()
        return row

    def test_without_it_the_job_is_refused_by_name(self, session, walk, first_aid):
        assert refusal(session, walk.tail_walker, walk.bela) == (
            rules.NotQualified,
            (
                "Tail walker asks for First aid on that day."
                " Have a word with an organiser about getting it."
            ),
        )

    def test_with_it_the_job_is_theirs(self, session, walk, first_aid):
        self.qualify(session, walk, first_aid, valid_from=TODAY)
        assert claim(session, walk.tail_walker, walk.bela).state is ClaimState.CONFIRMED

    @pytest.mark.parametrize(
        ("when", "may"),
        [
            ({"expires_on": dt.date(2027, 5, 1)}, False),
            ({"expires_on": dt.date(2027, 5, 2)}, True),
            ({"revoked_at": NOW}, False),
            ({"valid_from": dt.date(2027, 5, 2)}, False),
            ({"valid_from": dt.date(2027, 5, 1)}, True),
        ],
    )
    def test_it_counts_on_the_day_of_the_job(self, session, walk, first_aid, when, may):
        self.qualify(session, walk, first_aid, **{"valid_from": TODAY, **when})
        if may:
            assert claim(session, walk.tail_walker, walk.bela).state is ClaimState.CONFIRMED
        else:
            assert refusal(session, walk.tail_walker, walk.bela)[0] is rules.NotQualified


class TestCombinations:
    def test_never_means_not_on_one_date_whatever_the_times(self, session, walk):
        pack_up = another_job(session, walk, "Pack up", starts_after_minutes=120)
        pair(session, pack_up, walk.tail_walker, PairRule.NEVER)
        claim(session, walk.tail_walker, walk.bela)
        assert refusal(session, pack_up, walk.bela) == (
            rules.JobsDontCombine,
            "Pack up can’t be combined with Tail walker on the same date.",
        )
        assert claim(session, pack_up, walk.sam).state is ClaimState.CONFIRMED

    def test_taking_part_goes_with_some_jobs_only(self, session, walk):
        assert refusal(session, walk.tail_walker, walk.bela, takes_part=True) == (
            rules.NoTimeToTakePart,
            "You can’t do Tail walker and take part as well.",
        )
        set_up = another_job(
            session, walk, "Set-up", starts_after_minutes=-60, duration_minutes=30
        )
        ask_for(session, set_up, while_taking_part=True)
        claim(session, set_up, walk.bela, takes_part=True)
        assert refusal(session, walk.tail_walker, walk.bela)[0] is rules.NoTimeToTakePart

    def test_two_jobs_at_once_need_a_rule_that_says_so(self, session, walk):
        tokens = another_job(session, walk, "Tokens", starts_after_minutes=15, duration_minutes=60)
        claim(session, walk.tail_walker, walk.bela)
        with pytest.raises(claiming.WouldOverlap):
            claim(session, tokens, walk.bela)
        pair(session, tokens, walk.tail_walker, PairRule.TOGETHER)
        assert claim(session, tokens, walk.bela).state is ClaimState.CONFIRMED

    def test_the_hours_of_two_jobs_at_once_are_counted_once(self, session, walk):
        tokens = another_job(session, walk, "Tokens", starts_after_minutes=15, duration_minutes=60)
        pair(session, tokens, walk.tail_walker, PairRule.TOGETHER)
        claims = [claim(session, slot, walk.bela).id for slot in (walk.tail_walker, tokens)]
        posted = ledger.credit_claims(session, claim_ids=claims, by=walk.nadia.id, now=START)
        assert [(one.claim_id, one.minutes) for one in posted] == [(claims[0], 90)]
        states = session.scalars(sa.select(Claim.state).where(Claim.id.in_(claims))).all()
        assert states == [ClaimState.ATTENDED] * 2
        assert all(proof.proved for proof in ledger.reconcile(session, now=NOW))

    def test_who_gives_the_longer_job_back_keeps_the_shorter_as_a_turn_of_its_own(
        self, session, walk
    ):
        tokens = another_job(session, walk, "Tokens", starts_after_minutes=15, duration_minutes=60)
        pair(session, tokens, walk.tail_walker, PairRule.TOGETHER)
        longer = claim(session, walk.tail_walker, walk.bela)
        shorter = claim(session, tokens, walk.bela)
        withdrawing.withdraw_claim(session, claim_id=longer.id, now=NOW)
        session.expire_all()
        kept = session.get(Claim, shorter.id)
        assert (kept.beside_id, kept.binds, kept.state) == (None, True, ClaimState.CONFIRMED)

    def test_a_third_job_at_the_same_time_is_too_much(self, session, walk):
        when = {"starts_after_minutes": 15, "duration_minutes": 60}
        tokens, camera = (
            another_job(session, walk, name, **when) for name in ("Tokens", "Camera")
        )
        for one, other in (
            (tokens, walk.tail_walker),
            (camera, walk.tail_walker),
            (tokens, camera),
        ):
            pair(session, one, other, PairRule.TOGETHER)
        claim(session, walk.tail_walker, walk.bela)
        claim(session, tokens, walk.bela)
        with pytest.raises(claiming.WouldOverlap):
            claim(session, camera, walk.bela)


class TestTimeBetween:
    def test_another_place_wants_a_quarter_of_an_hour(self, session, walk):
        claim(session, walk.tail_walker, walk.bela)  # until 10:30
        soon = elsewhere(session, walk, at=dt.time(10, 40))
        assert refusal(session, soon, walk.bela) == (
            rules.TooLittleTime,
            (
                "You have a turn at Danson Saturday Stroll until 10:30am:"
                " too little time to get from one to the other."
            ),
        )

    def test_a_quarter_of_an_hour_is_enough_and_so_is_the_same_place(self, session, walk):
        claim(session, walk.tail_walker, walk.bela)
        later = elsewhere(session, walk, at=dt.time(10, 45))
        assert claim(session, later, walk.bela).state is ClaimState.CONFIRMED
        here = another_job(session, walk, "Sweep", starts_after_minutes=90, duration_minutes=10)
        assert claim(session, here, walk.sam).state is ClaimState.CONFIRMED

    def test_a_place_far_away_wants_longer(self, session, walk):
        place = session.get(Venue, walk.event.venue_id)
        place.latitude, place.longitude = 51.46, 0.12
        claim(session, walk.tail_walker, walk.bela)
        far = elsewhere(session, walk, at=dt.time(10, 50), latitude=51.51, longitude=0.12)
        assert refusal(session, far, walk.bela)[0] is rules.TooLittleTime  # 5.6 km: 28 minutes

    def test_rest_is_wanted_between_two_dates_even_at_one_place(self, session, walk):
        walk.community.rest_minutes = 60
        claim(session, walk.tail_walker, walk.bela)
        tea = elsewhere(session, walk, at=dt.time(11))
        assert refusal(session, tea, walk.bela)[0] is rules.TooLittleTime
        walk.community.rest_minutes = 30
        session.flush()
        assert claim(session, tea, walk.bela).state is ClaimState.CONFIRMED


class TestFairAccess:
    def test_a_popular_job_opens_at_its_time(self, session, walk):
        ask_for(session, walk.tail_walker, opens_hours_before=48)
        assert refusal(session, walk.tail_walker, walk.bela) == (
            rules.NotOpenToTakeYet,
            "Tail walker opens for everybody on Thu 29 April, 9am.",
        )
        opened = START - dt.timedelta(hours=48)
        assert claim(session, walk.tail_walker, walk.bela, now=opened)

    def test_everybody_gets_so_many_turns_a_week_until_the_day_before(self, session, walk):
        session.execute(sa.update(Series).values(most_a_week=1))
        claim(session, walk.tail_walker, walk.bela)
        late = another_job(session, walk, "Sweep", starts_after_minutes=100)
        assert refusal(session, late, walk.bela) == (
            rules.EnoughThisWeek,
            (
                "Everybody gets one turn a week here, and you have yours."
                " What’s still free the day before is anybody’s."
            ),
        )
        next_week = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
        free = builders.a_slot(session, next_week, walk.marshal.role)
        assert claim(session, free, walk.bela).state is ClaimState.CONFIRMED
        the_day_before = START - dt.timedelta(hours=20)
        assert claim(session, late, walk.bela, now=the_day_before)

    def test_places_kept_for_newcomers_are_theirs_until_two_days_before(self, session, walk):
        last = builders.an_event(session, walk.series, dt.date(2027, 4, 10))
        done = builders.a_slot(session, last, walk.marshal.role)
        for place, member in enumerate((walk.bela, walk.nadia), start=1):
            builders.a_claim(session, done, member, place=place, state=ClaimState.ATTENDED)
        ask_for(session, walk.marshal, newcomer_places=1)
        newcomer = claim(session, walk.marshal, walk.sam)
        assert session.get(Claim, newcomer.id).place == 2, "newcomers take the kept places first"
        claim(session, walk.marshal, walk.bela)
        with pytest.raises(claiming.SlotFull):
            claim(session, walk.marshal, walk.nadia)
        withdrawing.withdraw_claim(session, claim_id=newcomer.id, now=NOW)
        assert refusal(session, walk.marshal, walk.nadia) == (
            rules.KeptForNewcomers,
            (
                "What’s left is kept for somebody’s first turn until Thu 29 April, 8:45am."
                " After that it’s anybody’s."
            ),
        )
        assert claim(session, walk.marshal, walk.nadia, now=START - dt.timedelta(hours=40))


def test_an_organiser_may_overrule_with_a_reason_that_is_kept(session, walk):
    ask_for(session, walk.tail_walker, minimum_age=18)
    by = {"made_by": walk.nadia.id, "overruled_by": walk.nadia.id}
    made = claim(session, walk.tail_walker, walk.bela, **by, overruled_because="With her mother")
    kept = session.get(Claim, made.id)
    assert (kept.overruled_by, kept.overruled_because) == (walk.nadia.id, "With her mother")


def test_a_yes_to_a_pencilled_place_is_looked_at_again(session, walk):
    asked = claim(
        session, walk.tail_walker, walk.bela, state=ClaimState.HELD, held_for="asked",
        held_until=NOW + dt.timedelta(days=3), made_by=walk.nadia.id,
    )  # fmt: skip
    ask_for(session, walk.tail_walker, minimum_age=18)
    with pytest.raises(rules.AgeNotKnown):
        claiming.confirm_claim(session, claim_id=asked.id, now=NOW)
    assert session.get(Claim, asked.id).state is ClaimState.HELD


def test_a_pencilled_place_stands_in_the_way_of_no_other_turn_until_the_yes(session, walk):
    asked = claim(
        session, walk.tail_walker, walk.bela, state=ClaimState.HELD, held_for="asked",
        held_until=NOW + dt.timedelta(days=3), made_by=walk.nadia.id,
    )  # fmt: skip
    claim(session, walk.marshal, walk.bela)
    with pytest.raises(claiming.WouldOverlap):
        claiming.confirm_claim(session, claim_id=asked.id, now=NOW)


def next_best(session, walk, instead_of):
    return reading.next_best(
        session,
        community_id=walk.community.id,
        event_id=instead_of.event_id,
        near=instead_of.starts_at,
        membership_id=walk.bela.id,
        now=NOW,
    )


def test_what_is_offered_instead_is_possible(session, walk):
    ask_for(session, walk.tail_walker, minimum_age=18)
    best = next_best(session, walk, walk.tail_walker)
    assert best.name == "Marshal", "and not the tail walker, though that one is needed"


@pytest.mark.parametrize(
    ("also_on", "nearest"),
    [
        ((), dt.date(2027, 5, 1)),
        ((dt.date(2027, 6, 5),), dt.date(2027, 6, 5)),
        ((dt.date(2027, 6, 5), dt.date(2027, 5, 24)), dt.date(2027, 5, 24)),
    ],
)
def test_what_is_offered_instead_is_the_nearest_to_that_date(session, walk, also_on, nearest):
    far = builders.an_event(session, walk.series, dt.date(2027, 5, 29))
    refused = builders.a_slot(session, far, walk.tail_walker.role)
    ask_for(session, walk.tail_walker, minimum_age=18)
    for day in also_on:
        event = builders.an_event(session, walk.series, day)
        builders.a_slot(session, event, walk.marshal.role)
    best = next_best(session, walk, refused)
    assert (best.name, best.occurs_on) == ("Marshal", nearest)
