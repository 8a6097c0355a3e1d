"""Story: who wants turns in their calendar says so; a no from there leads to one button."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.conftest import SECRET
from tests.invitations import REPLY_ADDRESS
from tests.invitations import answer
from tests.invitations import newest
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain.calendar import replies
from timebank.domain.calendar.invitations import Office
from timebank.models import MailedTurn

pytestmark = pytest.mark.browser
STORY = "turn-by-mail"


def test_a_no_in_a_calendar_leads_to_one_button(
    session: Session, open_screen: OpenScreen, look: Look, post: Post, settings: Settings
) -> None:
    walk = days.a_walk(session)
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/calendar#mail")
    bela.reads("Or with our e-mails", "our e-mail brings it along for your calendar")
    bela.see("on")
    bela.press("Leave my calendar alone")
    bela.reads("Our e-mails leave your calendar alone from now on.")
    bela.see("off")
    bela.press("Bring my turns along")

    bela.open("/e/danson-saturday-stroll")
    bela.press("I’ll do it: Tail walker")
    post.deliver()
    desk = replies.Desk(
        public_url=settings.public_url, secret_key=SECRET, reply_address=REPLY_ADDRESS
    )
    organiser = replies_to(session, desk)
    raw = answer(newest(settings), organizer=f"mailto:{organiser}", to=organiser)
    replies.take(session, raw=raw, desk=desk, now=clock.now())
    session.commit()
    post.deliver()
    question = post.newest()
    assert question.subject == "You said no in your calendar: shall we free your place?"
    bela.open(f"/demo/mail/{question.key}")
    bela.see("the-question")
    bela.page.frame_locator("iframe").get_by_role("link", name="Free my place").click()
    bela.page.wait_for_url("**/cant")
    bela.see("the-button")
    bela.press("I can’t make it")
    bela.reads("You’re off the rota for")


def replies_to(session: Session, desk: replies.Desk) -> str:
    """The address that a reply to the only turn goes to, once an operator has named one."""
    session.rollback()
    number = session.query(MailedTurn.id).scalar()
    office = Office(
        public_url=desk.public_url,
        secret_key=desk.secret_key,
        sender="noreply@localhost",
        reply_address=desk.reply_address,
    )
    return office.organiser(number)
