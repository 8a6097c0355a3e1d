"""Priya reads no e-mail: a helper acts for her, papers are printed, a card checks her in."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.browser.seeing import Screen
from tests.notices import owe
from timebank.core import clock
from timebank.domain import acting
from timebank.domain.ledger import telling
from timebank.domain.notices import by_letter
from timebank.domain.rota import changing
from timebank.models import ActedWhat
from timebank.models import Claim
from timebank.models import Membership
from timebank.models import NoticeKind

pytestmark = pytest.mark.browser
STORY = "without-email"
PAGE = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture
def walk(session):
    walk = days.a_walk(session)
    walk.series.bring = "Sturdy shoes, and a flask if you like"
    return walk


@pytest.fixture
def priya(session, walk):
    priya = builders.a_member(session, walk.community, "Priya Sharma", email=None)
    priya.person.profile.phone = "020 8300 0101"
    builders.a_gift(session, walk.bela, priya, 90, on=dt.date(2026, 5, 1))
    builders.a_gift(session, priya, walk.nadia, 45, on=days.saturday() - dt.timedelta(days=20))
    session.commit()
    return priya


def test_a_helper_is_named_acts_and_is_seen(
    walk, session, priya, open_screen: OpenScreen, look: Look
) -> None:
    ama, sam = (open_screen(STORY, look, of=one) for one in (walk.ama, walk.sam))
    _ama_names_sam(ama, priya)
    _sam_acts(sam)
    ama.open("/people/without-email")
    ama.reads("Sam Tran")
    ama.see("list")
    ama.press("Print their letter: Priya Sharma")
    ama.reads("Your fortnight, Priya", "Bring: Sturdy shoes, and a flask if you like.")
    ama.see("letter")


def _ama_names_sam(ama: Screen, priya: Membership) -> None:
    ama.open(f"/people/{priya.id}/qualifications")
    ama.see("person")
    ama.follow("Who acts for them, and what was done")
    ama.type("Their helper’s first name", "Sam")
    ama.press("Look them up")
    ama.press("Let them act")
    ama.reads("Look them up by name, then choose one")
    ama.see("who-acts-refused")
    ama.choose("Sam T")
    ama.type("How did they agree to it?", "Rang her this morning")
    ama.press("Let them act")
    ama.reads("Sam T may act for Priya S. It’s in both their papers.")
    ama.see("who-acts")


def _sam_acts(sam: Screen) -> None:
    sam.open("/me")
    sam.follow("Acting for somebody")
    sam.see("ties")
    sam.follow("Priya S")
    sam.follow("See what Priya could do")
    sam.see("jobs")
    sam.press("Take it for Priya: Tail walker")
    sam.reads("Priya is in. Thank you! Tell them when and where.")
    sam.see("for-priya")
    sam.press("They can’t make it")
    sam.press("Undo")
    sam.reads("Priya is back on the rota. Thank you!")
    sam.follow("Print their statement")
    sam.reads("Time account of Priya Sharma")
    sam.see("statement")


def test_a_card_checks_her_in(walk, session, priya, open_screen: OpenScreen, look: Look) -> None:
    event = days.a_walk_under_way(session, walk)
    marshal = builders.a_slot(
        session, event, builders.a_role(session, walk.series, name="Tokens", position=5)
    )
    hers = builders.a_claim(session, marshal, priya)
    session.commit()
    nadia, ama, dov = (open_screen(STORY, look, of=one) for one in (walk.nadia, walk.ama, None))
    ama.open(f"/people/{priya.id}/card")
    ama.reads("Priya S")
    ama.see("card")
    nadia.open(f"/e/danson-saturday-stroll/{event.occurs_on}/checkin")
    code = priya.card_code
    nadia.type("Code of a card", f"{code[:4]} {code[4:]}".lower())
    nadia.press("Whose is it?")
    nadia.reads("Check in Priya S?")
    nadia.see("scanned")
    nadia.press("Check in Priya")
    nadia.reads("Priya is checked in.")
    nadia.see("checked-in")
    session.expire_all()
    assert session.get(Claim, hers.id).arrived_by == walk.nadia.id
    dov.open(f"/c/{code}")
    dov.reads("Ask an organiser")
    dov.reads_nothing_of("Priya")
    dov.see("silent")


def test_each_letter_is_one_sheet_of_paper(
    walk, session, priya, open_screen: OpenScreen, tmp_path
) -> None:
    builders.acting_for(
        session, helper=walk.sam, member=priya, by=walk.ama,
        starts_on=days.saturday() - dt.timedelta(days=30),
        ends_on=days.saturday() + dt.timedelta(days=100),
    )  # fmt: skip
    for name in ("Asha Begum", "Tom Baker"):
        builders.a_member(session, walk.community, name, email=None)
    builders.a_claim(session, walk.tail_walker, priya)
    session.commit()
    ama = open_screen(STORY, Look(1280, "dark"), of=walk.ama)
    ama.open("/people/without-email")
    ama.press("Print all 3 letters")
    assert sheets(ama) == 3
    ama.page.emulate_media(media="print")
    ama.picture("letters-on-paper")
    ama.open(f"/people/{priya.id}/statement")
    assert sheets(ama) == 1
    ama.page.emulate_media(media="print")
    ama.picture("statement-on-paper")
    ama.open(f"/people/{priya.id}/card")
    assert sheets(ama) == 1
    ama.page.emulate_media(media="print")
    ama.picture("card-on-paper")


def test_a_busy_fortnight_stays_on_one_sheet(
    walk, session, priya, open_screen: OpenScreen
) -> None:
    """Ten turns with all that can be said of them, seven news, two helpers, a week of deeds."""
    walk.tail_walker.role.bring = (
        "A whistle, the yellow waistcoat and the list of who set off, please"
    )
    walk.tail_walker.role.arrive_minutes_before = 15
    today = days.saturday() - dt.timedelta(days=8)
    for helper in (walk.sam, walk.bela):
        grant = builders.acting_for(
            session, helper=helper, member=priya, by=walk.ama, starts_on=today,
            ends_on=today + dt.timedelta(days=90),
        )  # fmt: skip
    now = clock.now()
    for back in range(8):
        day = today + dt.timedelta(days=back)
        when = now - dt.timedelta(days=back)
        acting.write_down(session, acting=grant, what=ActedWhat.LETTER, today=day, now=when)
    for later in range(1, 11):
        day = clock.local_date(now, builders.LONDON) + dt.timedelta(days=later)
        if day == walk.event.occurs_on:
            slot = walk.tail_walker
        else:
            event = builders.an_event(session, walk.series, day)
            slot = builders.a_slot(session, event, walk.tail_walker.role)
        builders.a_claim(session, slot, priya)
    for number in range(7):
        owe(session, priya, NoticeKind.HOURS_MOVED, minutes=str(15 * number + 15),
            what="Setting up the long tables in the hall and putting them away again",
            is_put_right="yes")  # fmt: skip
    by_letter.keep_in_step(session)
    session.commit()
    ama = open_screen(STORY, Look(1280, "light"), of=walk.ama)
    ama.open(f"/people/{priya.id}/letter")
    ama.reads("And 4 more: ring us for them.")
    ama.page.emulate_media(media="print")
    ama.picture("busy-letter-on-paper")
    assert sheets(ama) == 1


def test_news_is_on_the_same_sheet(walk, session, priya, open_screen: OpenScreen) -> None:
    """Four things to tell besides a turn; one more is for the next letter."""
    for back in range(1, 6):
        day = days.saturday() - dt.timedelta(days=7 * back)
        gift = builders.a_gift(session, walk.sam, priya, 15 * back, on=day)
        telling.tell_hours_moved(session, transfer_ids=[gift.id], now=clock.now())
    builders.a_claim(session, walk.tail_walker, priya)
    session.commit()
    by_letter.keep_in_step(session)
    session.commit()
    ama = open_screen(STORY, Look(1280, "light"), of=walk.ama)
    ama.open("/people/without-email")
    ama.press("Print 1 letter")
    ama.reads("What’s new", "1 hour added to your time account.")
    ama.reads_nothing_of("1¼ hours added")
    ama.page.emulate_media(media="print")
    ama.picture("news-on-paper")
    assert sheets(ama) == 1
    ama.page.emulate_media(media="screen")
    ama.open(f"/people/{priya.id}/letter")
    ama.reads("This is how it would look now.", "1¼ hours added to your time account.")


def test_whom_to_ring_is_said_first(
    walk, session, priya, open_screen: OpenScreen, look: Look
) -> None:
    builders.a_claim(session, walk.tail_walker, priya)
    session.commit()
    changing.cancel_event(
        session, event=walk.event, reason="The path is flooded", by=walk.nadia, now=clock.now()
    )
    by_letter.keep_in_step(session)
    session.commit()
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/people/without-email")
    ama.reads("Ring these people: a letter may come too late", "020 8300 0101")
    ama.see("to-ring")
    ama.press("Rung: Priya Sharma")
    ama.reads("Priya knows. Thank you for ringing.")
    ama.see("rung")


def sheets(screen: Screen) -> int:
    """How many sheets of A4 the page is."""
    screen.page.emulate_media(media=None)
    return len(PAGE.findall(screen.page.pdf(prefer_css_page_size=True)))


def test_it_all_needs_no_script(walk, session, priya, open_screen: OpenScreen) -> None:
    builders.acting_for(
        session, helper=walk.sam, member=priya, by=walk.ama,
        starts_on=days.saturday() - dt.timedelta(days=30),
        ends_on=days.saturday() + dt.timedelta(days=100),
    )  # fmt: skip
    session.commit()
    sam = open_screen(
        "without-scripts", Look(390, "light"), of=walk.sam, java_script_enabled=False
    )
    sam.open(f"/me/for/{priya.id}/jobs")
    sam.press("Take it for Priya: Tail walker")
    sam.reads("Priya is in. Thank you! Tell them when and where.")
    sam.press("Print their letter")
    sam.reads("Your fortnight, Priya")
    assert sam.faults == []


@pytest.mark.parametrize("page", ["/me/card", "/me/statement/print", "/me/for", "/c/22222222"])
def test_pages_fit_a_narrow_screen(walk, open_screen: OpenScreen, page) -> None:
    bela = open_screen("narrow-without-email", Look(320, "light"), of=walk.bela)
    bela.open(page)
    bela.finds_nothing_wrong()


def test_coordinators_pages_fit_a_narrow_screen(
    walk, session, priya, open_screen: OpenScreen
) -> None:
    ama = open_screen("narrow-without-email", Look(320, "light"), of=walk.ama)
    for page in (
        "/people/without-email", "/people/letters", f"/people/{priya.id}/acting?named=sam",
        f"/people/{priya.id}/statement", f"/c/{priya.card_code}",
    ):  # fmt: skip
        ama.open(page)
        ama.finds_nothing_wrong()
