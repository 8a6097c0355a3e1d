"""What a feed says besides time and place: whom to ask, a picture, a colour, and what it is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from segno import writers
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_walk
from tests.calendars import Subscriber
from tests.calendars import events_of
from tests.calendars import unfolded
from timebank.domain.calendar import addresses
from timebank.domain.calendar import composing
from timebank.domain.calendar import vevents
from timebank.domain.calendar.programs import as_jcal
from timebank.models import Community
from timebank.models import Group
from timebank.models import Series
from timebank.models import Shows
from timebank.web.events.forms import SCENES

NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 10, 24)
CSS_NAMES = set(writers._NAME2RGB)
PAGE = "https://localhost/e/danson-saturday-stroll"


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=DAY)
    a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


def test_every_picture_has_a_colour_that_calendars_know() -> None:
    assert set(composing.COLOURS) == {scene for scene, _label in SCENES}
    assert {*composing.COLOURS.values(), vevents.COLOUR} <= CSS_NAMES


@pytest.mark.parametrize("scene", composing.COLOURS)
def test_a_date_has_the_colour_and_the_picture_of_its_series(
    session: Session, walk: Walk, subscriber: Subscriber, scene: str
) -> None:
    session.execute(sa.update(Series).values(scene=scene))
    session.commit()
    (event,) = events_of(subscriber.everything())
    assert event["COLOR"] == composing.COLOURS[scene]
    assert event["IMAGE"] == f"https://localhost/static/img/scenes/{scene}.png"
    assert dict(event["IMAGE"].params) == {
        "VALUE": "URI",
        "DISPLAY": "BADGE",
        "FMTTYPE": "image/png",
    }


def test_whom_to_ask_is_a_group_and_its_page_never_a_person(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    session.execute(sa.update(Group).values(name="Walks; talks, \\ and\x07 “tea”"))
    session.execute(sa.update(Community).values(phone="020 8303 7777"))
    token = addresses.make_address(
        session, membership_id=walk.bela.id, community_id=walk.community.id, now=NOW
    )
    session.commit()
    for body in (subscriber.everything(), subscriber.turns(token)):
        (event,) = events_of(body)
        assert event["CONTACT"] == f"Walks; talks, \\ and “tea”, {PAGE}"
        for secret in ("8303", "example.com", "Nadia", "Bela", "Novak"):
            assert secret not in body.decode().replace("\r\n ", "")


def test_help_between_two_has_neither_picture_nor_contact(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    token = addresses.make_address(
        session,
        shows=Shows.EXCHANGES,
        membership_id=walk.bela.id,
        community_id=walk.community.id,
        now=NOW,
    )
    session.commit()
    lines = unfolded(subscriber.private(Shows.EXCHANGES, token))
    assert not any(line.startswith(("IMAGE", "CONTACT")) for line in lines)


def test_a_calendar_says_what_it_is_twice_alike_in_one_line(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    lines = unfolded(subscriber.series("danson-saturday-stroll"))
    said = f"Kept by neighbours with Good Turn. What changes there changes here: {PAGE}"
    assert f"DESCRIPTION:{said}" in lines
    assert f"X-WR-CALDESC:{said}" in lines
    assert "COLOR:darkgreen" in lines


def test_jcal_tells_them_in_their_own_types(subscriber: Subscriber) -> None:
    _kind, properties, components = json.loads(as_jcal(subscriber.everything()))
    of_calendar = {name: (kind, text) for name, _params, kind, text in properties}
    assert of_calendar["color"] == ("text", "darkgreen")
    assert of_calendar["description"][0] == "text"
    (event,) = [one for one in components if one[0] == "vevent"]
    told = {name: (params, kind, text) for name, params, kind, text in event[1]}
    assert told["color"] == ({}, "text", "forestgreen")
    assert told["contact"] == ({}, "text", f"Danson Strollers, {PAGE}")
    assert told["image"] == (
        {"display": "BADGE", "fmttype": "image/png"},
        "uri",
        "https://localhost/static/img/scenes/park.png",
    )
