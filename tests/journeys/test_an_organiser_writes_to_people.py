"""Story: an organiser writes to people, sees the mail first, and hears what they answer."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.mails import link
from tests.mails import mail
from tests.statements import count_statements
from timebank.core import ids
from timebank.domain.messages import hearing
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import GroupMessage
from timebank.models import MessageAnswer
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Role

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
EVENT = "/e/danson-saturday-stroll/2027-05-01"
WRITE = f"{EVENT}/write"
WORDS = "We meet at the café this time.\nMap: https://example.org/map\n\nSee you there!"
WROTE, NEWS = NoticeKind.ORGANISER_WROTE, NoticeKind.ORGANISER_NEWS
ANSWERED = NoticeKind.MESSAGE_ANSWERED


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    """Bela and Sam have turns on 1 May, and so has Elsie, who has no e-mail."""
    walk = builders.a_walk(session)
    elsie = builders.a_member(session, walk.community, "Elsie Ward", email=None)
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(session, walk.marshal, elsie, place=2)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    return walk


def look(app, walk, **typed):
    """Nadia types a message and looks at the mail."""
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(EVENT)
    nadia.follow("Write to people")
    nadia.press("See the mail first", **{"subject": "Another place", "words": WORDS, **typed})
    return nadia


def notices(session):
    session.expire_all()
    return session.scalars(sa.select(Notice).where(Notice.kind.in_([WROTE, NEWS]))).all()


def test_she_writes_to_everybody_on_the_date_and_sees_the_very_mail_first(walk, session, app):
    nadia = look(app, walk)
    assert "This goes to 2 people by mail." in nadia.words
    assert "No mail reaches 1 more of them." in nadia.words
    assert "Elsie" in nadia.words
    assert "Ward" not in nadia.words
    assert notices(session) == []  # looking sends nothing
    shown = re.search(r'<div class="mail-text">(.*?)</div>', nadia.page, re.DOTALL)[1]
    nadia.press("Send it to 2 people")
    assert "We’re sending it to 2 people." in nadia.words
    assert {one.person_id for one in notices(session)} == {walk.bela.person_id, walk.sam.person_id}

    sent = mail(session, WROTE, walk.bela)
    assert sent.subject == "Another place"
    assert re.sub(r"/t/\S+", "/t/…", sent.text).strip() == shown.strip()
    assert "Nadia K writes about Danson Saturday Stroll" in sent.text
    assert WORDS in sent.text
    assert "because you’re on the rota for this date" in sent.text
    for address in ("nadia@example.com", "sam@example.com", "Khan"):
        assert address not in sent.text + sent.html


def test_what_is_answered_reaches_her_and_she_writes_back_and_nobody_sees_an_address(
    walk, session, app
):
    look(app, walk).press("Send it to 2 people")
    bela = Browser(app)
    path = link(mail(session, WROTE, walk.bela), r"/answer/\d+")
    bela.open(path)
    assert session.query(MessageAnswer).count() == 0  # opening it changes nothing
    assert "We meet at the café this time." in bela.words
    bela.press("Send it", words="May I bring my dog?")
    assert "We’ve passed it on." in bela.words
    assert "You Wed 28 April, 1pm May I bring my dog?" in bela.words

    told = mail(session, ANSWERED, walk.nadia)
    assert told.subject == "Bela N answered: Another place"
    assert "> May I bring my dog?" in told.text
    assert "bela@example.com" not in told.text + told.html

    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(link(told, r"/write/\d+"))
    assert "May I bring my dog?" in nadia.words
    nadia.press("Send it", words="Please do!")
    assert "We’ve passed it on." in nadia.words
    back = mail(session, ANSWERED, walk.bela)
    assert back.subject == "Nadia K wrote back: Another place"
    assert "> Please do!" in back.text
    bela.open(link(back, r"/answer/\d+"))
    assert "Nadia K Wed 28 April, 1pm Please do!" in bela.words
    sam = Browser(app)
    sam.open(link(mail(session, WROTE, walk.sam), r"/answer/\d+"))
    assert "dog" not in sam.words  # what one answers, no other reader sees


def test_sent_twice_from_one_page_it_goes_out_once(walk, session, app):
    nadia = look(app, walk)
    page = nadia.answer
    nadia.press("Send it to 2 people")
    first = nadia.path
    nadia.answer = page  # the button pressed twice, or Back and again
    nadia.press("Send it to 2 people")
    assert nadia.path == first
    assert session.query(GroupMessage).count() == 1
    assert len(notices(session)) == 2
    nadia.answer = page
    nadia.press("Send it to 2 people", words="Something else")
    assert nadia.statuses == [409]
    assert "You’ve sent that already" in nadia.words
    assert "Something else" in nadia.page  # nothing typed is lost
    assert len(notices(session)) == 2
    nadia.press("See the mail first")
    nadia.press("Send it to 2 people")  # looked at, and meant
    assert len(notices(session)) == 4


def test_change_it_leads_back_with_everything_that_was_typed(walk, session, app):
    nadia = look(app, walk)
    nadia.press("Change it")
    [form] = [form for form in nadia.forms() if "subject" in form.fields]
    assert form.fields["subject"] == ["Another place"]
    assert form.fields["words"][0].replace("\r\n", "\n").strip() == WORDS
    assert notices(session) == []


def test_whoever_gave_their_turn_back_meanwhile_gets_nothing(walk, session, app):
    look(app, walk).press("Send it to 2 people")
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    bela.press("I can’t make it")
    assert mail(session, WROTE, walk.bela) is None
    assert mail(session, WROTE, walk.sam)


def test_a_date_called_off_after_it_was_written_drops_it_and_one_written_then_goes(
    walk, session, app
):
    look(app, walk).press("Send it to 2 people")
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{EVENT}/change")
    nadia.press("Cancel this date", kind="weather", cancel_reason="Ice")
    session.expire_all()
    assert session.get(type(walk.event), walk.event.id).state is EventState.CANCELLED
    assert mail(session, WROTE, walk.sam) is None
    nadia = look(app, walk, subject="So sorry")
    nadia.press("Send it to 2 people")
    assert mail(session, WROTE, walk.sam).subject == "So sorry"


def test_whoever_asked_to_hear_is_written_to_and_stops_with_one_tap(walk, session, app):
    bela = Browser(app).sign_in(walk.bela)
    bela.open(EVENT)
    bela.follow("Hear from them")
    bela.press("Tell me the news")
    assert "You’ll hear from the organisers." in bela.words
    nadia = look(app, walk, whom="hearing", subject="Cake on the 8th")
    nadia.press("Send it to 1 person")
    sent = mail(session, NEWS, walk.bela)
    assert "because you asked to hear from the organisers" in sent.text
    stop = link(sent, r"/hear/\d+")
    reader = Browser(app)
    reader.open(stop)
    assert mail(session, NEWS, walk.bela)  # opening it changes nothing
    reader.press("Stop")
    assert "You won’t hear from them any more" in reader.words
    reader.open(stop)  # a used link explains itself
    assert "You don’t hear from the organisers" in reader.words
    assert mail(session, NEWS, walk.bela) is None


def test_a_mail_program_ends_the_news_with_one_post(walk, session, app):
    hearing.start(session, series=walk.series, member=walk.bela)
    session.commit()
    look(app, walk, whom="hearing").press("Send it to 1 person")
    sent = mail(session, NEWS, walk.bela)
    assert sent.stop.endswith(link(sent, r"/hear/\d+"))
    program = Browser(app)
    program.post(link(sent, r"/hear/\d+"), **{"List-Unsubscribe": "One-Click"})
    assert program.answer.status_code == 200
    assert mail(session, NEWS, walk.bela) is None


def test_a_jobs_past_doers_are_written_to(walk, session, app):
    last = builders.an_event(session, walk.series, dt.date(2027, 4, 24))
    done = builders.a_slot(session, last, session.get_one(Role, walk.tail_walker.role_id))
    builders.a_claim(session, done, walk.bela, state=ClaimState.ATTENDED)
    session.commit()
    nadia = look(app, walk, whom=f"job-{walk.tail_walker.role_id}", subject="Again?")
    nadia.press("Send it to 1 person")
    assert "because you did tail walker within the last year" in mail(session, NEWS).text
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    bela.press("Rather not")
    assert mail(session, NEWS, walk.bela) is None


def test_a_new_group_is_limited_and_a_coordinator_lifts_it(walk, session, app):
    kept = GroupMessage(
        community_id=walk.community.id, group_id=walk.group.id, series_id=walk.series.id,
        event_id=walk.event.id, whom="date", subject="x", words="x", written_by=walk.nadia.id,
        intent="00000000-0000-0000-0000-000000000001", people=49, not_by_mail=0,
        created_at=NOW - dt.timedelta(hours=3),
    )  # fmt: skip
    session.add(kept)
    session.commit()
    nadia = look(app, walk)
    nadia.press("Send it to 2 people")
    assert nadia.statuses == [422]
    assert "Of these, 1 are left today, and this would go to 2." in nadia.words
    assert "Another place" in nadia.page
    assert notices(session) == []
    assert not nadia.has_button("Let them write to more")
    ama = Browser(app).sign_in(walk.ama)
    ama.open(WRITE)
    ama.press("Let them write to more")
    nadia.press("See the mail first")
    nadia.press("Send it to 2 people")
    assert len(notices(session)) == 2


def test_what_was_written_is_kept_for_the_groups_organisers_and_the_coordinators(
    walk, session, app
):
    look(app, walk).press("Send it to 2 people")
    ama = Browser(app).sign_in(walk.ama)
    ama.open(WRITE)
    assert "Another place Wed 28 April, 1pm · Nadia K · the rota of Sat 1 May · 2 people" in (
        ama.words
    )
    ama.follow("Another place")
    assert "See you there!" in ama.words
    sam = Browser(app).sign_in(walk.sam)
    sam.open(ama.path)
    assert sam.statuses == [404]


def test_a_link_is_of_one_person_and_one_message(walk, session, app):
    look(app, walk).press("Send it to 2 people")
    [message] = session.query(GroupMessage)
    for purpose, number in (
        (f"answer-{message.id + 1}", walk.bela.id),
        (f"hearing-{message.id}", walk.bela.id),
        (f"answer-{message.id}", 10**9),
    ):
        dov = Browser(app)
        dov.open(f"/t/{ids.signed_token(SECRET, purpose, number)}/answer/{message.id}")
        assert dov.statuses == [404]
    builders.an_elsewhere(session)
    chi = Browser(app, host="ashford.example")
    token = ids.signed_token(SECRET, f"answer-{message.id}", walk.bela.id)
    chi.open(f"/t/{token}/answer/{message.id}")
    assert chi.statuses == [404]


def test_nothing_said_is_refused_beside_the_field(walk, app):
    nadia = look(app, walk, subject=" ", words="")
    assert nadia.statuses == [422]
    assert "Give it a subject" in nadia.words
    nadia.press("See the mail first", subject="x" * 121, words="x" * 4001, whom="nobody")
    for sentence in ("Keep it to 120 letters", "Keep it to 4000 letters", "Choose to whom"):
        assert sentence in nadia.words


def test_a_preview_to_nobody_offers_no_button(walk, session, app):
    nadia = look(app, walk, whom="hearing")
    assert "There’s nobody whom a mail would reach." in nadia.words
    assert not nadia.has_button("Send it")
    nadia.post(WRITE, **_typed(nadia, step="send"))
    assert nadia.statuses == [422]
    assert "There’s nobody a mail would reach." in nadia.words
    assert session.query(GroupMessage).count() == 0


def _typed(browser, **more):
    [form] = [form for form in browser.forms() if "subject" in form.fields]
    return {**form.fields, **more}


def test_the_pages_cost_the_same_however_many_there_are(walk, session, app):
    look(app, walk).press("Send it to 2 people")
    [message] = session.query(GroupMessage)
    pages = (WRITE, f"{WRITE}/{message.id}", link(mail(session, WROTE, walk.bela), r"/answer/\d+"))
    nadia = Browser(app).sign_in(walk.nadia)

    def counts():
        found = []
        for page in pages:
            nadia.open(page)
            with count_statements() as count:
                nadia.open(page)
            found.append(count.total)
        return found

    few = counts()
    for reader in (walk.bela, walk.sam):
        for words in ("One", "Two", "Three"):
            browser = Browser(app)
            browser.open(link(mail(session, WROTE, reader), r"/answer/\d+"))
            browser.press("Send it", words=words)
    look(app, walk).press("Send it to 2 people")
    assert counts() == few
    assert max(few) <= 8


def test_looking_and_sending_cost_the_same_however_many_get_it(walk, session, app):
    counted = []
    for number in range(2):
        nadia = look(app, walk)
        with count_statements() as count:
            nadia.press("Send it to")
        counted.append(count.total)
        if not number:
            more = builders.a_role(session, walk.series, name="Sweep", places=9, position=3)
            slot = builders.a_slot(session, walk.event, more)
            for place in range(1, 9):
                member = builders.a_member(session, walk.community, f"N{place} Lee")
                builders.a_claim(session, slot, member, place=place)
            session.commit()
    assert len(notices(session)) == 12
    assert counted[0] == counted[1]
