from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from sqlalchemy.orm import object_session

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.models import Claim
from timebank.models import Transfer

ADDRESS = "/e/danson-saturday-stroll/2027-05-01/checkin"
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
EARLY = STARTS - dt.timedelta(minutes=12)


@pytest.fixture
def clock():
    with time_machine.travel(EARLY, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session, clock):
    return builders.a_walk(session)


@pytest.fixture
def nadia(app, walk):
    return Browser(app).sign_in(walk.nadia)


def turn(session, slot, member, **details):
    claim = builders.a_claim(session, slot, member, **details)
    session.commit()
    return claim


def test_an_empty_list_says_what_to_do(nadia):
    nadia.open(ADDRESS)
    assert "Nobody on the rota yet. Add people as they turn up." in nadia.words
    assert "Nobody yet: Tail walker." in nadia.words


def test_the_list_says_who_is_here_and_when_it_starts(nadia, walk, session):
    turn(session, walk.marshal, walk.bela)
    turn(session, walk.tail_walker, walk.sam)
    nadia.open(ADDRESS)
    nadia.press("Here: Bela N")
    assert nadia.statuses == [303, 200]
    assert "1 of 2 here. Starts in 12 minutes." in nadia.words
    assert "1½ hours so far." in nadia.words
    assert "First turn" in nadia.words
    assert nadia.page.count('aria-pressed="true"') == 1


def test_what_somebody_told_the_organiser_stands_under_their_job(nadia, app, walk, session):
    turn(session, walk.marshal, walk.bela).note = "I’ll have Mia & <b>Joe</b> with me."
    session.commit()
    nadia.open(ADDRESS)
    assert "“I’ll have Mia &amp; &lt;b&gt;Joe&lt;/b&gt; with me.”" in nadia.page
    sam = Browser(app).sign_in(walk.sam)
    assert "Mia" not in sam.open("/e/danson-saturday-stroll/2027-05-01")


def test_two_phones_that_both_say_here_agree(nadia, app, walk, session):
    turn(session, walk.marshal, walk.bela)
    ama = Browser(app).sign_in(walk.ama)
    nadia.open(ADDRESS)
    ama.open(ADDRESS)
    nadia.press("Here: Bela N")
    ama.press("Here: Bela N")
    assert "1 of 1 here." in ama.words


def test_there_is_no_finish_before_the_start(nadia, walk, session):
    turn(session, walk.marshal, walk.bela)
    nadia.open(ADDRESS)
    assert not nadia.has_button("Finish")
    nadia.post(f"{ADDRESS}/finish", csrf_token=nadia.forms()[0].fields["csrf_token"][0])
    assert "It hasn’t started yet." in nadia.words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (STARTS - dt.timedelta(hours=3), "on Sat 1 May at 7am."),
        (STARTS + dt.timedelta(days=8), "Check-in closed a week after this date."),
    ],
)
def test_outside_its_hours_the_list_is_only_for_reading(app, walk, clock, moment, words):
    session = object_session(walk.event)
    turn(session, walk.marshal, walk.bela)
    clock.move_to(moment)
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(ADDRESS)
    assert words in nadia.words
    assert not any(nadia.has_button(button) for button in ("Here", "Finish", "Add them"))


def test_a_name_that_is_known_is_asked_about_and_nothing_typed_is_lost(nadia, walk, session):
    nadia.open(ADDRESS)
    nadia.press("Add them", name="Bela", slot=str(walk.marshal.id))
    assert nadia.statuses == [422]
    assert "Have they been here before? Choose who it is, or someone new." in nadia.words
    assert "Bela N, who hasn’t come before" in nadia.words
    nadia.press("Add them", who=str(walk.bela.id))
    assert nadia.statuses == [303, 200]
    [claim] = session.query(Claim).all()
    assert (claim.membership_id, claim.slot_id) == (walk.bela.id, walk.marshal.id)


