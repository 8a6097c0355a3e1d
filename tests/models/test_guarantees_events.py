"""Venues, series and events: limits, addresses that last, and what calendars are told."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

VENUE = {"community_id": ":bexley", "name": "'Danson House'"}
SERIES = {
    "community_id": ":bexley",
    "group_id": ":strollers",
    "venue_id": ":venue",
    "slug": "'evening-stroll'",
    "title": "'Evening stroll'",
    "description": "''",
    "frequency": "'weekly'",
    "first_on": "date '2027-05-05'",
    "starts_time": "time '19:00'",
    "ends_time": "time '20:00'",
    "created_by": ":nadia",
}
EVENT = {
    "community_id": ":bexley",
    "series_id": ":stroll",
    "venue_id": ":venue",
    "occurs_on": "date '2027-06-05'",
    "starts_at": "timestamptz '2027-06-05 08:00Z'",
    "ends_at": "timestamptz '2027-06-05 09:30Z'",
}
LATER = "starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'"

INTENT = "uuid '6f1d1e90-0000-4000-8000-000000000000'"

VENUES = [
    Attack("venue_name", "no name", insert("venue", VENUE, name="''")),
    Attack("venue_name", "121 letters", insert("venue", VENUE, name="repeat('x', 121)")),
    Attack("venue_area", "41 letters", insert("venue", VENUE, area="repeat('x', 41)")),
    Attack("venue_address", "201 letters", insert("venue", VENUE, address="repeat('x', 201)")),
    *[
        Attack("venue_coordinates", what, insert("venue", VENUE, latitude=north, longitude=east))
        for what, north, east in [
            ("half a position", "51.45", "NULL"),
            ("north of the pole", "90.1", "0"),
            ("no number", "'NaN'", "0"),
            ("further round than the world", "0", "-180.1"),
        ]
    ],
    Attack(
        "venue_community_id_fkey", "no such community", insert("venue", VENUE, community_id="-1")
    ),
]

SERIES_ROWS = [
    Attack(
        "series_frequency", "an unknown rhythm", insert("series", SERIES, frequency="'hourly'")
    ),
    *[
        Attack(rule, what, insert("series", SERIES, **changed))
        for rule, what, changed in [
            ("series_last_on", "over before it begins", {"last_on": "date '2027-05-04'"}),
            ("series_season", "a season without an end", {"season_from": "6"}),
            ("series_season", "a 13th month", {"season_from": "6", "season_until": "13"}),
            ("series_most_a_week", "no turn a week", {"most_a_week": "0"}),
            ("series_drop_out", "longer than a week", {"drop_out_hours": "169"}),
            ("series_decides", "decided at the start", {"decide_hours_before": "0"}),
            ("series_expected", "nobody expected", {"expected_people": "0"}),
            ("series_if_short", "an unknown way out", {"if_short": "'pray'"}),
            ("series_leads", "a month before", {"leads": "ARRAY['eve', 'month']"}),
            ("series_leads", "no time at all", {"leads": "ARRAY[NULL]::text[]"}),
        ]
    ],
    Attack("series_state", "an unknown state", insert("series", SERIES, state="'hidden'")),
    Attack("series_scene", "an unknown drawing", insert("series", SERIES, scene="'castle'")),
    Attack("series_title", "no title", insert("series", SERIES, title="''")),
    Attack("series_title", "81 letters", insert("series", SERIES, title="repeat('x', 81)")),
    Attack(
        "series_description",
        "2001 letters",
        insert("series", SERIES, description="repeat('x', 2001)"),
    ),
    Attack(
        "series_first_timers",
        "301 letters",
        insert("series", SERIES, first_timers="repeat('x', 301)"),
    ),
    Attack("series_bring", "301 letters", insert("series", SERIES, bring="repeat('x', 301)")),
    *[
        Attack("series_slug", what, insert("series", SERIES, slug=slug))
        for what, slug in [
            ("nothing", "''"),
            ("a slash", "'a/b'"),
            ("capitals", "'Stroll'"),
            ("a second line", "E'stroll\\nx'"),
            ("61 letters", "repeat('x', 61)"),
        ]
    ],
    Attack(
        "one_series_per_slug",
        "an address that is taken",
        insert("series", SERIES, slug="'danson-saturday-stroll'"),
    ),
    Attack(
        "same_series_once",
        "one page of the editor sent twice",
        first=insert("series", {**SERIES, "slug": "'the-first'"}, intent=INTENT),
        sql=insert("series", SERIES, intent=INTENT),
    ),
    Attack(
        "series_of_a_group",
        "another community's group",
        insert("series", SERIES, group_id=":ashford_group"),
    ),
    Attack(
        "series_at_a_venue",
        "another community's venue",
        insert("series", SERIES, venue_id=":ashford_venue"),
    ),
    Attack(
        "series_by_a_member", "made by a stranger", insert("series", SERIES, created_by=":chi")
    ),
]

EVENTS = [
    Attack(
        "event_span",
        "ends before it starts",
        insert("event", EVENT, ends_at="timestamptz '2027-06-05 07:00Z'"),
    ),
    Attack(
        "event_span",
        "longer than a day",
        insert("event", EVENT, ends_at="timestamptz '2027-06-06 08:01Z'"),
    ),
    *[
        Attack(rule, what, insert("event", EVENT, **changed))
        for rule, what, changed in [
            ("event_reason_kind", "an unknown kind of reason", {"reason_kind": "'mood'"}),
            ("event_outlook", "an unknown outlook", {"outlook": "'foggy'"}),
            ("event_expected", "nobody expected", {"expected_people": "0"}),
            ("event_leads", "a month before", {"leads": "ARRAY['month']"}),
            ("go_anyway_says_why", "all the same, for no reason", {"go_anyway_by": ":nadia"}),
            (
                "go_anyway_by_a_member",
                "said by a stranger",
                {"go_anyway_by": ":chi", "go_anyway_because": "'Sun'"},
            ),
        ]
    ],
    Attack("event_state", "an unknown state", insert("event", EVENT, state="'maybe'")),
    Attack("event_reason", "an empty reason", insert("event", EVENT, reason="''")),
    Attack("event_reason", "201 letters", insert("event", EVENT, reason="repeat('x', 201)")),
    Attack(
        "cancelled_event_has_reason",
        "cancelled without a word",
        update("event", "state = 'cancelled', sequence = 1", "walk"),
    ),
    Attack("event_sequence", "below zero", insert("event", EVENT, sequence="-1")),
    Attack(
        "one_event_per_uid",
        "a uid that is taken",
        insert("event", EVENT, uid="(SELECT uid FROM event WHERE id = :walk)"),
    ),
    Attack(
        "one_event_per_date",
        "a date that is taken",
        insert("event", EVENT, occurs_on="date '2027-05-01'"),
    ),
    Attack(
        "event_of_a_series",
        "another community's series",
        insert("event", EVENT, series_id=":ashford_series"),
    ),
    Attack("event_of_a_series", "a series with dates deleted", delete("series", "stroll")),
    Attack(
        "event_at_a_venue",
        "another community's venue",
        insert("event", EVENT, venue_id=":ashford_venue"),
    ),
    Attack(
        "event_at_a_venue",
        "a venue with dates deleted",
        delete("venue", "spare_venue"),
        first=insert("event", EVENT, venue_id=":spare_venue"),
    ),
]

CALENDARS = [
    *[
        Attack("event_change_raises_sequence", what, update("event", change, "walk"))
        for what, change in [
            ("moved in silence", LATER),
            ("moved, with the sequence as it was", f"{LATER}, sequence = sequence"),
            ("made longer", "ends_at = ends_at + interval '1 minute'"),
            ("cancelled", "state = 'cancelled', reason = 'Flood'"),
            ("another place", "venue_id = :spare_venue"),
            ("a reason", "reason = 'Flood'"),
        ]
    ],
    *[
        Attack("event_identity", what, update("event", change, "bare_walk"))
        for what, change in [
            ("another uid", "uid = gen_random_uuid()"),
            ("another date in its address", "occurs_on = occurs_on + 1"),
            ("another series", "series_id = :fair"),
            (
                "another community",
                (
                    "(community_id, series_id, venue_id, sequence)"
                    " = (:ashford, :ashford_series, :ashford_venue, 1)"
                ),
            ),
        ]
    ],
    Attack(
        "event_identity",
        "a sequence that falls",
        update("event", "sequence = 0", "called_off"),
    ),
]

ATTACKS = [*VENUES, *SERIES_ROWS, *EVENTS, *CALENDARS]

LEGAL = [
    legal(
        "the same address in another community",
        insert(
            "series",
            SERIES,
            community_id=":ashford",
            group_id=":ashford_group",
            venue_id=":ashford_venue",
            created_by=":chi",
            slug="'danson-saturday-stroll'",
        ),
    ),
    legal("moved aloud", update("event", f"{LATER}, sequence = sequence + 1", "walk")),
    legal(
        "cancelled with a reason",
        update("event", "state = 'cancelled', reason = 'Flood', sequence = sequence + 1", "walk"),
    ),
    legal("finished, which no calendar shows", update("event", "finished_at = now()", "walk")),
    legal("a date without jobs deleted", delete("event", "bare_walk")),
]

VERSION = "SELECT version FROM event WHERE id = :walk"
SERIES_VERSION = "SELECT version FROM series WHERE id = :stroll"
SEQUENCE = "SELECT sequence FROM event WHERE id = :walk"

EFFECTS = [
    Effect(
        "raise_version on event",
        "finished",
        update("event", "finished_at = now()", "walk"),
        VERSION,
    ),
    Effect(
        "raise_version on series",
        "reworded",
        update("series", "bring = 'A mug'", "stroll"),
        SERIES_VERSION,
    ),
    Effect(
        "series_raises_sequence",
        "retitled",
        update("series", "title = 'Stroll'", "stroll"),
        SEQUENCE,
    ),
    Effect(
        "venue_touches_events",
        "a ramp",
        update("venue", "step_free = NOT step_free", "venue"),
        VERSION,
    ),
    Effect(
        "venue_touches_series",
        "a ramp",
        update("venue", "step_free = NOT step_free", "venue"),
        SERIES_VERSION,
    ),
    Effect(
        "venue_raises_sequence",
        "an address",
        update("venue", "address = 'Gate 2'", "venue"),
        SEQUENCE,
    ),
    Effect(
        "group_touches_series",
        "renamed",
        update("community_group", "name = 'We stroll'", "strollers"),
        SERIES_VERSION,
    ),
    Effect(
        "community_group_raises_sequence",
        "renamed",
        update("community_group", "name = 'We stroll'", "strollers"),
        SEQUENCE,
    ),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_the_database_answers_with(town, effect):
    assert town.changed(effect)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED


def test_a_version_cannot_be_written_by_hand(town):
    with town.engine.connect() as connection:
        before = town.ask(connection, VERSION)
        town.run(connection, update("event", "version = 0", "walk"))
        assert town.ask(connection, VERSION) == before + 1


def test_what_one_event_shows_leaves_the_others_alone(town):
    other = "SELECT version FROM event WHERE id = :next_walk"
    with town.engine.connect() as connection:
        before = town.ask(connection, other)
        town.run(connection, update("claim", "note = 'With my dog'", "turn"))
        assert town.ask(connection, other) == before
