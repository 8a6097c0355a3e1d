from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.storms import Storm
from timebank.core.errors import NotFound
from timebank.domain.communities import neighbours
from timebank.domain.communities import qualifications
from timebank.domain.rota import claiming
from timebank.domain.rota import rules
from timebank.models import MemberQualification
from timebank.models import Membership
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import Role
from timebank.models import RoleQualification

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
EVENT_DAY = dt.date(2027, 5, 1)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def first_aid(session, walk):
    """First aid for three years, and the tail walker needs it."""
    made = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="First aid",
        kind=QualificationKind.TRAINING,
        lasts_months=36,
    )
    asked = RoleQualification(
        role_id=walk.tail_walker.role_id,
        qualification_id=made.id,
        community_id=walk.community.id,
    )
    session.add(asked)
    session.commit()
    return made


def give(session, walk, kind, member=None, **values):
    values.setdefault("valid_from", TODAY)
    made = qualifications.give(
        session,
        qualification=kind,
        member=member or walk.bela,
        by=walk.nadia,
        today=TODAY,
        now=NOW,
        **values,
    )
    session.commit()
    return made


def claim(session, walk, slot=None, member=None):
    slot, member = slot or walk.tail_walker, member or walk.bela
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=NOW)


def test_a_job_that_asks_for_it_is_refused_by_name(session, walk, first_aid):
    with pytest.raises(rules.NotQualified) as refusal:
        claim(session, walk)
    assert refusal.value.sentence == (
        "Tail walker asks for First aid on that day."
        " Have a word with an organiser about getting it."
    )


def test_who_has_it_takes_the_job(session, walk, first_aid):
    give(session, walk, first_aid)
    assert claim(session, walk).id


@pytest.mark.parametrize(
    ("expires_on", "is_good"),
    [
        (EVENT_DAY - dt.timedelta(days=1), False),
        (EVENT_DAY, False),  # the day before was the last
        (EVENT_DAY + dt.timedelta(days=1), True),
        (None, True),
    ],
)
def test_it_is_good_up_to_and_including_the_day_before(
    session, walk, first_aid, expires_on, is_good
):
    give(session, walk, first_aid, expires_on=expires_on)
    if is_good:
        assert claim(session, walk).id
    else:
        with pytest.raises(rules.NotQualified):
            claim(session, walk)


def test_it_lasts_as_many_months_as_it_says(session, walk, first_aid):
    made = give(session, walk, first_aid, valid_from=dt.date(2027, 1, 31))
    assert made.expires_on == dt.date(2030, 1, 31)
    first_aid.lasts_months = 1
    assert qualifications.good_until(first_aid, dt.date(2027, 1, 31)) == dt.date(2027, 2, 28)
    first_aid.lasts_months = None
    assert qualifications.good_until(first_aid, TODAY) is None


def test_to_renew_is_a_new_row_and_the_old_one_is_revoked(session, walk, first_aid):
    old = give(session, walk, first_aid, valid_from=dt.date(2025, 1, 1))
    new = give(session, walk, first_aid)
    session.refresh(old)
    assert (old.revoked_at, new.revoked_at) == (NOW, None)
    held = qualifications.read_held(
        session, community_id=walk.community.id, today=TODAY, membership_id=walk.bela.id
    )
    assert [(one.name, one.valid_from, one.given_by) for one in held] == [
        ("First aid", TODAY, "Nadia K")
    ]


def test_revoked_it_is_no_longer_good_but_turns_stay(session, walk, first_aid):
    give(session, walk, first_aid)
    taken = claim(session, walk)
    session.commit()
    assert (
        qualifications.revoke(session, member=walk.bela, qualification_id=first_aid.id, now=NOW)
        == 1
    )
    assert rules.broken_rule(
        session, slot_id=walk.tail_walker.id, membership_id=walk.bela.id, now=NOW
    )
    assert session.scalar(sa.text("SELECT live FROM claim WHERE id = :key"), {"key": taken.id})


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"valid_from": TODAY + dt.timedelta(days=1)}, qualifications.NotToday),
        ({"valid_from": dt.date(1990, 1, 1)}, qualifications.NotToday),
        ({"expires_on": TODAY}, qualifications.RunOutAlready),
        ({"valid_from": dt.date(2024, 4, 20)}, qualifications.RunOutAlready),
    ],
)
def test_days_that_make_no_sense_are_refused(session, walk, first_aid, values, refusal):
    with pytest.raises(refusal):
        give(session, walk, first_aid, **values)


