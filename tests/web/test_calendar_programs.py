"""Feeds for programs: jCal by Accept, lists in JSON, and busy times by choice."""

from __future__ import annotations

import datetime as dt
import json

import icalendar
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.browsing import Browser
from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_role
from tests.builders import a_slot
from tests.builders import a_walk
from tests.builders import an_event
from tests.calendars import cancel
from tests.calendars import events_of
from tests.calendars import move
from tests.calendars import unfolded
from tests.statements import count_statements
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar import programs
from timebank.models import Feed
from timebank.models import Series

NOW = dt.datetime(2026, 11, 23, 12, 0, 30, tzinfo=dt.UTC)
EVERYTHING = "/calendar/all.ics"
SERIES = "/e/danson-saturday-stroll/calendar.ics"
DATE = "/e/danson-saturday-stroll/2026-11-28.ics"
LIST = "/calendar/all.json"
SERIES_LIST = "/e/danson-saturday-stroll/calendar.json"
JCAL = "application/calendar+json"


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=dt.date(2026, 11, 28))
    a_claim(session, walk.marshal, walk.bela)
    walk.series.title = "Tea; cake, and “more”"
    walk.group.name = "Strollers, of Danson"
    session.commit()
    walk.event.updated_at = NOW - dt.timedelta(minutes=5)
    session.commit()
    session.refresh(walk.event)
    return walk


@pytest.fixture
def client(app: Flask, walk: Walk) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def mine(session: Session, walk: Walk) -> str:
    """The private address of Bela's turns, without its ending."""
    token = addresses.make_address(
        session, membership_id=walk.bela.id, community_id=walk.community.id, now=NOW
    )
    session.commit()
    return f"/me/{token}"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def asked(client: FlaskClient, address: str, accept: str | None, **headers: str):
    wanted = {} if accept is None else {"Accept": accept}
    return client.get(address, headers={**wanted, **headers})


def test_every_feed_is_told_in_jcal_to_whoever_asks_for_that(
    client: FlaskClient, mine: str
) -> None:
    for address in (EVERYTHING, SERIES, DATE, f"{mine}.ics"):
        plain = client.get(address)
        for _twice in range(2):
            answer = asked(client, address, JCAL)
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == JCAL
            assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept"
            assert answer.headers["Cache-Control"] == plain.headers["Cache-Control"]
            assert answer.headers["Content-Disposition"].endswith('.json"')
            assert answer.headers["ETag"] != plain.headers["ETag"]
            assert int(answer.headers["Content-Length"]) == len(answer.data)
        assert same_content(json.loads(answer.data), icalendar.Calendar.from_ical(plain.data))


def same_content(told: list, calendar: icalendar.Component) -> bool:
    """Whether jCal tells each property of a calendar with its own value, and no other."""
    kind, properties, components = told
    assert kind == calendar.name.lower()
    assert sorted(name for name, *_rest in properties) == sorted(map(str.lower, calendar))
    for name, parameters, type_, *texts in properties:
        held = calendar[name]
        if name == "categories":
            assert texts == [str(category) for category in held.cats]
        elif name == "name":
            assert texts[0].replace(",", r"\,").replace(";", r"\;") == str(held)
        elif type_ == "date-time":
            assert parameters.get("tzid") == held.params.get("TZID")
            assert texts[0].replace("-", "").replace(":", "") == held.to_ical().decode()
        elif type_ in {"text", "integer"}:
            assert texts == [held]
        elif type_ in {"uri", "duration", "unknown"}:
            assert texts == [held.to_ical().decode()]
        else:
            assert type_ in {"recur", "utc-offset", "float"}
    assert len(components) == len(calendar.subcomponents)
    return all(map(same_content, components, calendar.subcomponents))


def test_jcal_names_the_calendar_in_plain_text(client: FlaskClient) -> None:
    _kind, properties, (_zone, (_event, told, _none)) = asked(client, SERIES, JCAL).json
    assert ["name", {}, "text", "Tea; cake, and “more”"] in properties
    assert ["categories", {}, "text", "Strollers, of Danson"] in told
    assert ["summary", {}, "text", "Tea; cake, and “more”"] in told
    zoned = {"tzid": "Europe/London"}
    assert ["dtstart", zoned, "date-time", "2026-11-28T09:00:00"] in told


