from __future__ import annotations

import datetime as dt
import logging

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.calendars import events_of
from tests.calendars import move
from tests.statements import count_statements
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.models import Feed
from timebank.models import Shows
from timebank.web.calendar.discreet import MaskSecrets
from timebank.web.door import SIGN_IN_KEY

NOW = dt.datetime(2026, 11, 23, 12, 0, 30, tzinfo=dt.UTC)
EVERYTHING = "/calendar/all.ics"
SERIES = "/e/danson-saturday-stroll/calendar.ics"
DATE = "/e/danson-saturday-stroll/2026-11-28.ics"


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=dt.date(2026, 11, 28))
    a_claim(session, walk.marshal, walk.bela)
    walk.event.updated_at = NOW - dt.timedelta(minutes=5)
    session.commit()
    return walk


@pytest.fixture
def client(app: Flask, walk: Walk) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def mine(session: Session, walk: Walk) -> str:
    """The private address of Bela's turns."""
    token = addresses.make_address(
        session, membership_id=walk.bela.id, community_id=walk.community.id, now=NOW
    )
    session.commit()
    return f"/me/{token}.ics"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_every_feed_says_what_it_is_and_how_long_it_may_be_kept(
    client: FlaskClient, mine: str
) -> None:
    public, private = "public, max-age=900", "private, no-cache"
    expected = {
        EVERYTHING: (public, 'inline; filename="whats-on.ics"', None),
        SERIES: (public, 'inline; filename="danson-saturday-stroll.ics"', None),
        DATE: (public, 'attachment; filename="danson-saturday-stroll-2026-11-28.ics"', None),
        mine: (private, 'inline; filename="my-turns.ics"', "noindex"),
    }
    for address, (caching, disposition, robots) in expected.items():
        answer = client.get(address)
        assert answer.status_code == 200
        assert len(events_of(answer.data)) == 1
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == caching
        assert answer.headers["Content-Disposition"] == disposition
        assert answer.headers.get("X-Robots-Tag") == robots
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["ETag"].startswith('"')


PRIVATE = {
    Shows.HOUSEHOLD: ("/f/household/", "our-turns"),
    Shows.ORGANISING: ("/f/organising/", "organising"),
    Shows.EXCHANGES: ("/f/exchanges/", "help-agreed"),
    Shows.WHATS_ON: ("/f/whats-on/", "whats-on"),
    Shows.GAPS: ("/f/gaps/", "still-needed"),
}


@pytest.fixture
def private(session: Session, walk: Walk) -> dict[Shows, str]:
    """The address of each other kind, of Ama, who coordinates."""
    here = {"membership_id": walk.ama.id, "community_id": walk.community.id, "now": NOW}
    tokens = {}
    for shows in PRIVATE:
        if shows in {Shows.WHATS_ON, Shows.GAPS}:
            narrowing = addresses.Narrowing()
            made = addresses.make_narrowed(session, shows=shows, narrowing=narrowing, **here)
            tokens[shows] = made[1]
        else:
            tokens[shows] = addresses.make_address(session, shows=shows, **here)
    session.commit()
    return {shows: f"{PRIVATE[shows][0]}{token}.ics" for shows, token in tokens.items()}


def test_every_private_address_is_short_private_and_answered_in_one_statement(
    client: FlaskClient, private: dict[Shows, str]
) -> None:
    for shows, address in private.items():
        assert len(f"https://a-borough-of-some-length.goodturn.example{address}") < 120
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        filename = PRIVATE[shows][1]
        assert answer.headers["Content-Disposition"] == f'inline; filename="{filename}.ics"'
        assert "Set-Cookie" not in answer.headers
        with count_statements() as count:
            known = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (known.status_code, count.total) == (304, 1)
        with count_statements() as count:
            again = client.get(address)
        assert (again.data, count.total) == (answer.data, 1)


def test_a_private_address_says_who_read_it_and_nothing_more(
    client: FlaskClient, session: Session, private: dict[Shows, str]
) -> None:
    agents = {
        "Google-Calendar-Importer": "google",
        "iOS/18.1 (22B83) dataaccessd/1.0": "apple",
        "Microsoft.Exchange/15.20": "outlook",
        "Mozilla/5.0 (X11; Linux) Gecko/20100101 Thunderbird/128.0": "thunderbird",
        "Nextcloud-CalDAV/1.0": "nextcloud",
        "curl/8": "other",
    }
    for hours, (agent, client_name) in enumerate(agents.items()):
        with time_machine.travel(NOW + dt.timedelta(hours=hours), tick=False):
            client.get(private[Shows.GAPS], headers={"User-Agent": agent})
        session.expire_all()
        feed = session.query(Feed).filter(Feed.shows == Shows.GAPS).one()
        assert feed.last_client == client_name
        assert feed.last_fetched_at == NOW + dt.timedelta(hours=hours)


