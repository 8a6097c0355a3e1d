"""The one cookie: signed, out of reach of scripts and of other sites, and gone after 90 days."""

from __future__ import annotations

import datetime as dt
from base64 import urlsafe_b64encode

import pytest
import time_machine
from flask import Flask
from flask import session
from flask.sessions import SecureCookieSessionInterface

from timebank.web import cookies

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
LASTS = dt.timedelta(days=90)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def an_app(key="a secret for tests", name="goodturn"):
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=key,
        SESSION_COOKIE_NAME=name,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LASTS,
    )
    cookies.register(app)

    @app.get("/keep/<word>")
    def keep(word):
        session["word"] = word
        session.permanent = True
        return ""

    @app.get("/forget")
    def forget():
        session.clear()
        return ""

    @app.get("/")
    def read():
        return session.get("word", "nothing")

    @app.get("/blind")
    def blind():
        return ""

    return app


@pytest.fixture
def app():
    return an_app()


def ask(app, cookie):
    return app.test_client(use_cookies=False).get("/", headers={"Cookie": f"goodturn={cookie}"})


def written_by(app, **held):
    return app.session_interface.write(held)


def test_what_is_kept_comes_back_and_can_be_forgotten(app):
    client = app.test_client()
    assert client.get("/").text == "nothing"
    client.get("/keep/½")
    assert client.get("/").text == "½"
    client.get("/forget")
    assert (client.get("/").text, client.get_cookie("goodturn")) == ("nothing", None)


def test_the_cookie_is_sent_back_to_nobody_else_and_lasts_90_days(app):
    sent = app.test_client().get("/keep/it").headers["Set-Cookie"]
    assert [part.strip() for part in sent.split(";")[1:]] == [
        "Expires=Tue, 27 Jul 2027 12:00:00 GMT",
        "HttpOnly",
        "Path=/",
        "SameSite=Lax",
    ]


def test_an_answer_says_when_it_depends_on_the_cookie(app):
    client = app.test_client()
    said = [client.get(path).headers.get("Vary") for path in ("/blind", "/", "/keep/it", "/blind")]
    assert said == [None, "Cookie", "Cookie", None]


def test_a_cookie_counts_until_it_is_90_days_old(app, clock):
    cookie = written_by(app, word="kept")
    clock.shift(LASTS)
    assert ask(app, cookie).text == "kept"
    clock.shift(dt.timedelta(seconds=1))
    assert ask(app, cookie).text == "nothing"


def test_a_cookie_that_somebody_changed_counts_as_none(app, clock):
    payload, date, proof = written_by(app, word="kept").split(".")
    other = urlsafe_b64encode(b'{"word":"forged"}').decode()
    clock.shift(dt.timedelta(hours=1))
    _, later, _ = written_by(app, word="kept").split(".")
    for changed in (
        f"{other}.{date}.{proof}",
        f"{payload}.{later}.{proof}",
        f"{payload}.{date}.{proof[:-1]}",
        f"{payload}.{date}.",
        f"{payload}.AAAA.{proof}",
        f"{payload}.{proof}",
        f"{other}",
        "..",
        ".",
        "½.½.½",
    ):
        assert ask(app, changed).text == "nothing", changed


@pytest.mark.parametrize("other", [an_app(key="another secret"), an_app(name="__Host-goodturn")])
def test_a_cookie_of_another_place_counts_as_none(app, other):
    assert ask(app, written_by(other, word="kept")).text == "nothing"


def test_a_cookie_that_flask_signed_with_the_same_secret_counts_as_none(app):
    flasks = SecureCookieSessionInterface().get_signing_serializer(app)
    assert ask(app, flasks.dumps({"word": "kept"})).text == "nothing"


def test_letters_take_no_more_room_than_they_must(app):
    assert len(written_by(app, word="ж" * 300)) < 1000
