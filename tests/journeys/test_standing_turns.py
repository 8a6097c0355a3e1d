"""Bela comes every Saturday; a newcomer finds room all the same."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from timebank.core.settings import Settings
from timebank.domain import identity
from timebank.jobs import tools
from timebank.jobs import turns
from timebank.models import Claim
from timebank.models import Event
from timebank.models import NoticeKind
from timebank.models import Slot

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
EVENT = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    """Six Saturdays, and Bela's turn on the first."""
    walk = builders.a_walk(session)
    for week in range(1, 6):
        add_date(session, walk, week)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


def add_date(session, walk, week):
    day = walk.event.occurs_on + dt.timedelta(weeks=week)
    event = builders.an_event(session, walk.series, day)
    builders.a_slot(session, event, walk.tail_walker.role)
    builders.a_slot(session, event, walk.marshal.role)
    session.commit()


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


@pytest.fixture
def nightly(settings: Settings):
    opened = tools.open_tools(settings)
    tools.bind(opened)
    yield turns.give_standing_turns
    opened.engine.dispose()
    tools._bound.clear()


def come_every_time(bela, often="every"):
    bela.open("/me")
    bela.follow("Do this every time")
    bela.press("Count me in", often=often)


def days(session, member):
    session.expire_all()
    rows = (
        session.query(Event.occurs_on)
        .join(Claim, Claim.event_id == Event.id)
        .filter(Claim.membership_id == member.id, Claim.live)
        .order_by(Event.occurs_on)
    )
    return [f"{day:%-d %b}" for (day,) in rows]


def test_every_date_from_now_on(walk, session, bela, nightly):
    come_every_time(bela)
    assert "You have 5 more dates, and new ones as they’re planned." in bela.words
    assert "Every date · 6 dates to come" in bela.words
    add_date(session, walk, 6)
    for _ in range(2):
        nightly()
    assert days(session, walk.bela)[-2:] == ["5 Jun", "12 Jun"]


def test_every_first_saturday(walk, session, bela):
    bela.open("/me")
    bela.follow("Do this every time")
    assert "Every first Saturday" in bela.words
    bela.press("Count me in", often="nth")
    assert days(session, walk.bela) == ["1 May", "5 Jun"]
    assert "Every first Saturday · 2 dates to come" in bela.words


def test_one_dropped_date_stays_dropped_and_ending_it_ends_it(walk, session, bela, nightly):
    come_every_time(bela)
    bela.press("I can’t make it: Tail walker, Saturday 8 May")
    nightly()
    assert days(session, walk.bela)[:2] == ["1 May", "15 May"]
    bela.open("/me")
    bela.press("No new dates")
    assert "No new dates from now on. The turns you have stay yours" in bela.words
    add_date(session, walk, 6)
    nightly()
    assert days(session, walk.bela)[-1] == "5 Jun"


def test_a_newcomer_finds_room_and_bela_is_thanked(walk, app, session, bela):
    come_every_time(bela)
    zoe = builders.a_member(session, walk.community, "Zoe Hart")
    identity.confirm_email(session, person_id=zoe.person_id, now=NOW)
    builders.a_claim(session, walk.marshal, walk.sam)
    session.commit()
    newcomer, sam = Browser(app).sign_in(zoe), Browser(app).sign_in(walk.sam)
    sam.open(EVENT)
    assert not sam.has_button("I’ll do it: Tail walker")
    newcomer.open(EVENT)
    assert "Yours, if it’s your first turn" in newcomer.words
    newcomer.press("I’ll do it: Tail walker")
    assert "You’re in. Thank you!" in newcomer.words
    assert days(session, walk.bela)[0] == "8 May"
    words = mail(session, NoticeKind.TURN_YIELDED)
    assert words.subject == "Thank you for making room: tail walker, Sat 1 May"
    bela.open(link(words, f"/claim/{walk.marshal.id}"))
    assert "Marshal" in bela.words


def test_an_organiser_promises_for_somebody_and_they_are_told(walk, app, session):
    nadia = Browser(app).sign_in(walk.nadia)
    second = session.query(Event).filter(Event.occurs_on == dt.date(2027, 5, 8)).one()
    slot = session.query(Slot).filter(
        Slot.event_id == second.id, Slot.role_id == walk.tail_walker.role_id
    )
    nadia.open(f"/e/danson-saturday-stroll/2027-05-08/ask/{slot.one().id}")
    nadia.press("Put them down", name="Sam Tran", how="down", often="every")
    nadia.press("Put them down", who=str(walk.sam.id))
    assert "Sam Tran is down for it." in nadia.words
    assert days(session, walk.sam) == ["8 May", "15 May", "22 May", "29 May", "5 Jun"]
    assert "and not only this once" in mail(session, NoticeKind.PUT_DOWN).text


def test_nobody_else_ends_my_standing_turn(walk, app, session, bela):
    come_every_time(bela)
    for stranger in (walk.sam, builders.an_elsewhere(session).chi):
        browser = Browser(app).sign_in(stranger)
        browser.open("/calendar")
        token = browser.forms()[0].fields["csrf_token"][0]
        for address in ("/me/standing/1/end", "/me/turns/1/every-time"):
            browser.post(address, csrf_token=token, often="every")
            assert browser.statuses == [404]
    bela.open("/me")
    assert "6 dates to come" in bela.words