def test_a_calendar_that_asks_for_both_or_neither_gets_icalendar(client: FlaskClient) -> None:
    plain = "text/calendar; charset=utf-8"
    wanted = {
        None: plain,
        "*/*": plain,
        "text/html": plain,
        "application/xml, text/html": plain,
        "not a type": plain,
        "text/calendar, application/calendar+json, application/calendar+xml": plain,
        "text/calendar;q=0.9, application/calendar+json;q=0.4": plain,
        "application/calendar+json;q=0": plain,
        JCAL: JCAL,
        "Application/Calendar+JSON": JCAL,
        "application/*": JCAL,
        "text/calendar;q=0.5, application/calendar+json": JCAL,
        "application/calendar+json, */*;q=0.1": JCAL,
    }
    for _twice in range(2):  # the second time, everything is kept ready
        for accept, expected in wanted.items():
            assert asked(client, EVERYTHING, accept).headers["Content-Type"] == expected, accept


def test_each_form_has_an_etag_of_its_own_that_changes_with_the_feed(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    questions = [(EVERYTHING, None), (EVERYTHING, JCAL), (LIST, None), (SERIES_LIST, None)]
    before = [asked(client, *question) for question in questions]
    etags = [answer.headers["ETag"] for answer in before]
    assert len(set(etags)) == len(etags)
    for (address, accept), etag in zip(questions, etags, strict=True):
        for known in (etag, f"W/{etag}", "*"):
            answer = asked(client, address, accept, **{"If-None-Match": known})
            assert (answer.status_code, answer.data) == (304, b"")
            assert (answer.headers["ETag"], answer.headers["Vary"]) == (etag, "Accept")
        for other in set(etags) - {etag}:
            answer = asked(client, address, accept, **{"If-None-Match": other})
            assert answer.status_code == 200
    move(session, walk.event, dt.timedelta(hours=1), now=NOW)
    for (address, accept), old in zip(questions, before, strict=True):
        new = asked(client, address, accept, **{"If-None-Match": old.headers["ETag"]})
        assert new.status_code == 200
        assert new.headers["ETag"] != old.headers["ETag"]
        assert new.data != old.data


def test_what_is_not_shown_changes_no_etag_of_any_form(
    client: FlaskClient, session: Session
) -> None:
    before = [asked(client, EVERYTHING, JCAL), client.get(LIST)]
    session.execute(sa.update(Series).values(first_timers="Look for us"))
    session.commit()
    after = [asked(client, EVERYTHING, JCAL), client.get(LIST)]
    for old, new in zip(before, after, strict=True):
        assert (old.headers["ETag"], old.data) == (new.headers["ETag"], new.data)


def test_a_list_tells_each_date_in_fields_and_names_nobody(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    later = an_event(session, walk.series, dt.date(2027, 7, 3))
    cancel(session, later, "the path is flooded", now=NOW)
    for address, name in ((LIST, "Bexley"), (SERIES_LIST, "Tea; cake, and “more”")):
        answer = client.get(address)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "public, max-age=900"
        assert "Set-Cookie" not in answer.headers
        told = answer.json
        assert told["name"] == name
        assert (told["since"], told["until"]) == ("2026-05-01", "2028-01-01")
        first, second = told["events"]
        assert first == {
            "uid": str(walk.event.uid),
            "sequence": first["sequence"],
            "updated_at": "2026-11-23T11:55:30Z",
            "title": "Tea; cake, and “more”",
            "state": "planned",
            "is_uncertain": False,
            "reason": None,
            "starts_at": "2026-11-28T09:00:00+00:00",
            "ends_at": "2026-11-28T10:30:00+00:00",
            "timezone": "Europe/London",
            "day": "2026-11-28",
            "series": "danson-saturday-stroll",
            "group": "Strollers, of Danson",
            "scene": "park",
            "colour": "forestgreen",
            "picture": "http://localhost/static/img/scenes/park.png",
            "description": "A friendly 5k round the lake.",
            "bring": "",
            "venue": {
                "name": "Danson Park, by the boathouse",
                "address": "The boathouse, Danson Park, DA6 8HL",
                "latitude": None,
                "longitude": None,
            },
            "url": "http://localhost/e/danson-saturday-stroll/2026-11-28",
        }
        assert second["starts_at"] == "2027-07-03T09:00:00+01:00"
        assert (second["state"], second["reason"]) == ("cancelled", "the path is flooded")
        for word in ("Bela", "Novak", "Nadia", "Khan", "@"):
            assert word not in answer.get_data(as_text=True)


def test_a_list_shows_the_same_dates_as_the_calendar(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    for day in (dt.date(2026, 4, 30), dt.date(2026, 5, 1), dt.date(2027, 12, 31)):
        an_event(session, walk.series, day)
    session.commit()
    for feed, told in ((EVERYTHING, LIST), (SERIES, SERIES_LIST)):
        shown = [str(event["UID"]).partition("@")[0] for event in events_of(client.get(feed).data)]
        assert [event["uid"] for event in client.get(told).json["events"]] == shown
        assert len(shown) == 3


def test_statements_of_a_list_do_not_grow_with_its_dates(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    for week in range(1, 20):
        an_event(session, walk.series, dt.date(2026, 11, 28) + dt.timedelta(weeks=week))
    session.commit()
    totals = []
    for _twice in range(2):
        with count_statements() as count:
            client.get(LIST)
        totals.append(count.total)
    assert totals == [2, 1]


def test_what_is_not_there_or_away_is_one_line_of_text(client: FlaskClient, mine: str) -> None:
    for address in ("/e/nowhere/calendar.json", f"/me/{'a' * 32}.ifb", "/me/x.ifb", f"{mine}.ifb"):
        assert client.get(address).status_code == 404, address
    assert asked(client, "/e/nowhere/calendar.ics", JCAL).status_code == 404
    client.get(LIST)
    reader.bind("postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=1")
    for address in (LIST, SERIES_LIST, f"{mine}.ifb"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")


def test_head_is_get_without_the_body_in_every_form(client: FlaskClient) -> None:
    for address, accept in ((LIST, None), (EVERYTHING, JCAL)):
        wanted = {"Accept": accept} if accept else {}
        got = client.get(address, headers=wanted)
        headed = client.head(address, headers=wanted)
        assert headed.data == b""
        assert dict(headed.headers) == dict(got.headers)


@pytest.fixture
def busy(session: Session, walk: Walk, mine: str) -> str:
    """Bela tells when she's busy: on two mornings, one of them with two jobs on end."""
    tea = a_role(session, walk.series, name="Tea", starts_after_minutes=75, duration_minutes=30)
    a_claim(session, a_slot(session, walk.event, tea), walk.bela)
    for weeks in (1, 2):
        event = an_event(session, walk.series, walk.event.occurs_on + dt.timedelta(weeks=weeks))
        a_claim(session, a_slot(session, event, tea), walk.bela)
    session.commit()
    cancel(session, event, "flooded", now=NOW)
    programs.tell_busy_times(session, membership_id=walk.bela.id, tells=True)
    session.commit()
    return f"{mine}.ifb"


def test_busy_times_are_spans_in_utc_and_nothing_else(
    client: FlaskClient, session: Session, walk: Walk, busy: str
) -> None:
    answer = client.get(busy)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="my-turns.ifb"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    lines = unfolded(answer.data)
    changed = next(line for line in lines if line.startswith("DTSTAMP"))
    uid = next(line for line in lines if line.startswith("UID"))
    assert lines == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Good Turn//Calendar//EN",
        "BEGIN:VFREEBUSY",
        "DTEND:20280101T000000Z",
        changed,
        "DTSTART:20260501T000000Z",
        "FREEBUSY;FBTYPE=BUSY:20261128T084500Z/20261128T104500Z",
        "FREEBUSY;FBTYPE=BUSY:20261205T101500Z/20261205T104500Z",
        uid,
        "END:VFREEBUSY",
        "END:VCALENDAR",
        "",
    ]
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        again = client.get(busy)
    assert again.data == answer.data
    etag = answer.headers["ETag"]
    assert client.get(busy, headers={"If-None-Match": etag}).status_code == 304


def test_busy_times_end_with_the_choice_even_for_who_knows_them(
    client: FlaskClient, session: Session, walk: Walk, busy: str
) -> None:
    etag = client.get(busy).headers["ETag"]
    programs.tell_busy_times(session, membership_id=walk.bela.id, tells=False)
    session.commit()
    assert client.get(busy, headers={"If-None-Match": etag}).status_code == 404
    assert client.get(busy.replace(".ifb", ".ics")).status_code == 200
    programs.tell_busy_times(session, membership_id=walk.bela.id, tells=True)
    addresses.revoke_address(session, membership_id=walk.bela.id, now=NOW)
    session.commit()
    assert client.get(busy).status_code == 410


def test_spans_are_joined_where_they_meet() -> None:
    at = [NOW + dt.timedelta(hours=hour) for hour in range(9)]
    spans = [(at[5], at[6]), (at[0], at[4]), (at[1], at[2]), (at[4], at[5]), (at[7], at[8])]
    assert programs.merged(spans) == [(at[0], at[6]), (at[7], at[8])]
    assert programs.merged([]) == []


def test_a_member_switches_busy_times_on_and_off_on_the_page(
    app: Flask, session: Session, walk: Walk, mine: str
) -> None:
    bela = Browser(app).sign_in(walk.bela)
    for button, expected in (("Tell when I’m busy", True), ("Stop telling", False)):
        bela.open("/calendar")
        bela.press(button)
        session.expire_all()
        assert session.query(Feed).one().tells_busy_times is expected


def test_somebody_without_an_address_has_nothing_to_switch(session: Session, walk: Walk) -> None:
    with pytest.raises(programs.NoAddress):
        programs.tell_busy_times(session, membership_id=walk.sam.id, tells=True)
