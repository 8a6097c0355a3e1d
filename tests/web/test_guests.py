"""Guests of the rota: no form of the time bank is shown to them, and a way to join it is."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.boards import a_post
from timebank.db import db
from timebank.domain import identity
from timebank.models import Account
from timebank.models import Joining
from timebank.models import PostKind
from timebank.web.door import SIGN_IN_KEY

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
JOIN_FIRST = "join the time bank"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    walk.community.joining = Joining.APPLICATION
    walk.bela.approved_at = None
    session.commit()
    return walk


@pytest.fixture
def bela(app, walk):
    client = app.test_client()
    with app.app_context():
        token = identity.open_sign_in(db.session(), person_id=walk.bela.person_id, now=NOW)
        db.session.commit()
    with client.session_transaction() as kept:
        kept[SIGN_IN_KEY] = token
    return client


def addresses(session, walk):
    """Pages with a form or button of the time bank -> what of it only members see."""
    ask = a_post(session, walk.sam, "Hedge", kind=PostKind.ASK)
    pot = session.query(Account).filter_by(group_id=walk.group.id).one()
    session.commit()
    return {
        "/neighbours": 'href="/neighbours/thank"',
        f"/neighbours/{ask.id}": f'action="/neighbours/{ask.id}/write"',
        f"/causes/{pot.id}": f'action="/causes/{pot.id}/give"',
        "/neighbours/yours": 'href="/neighbours/ask"',
        "/neighbours?kind=offer": 'href="/neighbours/ask"',
        "/neighbours/thanks": 'href="/neighbours/thank"',
        "/me": 'href="/causes"',
    }


def test_pages_show_a_way_to_join_in_place_of_the_forms(session, walk, bela):
    for address, of_members in addresses(session, walk).items():
        page = bela.get(address)
        assert page.status_code == 200, address
        assert JOIN_FIRST in page.text, address
        assert 'href="/join"' in page.text, address
        assert of_members not in page.text.partition("<main")[2], address
    walk.bela.approved_at = NOW
    session.commit()
    for address, of_members in addresses(session, walk).items():
        page = bela.get(address)
        assert of_members in page.text, address
        assert JOIN_FIRST not in page.text, address


@pytest.mark.parametrize(
    "address",
    ["/neighbours/ask", "/neighbours/offer", "/neighbours/thank", "/neighbours/agree"],
)
def test_a_form_that_they_may_not_send_leads_to_the_page_that_joins(session, walk, bela, address):
    answer = bela.get(address)
    assert (answer.status_code, answer.location) == (303, "/join")
    assert "join the time bank first" in bela.get("/join").text
    walk.bela.approved_at = NOW
    session.commit()
    assert bela.get(address).status_code == 200
