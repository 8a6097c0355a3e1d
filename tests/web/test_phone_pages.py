"""The page of one's phones, what a browser is given to show notices, and who may do what."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests import phones
from tests.browsing import Browser
from tests.push_sink import Browser as Phone
from tests.push_sink import base64url
from tests.statements import count_statements
from timebank.adapters import push
from timebank.domain import channels
from timebank.domain.notices import choosing
from timebank.models import How
from timebank.models import MailChoice
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PushSubscription
from timebank.web.channels.browsers import name_of

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture
def settings(settings):
    return phones.told_here(settings)


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


def phone(name="one"):
    return Phone(f"https://localhost/send/{name}")


def typed(one):
    keys = {"p256dh": base64url(one.p256dh), "auth": base64url(one.auth)}
    return {"endpoint": one.endpoint, **keys}


def tap(browser, one=None, **changes):
    """Tap the button in this phone: the script fills in the form, and sends it."""
    browser.open("/me/phone")
    return browser.press("Tell me on this phone", **{**typed(one or phone()), **changes})


def kept(session, member):
    session.expire_all()
    return channels.phones_of(session, membership_id=member.id)


class TestThePage:
    def test_it_is_found_from_the_choice_of_mails(self, bela):
        bela.open("/me/mail")
        bela.follow("Notices on your phone")
        assert bela.path == "/me/phone"
        assert "Each thing is told once" in bela.words
        assert "On an iPhone or iPad" in bela.words

    def test_it_explains_itself_where_nothing_can_be_shown(self, bela):
        """What is hidden waits for the script; what is not is there without one."""
        page = bela.open("/me/phone")
        shown = re.findall(r'<div data-push="(\w+)"((?: role="status")?)( hidden)?>', page)
        assert [(name, bool(hidden)) for name, _role, hidden in shown] == [
            ("can", True),
            ("refused", True),
            ("failed", True),
            ("cannot", False),
        ]

    def test_it_gives_the_script_our_public_key_and_never_the_private_one(self, bela):
        page = bela.open("/me/phone")
        assert f'data-key="{push.public_key(phones.KEY)}"' in page
        assert phones.KEY not in page

    def test_it_costs_the_same_for_one_phone_and_for_ten(self, session, walk, bela):
        phones.set_up(session, walk.bela, phone())
        session.commit()
        bela.open("/me/phone")
        with count_statements() as one:
            bela.open("/me/phone")
        for number in range(9):
            phones.set_up(session, walk.bela, phone(f"b{number}"))
        session.commit()
        with count_statements() as ten:
            bela.open("/me/phone")
        assert ten.total == one.total


class TestSettingUp:
    def test_a_tap_sets_this_phone_up(self, session, walk, bela):
        bela.client.environ_base["HTTP_USER_AGENT"] = ANDROID
        one = phone()
        tap(bela, one)
        assert bela.statuses == [303, 200]
        assert "This phone is set up." in bela.words
        assert "Chrome on Android" in bela.words
        assert "Since Wednesday 28 April" in bela.words
        [row] = kept(session, walk.bela)
        assert (row.endpoint, row.p256dh, row.auth) == (one.endpoint, one.p256dh, one.auth)

    def test_it_says_that_nothing_comes_until_that_is_chosen(self, bela):
        tap(bela)
        assert "Nothing comes here yet" in bela.words
        bela.follow("Choose what comes to your phone")
        bela.press("Save", turns="phone")
        bela.open("/me/phone")
        assert "Nothing comes here yet" not in bela.words

    def test_and_that_everything_comes_by_mail_until_there_is_a_phone(self, bela):
        bela.open("/me/mail")
        bela.press("Save", turns="phone")
        bela.open("/me/phone")
        assert "Until one is, everything comes by e-mail." in bela.words

    def test_no_page_shows_what_is_secret(self, bela):
        one = phone("verysecret")
        page = tap(bela, one)
        assert "verysecret" not in page
        assert base64url(one.auth) not in page

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"endpoint": ""}, "We don’t know how to reach your browser"),
            ({"endpoint": "https://10.0.0.1/a"}, "We don’t know how to reach your browser"),
            ({"endpoint": "https://localhost/" + "x" * 10_240}, "We don’t know how to reach"),
            ({"endpoint": "https://localhost/\x00"}, "We don’t know how to reach your browser"),
            ({"p256dh": "not base64!"}, "That isn’t something your browser gave us"),
            ({"p256dh": base64url(b"\x04" * 64)}, "That isn’t something your browser gave us"),
            ({"p256dh": "\ud83d\ude00" * 3}, "That isn’t something your browser gave us"),
            ({"auth": base64url(b"x" * 17)}, "That isn’t something your browser gave us"),
            ({"auth": "' OR 1=1 --"}, "That isn’t something your browser gave us"),
        ],
    )
    def test_what_no_browser_gives_is_refused_on_the_page(
        self, session, walk, bela, changes, sentence
    ):
        changes = {
            name: value.encode("utf-16", "surrogatepass").decode("utf-16")
            for name, value in changes.items()
        }
        tap(bela, **changes)
        assert bela.statuses == [422]
        assert sentence in bela.words
        assert kept(session, walk.bela) == []

    def test_a_form_without_the_fields_is_refused_too(self, session, walk, bela):
        bela.open("/me/phone")
        token = bela.forms()[0].fields["csrf_token"][0]
        bela.post("/me/phone", csrf_token=token)
        assert bela.statuses == [422]

    def test_the_eleventh_is_refused(self, session, walk, bela):
        for number in range(10):
            phones.set_up(session, walk.bela, phone(f"b{number}"))
        session.commit()
        tap(bela, phone("eleventh"))
        assert bela.statuses == [422]
        assert "You’re told on ten phones already" in bela.words


def renew(browser, one, *, replaces):
    """Send what the service worker sends when its browser has another address."""
    page = browser.open("/me/phone")
    [token] = re.findall(r'id="push".*? name="csrf_token" value="([^"]+)"', page, re.DOTALL)
    browser.post("/me/phone", csrf_token=token, **typed(one), replaces=replaces)


class TestRenewing:
    def test_the_new_address_takes_the_place_of_the_old_one(self, session, walk, bela):
        for number in range(10):  # as many as there may be, so it needs the place of the old one
            phones.set_up(session, walk.bela, phone(f"b{number}"))
        session.commit()
        renew(bela, phone("new"), replaces=phone("b3").endpoint)
        assert bela.statuses == [303, 200]
        addresses = [row.endpoint for row in kept(session, walk.bela)]
        assert addresses == [
            phone("new" if number == 3 else f"b{number}").endpoint for number in range(10)
        ]

    @pytest.mark.parametrize("replaces", ["https://localhost/send/gone", "", "\x00", "x" * 9000])
    def test_where_nobody_knows_the_old_one_it_is_whose_page_it_is(
        self, session, walk, bela, replaces
    ):
        renew(bela, phone("new"), replaces=replaces)
        assert [row.endpoint for row in kept(session, walk.bela)] == [phone("new").endpoint]

    @pytest.mark.parametrize("given", ["new", "sams"])
    def test_in_a_browser_of_somebody_else_nobody_is_told_without_a_tap(
        self, session, walk, bela, given
    ):
        phones.set_up(session, walk.sam, phone("sams"))
        session.commit()
        renew(bela, phone(given), replaces=phone("sams").endpoint)
        assert bela.statuses == [422]
        assert [row.endpoint for row in kept(session, walk.sam)] == [phone("sams").endpoint]
        assert kept(session, walk.bela) == []
        tap(bela, phone("sams"))
        assert [row.endpoint for row in kept(session, walk.bela)] == [phone("sams").endpoint]

    def test_the_same_address_again_is_no_other_phone(self, session, walk, bela):
        number = phones.set_up(session, walk.bela, phone())
        session.commit()
        renew(bela, phone(), replaces=phone().endpoint)
        assert [row.id for row in kept(session, walk.bela)] == [number]

    def test_what_is_refused_forgets_nothing(self, session, walk, bela):
        phones.set_up(session, walk.bela, phone("old"))
        session.commit()
        renew(bela, Phone("https://10.0.0.1/a"), replaces=phone("old").endpoint)
        assert bela.statuses == [422]
        assert [row.endpoint for row in kept(session, walk.bela)] == [phone("old").endpoint]

    def test_without_our_token_nothing_is_changed(self, session, walk, bela):
        phones.set_up(session, walk.bela, phone("old"))
        session.commit()
        bela.post("/me/phone", **typed(phone("new")), replaces=phone("old").endpoint)
        assert bela.statuses == [400]
        assert [row.endpoint for row in kept(session, walk.bela)] == [phone("old").endpoint]


class TestTryingAndStopping:
    def test_a_try_is_owed_like_every_notice(self, session, walk, bela):
        tap(bela)
        bela.press("Try it")
        assert bela.statuses == [303, 200]
        assert "If your phone can’t be reached, it comes as an e-mail." in bela.words
        [notice] = session.scalars(sa.select(Notice)).all()
        assert (notice.kind, notice.person_id) == (NoticeKind.PHONE_TRIED, walk.bela.person_id)

    def test_stop_forgets_it(self, session, walk, bela):
        tap(bela)
        bela.press("Stop")
        assert "any more." in bela.words
        assert kept(session, walk.bela) == []

    @pytest.mark.parametrize("act", ["try", "stop"])
    def test_another_persons_phone_is_not_found(self, session, walk, app, act):
        number = phones.set_up(session, walk.bela, phone())
        elsewhere = builders.an_elsewhere(session)
        session.commit()
        for host, who in (("localhost", walk.sam), ("ashford.example", elsewhere.chi)):
            stranger = Browser(app, host=host).sign_in(who)
            stranger.open("/me/phone")
            token = next(form.fields["csrf_token"][0] for form in stranger.forms() if form.fields)
            stranger.post(f"/me/phone/{number}/{act}", csrf_token=token)
            assert stranger.statuses == [404]
        assert len(kept(session, walk.bela)) == 1
        assert session.scalars(sa.select(Notice)).all() == []

    def test_signing_out_leaves_nothing_of_ours_in_the_browser(self, bela):
        bela.open("/me")
        token = next(form.fields["csrf_token"][0] for form in bela.forms() if form.fields)
        answer = bela.client.post("/sign-out", data={"csrf_token": token}, base_url=bela.base)
        assert answer.headers["Clear-Site-Data"] == '"storage"'

    def test_leaving_ends_every_phone(self, session, walk, bela):
        tap(bela)
        bela.open("/me/leave")
        bela.press("Leave")
        assert session.scalars(sa.select(PushSubscription)).all() == []


class TestWithoutAKey:
    @pytest.fixture
    def settings(self, settings):
        return dataclasses.replace(settings, push_key="")

    def test_the_page_says_so_and_takes_nothing(self, session, walk, bela):
        bela.open("/me/phone")
        assert "We don’t tell anybody on their phone here" in bela.words
        assert not bela.has_button("Tell me on this phone")
        token = bela.forms()[0].fields["csrf_token"][0]
        bela.post("/me/phone", csrf_token=token, **typed(phone()))
        assert bela.statuses == [422]
        assert kept(session, walk.bela) == []

    def test_nobody_can_choose_it(self, session, walk, bela):
        bela.open("/me/mail")
        assert "On my phone" not in bela.words
        bela.press("Save", turns="phone")
        assert bela.statuses == [422]

    def test_but_whoever_chose_it_before_keeps_it(self, session, walk, bela):
        session.execute(
            sa.insert(MailChoice).values(
                membership_id=walk.bela.id, community_id=walk.community.id, turns=How.PHONE
            )
        )
        session.commit()
        bela.open("/me/mail")
        bela.press("Save", hours="none")
        assert bela.statuses == [303, 200]
        chosen = choosing.read_choices(session, membership_id=walk.bela.id)
        assert (chosen.hows["turns"], chosen.hows["hours"]) == (How.PHONE, How.NONE)


class TestInstalling:
    def test_the_manifest_names_the_place_and_icons_that_are_there(self, walk, browser):
        page = browser.open("/")
        assert '<link rel="manifest" href="/site.webmanifest">' in page
        told = json.loads(browser.open("/site.webmanifest"))
        assert browser.answer.content_type == "application/manifest+json"
        assert (told["name"], told["display"]) == ("Good Turn Bexley", "standalone")
        assert (told["start_url"], told["scope"]) == ("/me", "/")
        assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
        for icon in told["icons"]:
            answer = browser.client.get(icon["src"], base_url=browser.base)
            width, height = (int.from_bytes(answer.data[at : at + 4]) for at in (16, 20))
            assert f"{width}x{height}" == icon["sizes"]
        [apple] = re.findall(r'rel="apple-touch-icon" href="([^"]+)"', page)
        assert browser.client.get(apple, base_url=browser.base).status_code == 200

    def test_a_name_with_quotes_is_still_json(self, session, walk, browser):
        walk.community.place = 'St "Mary" & </script>'
        session.commit()
        assert json.loads(browser.open("/site.webmanifest"))["name"].endswith("</script>")

    def test_the_service_worker_is_the_whole_sites_and_may_reach_this_site_only(
        self, walk, browser
    ):
        program = browser.open("/service-worker.js")
        headers = browser.answer.headers
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache"
        policy = "default-src 'none'; img-src 'self'; connect-src 'self'"
        assert headers["Content-Security-Policy"] == policy
        for icon in re.findall(r'"(/static/[^"]+)"', program):
            assert browser.client.get(icon, base_url=browser.base).status_code == 200

    def test_it_keeps_no_page_for_later(self, walk, browser):
        program = browser.open("/service-worker.js")
        assert not re.search(r"""\bcaches\b|["']fetch["']|respondWith|indexedDB""", program)

    def test_it_is_the_same_for_everybody(self, walk, app, bela):
        assert Browser(app).open("/service-worker.js") == bela.open("/service-worker.js")


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
)
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
SAMSUNG = ANDROID.replace("Chrome", "SamsungBrowser/27.0 Chrome")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (ANDROID, "Chrome on Android"),
        (f"{ANDROID} EdgA/130.0.0.0", "Edge on Android"),
        (SAMSUNG, "Samsung Internet on Android"),
        (LINUX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        (MAC, "Safari on Mac"),
        ("", "A browser"),
        ("<script>alert(1)</script>", "A browser"),
        ("x" * 100_000, "A browser"),
    ],
)
def test_a_browser_is_called_by_what_it_is(said, name):
    assert name_of(said) == name
