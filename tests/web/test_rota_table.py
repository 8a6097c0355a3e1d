from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import HeldFor

TABLE = "/e/danson-saturday-stroll/rota.csv"
NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    """Bela marshals and Sam was asked; the walk after is called off."""
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(
        session,
        walk.marshal,
        walk.sam,
        place=2,
        state=ClaimState.HELD,
        held_until=NOW + dt.timedelta(days=1),
        held_for=HeldFor.ASKED,
        made_by=walk.nadia,
    )
    later = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    builders.a_slot(session, later, walk.marshal.role)
    later.state, later.reason, later.sequence = EventState.CANCELLED, "Flood", 1
    session.commit()
    return walk


def test_those_who_run_it_download_the_grid(walk, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open("/e/danson-saturday-stroll/rota")
    nadia.follow("Download (CSV)")
    assert nadia.answer.mimetype == "text/csv"
    assert nadia.answer.headers["Content-Disposition"] == (
        'attachment; filename="danson-saturday-stroll-rota.csv"'
    )
    table = list(csv.reader(io.StringIO(nadia.answer.data.decode("utf-8-sig"))))
    assert table == [
        ["Job", "Sat 1 May 2027", "Sat 8 May 2027 (Flood)"],
        ["Marshal", "Bela N", "CANCELLED"],
        ["Marshal", "Sam T?", "CANCELLED"],
        ["Tail walker*", "", "CANCELLED"],
        ["", "", ""],
        ["* = can't start without", "", ""],
    ]


def test_nobody_else_finds_it(walk, app, browser):
    for of in (browser, Browser(app).sign_in(walk.bela)):
        of.open(TABLE)
        assert of.statuses == [404]
        assert "rota.csv" not in of.open("/e/danson-saturday-stroll/rota")
