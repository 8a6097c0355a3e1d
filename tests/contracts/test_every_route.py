"""No route is forgotten: each says here who may open it, and is tried by the wrong people."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine

from tests import builders
from tests import phones
from tests import push_sink
from tests.boards import a_post
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.operators import name_operator
from timebank.core import ids
from timebank.domain import channels
from timebank.web.form_tokens import PROVEN_BY_ADDRESS

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)

# Who may open a page: anybody; people who are signed in (others are led to the sign-in page);
# those who run the group (others find no such page); the holder of a token (a wrong one: 404).
ANYBODY, SIGNED_IN, ORGANISER, HOLDER = "anybody", "signed in", "organiser", "holder"
# Who may act for the neighbour of the address; those who coordinate, and not every organiser.
HELPER, COORDINATOR = "helper", "coordinator"
NOT_FOR_RESIDENTS = {ORGANISER, COORDINATOR, HELPER}
PAGES = {
    "accounts.low": COORDINATOR,
    "accounts.one": COORDINATOR,
    "acting.account": HELPER,
    "acting.jobs": HELPER,
    "acting.letter": HELPER,
    "acting.statement": HELPER,
    "acting.thank": HELPER,
    "acting.ties": SIGNED_IN,
    "bank.export": ORGANISER,
    "calendar.date_feed": ANYBODY,
    "calendar.everything": ANYBODY,
    "calendar.group_feed": ANYBODY,
    "calendar.narrowed": SIGNED_IN,
    "calendar.new_narrowed": SIGNED_IN,
    "calendar.private_feed": HOLDER,
    "calendar.series_feed": ANYBODY,
    "calendar.subscribe": ANYBODY,
    "calendar.turns_feed": HOLDER,
    "embed.oembed": ANYBODY,
    "embed.whats_on": ANYBODY,
    "programs.busy_times": HOLDER,
    "programs.everything": ANYBODY,
    "programs.series": ANYBODY,
    "channels.manifest": ANYBODY,
    "channels.phone": SIGNED_IN,
    "channels.service_worker": ANYBODY,
    "causes.everything": ANYBODY,
    "causes.one": ANYBODY,
    "checkin.expected": ORGANISER,
    "deciding.decide": ORGANISER,
    "editor.change": ORGANISER,
    "editor.date_jobs": ORGANISER,
    "editor.edit": ORGANISER,
    "editor.new": SIGNED_IN,
    "entries.one": COORDINATOR,
    "entries.own": SIGNED_IN,
    "events.event": ANYBODY,
    "events.home": ANYBODY,
    "events.series": ANYBODY,
    "finding.asked": HOLDER,
    "finding.call": ORGANISER,
    "finding.free_place": HOLDER,
    "finding.offer": HOLDER,
    "finding.wait": ANYBODY,
    "grid.could_do": ANYBODY,
    "grid.coverage": ORGANISER,
    "grid.noticeboard": ANYBODY,
    "grid.print_sheet": ORGANISER,
    "grid.rota": ANYBODY,
    "grid.table": ORGANISER,
    "health.show": ANYBODY,
    "importing.choose": ORGANISER,
    "importing.understood": ORGANISER,
    "jobs.catalogue": ANYBODY,
    "jobs.choose": ORGANISER,
    "jobs.download": ORGANISER,
    "jobs.edit": ORGANISER,
    "jobs.job": ANYBODY,
    "jobs.together": ORGANISER,
    "incoming.busy": SIGNED_IN,
    "incoming.choose": ORGANISER,
    "incoming.understood": ORGANISER,
    "insight.months": COORDINATOR,
    "insight.months_csv": COORDINATOR,
    "insight.ring": COORDINATOR,
    "insight.week": COORDINATOR,
    "identity.code": ANYBODY,
    "identity.link": HOLDER,
    "identity.sign_in": ANYBODY,
    "joining.data": SIGNED_IN,
    "joining.erase": SIGNED_IN,
    "joining.invitation": HOLDER,
    "joining.invite": ORGANISER,
    "joining.join": ANYBODY,
    "joining.leave": SIGNED_IN,
    "joining.pause": SIGNED_IN,
    "joining.people": ORGANISER,
    "joining.reference": HOLDER,
    "joining.thanks": ANYBODY,
    "member_lists.choose": ORGANISER,
    "member_lists.understood": ORGANISER,
    "ledger.books": ANYBODY,
    "ledger.differences": ORGANISER,
    "ledger.seals": ANYBODY,
    "ledger.statement": SIGNED_IN,
    "ledger.statement_csv": SIGNED_IN,
    "messages.hear": SIGNED_IN,
    "messages.hear_by_mail": HOLDER,
    "messages.message": HOLDER,
    "messages.write": ORGANISER,
    "messages.written": ORGANISER,
    "neighbours.board": ANYBODY,
    "neighbours.change": ORGANISER,
    "neighbours.invite": ORGANISER,
    "neighbours.lapsing": HOLDER,
    "neighbours.new": SIGNED_IN,
    "neighbours.post": ANYBODY,
    "neighbours.talk": SIGNED_IN,
    "neighbours.talk_by_mail": HOLDER,
    "neighbours.to_ring": ORGANISER,
    "neighbours.yours": SIGNED_IN,
    "notices.choices": SIGNED_IN,
    "notices.kind_page": ANYBODY,
    "notices.kind_shown": ANYBODY,
    "notices.kinds": ANYBODY,
    "notices.mailbox": ANYBODY,
    "notices.message": HOLDER,
    "notices.message_page": HOLDER,
    "notices.stopping": HOLDER,
    "operations.show": ANYBODY,  # on this machine alone: tests/web/test_metrics.py
    "operations.works": COORDINATOR,  # of the installation: Ama is named
    "pages.accessibility": ANYBODY,
    "pages.help": ANYBODY,
    "pages.privacy": ANYBODY,
    "pages.styleguide": ANYBODY,
    "people.acting_for": COORDINATOR,
    "people.card": COORDINATOR,
    "people.kinds": ORGANISER,
    "people.letter": COORDINATOR,
    "people.letters": COORDINATOR,
    "people.own_card": SIGNED_IN,
    "people.own_statement": SIGNED_IN,
    "people.person": ORGANISER,
    "people.say_code": ANYBODY,
    "people.scanned": ANYBODY,
    "people.statement": COORDINATOR,
    "people.without_email": COORDINATOR,
    "rota.claim": ANYBODY,
    "rota.mail_link": HOLDER,
    "rota.my_turns": SIGNED_IN,
    "sheets.all_of_date": ORGANISER,
    "sheets.entry": ORGANISER,
    "sheets.understood": ORGANISER,
    "static": ANYBODY,
    "suggesting.rota": ORGANISER,
    "together.one": ORGANISER,
    "together.start": ORGANISER,
    "texts.of_member": COORDINATOR,
    "texts.own": SIGNED_IN,
    "thanks.agree": SIGNED_IN,
    "thanks.calling_off": HOLDER,
    "thanks.exchange": SIGNED_IN,
    "thanks.happened": HOLDER,
    "thanks.mine": SIGNED_IN,
    "thanks.settle": ORGANISER,
    "thanks.thank": SIGNED_IN,
    "thanks.thank_for": SIGNED_IN,
    "thanks.to_look_at": ORGANISER,
    "turns.ask": ORGANISER,
    "turns.cover": SIGNED_IN,
    "turns.every_time": SIGNED_IN,
    "turns.friend": SIGNED_IN,
    "turns.hand_over": SIGNED_IN,
    "turns.offered": HOLDER,
    "turns.question": HOLDER,
}


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session, owner):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    a_post(session, walk.ama)
    phones.set_up(session, walk.bela, push_sink.Browser("https://localhost/send/bela"))
    session.commit()
    name_operator(owner, walk.ama)
    return walk


def rules(app, method):
    return [rule for rule in app.url_map.iter_rules() if method in rule.methods]


def address_of(rule, walk):
    """Fill in an address so that it exists for the right person, unless a token is asked for."""
    values = {
        "slug": walk.series.slug,
        "day": "2027-05-01",
        "slot_id": walk.tail_walker.id,
        "claim_id": 1,
        "role_id": walk.tail_walker.role_id,
        "membership_id": walk.bela.id,
        "qualification_id": 1,
        "token": "nobody-knows-this",
        "action": "cant",
        "answer": "yes",
        "standing_id": 1,
        "appeal_id": 1,
        "application_id": 1,
        "invitation_id": 1,
        "exchange_id": 1,
        "import_id": 1,
        "number": "DS-0001",
        "list_id": 1,
        "notice_id": 1,
        "note_id": 1,
        "filename": "no-such-file.css",
        "key": "no-such-message",
        "account_id": 3,  # the group's pot: the community has the first two
        "transfer_id": 1,
        "batch_id": 1,
        "month": "2027-03",
        "acting_id": 1,
        "code": "22222222",
        "kind": "ask",
        "family": "turns",
        "post_id": 1,
        "talk_id": 1,
        "ring_id": 1,
        "report_id": 1,
        "way": "block",
        "message_id": 1,
        "series_id": walk.series.id,
        "what": "start",
        "shows": "household",
        "address_id": 1,
        "phone_id": 1,
    }
    return re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda match: str(values[match[1]]), rule.rule)


def test_every_page_says_who_may_open_it(app):
    assert {rule.endpoint for rule in rules(app, "GET")} == set(PAGES)


def test_dov_who_is_signed_out_gets_no_further_than_he_may(app, walk):
    expected = {
        ANYBODY: {200, 302, 303, 404}, SIGNED_IN: {303}, ORGANISER: {404, 303}, HOLDER: {404},
        HELPER: {303}, COORDINATOR: {303},
    }  # fmt: skip
    for rule in rules(app, "GET"):
        answer = app.test_client().get(address_of(rule, walk), base_url="http://localhost")
        if rule.endpoint != "health.show":  # no worker runs here, and it says so
            assert answer.status_code in expected[PAGES[rule.endpoint]], rule


@pytest.mark.parametrize("who", ["sam", "bela"])
def test_a_resident_finds_no_organisers_page(app, walk, who):
    browser = Browser(app).sign_in(getattr(walk, who))
    for rule in rules(app, "GET"):
        if PAGES[rule.endpoint] in NOT_FOR_RESIDENTS:
            browser.open(address_of(rule, walk))
            assert browser.statuses == [404], rule


def test_an_organiser_finds_no_coordinators_page_and_nobodys_account(app, walk):
    nadia = Browser(app).sign_in(walk.nadia)
    for rule in rules(app, "GET"):
        if PAGES[rule.endpoint] in {HELPER, COORDINATOR}:
            nadia.open(address_of(rule, walk))
            assert nadia.statuses == [404], rule


def test_chi_of_another_community_finds_nothing_of_bexleys(app, walk, session):
    elsewhere = builders.an_elsewhere(session)
    chi = Browser(app, host="ashford.example").sign_in(elsewhere.chi)
    for rule in rules(app, "GET"):
        if "<slug>" in rule.rule:
            chi.open(address_of(rule, walk))
            assert chi.statuses == [404], rule
    for page in ("/", "/calendar", "/books", "/me", "/calendar/all.ics"):
        assert "Danson" not in chi.open(page)
    token = ids.signed_token(SECRET, "claim", 1)
    for action in ("confirm", "cant"):
        chi.open(f"/t/{token}/{action}")
        assert chi.statuses == [404]


def test_chi_visiting_bexley_is_a_guest_like_any_other(app, walk, session):
    elsewhere = builders.an_elsewhere(session)
    chi = Browser(app).sign_in(elsewhere.chi)
    for rule in rules(app, "GET"):
        if PAGES[rule.endpoint] in NOT_FOR_RESIDENTS:
            chi.open(address_of(rule, walk))
            assert chi.statuses == [404], rule


def test_every_post_without_its_token_is_refused(app, walk):
    browser = Browser(app).sign_in(walk.nadia)
    for rule in rules(app, "POST"):
        browser.post(address_of(rule, walk), name="Mallory", email="mallory@example.com")
        # An address that proves by itself whose it is: this one proves nothing.
        expected = 404 if rule.endpoint in PROVEN_BY_ADDRESS else 400
        assert browser.statuses == [expected], rule


def test_every_post_by_a_stranger_changes_nothing(app, walk, session):
    """Chi's own token, Bexley's rows: 404, or a polite refusal; never a change."""
    elsewhere = builders.an_elsewhere(session)
    for stranger in (elsewhere.chi, walk.sam):
        browser = Browser(app).sign_in(stranger)
        for rule in rules(app, "POST"):
            if rule.endpoint in {
                "identity.sign_out", "rota.take", "identity.send", "joining.go", "messages.choose"
            }:  # fmt: skip
                continue  # each is for everybody to do, to themselves
            browser.open("/calendar")
            token = next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)
            browser.post(address_of(rule, walk), csrf_token=token)
            assert browser.statuses[0] in {303, 403, 404, 422}, rule
    session.expire_all()
    assert session.get(type(walk.event), walk.event.id).state.value == "planned"
    assert len(channels.phones_of(session, membership_id=walk.bela.id)) == 1


def test_public_pages_show_first_names_and_initials_only(app, walk):
    dov = Browser(app)
    for rule in rules(app, "GET"):
        # The sign-in page names the people of the demo, who are made up.
        if PAGES[rule.endpoint] == ANYBODY and rule.endpoint != "identity.sign_in":
            page = dov.open(address_of(rule, walk))
            for secret in ("Novak", "bela@example.com", "Khan", "nadia@example.com"):
                assert secret not in page, rule