def test_a_group_is_followed_without_an_account(client: FlaskClient) -> None:
    answer = client.get("/g/strollers/calendar.ics")
    assert len(events_of(answer.data)) == 1
    assert answer.headers["Cache-Control"] == "public, max-age=900"
    assert answer.headers["Content-Disposition"] == 'inline; filename="strollers.ics"'
    assert client.get("/g/nobody/calendar.ics").status_code == 404


def test_an_address_that_is_emptied_is_an_empty_calendar_and_then_gone(
    client: FlaskClient, session: Session, walk: Walk, mine: str
) -> None:
    addresses.revoke_address(session, membership_id=walk.bela.id, is_emptied=True, now=NOW)
    session.commit()
    for _ in range(2):
        answer = client.get(mine)
        assert (answer.status_code, events_of(answer.data)) == (200, [])
    with time_machine.travel(NOW + dt.timedelta(days=14), tick=False):
        assert client.get(mine).status_code == 410


def test_a_calendar_that_is_up_to_date_is_told_so_in_one_statement(
    client: FlaskClient, session: Session, mine: str
) -> None:
    for address in (EVERYTHING, SERIES, DATE, mine):
        etag = client.get(address).headers["ETag"]
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            with count_statements() as count:
                answer = client.get(address, headers={"If-None-Match": known})
            assert (answer.status_code, answer.data, count.total) == (304, b"", 1)
            assert answer.headers["ETag"] == etag
            assert "Cache-Control" in answer.headers
            assert "Content-Type" not in answer.headers
        assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_change_is_seen_with_the_next_question(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    before = client.get(EVERYTHING)
    move(session, walk.event, dt.timedelta(hours=1), now=NOW)
    after = client.get(EVERYTHING, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.data != before.data


def test_a_date_decides_only_for_calendars_that_send_no_etag(client: FlaskClient) -> None:
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False):
        first = client.get(EVERYTHING)
        changed = first.headers["Last-Modified"]
        asked = {
            changed: 304,
            "Sun, 22 Nov 2026 23:59:59 GMT": 200,
            "Tue, 24 Nov 2099 00:00:00 GMT": 200,
            "soon": 200,
        }
        for said, status in asked.items():
            answer = client.get(EVERYTHING, headers={"If-Modified-Since": said})
            assert answer.status_code == status
        both = {"If-Modified-Since": changed, "If-None-Match": '"other"'}
        assert client.get(EVERYTHING, headers=both).status_code == 200


def test_a_date_is_worth_one_day_since_what_is_taken_out_leaves_no_trace(
    client: FlaskClient,
) -> None:
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
        changed = client.get(EVERYTHING).headers["Last-Modified"]
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        answer = client.get(EVERYTHING, headers={"If-Modified-Since": changed})
    assert answer.status_code == 200


def test_head_is_get_without_the_body(client: FlaskClient) -> None:
    got, headed = client.get(EVERYTHING), client.head(EVERYTHING)
    assert headed.data == b""
    assert dict(headed.headers) == dict(got.headers)
    assert int(headed.headers["Content-Length"]) == len(got.data)


def test_no_answer_of_a_feed_carries_a_cookie_even_to_somebody_signed_in(
    app: Flask, client: FlaskClient, mine: str
) -> None:
    with client.session_transaction() as kept:
        kept[SIGN_IN_KEY] = "somebody"
        kept.permanent = True
    etag = client.get(EVERYTHING).headers["ETag"]
    answers = [
        *(client.get(address) for address in (EVERYTHING, SERIES, DATE, mine)),
        client.get(EVERYTHING, headers={"If-None-Match": etag}),
        client.get("/e/unknown/calendar.ics"),
        client.get("/me/unknown.ics"),
    ]
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert answer.headers.get("Vary", "Accept") == "Accept"


def test_what_is_not_there_is_one_line_of_text(
    client: FlaskClient, session: Session, walk: Walk, mine: str
) -> None:
    for address in ("/e/nowhere/calendar.ics", "/e/danson-saturday-stroll/2026-11-29.ics"):
        assert said(client.get(address)) == (404, "There is no calendar at this address.")
    assert said(client.get(f"/me/{'a' * 32}.ics"))[0] == 404
    addresses.revoke_address(session, membership_id=walk.bela.id, now=NOW)
    session.commit()
    assert said(client.get(mine)) == (410, "This calendar address has been switched off.")
    assert client.get("/e/danson-saturday-stroll/2026-02-30.ics").status_code == 404
    assert client.get("/e/danson-saturday-stroll/2026-11-28x.ics").status_code == 404


def said(answer: TestResponse) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return answer.status_code, answer.get_data(as_text=True).strip()


def test_a_database_that_is_away_is_never_an_empty_calendar(
    client: FlaskClient, mine: str
) -> None:
    client.get(EVERYTHING)
    reader.bind("postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=1")
    for address in (EVERYTHING, SERIES, DATE, mine):
        answer = client.get(address)
        assert said(answer)[0] == 503
        assert answer.headers["Retry-After"] == "300"


def test_nobody_is_named_in_any_feed(client: FlaskClient, mine: str) -> None:
    for address in (EVERYTHING, SERIES, DATE, mine):
        feed = client.get(address).data.decode().replace("\r\n ", "")
        for word in ("Bela", "Novak", "Nadia", "Khan", "Owusu", "bela@", "example.com"):
            assert word not in feed


def test_another_community_sees_nothing_of_this_one(
    client: FlaskClient, session: Session, walk: Walk, mine: str
) -> None:
    walk.community.host = "localhost"
    an_elsewhere(session)
    there = "http://ashford.example"
    assert events_of(client.get(EVERYTHING, base_url=there).data) == []
    for address in (SERIES, DATE, mine):
        assert client.get(address, base_url=there).status_code == 404
    assert client.get(EVERYTHING, base_url="http://nobody.example").status_code == 404


def test_a_fetch_is_noted_once_an_hour(client: FlaskClient, session: Session, mine: str) -> None:
    for minutes, noted in ((0, 0), (59, 0), (60, 60)):
        with time_machine.travel(NOW + dt.timedelta(minutes=minutes), tick=False):
            client.get(mine)
        session.expire_all()
        (feed,) = session.query(Feed).all()
        assert feed.last_fetched_at == NOW + dt.timedelta(minutes=noted)


def test_a_database_that_only_reads_notes_nobody_and_serves_all(
    client: FlaskClient, owner: sa.Engine, session: Session, mine: str
) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql("REVOKE UPDATE ON feed FROM timebank_app")
    assert client.get(mine).status_code == 200
    assert session.scalar(sa.select(Feed.last_fetched_at)) is None


def test_statements_of_a_feed_do_not_grow_with_its_dates(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    totals = []
    for weeks in (range(1, 5), range(5, 20)):
        for week in weeks:
            an_event(session, walk.series, dt.date(2026, 11, 28) + dt.timedelta(weeks=week))
        session.commit()
        with count_statements() as count:
            client.get(EVERYTHING)
        with count_statements() as again:
            client.get(EVERYTHING)
        totals.append((count.total, again.total))
    # One stores what nobody had written yet; the second time one looked in vain before it asked.
    assert totals == [(3, 1), (4, 1)]


def test_secrets_in_addresses_stay_out_of_the_logs() -> None:
    lines = {
        '"GET /me/abc234.ics HTTP/1.1" 200': '"GET /me/….ics HTTP/1.1" 200',
        '"GET /f/gaps/abc234.ics HTTP/1.1" 200': '"GET /f/… HTTP/1.1" 200',
        '"GET /me/abc234.ifb HTTP/1.1" 200': '"GET /me/….ifb HTTP/1.1" 200',
        "Exception on /t/12-abc234/confirm [GET]": "Exception on /t/…/confirm [GET]",
        "GET /sign-in/7-abc234": "GET /sign-in/…",
        "GET /sign-in/code": "GET /sign-in/code",
        "GET /me/turns/4/cant": "GET /me/turns/4/cant",
        '"GET /c/K7QM2XWP HTTP/1.1" 200': '"GET /c/… HTTP/1.1" 200',
        '"GET /c?code=k7qm-2xwp HTTP/1.1" 303': '"GET /c?code=… HTTP/1.1" 303',
    }
    mask = MaskSecrets()
    for line, expected in lines.items():
        record = logging.LogRecord("gunicorn.access", logging.INFO, "", 0, "%s", (line,), None)
        assert mask.filter(record)
        assert record.getMessage() == expected
