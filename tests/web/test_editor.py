from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain import communities
from timebank.domain import events
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Role
from timebank.models import Series
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
SERIES = "/e/danson-saturday-stroll/edit"
DATE = "/e/danson-saturday-stroll/2027-05-01/change"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def nadia(walk, browser):
    return browser.sign_in(walk.nadia)


def typed(**changes):
    """A whole form as a browser would send it, with one job."""
    fields = {
        "press": "publish",
        "title": "Lake Stroll",
        "description": "Round the lake.",
        "where": "Danson Park",
        "scene": "park",
        "often": "weekly",
        "if_short": "ask",
        "first": "2027-05-01",
        "starts": "09:00",
        "ends": "10:30",
        "roles-0-name": "Marshal",
        "roles-0-places": "4",
        "roles-0-needed": "2",
        "roles-0-starts": "08:45",
        "roles-0-ends": "10:30",
    }
    return {**fields, **changes}


def send(person, page="/e/new", /, **changes):
    """Post a form with a valid token, whatever its fields hold."""
    person.open(page)
    token = person.forms()[0].fields["csrf_token"][0]
    fields = {"csrf_token": token, **typed(**changes)}
    person._go(person.client.post(page, data=fields, base_url=person.base))
    return person


def value_of(person, name):
    for form in person.forms():
        if name in form.fields:
            return form.fields[name][-1]
    return None


def made(session):
    session.expire_all()
    return session.scalars(sa.select(Series).where(Series.slug != "danson-saturday-stroll")).all()


def test_every_field_has_its_own_sentence_and_the_page_comes_back_whole(nadia, session):
    slips = {
        "Give it a name": {"title": " "},
        "Keep it to 80 letters": {"title": "x" * 81},
        "Keep it to 2000 letters": {"description": "x" * 2001},
        "Say where people should meet": {"where": ""},
        "Keep it to 120 letters": {"where": "x" * 121},
        "Keep it to 200 letters": {"address": "x" * 201},
        "Keep it to 300 letters": {"bring": "x" * 301},
        "Choose one of the pictures": {"scene": "moon"},
        "Say how often it takes place": {"often": "hourly"},
        "Choose the first date": {"first": "1 May"},
        "Choose a time, like 09:30": {"starts": "9"},
        "That time ends before it starts. Check From and To": {"ends": "08:00"},
        "Choose the group that runs it": {"group": "999"},
        "That date has passed. Choose one that’s still to come": {"first": "2027-04-19"},
        "That’s more than two years away": {"first": "9999-12-31"},
        "That’s long ago": {"first": "0001-01-01"},
        "Name this job, or empty its whole line": {"roles-0-name": ""},
        "Keep it to 60 letters": {"roles-0-name": "x" * 61},
        "Keep it to 500 letters": {"roles-0-about": "x" * 501},
        "Tell us how many you need for Marshal, from 1 to 500": {"roles-0-places": ""},
        "You can’t need more than 4": {"roles-0-needed": "5"},
        "Write a number, or leave it empty": {"roles-0-needed": "-1"},
        "Add at least one job": {"roles-0-name": "", "roles-0-was_name": "Marshal"},
        "The clocks go forward that night and skip this time": {
            "first": "2028-03-26",
            "starts": "01:30",
            "ends": "03:30",
        },
    }
    for sentence, changes in slips.items():
        send(nadia, **changes)
        assert nadia.statuses == [422], sentence
        assert sentence in nadia.words
        assert "like 2027" not in nadia.words
        title = nadia.page.partition("</title>")[0]
        assert "Error:" in title
        kept = {**typed(), **changes}
        for name in ("title", "where", "roles-0-places"):
            if sentence != "Add at least one job" and len(kept[name].strip()) < 80:
                assert value_of(nadia, name) == kept[name].strip()
    assert made(session) == []


