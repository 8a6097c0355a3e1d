"""One person does most of a job: a gentle word, a suggestion that says why, a yes by mail."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from timebank.core import clock
from timebank.models import ClaimState
from timebank.models import Profile

pytestmark = pytest.mark.browser
STORY = "fair-rota"
ROTA = "/e/danson-saturday-stroll/rota"
PHONE = Look(390, "light")
DESK = Look(1280, "dark")


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    """Of the last seven walks Nadia went last on six, and Bela on one; Sam was never asked."""
    walk = days.a_walk(session)
    for weeks in range(1, 8):
        event = builders.an_event(
            session, walk.series, walk.event.occurs_on - dt.timedelta(weeks=weeks)
        )
        slot = builders.a_slot(session, event, walk.tail_walker.role)
        who = walk.bela if weeks == 2 else walk.nadia
        builders.a_claim(session, slot, who, state=ClaimState.ATTENDED)
    for weeks in range(1, 4):
        event = builders.an_event(
            session, walk.series, walk.event.occurs_on + dt.timedelta(weeks=weeks)
        )
        for slot in (walk.marshal, walk.tail_walker):
            builders.a_slot(session, event, slot.role)
    for member in (walk.nadia, walk.bela, walk.sam):
        session.get_one(Profile, member.person_id).email_confirmed_at = clock.now()
    session.commit()
    return walk


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_from_a_gentle_word_to_a_yes(
    walk, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(ROTA)
    nadia.reads("Tail walker: 6 of the last 7 by Nadia K.")
    nadia.see("gentle-word")
    nadia.follow("Ask someone new?")
    nadia.follow("The next 4 dates")
    nadia.reads("did it before")
    nadia.see("four-dates")
    nadia.follow("The next date")
    nadia.reads("Sam T", "not lately, first time in this job")
    nadia.press("Ask them")
    nadia.reads("Pencilled in. We’ve asked for 1 turn by e-mail.", "Sam T (asked)")
    nadia.see("pencilled")
    post.deliver()
    mail = post.newest()
    sam = open_screen(STORY, look)
    sam.open(re.search(r"http://localhost:\d+(\S+/asked/yes)\s", mail.text)[1])
    sam.press("I’ll do it")
    sam.reads("It’s yours. Thank you!")
    nadia.open(ROTA)
    nadia.reads("Sam T")
    nadia.reads_nothing_of("Sam T (asked)")
