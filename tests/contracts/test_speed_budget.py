"""What an answer costs, in calls of functions: the same on every machine, however busy it is.

`make bench` measures seconds. This only sees to it that nobody adds work to each and every answer
unawares; whoever does so knowingly raises the number here.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
from urllib.parse import urlencode

import pytest
import time_machine
from flask import Flask
from werkzeug.test import EnvironBuilder

from tests import builders

PAGE = "/e/danson-saturday-stroll/2027-05-01"
FEED = "/calendar/all.ics"
NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def two_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def ask(app, path, expect, headers=None, form=None):
    """Ask without a test client, which does more than the app."""
    body = urlencode(form).encode() if form else b""
    environ = EnvironBuilder(
        path=path,
        method="POST" if form else "GET",
        headers=headers,
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="application/x-www-form-urlencoded" if form else None,
    ).get_environ()
    answered = []
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        chunks = app(environ, lambda status, headers: answered.extend([status, headers]))
        for _ in chunks:
            pass
    finally:
        sys.setprofile(None)
    assert answered[0].startswith(str(expect)), answered
    return calls, dict(answered[1])


def cost(app, *question, **facts):
    """Count the calls of an answer, in those that bare Flask takes to say hello.

    Each is asked once before: the first answer of a process also brings modules in.
    """
    ask(app, *question, **facts)
    return ask(app, *question, **facts)[0] / cost_of_hello()


def cost_of_hello():
    hello = Flask("hello")
    hello.add_url_rule("/", view_func=lambda: "Hello, neighbour", endpoint="hello")
    ask(hello, "/", 200)
    return ask(hello, "/", 200)[0]


def cookie_of(browser):
    kept = browser.client.get_cookie("goodturn")
    return {"Cookie": f"goodturn={kept.value}"}


def test_a_kept_page_costs_little_more_than_hello(app, walk):
    assert cost(app, PAGE, 200) < 2.4


def test_a_kept_page_costs_somebody_signed_in_a_little_more(app, walk, browser):
    browser.sign_in(walk.bela).open(PAGE)
    assert cost(app, PAGE, 200, headers=cookie_of(browser)) < 3.1


def test_a_feed_that_has_not_changed_costs_half_of_hello(app, walk):
    etag = ask(app, FEED, 200)[1]["ETag"]
    assert cost(app, FEED, 304, headers={"If-None-Match": etag}) < 0.5


def test_taking_a_place_costs_less_than_a_kept_page(app, walk, browser):
    take(app, browser, walk.sam, walk.marshal)
    calls = take(app, browser, walk.bela, walk.tail_walker)
    assert calls / cost_of_hello() < 2


def take(app, browser, member, slot):
    """Take a place and count the calls."""
    browser.sign_in(member).open(PAGE)
    form = {"csrf_token": browser.forms()[0].fields["csrf_token"][0]}
    path = f"{PAGE}/claim/{slot.id}"
    return ask(app, path, 303, headers=cookie_of(browser), form=form)[0]
