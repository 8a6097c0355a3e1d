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
ENTRY = {
    "event_id": ":walk",
    "sequence": "0",
    "style": "sha256('as we write')",
    "body": r"'BEGIN:VEVENT\015\012UID:1\015\012END:VEVENT\015\012'",
}
WRITTEN = insert("calendar_entry", ENTRY)

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
    Attack("calendar_entry_pkey", "a version twice", WRITTEN, first=WRITTEN),
    Attack(
        "calendar_entry_event_id_fkey",
        "no such date",
        insert("calendar_entry", ENTRY, event_id="-1"),
    ),
    Attack("calendar_entry_sequence", "below all", insert("calendar_entry", ENTRY, sequence="-1")),
    Attack("calendar_entry_style", "no digest", insert("calendar_entry", ENTRY, style="'blue'")),
    *[
        Attack(
            "calendar_entry_is_an_event", what, insert("calendar_entry", ENTRY, body=f"'{body}'")
        )
        for what, body in {
            "nothing": "",
            "a whole calendar": r"BEGIN:VCALENDAR\015\012END:VEVENT\015\012",
            "half of one": r"BEGIN:VEVENT\015\012UID:1\015\012",
        }.items()
    ],
    *[
        Attack(
            "calendar_entry_names_nobody",
            what,
            insert(
                "calendar_entry",
                ENTRY,
                body=rf"'BEGIN:VEVENT\015\012{what}:mailto:bela@example.com\015\012END:VEVENT\015\012'",
            ),
        )
        for what in ("ATTENDEE", "ORGANIZER")
    ],
    Attack(
        "calendar_entry_stays",
        "other bytes for the same version",
        r"UPDATE calendar_entry SET body = 'BEGIN:VEVENT\015\012END:VEVENT\015\012'",
        first=WRITTEN,
    ),
]

ATTACKS.append(
    Attack(
        "calendar_change_community_id_fkey",
        "of no community",
        insert("calendar_change", {"community_id": "-1"}),
    )
)

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
    legal("a date written", WRITTEN),
    legal("the next version of it", insert("calendar_entry", ENTRY, sequence="1"), WRITTEN),
    legal(
        "the same in another way", insert("calendar_entry", ENTRY, style="sha256('x')"), WRITTEN
    ),
    legal("an old version taken away", "DELETE FROM calendar_entry", WRITTEN),
    legal(
        "emptied for a while",
        update("feed", "revoked_at = now(), blank_until = now() + interval '14 days'", "feed"),
    ),
]

SEQUENCE = "SELECT sequence FROM event WHERE id = :walk"
MOMENT = "SELECT versioned_at FROM event WHERE id = :walk"
EXCHANGE = "SELECT version FROM exchange WHERE id = :favour"
MARK = "SELECT bit_xor(mark) FROM calendar_change WHERE community_id = :bexley"
ANOTHER_DATE = insert(
    "event",
    {
        "community_id": ":bexley",
        "series_id": ":stroll",
        "venue_id": ":venue",
        "occurs_on": "date '2031-06-07'",
        "starts_at": "timestamptz '2031-06-07 08:00Z'",
        "ends_at": "timestamptz '2031-06-07 09:30Z'",
    },
)
EFFECTS = [
    Effect("dates_added_change_calendars", "one more", ANOTHER_DATE, MARK),
    Effect(
        "dates_removed_change_calendars",
        "one less",
        "DELETE FROM event WHERE occurs_on = date '2031-06-07'",
        MARK,
        first=ANOTHER_DATE,
    ),
    *[
        Effect("date_changes_calendars", what, update("event", change, "walk"), MARK)
        for what, change in {
            "what it shows": "sequence = sequence + 1",
            "the moment of it": "updated_at = updated_at + interval '1 second'",
            "another time": "sequence = sequence + 1, starts_at = starts_at + interval '1 minute'",
        }.items()
    ],
    Effect(
        "date_changes_calendars",
        "another title of its series",
        update("series", "title = 'Another'", "stroll"),
        MARK,
    ),
    Effect(
        "series_changes_calendars", "hidden", update("series", "state = 'draft'", "stroll"), MARK
    ),
    Effect(
        "series_changes_calendars",
        "another group's",
        update(
            "series",
            "group_id = (SELECT id FROM community_group WHERE slug = 'another')",
            "stroll",
        ),
        MARK,
        first=insert(
            "community_group",
            {"community_id": ":bexley", "slug": "'another'", "name": "'Another'"},
        ),
    ),
    Effect(
        "series_changes_calendars",
        "the name of another group",
        update(
            "series",
            "group_id = (SELECT id FROM community_group WHERE slug = 'another')",
            "stroll",
        ),
        SEQUENCE,
        first=insert(
            "community_group",
            {"community_id": ":bexley", "slug": "'another'", "name": "'Another'"},
        ),
    ),
    Effect(
        "series_raises_sequence",
        "another picture",
        update("series", "scene = 'tea'", "stroll"),
        SEQUENCE,
    ),
    Effect(
        "pot_name_touches_exchanges",
        "another name of the pot that thanks",
        update("account", "name = 'The shed'", "pot"),
        "SELECT sum(version) FROM exchange WHERE payer_id = :pot",
    ),
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