def test_two_organisers_who_give_it_at_the_same_time_leave_one_row(
    session, walk, first_aid, engine
):
    kind_id, bela, nadia = first_aid.id, walk.bela.id, walk.nadia.id

    def work(own):
        qualifications.give(
            own,
            qualification=own.get(Qualification, kind_id),
            member=own.get(Membership, bela),
            by=own.get(Membership, nadia),
            valid_from=TODAY,
            today=TODAY,
            now=NOW,
        )

    with Storm(engine, crowd=6) as storm:
        answers = storm.answers([work] * 6)
    assert set(answers) <= {"done", "GivenMeanwhile"}
    live = sa.select(sa.func.count()).where(MemberQualification.revoked_at.is_(None))
    assert session.scalar(live) == 1


def test_what_runs_out_within_sixty_days_is_listed_with_what_has(session, walk, first_aid):
    give(session, walk, first_aid, expires_on=TODAY + dt.timedelta(days=60))
    give(session, walk, first_aid, member=walk.sam, expires_on=TODAY + dt.timedelta(days=61))
    found = qualifications.running_out(session, community_id=walk.community.id, today=TODAY)
    assert [(one.member, one.has_run_out) for one in found] == [("Bela N", False)]
    later = TODAY + dt.timedelta(days=60)
    found = qualifications.running_out(session, community_id=walk.community.id, today=later)
    assert [(one.member, one.has_run_out) for one in found] == [("Bela N", True), ("Sam T", False)]


def test_one_name_stands_once_whatever_its_capitals(session, walk, first_aid):
    with pytest.raises(qualifications.NameTaken):
        qualifications.add_kind(
            session,
            community_id=walk.community.id,
            name="FIRST AID",
            kind=QualificationKind.CHECK,
        )
    elsewhere = builders.an_elsewhere(session)
    assert qualifications.add_kind(
        session,
        community_id=elsewhere.community.id,
        name="First aid",
        kind=QualificationKind.TRAINING,
    ).id


def test_it_is_retired_only_when_no_job_asks_for_it_and_can_come_back(session, walk, first_aid):
    with pytest.raises(qualifications.StillAskedFor, match="Tail walker, Danson Saturday Stroll"):
        qualifications.retire_kind(session, qualification=first_aid, now=NOW)
    session.execute(sa.delete(RoleQualification))
    qualifications.retire_kind(session, qualification=first_aid, now=NOW)
    session.commit()
    with pytest.raises(NotFound):
        qualifications.find_kind(
            session, community_id=walk.community.id, qualification_id=first_aid.id
        )
    again = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="first aid",
        kind=QualificationKind.TRAINING,
    )
    assert (again.id, again.name, again.retired_at) == (first_aid.id, "first aid", None)


def test_an_age_is_refused_by_name_until_it_is_written_down(session, walk):
    session.get(Role, walk.marshal.role_id).minimum_age = 18
    session.commit()
    with pytest.raises(rules.AgeNotKnown, match="Marshal is for people of 18 or over"):
        claim(session, walk, walk.marshal)
    session.rollback()
    neighbours.note_age(session, member=walk.bela, age_at_least=17, today=TODAY)
    session.commit()
    with pytest.raises(rules.TooYoung, match="Marshal is for people of 18 or over"):
        claim(session, walk, walk.marshal)
    session.rollback()
    # Seventeen a year before the walk, to the day, is eighteen on it.
    neighbours.note_age(session, member=walk.bela, age_at_least=17, today=dt.date(2026, 5, 1))
    session.commit()
    assert claim(session, walk, walk.marshal).id


def test_no_age_but_a_human_one(session, walk):
    for age in (0, 101):
        with pytest.raises(neighbours.NoSuchAge):
            neighbours.note_age(session, member=walk.bela, age_at_least=age, today=TODAY)


def test_neighbours_are_found_by_the_beginning_of_their_name(session, walk):
    builders.an_elsewhere(session)
    find = {"community_id": walk.community.id, "today": TODAY}
    assert [one.name for one in neighbours.find_neighbours(session, named="b", **find)] == [
        "Bela N"
    ]
    assert neighbours.find_neighbours(session, named="Chi", **find) == []
    assert neighbours.find_neighbours(session, named="%", **find) == []
