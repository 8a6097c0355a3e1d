"""Story: a job is full; somebody waits, is offered the place that comes free, and answers."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from timebank.core import clock as wall
from timebank.core import ids
from timebank.domain.notices import letters
from timebank.domain.notices import wording
from timebank.domain.rota import claiming
from timebank.domain.rota import offering
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
EVENT = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


def drop(app, member):
    """Somebody gives their place back."""
    browser = Browser(app).sign_in(member)
    browser.open(EVENT)
    browser.press("I can’t make it: Tail walker")


def wait(app, member):
    browser = Browser(app).sign_in(member)
    browser.open(EVENT)
    browser.press("Tell me if it opens: Tail walker")
    return browser


def minute_passes(session):
    """What the jobs do every minute."""
    claiming.lapse_holds(session, now=wall.now())
    session.commit()
    offering.offer_everywhere(session, now=wall.now())
    session.commit()


def mail_to(session, member, kind):
    """The newest mail of a kind, in its words; None: none, or nothing that still holds."""
    session.rollback()
    session.expire_all()
    notice = session.scalars(
        sa.select(Notice)
        .where(Notice.person_id == member.person_id, Notice.kind == kind)
        .order_by(Notice.id.desc())
    ).first()
    if notice is None:
        return None
    letter = letters.read_letter(session, notice_id=notice.id)
    return wording.word(letter, public_url="http://localhost", secret_key=SECRET, now=wall.now())


def link_in(mail, end):
    return re.search(rf"https?://localhost(/\S*{end})\b", mail.text)[1]


def test_somebody_waits_is_offered_the_place_and_takes_it_from_the_mail(walk, session, app):
    sam = wait(app, walk.sam)
    assert "You’re on the list." in sam.words
    assert "You’re next in line" in sam.words
    assert "Marshal is still open" in sam.words  # an open job beside it
    drop(app, walk.bela)
    mail = mail_to(session, walk.sam, NoticeKind.PLACE_OFFERED)
    assert mail.subject == "A place has come up: tail walker, Sat 1 May"
    assert "kept for you until Wednesday 21 April, 1am" in mail.text  # twelve hours
    assert link_in(mail, "offer") in mail.html

    phone = Browser(app)
    phone.open(link_in(mail, "offer"))
    assert session.scalars(
        sa.select(Claim.state).where(Claim.membership_id == walk.sam.id)
    ).all() == [ClaimState.HELD]  # opening the link changes nothing
    phone.press("I’ll do it")
    assert "It’s yours. Thank you!" in phone.words
    phone.open("/me")
    assert "Hello, Sam" in phone.words
    assert "Tail walker" in phone.words
    phone.open(link_in(mail, "offer"))
    assert "This one’s yours already." in phone.words


def test_a_passer_by_cannot_have_the_place_that_is_kept(walk, session, app):
    wait(app, walk.sam)
    passer_by = Browser(app).sign_in(walk.ama)
    passer_by.open(EVENT)
    drop(app, walk.bela)
    token = passer_by.forms()[0].fields["csrf_token"][0]
    passer_by.post(f"{EVENT}/claim/{walk.tail_walker.id}", csrf_token=token)
    assert passer_by.statuses == [409]
    assert "Tell me if it opens" in passer_by.words


def test_the_offer_shows_on_the_event_and_on_my_turns_with_both_answers(walk, session, app):
    sam = wait(app, walk.sam)
    drop(app, walk.bela)
    for page in (EVENT, "/me"):
        sam.open(page)
        assert "It’s kept for you until 1am, Wed 21 April." in sam.words
        assert sam.has_button("I’ll do it: Tail walker")
        assert not sam.has_button("I can’t make it")
    sam.press("Not this time: Tail walker")
    assert "Thanks for telling us." in sam.words
    assert sam.has_button("I’ll do it: Tail walker")  # free for anybody now


def test_not_this_time_hands_it_to_the_next_at_once(walk, session, app):
    sam = wait(app, walk.sam)
    nadia = wait(app, walk.nadia)
    assert "Number 2 in line" in nadia.words
    drop(app, walk.bela)
    sam.open(EVENT)
    sam.press("Not this time: Tail walker")
    nadia.open(EVENT)
    assert "Kept for you" in nadia.words
    nadia.press("I’ll do it: Tail walker")
    assert "It’s yours. Thank you!" in nadia.words
    assert "This one’s yours." in nadia.words


def test_a_hold_that_runs_out_goes_to_the_next_in_line(walk, session, app, clock):
    wait(app, walk.sam)
    nadia = wait(app, walk.nadia)
    drop(app, walk.bela)
    clock.shift(12 * HOUR - dt.timedelta(minutes=1))
    minute_passes(session)
    nadia.open(EVENT)
    assert "You’re next in line" in nadia.words
    clock.shift(dt.timedelta(minutes=1))
    minute_passes(session)
    nadia.open(EVENT)
    assert "Kept for you" in nadia.words
    token = ids.signed_token(SECRET, "offer", first_claim_of(session, walk.sam))
    sam = Browser(app)
    sam.open(f"/t/{token}/offer")
    assert "This one has gone to somebody else." in sam.words


def first_claim_of(session, member):
    return session.scalar(sa.select(Claim.id).where(Claim.membership_id == member.id))


def test_two_hours_when_the_day_is_near(walk, session, app, clock):
    sam = wait(app, walk.sam)
    clock.move_to(STARTS - 40 * HOUR)
    drop(app, walk.bela)
    sam.open(EVENT)
    assert "It’s kept for you until 7pm, Thu 29 April." in sam.words


def test_on_the_day_everybody_in_line_is_told_and_the_first_tap_has_it(walk, session, app, clock):
    wait(app, walk.sam)
    wait(app, walk.nadia)
    clock.move_to(STARTS - 3 * HOUR)
    drop(app, walk.bela)
    minute_passes(session)
    for member in (walk.sam, walk.nadia):
        mail = mail_to(session, member, NoticeKind.PLACE_FREE)
        assert mail.subject == "There’s a place after all: tail walker, Sat 1 May, 9am"
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(link_in(mail, str(walk.tail_walker.id)))
    nadia.press("Count me in")
    assert "You’re in. Thank you!" in nadia.words
    notice = session.scalars(
        sa.select(Notice).where(
            Notice.person_id == walk.sam.person_id, Notice.kind == "place_free"
        )
    ).one()
    letter = letters.read_letter(session, notice_id=notice.id)
    assert letters.reason_to_drop(letter) == "the place is taken"
    sam = Browser(app).sign_in(walk.sam)
    sam.open(EVENT)
    assert "You’re next in line" in sam.words
    clock.move_to(STARTS)
    minute_passes(session)
    sam.open("/me")
    assert "What you’re waiting for" not in sam.words


def test_somebody_signed_out_gets_a_link_that_leads_back_to_the_list(walk, session, app):
    dov = Browser(app)
    dov.open(EVENT)
    dov.follow("Tell me if it opens")
    assert "Marshal is still open" in dov.words
    dov.press("Tell me if it opens", name="", email="dov@example.com")
    assert "Tell us your name, like Sam Tran" in dov.words
    dov.press("Tell me if it opens", name="Dov Peretz", email="dov@example.com")
    assert "Nearly there, Dov." in dov.words
    notice = session.scalars(sa.select(Notice).where(Notice.kind == "sign_in")).one()
    letter = letters.read_letter(session, notice_id=notice.id)
    mail = wording.word(letter, public_url="http://localhost", secret_key=SECRET, now=wall.now())
    dov.open(re.search(r"https?://localhost(/sign-in/\S+)", mail.text)[1])
    dov.press("Sign me in")
    dov.press("Tell me if it opens")
    assert "You’re next in line" in dov.words


def test_a_free_place_and_ones_own_job_need_no_waiting(walk, session, app):
    sam = Browser(app).sign_in(walk.sam)
    sam.open(f"{EVENT}/claim/{walk.marshal.id}/wait")
    assert "There’s a place free just now." in sam.words
    bela = Browser(app).sign_in(walk.bela)
    bela.open(f"{EVENT}/claim/{walk.tail_walker.id}/wait")
    bela.press("Tell me if it opens")
    assert "This one’s yours already." in bela.words


def test_leaving_the_list_is_one_tap(walk, session, app):
    sam = wait(app, walk.sam)
    sam.press("Leave the list: Tail walker")
    assert "You’re off the list." in sam.words
    assert sam.has_button("Tell me if it opens: Tail walker")


def test_an_offer_is_answered_by_nobody_else(walk, session, app):
    wait(app, walk.sam)
    drop(app, walk.bela)
    offered = first_claim_of(session, walk.sam)
    elsewhere = builders.an_elsewhere(session)
    for stranger in (walk.nadia, elsewhere.chi):
        browser = Browser(app).sign_in(stranger)
        browser.open("/calendar")
        token = next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)
        browser.post(f"/me/waiting/{offered}/yes", csrf_token=token)
        assert browser.statuses == [404]
    chi = Browser(app, host="ashford.example")
    token = ids.signed_token(SECRET, "offer", offered)
    chi.open(f"/t/{token}/offer")
    assert chi.statuses == [404]
    # A link that confirms turns does not answer offers, nor the other way round.
    chi = Browser(app)
    chi.open(f"/t/{ids.signed_token(SECRET, 'claim', offered)}/offer")
    assert chi.statuses == [404]
