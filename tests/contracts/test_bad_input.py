"""No input makes a 500: it is refused with a page, or it is harmless."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests import builders
from tests.boards import a_post
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.incoming import a_calendar
from tests.incoming import an_entry
from timebank.core import ids
from timebank.core.csv_tables import read_text
from timebank.domain.calendar.incoming import drafts as incoming
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import contacting
from timebank.domain.exchange import settling
from timebank.domain.exchange import thanking
from timebank.domain.exchange.agreeing import Agreement
from timebank.domain.exchange.thanking import Thanks
from timebank.domain.ledger.member_lists import drafts as lists
from timebank.domain.messages import answering
from timebank.domain.messages import hearing
from timebank.domain.messages import writing
from timebank.domain.messages.reach import Chosen
from timebank.domain.messages.writing import Words
from timebank.domain.rota.importing import drafts
from timebank.models import Audience
from timebank.models import PostKind

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
HOSTILE = [
    b"\x00",
    b"a\x00b",
    b"\xed\xa0\x80",  # half of a surrogate pair, as UTF-8 must not write it
    b"\xff\xfe",
    "\u202egnp.exe".encode(),
    "\u200b\u200d\ufeff".encode(),
    "\uff11\uff12".encode(),  # full-width digits
    b"1_0",
    b"-1",
    b"9" * 40,
    b"1e309",
    b"NaN",
    b"' OR 1=1 --",
    b"{{ 7*7 }}",
    b"<script>alert(1)</script>",
    b"a@x.org\r\nBcc: b@x.org",
    b"../../etc/passwd",
    b"x" * 20_000,
    "\ue001token\ue002".encode(),
]


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def quoted(raw):
    return "".join(f"%{byte:02x}" for byte in raw)


def test_hostile_text_in_addresses_is_answered_with_a_page(app, walk):
    client = app.test_client()
    for raw in (*HOSTILE, b"0000-00-00", b"2027-02-30", b"9999-12-31", b"0001-01-01"):
        for address in (
            "/e/{}", "/e/danson-saturday-stroll/{}", "/t/{}/confirm", "/sign-in/{}",
            "/me/{}.ics", "/t/{}/asked/yes", "/t/{}/turn/1/no", "/t/1-x/turn/{}/yes",
            "/e/danson-saturday-stroll/2027-05-01/ask/{}", "/me/turns/{}/hand-over",
            "/t/{}/invitation", "/t/{}/reference",
            "/t/{}/offer", "/t/{}/help", "/e/danson-saturday-stroll/2027-05-01/help?job={}",
            "/e/danson-saturday-stroll/2027-05-01/claim/{}", "/static/{}",
            "/?kind={}", "/sign-in?next={}", "/e/danson-saturday-stroll/rota?from={}",
            "/f/gaps/{}.ics", "/f/{}/x.ics", "/g/{}/calendar.ics", "/calendar/narrowed/{}",
            "/calendar/narrowed/new?shows={}",
            "/calendar/{}", "/me/statement?before={}", "/e/new?rota={}", "/{}",
            "/e/danson-saturday-stroll/rota?dates={}", "/could-do?near={}", "/could-do?free={}",
            "/could-do?kind={}", "/could-do?first={}", "/could-do?after={}",
            "/e/danson-saturday-stroll/rota/print?from={}",
            "/e/danson-saturday-stroll/suggest?dates={}",
            "/c/{}", "/c?code={}", "/me/for/{}", "/people/{}/letter",
            "/e/danson-saturday-stroll/2027-05-01/sheets/{}",
            "/e/danson-saturday-stroll/2027-05-01/sheets/{}/check",
            "/neighbours/thank?who={}", "/neighbours/thank?post={}", "/neighbours/agree?who={}",
            "/neighbours/agree?post={}", "/neighbours/thanks/{}", "/t/{}/thank",
            "/bank/exchanges/{}",
            "/e/danson-saturday-stroll/suggest?dates={}", "/neighbours?q={}",
            "/neighbours?kind={}", "/neighbours?category={}", "/neighbours?area={}",
            "/neighbours?after={}", "/neighbours?after=ask-{}", "/neighbours/{}",
            "/neighbours/talks/{}", "/t/{}/reply", "/t/{}/keep",
            "/t/{}/stop/turns", "/t/1-x/stop/{}", "/t/{}/free/1", "/t/1-x/free/{}",
            "/t/{}/call-off/1", "/t/1-x/call-off/{}",
            "/demo/mail/kinds/{}", "/demo/mail/kinds/{}/page",
            "/e/{}/hear", "/t/{}/hear/1", "/t/{}/answer/1", "/t/1-x/answer/{}", "/t/1-x/hear/{}",
            "/e/danson-saturday-stroll/2027-05-01/write/{}",
        ):  # fmt: skip
            answer = client.get(address.format(quoted(raw[:2000])), base_url="http://localhost")
            assert answer.status_code < 500, (address, raw)


def pages_of_the_board(session, walk):
    """An ask of Nadia's with Sam's answer, an offer of Sam's, somebody to ring, and by mail."""
    ask, offer = a_post(session, walk.nadia), a_post(session, walk.sam, kind=PostKind.OFFER)
    side = contacting.answer_post(
        session, post=ask, by=walk.bela, words="I can.", wants_a_ring=True, intent=None, now=NOW
    )
    session.commit()
    owner, keep = (
        ids.signed_token(SECRET, purpose, number)
        for purpose, number in (("talk-owner", side.talk.id), ("keep", ask.id))
    )
    return (
        "/neighbours/ask", "/neighbours/offer", f"/neighbours/{ask.id}/change",
        f"/neighbours/{offer.id}", f"/neighbours/{ask.id}/invite/{walk.sam.id}",
        f"/neighbours/talks/{side.talk.id}", "/neighbours/to-ring", f"/t/{owner}/reply",
        f"/t/{keep}/keep",
    )  # fmt: skip


