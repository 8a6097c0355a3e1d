from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.contracts.test_bad_input import HOSTILE
from tests.contracts.test_bad_input import quoted
from tests.statements import count_statements
from tests.strolls import a_stroll
from timebank.domain import communities
from timebank.models import PaperSheet
from timebank.models import PaperSheetLine
from timebank.models import Transfer

WALK = "/e/danson-saturday-stroll/2026-12-05"
SHEET = f"{WALK}/sheets/DS-0001"
FRIDAY = dt.datetime(2026, 12, 4, 18, tzinfo=dt.UTC)
AFTERNOON = dt.datetime(2026, 12, 5, 15, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    with time_machine.travel(FRIDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def stroll(session, clock):
    return a_stroll(session)


@pytest.fixture
def ama(app, stroll, clock):
    browser = Browser(app).sign_in(stroll.walk.ama)
    browser.open(f"{WALK}/print")
    clock.move_to(AFTERNOON)
    return browser


def token(browser):
    return next(f.fields["csrf_token"][0] for f in browser.forms() if "csrf_token" in f.fields)


def bring(browser, cells):
    browser.open(SHEET)
    browser.post(f"{SHEET}/bring", csrf_token=token(browser), cells=cells)
    return browser


def test_before_the_start_and_after_a_week_nothing_is_typed_up(ama, clock):
    clock.move_to(FRIDAY)
    ama.open(SHEET)
    assert "It hasn’t started yet. Type the sheet up afterwards." in ama.words
    assert not ama.has_button("See what we understood")
    bring(ama, "Name,Job\nTom B,Course check\n")
    for hours, said in ((0, "Check-in opens two hours before"), (14.5, "It hasn’t started yet.")):
        clock.move_to(FRIDAY + dt.timedelta(hours=hours))
        ama.open(f"{SHEET}/check")
        ama.press("Looks right")
        assert ama.statuses == [422]
        assert said in ama.words
    clock.move_to(AFTERNOON + dt.timedelta(days=8))
    ama.open(f"{SHEET}/check")
    ama.press("Looks right")
    assert "Check-in closed a week after this date." in ama.words


def test_another_sheet_is_asked_for_and_printing_again_is_the_same(ama, session):
    ama.open(f"{WALK}/print")
    ama.follow("Type it up afterwards")
    ama.press("Another sheet")
    assert "Sheet DS-0002 is ready to print." not in ama.words  # paper has no notices
    assert "Sheet DS-0002" in ama.words
    ama.open(f"{WALK}/sheets")
    assert "Sheet DS-0002 is ready to print." in ama.words
    assert session.scalar(sa.select(sa.func.count(PaperSheet.id))) == 2
    for _ in range(18):
        ama.open(f"{WALK}/sheets")
        ama.press("Another sheet")
    ama.open(f"{WALK}/sheets")
    ama.press("Another sheet")
    assert "That date has 20 sheets already." in ama.words


def test_a_date_without_a_sheet_says_where_to_begin(app, stroll, clock):
    nadia = Browser(app).sign_in(stroll.walk.nadia)
    nadia.open(f"{WALK}/sheets")
    assert "No sheet yet" in nadia.words
    nadia.follow("Print a sheet")
    assert "Sheet DS-0001" in nadia.words


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "There is nothing in that."),
        (b"PK\x03\x04 a workbook", "Save it as CSV, or copy the cells and paste them."),
        (b"Name,Job\n" + b"Jo F,Tea\n" * 501, "That has more than 500 lines."),
        (b"Name,Job\n,Tea\n", "We can’t find any names in that."),
    ],
)
def test_what_is_no_sheet_is_answered_in_a_sentence(ama, sent, said):
    ama.open(SHEET)
    answer = ama.client.post(
        f"{SHEET}/bring",
        data={"csrf_token": token(ama), "file": (BytesIO(sent), "sheet.csv")},
        base_url=ama.base,
    )
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_five_hundred_lines_are_asked_about_on_one_page_and_written(ama, session):
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{a}{b} Person".title() for a in letters for b in letters][:500]
    lines = "".join(f"4/12/2026,{name},Finish tokens,9,9.30\n" for name in names)
    bring(ama, f"Date,Name,Job,In,Out\n{lines}")
    assert "500 lines" in ama.words
    ama.press("Looks right")  # a thousand answers, and one that is still to be given
    assert ama.statuses == [422]
    assert "Some lines still need a word from you." in ama.words
    ama.press("Looks right", day_1="this")  # Pauline has a place of the 500 already
    assert "499 neighbours" in ama.words
    assert "1 line could not be written." in ama.words
    assert "That job has 500 people already." in ama.words
    assert session.query(Transfer).count() == 499


