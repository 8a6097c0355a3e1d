"""Ama brings the member list of the books before, answers what is asked, and could undo it all."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Account
from timebank.models import MemberList
from timebank.models import Membership
from timebank.models import Profile

SAMPLE = (Path(__file__).parent.parent / "samples" / "members.csv").read_bytes()
NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
PAGE = "/people/lists"


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def ama(walk, browser):
    browser.sign_in(walk.ama)
    browser.open("/people/qualifications")
    browser.follow("Bring your member list")
    return browser


def upload(browser, raw, name="members.csv"):
    token = next(
        form.fields["csrf_token"][0] for form in browser.forms() if "cells" in form.fields
    )
    answer = browser.client.post(
        PAGE,
        data={"csrf_token": token, "file": (BytesIO(raw), name)},
        base_url=browser.base,
    )
    answer.request.environ["wsgi.input"].close()  # a big one is a file of the client's
    if answer.status_code == 303:
        browser.open(answer.headers["Location"])
    return answer.status_code, answer.get_data(as_text=True)


def hours_of(session, name):
    session.expire_all()
    return session.scalar(
        sa.select(Account.balance)
        .join(Membership, Membership.id == Account.membership_id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Profile.full_name == name)
    )


def test_the_sample_is_looked_through_taken_in_and_undone(ama, walk, session):
    assert upload(ama, SAMPLE)[0] == 303
    for words in (
        "17 lines with somebody on them",
        "5 lines to look at",
        "Somebody here has the same name.",
        "They’ve had 3 hours more help than they gave. Is that right?",
        "Line 4 has the same e-mail.",
        "TOM.BAKER@EXAMPLE.ORG",
        '=HYPERLINK("http://x")',
        "The name looks like a formula.",
        "“not-an-address” is no e-mail address.",
        "“31/02/2025” is no day.",
        "“abc” isn’t hours that we can read.",
        "12 lines are plain",
        "Saturday 3 February",
        "Leave this line out",
    ):
        assert words in ama.words, words
    assert hours_of(session, "Tom Baker") is None
    ama.press("Looks right", who_9=str(walk.ama.id), who_18="new", hours_18="abc")
    assert ama.statuses == [422]
    assert "Three things to fix" in ama.words
    assert "Write hours like 1½, 1:30 or 1h30." in ama.words
    assert 'value="not-an-address"' in ama.page
    answers = {"email_18": "", "joined_18": "28/2/2025", "hours_18": "1½"}
    ama.press("Looks right", who_18="new", **answers)
    assert "The list is in." in ama.words
    for words in (
        "14 new neighbours",
        "1 was here already",
        "Left out: line 17. It stands in your file.",
        "the same as a line above",
    ):
        assert words in ama.words, words
    assert [hours_of(session, name) for name in ("Tom Baker", "Ama Owusu", "No Address")] == [
        1665, 900, 90,
    ]  # fmt: skip
    assert hours_of(session, "Marjorie Hall") == -180
    ama.follow("Marjorie Hall")
    assert "no e-mail; her daughter Jane helps (jane.hall@example.org)" in ama.words
    ama.press("Erase it")
    assert "Nothing noted yet." in ama.words
    ama.open(PAGE)
    ama.follow("members.csv")
    ama.press("Undo all of it")
    assert "All of it has been undone." in ama.words
    assert hours_of(session, "Tom Baker") is None
    assert hours_of(session, "Ama Owusu") == 0
    ama.open(PAGE)
    assert "Taken in before" not in ama.words


def test_the_same_list_twice_and_two_taps_at_once_bring_nothing_twice(ama, session):
    upload(ama, SAMPLE)
    form = next(form for form in ama.forms() if form.action.startswith(PAGE))
    fields = {name: values[0] for name, values in form.fields.items()}
    ama.press("Looks right")
    ama.post(form.action, **fields)
    assert ama.statuses[0] == 303
    ama.open(PAGE)
    upload(ama, SAMPLE)
    assert "This very list was taken in on Wed 28 April." in ama.words
    assert "Nobody new" in ama.words
    ama.press("Looks right")
    assert "0 hours brought forward, all together" in ama.words
    assert hours_of(session, "Nadia Kaur") == 2490


def test_whoever_has_done_something_since_is_named_and_stays_if_that_is_said(ama, walk, session):
    upload(ama, SAMPLE)
    ama.press("Looks right")
    wes = session.scalars(
        sa.select(Membership).join(Profile, Profile.person_id == Membership.person_id).where(
            Profile.full_name == "Wes Edwards"
        )
    ).one()  # fmt: skip
    builders.a_claim(session, walk.marshal, wes)
    session.commit()
    ama.press("Undo all of it")
    assert ama.statuses == [422]
    assert "These have done things here since: Wes E." in ama.words
    assert hours_of(session, "Nadia Kaur") == 2490
    ama.press("Undo all the others")
    assert "These stay, because they’ve done things here since: Wes E." in ama.words
    assert (hours_of(session, "Nadia Kaur"), hours_of(session, "Wes Edwards")) == (None, 1080)


def test_a_list_pasted_from_a_spreadsheet_will_do(ama, session):
    ama.press("See what we understood", cells="Name\tHours\nTom Baker\t22h30\nJo\t½\n")
    assert "23 hours brought forward, all together" in ama.words
    ama.press("Looks right")
    assert hours_of(session, "Tom Baker") == 1350


def test_what_is_no_list_is_answered_in_a_sentence(ama):
    for raw, words in [
        (b"PK\x03\x04 a workbook", "Save it as CSV, or copy the cells and paste them."),
        (b"hello", "Put a heading above each column"),
        (b"Name\n" + b"Tom\n" * 5_001, "That is more than 5,000 people."),
        (b"Name,Notes\nTom," + b"x" * 2_000_000, "That is more than 2 MB."),
        (b"Name,Hours\n" + b"Tom,abc\n" * 301, "More than 300 lines"),
    ]:
        status, page = upload(ama, raw)
        assert (status, words in page) == (422, True), words
    ama.press("See what we understood", cells="hello")
    assert "hello" in ama.page


def test_only_coordinators_find_it(ama, walk, session, app):
    upload(ama, SAMPLE)
    made = session.scalars(sa.select(MemberList)).one()
    elsewhere = builders.an_elsewhere(session)
    nadia = Browser(app).sign_in(walk.nadia)
    chi = Browser(app, host="ashford.example").sign_in(elsewhere.chi)
    for who in (nadia, chi):
        for page in (PAGE, f"{PAGE}/{made.id}"):
            who.open(page)
            assert who.statuses == [404]
    nadia.open(f"/people/{walk.bela.id}/qualifications")
    assert "For coordinators" not in nadia.words
