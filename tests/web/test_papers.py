"""Printed statements and letters, and the list of those who read no e-mail."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.models import PrintedLetter

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def priya(session, walk):
    priya = builders.a_member(session, walk.community, "Priya Sharma", email=None)
    session.commit()
    return priya


@pytest.fixture
def ama(app, walk):
    return Browser(app).sign_in(walk.ama)


class TestStatement:
    def test_lines_run_from_what_was_brought_forward_to_what_there_is(self, app, session, walk):
        builders.a_gift(session, walk.sam, walk.bela, 120, on=dt.date(2026, 3, 1))
        builders.a_gift(session, walk.sam, walk.bela, 90, on=dt.date(2027, 4, 2))
        builders.a_gift(session, walk.bela, walk.sam, 30, on=dt.date(2027, 4, 3))
        session.commit()
        bela = Browser(app).sign_in(walk.bela)
        bela.open("/me/statement")
        bela.follow("Print it")
        assert "Time account of Bela Novak" in bela.words
        assert (
            "Brought forward 2 Friday 2 April Sam T, Given to you +1½ 3½"
            " Saturday 3 April Sam T, You gave −½ 3"
        ) in bela.words
        assert "On Wednesday 28 April: 3 hours" in bela.words
        bela.open("/me/statement/print?since=2026-01-01&until=2027-04-02")
        assert "Brought forward 0 Sunday 1 March 2026 Sam T, Given to you +2 2" in bela.words
        assert "On Friday 2 April: 3½ hours" in bela.words
        assert "3 April" not in bela.words

    def test_below_nought_is_said_kindly(self, app, session, walk):
        builders.a_gift(session, walk.bela, walk.sam, 120, on=dt.date(2027, 4, 2))
        session.commit()
        bela = Browser(app).sign_in(walk.bela)
        bela.open("/me/statement/print")
        assert "2 hours more of help had than given. That’s what it’s for." in bela.words

    @pytest.mark.parametrize(
        "days",
        ["since=0001-01-01", "until=0001-01-01", "until=9999-12-31", "since=x&until=\u0661"],
    )
    def test_strange_days_make_a_statement_all_the_same(self, app, walk, days):
        bela = Browser(app).sign_in(walk.bela)
        bela.open(f"/me/statement/print?{days}")
        assert bela.statuses == [200]
        assert "Nothing was written down on these days." in bela.words

    def test_a_long_one_goes_on_another_sheet_at_the_same_cost(self, app, session, walk):
        bela = Browser(app).sign_in(walk.bela)
        counted = []
        for lines in (3, 205):
            for number in range(lines):
                day = dt.date(2027, 4, 1) - dt.timedelta(days=number)
                builders.a_gift(session, walk.sam, walk.bela, 1, on=day)
            session.commit()
            with count_statements() as count:
                bela.open("/me/statement/print")
            counted.append(count.total)
        assert counted == [counted[0]] * 2
        assert "Brought forward 0:08" in bela.words
        bela.follow("Show that sheet")
        assert "Brought forward 0 " in bela.words

    def test_a_coordinator_prints_anybodys_and_nobody_elses(self, session, walk, priya, ama):
        ama.open(f"/people/{priya.id}/qualifications")
        ama.follow("Print their statement")
        assert "Time account of Priya Sharma" in ama.words
        chi = builders.an_elsewhere(session).chi
        for page in ("statement", "letter", "card"):
            ama.open(f"/people/{chi.id}/{page}")
            assert ama.statuses == [404], page


class TestLetters:
    def test_one_letter_says_when_where_and_whom_to_ring(self, session, walk, priya, ama):
        walk.series.bring = "Sturdy shoes"
        builders.a_claim(session, walk.tail_walker, priya)
        builders.a_gift(session, walk.sam, priya, 90, on=dt.date(2027, 4, 2))
        builders.acting_for(session, helper=walk.sam, member=priya, by=walk.ama)
        session.commit()
        ama.open("/people/qualifications")
        ama.follow("People without e-mail")
        assert "Never" in ama.words
        ama.press("Print their letter: Priya Sharma")
        for words in (
            "Your fortnight, Priya",
            "Saturday 1 May, 9am to 10:30am Tail walker, Danson Saturday Stroll Danson Park,",
            "by the boathouse, The boathouse, Danson Park, DA6 8HL",
            "Bring: Sturdy shoes. Nadia is running it.",
            "Over the last four weeks 1½ hours came in to your time account. Thank you!",
            "You have 1½ hours on your time account",
            "Sam T may act for you from Thursday 1 April to Thursday 30 September",
            "Ring us: 020 8000 0000",
        ):
            assert words in ama.words, words
        ama.open("/people/without-email")
        assert "Wednesday 28 April" in ama.words
        assert "Sam Tran" in ama.words

    def test_all_letters_come_on_one_page_and_are_written_down(self, session, walk, priya, ama):
        asha = builders.a_member(session, walk.community, "Asha Begum", email=None)
        session.commit()
        ama.open("/people/without-email")
        ama.press("Print all 2 letters")
        assert ama.page.count('class="sheet-print letter-print') == 2
        assert "Your fortnight, Asha" in ama.words
        assert "Novak" not in ama.page
        printed = {row.membership_id for row in session.query(PrintedLetter)}
        assert printed == {asha.id, priya.id}

    def test_more_letters_cost_no_more_statements(self, session, walk, priya, ama):
        counted = []
        for number in range(3):
            with count_statements() as count:
                ama.open("/people/letters")
            counted.append(count.total)
            member = builders.a_member(session, walk.community, f"P{number} Q", email=None)
            builders.acting_for(session, helper=walk.sam, member=member, by=walk.ama)
            session.commit()
        assert counted == [counted[0]] * 3

    def test_below_nought_a_letter_is_kind(self, session, walk, priya, ama):
        builders.a_gift(session, priya, walk.sam, 120, on=dt.date(2027, 4, 2))
        session.commit()
        ama.open(f"/people/{priya.id}/letter")
        assert "You’ve had 2 hours more of help than you’ve given." in ama.words
        assert "−" not in ama.words

    def test_where_everybody_reads_mail_there_is_nothing_to_print(self, walk, ama):
        ama.open("/people/without-email")
        assert "Everybody here reads e-mail." in ama.words
        assert not ama.has_button("Print")
        ama.open("/people/letters")
        assert "No letters" in ama.words
