"""Coming and going at a screen: joining with a reference, an invitation, a break, and leaving."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from timebank.adapters import maildir
from timebank.adapters.mail import mail_folder
from timebank.core import clock
from timebank.domain import ledger
from timebank.domain.joining import applying
from timebank.models import Joining
from timebank.models import TransferKind

pytestmark = pytest.mark.browser
STORY = "joining"


def link_in_mail(post: Post, ending: str) -> str:
    """Deliver what is due, and look through all of it: the newest may be to somebody else."""
    post.deliver()
    for filed in maildir.newest_mail(mail_folder(post.settings.smtp_url)):
        found = re.search(rf"http://localhost:\d+(\S+{ending})\s", filed.text)
        if found:
            return found[1]
    raise AssertionError(f"no mail with a link to {ending}")


def by_application(session, walk):
    applying.set_joining(
        session, community=walk.community, joining=Joining.APPLICATION,
        references_wanted=1, members_invite=False,
    )  # fmt: skip
    session.commit()


def test_a_neighbour_applies_and_somebody_says_a_word(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    by_application(session, days.a_walk(session))
    ivy = open_screen(STORY, look)
    ivy.open("/join")
    ivy.see("join")
    ivy.press("I’d like to join")
    ivy.reads("Four things to fix")
    ivy.see("join-errors")
    ivy.type("Your name", "Ivy Low")
    ivy.page.locator("#email").fill("ivy@example.com")
    ivy.type("A sentence about yourself", "I bake, and I could use a hand with the hedge.")
    ivy.page.locator("#first_name").fill("Gus Ray")
    ivy.page.locator("#first_email").fill("gus@example.com")
    ivy.press("I’d like to join")
    ivy.reads("Thank you!", "A coordinator reads it and writes to you.")
    ivy.see("thanks")
    gus = open_screen(STORY, look)
    gus.open(link_in_mail(post, "/reference"))
    gus.see("reference")
    gus.choose("Yes")
    gus.type("Anything the coordinators should know?", "Next door for years. Kind.")
    gus.press("Send it")
    gus.reads("Thank you!")
    gus.see("reference-thanks")


def test_a_coordinator_welcomes_them(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    by_application(session, walk)
    now = clock.now() - dt.timedelta(days=9)
    ivy = applying.Applicant(called="Ivy Low", email="ivy@example.com", words="I bake.")
    gus = applying.Named("Gus Ray", "gus@example.com", "")
    applying.apply(session, community=walk.community, applicant=ivy, named=[gus], now=now)
    session.commit()
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/me")
    ama.follow("Who’s joining")
    ama.reads("Ivy Low", "waiting 9 days", "0 of 1 who know them have answered")
    ama.page.get_by_text("How people join").click()
    ama.page.get_by_text("Rather not").click()
    ama.see("waiting")
    ama.press("Say no politely")
    ama.reads("Write down why, for the other coordinators")
    ama.see("why-not")
    ama.press("Welcome them: Ivy Low")
    ama.reads("Ivy is a member now. We’ve written to them.", "Nobody’s waiting.")
    ama.see("welcomed")


def test_somebody_is_invited_and_comes(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    walk = days.a_walk(session)
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/invite")
    ama.type("Their name", "Gus Ray")
    ama.type("Their e-mail", "gus@example.com")
    ama.press("Invite them")
    ama.reads("Gus Ray is invited.", "Not here yet")
    ama.see("invited")
    gus = open_screen(STORY, look)
    gus.open(link_in_mail(post, "/invitation"))
    gus.reads("Ama O invites you to Bexley")
    gus.see("invitation")
    gus.press("I’d like to join")
    gus.reads("Welcome! You’re a member now.", "Hello, Gus")
    gus.see("welcome")
    again = open_screen(STORY, look)
    again.open(link_in_mail(post, "/invitation"))
    again.faults.clear()  # the browser tells of the 404, as it should
    again.reads("This invitation has run out")
    again.see("ran-out")


def give(session, walk, minutes):
    now = clock.now()
    ledger.record(
        session, key=uuid.uuid4(), community_id=walk.community.id,
        debit_id=ledger.opening_account(session, community_id=walk.community.id).id,
        credit_id=builders.account_of(session, walk.bela).id, minutes=minutes,
        kind=TransferKind.OPENING, happened_on=now.date(), created_by=walk.ama.id, now=now,
    )  # fmt: skip


def test_a_break(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me")
    bela.follow("Take a break")
    bela.see("break")
    until = clock.local_date(clock.now(), builders.LONDON) + dt.timedelta(days=30)
    bela.type("When will you be back?", until.isoformat())
    bela.press("Take a break")
    bela.reads("You still have these turns. Keep them?")
    bela.see("break-begun")
    bela.follow("My turns")
    bela.reads("See what’s still yours")
    bela.see("my-turns-away")
    bela.press("I’m back")
    bela.reads("Welcome back!")


def test_goodbye(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    give(session, walk, 270)
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me")
    bela.follow("Leave")
    bela.reads("You have 4½ hours.", "1 turn is given back, and whoever runs it hears of it now:")
    bela.see("leave")
    bela.press("Leave")
    bela.reads("Choose where your hours should go")
    bela.see("leave-where")
    bela.follow("Delete my name and address")
    bela.see("erase")
    bela.press("Delete my name and address")
    bela.reads("Two things to fix")
    bela.see("erase-errors")
    bela.choose("Danson Strollers")
    bela.choose("Yes, delete my name and address for good")
    bela.press("Delete my name and address")
    bela.reads("Your name and address are deleted. Thank you for every hour!")
    bela.see("gone")


def test_a_guest_of_the_rota_is_shown_a_way_to_join(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    by_application(session, walk)
    walk.sam.approved_at = None
    session.commit()
    sam = open_screen(STORY, look, of=walk.sam)
    sam.open("/me")
    sam.reads("Your turns are welcome as they are.")
    sam.see("guest-turns")
    sam.open("/neighbours")
    sam.see("guest-board")
    sam.follow("How to join")
    sam.reads("A coordinator reads what you write and says yes")
    sam.open("/neighbours/thank")
    sam.reads("For this, join the time bank first.")
    sam.see("guest-led-to-joining")