def test_numbers_are_plain_figures_of_at_most_four(nadia, session):
    for number in (
        "1_0",
        "\uff11\uff10",
        "+4",
        "4.0",
        "1e2",
        " ",
        "501",
        "0",
        "99999",
        "²",
        "-3",
        "٣",
    ):
        send(nadia, **{"roles-0-places": number})
        assert nadia.statuses == [422], number
        assert "Tell us how many you need for Marshal" in nadia.words
    assert made(session) == []


def test_text_that_hides_or_turns_round_is_refused_with_a_sentence(nadia, session):
    for bad in ("a\x00b", "a\u202eb", "a\u2066b", "a\x1bb"):
        for name in ("title", "where", "description", "roles-0-name"):
            send(nadia, **{name: bad})
            assert nadia.statuses == [422], (bad, name)
            assert "Some of that couldn’t be read." in nadia.words
    assert made(session) == []


def test_lines_with_strange_numbers_and_bytes_that_are_no_text_break_nothing(nadia, session):
    strange = {"roles-²-name": "x", "roles-99999999999-name": "x", "roles--1-name": "x"}
    send(nadia, **strange, **{"roles-0-role_id": "²", "roles-1-role_id": "9" * 30})
    assert nadia.statuses == [303, 200]
    token = "csrf_token=x"
    for body in (b"title=%ED%A0%80&" + token.encode(), b"title=%FF%FE", b"\xff\xfe=\x00"):
        nadia.client.post("/e/new", data=body, content_type="application/x-www-form-urlencoded")
    answer = nadia.client.post(
        "/e/new",
        data=b"title=" + b"x" * 5_000_000,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 413


def test_a_rota_has_room_for_forty_jobs_and_not_for_one_more(nadia, session):
    jobs = {f"roles-{n}-name": f"Marshal {n}" for n in range(41)}
    places = {f"roles-{n}-places": "1" for n in range(41)}
    places["roles-0-needed"] = ""
    send(nadia, **jobs, **places)
    assert nadia.statuses == [422]
    assert "A rota has room for 40 jobs" in nadia.words
    assert not nadia.has_button("Add a job")
    del jobs["roles-40-name"], places["roles-40-places"]
    send(nadia, **jobs, **places)
    assert nadia.statuses == [303, 200]
    assert (
        len(session.scalars(sa.select(Role).filter_by(series_id=made(session)[0].id)).all()) == 40
    )


def test_add_a_job_gives_a_spare_line_and_loses_nothing(nadia, session):
    send(nadia, press="add", title="", first="soon", **{"roles-0-places": "1_0"})
    assert nadia.statuses == [200]
    assert "Error:" not in nadia.words
    assert value_of(nadia, "first") == "soon"
    assert value_of(nadia, "roles-0-places") == "1_0"
    assert value_of(nadia, "roles-1-name") == ""
    nadia.press("Add a job", **{"roles-1-name": "Tea", "roles-1-places": "2"})
    assert value_of(nadia, "roles-1-name") == "Tea"
    assert value_of(nadia, "roles-2-name") == ""


def test_emptying_its_name_takes_a_job_off(nadia, session):
    nadia.open("/e/new?rota=food-bank")
    nadia.press("Add a job", **{"roles-1-name": " "})
    names = [value_of(nadia, f"roles-{n}-name") for n in range(8)]
    assert names == [
        "Session lead",
        "Voucher desk",
        "Voucher desk: learning",
        "Packer",
        "Sorter",
        "Driver",
        "Supermarket collection",
        "",
    ]


def test_a_ready_made_rota_fills_what_is_empty_and_keeps_what_is_written(nadia, session):
    send(nadia, press="fill", rota="litter-pick", starts="10:30", ends="12:30", description="Mine")
    assert nadia.statuses == [200]
    assert value_of(nadia, "description").strip() == "Mine"
    assert value_of(nadia, "roles-0-name") == "Marshal"
    assert value_of(nadia, "roles-1-name") == "Leader"
    assert value_of(nadia, "roles-1-starts") == "10:00"
    nadia.press("Fill in these jobs", rota="community-garden")
    assert value_of(nadia, "roles-0-name") == "Marshal"
    assert value_of(nadia, "roles-1-name") == "Garden leader"
    assert "Bag driver" not in nadia.page
    nadia.press("Fill in these jobs", rota="none of ours")
    assert nadia.statuses == [200]


def test_jobs_whose_times_nobody_touched_move_with_the_start(nadia, session):
    nadia.open("/e/new?rota=community-garden")
    nadia.press(
        "Check the dates",
        starts="11:00",
        ends="14:00",
        first="2027-05-01",
        **{"roles-2-starts": "12:34"},
    )
    assert value_of(nadia, "roles-0-starts") == "10:45"
    assert value_of(nadia, "roles-2-starts") == "12:34"
    assert "Saturdays at 11am: 1, 8, 15, 22, 29 May and so on." in nadia.words


def test_the_dates_are_read_back_whenever_they_can_be(nadia, session):
    send(nadia, press="check", title="", often="monthly")
    assert nadia.statuses == [200]
    assert "First Saturday of each month at 9am: 1 May, 5 June" in nadia.words
    assert "Give it a name" not in nadia.words
    send(nadia, press="check", first="2027-05-02", starts="01:30", ends="02:30")
    assert "On 31 October 1:30am happens twice; we mean the first." in nadia.words
    send(nadia, press="check", ends="08:00")
    assert nadia.statuses == [422]
    assert "ends before it starts" in nadia.words
    send(nadia, press="add", first="9999-12-31")
    assert nadia.statuses == [200]


def test_pressing_return_writes_nothing(nadia, session):
    send(nadia, press="nonsense")
    assert nadia.statuses == [200]
    nadia.open("/e/new")
    assert next(iter(nadia.forms()[0].buttons)) == "Check the dates"
    assert made(session) == []


def test_empty_times_of_a_job_mean_the_whole_event(nadia, session):
    send(nadia, **{"roles-0-starts": "", "roles-0-ends": ""})
    role = session.scalars(sa.select(Role).filter_by(series_id=made(session)[0].id)).one()
    assert (role.starts_after_minutes, role.duration_minutes) == (0, 90)


def test_who_runs_no_group_reads_how_to_get_there(walk, session, browser):
    browser.sign_in(walk.bela)
    browser.open("/e/new")
    assert browser.statuses == [403]
    assert "Events are made by groups" in browser.words
    browser.open("/me")
    token = browser.forms()[0].fields["csrf_token"][0]
    browser.post("/e/new", csrf_token=token, **typed())
    assert browser.statuses == [404]
    assert made(session) == []


def test_a_coordinator_chooses_among_all_groups_an_organiser_among_their_own(
    walk, session, app, nadia
):
    other = communities.create_group(
        session, community=walk.community, slug="menders", name="Menders", organisers=[walk.sam]
    )
    session.commit()
    nadia.open("/e/new")
    assert "Menders" not in nadia.page
    send(nadia, group=str(other.id))
    assert nadia.statuses == [422]
    ama = send(Browser(app).sign_in(walk.ama), group=str(other.id))
    assert ama.statuses == [303, 200]
    assert made(session)[0].group_id == other.id


def test_the_signed_out_are_asked_to_sign_in_and_strangers_find_nothing(walk, session, app):
    chi = builders.an_elsewhere(session).chi
    stranger = Browser(app, "ashford.example").sign_in(chi)
    bela = Browser(app).sign_in(walk.bela)
    dov = Browser(app)
    for address in (SERIES, DATE):
        for person in (stranger, bela):
            person.open(address)
            assert person.statuses == [404], address
            assert "Danson" not in person.page
        dov.open(address)
        assert dov.path == "/sign-in"
    dov.open("/e/new")
    assert dov.path == "/sign-in"


def test_a_date_or_series_that_is_none_is_not_found(nadia):
    for address in (
        "/e/nothing/edit",
        "/e/danson-saturday-stroll/2027-05-02/change",
        "/e/danson-saturday-stroll/2027-02-30/change",
    ):
        nadia.open(address)
        assert nadia.statuses == [404]


def test_a_published_series_keeps_its_dates_whatever_is_sent(nadia, walk, session):
    nadia.open(SERIES)
    assert value_of(nadia, "first") is None
    nadia.press("Save", first="2027-06-01", often="once", title="Amble")
    session.expire_all()
    series = session.get(Series, walk.series.id)
    assert (series.title, series.frequency, series.first_on) == (
        "Amble",
        "weekly",
        dt.date(2027, 5, 1),
    )


def test_the_part_of_the_borough_is_kept_with_the_place(nadia, walk, session):
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.press("Save", area="  Bexleyheath ")
    venue = session.get(Venue, walk.series.venue_id)
    session.refresh(venue)
    assert venue.area == "Bexleyheath"
    assert 'value="Bexleyheath"' in nadia.open("/e/danson-saturday-stroll/edit")


def test_saving_as_it_was_keeps_the_venue_and_its_point_on_the_map(nadia, walk, session):
    venue = session.get(Venue, walk.series.venue_id)
    venue.latitude, venue.longitude = 51.45, 0.12
    session.commit()
    nadia.open(SERIES)
    nadia.press("Save")
    assert "Saved." in nadia.words
    session.expire_all()
    assert session.get(Series, walk.series.id).venue_id == venue.id
    assert session.scalar(sa.select(sa.func.count(Venue.id))) == 1


def test_a_job_that_somebody_has_is_kept_with_a_sentence_that_names_them(nadia, walk, session):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    builders.a_claim(session, walk.marshal, walk.sam)
    builders.a_claim(session, walk.marshal, walk.ama, place=2)
    session.commit()
    nadia.open(SERIES)
    nadia.press("Save", **{"roles-1-name": ""})
    assert nadia.statuses == [422]
    assert "Bela N has “Tail walker” on 1 May. Keep the job" in nadia.words
    nadia.open(SERIES)
    nadia.press("Save", **{"roles-0-places": "1", "title": "Amble"})
    assert nadia.statuses == [422]
    assert "have this job on 1 May. Keep 2 places" in nadia.words
    assert 'id="roles-0-places-error"' in nadia.page
    assert value_of(nadia, "title") == "Amble"
    assert session.scalar(sa.select(Series.title)) == "Danson Saturday Stroll"


def test_a_change_made_meanwhile_is_not_written_over(nadia, walk, session, app):
    ama = Browser(app).sign_in(walk.ama)
    nadia.open(SERIES)
    ama.open(SERIES)
    ama.press("Save", title="Amas Amble")
    nadia.press("Save", title="Nadias Amble")
    assert nadia.statuses == [409]
    assert "Somebody changed this event a moment before you." in nadia.words
    assert value_of(nadia, "title") == "Nadias Amble"
    nadia.press("Save")
    assert session.scalar(sa.select(Series.title)) == "Nadias Amble"


def test_publish_tapped_twice_makes_one_series(nadia, session):
    nadia.open("/e/new")
    intent = value_of(nadia, "intent")
    for slip in ("", "Lake Stroll", "Lake Stroll"):
        send(nadia, title=slip, intent=intent)
        assert slip or value_of(nadia, "intent") == intent
    assert nadia.statuses == [303, 200]
    assert nadia.path == "/e/lake-stroll/rota"
    assert "Lake Stroll is out." in nadia.words
    assert [series.slug for series in made(session)] == ["lake-stroll"]
    nadia.open("/e/new")
    assert value_of(nadia, "intent") != intent


def test_a_draft_kept_twice_is_one_draft_and_strange_intents_are_none(nadia, session):
    nadia.open("/e/new")
    intent = value_of(nadia, "intent")
    for press in ("draft", "publish"):
        send(nadia, press=press, intent=intent)
        assert "Kept as a draft." in nadia.words
    assert len(made(session)) == 1
    for strange in ("x", "\x00", ""):
        send(nadia, intent=strange)
        assert nadia.statuses == [303, 200]
    assert len(made(session)) == 4


def test_a_time_that_happens_twice_is_asked_about(nadia, walk, session):
    night = {"day": "2027-10-31", "starts": "01:30", "ends": "03:00", "reason": "Owls"}
    nadia.open(DATE)
    form = nadia.forms()[0]
    nadia.press("Change this date", **{**night, "starts_which": ""})
    assert nadia.statuses == [422]
    assert "That time happens twice that night. Say which one you mean" in nadia.words
    assert form.action.endswith("/change")
    nadia.press("Change this date", starts_which="second")
    assert nadia.statuses == [303, 200]
    assert session.scalar(sa.select(Event.starts_at)) == dt.datetime(
        2027, 10, 31, 1, 30, tzinfo=dt.UTC
    )


def test_slips_on_the_page_of_one_date_have_their_sentences(nadia, walk, session):
    slips = {
        "Say why, in a few words": {"reason": ""},
        "Keep it to 200 letters": {"reason": "x" * 201},
        "Choose a day": {"day": "tomorrow"},
        "Choose a day within the next two years": {"day": "9999-12-31"},
        "Choose a time, like 09:30": {"starts": "9am"},
        "That time ends before it starts. Check From and To": {"ends": "08:00"},
        "Say where people should meet": {"where": ""},
        "That time has passed. Choose one that’s still to come": {
            "day": "2027-04-20",
            "starts": "12:30",
            "ends": "14:00",
        },
        "The clocks go forward that night and skip this time": {
            "day": "2028-03-26",
            "starts": "01:30",
        },
        "That’s when and where it is already": {},
        "Some of that couldn’t be read": {"reason": "a\u202eb"},
    }
    for sentence, changes in slips.items():
        nadia.open(DATE)
        nadia.press("Change this date", **{"reason": "Fog", **changes})
        assert nadia.statuses == [422], sentence
        assert sentence in nadia.words
    assert session.scalar(sa.select(Event.sequence)) == 0


def test_somebodys_other_turn_stands_in_the_way_of_a_move_and_is_named(nadia, walk, session):
    builders.a_claim(session, walk.marshal, walk.bela)
    tea = builders.a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        slug="tea",
        starts=dt.time(12),
        ends=dt.time(13),
    )
    event = builders.an_event(session, tea)
    slot = builders.a_slot(session, event, builders.a_role(session, tea, duration_minutes=60))
    builders.a_claim(session, slot, walk.bela)
    session.commit()
    nadia.open(DATE)
    nadia.press("Change this date", starts="12:00", ends="13:30", reason="Fog")
    assert nadia.statuses == [422]
    assert "Bela N has another turn at that time." in nadia.words
    assert value_of(nadia, "reason") == "Fog"