def test_the_pages_cost_the_same_however_many_lines_there_are(ama, session, stroll):
    counted = []
    for lines in (1, 5, 20):
        bring(ama, "Name,Job,In,Out\n" + "Tom B,Course check,7.45,8.45\nPat Q,Tea,9,\n" * lines)
        row = []
        for page in (SHEET, f"{SHEET}/check", f"{WALK}/sheets"):
            with count_statements() as count:
                ama.open(page)
            row.append(count.total)
        counted.append(row)
    assert counted[0] == counted[1] == counted[2]


def test_hostile_text_in_its_forms_is_answered_with_a_page(ama, session):
    bring(ama, "Sheet,Date,Event,Name,Job,In,Out,Signature\nXX-1,1/1/20,Fair,Imran,Tea,9,8,n\n"
               "XX-1,1/1/20,Fair,???,Tea,9,,\nXX-1,1/1/20,Fair,Imran,Tea,9,8,n\n")  # fmt: skip
    pages = (SHEET, f"{SHEET}/check", f"{WALK}/sheets")
    forms = []
    for page in pages:
        ama.open(page)
        forms += [(f.action, f.fields) for f in ama.forms() if "sign-out" not in f.action]
    assert len(forms) >= 4
    for action, fields in forms:
        for raw in HOSTILE:
            body = "&".join(
                f"{name}={quoted(value.encode()) if name == 'csrf_token' else quoted(raw)}"
                for name, values in fields.items()
                for value in values
            )
            answer = ama.client.post(
                action, data=body, content_type="application/x-www-form-urlencoded",
                base_url=ama.base,
            )  # fmt: skip
            assert answer.status_code < 500, (action, raw)


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_on_a_sheet_is_answered_with_a_page(ama, raw):
    text = raw.decode("utf-8", "replace")
    row = ",".join(['"' + text.replace('"', "'") + '"'] * 8)
    for cells in (f"Sheet,Date,Event,Name,Job,In,Out,Signature\n{row}\n", row, text):
        bring(ama, cells)
        assert ama.statuses[0] in {303, 422}
        if ama.has_button("Looks right"):
            ama.press("Looks right")
            assert ama.statuses[0] in {303, 422}


def test_a_made_up_answer_is_no_answer(ama, session, stroll):
    bring(ama, "Name,Job\nImran,Timekeeper\n")
    chi = communities.join(
        session,
        community_id=builders.an_elsewhere(session).community.id,
        person_id=stroll.people["Tom"].person_id,
    )
    session.commit()
    for made_up in (str(chi.id), str(stroll.walk.sam.id), "0", "x"):
        ama.open(f"{SHEET}/check")
        ama.press("Looks right", who_1=made_up)
        assert ama.statuses == [422]
    assert session.scalar(sa.select(sa.func.count(PaperSheetLine.number))) == 0


def test_a_question_that_comes_up_later_is_shown_before_anything_is_written(ama, session, stroll):
    bring(ama, "Name,Job,In,Out\nTom B,Course check,7.45,8.45\nTom B,Course check,7.45,8.45\n")
    ama.press("Looks right", twice_2="other")
    assert ama.statuses == [422]
    assert "Your answers, or the rota, raised something new." in ama.words
    assert session.query(Transfer).count() == 0
    ama.press("Looks right", who_2="new")
    assert "credited to 2 neighbours" in ama.words


def test_no_page_of_a_sheet_shows_a_surname_in_full(ama):
    bring(ama, "Name,Job,In,Out\nTom B,Course check,7.45,8.45\n")
    for page in (f"{SHEET}/check", SHEET, f"{WALK}/sheets", f"{WALK}/print"):
        ama.open(page)
        for secret in ("Baker", "tom@example.com", "Malik", "Khan"):
            assert secret not in ama.page
    ama.open(f"{SHEET}/check")
    ama.press("Looks right")
    assert "Tom B , Course check: 1 hour in" in ama.words
    assert "Baker" not in ama.page
