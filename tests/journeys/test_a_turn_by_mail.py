"""Story: a turn comes with the mail, its no comes back by mail, and one tap frees the place."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from email.message import EmailMessage

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session

from tests import builders
from tests.browsing import Browser
from tests.builders import Walk
from tests.invitations import REPLY_ADDRESS
from tests.invitations import Postman
from tests.invitations import answer
from tests.invitations import calendar_part
from tests.invitations import entry
from tests.invitations import told
from timebank.cli import main
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.models import Claim
from timebank.models import ClaimState

SATURDAY = dt.timedelta(days=30)
OFF_THE_ROTA = "You’re off the rota"


@pytest.fixture
def walk(session: Session) -> Walk:
    day = clock.local_date(clock.now(), builders.LONDON) + SATURDAY
    walk = builders.a_walk(session, day=day)
    session.commit()
    return walk


@pytest.fixture
def postman(settings: Settings) -> Postman:
    return Postman(dataclasses.replace(settings, reply_address=REPLY_ADDRESS))


def hands_over(postman: Postman, raw: bytes) -> None:
    """The mail server's pipe: `timebank read-reply < mail`."""
    given = {
        name.upper(): str(value) for name, value in dataclasses.asdict(postman.settings).items()
    }
    done = CliRunner().invoke(main, ["read-reply"], input=raw, env=given | {"DEMO": "1"})
    assert (done.exit_code, done.output) == (0, "")


def takes(app: Flask, walk: Walk, session: Session, postman: Postman) -> EmailMessage:
    """Bela takes the tail walker's place on the page -> the mail that confirms it."""
    bela = Browser(app).sign_in(walk.bela)
    bela.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}")
    bela.press("I’ll do it: Tail walker")
    return postman.brings_one(session)


def link_in(message: EmailMessage, ending: str) -> str:
    words = message.get_body(("plain",)).get_content()
    return re.search(rf"https?://localhost(/t/\S+/{ending})\s", words)[1]


def state(session: Session, walk: Walk) -> list[ClaimState]:
    session.rollback()
    session.expire_all()
    claims = session.query(Claim).filter_by(membership_id=walk.bela.id).order_by(Claim.id)
    return [claim.state for claim in claims]


def test_no_in_a_calendar_asks_and_one_tap_frees_the_place_once(
    app: Flask, browser: Browser, session: Session, walk: Walk, postman: Postman
) -> None:
    invitation = takes(app, walk, session, postman)
    assert told(invitation)[0] == "REQUEST"
    assert entry(invitation)["SUMMARY"] == "Tail walker: Danson Saturday Stroll"

    hands_over(postman, answer(invitation))
    hands_over(postman, answer(invitation))
    assert state(session, walk) == [ClaimState.CONFIRMED]
    question = postman.brings_one(session)
    assert question["Subject"] == "You said no in your calendar: shall we free your place?"
    assert calendar_part(question) is None

    link = link_in(question, "cant")
    browser.open(link)
    browser.open(link)  # so does the scanner of their mail server
    assert state(session, walk) == [ClaimState.CONFIRMED]
    browser.press("I can’t make it")
    assert OFF_THE_ROTA in browser.words
    assert state(session, walk) == [ClaimState.WITHDRAWN]
    browser.open(link)
    assert not browser.has_button("I can’t make it")
    assert "You’re off the rota for this one already." in browser.words

    mails = {str(one["To"]): one for one in postman.brings(session, in_ten_minutes=True)}
    assert told(mails["bela@example.com"])[0] == "CANCEL"
    assert "Bela N can’t make it" in str(mails["nadia@example.com"]["Subject"])

    hands_over(postman, answer(invitation))  # and their phone says it once more
    assert postman.brings(session, in_ten_minutes=True) == []
    rival = Browser(app).sign_in(walk.sam)
    rival.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}")
    rival.press("I’ll do it: Tail walker")
    browser.open(link)
    assert not browser.has_button("I can’t make it")
    assert state(session, walk) == [ClaimState.WITHDRAWN]


def test_yes_and_maybe_change_nothing(
    app: Flask, session: Session, walk: Walk, postman: Postman
) -> None:
    invitation = takes(app, walk, session, postman)
    for partstat in ("ACCEPTED", "TENTATIVE"):
        hands_over(postman, answer(invitation, partstat))
    assert postman.brings(session) == []
    assert state(session, walk) == [ClaimState.CONFIRMED]


def test_forwarded_to_a_friend_whose_no_frees_nothing(
    app: Flask, session: Session, walk: Walk, postman: Postman
) -> None:
    invitation = takes(app, walk, session, postman)
    hands_over(postman, answer(invitation, sender="friend@example.org"))
    question = postman.brings_one(session)
    assert question["To"] == "bela@example.com"
    assert state(session, walk) == [ClaimState.CONFIRMED]


def test_whose_calendar_reads_our_feed_or_who_would_rather_not_gets_none(
    app: Flask, browser: Browser, session: Session, walk: Walk, postman: Postman
) -> None:
    browser.sign_in(walk.bela).open("/calendar")
    assert "our e-mail brings it along for your calendar" in browser.words
    browser.press("Make my address")
    token = re.search(r"http://localhost(/me/[a-z2-7]{32}\.ics)", browser.page)[1]
    app.test_client().get(token)
    browser.open("/calendar")
    assert "so our e-mails leave your turns out: nothing shows twice" in browser.words
    assert calendar_part(takes(app, walk, session, postman)) is None

    browser.press("Switch it off")
    browser.press("Leave my calendar alone")
    assert "Our e-mails leave your calendar alone from now on." in browser.words
    assert browser.has_button("Bring my turns along")
    browser.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}")
    browser.open("/me")
    browser.press("I can’t make it")
    assert calendar_part(takes(app, walk, session, postman)) is None
    browser.open("/calendar")
    browser.press("Bring my turns along")
    assert browser.has_button("Leave my calendar alone")
