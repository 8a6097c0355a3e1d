"""A group's own catalogue: from a ready-made rota, changed, read by everybody, and passed on."""

from __future__ import annotations

import datetime as dt
import html
from io import BytesIO

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Role

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
JUNIOR = {"title": "Junior Danson", "where": "Danson Park", "first": "2027-05-02"}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def nadia(walk, browser):
    """Nadia, who has published a junior run from the ready-made rota."""
    browser.sign_in(walk.nadia)
    browser.open("/e/new?rota=junior-run")
    browser.press("Publish", **JUNIOR)
    assert browser.path == "/e/junior-danson/rota"
    return browser


def test_a_ready_made_rota_brings_its_instructions_and_rules_along(nadia, app):
    dov = Browser(app)
    dov.open("/e/junior-danson/2027-05-02")
    dov.follow("About the jobs")
    assert "Asks for: DBS check." in dov.words
    assert "one for every 25 people" in dov.words
    assert "Never on one date with: Run director." in dov.words
    dov.follow("Warm-up leader")
    assert "Stand on the box, so that everybody sees you." in dov.words
    assert "Be there by 8:45am." in dov.words
    dov.follow("I’ll do it : Warm-up leader, Sunday 2 May")
    assert "What should we call you?" in dov.words
    dov.follow("More about this job")
    assert dov.path.startswith("/e/junior-danson/jobs/")


def test_an_organiser_writes_instructions_and_everybody_reads_them(nadia, app):
    nadia.open("/e/junior-danson/jobs")
    nadia.follow("Close-down")
    nadia.follow("Change what it says and asks")
    nadia.press(
        "Save",
        instructions="Bring **every** sign home.\n\n- [the map](https://example.org/map)\n"
        "- <script>alert(1)</script>",
        minimum_age="16",
        newcomer_places="3",
    )
    assert nadia.statuses == [422]
    assert "You can’t keep 3 for newcomers with room for 2." in nadia.words
    assert "[the map](https://example.org/map)" in nadia.words  # nothing typed is lost
    nadia.press("Save", newcomer_places="1")
    assert nadia.statuses == [303, 200]
    dov = Browser(app)
    dov.open(nadia.path)
    assert "<strong>every</strong>" in dov.page
    assert 'href="https://example.org/map"' in dov.page
    assert "<script>alert" not in dov.page
    assert "For people of 16 or over." in dov.words
    assert "1 place is kept for somebody’s first turn until 48 hours before." in dov.words


def test_jobs_that_go_together_are_chosen_one_by_one(nadia):
    nadia.open("/e/junior-danson/jobs")
    nadia.follow("What goes with it : Results")
    choices = {
        label: name
        for form in nadia.forms()
        for name in form.fields
        if name.startswith("job_")
        for label in [_label_of(nadia, name)]
    }
    marshal, timekeeper = choices["Marshal: start"], choices["Timekeeper"]
    nadia.press("Save", **{marshal: "together"})
    assert nadia.statuses == [422]
    assert "“Results” and “Marshal: start” can’t be done at the same time" in nadia.words
    nadia.press("Save", **{marshal: "", timekeeper: "never"})
    assert "Saved." in nadia.words
    nadia.follow("Results")
    assert "Never on one date with: Timekeeper." in nadia.words


def _label_of(browser, name):
    before, _, _ = browser.page.partition(f'for="{name}"')
    return html.unescape(before.rpartition('role="rowheader">')[2].partition("<")[0])


def test_a_file_is_downloaded_changed_and_taken_in_elsewhere(nadia, walk, session):
    nadia.open("/e/junior-danson/jobs.toml")
    text = nadia.page
    assert nadia.answer.headers["Content-Disposition"].endswith('"junior-danson-jobs.toml"')
    nadia.open("/e/danson-saturday-stroll/jobs")
    nadia.follow("Copy jobs from elsewhere")
    nadia.press("See what would change", text=text.replace("places = 4", "plaecs = 4"))
    assert nadia.statuses == [422]
    assert (
        "“Marshal: far end” says “plaecs”, which we don’t know. Did you mean “places”?"
        in nadia.words
    )
    assert "plaecs = 4" in nadia.page
    mine = text.replace('name = "Marshal: far end"', 'name = "Marshal"').replace(
        '"Marshal: far end"', '"Marshal"'
    )
    nadia.press("See what would change", text=mine)
    assert "New Warm-up leader" in nadia.words
    assert "Changed Marshal : what they do, can’t start without, how many" in nadia.words
    assert "New Run director and Marshal: never on one date" in nadia.words
    count = sa.select(sa.func.count(Role.id)).filter_by(series_id=walk.series.id)
    assert session.scalar(count) == 2  # nothing is written before the button
    nadia.press("Use these jobs")
    assert "These jobs are in use." in nadia.words
    assert session.scalar(count) == 14
    nadia.open("/e/danson-saturday-stroll/2027-05-01")
    assert "Warm-up leader" in nadia.words


def test_a_file_may_be_uploaded_and_one_in_another_code_is_answered_kindly(nadia):
    nadia.open("/e/junior-danson/jobs/take-in")
    token = next(form.fields["csrf_token"][0] for form in nadia.forms() if "text" in form.fields)

    def upload(raw):
        answer = nadia.client.post(
            "/e/junior-danson/jobs/take-in",
            data={"csrf_token": token, "press": "look", "file": (BytesIO(raw), "jobs.toml")},
            base_url=nadia.base,
        )
        return answer.status_code, answer.get_data(as_text=True)

    status, page = upload("name = “Café”".encode("cp1252"))
    assert (status, "Save the file as UTF-8 text, then try again." in page) == (422, True)
    status, page = upload(nadia.client.get("/e/junior-danson/jobs.toml").data)
    assert (status, "are so already" in page) == (200, True)


def test_jobs_are_copied_from_another_event_of_the_group(nadia):
    nadia.open("/e/danson-saturday-stroll/jobs/take-in")
    nadia.press("See what would change")
    assert "Choose a file, paste its text, or choose another event." in nadia.words
    nadia.press("See what would change", other="junior-danson")
    nadia.press("Use these jobs")
    assert "Warm-up leader" in nadia.words


def test_editing_the_series_keeps_what_its_jobs_say(nadia):
    nadia.open("/e/junior-danson/edit")
    nadia.press("Save", title="Junior Lake Run")
    nadia.open("/e/junior-danson/jobs")
    assert "Asks for: DBS check." in nadia.words
    nadia.follow("Warm-up leader")
    assert "Stand on the box" in nadia.words
