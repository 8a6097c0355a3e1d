"""What's on inside somebody else's page, and oEmbed."""

from __future__ import annotations

import datetime as dt
import html
import re
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_series
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.calendars import cancel
from tests.statements import count_statements
from timebank.db import reader
from timebank.domain import communities
from timebank.models import EventState
from timebank.models import SeriesState
from timebank.web.door import SIGN_IN_KEY

NOW = dt.datetime(2026, 11, 23, 12, 0, 30, tzinfo=dt.UTC)
STROLL = "danson-saturday-stroll"


@pytest.fixture
def walk(session: Session) -> Walk:
    """A stroll on six Saturdays and a supper of another group between."""
    walk = a_walk(session, day=dt.date(2026, 11, 28))
    for weeks in range(1, 6):
        an_event(session, walk.series, walk.event.occurs_on + dt.timedelta(weeks=weeks))
    cooks = communities.create_group(
        session,
        community=walk.community,
        slug="cooks",
        name="The <b>Cooks</b>",
        organisers=[walk.nadia],
    )
    supper = a_series(
        session,
        group=cooks,
        organiser=walk.nadia,
        title="Soup & “songs” <i>",
        slug="supper",
        starts=dt.time(18),
        ends=dt.time(21),
    )
    an_event(session, supper, dt.date(2026, 11, 30))
    session.commit()
    return walk


@pytest.fixture
def client(app: Flask, walk: Walk) -> FlaskClient:
    return app.test_client()


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def shown(client: FlaskClient, address: str) -> list[tuple[str, str]]:
    """The links of the list: words and where to."""
    page = client.get(address).get_data(as_text=True)
    found = re.findall(r'<a href="([^"]+)" target="_top">([^<]*)</a>', page)
    return [(html.unescape(words), to) for to, words in found]


def test_the_list_shows_the_next_dates_and_leads_out_of_the_frame(client: FlaskClient) -> None:
    links = shown(client, "/embed")
    assert [words for words, _to in links] == [
        "Danson Saturday Stroll",
        "Soup & “songs” <i>",
        *["Danson Saturday Stroll"] * 3,
        "Everything that’s on in Bexley",
    ]
    assert links[0][1] == f"http://localhost/e/{STROLL}/2026-11-28"
    page = client.get("/embed").get_data(as_text=True)
    assert page.count("<a ") == page.count('target="_top">') - 1  # and the base
    assert "<i>" not in page


def test_a_list_can_be_of_one_event_or_of_one_group(client: FlaskClient) -> None:
    assert [to for _words, to in shown(client, f"/embed?event={STROLL}&most=2")] == [
        f"http://localhost/e/{STROLL}/2026-11-28",
        f"http://localhost/e/{STROLL}/2026-12-05",
        "http://localhost/",
    ]
    assert [words for words, _to in shown(client, "/embed?group=cooks")] == [
        "Soup & “songs” <i>",
        "Everything that’s on in Bexley",
    ]


def test_how_many_dates_is_taken_as_far_as_it_makes_sense(client: FlaskClient) -> None:
    counts = {"3": 3, "1": 1, "7": 7, "99999": 7, "0": 5, "-1": 5, "many": 5, "": 5, "9" * 50: 5}
    for most, count in counts.items():
        assert len(shown(client, f"/embed?{urlencode({'most': most})}")) == count + 1, most


