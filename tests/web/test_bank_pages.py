from __future__ import annotations

import datetime as dt
import io
import json
import logging
import zipfile

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain.ledger import banks

NOW = dt.datetime(2027, 5, 2, 8, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_the_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def test_a_coordinator_takes_the_bank_along(app, walk, caplog):
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/books")
    ama.follow("Take the bank along")
    assert "Everybody’s name, e-mail and telephone number is in it." in ama.words
    with caplog.at_level(logging.WARNING):
        ama.press("Download the bank")
    assert ama.statuses == [200]
    headers = ama.answer.headers
    assert headers["Content-Disposition"] == "attachment; filename=bexley-bank-2027-05-02.zip"
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/zip", "no-store")
    with zipfile.ZipFile(io.BytesIO(ama.answer.get_data())) as bank:
        assert json.loads(bank.read("manifest.json"))["community"]["slug"] == "bexley"
        assert b"bela@example.com" in bank.read("members.csv")
    assert f"membership {walk.ama.id} took the whole bank along, 0 entries" in caplog.text
    ama.answer.close()


def test_nobody_else_finds_it(app, walk, session):
    elsewhere = builders.an_elsewhere(session)
    for who in (walk.nadia, walk.bela, elsewhere.chi):
        browser = Browser(app).sign_in(who)
        assert "Take the bank along" not in browser.open("/books")
        browser.open("/bank/export")
        assert browser.statuses == [404]
        browser.open("/calendar")
        token = next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)
        browser.post("/bank/export", csrf_token=token)
        assert browser.statuses == [404]


def test_somebody_signed_out_is_led_to_the_door(app, walk):
    dov = Browser(app)
    dov.open("/bank/export")
    assert dov.statuses == [303, 200]
    assert dov.path == "/sign-in"


def test_a_form_without_its_token_takes_nothing_along(app, walk):
    ama = Browser(app).sign_in(walk.ama)
    ama.post("/bank/export")
    assert ama.statuses == [400]


def test_the_page_asks_the_database_once(app, walk):
    ama = Browser(app).sign_in(walk.ama)
    with count_statements() as count:
        ama.open("/bank/export")
    assert count.total == 1


def test_a_failure_in_the_middle_is_a_page_not_half_a_file(app, walk, monkeypatch):
    def breaks(*_arguments, **_named):
        raise OSError("No space left on device")

    monkeypatch.setattr(banks.exporting, "_write_table", breaks)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/bank/export")
    ama.press("Download the bank")
    assert ama.statuses == [500]
    assert "Something broke at our end" in ama.words
