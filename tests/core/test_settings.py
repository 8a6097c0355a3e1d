from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs

import pytest
from py_vapid import _check_sub

from timebank.core.errors import SettingsError
from timebank.core.phones import USUAL_HOSTS
from timebank.core.phones import Services
from timebank.core.phones import new_private_key
from timebank.core.settings import Settings
from timebank.core.text_gateway import read_texts

GIVEN = {
    "DATABASE_URL": "postgresql://ama:tea@db.example:5433/bank",
    "REDIS_URL": "redis://queue.example:6379/0",
    "SMTP_URL": "smtp://ama:tea@mail.example:587",
    "PUBLIC_URL": "https://bexley.example/",
    "SECRET_KEY": "k" * 32,
    "INSTANCE": "/var/lib/timebank",
    "PORT": "8080",
}


def test_settings_are_read_once_and_typed():
    assert Settings.from_environment(GIVEN) == Settings(
        database_url="postgresql+psycopg://ama:tea@db.example:5433/bank",
        redis_url="redis://queue.example:6379/0",
        smtp_url="smtp://ama:tea@mail.example:587",
        public_url="https://bexley.example",
        secret_key="k" * 32,
        instance=Path("/var/lib/timebank"),
        port=8080,
        demo=False,
        push_contact="https://bexley.example",
    )


def test_port_and_instance_have_defaults():
    settings = Settings.from_environment(GIVEN | {"PORT": "", "INSTANCE": ""})

    assert (settings.port, settings.instance) == (8000, Path.cwd() / "instance")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_understood(scheme: str):
    settings = Settings.from_environment(
        GIVEN | {"DATABASE_URL": f"{scheme}://ama@/bank?host=/run"}
    )

    assert settings.database_url == "postgresql+psycopg://ama@/bank?host=/run"


@pytest.mark.parametrize(
    "address", ["redis://localhost", "rediss://queue.example", "unix:///run/valkey.sock"]
)
def test_every_kind_of_queue_address_is_understood(address: str):
    assert Settings.from_environment(GIVEN | {"REDIS_URL": address}).redis_url == address


