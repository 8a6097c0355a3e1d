"""Cards: printed, replaced, scanned by those who run today's event, silent to everybody else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain import communities
from timebank.models import Claim
from timebank.web.people.cards import MISSES

BEFORE_IT = dt.datetime(2027, 5, 1, 7, 30, tzinfo=dt.UTC)  # half an hour to go
SILENT = "There’s nothing to see here for anybody else."


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(BEFORE_IT, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def priya(session, walk):
    priya = builders.a_member(session, walk.community, "Priya Sharma", email=None)
    session.commit()
    return priya


@pytest.fixture
def turn(session, walk, priya):
    turn = builders.a_claim(session, walk.tail_walker, priya)
    session.commit()
    return turn


@pytest.fixture
def nadia(app, walk):
    return Browser(app).sign_in(walk.nadia)


@pytest.fixture
def ama(app, walk):
    return Browser(app).sign_in(walk.ama)


def a_token(browser):
    browser.open("/calendar")
    return next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)


def arrived(session, claim):
    session.expire_all()
    return session.get(Claim, claim.id).arrived_by


class TestScanning:
    def test_one_button_checks_priya_in(self, session, walk, priya, turn, nadia):
        nadia.open(f"/c/{priya.card_code}")
        assert "Check in Priya S?" in nadia.words
        assert "Sharma" not in nadia.page
        nadia.press("Check in Priya")
        assert "Priya is checked in." in nadia.words
        assert arrived(session, turn) == walk.nadia.id
        assert not nadia.has_button("Check in Priya")

    def test_a_code_that_is_said_is_typed_as_heard(self, priya, turn, nadia):
        nadia.open("/e/danson-saturday-stroll/2027-05-01/checkin")
        assert "Code of a card" in nadia.words
        code = priya.card_code
        nadia.open(f"/c?code={code[:4].lower()}-{code[4:]}")
        assert nadia.path == f"/c/{code}"
        assert "Check in Priya S?" in nadia.words
        nadia.open("/c?code=nonsense%00")
        assert SILENT in nadia.words

    def test_without_a_turn_she_is_shown_where_to_add_her(self, priya, nadia):
        nadia.open(f"/c/{priya.card_code}")
        assert "Priya isn’t on the rota of anything you run today." in nadia.words
        nadia.follow("Add them at Danson Saturday Stroll")
        assert nadia.path == "/e/danson-saturday-stroll/2027-05-01/checkin"

    def test_a_coordinator_is_led_to_the_page_as_well_on_any_day(self, ama, priya, turn, clock):
        ama.open(f"/c/{priya.card_code}")
        assert ama.has_button("Check in Priya")
        ama.follow("Priya S’s page")
        clock.move_to(BEFORE_IT + dt.timedelta(days=3))
        ama.open(f"/c/{priya.card_code}")
        assert not ama.has_button("Check in Priya")
        ama.follow("Priya S’s page")
        assert ama.path == f"/people/{priya.id}/qualifications"


class TestSilence:
    def silent_page(self, browser, code):
        browser.open(f"/c/{code}")
        assert browser.statuses == [200]
        return browser.page

    def looks_alike(self, browser, priya):
        right = self.silent_page(browser, priya.card_code)
        assert SILENT in right
        assert "Priya" not in right
        for wrong in ("22222222", "unknown", "x" * 60, "1=1"):
            assert self.silent_page(browser, wrong) == right

    def test_a_right_code_and_a_wrong_one_are_answered_alike(self, app, walk, priya, turn):
        self.looks_alike(Browser(app), priya)
        for who in (walk.sam, priya):
            self.looks_alike(Browser(app).sign_in(who), priya)

    def test_to_its_organiser_on_another_day(self, priya, turn, nadia, clock):
        clock.move_to(BEFORE_IT + dt.timedelta(days=1))
        self.looks_alike(nadia, priya)

    def test_to_who_runs_another_group(self, app, session, walk, priya):
        communities.create_group(
            session, community=walk.community, slug="m", name="Menders", organisers=[walk.bela]
        )
        builders.a_claim(session, walk.tail_walker, priya)
        session.commit()
        self.looks_alike(Browser(app).sign_in(walk.bela), priya)

    def test_a_wrong_code_tells_an_organiser_of_today_nothing_either(self, nadia, priya, turn):
        assert SILENT in self.silent_page(nadia, "22222222")

    def test_a_card_of_another_community_tells_nothing(self, session, nadia):
        chi = builders.an_elsewhere(session).chi
        assert SILENT in self.silent_page(nadia, chi.card_code)

    def test_nobody_else_checks_anybody_in(self, app, session, walk, priya, turn):
        for who in (walk.sam, priya):
            browser = Browser(app).sign_in(who)
            token = a_token(browser)
            browser.post(f"/c/{priya.card_code}/here", csrf_token=token, claim=turn.id)
            assert browser.statuses == [404]
        assert arrived(session, turn) is None

    @pytest.mark.parametrize("claim", ["", "0", "-1", "9" * 40, "x", "\u0661"])
    def test_a_number_that_is_none_is_not_found(self, nadia, priya, turn, claim):
        token = a_token(nadia)
        nadia.post(f"/c/{priya.card_code}/here", csrf_token=token, claim=claim)
        assert nadia.statuses == [404]

    def test_a_turn_that_is_not_hers_is_not_found(self, session, walk, nadia, priya):
        token = a_token(nadia)
        other = builders.a_claim(session, walk.marshal, walk.bela)
        session.commit()
        nadia.post(f"/c/{priya.card_code}/here", csrf_token=token, claim=other.id)
        assert nadia.statuses == [404]
        assert arrived(session, other) is None

    def test_guessing_is_braked_and_right_codes_do_not_count(self, ama, priya, turn, nadia):
        for _scan in range(MISSES.amount + 5):
            nadia.open(f"/c/{priya.card_code}")
            assert nadia.statuses == [200]
        for _guess in range(MISSES.amount):
            nadia.open("/c/22222222")
            assert nadia.statuses == [200]
        for code in ("22222222", priya.card_code):
            nadia.open(f"/c/{code}")
            assert nadia.statuses == [429]
        ama.open(f"/c/{priya.card_code}")
        assert ama.statuses == [200]


class TestPaper:
    def test_a_members_own_card_and_a_new_one_when_it_is_lost(self, app, session, walk):
        bela = Browser(app).sign_in(walk.bela)
        old = walk.bela.card_code
        bela.open("/me")
        bela.follow("Show or print my card")
        assert f"{old[:4]}-{old[4:]}" in bela.words
        assert "Bela N" in bela.words
        bela.press("Make a new card")
        assert "Here’s a new card." in bela.words
        assert old[:4] not in bela.words
        session.expire_all()
        new = walk.bela.card_code
        assert f"{new[:4]}-{new[4:]}" in bela.words

    def test_a_coordinator_prints_and_replaces_anybodys(self, session, ama, priya):
        ama.open(f"/people/{priya.id}/qualifications")
        ama.follow("Print their card")
        old = priya.card_code
        assert f"{old[:4]}-{old[4:]}" in ama.words
        ama.press("Make a new card")
        assert ama.path == f"/people/{priya.id}/card"
        session.expire_all()
        assert priya.card_code != old
        chi = builders.an_elsewhere(session).chi
        ama.post(f"/people/{chi.id}/card/replace", csrf_token=a_token(ama))
        assert ama.statuses == [404]
