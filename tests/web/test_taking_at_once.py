"""A tap on “I'll do it” is answered before Flask is asked, and nobody can tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from http import HTTPStatus

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.app import create_app
from timebank.db import db
from timebank.db import reader
from timebank.models import Claim

PAGE = "/e/danson-saturday-stroll/2027-05-01"
NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
# The view answers whatever holds more than the button does.
BY_THE_BUTTON, BY_THE_VIEW = {}, {"more": "than the button holds"}
PUBLIC = "https://goodturn.example"


@pytest.fixture(autouse=True)
def two_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture(params=["http://localhost", PUBLIC])
def site(request, settings):
    """The app as it runs at home, and behind a proxy that speaks https."""
    app = create_app(replace(settings, public_url=request.param))
    yield app, request.param
    with app.app_context():
        db.engine.dispose()
    reader.bind("")


def claim_of(walk, slot=None):
    return f"{PAGE}/claim/{(slot or walk.tail_walker).id}"


def token_on(browser):
    browser.open(PAGE)
    return next(found for form in browser.forms() if (found := form.fields.get("csrf_token")))[0]


def tap(browser, address, more, token=None, headers=None):
    fields = {"csrf_token": token or token_on(browser), **more}
    headers = {"Referer": f"{browser.base}{PAGE}"} | (headers or {})
    return browser.client.post(address, data=fields, base_url=browser.base, headers=headers)


def everything_but_the_value(answer):
    """List the headers, without what must differ: the length of a page, and what is signed."""
    return sorted(
        (name, text.partition(";")[2] if name == "Set-Cookie" else text)
        for name, text in answer.headers
        if name != "Content-Length"
    )


def turns(session):
    session.expire_all()
    return session.scalars(sa.select(Claim.person_id).where(Claim.live)).all()


def test_the_answer_is_the_very_same_as_the_views(site, walk):
    app, base = site
    answers, pages = [], []
    for who, more in ((walk.bela, BY_THE_BUTTON), (walk.sam, BY_THE_VIEW)):
        browser = Browser(app)
        browser.base = base
        answers.append(tap(browser.sign_in(who), claim_of(walk, walk.marshal), more))
        browser.open(answers[-1].headers["Location"])
        pages.append(("You’re in. Thank you!" in browser.words, browser.has_button("Undo")))
        [undo] = [form.action for form in browser.forms() if "Undo" in form.buttons]
        assert tap(browser, undo, {}).status_code == HTTPStatus.SEE_OTHER
        browser.open(PAGE)
        assert "You’re off the rota" in browser.words
    by_the_button, by_the_view = answers
    assert (by_the_button.status, by_the_button.text) == ("303 SEE OTHER", "")
    assert by_the_view.status == by_the_button.status
    assert "Redirecting" in by_the_view.text  # or both came the same way
    assert everything_but_the_value(by_the_button) == everything_but_the_value(by_the_view)
    assert pages == [(True, True)] * 2


def test_a_notice_that_waits_already_is_shown_as_well(walk, browser):
    browser.sign_in(walk.bela)
    token = token_on(browser)
    for slot in (walk.tail_walker, walk.tail_walker):
        tap(browser, claim_of(walk, slot), BY_THE_BUTTON, token)
    browser.open(PAGE)
    assert "You’re in. Thank you!" in browser.words
    assert "This one’s yours already. Thank you!" in browser.words


@pytest.mark.parametrize("more", [BY_THE_BUTTON, BY_THE_VIEW])
def test_whatever_is_not_a_members_own_tap_is_refused_either_way(
    walk, session, app, browser, more
):
    elsewhere = builders.an_elsewhere(session)
    sams = token_on(Browser(app).sign_in(walk.sam))
    browser.sign_in(walk.bela)
    own = token_on(browser)
    refused = [
        tap(browser, claim_of(walk), more, sams),
        tap(browser, claim_of(walk), more, "a" * 32),
        tap(browser, claim_of(walk), more, "½" * 16),
        tap(browser, f"{PAGE}/claim/999999", more, own),
        tap(browser, claim_of(walk).replace("05-01", "05-02"), more, own),
        tap(browser, claim_of(walk).replace("danson", "d½nson"), more, own),
        tap(browser, f"{claim_of(walk)}/claim/1", more, own),
    ]
    assert [one.status_code for one in refused] == [400, 400, 400, 404, 404, 404, 404]
    chi = Browser(app, host="ashford.example").sign_in(elsewhere.chi)
    chi.open("/calendar")
    its = next(found for form in chi.forms() if (found := form.fields.get("csrf_token")))[0]
    assert tap(chi, claim_of(walk), more, its).status_code == 404
    assert turns(session) == []


@pytest.mark.parametrize("more", [BY_THE_BUTTON, BY_THE_VIEW])
def test_a_full_job_is_refused_by_name_either_way(walk, session, app, browser, more):
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    browser.sign_in(walk.bela)
    answer = tap(browser, claim_of(walk), more)
    assert (answer.status_code, "Sam T" in answer.text) == (409, True)
    assert turns(session) == [walk.sam.person_id]


def test_over_https_a_tap_from_elsewhere_takes_nothing(settings, walk, session):
    app = create_app(replace(settings, public_url=PUBLIC))
    browser = Browser(app)
    browser.base = PUBLIC
    browser.sign_in(walk.bela)
    elsewhere = {"Referer": "https://evil.example/"}
    assert tap(browser, claim_of(walk), BY_THE_BUTTON, headers=elsewhere).status_code == 400
    assert turns(session) == []
    with app.app_context():
        db.engine.dispose()
    reader.bind("")


def test_a_database_that_is_away_says_so(walk, browser, monkeypatch):
    browser.sign_in(walk.bela)
    token = token_on(browser)
    reader.bind("postgresql://nobody@127.0.0.1:1/nowhere")
    assert tap(browser, claim_of(walk), BY_THE_BUTTON, token).status_code == 503


def test_a_job_that_was_refused_is_never_what_is_offered_instead(walk, session, browser):
    walk.tail_walker.role.opens_hours_before = 1
    session.commit()
    browser.open(claim_of(walk))
    token = browser.forms()[-1].fields["csrf_token"][0]
    typed = {"csrf_token": token, "name": "Dov Levy", "email": "dov@example.com"}
    answer = browser.client.post(claim_of(walk), data=typed, base_url=browser.base)
    page = answer.get_data(as_text=True)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert ("Marshal is still open" in page, "Tail walker is still open" in page) == (True, False)