def test_a_walk_up_without_a_name_is_told_so(nadia):
    nadia.open(ADDRESS)
    nadia.press("Add them", name=" ")
    assert nadia.statuses == [422]
    assert "Type the name of whoever just turned up" in nadia.words
    assert "<title>Error: " in nadia.page


def test_a_made_up_job_or_person_is_refused(nadia, walk, session):
    chi = builders.an_elsewhere(session).chi
    nadia.base = "http://localhost"
    nadia.open(ADDRESS)
    for slot in ("999999", "x", "\uff11", "9" * 30):
        nadia.press("Add them", name="Joan Field", slot=slot)
        assert nadia.statuses == [422]
    nadia.press("Add them", name="Joan Field", slot=str(walk.marshal.id), who=str(chi.id))
    assert nadia.statuses == [404]
    assert session.query(Claim).count() == 0


def test_a_turn_whose_account_is_looked_into_waits_and_holds_nobody_up(
    nadia, walk, session, clock
):
    turn(session, walk.marshal, walk.bela)
    turn(session, walk.tail_walker, walk.sam)
    builders.account_of(session, walk.bela).read_only_since = STARTS
    session.commit()
    nadia.open(ADDRESS)
    nadia.press("Here: Bela N")
    nadia.press("Here: Sam T")
    clock.move_to(STARTS + dt.timedelta(hours=2))
    nadia.open(ADDRESS)
    for _ in range(2):
        nadia.press("Finish and credit hours")
        assert "1 neighbour’s hours wait" in nadia.words
        assert "nobody confirms their own hours" not in nadia.words
        assert "Everybody ticked has their hours already" not in nadia.words
    assert session.query(Transfer).count() == 1


def test_hours_are_taken_back_with_a_reason(nadia, walk, session, clock):
    turn(session, walk.marshal, walk.bela)
    nadia.open(ADDRESS)
    nadia.press("Here: Bela N")
    clock.move_to(STARTS + dt.timedelta(hours=2))
    nadia.open(ADDRESS)
    nadia.press("Finish and credit hours")
    assert "Thank you! 1½ hours credited to 1 neighbour." in nadia.words
    assert "1½ hours in" in nadia.words
    claim = session.query(Claim).one()
    nadia.press("Take the hours back", turn=str(claim.id), reason="")
    assert nadia.statuses == [422]
    assert "Say in a few words why the hours go back" in nadia.words
    nadia.press("Take the hours back", turn=str(claim.id), reason="Went home ill")
    assert "1½ hours taken back." in nadia.words
    assert "Wasn’t here" in nadia.words
    assert session.query(Transfer).count() == 2


@pytest.mark.parametrize("who", ["bela", "sam"])
def test_a_resident_finds_no_list(app, walk, who):
    browser = Browser(app).sign_in(getattr(walk, who))
    browser.open(ADDRESS)
    assert browser.statuses == [404]
    for action in ("finish", "walk-up", "take-back", "1/here"):
        answer = browser.client.post(f"{ADDRESS}/{action}", base_url=browser.base)
        assert answer.status_code in {400, 404}


def test_an_organiser_who_is_signed_out_is_led_to_sign_in_and_back(browser, walk):
    browser.open(ADDRESS)
    assert browser.statuses == [303, 200]
    assert browser.answer.request.path == "/sign-in"
    assert browser.answer.request.args["next"] == ADDRESS


def test_the_list_asks_as_often_for_two_as_for_twenty(nadia, walk, session):
    role = builders.a_role(session, walk.series, places=20, name="Picker")
    slot = builders.a_slot(session, walk.event, role)
    counts = []
    for crowd in (range(1, 3), range(3, 21)):
        for number in crowd:
            member = builders.a_member(session, walk.community, f"P{number} Q")
            turn(session, slot, member, place=number)
        with count_statements() as count:
            nadia.open(ADDRESS)
        counts.append(count.total)
    assert counts[0] == counts[1] <= 5
