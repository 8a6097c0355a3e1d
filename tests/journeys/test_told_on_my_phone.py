"""Bela is told on her phone: she sets it up, is told once each time, loses it, and gets mail."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests import builders
from tests import mail_sink
from tests import phones
from tests import push_sink
from tests.browsing import Browser
from tests.mail_sink import Sink
from tests.notices import owe
from timebank.adapters import push
from timebank.core import clock
from timebank.jobs import notices
from timebank.jobs import reminders
from timebank.jobs import tools
from timebank.models import Notice
from timebank.models import NoticeKind

A_DAY = dt.timedelta(days=1)


@pytest.fixture
def settings(settings):
    return phones.told_here(settings)


@pytest.fixture
def walk(session):
    """A walk tomorrow, by the real clock, which the jobs and the database go by."""
    today = clock.local_date(clock.now(), builders.LONDON)
    return builders.a_walk(session, day=today + A_DAY)


@pytest.fixture
def pushes(tmp_path):
    with push_sink.running(tmp_path) as sink:
        yield sink


@pytest.fixture
def post(settings):
    """Deliver what is due to a real mail server -> the messages that came in."""
    with mail_sink.running(Sink()) as sink:
        mine = tools.open_tools(replace(settings, smtp_url=sink.url))
        tools.bind(mine)

        def deliver():
            before = len(sink.messages)
            reminders.plan_due()
            notices.drain()
            return [message["Subject"] for message in sink.messages[before:]]

        yield deliver
        mine.engine.dispose()
        tools._bound.clear()


def thanks(session, walk, what):
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, minutes="90", what=what, is_put_right="")


@pytest.fixture
def bela(app, session, walk):
    session.commit()
    return Browser(app).sign_in(walk.bela)


def tap(bela, mine):
    """She finds the page from her e-mails, and taps; the script sends what her browser gave it."""
    bela.open("/me")
    bela.follow("Choose which e-mails you get")
    bela.follow("Notices on your phone")
    keys = mine.subscription["keys"]
    bela.press("Tell me on this phone", endpoint=mine.endpoint, **keys)
    assert "This phone is set up." in bela.words


def went(session):
    """How her hours were told: by which way, and how often."""
    session.rollback()
    ways = sa.select(Notice.state, Notice.way).where(Notice.kind == NoticeKind.HOURS_MOVED)
    return [(state.value, way.value) for state, way in session.execute(ways.order_by(Notice.id))]


def test_told_on_my_phone(session, bela, walk, pushes, post):
    mine = pushes.browser("bela")
    tap(bela, mine)

    # Nothing comes there yet: she has chosen nothing.
    thanks(session, walk, "Bread")
    assert post() != []
    assert pushes.received == []

    # She does, and her hours come there, sealed for her browser and signed by us.
    bela.follow("Choose what comes to your phone")
    bela.press("Save", turns="phone", hours="phone")
    thanks(session, walk, "Hemming")
    assert post() == []
    request = pushes.received[-1]
    told = json.loads(mine.read(request.body))
    assert (told["title"], told["body"]) == (
        "1½ hours added to your time account",
        "Hemming\n1½ hours added",
    )
    request.signed_by(push.public_key(phones.KEY))

    # A tap opens a page of hers, not one that acts.
    bela.open(told["address"].removeprefix("http://localhost"))
    assert bela.path == "/me"

    # She tries it.
    bela.open("/me/phone")
    bela.press("Try it")
    assert post() == []
    assert json.loads(mine.read(pushes.received[-1].body))["title"].startswith("A try")

    # Her phone is gone: she is told by mail, and the phone is forgotten.
    pushes.answers["/send/bela"] = 410
    thanks(session, walk, "Cake")
    [subject] = post()
    assert subject == "1½ hours added to your time account"
    bela.open("/me/phone")
    assert "none is set up. Until one is, everything comes by e-mail." in bela.words

    # Everything was told once.
    assert went(session) == [("sent", "mail"), ("sent", "phone"), ("sent", "mail")]
