"""Limits of calendars that come in, and of what is remembered of their entries."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal

BROUGHT = {
    "community_id": ":bexley",
    "group_id": ":strollers",
    "made_by": ":nadia",
    "found": "'{}'",
}
TAKEN_IN = {"found": "NULL", "written_at": "now()"}
ENTRY = {
    "community_id": ":bexley",
    "group_id": ":strollers",
    "digest": "sha256('a walk')",
    "series_id": ":stroll",
    "import_id": "(SELECT max(id) FROM calendar_import)",
}
BUSY = {"membership_id": ":sam", "community_id": ":bexley", "address": "'https://a.example/'"}
SPAN = {"membership_id": ":sam", "starts_at": "now()", "ends_at": "now() + interval '1 hour'"}
FOLLOW = insert("busy_calendar", BUSY)
BRING = insert("calendar_import", BROUGHT)


def limits(table, row, *broken, first="SELECT 1"):
    """One attack for each (rule, what, changed columns)."""
    return [
        Attack(rule, what, insert(table, row, **changed), first) for rule, what, changed in broken
    ]


ATTACKS = [
    *limits(
        "calendar_import",
        BROUGHT,
        ("calendar_import_source", "201 letters", {"source": "repeat('x', 201)"}),
        ("calendar_import_is_forgotten", "kept when taken in", {"written_at": "now()"}),
        ("calendar_import_is_forgotten", "forgotten before", {"found": "NULL"}),
        ("calendar_import_undone_after_written", "undone before", {"undone_at": "now()"}),
        ("calendar_import_into_a_group", "another community's group", {"group_id": "-1"}),
        ("calendar_import_by_a_member", "by a stranger", {"made_by": ":chi"}),
    ),
    *limits(
        "imported_entry",
        ENTRY,
        ("imported_entry_digest", "a digest of 3 bytes", {"digest": "'abc'"}),
        ("entry_of_an_import", "of no import", {"import_id": "-1"}),
        ("entry_is_a_series", "another community's series", {"series_id": ":ashford_series"}),
        first=BRING,
    ),
    *limits(
        "busy_calendar",
        BUSY,
        ("busy_address", "no address", {"address": "''"}),
        ("busy_address", "1101 letters", {"address": "repeat('x', 1101)"}),
        ("busy_etag", "201 letters", {"etag": "repeat('x', 201)"}),
        ("busy_calendar_of_a_member", "another community's member", {"membership_id": ":chi"}),
    ),
    *limits(
        "busy_calendar",
        BUSY,
        ("busy_calendar_pkey", "a second one", {"address": "'https://b.example/'"}),
        first=FOLLOW,
    ),
    *limits(
        "busy_span",
        SPAN,
        ("busy_span_in_order", "no time at all", {"ends_at": "now()"}),
        ("busy_span_of_a_calendar", "of nobody's calendar", {"membership_id": ":nadia"}),
        first=FOLLOW,
    ),
    Attack(
        "busy_span_pkey",
        "twice at once",
        f"INSERT INTO busy_span ({', '.join(SPAN)})"  # noqa: S608
        f" SELECT {', '.join(SPAN.values())} FROM generate_series(1, 2)",
        FOLLOW,
    ),
    Attack(
        "imported_entry_pkey",
        "an entry twice",
        f"INSERT INTO imported_entry ({', '.join(ENTRY)})"  # noqa: S608
        f" SELECT {', '.join(ENTRY.values())} FROM generate_series(1, 2)",
        BRING,
    ),
]

LEGAL = [
    legal("a calendar to look through", BRING),
    legal("a calendar taken in", insert("calendar_import", BROUGHT, **TAKEN_IN)),
    legal(
        "taken in and undone", insert("calendar_import", BROUGHT, **TAKEN_IN, undone_at="now()")
    ),
    legal("a calendar of one's own", FOLLOW),
    legal("busy for an hour", insert("busy_span", SPAN), FOLLOW),
    legal("an entry that is an event here", insert("imported_entry", ENTRY), BRING),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
