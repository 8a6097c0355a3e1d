"""A message reaches the browser it is for, and nobody else; every answer decides its fate."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests import push_sink
from tests.push_sink import HANG_UP
from tests.push_sink import Browser
from tests.push_sink import from_base64url
from timebank.adapters import push
from timebank.adapters.channels import Fate
from timebank.adapters.push import PushParcel
from timebank.adapters.push import PushService
from timebank.core import phones
from timebank.core.phones import Phone
from timebank.core.phones import Services

KEY = phones.new_private_key()
LOCALLY = Services(hosts=("localhost",), is_local_allowed=True)
PUBLIC = Services(hosts=("localhost",))
CONTENT = json.dumps({"title": "Tail walker", "body": "Tomorrow, 9:00 – ’til 10:30"}).encode()


@pytest.fixture(scope="module")
def sink(tmp_path_factory):
    with push_sink.running(tmp_path_factory.mktemp("push")) as sink:
        yield sink


@pytest.fixture(autouse=True)
def _empty(sink):
    sink.received.clear()


def service(**changes):
    given = {
        "key": KEY,
        "contact": "mailto:ama@goodturn.example",
        "services": LOCALLY,
        "phone_seconds": 2.0,
    }
    return PushService(**{**given, **changes})


def phone_of(browser, number=1):
    return Phone(number, browser.endpoint, browser.p256dh, browser.auth)


def parcel(*browsers, **changes):
    phones = tuple(phone_of(browser, number) for number, browser in enumerate(browsers, 1))
    told = PushParcel(
        phones=phones, content=CONTENT, lasts_seconds=3600, is_urgent=False, topic="turn-12"
    )
    return dataclasses.replace(told, **changes)


def delivered(given, *, fence=lambda: True, **changes):
    return service(**changes).deliver(given, hand_over=fence)


class TestEncryption:
    def test_the_test_reads_what_the_standard_wrote(self):
        """RFC 8291, Appendix A: else the tests below would prove nothing."""
        private = from_base64url("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
        browser = Browser(
            key=ec.derive_private_key(int.from_bytes(private), ec.SECP256R1()),
            auth=from_base64url("BTBZMqHH6r4Tts7J_aSIgg"),
        )
        body = from_base64url(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc"
            "InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV"
            "WGNWQexSgSxsj_Qulcy4a-fN"
        )
        assert browser.read(body) == b"When I grow up, I want to be a watermelon"

    def test_the_browser_reads_it_and_another_does_not(self, sink):
        browser = sink.browser("bela")
        assert delivered(parcel(browser)).fate is Fate.SENT
        [request] = sink.received
        assert browser.read(request.body) == CONTENT
        with pytest.raises(Exception, match=r"^$"):  # the tag does not fit
            sink.browser("chi").read(request.body)
        assert b"Tail walker" not in request.body

    def test_it_says_how_long_it_lasts_and_how_urgent_it_is(self, sink):
        delivered(parcel(sink.browser("bela"), is_urgent=True))
        [request] = sink.received
        asked = {name: request.headers[name] for name in ("ttl", "urgency", "topic")}
        assert asked == {"ttl": "3600", "urgency": "high", "topic": "turn-12"}
        assert request.headers["content-encoding"] == "aes128gcm"

    def test_it_is_signed_by_this_installation_for_that_push_service(self, sink):
        delivered(parcel(sink.browser("bela")))
        [request] = sink.received
        claims = request.signed_by(push.public_key(KEY))
        left = claims.pop("exp") - time.time()
        assert 0 < left <= 24 * 60 * 60  # RFC 8292 2: no more than a day
        assert claims == {"aud": sink.url, "sub": "mailto:ama@goodturn.example"}
        with pytest.raises(AssertionError):
            request.signed_by(push.public_key(phones.new_private_key()))

    def test_the_largest_message_is_taken_whole(self, sink):
        browser = sink.browser("bela")
        content = b"x" * push.MOST_BYTES
        delivered(parcel(browser, content=content))
        [request] = sink.received
        assert browser.read(request.body) == content
        assert len(request.body) <= 4096  # RFC 8030 7.2: all must take that much

    def test_a_key_that_is_no_point_is_never_written_to(self, sink):
        nowhere = dataclasses.replace(phone_of(sink.browser("x")), p256dh=b"\x04" + b"\x01" * 64)
        outcome = delivered(parcel(phones=(nowhere,)))
        assert (outcome.fate, outcome.why) == (Fate.NEVER, "push: ValueError")
        assert not phones.is_public_key(nowhere.p256dh)
        assert phones.is_public_key(sink.browser("x").p256dh)
        assert sink.received == []

    def test_a_contact_that_is_none_stops_before_the_fence(self, sink):
        outcome = delivered(parcel(sink.browser("bela")), fence=pytest.fail, contact="nobody")
        assert (outcome.fate, outcome.why) == (Fate.NEVER, "push: VapidException")


class TestFates:
    @pytest.mark.parametrize(
        ("status", "fate"),
        [
            (200, Fate.SENT),
            (201, Fate.SENT),
            (202, Fate.SENT),
            (204, Fate.SENT),
            (301, Fate.NEVER),
            (307, Fate.NEVER),
            (400, Fate.NEVER),
            (401, Fate.NEVER),
            (403, Fate.NEVER),
            (404, Fate.NEVER),
            (408, Fate.AWAY),
            (410, Fate.NEVER),
            (413, Fate.NEVER),
            (429, Fate.AWAY),
            (500, Fate.AWAY),
            (502, Fate.UNKNOWN),
            (503, Fate.AWAY),
            (504, Fate.UNKNOWN),
        ],
    )
    def test_each_answer_decides(self, sink, status, fate):
        outcome = delivered(parcel(sink.browser("bela", answer=status)))
        assert (outcome.fate, outcome.codes) == (fate, str(status))
        [heard] = outcome.heard
        assert heard.is_gone == (status in {404, 410})
        assert len(sink.received) == 1  # nothing is tried again by itself, no redirect followed

    def test_no_answer_is_unknown(self, sink):
        outcome = delivered(parcel(sink.browser("bela", answer=HANG_UP)))
        assert (outcome.fate, outcome.codes) == (Fate.UNKNOWN, "RemoteDisconnected")

    def test_a_service_that_hangs_is_left_and_unknown(self, sink):
        go_on = threading.Event()
        browser = sink.browser("bela", answer=lambda: go_on.wait(10) and 201)
        began = time.monotonic()
        outcome = delivered(parcel(browser), phone_seconds=0.5)
        assert outcome.fate is Fate.UNKNOWN
        assert time.monotonic() - began < 3
        go_on.set()

    def test_nobody_there_is_away_and_nothing_has_left_us(self, sink):
        with socket.socket() as taken:  # bound, but nobody listens
            taken.bind(("127.0.0.1", 0))
            there = Browser(endpoint=f"https://localhost:{taken.getsockname()[1]}/send")
            outcome = delivered(parcel(there), fence=pytest.fail)
        assert (outcome.fate, outcome.codes) == (Fate.AWAY, "ConnectionRefusedError")

    def test_a_stranger_with_a_certificate_of_their_own_is_away(self, sink, monkeypatch):
        browser = sink.browser("bela")
        monkeypatch.delenv("SSL_CERT_FILE")
        outcome = delivered(parcel(browser), fence=pytest.fail)
        assert (outcome.fate, outcome.codes) == (Fate.AWAY, "SSLCertVerificationError")
        assert sink.received == []

    def test_a_service_that_never_finishes_its_hello_is_away(self, sink):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            there = Browser(endpoint=f"https://localhost:{silent.getsockname()[1]}/send")
            began = time.monotonic()
            outcome = delivered(parcel(there), fence=pytest.fail, phone_seconds=0.5)
        assert outcome.fate is Fate.AWAY
        assert time.monotonic() - began < 3

    def test_a_closed_fence_lets_nothing_out(self, sink):
        outcome = delivered(parcel(sink.browser("bela")), fence=lambda: False)
        assert outcome.fate is Fate.STOPPED
        assert sink.received == []


class TestSeveralPhones:
    def test_all_are_told_behind_one_fence(self, sink):
        asked = []
        browsers = [sink.browser(name) for name in ("one", "two", "three")]
        outcome = delivered(parcel(*browsers), fence=lambda: asked.append(1) or True)
        assert (outcome.fate, len(asked)) == (Fate.SENT, 1)
        assert [b.read(r.body) for b, r in zip(browsers, sink.received, strict=True)] == [
            CONTENT
        ] * 3

    @pytest.mark.parametrize(
        ("answers", "fate"),
        [
            ((410, 201), Fate.SENT),
            ((201, HANG_UP), Fate.SENT),
            ((HANG_UP, 201), Fate.SENT),
            ((HANG_UP, 410), Fate.UNKNOWN),
            ((503, HANG_UP), Fate.UNKNOWN),
            ((503, 410), Fate.AWAY),
            ((413, 410), Fate.NEVER),
            ((), Fate.NEVER),
        ],
    )
    def test_one_that_took_it_is_enough(self, sink, answers, fate):
        browsers = [sink.browser(f"b{n}", answer=answer) for n, answer in enumerate(answers)]
        outcome = delivered(parcel(*browsers))
        assert outcome.fate is fate
        assert [heard.number for heard in outcome.heard] == list(range(1, len(answers) + 1))


class TestWhomIsAsked:
    @pytest.mark.parametrize(
        "endpoint",
        [
            "https://push.example.org/send/a",
            "https://localhost.example.org/send/a",
            "https://127.0.0.1/send/a",
            "http://localhost/send/a",
            "https://bela@other.example/send/a",
            "https://localhost:99999/send/a",
            "https://[::1]/send/a",
            "ftp://localhost/a",
        ],
    )
    def test_only_known_push_services(self, sink, endpoint):
        outcome = delivered(parcel(Browser(endpoint=endpoint)), fence=pytest.fail)
        assert (outcome.fate, outcome.why) == (Fate.NEVER, "push: not a push service")

    def test_not_on_another_port(self, sink):
        outcome = delivered(parcel(sink.browser("a")), fence=pytest.fail, services=PUBLIC)
        assert outcome.why == "push: not a push service"

    def test_not_where_a_name_leads_into_our_own_network(self, sink):
        """Even one on the list: `localhost` is, here, and leads to this machine."""
        outcome = delivered(
            parcel(Browser(endpoint="https://localhost/send/a")),
            fence=pytest.fail,
            services=PUBLIC,
        )
        assert (outcome.fate, outcome.why) == (Fate.AWAY, "push: not public")

    @pytest.mark.parametrize(
        ("host", "is_one"),
        [
            ("fcm.googleapis.com", True),
            ("FCM.googleapis.com", True),
            ("evil-fcm.googleapis.com", False),
            ("fcm.googleapis.com.evil.example", False),
            ("updates.push.services.mozilla.com", True),
            ("push.services.mozilla.com", False),
            ("evilpush.services.mozilla.com", False),
            ("db5p.notify.windows.com", True),
            ("web.push.apple.com", True),
            ("169.254.169.254", False),
            ("", False),
        ],
    )
    def test_the_usual_push_services(self, host, is_one):
        assert phones.is_push_host(host, phones.USUAL_HOSTS) is is_one


def test_nothing_secret_is_shown(sink):
    browser = sink.browser("verysecret", answer=403)
    given = parcel(browser)
    outcome = delivered(given)
    assert "verysecret" not in f"{given!r} {outcome!r} {phone_of(browser)!r}"
    assert push_sink.base64url(browser.auth) not in repr(given)


class TestKeys:
    def test_a_new_key_is_one_and_never_the_same(self):
        keys = {phones.new_private_key() for _ in range(50)}
        assert len(keys) == 50
        assert all(map(phones.is_private_key, keys))

    def test_a_point_on_the_curve_is_told_from_others(self):
        """The base point, as SEC 2 gives it, and what stands next to it."""
        base = bytes.fromhex(
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        )
        assert phones.is_public_key(base)
        assert not phones.is_public_key(base[:-1] + b"\xf4")
        assert not phones.is_public_key(b"\x02" + base[1:33])
        assert not phones.is_public_key(b"\x04" + b"\xff" * 64)
        for _ in range(20):
            assert phones.is_public_key(Browser().p256dh)

    @pytest.mark.parametrize("text", ["", "A" * 43, "_" * 43, "A" * 42, "A" * 44, f"{'A' * 42}="])
    def test_what_is_none_is_refused(self, text):
        assert not phones.is_private_key(text)

    def test_its_public_half_is_what_browsers_take(self):
        point = from_base64url(push.public_key(KEY))
        assert (len(point), point[0]) == (65, 4)
        assert phones.is_public_key(point)