def test_what_is_over_or_off_cannot_be_changed(nadia, walk, session):
    nadia.open(DATE)
    nadia.press("Cancel this date", kind="weather", cancel_reason="Flood")
    nadia.open(DATE)
    assert "This date is cancelled. Flood" in nadia.words
    assert not nadia.has_button("Cancel this date")
    with time_machine.travel(dt.datetime(2027, 5, 2, tzinfo=dt.UTC)):
        nadia.open(DATE)
        assert not nadia.has_button("Change this date")
    assert session.scalar(sa.select(Event.state)) is EventState.CANCELLED


def test_pages_offer_every_ready_made_rota(nadia):
    nadia.open("/e/new")
    for rota in events.ready_made_rotas():
        assert rota.name in nadia.words
        nadia.open(f"/e/new?rota={rota.key}")
        assert nadia.statuses == [200]
    nadia.open("/e/new?rota=%00%ff")
    assert nadia.statuses == [200]


@pytest.mark.parametrize(
    ("key", "often"),
    [
        ("walk", "weekly"),
        ("junior-run", "weekly"),
        ("litter-pick", "monthly"),
        ("repair-cafe", "monthly"),
        ("street-party", "once"),
        ("food-bank", "weekly"),
        ("community-garden", "weekly"),
    ],
)
def test_a_ready_made_rota_opens_with_its_own_rhythm(nadia, key, often):
    nadia.open(f"/e/new?rota={key}")
    ticked = re.findall(r'<input[^>]*\bchecked\b[^>]*\bname="often"[^>]*>', nadia.page)
    assert [re.search(r'value="(\w+)"', radio)[1] for radio in ticked] == [often]