def some_exchanges(session, walk):
    """Three of Nadia's: agreed, thanked for, and seen differently by Sam."""
    helped, payer = walk.nadia.id, builders.account_of(session, walk.nadia).id
    facts = {"helper_id": walk.sam.id, "helped_id": helped, "payer_id": payer, "what": "A lift"}
    agreed = agreeing.agree(
        session, agreement=Agreement(**facts, minutes=60), by=walk.nadia, key=uuid.uuid4(), now=NOW
    )
    done, wrong = (
        thanking.thank(
            session, thanks=Thanks(**facts, minutes=30, happened_on=NOW.date()), by=walk.nadia,
            key=uuid.uuid4(), today=NOW.date(), now=NOW,
        )
        for _ in range(2)
    )  # fmt: skip
    settling.dispute(
        session, exchange=wrong, words="Not so", by=walk.sam, key=uuid.uuid4(), now=NOW
    )
    return agreed, done, wrong


def pages_of_messages(session, walk):
    """A message of Nadia's that Bela answered, both pages of it, and where news is chosen."""
    hearing.start(session, series=walk.series, member=walk.bela)
    message = writing.send(
        session,
        chosen=Chosen(
            community_id=walk.community.id, series_id=walk.series.id, event_id=walk.event.id,
            whom=Audience.HEARING, role_id=None, by=walk.nadia.id,
        ),
        words=Words("News", "Cake"), intent=uuid.uuid4(), now=NOW,
    )  # fmt: skip
    answering.answer(
        session, message=message, reader=walk.bela, words="Yes", intent=uuid.uuid4(), now=NOW
    )
    session.commit()
    token = ids.signed_token(SECRET, f"answer-{message.id}", walk.bela.id)
    stop = ids.signed_token(SECRET, f"hearing-{walk.series.id}", walk.bela.id)
    here = "/e/danson-saturday-stroll"
    return (
        f"{here}/2027-05-01/write", f"{here}/2027-05-01/write/{message.id}", f"{here}/hear",
        f"/t/{token}/answer/{message.id}", f"/t/{stop}/hear/{walk.series.id}",
    )  # fmt: skip


def forms_of(session, browser, walk):
    """Every page with a form that an organiser can see."""
    slot = walk.tail_walker.id
    jobs = "/e/danson-saturday-stroll/jobs"
    role = walk.tail_walker.role_id
    claim = builders.a_claim(session, walk.marshal, walk.nadia)
    builders.acting_for(session, helper=walk.nadia, member=walk.sam, by=walk.ama)
    made = drafts.start(
        session, series=walk.series, by=walk.nadia, now=NOW, file_name="",
        table=read_text("Job,Sat 1 May,32 May,8 May\nTea,Cy,Jo,CANCELLED\nCake,,,CANCELLED\n"),
    )  # fmt: skip
    members = lists.start(
        session, community=walk.community, by=walk.ama, now=NOW, file_name="",
        table=read_text("Name,E-mail,Joined,Hours\n=A,x,31/2/25,x\nBela Novak,,,-3\nJo\nJo,,,1"),
    )  # fmt: skip
    calendar = incoming.start(
        session, group=walk.group, by=walk.nadia, now=NOW, source="",
        raw=a_calendar(an_entry("UID:1", "SUMMARY:=A", "DTSTART:20270501T090000Z")),
    )  # fmt: skip
    agreed, done, wrong = some_exchanges(session, walk)
    session.commit()
    pages = (
        "/calendar/import", f"/calendar/import/{calendar.id}",
        "/people/lists", f"/people/lists/{members.id}",
        f"{jobs}/{role}", f"{jobs}/{role}/edit", f"{jobs}/{role}/together", f"{jobs}/take-in",
        "/neighbours/thank", "/neighbours/agree", f"/neighbours/thanks/{agreed.id}/thank",
        f"/neighbours/thanks/{agreed.id}", f"/neighbours/thanks/{done.id}",
        f"/neighbours/thanks/{wrong.id}", f"/bank/exchanges/{done.id}",
        f"/bank/exchanges/{wrong.id}", f"/me/for/{walk.sam.id}/thank",
        "/people/qualifications", f"/people/{walk.bela.id}/qualifications",
        "/me/for", "/me/card", "/me/busy", f"/me/for/{walk.sam.id}", f"/me/for/{walk.sam.id}/jobs",
        "/sign-in", "/sign-in/code", f"/e/danson-saturday-stroll/2027-05-01/claim/{slot}", "/me",
        "/calendar", "/calendar/narrowed/new", "/e/new", "/e/danson-saturday-stroll/edit",
        "/e/danson-saturday-stroll/2027-05-01/change",
        "/e/danson-saturday-stroll/2027-05-01/jobs",
        "/e/danson-saturday-stroll/2027-05-01/checkin", "/e/danson-saturday-stroll/2027-05-01",
        "/e/danson-saturday-stroll/rota", "/could-do",
        f"/e/danson-saturday-stroll/2027-05-01/ask/{slot}",
        f"/e/danson-saturday-stroll/2027-05-01/friend/{slot}",
        *(f"/me/turns/{claim.id}/{page}" for page in ("hand-over", "every-time")),
        f"/e/danson-saturday-stroll/2027-05-01/claim/{slot}/wait",
        "/e/danson-saturday-stroll/2027-05-01/help",
        "/e/danson-saturday-stroll/rota/import",
        f"/e/danson-saturday-stroll/rota/import/{made.id}",
        "/e/danson-saturday-stroll/suggest?all=yes",
        "/join", "/me/pause", "/me/mail", "/me/phone",
        *pages_of_messages(session, walk),
        "/me/leave", "/me/erase",  # the last: whoever is let go is signed out
        *pages_of_the_board(session, walk),
    )  # fmt: skip
    for page in pages:
        browser.open(page)
        for form in browser.forms():
            if form.method == "post" and "sign-out" not in form.action:
                yield form.action or page, form.fields


