"""Calendar addresses: what each may show, whose it is, and that off is off."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

FEED = {"membership_id": ":sam", "community_id": ":bexley", "token_hash": "'another'"}
GAPS = {**FEED, "shows": "'gaps'"}
BELAS = {**FEED, "membership_id": ":bela"}

ATTACKS = [
    Attack("one_feed_per_token", "a token twice", insert("feed", FEED, token_hash="'feed'")),
    Attack(
        "feed_of_a_member", "in another community", insert("feed", FEED, community_id=":ashford")
    ),
    Attack("one_live_feed_per_kind", "a second address of one's own turns", insert("feed", BELAS)),
    Attack("feed_shows", "something else", insert("feed", FEED, shows="'everything'")),
    Attack("feed_cancelled", "in another way", insert("feed", FEED, cancelled="'shout'")),
    Attack("feed_client", "no calendar", insert("feed", FEED, last_client="'10.0.0.1'")),
    Attack("feed_alarm", "at once", insert("feed", FEED, alarm_minutes="4")),
    Attack("feed_alarm", "a fortnight before", insert("feed", FEED, alarm_minutes="20160")),
    Attack("feed_alarm", "for what's needed", insert("feed", GAPS, alarm_minutes="30")),
    *[
        Attack("feed_filters", f"one's own turns by {column}", insert("feed", FEED, **changed))
        for column, changed in {
            "group": {"group_id": ":strollers"},
            "series": {"series_id": ":stroll"},
            "kind": {"scene": "'tea'"},
            "area": {"area": "'Welling'"},
        }.items()
    ],
    Attack(
        "feed_role_of_gaps",
        "a job of what's on",
        insert("feed", FEED, shows="'whats_on'", role_name="'Marshal'"),
    ),
    Attack("feed_scene", "another kind of thing", insert("feed", GAPS, scene="'moon'")),
    Attack("feed_area", "nowhere", insert("feed", GAPS, area="''")),
    Attack("feed_area", "a whole address", insert("feed", GAPS, area="repeat('x', 41)")),
    Attack("feed_role_name", "no job", insert("feed", GAPS, role_name="''")),
    Attack("feed_role_name", "a story", insert("feed", GAPS, role_name="repeat('x', 61)")),
    Attack("feed_of_a_group", "no such group", insert("feed", GAPS, group_id="-1")),
    Attack("feed_of_a_series", "no such series", insert("feed", GAPS, series_id="-1")),
    Attack("feed_blank", "emptied while it is on", update("feed", "blank_until = now()", "feed")),
    Attack(
        "feed_blank",
        "emptied before it was off",
        update("feed", "revoked_at = now(), blank_until = now() - interval '1 day'", "feed"),
    ),
    Attack(
        "feed_stays_what_it_is",
        "on again",
        update("feed", "revoked_at = NULL", "feed"),
        update("feed", "revoked_at = now()", "feed"),
    ),
    Attack("feed_stays_what_it_is", "another kind", update("feed", "shows = 'gaps'", "feed")),
    Attack("feed_stays_what_it_is", "another token", update("feed", "token_hash = 'x'", "feed")),
    Attack(
        "feed_stays_what_it_is", "somebody else's", update("feed", "membership_id = :sam", "feed")
    ),
]

LEGAL = [
    legal(
        "a new address after the old one was switched off",
        insert("feed", BELAS),
        update("feed", "revoked_at = now()", "feed"),
    ),
    legal("one of another kind", insert("feed", BELAS, shows="'household'")),
    legal(
        "another of what's needed",
        insert("feed", GAPS, role_name="'Marshal'", scene="'park'", area="'Welling'"),
        insert("feed", GAPS, token_hash="'one'"),
    ),
    legal("a week before", insert("feed", FEED, alarm_minutes="10080")),
    legal(
        "emptied for a while",
        update("feed", "revoked_at = now(), blank_until = now() + interval '14 days'", "feed"),
    ),
]

MOMENT = "SELECT versioned_at FROM event WHERE id = :walk"
EXCHANGE = "SELECT version FROM exchange WHERE id = :favour"
EFFECTS = [
    Effect(
        "raise_version on event",
        "the moment of it",
        update("event", "finished_at = now()", "walk"),
        MOMENT,
    ),
    Effect(
        "exchange_raises_version",
        "called off",
        update("exchange", "state = 'cancelled'", "favour"),
        EXCHANGE,
    ),
    Effect(
        "exchange_raises_version",
        "the moment of it",
        update("exchange", "state = 'cancelled'", "favour"),
        "SELECT versioned_at FROM exchange WHERE id = :favour",
    ),
    *[
        Effect("name_touches_exchanges", what, f"{sql} WHERE person_id = :{who}_person", EXCHANGE)
        for what, sql, who in (
            ("another name of one", "UPDATE profile SET full_name = 'Bela N'", "bela"),
            ("another name of the other", "UPDATE profile SET full_name = 'Sam T'", "sam"),
            ("erased", "DELETE FROM profile", "bela"),
        )
    ],
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