@pytest.mark.parametrize("name", sorted(set(GIVEN) - {"PORT", "INSTANCE"}))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_one_sentence_that_names_it(name: str, value: str | None):
    environ = {key: given for key, given in GIVEN.items() if key != name}
    if value is not None:
        environ[name] = value

    with pytest.raises(SettingsError, match=rf"^{name} is not set: [^\n]+\.$"):
        Settings.from_environment(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db.example/bank"),
        ("DATABASE_URL", "sqlite:///bank.db"),
        ("DATABASE_URL", "postgresql://db.example:port/bank"),
        ("DATABASE_URL", "postgresql://[db/bank"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "unix://"),
        ("REDIS_URL", "redis://queue.example:99999"),
        ("SMTP_URL", "mail.example"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://mail.example:0"),
        ("SMTP_URL", "maildir://"),
        ("SMTP_URL", "maildir:///"),
        ("SMTP_URL", "maildir://relative/folder"),
        ("SMTP_URL", "smtp://mail.example\r\nRCPT"),
        ("PUBLIC_URL", "bexley.example"),
        ("PUBLIC_URL", "ftp://bexley.example"),
        ("PUBLIC_URL", "https://bexley.example/path"),
        ("PUBLIC_URL", "https://bexley.example?x=1"),
        ("PUBLIC_URL", "https://ama@bexley.example"),
        ("SECRET_KEY", "short"),
        ("PUSH_KEY", "short"),
        ("PUSH_KEY", "A" * 43),
        ("PUSH_CONTACT", "ama@goodturn.example"),
        ("PUSH_CONTACT", "mailto:ama"),
        ("PUSH_CONTACT", "mailto:ama@goodturn"),
        ("PUSH_CONTACT", "http://goodturn.example"),
        ("PUSH_HOSTS", "https://push.example.org"),
        ("PUSH_HOSTS", "push.example.org *"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8_000"),
        ("PORT", "\uff18\uff10\uff10\uff10"),
        ("PORT", "-1"),
    ],
)
def test_a_malformed_setting_is_one_sentence_that_names_it(name: str, value: str):
    with pytest.raises(SettingsError, match=rf"^{name} [^\n]+\.$"):
        Settings.from_environment(GIVEN | {name: value})


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SMTP_URL"])
def test_a_refusal_never_repeats_a_password(name: str):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment(GIVEN | {name: "http://ama:tea@host.example"})

    assert "tea" not in str(refusal.value)


def test_a_key_for_phones_is_taken_and_shown_nowhere():
    key = new_private_key()
    settings = Settings.from_environment(GIVEN | {"PUSH_KEY": key})

    assert settings.push_key == key
    assert key not in repr(settings)


def test_push_services_and_where_they_complain_are_read():
    given = {"PUSH_HOSTS": " *.Push.example.org  localhost", "PUSH_CONTACT": "mailto:a@b.example"}
    settings = Settings.from_environment(GIVEN | given)

    assert settings.push_services == Services(hosts=("*.push.example.org", "localhost"))
    assert Settings.from_environment(GIVEN).push_services == Services(hosts=USUAL_HOSTS)
    assert settings.push_contact == "mailto:a@b.example"


@pytest.mark.parametrize(
    "contact", ["mailto:a@b.example", "https://b.example", "mailto:a@localhost"]
)
def test_what_push_services_are_told_is_what_our_library_signs(contact: str):
    settings = Settings.from_environment(GIVEN | {"PUSH_CONTACT": contact})

    assert _check_sub(settings.push_contact)


def test_without_https_push_services_complain_to_nobody():
    home = GIVEN | {"PUBLIC_URL": "http://localhost:8000"}

    assert Settings.from_environment(home).push_contact == "mailto:noreply@localhost"
    inside = GIVEN | {"PUBLIC_URL": "https://intranet"}
    assert Settings.from_environment(inside).push_contact == "mailto:noreply@localhost"
    on_a_port = GIVEN | {"PUBLIC_URL": "https://bexley.example:8443"}
    assert Settings.from_environment(on_a_port).push_contact == "https://bexley.example"


def test_a_short_secret_is_enough_at_home():
    home = GIVEN | {"PUBLIC_URL": "http://localhost:8000", "SECRET_KEY": "short"}

    assert Settings.from_environment(home).secret_key == "short"


@pytest.mark.parametrize(
    "address", ["http://localhost:8000", "http://127.0.0.1", "http://127.8.9.1:80", "http://[::1]"]
)
def test_the_demo_is_on_at_home_unless_switched_off(address: str):
    home = GIVEN | {"PUBLIC_URL": address}

    assert Settings.from_environment(home).demo
    assert Settings.from_environment(home | {"DEMO": "1"}).demo
    assert not Settings.from_environment(home | {"DEMO": "0"}).demo


@pytest.mark.parametrize(
    "address",
    [
        "https://bexley.example",
        "http://192.168.1.20",
        "http://0.0.0.0",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
    ],
)
@pytest.mark.parametrize("wish", ["1", "yes", ""])
def test_the_demo_is_impossible_where_others_can_reach_it(address: str, wish: str):
    assert not Settings.from_environment(GIVEN | {"PUBLIC_URL": address, "DEMO": wish}).demo


def test_no_secret_shows_when_settings_are_printed():
    shown = repr(Settings.from_environment(GIVEN))

    assert "tea" not in shown
    assert "kkk" not in shown


REPLIES = {
    "REPLY_ADDRESS": " Rota@bexley.example ",
    "REPLIES_URL": "imaps://rota:tea@mail.example/INBOX",
}


BOUNCES = {
    "BOUNCE_ADDRESS": "Back@bexley.example",
    "BOUNCES_URL": "imaps://back:tea@mail.example/INBOX",
}


def test_bounces_are_read_by_the_same_rules():
    off = Settings.from_environment(GIVEN)
    assert (off.bounce_address, off.bounces_url) == ("", "")
    read = Settings.from_environment(GIVEN | BOUNCES)
    assert (read.bounce_address, read.bounces_url) == (
        "back@bexley.example", BOUNCES["BOUNCES_URL"],
    )  # fmt: skip
    assert "tea" not in repr(read)
    for changed in ({"BOUNCE_ADDRESS": "back+x@y.example"}, {"BOUNCE_ADDRESS": ""}):
        with pytest.raises(SettingsError, match="BOUNCE_ADDRESS"):
            Settings.from_environment(GIVEN | BOUNCES | changed)
    with pytest.raises(SettingsError, match="BOUNCES_URL"):
        Settings.from_environment(GIVEN | BOUNCES | {"BOUNCES_URL": "imap://a:b@c/INBOX"})


def test_replies_are_off_unless_told_where_they_arrive():
    off = Settings.from_environment(GIVEN)
    assert (off.reply_address, off.replies_url) == ("", "")
    piped = Settings.from_environment(GIVEN | {"REPLY_ADDRESS": "rota@bexley.example"})
    assert (piped.reply_address, piped.replies_url) == ("rota@bexley.example", "")
    read = Settings.from_environment(GIVEN | REPLIES)
    assert read.reply_address == "rota@bexley.example"
    assert read.replies_url == REPLIES["REPLIES_URL"]
    assert "tea" not in repr(read)


def test_feeds_are_packed_only_where_that_is_switched_on():
    assert not Settings.from_environment(GIVEN).calendar_gzip
    for said in ("", "0", "no"):
        assert not Settings.from_environment(GIVEN | {"CALENDAR_GZIP": said}).calendar_gzip
    assert Settings.from_environment(GIVEN | {"CALENDAR_GZIP": " 1 "}).calendar_gzip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPLY_ADDRESS", "rota"),
        ("REPLY_ADDRESS", "ro ta@bexley.example"),
        ("REPLY_ADDRESS", "rota+x@bexley.example"),
        ("REPLY_ADDRESS", "coordinators@bexley.example"),  # leaves no room for a token
        ("REPLY_ADDRESS", "Rota <rota@bexley.example>"),
        ("REPLY_ADDRESS", "a@b.example,c@d.example"),
        ("REPLY_ADDRESS", ""),
        ("REPLIES_URL", "imap://rota:tea@mail.example/INBOX"),
        ("REPLIES_URL", "imaps://mail.example/INBOX"),
        ("REPLIES_URL", "maildir:///"),
        ("REPLIES_URL", "maildir://elsewhere/folder"),
        ("REPLIES_URL", "imaps://rota@mail.example/INBOX"),
        ("REPLIES_URL", "imaps://rota:tea@/INBOX"),
        ("REPLIES_URL", "imaps://rota:tea@mail.example:0/INBOX"),
        ("REPLIES_URL", "mail.example"),
    ],
)
def test_malformed_mailbox_is_one_sentence_that_tells_no_password(name: str, value: str):
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(GIVEN | REPLIES | {name: value})
    sentence = str(refused.value)
    assert name in sentence
    assert sentence.endswith(".")
    assert "tea" not in sentence


