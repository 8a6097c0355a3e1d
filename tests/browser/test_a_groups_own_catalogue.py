"""The jobs of an event, as everybody reads them and as organisers change them."""

from __future__ import annotations

import datetime as dt

import pytest

from tests import builders
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.drafts import a_draft
from timebank.core import clock
from timebank.domain import events
from timebank.domain.communities import qualifications

pytestmark = pytest.mark.browser
STORY = "catalogue"


@pytest.fixture
def walk(session):
    """Nadia's junior run, with every job of the ready-made rota, a week from now."""
    now = clock.now()
    walk = builders.a_walk(session, day=now.date() + dt.timedelta(days=30))
    ready = events.ready_made_rota("junior-run")
    draft = a_draft(
        group_id=walk.group.id,
        title="Junior Danson",
        first_on=now.date() + dt.timedelta(days=7),
        roles=ready.roles,
        ready_made=ready.key,
    )
    series = events.make_series(session, draft=draft, by=walk.nadia, now=now)
    events.publish(session, series=series, now=now)
    [dbs] = qualifications.read_kinds(session, community_id=walk.community.id, today=now.date())
    qualifications.give(
        session,
        qualification=qualifications.find_kind(
            session, community_id=walk.community.id, qualification_id=dbs.id
        ),
        member=walk.bela,
        by=walk.nadia,
        valid_from=now.date(),
        expires_on=now.date() + dt.timedelta(days=20),
        today=now.date(),
        now=now,
    )
    session.commit()
    return walk


def test_everybody_reads_what_a_job_is_and_organisers_change_it(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    dov = open_screen(STORY, look)
    dov.open("/e/junior-danson/jobs")
    dov.reads("Asks for: DBS check.")
    dov.see("jobs")
    dov.follow("Tail walker")
    dov.reads("Start last, finish last, and make it fun to be there.")
    dov.see("job")

    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open("/e/junior-danson/jobs")
    nadia.see("jobs-of-an-organiser")
    nadia.follow("What it asks: Set-up")
    nadia.type("Places kept for first turns", "9")
    nadia.press("Save")
    nadia.reads("You can’t keep 9 for newcomers with room for 3.")
    nadia.see("refused")
    nadia.open("/e/junior-danson/jobs")
    nadia.follow("What goes with it: Results")
    nadia.page.get_by_label("Results and Warm-up leader").select_option("together")
    nadia.press("Save")
    nadia.reads("neither begins and ends within the other")
    nadia.see("together")


def test_jobs_are_copied_and_checks_looked_up(walk, open_screen: OpenScreen, look: Look) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open("/e/danson-saturday-stroll/jobs/take-in")
    nadia.see("take-in")
    nadia.page.get_by_label("Or copy from another event").select_option("junior-danson")
    nadia.press("See what would change")
    nadia.see("preview")
    nadia.press("Use these jobs")
    nadia.reads("These jobs are in use.")

    nadia.open("/people/qualifications?named=Be")
    nadia.see("checks")
    nadia.follow("Bela N")
    nadia.reads("Good until")
    nadia.see("person")


def test_the_catalogue_fits_the_narrowest_phone(walk, open_screen: OpenScreen) -> None:
    nadia = open_screen(STORY, Look(320, "light"), of=walk.nadia)
    for step, page in (
        ("jobs", "/e/junior-danson/jobs"),
        ("take-in", "/e/junior-danson/jobs/take-in"),
        ("checks", "/people/qualifications"),
        ("person", f"/people/{walk.bela.id}/qualifications"),
    ):
        nadia.open(page)
        nadia.see(step)
    nadia.open("/e/junior-danson/jobs")
    nadia.follow("What goes with it: Run director")
    nadia.see("together")
