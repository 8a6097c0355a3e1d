"""Choosing one's mails on one page, and ending them with one tap: with and without a browser."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.mails import link
from tests.mails import mail
from tests.statements import count_statements
from timebank.core import ids
from timebank.domain.exchange import agreeing
from timebank.domain.exchange.agreeing import Agreement
from timebank.domain.notices import choosing
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import Family
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import How
from timebank.models import Lead
from timebank.models import MailChoice
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


def chosen(session, member):
    session.expire_all()
    return choosing.read_choices(session, membership_id=member.id)


def way_out(member, family):
    token = ids.signed_token(SECRET, f"stop-{family}", member.id)
    return f"/t/{token}/stop/{family}"


class TestChoosing:
    def test_my_turns_leads_there_and_it_shows_what_everybody_has(self, bela):
        bela.open("/me")
        bela.follow("Choose which e-mails you get")
        [form] = [one for one in bela.forms() if one.action == "/me/mail"]
        for family in CHOOSABLE:
            assert form.fields[family.value] == ["mail"]
        assert form.fields["reminded"] == ["event"]
        assert "leads" not in form.fields
        assert (form.fields["weekly_on"], form.fields["weekly_hour"]) == (["4"], ["17"])
        assert "weekly" not in form.fields
        assert "What you need always comes" in bela.words

    def test_everything_is_saved_and_shown_again(self, session, walk, bela):
        session.get(Venue, walk.event.venue_id).area = "Danson"
        session.commit()
        bela.open("/me/mail")
        bela.press(
            "Save",
            turns="weekly",
            neighbours="none",
            reminded="own",
            leads=["week", "morning"],
            weekly="y",
            weekly_on="7",
            weekly_hour="9",
            near="Danson",
            quiet_from="21:00",
            quiet_until="07:30",
            paused_until="2027-05-09",
        )
        assert "Saved. It counts from the next e-mail on." in bela.words
        read = chosen(session, walk.bela)
        assert read.hows[Family.TURNS] is How.WEEKLY
        assert read.leads == {Lead.WEEK, Lead.MORNING}
        assert read.quiet == (dt.time(21), dt.time(7, 30))
        assert (read.weekly_on, read.weekly_hour, read.near) == (7, 9, "Danson")
        [form] = [one for one in bela.forms() if one.action == "/me/mail"]
        assert form.fields["quiet_from"] == ["21:00"]
        assert form.fields["paused_until"] == ["2027-05-09"]
        assert form.fields["near"] == ["Danson"]
        assert form.fields["turns"] == ["weekly"]

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"quiet_from": "21:00"}, "Write both, from when until when"),
            ({"quiet_from": "25:00", "quiet_until": "07:00"}, "Write a time, like 21:00"),
            ({"quiet_from": "21:00", "quiet_until": "21:00"}, "and not the same time"),
            ({"paused_until": "2027-04-28"}, "Choose a day from tomorrow on"),
            ({"paused_until": "soon"}, "Choose a day, or leave it empty"),
            ({"turns": "fax"}, "Choose one of these"),
            ({"reminded": "fax"}, "Choose one of the two"),
            ({"leads": ["month"]}, "Choose from these, or none"),
            ({"leads": ["week"]}, "Choose “As I tick here”, or untick these"),
            ({"weekly_on": "8"}, "Choose a day of the week"),
            ({"weekly_hour": "24"}, "Choose an hour"),
            ({"near": "The moon"}, "Choose a part of the place from the list"),
            ({"language": "xx"}, "Choose a language from the list"),
        ],
    )
    def test_what_makes_no_sense_is_said_and_nothing_typed_is_lost(
        self, session, walk, bela, typed, sentence
    ):
        bela.open("/me/mail")
        bela.press("Save", **{"hours": "none", **typed})
        assert bela.statuses == [422]
        assert sentence in bela.words
        [form] = [one for one in bela.forms() if one.action == "/me/mail"]
        assert form.fields["hours"] == ["none"]
        assert session.query(MailChoice).count() == 0

    def test_times_of_ones_own_are_given_up_without_unticking_them(self, session, walk, bela):
        bela.open("/me/mail")
        bela.press("Save", reminded="own", leads=["two_days", "eve"])
        assert chosen(session, walk.bela).leads == {Lead.TWO_DAYS, Lead.EVE}
        bela.press("Save", reminded="event")
        assert chosen(session, walk.bela).leads is None
        bela.press("Save", reminded="own")
        assert chosen(session, walk.bela).leads == frozenset()

    def test_a_page_costs_the_same_however_much_there_is(self, session, walk, bela):
        counted = []
        for _ in range(2):
            with count_statements() as count:
                bela.open("/me/mail")
            counted.append(count.total)
            for number in range(20):
                named = {"name": f"V{number}", "address": "", "area": f"A{number}"}
                session.add(Venue(community_id=walk.community.id, **named))
            session.commit()
        assert counted[0] == counted[1] <= 4

    def test_chi_who_is_no_member_here_has_nothing_to_choose(self, session, app, walk):
        chi = Browser(app).sign_in(builders.an_elsewhere(session).chi)
        chi.open("/me/mail")
        assert "there’s nothing to choose" in chi.words


class TestStopping:
    @pytest.mark.parametrize("family", Family)
    def test_opening_changes_nothing_and_one_button_ends_it(self, session, app, walk, family):
        dov = Browser(app)
        dov.open(way_out(walk.bela, family))
        assert dov.statuses == [200]
        assert session.query(MailChoice).count() == 0
        if family is Family.WEEK:
            assert "That’s done" in dov.words  # it is off unless somebody wants it
            return
        dov.press("No more of these")
        assert dov.statuses == [200]
        assert "We send you no more e-mails about" in dov.words
        assert chosen(session, walk.bela).hows[family] is How.NONE
        dov.open(way_out(walk.bela, family))
        assert "That’s done" in dov.words
        assert "No more of these" not in dov.words

    def test_a_mail_program_needs_no_cookie_and_no_token_and_may_ask_twice(
        self, session, app, walk
    ):
        for _twice in range(2):
            program = app.test_client()
            answer = program.post(
                way_out(walk.bela, Family.HOURS),
                base_url="http://localhost",
                data="List-Unsubscribe=One-Click",
                content_type="application/x-www-form-urlencoded",
            )
            assert answer.status_code == 200  # RFC 8058: no redirect
        assert chosen(session, walk.bela).hows[Family.HOURS] is How.NONE
        assert chosen(session, walk.sam).hows[Family.HOURS] is How.MAIL

    def test_a_program_may_send_a_form_of_parts(self, session, app, walk):
        answer = app.test_client().post(
            way_out(walk.bela, Family.HOURS),
            base_url="http://localhost",
            data={"List-Unsubscribe": "One-Click"},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 200
        assert chosen(session, walk.bela).hows[Family.HOURS] is How.NONE

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_link_is_for_one_person_one_family_and_one_community(
        self, session, app, walk, method
    ):
        elsewhere = builders.an_elsewhere(session)
        token = ids.signed_token(SECRET, "stop-hours", walk.bela.id)
        other = ids.signed_token(SECRET, "claim", walk.bela.id)
        client = app.test_client()
        for address, host in (
            (f"/t/{token}/stop/turns", "localhost"),
            (f"/t/{other}/stop/hours", "localhost"),
            (f"/t/{token[:-1]}x/stop/hours", "localhost"),
            (f"/t/{walk.sam.id}-{token.partition('-')[2]}/stop/hours", "localhost"),
            (f"/t/{token}/stop/sign_in", "localhost"),
            (way_out(walk.bela, Family.HOURS), "ashford.example"),
            (way_out(elsewhere.chi, Family.HOURS), "localhost"),
        ):
            answer = getattr(client, method)(address, base_url=f"http://{host}")
            assert answer.status_code == 404, address
        assert session.query(MailChoice).count() == 0

    def test_no_other_form_is_let_in_without_its_token(self, app, walk):
        answer = app.test_client().post("/me/mail", base_url="http://localhost")
        assert answer.status_code == 400


class TestAFreePlace:
    def link(self, walk, member, slot):
        token = ids.signed_token(SECRET, f"free-{slot.id}", member.id)
        return f"/t/{token}/free/{slot.id}"

    def test_one_button_and_it_is_theirs(self, session, app, walk):
        dov = Browser(app)  # Bela's mail, in a browser where nobody is signed in
        dov.open(self.link(walk, walk.bela, walk.tail_walker))
        assert "Tail walker" in dov.words
        dov.press("I’ll do it")
        assert "You’re in. Thank you!" in dov.words
        dov.open(self.link(walk, walk.bela, walk.tail_walker))
        assert "This one’s yours. Thank you!" in dov.words
        [claim] = session.query(Claim).filter_by(slot_id=walk.tail_walker.id)
        assert (claim.membership_id, claim.state) == (walk.bela.id, ClaimState.CONFIRMED)

    def test_tapped_twice_it_is_taken_once(self, app, walk):
        browsers = [Browser(app), Browser(app)]
        for browser in browsers:
            browser.open(self.link(walk, walk.bela, walk.tail_walker))
        for browser in browsers:
            browser.press("I’ll do it")
            assert browser.statuses[-1] == 200

    def test_who_comes_too_late_is_told_and_shown_another(self, session, app, walk):
        dov = Browser(app)
        dov.open(self.link(walk, walk.bela, walk.tail_walker))
        builders.a_claim(session, walk.tail_walker, walk.sam)
        session.commit()
        dov.press("I’ll do it")
        assert dov.statuses == [409]
        dov.open(self.link(walk, walk.bela, walk.tail_walker))
        assert "Somebody was a moment quicker" in dov.words
        assert "Marshal is still open" in dov.words

    def test_a_date_that_is_over_explains_itself(self, app, walk):
        with time_machine.travel(walk.event.ends_at + dt.timedelta(days=1), tick=False):
            dov = Browser(app)
            dov.open(self.link(walk, walk.bela, walk.tail_walker))
            assert "This date has passed" in dov.words

    def test_it_is_for_one_person_and_one_job(self, session, app, walk):
        token = ids.signed_token(SECRET, f"free-{walk.tail_walker.id}", walk.bela.id)
        chi = builders.an_elsewhere(session).chi
        dov = Browser(app)
        for address in (
            f"/t/{token}/free/{walk.marshal.id}",
            f"/t/{walk.sam.id}-{token.partition('-')[2]}/free/{walk.tail_walker.id}",
            self.link(walk, chi, walk.tail_walker),
        ):
            dov.open(address)
            assert dov.statuses == [404], address


class TestCallingOff:
    @pytest.fixture
    def agreed(self, session, walk):
        made = agreeing.agree(
            session,
            agreement=Agreement(
                helper_id=walk.sam.id,
                helped_id=walk.bela.id,
                payer_id=builders.account_of(session, walk.bela).id,
                what="A lift to the clinic",
                minutes=60,
            ),
            by=walk.bela,
            key=uuid.uuid4(),
            now=NOW,
        )
        session.commit()
        return made

    def link(self, member, exchange):
        token = ids.signed_token(SECRET, f"call-off-{exchange.id}", member.id)
        return f"/t/{token}/call-off/{exchange.id}"

    def test_one_button_in_the_mail_and_the_other_side_knows(self, session, app, walk, agreed):
        words = mail(session, NoticeKind.EXCHANGE_AGREED, walk.sam)
        dov = Browser(app)  # Sam's mail, in a browser where nobody is signed in
        dov.open(link(words, f"/call-off/{agreed.id}"))
        session.refresh(agreed)
        assert agreed.state == "agreed"
        dov.press("I can’t make it")
        assert "It’s called off, and they know." in dov.words
        assert "It’s called off, and both of you know." in dov.words
        session.refresh(agreed)
        assert agreed.state == "cancelled"
        told = session.query(Notice).filter_by(kind=NoticeKind.EXCHANGE_CANCELLED).all()
        assert [one.person_id for one in told] == [walk.bela.person_id]

    def test_tapped_twice_it_tells_once(self, session, app, walk, agreed):
        browsers = [Browser(app), Browser(app)]
        for browser in browsers:
            browser.open(self.link(walk.sam, agreed))
        for browser in browsers:
            browser.press("I can’t make it")
        assert session.query(Notice).filter_by(kind=NoticeKind.EXCHANGE_CANCELLED).count() == 1

    def test_it_is_for_its_two_sides_and_one_agreement(self, session, app, walk, agreed):
        token = ids.signed_token(SECRET, f"call-off-{agreed.id}", walk.sam.id)
        chi = builders.an_elsewhere(session).chi
        dov = Browser(app)
        for address in (
            self.link(walk.nadia, agreed),
            self.link(chi, agreed),
            f"/t/{token}/call-off/{agreed.id + 1}",
            f"/t/{walk.bela.id}-{token.partition('-')[2]}/call-off/{agreed.id}",
        ):
            dov.open(address)
            assert dov.statuses == [404], address
