"""Nadia brings the spreadsheet, looks at what was understood, takes it in, and undoes it."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from timebank.models import Claim
from timebank.models import RotaImport

SAMPLE = (Path(__file__).parent.parent / "samples" / "rota-grid.csv").read_bytes()
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PAGE = "/e/danson-saturday-stroll/rota/import"


@pytest.fixture(autouse=True)
def a_fortnight_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session, day=dt.date(2026, 12, 5))


@pytest.fixture
def nadia(walk, browser):
    browser.sign_in(walk.nadia)
    browser.open("/e/danson-saturday-stroll/rota")
    browser.follow("Bring your spreadsheet")
    return browser


def upload(browser, raw):
    token = next(
        form.fields["csrf_token"][0] for form in browser.forms() if "cells" in form.fields
    )
    answer = browser.client.post(
        PAGE,
        data={"csrf_token": token, "file": (BytesIO(raw), "rota-grid.csv")},
        base_url=browser.base,
    )
    if answer.status_code == 303:
        browser.open(answer.headers["Location"])
    return answer.status_code, answer.get_data(as_text=True)


def live_turns(session):
    session.expire_all()
    return session.scalar(sa.select(sa.func.count(Claim.id)).where(Claim.live))


def test_the_sample_is_shown_taken_in_once_and_undone(nadia, walk, session):
    assert upload(nadia, SAMPLE)[0] == 303
    for words in (
        "6 dates",
        "12 jobs",
        "E2 Saturday 26 December : off in the spreadsheet",
        "A1 We took “Danson Saturday Stroll – volunteer rota” for a title.",
        "C7 “TBC” means nobody yet.",
        "Priya S, Priya Sharma : 2 turns",
        "G9 Barcode Scanning: Siân P (to be asked)",
    ):
        assert words in nadia.words
    assert live_turns(session) == 0
    form = next(form for form in nadia.forms() if form.action.startswith(PAGE))
    nadia.press("Looks right")
    assert "turns taken in" in nadia.words
    assert "Not taken in" in nadia.words
    written = live_turns(session)
    assert written > 30
    fields = {name: values[0] for name, values in form.fields.items()}
    nadia.post(form.action, **fields)
    assert (nadia.statuses[0], live_turns(session)) == (303, written)
    nadia.open("/e/danson-saturday-stroll/rota")
    assert "Siân P" in nadia.words
    nadia.follow("Bring your spreadsheet")
    assert "Taken in before" in nadia.words
    nadia.follow("rota-grid.csv")
    nadia.press("Undo all of it")
    assert "All of it has been undone. This is what stays:" in nadia.words
    nadia.open(PAGE)
    assert "Taken in before" not in nadia.words
    assert live_turns(session) == 0


def test_a_doubtful_name_is_asked_about_and_nothing_is_lost(nadia, walk, session):
    builders.a_member(session, walk.community, "Joanna Field")
    session.commit()
    nadia.press("See what we understood", cells="Job\t5 Dec 2026\t99 Dec\nMarshal\tJo F\tCy D\n")
    assert "“99 Dec” is no day. Which one is it?" in nadia.words
    nadia.press("Looks right", day_1="2026-12-12")
    assert nadia.statuses == [422]
    assert "Say who this is" in nadia.words
    assert 'value="2026-12-12"' in nadia.page
    joanna = next(
        value for form in nadia.forms() for value in form.fields if value.startswith("who_0")
    )
    nadia.press("Looks right", **{joanna: "new"})
    assert "2 turns taken in" in nadia.words


def test_what_is_no_rota_is_answered_in_a_sentence(nadia):
    status, page = upload(nadia, b"PK\x03\x04 a workbook")
    assert (status, "Save it as CSV, or copy the cells and paste them." in page) == (422, True)
    nadia.press("See what we understood", cells="hello")
    assert nadia.statuses == [422]
    assert "hello" in nadia.page
    nadia.press("See what we understood", cells="")
    assert "There is nothing in that." in nadia.words


def test_only_those_who_run_it_find_it(nadia, walk, session, app):
    upload(nadia, SAMPLE)
    made = session.scalars(sa.select(RotaImport)).one()
    other = builders.a_series(session, group=walk.group, organiser=walk.nadia, slug="other")
    session.commit()
    nadia.open(f"/e/{other.slug}/rota/import/{made.id}")
    assert nadia.statuses == [404]
    nadia.sign_in(walk.sam)
    for page in (PAGE, f"{PAGE}/{made.id}"):
        nadia.open(page)
        assert nadia.statuses == [404]
