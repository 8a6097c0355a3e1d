"""Story: Bela's mailbox is gone; nobody writes there in vain, and one sign-in puts it right."""

from __future__ import annotations

import dataclasses
import re

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session

from tests import builders
from tests.bounces import BOUNCE_ADDRESS
from tests.bounces import report
from tests.browsing import Browser
from tests.builders import Walk
from tests.invitations import Postman
from tests.notices import owe
from timebank.cli import main
from timebank.core.settings import Settings

BELA = "bela@example.com"
COMES_BACK = "Our e-mail to you has been coming back since"


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = builders.a_walk(session)
    session.commit()
    return walk


@pytest.fixture
def postman(settings: Settings) -> Postman:
    return Postman(dataclasses.replace(settings, bounce_address=BOUNCE_ADDRESS))


def returns(postman: Postman, raw: bytes) -> None:
    """The mail server's pipe: `timebank read-bounce < mail`."""
    given = {
        name.upper(): str(int(value) if isinstance(value, bool) else value)
        for name, value in dataclasses.asdict(postman.settings).items()
    }
    done = CliRunner().invoke(main, ["read-bounce"], input=raw, env=given | {"DEMO": "1"})
    assert (done.exit_code, done.output) == (0, "")


def test_mail_that_comes_back_stops_is_said_and_starts_again(
    app: Flask, session: Session, walk: Walk, postman: Postman
) -> None:
    owe(session, walk.bela)
    sent = postman.brings_one(session)
    back = str(sent["Return-Path"]).strip("<> ")
    assert back.startswith("back+")
    bela, ama = Browser(app).sign_in(walk.bela), Browser(app).sign_in(walk.ama)

    returns(postman, report(back, "ama@example.com"))  # names somebody else
    returns(postman, report(BOUNCE_ADDRESS, BELA))  # has no token of ours
    assert COMES_BACK not in bela.open("/me") + bela.words
    returns(postman, report(back, BELA))
    bela.open("/me")
    assert COMES_BACK in bela.words
    ama.open("/people/without-email")
    assert "Bela Novak" in ama.words

    owe(session, walk.bela)
    owe(session, walk.ama)
    assert postman.brings_one(session)["To"] == "ama@example.com"

    stranger = Browser(app)
    stranger.open("/sign-in")
    stranger.press("Send me a link", email=BELA)
    mail = postman.brings_one(session)
    assert mail["To"] == BELA
    link = re.search(r"https?://localhost(/sign-in/\S+)", mail.get_body(("plain",)).get_content())
    assert link is not None
    stranger.open(link[1])
    assert COMES_BACK not in stranger.words
    stranger.press("Sign me in")
    bela.open("/me")
    assert COMES_BACK not in bela.words

    owe(session, walk.bela)
    assert postman.brings_one(session)["To"] == BELA


def test_bela_says_herself_that_her_address_is_right(
    app: Flask, session: Session, walk: Walk, postman: Postman
) -> None:
    owe(session, walk.bela)
    back = str(postman.brings_one(session)["Return-Path"]).strip("<> ")
    returns(postman, report(back, BELA))
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    bela.press("It’s right: try again")
    owe(session, walk.bela)
    assert postman.brings_one(session)["To"] == BELA
