"""A neighbour chooses which mails she gets: by night, once a week, one tap, and never too few."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests import builders
from tests import mail_sink
from tests.browsing import Browser
from tests.mail_sink import Sink
from tests.notices import owe
from timebank.core import clock
from timebank.jobs import notices
from timebank.jobs import reminders
from timebank.jobs import tools
from timebank.models import Notice
from timebank.models import NoticeKind

A_DAY = dt.timedelta(days=1)


@pytest.fixture
def walk(session):
    """A walk in ten days, by the real clock, which the jobs and the database go by."""
    today = clock.local_date(clock.now(), builders.LONDON)
    return builders.a_walk(session, day=today + A_DAY * 10)


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
            return sink.messages[before:]

        yield deliver
        mine.engine.dispose()
        tools._bound.clear()


def text_of(message):
    return message.get_body(("plain",)).get_content()


def path_in(message, part):
    """The path of the link of a mail that holds this part."""
    line = next(line for line in text_of(message).splitlines() if part in line)
    return line.partition("http://localhost")[2].split()[0]


def thanks(session, walk):
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, minutes="90", what="Bread", is_put_right="")


@pytest.fixture
def weekly_mail(session, app, walk, post):
    """Bela has her hours in the weekly mail, with what's on; and here it is."""
    # Each by e-mail, as everybody has it; its foot leads to the page.
    thanks(session, walk)
    [message] = post()
    assert message["Subject"] == "1½ hours added to your time account"
    bela = Browser(app).sign_in(walk.bela)
    bela.open(path_in(message, "/me/mail"))
    tomorrow = clock.local_date(clock.now(), builders.LONDON) + A_DAY
    bela.press("Save", hours="weekly", weekly="y", weekly_on=str(tomorrow.isoweekday()))
    assert "Saved." in bela.words
    thanks(session, walk)
    thanks(session, walk)
    assert post() == []

    # Its hour comes.
    [weekly] = session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.WEEKLY))
    weekly.not_before = clock.now() - dt.timedelta(minutes=1)
    session.commit()
    [message] = post()
    return message


def test_one_a_week_says_it_all_and_its_button_needs_no_sign_in(app, post, weekly_mail):
    said = text_of(weekly_mail)
    assert said.count("1½ hours added to your time account") == 2
    assert "Can’t start without one more" in said
    dov = Browser(app)
    dov.open(path_in(weekly_mail, "/free/"))
    dov.press("I’ll do it")
    assert "You’re in. Thank you!" in dov.words

    # That is an answer to what she did: it always comes, and can't be ended.
    [message] = post()
    assert message["Subject"].startswith("You’re in: tail walker")
    assert message["List-Unsubscribe"] is None


def test_a_mail_program_ends_it_and_what_she_needs_still_comes(
    session, app, walk, post, weekly_mail
):
    way_out = path_in(weekly_mail, "/stop/week")
    answer = app.test_client().post(
        way_out, base_url="http://localhost", data="List-Unsubscribe=One-Click"
    )
    assert answer.status_code == 200
    thanks(session, walk)
    assert post() == []
    dov = Browser(app)
    dov.open(way_out)
    assert "That’s done" in dov.words

    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}/change")
    nadia.press("Cancel this date", kind="weather", cancel_reason="Flooded path")
    [message] = post()
    assert message["Subject"].startswith("Cancelled: Danson Saturday Stroll")
    assert message["List-Unsubscribe"] is None
