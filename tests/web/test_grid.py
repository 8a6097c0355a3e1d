from __future__ import annotations

import dataclasses
import datetime as dt
import re

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
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import HeldFor
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


def test_one_tap_takes_a_place_and_leads_back_to_its_cell(walk, session, app):
    publish(session, walk)
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/e/stroll/rota?dates=12&from=2027-05-08")
    bela.press("I’ll do it: Tail walker, Saturday 22 May")
    assert bela.statuses == [303, 200]
    assert bela.answer.request.full_path == "/e/stroll/rota?dates=12&from=2027-05-08"
    assert "You’re in." in bela.words
    assert "You : Tail walker, Saturday 22 May. Change it on My turns" in bela.words
    assert not bela.has_button("I’ll do it: Tail walker, Saturday 22 May")
    assert bela.has_button("Undo")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example"]
)
def test_a_forged_way_back_leads_to_the_date_itself(walk, browser, elsewhere):
    browser.sign_in(walk.bela).open("/e/danson-saturday-stroll/rota")
    token = browser.forms()[0].fields["csrf_token"][0]
    take = f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.marshal.id}"
    browser.post(take, csrf_token=token, next=elsewhere)
    assert browser.path == "/e/danson-saturday-stroll/2027-05-01"


def test_six_twelve_or_twenty_six_dates_and_nothing_else(walk, session, browser):
    publish(session, walk)
    for typed, columns in (("6", 6), ("12", 9), ("26", 9), ("7", 6), ("-1", 6), ("x", 6)):
        browser.open(f"/e/stroll/rota?dates={typed}")  # eight weeks are made ahead
        assert browser.page.count('<th scope="col">') == columns + 1, typed


def in_turns(session, walk):
    """A bouncy castle beside the walk, watched in turns of half an hour."""
    role = builders.a_role(session, walk.series, name="Bouncy castle", position=3)
    role.turn_minutes = role.every_minutes = 30
    session.flush()
    slots = []
    for turn in (1, 2, 3):
        slot = builders.a_slot(session, walk.event, role) if turn == 1 else None
        starts_at = walk.event.starts_at + dt.timedelta(minutes=30 * (turn - 1))
        if slot is None:
            slot = Slot(
                community_id=walk.community.id,
                series_id=walk.series.id,
                event_id=walk.event.id,
                role_id=role.id,
                turn=turn,
                starts_at=starts_at,
                ends_at=starts_at + dt.timedelta(minutes=30),
                needed=0,
                places=1,
            )
            session.add(slot)
        slot.ends_at = starts_at + dt.timedelta(minutes=30)
        slots.append(slot)
    session.commit()
    return slots


def test_a_job_shared_out_through_the_day_has_a_row_for_each_turn(walk, session, browser):
    in_turns(session, walk)
    browser.open("/e/danson-saturday-stroll/rota")
    for title in ("Bouncy castle, 9am", "Bouncy castle, 9:30am", "Bouncy castle, 10am"):
        assert f'<th scope="row">{title}</th>' in browser.page


def test_a_date_left_out_is_a_narrow_column_for_those_who_run_it_alone(
    walk, session, app, browser
):
    _first, second, *_ = publish(session, walk)
    second.state, second.sequence = EventState.SKIPPED, second.sequence + 1
    session.commit()
    browser.open("/e/stroll/rota")
    assert "Sat 8 May" not in browser.words
    assert "Sat 12 June" in browser.words
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open("/e/stroll/rota")
    assert "Sat 8 May Left out" in nadia.words
    assert not [said for said in nadia.forms()[0].buttons if "8 May" in said]


def test_a_job_taken_off_one_date_leaves_its_cell_empty(walk, session, browser):
    walk.tail_walker.closed_at = NOW
    later = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    builders.a_slot(session, later, walk.tail_walker.role)
    session.commit()
    browser.open("/e/danson-saturday-stroll/rota")
    said = {words for words, _url in browser.links() if "Tail walker" in words}
    assert said == {"I’ll do it : Tail walker, Saturday 8 May Needed"}


def test_each_date_says_in_words_whether_it_can_start(walk, session, browser):
    for weeks in (1, 2):
        day = walk.event.occurs_on + dt.timedelta(weeks=weeks)
        slot = builders.a_slot(
            session, builders.an_event(session, walk.series, day), walk.tail_walker.role
        )
        if weeks == 1:
            builders.a_claim(session, slot, walk.bela)
    session.commit()
    with time_machine.travel(walk.event.starts_at - dt.timedelta(hours=3), tick=False):
        browser.open("/e/danson-saturday-stroll/rota")
    for said in (
        "Sat 1 May 0 of 3 Can’t start without: Tail walker",
        "Sat 8 May 1 of 1 All needed jobs filled",
        "Sat 15 May 0 of 1 1 needed, still time",
    ):
        assert said in browser.words


def test_who_was_only_asked_is_named_to_those_who_run_it_and_to_themselves(walk, session, app):
    builders.a_claim(
        session,
        walk.marshal,
        walk.bela,
        state=ClaimState.HELD,
        held_until=NOW + dt.timedelta(days=1),
        held_for=HeldFor.ASKED,
        made_by=walk.nadia,
    )
    session.commit()
    for who, reads in (("nadia", "Bela N (asked)"), ("bela", "You (asked)")):
        page = Browser(app).sign_in(getattr(walk, who))
        page.open("/e/danson-saturday-stroll/rota")
        assert reads in page.words
    for of in (Browser(app), Browser(app).sign_in(walk.sam)):
        for page in ("/e/danson-saturday-stroll/rota", "/e/danson-saturday-stroll/rota/print"):
            of.open(page)
            assert "Somebody’s been asked" in of.words
            assert "Bela" not in of.page


def test_a_date_whose_people_were_only_asked_cannot_start_yet(walk, session, browser):
    asked = {"held_until": walk.event.starts_at, "held_for": HeldFor.ASKED, "made_by": walk.nadia}
    builders.a_claim(session, walk.tail_walker, walk.bela, state=ClaimState.HELD, **asked)
    session.commit()
    browser.open("/e/danson-saturday-stroll/rota")
    assert "Sat 1 May 1 of 3 1 needed, still time" in browser.words


def test_two_members_with_turns_each_see_their_own(walk, session, app):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    builders.a_claim(session, walk.marshal, walk.sam)
    session.commit()
    for who, other in ((walk.bela, "Sam T"), (walk.sam, "Bela N")):
        page = Browser(app).sign_in(who)
        page.open("/e/danson-saturday-stroll/rota")
        assert "You : " in page.words
        assert other in page.words


def test_every_cell_can_be_found_again_by_its_address(walk, browser):
    browser.sign_in(walk.bela).open("/e/danson-saturday-stroll/rota")
    marks = re.findall(r'name="at" value="(\w+)"', browser.page)
    assert len(marks) == 4  # two jobs, in the grid and in the list
    assert all(browser.page.count(f'id="{mark}"') == 1 for mark in marks)
