from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.statements import count_statements
from timebank.domain.communities import qualifications
from timebank.models import PairRule
from timebank.models import QualificationKind
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import SeriesState

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
JOBS = "/e/danson-saturday-stroll/jobs"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def more(session, walk, number):
    """One more job with a rule, a check, a date and somebody who has it."""
    role = builders.a_role(session, walk.series, name=f"Job {number}", position=9 + number)
    kind = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name=f"Check {number}",
        kind=QualificationKind.CHECK,
        lasts_months=1,
    )
    session.add(
        RoleQualification(
            role_id=role.id, qualification_id=kind.id, community_id=walk.community.id
        )
    )
    session.add(
        RolePair(
            first_role_id=walk.marshal.role_id,
            second_role_id=role.id,
            series_id=walk.series.id,
            rule=PairRule.NEVER,
        )
    )
    qualifications.give(
        session,
        qualification=kind,
        member=builders.a_member(session, walk.community, f"Be{number} Crowd"),
        by=walk.nadia,
        valid_from=NOW.date(),
        today=NOW.date(),
        now=NOW,
    )
    day = walk.series.first_on + dt.timedelta(weeks=number + 1)
    builders.a_slot(session, builders.an_event(session, walk.series, day), walk.marshal.role)
    session.commit()


@pytest.mark.parametrize(
    ("page", "statements"),
    [
        (JOBS, 3),
        (JOBS + "/{role}", 4),
        (JOBS + "/{role}/edit", 5),
        (JOBS + "/{role}/together", 4),
        (JOBS + "/take-in", 3),
        (JOBS + ".toml", 5),
        ("/people/qualifications?named=be", 6),
        ("/people/{bela}/qualifications", 7),
    ],
)
def test_a_page_costs_the_same_however_much_there_is(walk, session, browser, page, statements):
    browser.sign_in(walk.nadia)
    address = page.format(role=walk.marshal.role_id, bela=walk.bela.id)
    counted = []
    for number in range(3):
        with count_statements() as count:
            browser.open(address)
        assert browser.statuses == [200]
        counted.append(count.total)
        more(session, walk, number)
    assert counted == [statements] * 3


def test_a_drafts_jobs_are_seen_by_those_who_run_it(walk, session, app, browser):
    walk.series.state = SeriesState.DRAFT
    session.commit()
    for page in (JOBS, f"{JOBS}/{walk.marshal.role_id}"):
        browser.open(page)
        assert browser.statuses == [404]
    browser.sign_in(walk.nadia)
    browser.open(JOBS)
    assert browser.statuses == [200]


def test_only_a_coordinator_adds_and_retires_what_jobs_ask_for(walk, session, browser):
    kind = qualifications.add_kind(
        session, community_id=walk.community.id, name="DBS", kind=QualificationKind.CHECK
    )
    session.commit()
    browser.sign_in(walk.nadia)
    browser.open("/people/qualifications")
    token = browser.forms()[0].fields.get("csrf_token") or browser.forms()[-1].fields["csrf_token"]
    for action in ("/people/qualifications", f"/people/qualifications/{kind.id}/retire"):
        browser.post(action, csrf_token=token[0], name="Mine", kind="check")
        assert browser.statuses == [404]
    browser.sign_in(walk.ama)
    browser.open("/people/qualifications")
    browser.press("Ask for it no more")
    assert "No job can ask for DBS any more." in browser.words


def test_numbers_of_a_job_are_plain_figures(walk, browser):
    browser.sign_in(walk.nadia)
    for typed in ("1_0", "-3", "²", "1e2", "99999"):
        browser.open(f"{JOBS}/{walk.marshal.role_id}/edit")
        browser.press("Save", one_per=typed)
        assert browser.statuses == [422]
        assert "Write a number, or leave it empty" in browser.words


def test_a_job_of_another_series_is_not_found_under_this_one(walk, session, browser):
    other = builders.a_series(session, group=walk.group, organiser=walk.nadia, slug="other")
    role = builders.a_role(session, other, name="Elsewhere")
    session.commit()
    browser.sign_in(walk.nadia)
    for page in ("", "/edit", "/together"):
        browser.open(f"{JOBS}/{role.id}{page}")
        assert browser.statuses == [404]