def test_what_is_called_off_is_told_and_what_is_left_out_or_over_is_not(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    cancel(session, walk.event, "the path is flooded", now=NOW)
    page = client.get(f"/embed?event={STROLL}").get_data(as_text=True)
    assert page.count("<strong>Cancelled</strong>") == 1
    walk.event.state = EventState.SKIPPED
    walk.event.sequence += 1
    session.commit()
    assert "28" not in shown(client, f"/embed?event={STROLL}")[0][1]
    walk.series.state = SeriesState.DRAFT
    session.commit()
    assert len(shown(client, "/embed")) == 2
    with time_machine.travel(NOW + dt.timedelta(days=400), tick=False):
        page = client.get("/embed").get_data(as_text=True)
    assert "Nothing’s planned just now." in page


def test_the_list_may_be_framed_by_anybody_and_kept_and_sets_no_cookie(
    client: FlaskClient,
) -> None:
    with client.session_transaction() as kept:
        kept[SIGN_IN_KEY] = "somebody"
        kept.permanent = True
    answer = client.get("/embed")
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=900"
    assert "<script" not in answer.get_data(as_text=True)
    etag = answer.headers["ETag"]
    for known in (etag, f"W/{etag}"):
        again = client.get("/embed", headers={"If-None-Match": known})
        assert (again.status_code, again.data) == (304, b"")
    other = client.get("/calendar").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in other


def test_the_list_changes_its_etag_when_it_shows_something_else(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    before = client.get("/embed").headers["ETag"]
    walk.series.first_timers = "Look for us"
    session.commit()
    assert client.get("/embed").headers["ETag"] == before
    walk.series.title = "Sunday stroll"
    session.commit()
    assert client.get("/embed").headers["ETag"] != before


def test_the_list_asks_two_questions_however_many_dates(client: FlaskClient) -> None:
    client.get("/embed")
    for most in (1, 7):
        with count_statements() as count:
            client.get(f"/embed?most={most}")
        assert count.total == 2


def test_a_list_of_nothing_known_or_with_the_database_away_is_one_line(
    client: FlaskClient, session: Session, walk: Walk
) -> None:
    for query in ("event=nowhere", "group=nobody", "event=", "group=%00", "event=%F0%9F%8E%88"):
        answer = client.get(f"/embed?{query}")
        assert answer.status_code == 404, query
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    reader.bind("postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=1")
    for address in ("/embed", "/oembed?url=http://localhost/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")


def test_another_communitys_list_shows_nothing_of_this_one(
    app: Flask, session: Session, walk: Walk
) -> None:
    an_elsewhere(session)
    there = app.test_client()
    base = "http://ashford.example"
    assert "Stroll" not in there.get("/embed", base_url=base).get_data(as_text=True)
    for query in (f"event={STROLL}", "group=cooks"):
        assert there.get(f"/embed?{query}", base_url=base).status_code == 404


def asked(client: FlaskClient, url: str, **more: object):
    return client.get(f"/oembed?{urlencode({'url': url, **more})}")


def test_oembed_tells_how_to_show_an_address_of_ours(client: FlaskClient) -> None:
    answer = asked(client, f"http://localhost/e/{STROLL}/2026-11-28")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    assert answer.json == {
        "version": "1.0",
        "type": "rich",
        "title": "Danson Saturday Stroll",
        "provider_name": "Bexley",
        "provider_url": "http://localhost/",
        "cache_age": 900,
        "html": f'<iframe src="http://localhost/embed?event={STROLL}" width="400" height="420"'
        ' title="Danson Saturday Stroll" loading="lazy"'
        ' style="border:0;max-width:100%"></iframe>',
        "width": 400,
        "height": 420,
    }
    etag = answer.headers["ETag"]
    again = client.get(
        f"/oembed?{urlencode({'url': f'http://localhost/e/{STROLL}/2026-11-28'})}",
        headers={"If-None-Match": etag},
    )
    assert again.status_code == 304


def test_oembed_knows_our_pages_and_shows_what_their_lists_show(client: FlaskClient) -> None:
    sources = {
        "http://localhost/": "http://localhost/embed",
        "http://localhost": "http://localhost/embed",
        "https://LOCALHOST/calendar": "http://localhost/embed",
        f"http://localhost/e/{STROLL}": f"http://localhost/embed?event={STROLL}",
        "http://localhost/embed?group=cooks&most=3&x=y": (
            "http://localhost/embed?group=cooks&amp;most=3"
        ),
    }
    for url, source in sources.items():
        assert f'src="{source}"' in asked(client, url).json["html"], url
        assert client.get(source.replace("&amp;", "&")).status_code == 200


def test_oembed_escapes_titles_and_speaks_xml(client: FlaskClient) -> None:
    url = "http://localhost/e/supper"
    told = asked(client, url).json
    assert told["title"] == "Soup & “songs” <i>"
    assert "<i>" not in told["html"]
    answer = asked(client, url, format="xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answer.data)  # noqa: S314 - our own
    assert root.tag == "oembed"
    assert {child.tag: child.text for child in root} == {
        name: str(text) for name, text in told.items()
    }


def test_oembed_keeps_within_the_room_that_there_is(client: FlaskClient) -> None:
    rooms = {
        (240, 300): (240, 300),
        (2000, 2000): (400, 420),
        (10, 420): (10, 420),
        ("wide", -3): (400, 420),
        (0, ""): (400, 420),
    }
    for (width, height), expected in rooms.items():
        told = asked(client, "http://localhost/", maxwidth=width, maxheight=height).json
        assert (told["width"], told["height"]) == expected
        assert f'width="{expected[0]}" height="{expected[1]}"' in told["html"]


def test_oembed_knows_nothing_of_other_addresses(client: FlaskClient) -> None:
    for url in (
        "",
        "nonsense",
        "http://elsewhere.example/",
        f"http://localhost.elsewhere.example/e/{STROLL}",
        f"http://elsewhere@localhost/e/{STROLL}",
        f"http://localhost:81/e/{STROLL}",
        f"ftp://localhost/e/{STROLL}",
        "http://[::1",
        "javascript:alert(1)",
        "http://localhost/me",
        "http://localhost/e/nowhere",
        f"http://localhost/e/{STROLL}/2026-11-29",
        f"http://localhost/e/{STROLL}/2026-02-31",
        f"http://localhost/e/{STROLL}/2026-11-28/more",
        "http://localhost/embed?event=nowhere",
        "http://localhost/e/\0",
    ):
        assert asked(client, url).status_code == 404, url
    assert client.get("/oembed").status_code == 404
    assert asked(client, "http://localhost/", format="yaml").status_code == 501


def test_pages_of_events_lead_to_oembed_and_the_calendar_page_has_lines_to_paste(
    client: FlaskClient,
) -> None:
    page = client.get(f"/e/{STROLL}/2026-11-28").get_data(as_text=True)
    query = urlencode({"url": f"http://localhost/e/{STROLL}/2026-11-28"}, safe=":/")
    assert 'rel="alternate" type="application/json+oembed"' in page
    found = page.partition('type="application/json+oembed" href="')[2].partition('"')[0]
    assert found.startswith("http://localhost/oembed?url=")
    assert client.get(found).json["title"] == "Danson Saturday Stroll", query
    lines = client.get("/calendar").get_data(as_text=True)
    assert "&lt;iframe src=&#34;" in lines or '&lt;iframe src="http://localhost/embed"' in lines
