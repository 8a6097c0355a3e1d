"""Story: an organiser writes to people, sees the mail first; one of them answers from the mail."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from tests import answers
from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.conftest import SECRET
from tests.invitations import REPLY_ADDRESS
from timebank.core import clock
from timebank.domain import outbox
from timebank.domain.messages import by_mail
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Role

pytestmark = pytest.mark.browser
STORY = "messages"
WORDS = (
    "The path by the lake is flooded, so we meet at the café instead.\n"
    "Map: https://example.org/a-rather-long-address/to-the-cafe-in-danson-park\n\nSee you there!"
)


@pytest.fixture
def walk(session):
    walk = days.a_walk(session)
    elsie = builders.a_member(session, walk.community, "Elsie Ward", email=None)
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(session, walk.marshal, elsie, place=2)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    return walk


def link_in(mail, ending):
    return re.search(rf"http://localhost:\d+(/\S+{ending})\b", mail.text)[1]


def test_an_organiser_sees_the_mail_before_it_goes(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}")
    nadia.follow("Write to people")
    nadia.reads("New groups write to 50 people a day")
    nadia.see("write")
    nadia.press("See the mail first")
    nadia.reads("Give it a subject")
    nadia.see("write-error")
    type_message(nadia)
    nadia.reads("This goes to 2 people by mail.", "Elsie", "because you’re on the rota")
    nadia.see("preview")
    nadia.press("Change it")
    nadia.see("changed")


def test_a_reader_answers_and_the_organiser_writes_back(
    walk, post: Post, open_screen: OpenScreen, look: Look
) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}/write")
    type_message(nadia)
    nadia.press("Send it to 2 people")
    nadia.reads("We’re sending it to 2 people.", "Nobody has answered yet.")
    nadia.see("sent")
    post.deliver()
    mail = post.newest()
    assert mail.subject == "Another meeting place"
    answer(open_screen(STORY, look), link_in(mail, r"/answer/\d+"))
    post.deliver()
    told = post.newest()
    assert "answered: Another meeting place" in told.subject
    nadia.open(link_in(told, r"/write/\d+"))
    nadia.reads("May I bring my dog?")
    nadia.page.locator("summary", has_text="Write back").click()
    nadia.see("write-back")
    nadia.type("What would you like to say?", "Please do!")
    nadia.press("Send it")
    nadia.reads("We’ve passed it on.", "Please do!")
    post.deliver()
    assert "wrote back: Another meeting place" in post.newest().subject


def test_an_answer_that_came_by_mail_stands_on_the_page_of_the_message(
    walk, session, post: Post, open_screen: OpenScreen, look: Look
) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}/write")
    type_message(nadia)
    nadia.press("Send it to 2 people")
    nadia.reads("Nobody has answered yet.")
    post.deliver()
    desk = by_mail.Desk(secret_key=SECRET, reply_address=REPLY_ADDRESS)
    to_bela = sa.select(Notice).where(
        Notice.kind == NoticeKind.ORGANISER_WROTE, Notice.person_id == walk.bela.person_id
    )
    written = session.scalars(to_bela).one()
    to = desk.answers_to(kind=written.kind, notice_id=written.id, address="bela@example.com")
    raw = answers.answer(to, "May I bring my dog?", sender="home@example.net")
    assert by_mail.take(session, raw=raw, desk=desk, now=clock.now()) == "passed_on"
    session.commit()
    post.deliver()
    told = post.newest()
    nadia.open(link_in(told, r"/write/\d+"))
    nadia.reads("May I bring my dog?", "Bela")
    assert "home@example.net" not in nadia.page.content()
    nadia.see("answered-by-mail")


def type_message(nadia):
    nadia.type("What is it about?", "Another meeting place")
    nadia.type("What would you like to say?", WORDS)
    nadia.press("See the mail first")


def answer(reader, path):
    reader.open(path)
    reader.reads("Nadia K wrote this about", "See you there!")
    reader.see("by-mail")
    reader.press("Send it")
    reader.reads("Write a line or two")
    reader.see("by-mail-error")
    reader.type("What would you like to say?", "May I bring my dog?")
    reader.press("Send it")
    reader.reads("We’ve passed it on.", "May I bring my dog?")
    reader.see("answered")


def test_a_neighbour_hears_from_the_organisers_and_stops(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}")
    bela.see("event")
    bela.follow("Hear from them")
    bela.see("hear")
    bela.press("Tell me the news")
    bela.reads("You’ll hear from the organisers.")
    bela.see("hears")
    bela.press("Stop")
    bela.reads("You won’t hear from them any more")


def test_a_coordinator_sees_what_was_written_and_trusts_the_group(
    walk, session, open_screen: OpenScreen, look: Look
) -> None:
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}/write")
    ama.see("coordinator")
    ama.press("Let them write to more")
    ama.reads("They may write to as many people as other groups now.")


def test_come_again_leads_from_the_mail_to_the_job(
    walk, session, post: Post, open_screen: OpenScreen, look: Look
) -> None:
    """What a newcomer gets some days after their first turn, opened where its buttons lead."""
    now = clock.now()
    first = builders.an_event(session, walk.series, walk.event.occurs_on - dt.timedelta(days=9))
    role = session.get_one(Role, walk.marshal.role_id)
    gus = builders.a_member(session, walk.community, "Gus Tull")
    builders.a_claim(
        session, builders.a_slot(session, first, role), gus, state=ClaimState.ATTENDED
    )
    later = builders.an_event(session, walk.series, walk.event.occurs_on + dt.timedelta(days=7))
    slot = builders.a_slot(session, later, role)
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=walk.community.id, person_id=gus.person_id,
                kind=NoticeKind.COME_AGAIN, dedupe_key="again", not_before=now,
                expires_at=now + dt.timedelta(days=1),
                facts={"slots": str(slot.id), "event_id": str(first.id)},
            )
        ],
    )  # fmt: skip
    session.commit()
    post.deliver()
    mail = post.newest()
    assert mail.subject == "Come again? Turns that might suit you, Gus"
    phone = open_screen(STORY, look)
    phone.page.set_content(mail.html)
    phone.see("come-again-mail")
    phone.open(link_in(mail, rf"/claim/{slot.id}"))
    phone.reads("Marshal")
