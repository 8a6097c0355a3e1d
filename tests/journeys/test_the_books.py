"""Stories 5 and 8: hours in an account, and books that prove themselves every night."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain import ledger
from timebank.domain.rota import checkin
from timebank.domain.rota import occasions

SATURDAY = dt.datetime(2027, 5, 1, 10, tzinfo=dt.UTC)
NIGHT = dt.datetime(2027, 5, 2, 1, 30, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    with time_machine.travel(SATURDAY, tick=False):
        yield builders.a_walk(session)


def test_hours_are_earned_read_and_proved(app, walk, session):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    claim.arrived_at, claim.arrived_by = SATURDAY, walk.nadia.id
    session.flush()
    occasion = occasions.find_occasion(
        session, community_id=walk.community.id, slug=walk.series.slug, day=SATURDAY.date()
    )
    checkin.finish(session, occasion=occasion, by=walk.nadia.id, now=SATURDAY)
    session.commit()

    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    assert "You have 1½ hours" in bela.words
    bela.follow("See everything")
    assert bela.path == "/me/statement"
    assert "Danson Saturday Stroll Marshal · Sat 1 May +1½ hours" in bela.words
    bela.follow("Download (CSV)")
    assert "Danson Saturday Stroll,Marshal,1.50,90,90" in bela.page

    ledger.reconcile(session, now=NIGHT)
    session.commit()
    dov = Browser(app)
    dov.open("/")
    dov.follow("The books")
    assert "All in order. Added up on Sun 2 May, 2:30am." in dov.words
    assert "Bela" not in dov.words
