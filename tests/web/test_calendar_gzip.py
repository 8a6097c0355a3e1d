"""Feeds in gzip, where the operator switched that on: other bytes, and the same calendar."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from tests.builders import a_walk
from tests.builders import an_event
from tests.calendars import move
from tests.statements import count_statements
from timebank.app import create_app
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import addresses

NOW = dt.datetime(2026, 11, 23, 12, 0, 30, tzinfo=dt.UTC)
EVERYTHING = "/calendar/all.ics"
LIST = "/calendar/all.json"
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
JCAL = {"Accept": "application/calendar+json"}
ALONE = ("Content-Encoding", "Content-Length", "ETag", "Vary", "Set-Cookie")


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = a_walk(session, day=dt.date(2026, 11, 28))
    for week in range(1, 9):
        an_event(session, walk.series, dt.date(2026, 11, 28) + dt.timedelta(weeks=week))
    session.commit()
    return walk


@pytest.fixture
def packing(settings, walk):
    """A site that packs its feeds."""
    app = create_app(dataclasses.replace(settings, calendar_gzip=True))
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()
    reader.bind("")


@pytest.fixture
def mine(session, walk):
    token = addresses.make_address(
        session, membership_id=walk.bela.id, community_id=walk.community.id, now=NOW
    )
    session.commit()
    return f"/me/{token}.ics"


def test_off_nothing_changes(app: Flask, walk) -> None:
    client = app.test_client()
    for asked in ({}, GZIP, GZIP):
        answer = client.get(EVERYTHING, headers=asked)
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Vary"] == "Accept"
        assert answer.data.startswith(b"BEGIN:VCALENDAR")
        assert "gzip" not in answer.headers["ETag"]


def test_on_whoever_takes_gzip_gets_the_same_calendar_packed(packing: FlaskClient, mine) -> None:
    for address, others in ((EVERYTHING, {}), (mine, {}), (EVERYTHING, JCAL), (LIST, {})):
        plain = packing.get(address, headers=others)
        packed = packing.get(address, headers=others | GZIP)
        again = packing.get(address, headers=others | GZIP)
        assert gzip.decompress(packed.data) == plain.data
        assert again.data == packed.data
        assert len(packed.data) < len(plain.data)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(packed.data)
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'
        for answer in (plain, packed, again):
            assert answer.headers["Vary"] == "Accept, Accept-Encoding"
            assert "Set-Cookie" not in answer.headers
        rest = [
            {name: text for name, text in answer.headers.items() if name not in ALONE}
            for answer in (plain, packed, again)
        ]
        assert rest[0] == rest[1] == rest[2]


def test_packed_bytes_are_the_same_in_every_process_and_at_every_time(
    packing: FlaskClient, settings, walk
) -> None:
    body = packing.get(EVERYTHING, headers=GZIP).data
    with time_machine.travel(NOW + dt.timedelta(hours=3), tick=False):
        other = create_app(dataclasses.replace(settings, calendar_gzip=True)).test_client()
        assert other.get(EVERYTHING, headers=GZIP).data == body


def test_what_is_packed_is_kept_and_answered_in_one_statement(packing: FlaskClient) -> None:
    etags = {}
    for asked in ({}, GZIP):
        etags[str(asked)] = packing.get(EVERYTHING, headers=asked).headers["ETag"]
        with count_statements() as count:
            packing.get(EVERYTHING, headers=asked)
        assert count.total == 1
    assert len(set(etags.values())) == 2


def test_each_form_is_unchanged_for_whoever_has_that_form(packing: FlaskClient) -> None:
    plain = packing.get(EVERYTHING).headers["ETag"]
    packed = packing.get(EVERYTHING, headers=GZIP).headers["ETag"]
    for ours, other, asked in ((plain, packed, {}), (packed, plain, GZIP)):
        for known in (ours, f"W/{ours}", f'"old", {ours}', "*"):
            answer = packing.get(EVERYTHING, headers=asked | {"If-None-Match": known})
            assert (answer.status_code, answer.data) == (304, b"")
            assert answer.headers["ETag"] == ours
            assert answer.headers["Vary"] == "Accept, Accept-Encoding"
            assert "Content-Encoding" not in answer.headers
        assert packing.get(EVERYTHING, headers=asked | {"If-None-Match": other}).status_code == 200
    jcal = packing.get(EVERYTHING, headers=JCAL | GZIP).headers["ETag"]
    known = JCAL | GZIP | {"If-None-Match": jcal}
    assert packing.get(EVERYTHING, headers=known).status_code == 304


def test_a_change_is_seen_packed_too(packing: FlaskClient, session, walk) -> None:
    before = packing.get(EVERYTHING, headers=GZIP)
    move(session, walk.event, dt.timedelta(hours=1), now=NOW)
    known = GZIP | {"If-None-Match": before.headers["ETag"]}
    after = packing.get(EVERYTHING, headers=known)
    assert after.status_code == 200
    assert after.data != before.data
    assert gzip.decompress(after.data) == packing.get(EVERYTHING).data


def test_head_is_get_without_the_body_packed_too(packing: FlaskClient) -> None:
    for _ in range(2):  # by the route, and by the shortcut
        headed = packing.head(EVERYTHING, headers=GZIP)
        got = packing.get(EVERYTHING, headers=GZIP)
        assert headed.data == b""
        assert dict(headed.headers) == dict(got.headers)
        assert headed.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("br", False),
        ("", False),
        ("gzip;q=x", False),
        ("\x00;;q=,", False),
    ],
)
def test_only_whoever_takes_gzip_gets_it(
    packing: FlaskClient, accepted: str, *, is_packed: bool
) -> None:
    for _ in range(2):
        answer = packing.get(EVERYTHING, environ_base={"HTTP_ACCEPT_ENCODING": accepted})
        assert answer.status_code == 200
        assert ("Content-Encoding" in answer.headers) is is_packed


def test_what_is_not_there_is_plain_text(packing: FlaskClient) -> None:
    for address, status in (("/e/nowhere/calendar.ics", 404), (f"/me/{'a' * 32}.ics", 404)):
        answer = packing.get(address, headers=GZIP)
        assert answer.status_code == status
        assert "Content-Encoding" not in answer.headers
