"""Roles and slots: limits, and that each belongs where it says."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

ROLE = {
    "community_id": ":bexley",
    "series_id": ":stroll",
    "position": "9",
    "name": "'Barista'",
    "needed": "0",
    "places": "2",
    "starts_after_minutes": "0",
    "duration_minutes": "90",
}
SLOT = {
    "community_id": ":bexley",
    "series_id": ":stroll",
    "event_id": ":bare_walk",
    "role_id": ":marshal_role",
    "starts_at": "timestamptz '2027-05-22 08:00Z'",
    "ends_at": "timestamptz '2027-05-22 09:30Z'",
    "needed": "1",
    "places": "2",
}

ROLES = [
    Attack("role_name", "no name", insert("role", ROLE, name="''")),
    Attack("role_name", "61 letters", insert("role", ROLE, name="repeat('x', 61)")),
    Attack("role_about", "501 letters", insert("role", ROLE, about="repeat('x', 501)")),
    Attack("role_places", "no places", insert("role", ROLE, places="0")),
    Attack("role_places", "501 places", insert("role", ROLE, places="501")),
    Attack("role_places", "more needed than there are places", insert("role", ROLE, needed="3")),
    Attack("role_places", "fewer than nobody needed", insert("role", ROLE, needed="-1")),
    Attack("role_span", "no time at all", insert("role", ROLE, duration_minutes="0")),
    Attack("role_span", "longer than a day", insert("role", ROLE, duration_minutes="1441")),
    Attack("role_span", "two days before", insert("role", ROLE, starts_after_minutes="-1441")),
    *[
        Attack(rule, what, insert("role", ROLE, **changed))
        for rule, what, changed in [
            ("role_instructions", "5001 letters", {"instructions": "repeat('x', 5001)"}),
            ("role_bring", "301 letters", {"bring": "repeat('x', 301)"}),
            ("role_arrival", "five hours early", {"arrive_minutes_before": "300"}),
            ("role_turns", "turns of no distance", {"turn_minutes": "20"}),
            ("role_turns", "of four minutes", {"turn_minutes": "4", "every_minutes": "20"}),
            ("role_turns", "that overlap", {"turn_minutes": "20", "every_minutes": "19"}),
            ("role_turns", "longer than the job", {"turn_minutes": "91", "every_minutes": "91"}),
            (
                "role_turns",
                "101 of them",
                {"duration_minutes": "505", "turn_minutes": "5", "every_minutes": "5"},
            ),
            ("role_one_per", "one per nobody", {"one_per": "0"}),
            ("role_minimum_age", "for people of 101", {"minimum_age": "101"}),
            ("role_newcomers", "more kept than there are", {"newcomer_places": "3"}),
            ("role_newcomers", "kept for two months", {"newcomer_hours": "721"}),
            ("role_opening", "opens at the start", {"opens_hours_before": "0"}),
            ("role_trains_here", "trains for another series' job", {"trains_for_id": ":stall"}),
            ("role_of_one_date", "of another series' date", {"only_event_id": ":ashford_fair"}),
        ]
    ],
    Attack(
        "role_trains_for_another",
        "trains for itself",
        update("role", "trains_for_id = id", "marshal_role"),
    ),
    Attack("role_of_a_series", "no such series", insert("role", ROLE, series_id="-1")),
    Attack(
        "role_of_a_series",
        "another community's series",
        insert("role", ROLE, series_id=":ashford_series"),
    ),
]

SLOTS = [
    Attack(
        "slot_span",
        "ends before it starts",
        insert("slot", SLOT, ends_at="timestamptz '2027-05-22 07:59Z'"),
    ),
    Attack(
        "slot_span",
        "ends when it starts",
        insert("slot", SLOT, ends_at="timestamptz '2027-05-22 08:00Z'"),
    ),
    Attack(
        "slot_span",
        "longer than a day",
        insert("slot", SLOT, ends_at="timestamptz '2027-05-23 08:01Z'"),
    ),
    Attack("slot_turn", "turn 0", insert("slot", SLOT, turn="0")),
    Attack("slot_places", "no places", insert("slot", SLOT, needed="0", places="0")),
    Attack("slot_places", "501 places", insert("slot", SLOT, places="501")),
    Attack("slot_needed", "more needed than there are places", insert("slot", SLOT, needed="3")),
    Attack("slot_needed", "fewer than nobody needed", insert("slot", SLOT, needed="-1")),
    Attack(
        "one_slot_per_turn",
        "the same job twice at one event",
        insert("slot", SLOT, event_id=":next_walk"),
    ),
    Attack("slot_of_an_event", "no such event", insert("slot", SLOT, event_id="-1")),
    Attack(
        "slot_of_an_event",
        "another community's event",
        insert("slot", SLOT, event_id=":ashford_fair"),
    ),
    Attack("slot_of_an_event", "a date with jobs deleted", delete("event", "next_walk")),
    Attack("slot_of_a_role", "another series' role", insert("slot", SLOT, role_id=":stall")),
    Attack("slot_of_a_role", "a role on a rota deleted", delete("role", "big")),
    Attack(
        "slot_keeps_its_owner",
        "moved to another date, with its turns",
        update("slot", "event_id = :bare_walk", "last_marshal"),
    ),
    Attack(
        "slot_keeps_its_owner",
        "turned into another job",
        update("slot", "role_id = :big", "marshal"),
    ),
    Attack(
        "slot_keeps_its_owner",
        "moved to another community",
        update(
            "slot",
            "(community_id, series_id, event_id, role_id)"
            " = (:ashford, :ashford_series, :ashford_fair, :tea_role)",
            "next_marshal",
        ),
        first=delete("slot", "tea"),
    ),
]

ATTACKS = [*ROLES, *SLOTS]

LEGAL = [
    legal("set-up on the day before", insert("role", ROLE, starts_after_minutes="-1440")),
    legal("a day's work", insert("slot", SLOT, ends_at="timestamptz '2027-05-23 08:00Z'")),
    legal("every place needed", insert("slot", SLOT, needed="2")),
    legal("a slot that nobody took deleted", delete("slot", "next_marshal")),
    legal(
        "a slot moved to another hour", update("slot", "ends_at = ends_at + '1 h'", "next_marshal")
    ),
]

EVENT = "SELECT version FROM event WHERE id = :next_walk"
SERIES = "SELECT version FROM series WHERE id = :stroll"
SEQUENCE = "SELECT sequence FROM event WHERE id = :next_walk"

EFFECTS = [
    Effect(
        "slot_insert_touches_event",
        "a new job at a date",
        insert("slot", SLOT, event_id=":next_walk", role_id=":tail_role"),
        EVENT,
    ),
    Effect(
        "slot_update_touches_event",
        "more people needed",
        update("slot", "needed = 2", "next_marshal"),
        EVENT,
    ),
    Effect("slot_delete_touches_event", "a job taken away", delete("slot", "next_marshal"), EVENT),
    Effect("role_touches_series", "a new role", insert("role", ROLE), SERIES),
    Effect("role_touches_series", "a role changed", update("role", "needed = 1", "big"), SERIES),
    Effect(
        "role_touches_series",
        "a role taken away",
        "DELETE FROM role WHERE name = 'Barista'",
        SERIES,
        first=insert("role", ROLE),
    ),
    Effect(
        "role_raises_sequence",
        "a role renamed",
        update("role", "name = 'Lead marshal'", "marshal_role"),
        SEQUENCE,
    ),
    Effect(
        "slot_raises_sequence",
        "a job at another time",
        update("slot", "ends_at = ends_at + '1 h'", "next_marshal"),
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
