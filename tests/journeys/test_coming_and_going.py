"""Coming and going: applying with two references, being invited, a break, leaving, erasing."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
import zipfile

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.builders import account_of
from tests.mails import link
from tests.mails import mail
from timebank.domain import ledger
from timebank.domain.joining import applying
from timebank.models import Account
from timebank.models import Joining
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import SignIn
from timebank.models import Standing
from timebank.models import TransferKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
IVY = {"name": "Ivy Low", "email": "ivy@example.com", "about": "I bake.", "phone": "020 7946 0000"}
NAMED = {
    "first_name": "Gus Ray", "first_email": "gus@example.com",
    "second_name": "Una Fox", "second_email": "una@example.com",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def ama(app, walk):
    return Browser(app).sign_in(walk.ama)


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


def by_application(session, walk, references=2):
    applying.set_joining(
        session, community=walk.community, joining=Joining.APPLICATION,
        references_wanted=references, members_invite=False,
    )  # fmt: skip
    session.commit()


def give(session, walk, member, minutes):
    ledger.record(
        session, key=uuid.uuid4(), community_id=walk.community.id,
        debit_id=ledger.opening_account(session, community_id=walk.community.id).id,
        credit_id=account_of(session, member).id, minutes=minutes, kind=TransferKind.OPENING,
        happened_on=NOW.date(), created_by=walk.ama.id, now=NOW,
    )  # fmt: skip
    session.commit()


class TestApplying:
    def test_from_the_page_to_a_coordinators_yes(self, session, app, walk, ama, clock):
        browser = Browser(app)
        ama.open("/people/joining")
        ama.press("Keep it so", joining="application", references="2")
        assert "That’s how people join from now on." in ama.words

        browser.open("/join")
        browser.press("I’d like to join", **IVY, **NAMED)
        assert (browser.path, "A coordinator reads it" in browser.words) == ("/join/thanks", True)
        assert mail(session, NoticeKind.APPLICATION_IN, walk.ama).subject == (
            "Ivy L would like to join"
        )

        gus = Browser(app)
        path = link(mail(session, NoticeKind.REFERENCE_WANTED), "/reference")
        gus.open(path)
        gus.open(path)  # a mail scanner was here first
        assert "A word about Ivy L" in gus.words
        assert "ivy@example.com" not in gus.page
        gus.press("Send it", said="She’s kind.")
        assert "Choose yes, no or not sure" in gus.words
        gus.press("Send it", answer="yes", said="She’s kind.")
        assert "The coordinators have what you wrote." in gus.words
        assert not gus.has_button("Send it")

        clock.shift(dt.timedelta(days=6))
        ama.sign_in(walk.ama)
        ama.open("/people/joining")
        shown = ("Ivy Low", "waiting 6 days", "I bake.", "1 of 2 who know them", "She’s kind.")
        assert [words for words in shown if words not in ama.words] == []
        ama.press("Welcome them: Ivy Low")
        assert "Ivy is a member now." in ama.words
        assert "Ivy Low : welcomed" in ama.words
        assert mail(session, NoticeKind.APPLICATION_ACCEPTED).subject == "Welcome to Bexley"
        gus.open(path)
        assert "The coordinators have what you wrote." in gus.words

    def test_a_polite_no_keeps_the_reason_to_itself(self, session, walk, ama, browser):
        by_application(session, walk, references=0)
        browser.open("/join")
        browser.press("I’d like to join", **IVY)
        ama.open("/people/joining")
        ama.press("Say no politely", reason="  ")
        assert ama.statuses == [422]
        assert "Write down why, for the other coordinators" in ama.words
        ama.press("Say no politely", reason="Lives in Leeds")
        assert "politely and without the reason" in ama.words
        assert "declined: Lives in Leeds" in ama.words
        words = mail(session, NoticeKind.APPLICATION_DECLINED)
        assert "Leeds" not in words.text + words.html

    def test_the_answer_never_tells_whether_an_address_is_known(self, session, walk, app):
        by_application(session, walk, references=0)
        answers = []
        for email in ("bela@example.com", "nobody@example.com", "nobody@example.com"):
            dov = Browser(app)
            dov.open("/join")
            dov.press("I’d like to join", **{**IVY, "email": email})
            answers.append((dov.statuses, dov.path, dov.words))
        assert answers[0] == answers[1] == answers[2]

    def test_nothing_typed_is_lost_and_each_mistake_is_named(self, session, walk, browser):
        by_application(session, walk)
        browser.open("/join")
        browser.press("I’d like to join", **{**IVY, **NAMED, "second_email": "gus@example.com"})
        assert "That’s the same person again." in browser.words
        browser.press("I’d like to join", second_email="ivy@example.com")
        assert "That’s your own address." in browser.words
        browser.press("I’d like to join", phone="ring me", second_email="x")
        assert "Write it like 020 8000 0000" in browser.words
        assert "Enter your e-mail" in browser.words
        for typed in ("Ivy Low", "ivy@example.com", "I bake.", "ring me", "Gus Ray", "Una Fox"):
            assert f'value="{typed}"' in browser.page

    def test_where_it_is_open_the_mailbox_has_a_way_in(self, session, walk, browser):
        browser.open("/join")
        browser.press("I’d like to join", **IVY)
        assert "Look into your mailbox" in browser.words
        assert mail(session, NoticeKind.APPLICATION_ACCEPTED)

    def test_by_invitation_only_says_so(self, session, walk, browser):
        walk.community.joining = Joining.INVITATION
        session.commit()
        browser.open("/join")
        assert "People join here by invitation" in browser.words
        token = Browser(browser.app)
        token.open("/sign-in")
        csrf = token.forms()[0].fields["csrf_token"][0]
        token.post("/join", csrf_token=csrf, **IVY)
        assert token.statuses == [422]

    def test_a_guest_of_the_rota_takes_turns_in_every_mode(self, session, walk, app):
        for mode in (Joining.APPLICATION, Joining.INVITATION):
            walk.community.joining = mode
            session.commit()
            guest = Browser(app)
            guest.open("/e/danson-saturday-stroll/2027-05-01")
            guest.follow("I’ll do it : Marshal")
            guest.press("Count me in", name="Gil Orr", email=f"{mode.value}@example.com")
            assert guest.statuses[-1] == 200
        approved = sa.select(sa.func.count()).where(Membership.approved_at.is_not(None))
        everybody = sa.select(sa.func.count()).select_from(Membership)
        assert session.scalar(everybody) - session.scalar(approved) == 2

    def test_strangers_and_residents_see_no_applications(self, app, walk, session, bela):
        chi = builders.an_elsewhere(session).chi
        for browser in (bela, Browser(app).sign_in(chi), Browser(app).sign_in(walk.nadia)):
            browser.open("/people/joining")
            assert browser.statuses == [404]


class TestInviting:
    def newest_link(self, session):
        return link(mail(session, NoticeKind.INVITED), "/invitation")

    def test_from_a_name_to_a_member_who_is_signed_in(self, session, ama, app):
        ama.open("/invite")
        ama.press("Invite them", name="Gus Ray", email="Gus@Example.com")
        assert "Gus Ray is invited." in ama.words
        assert "invited by Ama O on Tue 20 April" in ama.words
        path = self.newest_link(session)
        gus = Browser(app)
        gus.open(path)
        gus.open(path)
        assert "Ama O invites you to Bexley" in gus.words
        gus.press("I’d like to join", name="Augustus Ray")
        assert (gus.path, "Hello, Augustus" in gus.words) == ("/me", True)
        gus.open(path)
        assert gus.statuses == [404]
        assert "This invitation has run out" in gus.words
        session.expire_all()
        profile = session.scalars(
            sa.select(Profile).where(Profile.email == "gus@example.com")
        ).one()
        assert (profile.full_name, profile.email_confirmed_at) == ("Augustus Ray", NOW)

    def test_taken_back_it_lets_nobody_in(self, session, ama, app):
        ama.open("/invite")
        ama.press("Invite them", name="Gus Ray", email="gus@example.com")
        path = self.newest_link(session)
        ama.press("Take it back: Gus Ray")
        assert "that link doesn’t work any more" in ama.words
        gus = Browser(app)
        gus.open(path)
        assert gus.statuses == [404]

    def test_members_invite_where_they_may(self, session, walk, ama, bela):
        bela.open("/invite")
        assert bela.statuses == [404]
        ama.open("/people/joining")
        ama.press("Keep it so", members_invite="y")
        bela.open("/invite")
        bela.press("Invite them", name="Gus", email="not an address")
        assert bela.statuses == [422]
        bela.press("Invite them", email="sam@example.com")  # who is in already: no hint
        assert "Gus is invited." in bela.words
        assert "Gus invited by Bela N" in bela.words
        assert "Sam" not in bela.words
        letters = sa.text("SELECT count(*) FROM notice WHERE kind = 'invited'")
        assert session.scalar(letters) == 0

    def test_somebody_elses_link_and_number_are_nothing(self, app, session, ama, walk):
        ama.open("/invite")
        ama.press("Invite them", name="Gus Ray", email="gus@example.com")
        path = self.newest_link(session)
        chi = Browser(app, host="ashford.example").sign_in(builders.an_elsewhere(session).chi)
        chi.open(path)
        assert chi.statuses == [404]
        sam = Browser(app)
        sam.open(path.replace("/t/1-", "/t/2-"))
        assert sam.statuses == [404]


class TestTakingABreak:
    def test_until_a_day_with_a_turn_in_between(self, session, walk, bela):
        builders.a_claim(session, walk.marshal, walk.bela)
        session.commit()
        bela.open("/me")
        bela.follow("Take a break")
        bela.press("Take a break", until="2027-04-20")
        assert bela.statuses == [422]
        assert "Choose a day from tomorrow on" in bela.words
        bela.press("Take a break", until="soon")
        assert "Choose a day, or leave it empty" in bela.words
        bela.press("Take a break", until="2027-05-10")
        assert "Nobody asks you anything until Monday 10 May." in bela.words
        assert "You still have these turns. Keep them?" in bela.words
        bela.press("I can’t make it: Marshal")
        assert "You’re off the rota" in bela.words
        assert "You’re taking a break until Monday 10 May." in bela.words
        bela.press("I’m back")
        assert "Welcome back!" in bela.words
        assert "taking a break" not in bela.words

    def test_with_an_open_end(self, walk, bela):
        bela.open("/me/pause")
        bela.press("Take a break")
        assert "until you say you’re back" in bela.words
        assert "You have no turns in that time." in bela.words


class TestLeaving:
    def test_with_hours_for_the_pot(self, session, walk, bela, app):
        give(session, walk, walk.bela, 270)
        builders.a_claim(session, walk.marshal, walk.bela)
        session.commit()
        other = Browser(app).sign_in(walk.bela)
        bela.open("/me/leave")
        for seen in (
            "You have 4½ hours.", "Where should they go?", "1 turn is given back",
            "Marshal , Danson Saturday Stroll, Sat 1 May, 8:45am", "Danson Strollers",
        ):  # fmt: skip
            assert seen in bela.words, seen
        bela.press("Leave")
        assert bela.statuses == [422]
        assert "Choose where your hours should go" in bela.words
        bela.press("Leave", whereto="pot-999999")
        assert bela.statuses == [422]
        pot = session.scalars(sa.select(Account.id).where(Account.group_id == walk.group.id)).one()
        bela.press("Leave", whereto=f"pot-{pot}")
        assert (bela.path, "You’ve left." in bela.words) == ("/", True)
        for screen in (bela, other):
            screen.open("/me")
            assert screen.path == "/sign-in"
        session.expire_all()
        assert session.get(Account, pot).balance == 270
        words = mail(session, NoticeKind.LEFT).text
        assert "Your 4½ hours went to Danson Strollers." in words
        assert mail(session, NoticeKind.DROPPED_OUT, walk.nadia)

    def test_below_zero_is_said_kindly(self, session, walk, bela):
        give(session, walk, walk.sam, 300)
        ledger.record(
            session, key=uuid.uuid4(), community_id=walk.community.id,
            debit_id=account_of(session, walk.bela).id,
            credit_id=account_of(session, walk.sam).id, minutes=120, kind=TransferKind.GIFT,
            happened_on=NOW.date(), created_by=walk.bela.id, now=NOW,
        )  # fmt: skip
        session.commit()
        bela.open("/me/leave")
        assert "You’ve had 2 hours more of help than you’ve given." in bela.words
        bela.press("Leave")
        assert "You’ve left." in bela.words
        session.expire_all()
        assert account_of(session, walk.bela).balance == 0

    def test_kept_hours_are_there_when_they_join_again(self, session, walk, bela, browser):
        give(session, walk, walk.bela, 60)
        bela.open("/me/leave")
        bela.press("Leave", whereto="keep")
        browser.open("/join")
        browser.press("I’d like to join", name="Bela", email="bela@example.com")
        session.expire_all()
        assert walk.bela.standing is Standing.RESIDENT
        bela.sign_in(walk.bela)
        bela.open("/me")
        assert "You have 1 hour" in bela.words

    def test_the_only_coordinator_is_asked_to_find_another(self, walk, ama, session):
        for page in ("/me/leave", "/me/erase"):
            ama.open(page)
            assert "You’re the only coordinator here." in ama.words
            assert not ama.has_button("Leave")
        csrf = ama.forms()[0].fields["csrf_token"][0]
        for page in ("/me/leave", "/me/erase"):
            ama.post(page, csrf_token=csrf, sure="y")
            assert ama.statuses == [422]
        session.expire_all()
        assert walk.ama.standing is Standing.COORDINATOR


class TestBeingForgotten:
    def test_after_taking_everything_along(self, session, walk, bela, app):
        give(session, walk, walk.bela, 90)
        number = walk.bela.id
        bela.open("/me/erase")
        assert f"“Former member {number}”" in bela.words
        file = bela.client.get("/me/data", base_url=bela.base)
        assert (file.mimetype, file.headers["Cache-Control"]) == ("application/zip", "no-store")
        packed = zipfile.ZipFile(io.BytesIO(file.data))
        whole = json.loads(packed.read("data.json"))
        assert whole["profile"][0]["full_name"] == "Bela Novak"
        [hours] = csv.DictReader(io.StringIO(packed.read("hours.csv").decode("utf-8-sig")))
        assert (hours["kind"], hours["minutes"]) == ("opening", "90")

        bela.press("Delete my name and address", whereto="community")
        assert bela.statuses == [422]
        assert "Tick this if you mean it" in bela.words
        bela.press("Delete my name and address", whereto="keep", sure="y")
        assert bela.statuses == [422]  # nobody would ever find them again
        bela.press("Delete my name and address", whereto="community", sure="y")
        assert "Your name and address are deleted." in bela.words
        session.expire_all()
        assert session.get(Profile, walk.bela.person_id) is None
        assert (
            session.scalars(sa.select(SignIn).where(SignIn.person_id == walk.bela.person_id)).all()
            == []
        )
        ask = Browser(app)
        ask.open("/sign-in")
        ask.press("Send me a link", email="bela@example.com")
        assert mail_count(session, walk.bela.person_id) == 0

    def test_formulas_in_the_tables_are_harmless(self, session, walk, bela):
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        claim.note = "=HYPERLINK(1)"
        session.commit()
        file = bela.client.get("/me/data", base_url=bela.base)
        turns = zipfile.ZipFile(io.BytesIO(file.data)).read("turns.csv").decode("utf-8-sig")
        assert "'=HYPERLINK(1)" in turns

    def test_somebody_who_left_can_still_be_forgotten(self, session, walk, bela):
        bela.open("/me/leave")
        bela.press("Leave")
        bela.sign_in(walk.bela)
        bela.open("/me/erase")
        bela.press("Delete my name and address", sure="y")
        assert "Your name and address are deleted." in bela.words


def mail_count(session, person_id):
    return session.scalar(
        sa.text("SELECT count(*) FROM notice WHERE person_id = :person"), {"person": person_id}
    )
