"""Story: Nadia writes to people, Priya presses Reply, and Nadia reads it and writes back."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from tests import builders
from tests.answers import answer
from tests.browsing import Browser
from tests.invitations import REPLY_ADDRESS
from tests.invitations import Postman
from timebank.app import create_app
from timebank.core import clock
from timebank.db import db
from timebank.jobs import replies

EVENT = "/e/danson-saturday-stroll/{day}"


@pytest.fixture
def settings(settings):
    return dataclasses.replace(settings, reply_address=REPLY_ADDRESS)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session, day=clock.now().date() + dt.timedelta(days=14))
    priya = builders.a_member(session, walk.community, "Priya Shah")
    builders.a_claim(session, walk.marshal, priya)
    session.commit()
    return walk


@pytest.fixture
def postman(settings):
    return Postman(settings)


def arrives(session, settings, raw):
    """The mail server hands a mail over."""
    outcome = replies.take(session, raw=raw, settings=settings, now=clock.now())
    session.commit()
    return outcome


def write(app, walk):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT.format(day=walk.event.occurs_on)}/write")
    nadia.press("See the mail first", subject="Another place", words="We meet at the café.")
    return nadia


def test_she_reads_what_priya_answered_by_mail_and_writes_back(
    session, app, walk, settings, postman
):
    nadia = write(app, walk)
    assert "Just answer this e-mail, and we pass it on to Nadia." in nadia.words
    assert REPLY_ADDRESS not in nadia.page
    nadia.press("Send it to 1 person")
    mail = postman.brings_one(session, in_ten_minutes=True)
    raw = answer(mail["Reply-To"], "Can I bring <b>Otto</b>?\nHe is my dog.",
                 sender="priya.at.work@example.net")  # fmt: skip
    assert arrives(session, settings, raw) == "passed_on"
    told = postman.brings_one(session)
    assert told["Subject"] == "Priya S answered: Another place"

    nadia.open(nadia.path)
    assert "Can I bring &lt;b&gt;Otto&lt;/b&gt;?\nHe is my dog." in nadia.page
    assert "example.net" not in nadia.page + told.as_string()
    nadia.press("Send it", words="Otto is welcome!")
    back = postman.brings_one(session)
    assert back["Subject"] == "Nadia K wrote back: Another place"
    assert arrives(session, settings, answer(back["Reply-To"], "Woof.", message_id="<2@x>")) == (
        "passed_on"
    )
    nadia.open(nadia.path)
    assert "Woof." in nadia.words


def test_a_picture_is_left_out_and_she_is_told(session, app, walk, settings, postman):
    nadia = write(app, walk)
    nadia.press("Send it to 1 person")
    mail = postman.brings_one(session, in_ten_minutes=True)
    head = f"To: {mail['Reply-To']}\nContent-Type: multipart/mixed; boundary=b\n\n"
    words = "--b\nContent-Type: text/plain\n\nLook!\n--b\nContent-Type: image/png\n\nx\n--b--\n"
    assert arrives(session, settings, (head + words).encode()) == "passed_on"
    told = postman.brings_one(session)
    sentence = "A file or picture came with it. We don’t pass those on."
    assert sentence in told.get_body(("plain",)).get_content()
    assert sentence in told.get_body(("html",)).get_content()
    nadia.open(nadia.path)
    assert sentence in nadia.words


def test_where_no_mailbox_is_read_no_mail_says_it_can_be_answered(session, walk, settings):
    off = dataclasses.replace(settings, reply_address="")
    app = create_app(off)
    nadia = write(app, walk)
    assert "Answering this e-mail itself wouldn’t reach them." in nadia.words
    nadia.press("Send it to 1 person")
    mail = Postman(off).brings_one(session, in_ten_minutes=True)
    assert mail["Reply-To"] is None
    assert "Answering this e-mail itself wouldn’t reach them." in (
        mail.get_body(("plain",)).get_content()
    )
    with app.app_context():
        db.engine.dispose()
