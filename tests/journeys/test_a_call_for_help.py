"""Story: somebody is missing; one button asks those who could help, and closes itself."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.statements import count_statements
from timebank.core import clock as wall
from timebank.core import ids
from timebank.domain.notices import letters
from timebank.domain.notices import wording
from timebank.domain.rota import appeals
from timebank.models import AppealAsk
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import Profile
from timebank.models import Role

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
EVENT = "/e/danson-saturday-stroll/2027-05-01"
HELPERS = ("Ann Lee", "Ben Ode", "Cleo Pym", "Dan Quist", "Eve Roy", "Finn Stone", "Gus Tull")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    """Seven neighbours were tail walkers a week ago; next week there are places, too."""
    walk = builders.a_walk(session)
    role = session.get(Role, walk.tail_walker.role_id)
    last = builders.an_event(session, walk.series, dt.date(2027, 4, 24))
    done = builders.a_slot(session, last, role)
    done.places = len(HELPERS)
    session.flush()
    for place, name in enumerate(HELPERS, 1):
        member = builders.a_member(session, walk.community, name)
        builders.a_claim(session, done, member, place=place).state = ClaimState.ATTENDED
    builders.a_slot(session, builders.an_event(session, walk.series, dt.date(2027, 5, 8)), role)
    session.commit()
    return walk


def call_for_help(app, walk, **typed):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(EVENT)
    nadia.follow("Call for help")
    nadia.press("Ask them", **typed)
    return nadia


def mails(session):
    """The mails of the call that still hold, by first name."""
    session.rollback()
    session.expire_all()
    rows = session.execute(
        sa.select(Notice, Profile.full_name)
        .join(Profile, Profile.person_id == Notice.person_id)
        .where(Notice.kind == "call_for_help", Notice.state == "pending")
        .order_by(Notice.id)
    )
    found = {}
    for notice, name in rows:
        letter = letters.read_letter(session, notice_id=notice.id)
        if letters.reason_to_drop(letter) is None:
            found[name.split()[0]] = wording.word(
                letter, public_url="http://localhost", secret_key=SECRET, now=wall.now()
            )
    return found


def link_in(mail):
    return re.search(r"https?://localhost(/t/\S+/help)\b", mail.text)[1]


def test_one_button_asks_and_a_yes_from_the_mail_is_a_turn_at_once(walk, session, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(EVENT)
    nadia.follow("Call for help")
    assert "Ann L has done Tail walker before" in nadia.words  # who, and why
    assert "Lee" not in nadia.words
    nadia.press("Ask them", message="Lovely morning by the lake.\nAnd there’s cake!")
    assert "We’re asking 6 neighbours." in nadia.words
    assert "Asked 6, filled 0." in nadia.words
    assert "we’ll ask more neighbours on Thu 29 April at 8am" in nadia.words

    sent = mails(session)
    assert list(sent) == ["Ann", "Ben", "Cleo", "Dan", "Eve", "Finn"]
    assert sent["Ann"].subject == "Could you be tail walker this Saturday?"
    assert "Nadia K writes:\nLovely morning by the lake.\nAnd there’s cake!" in sent["Ann"].text
    assert "<br>And there’s cake!" in sent["Ann"].html

    ann = Browser(app)
    ann.open(link_in(sent["Ann"]))
    assert "Nadia K writes:" in ann.words
    assert session.query(Claim).filter(Claim.live, Claim.state == "confirmed").count() == 0
    ann.press("I’ll do it")
    assert "You’re in. Thank you!" in ann.words
    assert "Hello, Ann" in ann.words  # the mail proves who it is
    ann.open(link_in(sent["Ann"]))
    assert "This one’s yours." in ann.words

    assert mails(session) == {}  # nobody is asked for what is filled
    nadia.open(f"{EVENT}/help")
    assert "Asked 6, filled 1." in nadia.words
    assert "It was filled on Wed 28 April at 1pm." in nadia.words


def test_late_tappers_are_thanked_and_see_what_is_open_next_week(walk, session, app):
    call_for_help(app, walk)
    sent = mails(session)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    assert mails(session) == {}
    ben = Browser(app)
    ben.open(link_in(sent["Ben"]))
    assert "It’s all filled, thank you!" in ben.words
    assert "Tail walker is still open Needed Danson Saturday Stroll · Sat 8 May" in ben.words
    assert not ben.has_button("I’ll do it")


def test_two_who_tap_at_once_one_is_in_and_the_other_sees_next_week(walk, session, app):
    call_for_help(app, walk)
    sent = mails(session)
    ann, ben = Browser(app), Browser(app)
    for browser, name in ((ann, "Ann"), (ben, "Ben")):
        browser.open(link_in(sent[name]))
    ann.press("I’ll do it")
    ben.press("I’ll do it")
    assert "It’s all filled, thank you!" in ben.words
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/help")
    assert "Yes, but it was filled" in nadia.words


def test_no_is_fine_and_may_be_changed(walk, session, app):
    call_for_help(app, walk)
    ann = Browser(app)
    ann.open(link_in(mails(session)["Ann"]))
    ann.press("Not this time")
    assert "Thanks for telling us. We won’t ask you about this one again." in ann.words
    assert "Changed your mind?" in ann.words
    ann.open("/me")
    assert "Hello" not in ann.words  # a no signs nobody in
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/help")
    assert "Ann L Not this time" in nadia.words


def test_the_organiser_unticks_somebody_and_the_next_wave_leaves_them_out(
    walk, session, app, clock
):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/help")
    [form] = [form for form in nadia.forms() if "shown" in form.fields]
    nadia.press("Ask them", ask=form.fields["ask"][1:])
    assert "We’re asking 5 neighbours." in nadia.words
    clock.shift(24 * HOUR)
    appeals.ask_on(session, now=wall.now())
    session.commit()
    assert list(mails(session)) == ["Ben", "Cleo", "Dan", "Eve", "Finn", "Gus"]


def test_nobody_ticked_is_refused_beside_the_field_and_the_message_stays(walk, session, app):
    nadia = call_for_help(app, walk, ask=[], message="Cake!")
    assert nadia.statuses == [422]
    assert "Tick at least one neighbour" in nadia.words
    assert "Cake!" in nadia.page
    nadia.press("Ask them", ask=["1"], message="x" * 501)
    assert "Keep it to 500 letters" in nadia.words
    assert session.query(AppealAsk).count() == 0


def test_everything_that_is_free_can_be_asked_for_at_once(walk, session, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/help")
    nadia.follow("Everything that’s free (3)")
    nadia.press("Ask them")
    assert "Everything that’s free" in nadia.words
    asked = {ask.slot_id for ask in session.scalars(sa.select(AppealAsk))}
    assert asked == {walk.marshal.id, walk.tail_walker.id}


def test_the_organiser_can_stop_it(walk, session, app):
    nadia = call_for_help(app, walk)
    nadia.press("Stop asking")
    assert "We’ve stopped asking." in nadia.words
    assert "Earlier: Tail walker" in nadia.words
    assert mails(session) == {}


def test_a_second_call_for_the_same_job_is_refused(walk, session, app):
    first, second = (Browser(app).sign_in(walk.nadia) for _ in range(2))
    for one in (first, second):
        one.open(f"{EVENT}/help")
    for one in (first, second):
        one.press("Ask them")
    assert second.statuses == [409]


def test_somebody_who_would_rather_not_be_asked_says_so_once(walk, session, app):
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/me")
    assert "May organisers ask me for help now and then?" in sam.words
    sam.press("Rather not")
    assert "We won’t ask you any more." in sam.words
    sam.press("Yes, ask me")
    assert "twice a month at most" in sam.words


def test_a_link_is_good_for_one_thing_and_one_community(walk, session, app):
    call_for_help(app, walk)
    ask = session.scalars(sa.select(AppealAsk)).first()
    for token in ("nonsense", "1-abc", ids.signed_token(SECRET, "claim", ask.id)):
        dov = Browser(app)
        dov.open(f"/t/{token}/help")
        assert dov.statuses == [404]
    builders.an_elsewhere(session)
    chi = Browser(app, host="ashford.example")
    chi.open(f"/t/{ids.signed_token(SECRET, 'help', ask.id)}/help")
    assert chi.statuses == [404]


def test_the_page_costs_the_same_however_many_were_asked(walk, session, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/help")
    counted = []
    for _ in range(2):
        with count_statements() as count:
            nadia.open(f"{EVENT}/help")
        counted.append(count.total)
        call_for_help(app, walk)
    assert counted == [5, 5]