def test_metrics_token_is_long_and_plain_or_there_is_none():
    assert Settings.from_environment(GIVEN).metrics_token == ""
    token = "sixteen-letters!"
    given = Settings.from_environment(GIVEN | {"METRICS_TOKEN": f" {token} "})
    assert given.metrics_token == token
    assert token not in repr(given)


@pytest.mark.parametrize("value", ["short", "with a space in it", "x" * 201, "ü" * 20])
def test_malformed_metrics_token_is_one_sentence_that_does_not_repeat_it(value: str):
    with pytest.raises(SettingsError, match=r"^METRICS_TOKEN [^\n]+\.$") as refused:
        Settings.from_environment(GIVEN | {"METRICS_TOKEN": value})
    assert value not in str(refused.value)


class TestTexts:
    ON = MappingProxyType({
        "TEXTS_URL": "https://gateway.example/send?v=1", "TEXTS_TOKEN": "t0ken",
        "TEXTS_SENDER": "Good Turn", "TEXTS_PRICE": "4.5", "TEXTS_MOST_A_MONTH": "2000",
    })  # fmt: skip

    def test_none_are_sent_unless_a_gateway_is_given(self):
        assert read_texts({"TEXTS_TOKEN": "t0ken"}) is None

    def test_a_gateway_has_a_price_and_a_limit(self):
        texts = read_texts(self.ON)
        assert (texts.price, texts.most_a_month) == (Decimal("4.5"), 2000)
        assert (texts.login, texts.region, texts.is_json) == ("bearer", "GB", True)

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("TEXTS_URL", "http://gateway.example/send"), ("TEXTS_URL", "ftp://x"),
            ("TEXTS_URL", "https://name:password@gateway.example"), ("TEXTS_URL", "https://x y"),
            ("TEXTS_TOKEN", ""), ("TEXTS_TOKEN", "two words"), ("TEXTS_LOGIN", "oauth"),
            ("TEXTS_SENDER", ""), ("TEXTS_SENDER", "Twelve letters"), ("TEXTS_PRICE", ""),
            ("TEXTS_PRICE", "0"), ("TEXTS_PRICE", "-1"), ("TEXTS_PRICE", "NaN"),
            ("TEXTS_PRICE", "1e9"), ("TEXTS_PRICE", "0.0001"), ("TEXTS_MOST_A_MONTH", ""),
            ("TEXTS_MOST_A_MONTH", "Infinity"), ("TEXTS_BODY", "to={to}"),
            ("TEXTS_BODY", '{"to": "{to}", "text": "{words}"'), ("TEXTS_REGION", "Britain"),
        ],
    )  # fmt: skip
    def test_what_is_missing_or_malformed_is_named_and_never_repeated(self, name, written):
        with pytest.raises(SettingsError) as refused:
            read_texts({**self.ON, name: written})
        assert name in str(refused.value)
        assert not written or written not in str(refused.value)

    def test_words_stay_within_their_field(self):
        hostile = '{to}","to":"+441234&to=1\r\n'
        for body in ('{"a": ["{words}", {"b": "{to}"}]}', "words={words}&to={to}"):
            texts = read_texts({**self.ON, "TEXTS_BODY": body})
            filled = texts.fill_in(number="+447400123456", words=hostile)
            if texts.is_json:
                assert json.loads(filled) == {"a": [hostile, {"b": "+447400123456"}]}
            else:
                assert parse_qs(filled) == {"words": [hostile], "to": ["+447400123456"]}