# An organiser sees hundreds of forms: beside other work that takes more than two minutes.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", [None, "nadia", "ama"])
def test_hostile_text_in_forms_is_answered_with_a_page(app, walk, session, who):
    browser = Browser(app)
    if who:
        browser.sign_in(getattr(walk, who))
    forms = {
        (action, *((name, len(values)) for name, values in fields.items())): fields
        for action, fields in forms_of(session, browser, walk)
    }  # the same form on two pages is sent once: with this text in it, it is the same
    for (action, *_names), fields in forms.items():
        for raw in HOSTILE:
            body = "&".join(
                f"{name}={quoted(value.encode()) if name == 'csrf_token' else quoted(raw)}"
                for name, values in fields.items()
                for value in values
            )
            answer = browser.client.post(
                action,
                data=body,
                content_type="application/x-www-form-urlencoded",
                base_url=browser.base,
            )
            assert answer.status_code < 500, (action, raw)


def test_five_megabytes_and_ten_thousand_fields_are_too_much(walk, browser):
    assert browser.client.post("/sign-in", data=b"x" * 5_000_000).status_code in {400, 413}
    many = {f"field{number}": "x" for number in range(10_000)}
    answer = browser.client.post("/sign-in", data=many)
    assert answer.status_code in {400, 413}
    part = '--b\r\nContent-Disposition: form-data; name="f{}"\r\n\r\nx\r\n'
    body = "".join(part.format(number) for number in range(10_000)) + "--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = browser.client.post("/sign-in", data=body.encode(), content_type=kind)
    assert answer.status_code in {400, 413}


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "goodturn=garbage"},
        {"Cookie": "goodturn=" + "x" * 5000},
        {"Cookie": "\xff\xfe=\x80"},
        {"If-None-Match": '"' + "x" * 5000},
        {"If-None-Match": 'W/"a", *, ,,"'},
        {"If-Modified-Since": "yesterday"},
        {"Accept-Language": "x" * 5000},
        {"Content-Type": "multipart/form-data; boundary="},
        {"Range": "bytes=-1,0-,x"},
        {"X-Forwarded-Host": "evil.example"},
    ],
)
def test_hostile_headers_are_harmless(walk, browser, headers):
    for page in ("/", "/e/danson-saturday-stroll/2027-05-01", "/calendar/all.ics", "/me"):
        answer = browser.client.get(page, headers=headers)
        assert answer.status_code < 500, page
        assert "evil.example" not in answer.get_data(as_text=True)


def test_an_unknown_host_finds_no_community_where_there_are_several(app, walk, session):
    builders.an_elsewhere(session)
    lost = Browser(app, host="evil.example")
    for page in ("/", "/sign-in", "/calendar/all.ics", "/books"):
        lost.open(page)
        assert lost.statuses == [404]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(max_size=90), email=st.text(max_size=60), note=st.text(max_size=90))
def test_any_text_at_all_may_be_typed_into_the_claim_form(app, walk, name, email, note):
    browser = Browser(app)
    browser.open(f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}")
    token = browser.forms()[0].fields["csrf_token"][0]
    answer = browser.client.post(
        browser.path,
        data={
            key: value.encode("utf-8", "surrogatepass")
            for key, value in {
                "csrf_token": token, "name": name, "email": email, "note": note,
            }.items()
        },
        base_url=browser.base,
    )  # fmt: skip
    assert answer.status_code in {303, 409, 422}
