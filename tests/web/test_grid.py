from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.drafts import MARSHAL
from tests.drafts import a_draft
from tests.statements import count_statements
from timebank.domain import events
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.models import Event
from timebank.models import Slot
from timebank.web.kept import shelf

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def publish(session, walk, **changes):
    draft = dataclasses.replace(a_draft(group_id=walk.group.id), **changes)
    series = events.make_series(session, draft=draft, by=walk.nadia, now=NOW)
    events.publish(session, series=series, now=NOW)
    session.commit()
    return session.scalars(
        sa.select(Event).where(Event.series_id == series.id).order_by(Event.occurs_on)
    ).all()


def slot_of(session, event):
    return session.scalars(
        sa.select(Slot).where(Slot.event_id == event.id).order_by(Slot.starts_at)
    ).first()


def hold(session, slot, member, name):
    claiming.hold_slot(session, slot_id=slot.id, membership_id=member.id, held_as=name, now=NOW)
    session.commit()


def test_the_grid_shows_six_dates_with_headers_for_both_ways(walk, session, browser):
    publish(session, walk)
    browser.open("/e/stroll/rota")
    assert browser.page.count('<th scope="col">') == 7
    assert browser.page.count('<th scope="row">') == 2
    assert browser.page.count("<details") == 6 + 1  # a folded list per date, and the calendar
    assert "Sat 5 June" in browser.words
    assert "Sat 12 June" not in browser.words


def test_later_and_earlier_dates_are_a_page_away(walk, session, browser):
    publish(session, walk)
    browser.open("/e/stroll/rota")
    assert "Earlier dates" not in browser.words
    browser.follow("Later dates")
    assert "Sat 12 June" in browser.words
    assert "Sat 5 June" not in browser.words
    browser.follow("Earlier dates")
    assert "Sat 1 May" in browser.words


def test_a_first_date_that_is_none_means_the_next_dates(walk, session, browser):
    publish(session, walk)
    for typed in ("", "soon", "2027-02-30", "\uff19", "%00", "99999-01-01"):
        browser.open(f"/e/stroll/rota?from={typed}")
        assert browser.statuses == [200]
        assert "Sat 1 May" in browser.words
    browser.open("/e/stroll/rota?from=9999-12-31")
    assert "No dates to come." in browser.words
    assert "Earlier dates" in browser.words


def test_names_are_short_ones_own_is_you_and_a_held_place_says_so(walk, session, app, browser):
    first, second, *_ = publish(session, walk)
    builders.a_claim(session, slot_of(session, first), walk.bela)
    hold(session, slot_of(session, second), walk.sam, "Sammy Tester")
    browser.open("/e/stroll/rota")
    assert "Bela N" in browser.words
    assert "Novak" not in browser.page
    assert "Sammy T (confirming)" in browser.words
    assert "1 of 5" in browser.words
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/e/stroll/rota")
    assert "You" in bela.words
    assert 'class="is-yours"' in bela.page


def test_what_is_wanted_is_a_link_that_names_job_and_day(walk, session, browser):
    publish(session, walk)
    browser.open("/e/stroll/rota")
    said = [words for words, _url in browser.links()]
    assert "I’ll do it : Marshal, Saturday 1 May Needed · 4 free" in said
    assert "I’ll do it : Tail walker, Saturday 1 May" in said
    browser.follow("I’ll do it : Tail walker, Saturday 8 May")
    assert browser.path.startswith("/e/stroll/2027-05-08/claim/")


def test_a_cell_says_how_many_places_are_free_until_the_last_one(walk, session, browser):
    first, *_ = publish(session, walk, roles=(dataclasses.replace(MARSHAL, places=3, needed=0),))
    slot = slot_of(session, first)
    for place, member, says in ((1, walk.bela, " 2 free"), (2, walk.sam, "")):
        builders.a_claim(session, slot, member, place=place)
        session.commit()
        browser.open("/e/stroll/rota")
        said = [words for words, _url in browser.links() if "Saturday 1 May" in words]
        assert set(said) == {f"I’ll do it : Marshal, Saturday 1 May{says}"}


def test_a_moved_date_says_so_and_a_cancelled_one_offers_nothing(walk, session, browser):
    first, second, *_ = publish(session, walk)
    changing.move_event(
        session,
        event=first,
        starts_at=first.starts_at + dt.timedelta(hours=1),
        ends_at=first.ends_at + dt.timedelta(hours=1),
        reason="Fog",
        by=walk.nadia,
        now=NOW,
    )
    changing.cancel_event(session, event=second, reason="Flood", by=walk.nadia, now=NOW)
    session.commit()
    browser.open("/e/stroll/rota")
    assert "Changed: 10am" in browser.words
    assert "Cancelled" in browser.words
    assert not [said for said, _url in browser.links() if "Saturday 8 May" in said]


def test_only_those_who_run_it_see_how_to_change_it(walk, session, app, browser):
    publish(session, walk)
    for member, sees in ((walk.nadia, True), (walk.ama, True), (walk.bela, False)):
        page = Browser(app).sign_in(member)
        page.open("/e/stroll/rota")
        assert ("Change : Saturday 8 May" in page.words) is sees
        assert ("Edit" in page.words) is sees
    browser.open("/e/stroll/rota")
    assert "Edit" not in browser.words


def test_a_stranger_and_a_wrong_address_find_nothing(walk, session, app):
    chi = Browser(app, "ashford.example").sign_in(builders.an_elsewhere(session).chi)
    publish(session, walk)
    for address in ("/e/stroll/rota", "/e/nothing/rota"):
        chi.open(address)
        assert chi.statuses == [404]
        assert "Stroll" not in chi.page


def test_the_grid_asks_three_statements_cold_and_one_warm_whatever_its_size(
    walk, session, browser
):
    publish(session, walk)
    many = tuple(dataclasses.replace(MARSHAL, name=f"Marshal {n}") for n in range(40))
    large = publish(session, walk, title="Large", roles=many)
    for member in (walk.bela, walk.sam, walk.ama):
        builders.a_claim(
            session, slot_of(session, large[0]), member, place=member.id - walk.ama.id + 1
        ) if member is not walk.ama else None
    session.commit()
    for person in (None, walk.bela):
        if person:
            browser.sign_in(person)
        browser.open("/e/stroll/rota")  # a connection, a session: once a process
        for slug in ("stroll", "large"):
            shelf._pages.clear()
            with count_statements() as cold:
                browser.open(f"/e/{slug}/rota")
            with count_statements() as warm:
                browser.open(f"/e/{slug}/rota")
            assert (cold.total, warm.total) == (3, 1), cold.statements


def test_a_kept_grid_is_never_stale(walk, session, app, browser):
    first, *_ = publish(session, walk)
    browser.open("/e/stroll/rota")
    builders.a_claim(session, slot_of(session, first), walk.bela)
    session.commit()
    assert "Bela N" in browser.open("/e/stroll/rota")
    bela, sam = Browser(app).sign_in(walk.bela), Browser(app).sign_in(walk.sam)
    bela.open("/e/stroll/rota")
    sam.open("/e/stroll/rota")
    assert "You" in bela.words
    assert "Bela N" in sam.words
