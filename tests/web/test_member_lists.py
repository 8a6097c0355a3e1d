"""The pages of member lists cost the same however long a list is; notes are for coordinators."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain.communities import notes

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
LISTS = "/people/lists"


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def cells_of(many):
    lines = [f"Neighbour{many} No{number}\tn{number}.{many}@a.org\t1" for number in range(many)]
    return "\n".join(["Name\tE-mail\tHours", *lines, "Total\t\t99", "Jo\t\t-1"])


def test_a_long_list_costs_no_more_statements_than_a_short_one(walk, browser):
    browser.sign_in(walk.ama)
    counted = []
    for many in (3, 150):
        browser.open(LISTS)
        with count_statements() as brought:
            browser.press("See what we understood", cells=cells_of(many))
        with count_statements() as written:
            browser.press("Looks right")
        with count_statements() as shown:
            browser.open(browser.path)
        with count_statements() as undone:
            browser.press("Undo all of it")
        counted.append([count.total for count in (brought, written, shown, undone)])
    assert counted[0] == counted[1]


@pytest.mark.parametrize("left", ["[]", '[["Name", "Hours"], []]', '[[], ["Tom", "1"]]'])
def test_a_list_from_which_everybody_was_erased_says_so(walk, session, browser, left):
    browser.sign_in(walk.ama).open(LISTS)
    browser.press("See what we understood", cells="Name\tHours\nTom\t1\n")
    page = browser.path
    session.execute(sa.text("UPDATE member_list SET cells = CAST(:left AS jsonb)"), {"left": left})
    session.commit()
    browser.open(page)
    assert "Nobody is left on it. Bring the list again." in browser.words
    token = browser.forms()[0].fields["csrf_token"][0]
    browser.post(page, csrf_token=token)
    assert "Nobody is left on it. Bring the list again." in browser.words


def test_a_list_of_megabytes_is_read_and_no_other_form_is(walk, browser):
    browser.sign_in(walk.ama)
    browser.open(LISTS)
    token = browser.forms()[0].fields["csrf_token"][0]
    big = b"Name,Notes\n" + b"".join(b"P%d,%s\n" % (row, b"x" * 380) for row in range(4_500))
    for page, status in ((LISTS, 303), ("/people/qualifications", 413)):
        data = {"csrf_token": token, "file": (BytesIO(big), "members.csv")}
        answer = browser.client.post(page, data=data, base_url=browser.base)
        answer.request.environ["wsgi.input"].close()
        assert answer.status_code == status, page


def test_a_note_that_is_too_long_stays_in_its_field(walk, browser):
    browser.sign_in(walk.ama)
    browser.open(f"/people/{walk.bela.id}/qualifications")
    browser.press("Note it", note="x" * 501)
    assert (browser.statuses, "x" * 501 in browser.page) == ([422], True)
    assert "Keep it to 500 letters" in browser.words
    browser.press("Note it", note="")
    assert "Write something down first" in browser.words


def test_notes_are_read_written_and_erased_by_coordinators_alone(walk, session, browser, app):
    notes.write_note(session, member=walk.bela, words="Rings late", by=walk.ama, now=NOW)
    session.commit()
    page = f"/people/{walk.bela.id}/qualifications"
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(page)
    assert (nadia.statuses, "Rings late" in nadia.words) == ([200], False)
    token = nadia.forms()[0].fields["csrf_token"][0]
    for address in (f"/people/{walk.bela.id}/notes", f"/people/{walk.bela.id}/notes/1/erase"):
        nadia.post(address, csrf_token=token, note="Hello")
        assert nadia.statuses == [404]
    browser.sign_in(walk.ama).open(page)
    assert "Rings late" in browser.words
    token = browser.forms()[0].fields["csrf_token"][0]
    browser.post(f"/people/{walk.sam.id}/notes/1/erase", csrf_token=token)
    browser.open(page)
    assert "Rings late" in browser.words
    browser.press("Erase it")
    assert "Rings late" not in browser.words


def test_a_coordinator_elsewhere_can_do_nothing_here(walk, session, app):
    elsewhere = builders.an_elsewhere(session)
    elsewhere.chi.standing = "coordinator"
    session.commit()
    chi = Browser(app, host="ashford.example").sign_in(elsewhere.chi)
    chi.open(LISTS)
    token = chi.forms()[0].fields["csrf_token"][0]
    for address in (f"/people/{walk.bela.id}/notes", f"/people/{walk.bela.id}/notes/1/erase"):
        chi.post(address, csrf_token=token, note="Hello")
        assert chi.statuses == [404]
