"""Story: a first turn, from the welcome before it to three turns that might suit afterwards."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from timebank.jobs import reminders
from timebank.jobs import tools
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Role

EVENT = "/e/danson-saturday-stroll/2027-05-01"
WELCOME, THANKS = NoticeKind.WHAT_TO_EXPECT, NoticeKind.HOURS_CREDITED
AGAIN = NoticeKind.COME_AGAIN


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(at(4, 20, 12), tick=False) as clock:
        yield clock


@pytest.fixture
def job(settings):
    """The jobs run in this process, as the worker would."""
    opened = tools.open_tools(settings)
    tools.bind(opened)
    yield
    opened.engine.dispose()
    tools._bound.clear()


@pytest.fixture
def walk(session):
    """The walk goes on the Saturday after; there is a job for a tail walker and marshals."""
    walk = builders.a_walk(session)
    walk.series.bring = "A bottle of water"
    later = builders.an_event(session, walk.series, dt.date(2027, 5, 15))
    builders.a_slot(session, later, session.get_one(Role, walk.tail_walker.role_id))
    session.commit()
    return walk


def at(month, day, hour):
    return dt.datetime(2027, month, day, hour, tzinfo=dt.UTC)


def kinds(session, member):
    session.expire_all()
    owed = sa.select(Notice.kind).where(Notice.person_id == member.person_id)
    return set(session.scalars(owed))


def take_a_turn(app, session, walk, clock):
    """Sam takes his first turn, is welcomed, is there, and Nadia finishes the date."""
    sam = Browser(app).sign_in(walk.sam)
    sam.open(EVENT)
    sam.press("I’ll do it: Tail walker")
    clock.move_to(at(4, 28, 9))
    reminders.plan_due()
    clock.move_to(at(5, 1, 8))
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/checkin")
    nadia.press("Here")
    clock.move_to(at(5, 1, 10))
    nadia.open(f"{EVENT}/checkin")
    nadia.press("Finish and credit hours")
    return sam


def test_welcome_thanks_and_come_again_once_and_one_tap_leads_to_the_next_turn(
    job, walk, session, app, clock
):
    take_a_turn(app, session, walk, clock)
    welcome = mail(session, WELCOME, walk.sam)
    for said in (
        "Danson Park, by the boathouse",
        "Nadia K is running it.",
        "Bring: A bottle of water",
        "look for Nadia and say it’s your first turn",
    ):
        assert said in welcome.text
    assert "look for Nadia" in welcome.html
    thanks = mail(session, THANKS, walk.sam)
    assert "1½ hours added" in thanks.subject
    assert "That was your first turn, and we were glad to have you." in thanks.text
    assert "That was your first turn" in thanks.html

    clock.move_to(at(5, 5, 9))
    reminders.ask_to_come_again()
    assert AGAIN not in kinds(session, walk.sam)  # not so soon
    clock.move_to(at(5, 6, 9))
    reminders.ask_to_come_again()
    reminders.ask_to_come_again()
    again = mail(session, AGAIN, walk.sam)
    assert again.subject == "Come again? Turns that might suit you, Sam"
    assert "Tail walker, Danson Saturday Stroll" in again.text
    assert "We won’t ask you about this a second time." in again.text

    sam = Browser(app).sign_in(walk.sam)
    sam.open(link(again, r"/claim/\d+"))
    assert session.query(Claim).filter_by(state=ClaimState.CONFIRMED).count() == 0
    sam.press("Count me in")
    assert "You’re in" in sam.words
    assert mail(session, AGAIN, walk.sam) is None  # they have a next turn
    clock.move_to(at(5, 9, 9))
    reminders.ask_to_come_again()
    owed = sa.select(sa.func.count()).where(Notice.kind == AGAIN)
    assert session.scalar(owed) == 1


def test_a_second_turn_is_thanked_without_calling_it_the_first(job, walk, session, app, clock):
    take_a_turn(app, session, walk, clock)
    later = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    slot = builders.a_slot(session, later, session.get_one(Role, walk.marshal.role_id))
    builders.a_claim(session, slot, walk.sam, state=ClaimState.ATTENDED)
    session.commit()
    assert "first turn" not in mail(session, THANKS, walk.sam).text


def test_whoever_signed_up_again_by_themselves_is_not_asked(job, walk, session, app, clock):
    sam = take_a_turn(app, session, walk, clock)
    sam.open("/e/danson-saturday-stroll/2027-05-15")
    sam.press("I’ll do it")
    clock.move_to(at(5, 6, 9))
    reminders.ask_to_come_again()
    assert AGAIN not in kinds(session, walk.sam)
