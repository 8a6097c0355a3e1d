"""Story: a sheet goes out on paper, comes back with pencil on it, and is typed up in its order."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.strolls import a_stroll
from timebank.domain import ledger
from timebank.models import Claim
from timebank.models import Transfer

SAMPLE = (Path(__file__).parent.parent / "samples" / "paper-sheet.csv").read_bytes()
WALK = "/e/danson-saturday-stroll/2026-12-05"
FRIDAY = dt.datetime(2026, 12, 4, 18, tzinfo=dt.UTC)
AFTERNOON = dt.datetime(2026, 12, 5, 15, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    with time_machine.travel(FRIDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def stroll(session, clock):
    return a_stroll(session)


def upload(browser, raw, name="paper-sheet.csv"):
    form = next(form for form in browser.forms() if "cells" in form.fields)
    answer = browser.client.post(
        form.action,
        data={"csrf_token": form.fields["csrf_token"][0], "file": (BytesIO(raw), name)},
        base_url=browser.base,
    )
    if answer.status_code == 303:
        browser.open(answer.headers["Location"])
    return answer


def role(stroll, job):
    return str(stroll.slots[job].role_id)


def test_the_sample_is_taken_in_through_the_pages(app, stroll, session, clock):
    nadia = Browser(app).sign_in(stroll.walk.nadia)
    nadia.open(f"{WALK}/print")
    assert "Sheet DS-0001" in nadia.words
    assert "5 Tick when here Timekeeper 9am to 10:15am Imran M" in nadia.words

    clock.move_to(AFTERNOON)
    ama = Browser(app).sign_in(stroll.walk.ama)
    ama.open(f"{WALK}/checkin")
    ama.follow("Type up a paper sheet")
    ama.follow("Type it up : DS-0001")
    upload(ama, SAMPLE)
    for said in (
        "Nothing is written yet.",
        "7 lines",
        "It says “DS-0412”. This is DS-0001. Which sheet is it?",
        "Nadia K , Run director, 8am to 11am: counts 3 hours. By the sheet 8:10am to 10:50am.",
        "Which hours count for Nadia K?",
        "As on the sheet: 2 hours 40 minutes",
        "Which job is “Course check / marshal”?",
        "Who is “Imran”?",
        "Who is “Kwame”?",
        "Beside the name: “new, friend of Ama”.",
        "Somebody new: we write them down by that name.",
        "Which job is “Marshal”?",
        "When did Grace L leave?",
        "The sheet doesn’t say. We put in the planned time.",
        "Tom B is down for that on line 2 already. Is it the same turn?",
    ):
        assert said in ama.words, said
    assert session.query(Transfer).count() == 0

    far = role(stroll, "Marshal: far end")
    ama.press("Looks right", hours_1="written", job_5=far)
    assert ama.statuses == [422]
    assert "Some lines still need a word from you." in ama.words
    assert session.query(Transfer).count() == 0
    [form] = [form for form in ama.forms() if "out_6" in form.fields]
    assert form.fields["hours_1"] == ["written"]  # what was answered is still there
    assert form.fields["job_5"] == [far]
    ama.press("Looks right", sheet_1="theirs")
    assert "Thank you! 9 hours 10 minutes credited to 6 neighbours." in ama.words

    assert ama.path == f"{WALK}/sheets/DS-0412"
    for said in (
        "7 lines typed up",
        "Line 1 Nadia K , Run director: 2 hours 40 minutes in",
        "Line 5 Kwame , Marshal: far end: 1½ hours in",
        "Line 7 Tom B : counted once",
        "Typed up by Ama O on Sat 5 December.",
    ):
        assert said in ama.words, said
    ama.open(f"{WALK}/checkin")
    assert "Pauline D Finish tokens From sheet DS-0412, line 3" in ama.words
    imran = Browser(app).sign_in(stroll.people["Imran"])
    imran.open("/me")
    assert "Timekeeper, from sheet DS-0412, line 4 · Sat 5 December +1¼" in imran.words


def test_the_same_file_again_changes_nothing(app, stroll, session, clock):
    clock.move_to(AFTERNOON)
    ama = Browser(app).sign_in(stroll.walk.ama)
    ama.open(f"{WALK}/print")
    for _ in range(2):
        ama.open(f"{WALK}/sheets/DS-0001")
        upload(ama, SAMPLE)
        ama.press("Looks right", sheet_1="theirs", job_5=role(stroll, "Marshal: far end"))
    assert "Nothing new: everything on it was in already." in ama.words
    assert session.query(Transfer).count() == 6


def test_line_by_line_and_nobody_confirms_their_own_hours(app, stroll, session, clock):
    nadia = Browser(app).sign_in(stroll.walk.nadia)
    nadia.open(f"{WALK}/print")
    clock.move_to(AFTERNOON)
    nadia.follow("Type it up afterwards")
    nadia.follow("Type it up : DS-0001")
    [form] = [form for form in nadia.forms() if "lines-0-name" in form.fields]
    names = [form.fields[f"lines-{n}-name"][0] for n in range(7 + 5)]
    assert names == ["Nadia K", "Tom B", "Grace L", "", "Imran M", "Pauline D", *[""] * 6]
    nadia.press("See what we understood")
    assert nadia.statuses == [422]
    assert "Nobody is down as here." in nadia.words
    nadia.press(
        "See what we understood",
        **{"lines-0-here": "y", "lines-0-left": "11.30",  # her own line
           "lines-1-here": "y",
           "lines-3-name": "Bela Novak", "lines-3-came": "8:45", "lines-3-left": "10.20",
           "lines-5-here": "y", "lines-5-name": "Ama O"},  # in Pauline's place
    )  # fmt: skip
    for said in (
        "Your own line: it waits for another organiser, and the planned hours count.",
        "Bela N , Marshal: far end, 8:45am to 10:15am: counts 1½ hours.",
        "Ama O , Finish tokens, 9am to 10:15am: counts 1¼ hours.",
        "Not on the rota: we add the turn.",
        "On the rota, and not down as here",
        "Pauline D, Finish tokens",
    ):
        assert said in nadia.words, said
    nadia.follow("Change what was typed")
    [form] = [form for form in nadia.forms() if "lines-0-name" in form.fields]
    assert form.fields["lines-3-left"] == ["10.20"]
    nadia.press("See what we understood")
    grace = stroll.people["Grace"]
    away = next(
        key for form in nadia.forms() for key in form.fields
        if key == f"off_{claim_of(session, grace)}"
    )  # fmt: skip
    nadia.press("Looks right", **{away: "missed"})
    assert "Your own turn needs another organiser’s tap" in nadia.words
    assert "waits for another organiser: nobody confirms their own hours" in nadia.words
    assert ledger.balance(session, membership_id=stroll.walk.nadia.id) == 0

    ama = Browser(app).sign_in(stroll.walk.ama)
    ama.open(f"{WALK}/checkin")
    assert ama.words.count("Wasn’t here") == 1
    ama.press("Finish and credit hours")
    session.expire_all()
    assert ledger.balance(session, membership_id=stroll.walk.nadia.id) == 180
    assert ledger.balance(session, membership_id=stroll.walk.bela.id) == 90


def claim_of(session, member):
    return session.scalars(
        sa.select(Claim.id).where(Claim.membership_id == member.id).order_by(Claim.id)
    ).first()


def test_a_sheet_is_put_right_by_taking_hours_back(app, stroll, session, clock):
    clock.move_to(AFTERNOON)
    ama = Browser(app).sign_in(stroll.walk.ama)
    ama.open(f"{WALK}/print")
    ama.open(f"{WALK}/sheets/DS-0001")
    typed = "Name,Job,In,Out\nNadia K,Run director,8,12.45\n"
    ama.press("See what we understood", cells=typed)
    assert ama.statuses == [422]  # the first button: nobody was ticked line by line
    bring(ama, typed)
    ama.press("Looks right", hours_1="written")
    assert ledger.balance(session, membership_id=stroll.walk.nadia.id) == 285
    ama.open(f"{WALK}/checkin")
    ama.press("Take the hours back", turn=str(claim_of(session, stroll.walk.nadia)),
              reason="It says 11.45")  # fmt: skip
    ama.open(f"{WALK}/sheets/DS-0001")
    assert "taken back, or still to be credited" in ama.words
    bring(ama, typed.replace("12.45", "11.45"))
    ama.press("Looks right", hours_1="written")
    session.expire_all()
    assert ledger.balance(session, membership_id=stroll.walk.nadia.id) == 225


def bring(browser, cells):
    form = next(form for form in browser.forms() if "cells" in form.fields)
    browser.post(form.action, csrf_token=form.fields["csrf_token"][0], cells=cells)
    assert browser.statuses == [303, 200]


def test_only_those_who_run_it_find_its_sheets(app, stroll, session, clock):
    clock.move_to(AFTERNOON)
    elsewhere = builders.an_elsewhere(session)
    nadia = Browser(app).sign_in(stroll.walk.nadia)
    nadia.open(f"{WALK}/print")
    for stranger in (stroll.walk.bela, elsewhere.chi):
        browser = Browser(app).sign_in(stranger)
        for page in ("sheets", "sheets/DS-0001", "sheets/DS-0001/check", "print"):
            browser.open(f"{WALK}/{page}")
            assert browser.statuses == [404]
    nadia.open(f"{WALK}/sheets/DS-0009")
    assert nadia.statuses == [404]
    nadia.open(f"{WALK}/sheets/DS-0001/check")  # nothing typed: to the sheet
    assert nadia.path == f"{WALK}/sheets/DS-0001"