MIDNIGHT = "This job would end after midnight. Check its times"
FAR = "That’s far from the event itself. Check From and To"


def test_a_job_over_midnight_or_far_from_the_event_is_refused_beside_its_line(nadia, session):
    evening = {"starts": "18:00", "ends": "23:00", "roles-0-starts": "18:00"}
    slips = (
        (MIDNIGHT, {**evening, "roles-0-ends": "00:30"}),
        ("That time ends before it starts", {**evening, "roles-0-ends": "17:00"}),
        (FAR, {**evening, "roles-0-starts": "11:59", "roles-0-ends": "20:00"}),
        (FAR, {"roles-0-ends": "16:31"}),
    )
    for sentence, changes in slips:
        send(nadia, **changes)
        assert nadia.statuses == [422]
        beside = nadia.page.partition('id="roles-0-ends-error"')[2].partition("</p>")[0]
        assert sentence in beside
    assert made(session) == []
    send(nadia, **{"roles-0-starts": "03:00", "roles-0-ends": "16:30"})
    assert nadia.statuses == [303, 200]


def test_a_line_pushed_over_midnight_is_refused_and_comes_back_with_the_event(nadia, session):
    nadia.open("/e/new?rota=street-party")
    late = {"title": "Late", "where": "Here", "first": "2027-05-01"}
    nadia.press("Publish", **late, starts="17:00", ends="23:00")
    assert nadia.statuses == [422]
    assert MIDNIGHT in nadia.words
    assert value_of(nadia, "roles-9-ends") == "00:30"
    nadia.press("Publish", starts="12:00", ends="18:00")
    assert nadia.statuses == [303, 200]
    clear_up = session.scalars(sa.select(Role).where(Role.name == "Clear-up")).one()
    assert (clear_up.starts_after_minutes, clear_up.duration_minutes) == (360, 90)


def test_untouched_jobs_follow_a_shortened_event_and_none_runs_on_beyond_it(nadia, session):
    nadia.open("/e/new?rota=street-party")
    party = {"title": "Party", "where": "Here", "first": "2027-05-01"}
    nadia.press("Publish", **party, starts="12:00", ends="17:00")
    assert nadia.statuses == [303, 200]
    kept = {
        role.name: (role.starts_after_minutes, role.duration_minutes)
        for role in session.scalars(sa.select(Role).where(Role.series_id == made(session)[0].id))
    }
    assert kept["First-aider"] == (0, 300)
    assert kept["Lead"] == (-180, 600)
    assert kept["Clear-up"] == (300, 90)
    assert kept["Food table"] == (0, 120)
    assert kept["Road closure"] == (0, 300)


def test_a_job_left_without_time_by_a_shorter_event_is_refused(nadia, session):
    nadia.open("/e/new?rota=walk")
    stroll = {"title": "Stroll", "where": "Here", "first": "2027-05-01"}
    nadia.press("Publish", **stroll, starts="09:00", ends="09:15")
    assert nadia.statuses == [422]
    assert "That time ends before it starts" in nadia.words
    assert made(session) == []
