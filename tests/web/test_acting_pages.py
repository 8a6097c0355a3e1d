"""Pages of who acts for whom: what a helper sees and does, what a coordinator writes down."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import mail
from tests.statements import count_statements
from timebank.models import Acted
from timebank.models import ActingFor
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import HeldFor
from timebank.models import NoticeKind
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
def grant(session, walk, priya):
    grant = builders.acting_for(session, helper=walk.sam, member=priya, by=walk.ama)
    session.commit()
    return grant


@pytest.fixture
def sam(app, walk, grant):
    return Browser(app).sign_in(walk.sam)


@pytest.fixture
def ama(app, walk):
    return Browser(app).sign_in(walk.ama)


@pytest.fixture
def people(walk, priya):
    return walk, priya


def done(session):
    session.expire_all()
    return [row.what.value for row in session.query(Acted).order_by(Acted.id)]


def a_token(browser):
    browser.open("/calendar")
    return next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)


class TestHelper:
    def test_a_turn_is_taken_undone_and_taken_back(self, session, walk, priya, sam):
        sam.open("/me/for")
        sam.follow("Priya S")
        assert "You act for Priya until Thursday 30 September." in sam.words
        sam.follow("Find something they could do")
        sam.press("Take it for Priya: Tail walker")
        assert "Priya is in. Thank you! Tell them when and where." in sam.words
        assert "Tail walker" in sam.words
        sam.press("They can’t make it")
        assert "Priya is off the rota for that one." in sam.words
        sam.press("Undo")
        assert "Priya is back on the rota. Thank you!" in sam.words
        assert done(session) == ["looked", "took_turn", "dropped_turn", "took_back"]
        claim = session.query(Claim).order_by(Claim.id.desc()).first()
        assert (claim.membership_id, claim.state) == (priya.id, ClaimState.CONFIRMED)

    def test_thanks_are_said_for_them_and_undone(self, session, walk, priya, sam):
        sam.open(f"/me/for/{priya.id}")
        sam.follow("Say thanks for Priya")
        sam.press("Say thanks", name="Sam T", length="60", words="So kind")
        assert sam.statuses == [422]
        assert "Somebody else has to confirm your hours." in sam.words
        assert "So kind" in sam.page
        sam.press("Say thanks", name="Nadia K", typed="1½")
        assert "1½ hours to Nadia K, from Priya. Thank you!" in sam.words
        assert "You, for Priya S: said thanks to Nadia K" in sam.words
        assert "“So kind”" in mail(session, NoticeKind.THANKED, walk.nadia).text
        sam.press("Undo")
        assert "Undone. The hours are back where they came from." in sam.words
        assert done(session) == ["looked", "thanked", "undid_thanks"]
        found = session.query(Exchange).one()
        assert (found.helped_id, found.state) == (priya.id, ExchangeState.UNDONE)

    def test_nobody_else_says_thanks_for_them(self, walk, priya, sam, app):
        sam.open(f"/me/for/{priya.id}/thank")
        for who in (walk.bela, walk.nadia, walk.ama):
            browser = Browser(app).sign_in(who)
            fields = {"csrf_token": a_token(browser), "who": str(walk.nadia.id), "length": "60"}
            browser.post(f"/me/for/{priya.id}/thank", **fields)
            assert browser.statuses == [404]

    def test_a_question_put_to_them_is_answered(self, session, walk, sam):
        builders.acting_for(session, helper=walk.sam, member=walk.bela, by=walk.ama)
        soon = NOW + dt.timedelta(hours=20)
        claim = builders.a_claim(
            session, walk.tail_walker, walk.bela, state=ClaimState.HELD, held_until=soon,
            held_for=HeldFor.ASKED, made_by=walk.nadia,
        )  # fmt: skip
        session.commit()
        sam.open(f"/me/for/{walk.bela.id}")
        assert "Tail walker (asked)" in sam.words
        sam.press("Say yes for them")
        assert "Bela is in." in sam.words
        session.expire_all()
        assert claim.state is ClaimState.CONFIRMED
        assert done(session) == ["looked", "took_turn"]

    def test_a_refusal_says_why(self, session, walk, priya, sam):
        sam.open(f"/me/for/{priya.id}/jobs")
        builders.a_claim(session, walk.tail_walker, walk.bela)
        session.commit()
        sam.press("Take it for Priya: Tail walker")
        assert "Somebody got there a moment before you." in sam.words
        assert sam.path == f"/me/for/{priya.id}/jobs"

    def test_a_double_tap_is_said_kindly(self, walk, priya, sam):
        token = a_token(sam)
        for _tap in range(2):
            sam.post(f"/me/for/{priya.id}/take/{walk.tail_walker.id}", csrf_token=token)
        assert "Priya has that one already." in sam.words

    def test_late_it_asks_for_cover(self, session, walk, priya, sam):
        walk.series.drop_out_hours = 168
        builders.a_claim(session, walk.tail_walker, priya)
        session.commit()
        sam.open(f"/me/for/{priya.id}")
        sam.press("Ask for cover")
        assert "It’s late, so we’re asking for cover." in sam.words
        assert "Somebody is asked to take it over." in sam.words

    def test_papers_are_opened_and_written_down(self, session, walk, priya, sam):
        sam.open(f"/me/for/{priya.id}")
        sam.follow("Print their statement")
        assert "Time account of Priya Sharma" in sam.words
        sam.open(f"/me/for/{priya.id}")
        sam.press("Print their letter")
        assert "Your fortnight, Priya" in sam.words
        assert done(session) == ["looked", "statement", "letter"]
        assert [row.printed_by for row in session.query(PrintedLetter)] == [walk.sam.id]

    def test_what_they_did_for_others_is_not_shown(self, app, session, walk):
        for helper, helped in ((walk.sam, walk.bela), (walk.bela, walk.nadia)):
            builders.acting_for(session, helper=helper, member=helped, by=walk.ama)
        session.commit()
        Browser(app).sign_in(walk.bela).open(f"/me/for/{walk.nadia.id}")
        sam = Browser(app).sign_in(walk.sam)
        sam.open(f"/me/for/{walk.bela.id}")
        sam.open(f"/me/for/{walk.bela.id}")
        assert done(session) == ["looked", "looked"]
        assert sam.words.count("looked at the turns and the time account") == 1
        assert "Nadia" not in sam.words

    def test_below_nought_there_are_only_words(self, session, walk, priya, sam):
        builders.a_gift(session, priya, walk.bela, 120, on=NOW.date())
        session.commit()
        sam.open(f"/me/for/{priya.id}")
        assert "Priya has had 2 hours more of help than they’ve given." in sam.words
        assert "balance__fig" not in sam.page

    def test_when_it_is_over_there_is_no_such_page(self, session, walk, priya, sam):
        token = a_token(sam)
        sam.open("/me/for")
        sam.press("End it now")
        assert "That’s over. What was done stays written down." in sam.words
        for page in ("", "/jobs", "/statement", "/letter"):
            sam.open(f"/me/for/{priya.id}{page}")
            assert sam.statuses == [404], page
        for act in (f"/take/{walk.tail_walker.id}", "/letter"):
            sam.post(f"/me/for/{priya.id}{act}", csrf_token=token)
            assert sam.statuses == [404], act
        assert done(session) == []

    def test_acts_on_turns_of_others_are_not_found(self, session, walk, priya, sam):
        claim = builders.a_claim(session, walk.tail_walker, walk.bela)
        session.commit()
        token = a_token(sam)
        for act in ("cant", "undo"):
            sam.post(f"/me/for/{priya.id}/turns/{claim.id}/{act}", csrf_token=token)
            assert sam.statuses == [404], act

    def test_bela_and_priya_herself_find_no_such_page(self, app, walk, priya, grant):
        for who in (walk.bela, priya, walk.ama):
            other = Browser(app).sign_in(who)
            other.open(f"/me/for/{priya.id}")
            assert other.statuses == [404]

    def test_nobody_ends_what_is_not_theirs(self, app, session, walk, grant):
        bela = Browser(app).sign_in(walk.bela)
        bela.post(f"/me/for/{grant.id}/end", csrf_token=a_token(bela))
        assert bela.statuses == [404]
        chi = Browser(app, host="ashford.example").sign_in(builders.an_elsewhere(session).chi)
        chi.post(f"/me/for/{grant.id}/end", csrf_token=a_token(chi))
        assert chi.statuses == [404]
        session.expire_all()
        assert grant.ended_at is None

    def test_a_page_costs_the_same_however_much_there_is(self, session, walk, priya, sam):
        sam.open(f"/me/for/{priya.id}")
        counted = []
        for week in range(1, 4):
            with count_statements() as count:
                sam.open(f"/me/for/{priya.id}")
            counted.append(count.total)
            event = builders.an_event(
                session, walk.series, walk.series.first_on + dt.timedelta(weeks=week)
            )
            builders.a_claim(session, builders.a_slot(session, event, walk.marshal.role), priya)
            session.commit()
        assert counted == [counted[0]] * 3

    def test_who_is_helped_sees_it_and_ends_it(self, app, session, walk, ama):
        builders.acting_for(session, helper=walk.sam, member=walk.bela, by=walk.ama)
        session.commit()
        Browser(app).sign_in(walk.sam).open(f"/me/for/{walk.bela.id}")
        bela = Browser(app).sign_in(walk.bela)
        bela.open("/me")
        bela.follow("Acting for somebody")
        assert "Sam T, for you: looked at the turns and the time account" in bela.words
        bela.press("End it now: Sam T")
        assert "That’s over." in bela.words


class TestCoordinator:
    def test_she_writes_it_down_sees_it_and_ends_it(self, session, walk, priya, ama):
        ama.open(f"/people/{priya.id}/qualifications")
        ama.follow("Who acts for them, and what was done")
        ama.open(f"/people/{priya.id}/acting?named=sa")
        ama.press("Let them act", helper=walk.sam.id, how_agreed="Rang her on 27 April")
        assert "Sam T may act for Priya S. It’s in both their papers." in ama.words
        grant = session.query(ActingFor).one()
        assert (grant.helper_id, grant.member_id, grant.starts_on, grant.ends_on) == (
            walk.sam.id, priya.id, dt.date(2027, 4, 28), dt.date(2027, 10, 28)
        )  # fmt: skip
        assert "Agreed: “Rang her on 27 April”. Written down by Ama O." in ama.words
        ama.press("End it now: Sam T")
        assert "That’s over." in ama.words
        ama.open(f"/people/{walk.sam.id}/acting")
        assert "For whom Sam T acts" in ama.words

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"helper": ""}, "Look them up by name, then choose one"),
            ({"helper": "1 OR 1=1"}, "Look them up by name, then choose one"),
            ({"starts_on": "31/02/2027"}, "Choose a day"),
            ({"last_day": "2028-05-01"}, "within a year of it"),
            ({"starts_on": "2027-04-27"}, "Choose a first day from today on"),
            ({"last_day": "9999-12-31"}, "within a year of it"),
            ({"starts_on": "9999-12-31", "last_day": "9999-12-31"}, "from today on"),
            ({"how_agreed": " "}, "Say in a few words how they agreed to it"),
            ({"how_agreed": "x" * 201}, "Keep it to 200 letters"),
        ],
    )
    def test_what_cannot_be_used_is_said_and_nothing_typed_is_lost(
        self, session, people, ama, typed, sentence
    ):
        walk, priya = people
        ama.open(f"/people/{priya.id}/acting?named=sa")
        right = {"helper": walk.sam.id, "how_agreed": "Rang her", "last_day": "2027-08-01"}
        ama.press("Let them act", **{**right, **typed})
        assert ama.statuses == [422]
        assert sentence in ama.words
        form = next(one for one in ama.forms() if "Let them act" in one.buttons)
        if "how_agreed" not in typed:
            assert form.fields["how_agreed"] == ["Rang her"]
        if "helper" not in typed:
            assert form.fields["helper"] == [str(walk.sam.id)]
        assert session.query(ActingFor).count() == 0

    def test_somebody_who_was_not_offered_is_refused(self, session, walk, priya, ama):
        chi = builders.an_elsewhere(session).chi
        for helper in (chi.id, priya.id, walk.bela.id):
            ama.open(f"/people/{priya.id}/acting?named=sa")
            ama.press("Let them act", helper=helper, how_agreed="Rang her")
            assert ama.statuses == [422]

    def test_twice_is_refused_beside_the_name(self, session, walk, priya, grant, ama):
        ama.open(f"/people/{priya.id}/acting?named=sa")
        ama.press("Let them act", helper=walk.sam.id, how_agreed="Rang her")
        assert "They may act for them at that time already. End that first." in ama.words

    def test_members_and_grants_of_elsewhere_are_not_found(self, session, walk, priya, grant, ama):
        token = a_token(ama)
        chi = builders.an_elsewhere(session).chi
        ama.open(f"/people/{chi.id}/acting")
        assert ama.statuses == [404]
        for address in (
            f"/people/{chi.id}/acting",
            f"/people/{chi.id}/acting/{grant.id}/end",
            f"/people/{walk.bela.id}/acting/{grant.id}/end",
            f"/people/{priya.id}/acting/999999/end",
        ):
            ama.post(address, csrf_token=token)
            assert ama.statuses == [404], address

    def test_an_organiser_who_does_not_coordinate_finds_nothing(self, app, walk, priya, grant):
        nadia = Browser(app).sign_in(walk.nadia)
        assert "Who acts for them" not in nadia.open(f"/people/{priya.id}/qualifications")
        token = a_token(nadia)
        for address in (
            f"/people/{priya.id}/acting", f"/people/{priya.id}/acting/{grant.id}/end",
            f"/people/{priya.id}/letter", "/people/letters", f"/people/{priya.id}/card/replace",
        ):  # fmt: skip
            nadia.post(address, csrf_token=token)
            assert nadia.statuses == [404], address
