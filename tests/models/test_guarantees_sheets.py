"""Sheets of paper: a number means one date, and a turn keeps the line that it came from."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

HERE = {"community_id": ":bexley"}
SHEET = {
    **HERE,
    "series_id": ":stroll",
    "event_id": ":walk",
    "number": "'DS-0413'",
    "lines": "'[]'",
    "printed_at": "now()",
    "printed_by": ":nadia",
}
DRAFT = {
    **HERE,
    "sheet_id": ":paper",
    "typed_by": ":ama",
    "rows": "'[]'",
    "facts": "'{}'",
    "typed_at": "now()",
}
LINE = {
    **HERE,
    "sheet_id": ":paper",
    "number": "3",
    "written": "'Sam T, 9, 10.30'",
    "membership_id": ":sam",
    "claim_id": ":mistake",
    "outcome": "'counted'",
    "entered_by": ":nadia",
    "entered_at": "now()",
}
FIRST = "WHERE sheet_id = :paper AND number = 1"


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


ATTACKS = [
    *limits(
        "paper_sheet",
        SHEET,
        ("paper_sheet_number", "no letters", {"number": "'0413'"}),
        ("paper_sheet_number", "small letters", {"number": "'ds-0413'"}),
        ("paper_sheet_number", "three figures", {"number": "'DS-413'"}),
        ("one_paper_sheet_per_number", "a number given before", {"number": "'DS-0412'"}),
        ("paper_sheet_of_an_event", "another community's date", {"event_id": ":ashford_fair"}),
        ("paper_sheet_printed_by_a_member", "printed by a stranger", {"printed_by": ":chi"}),
    ),
    Attack(
        "paper_sheet_identity",
        "another number",
        update("paper_sheet", "number = 'DS-9999'", "paper"),
    ),
    Attack(
        "paper_sheet_identity", "another date", update("paper_sheet", "event_id = :walk", "paper")
    ),
    *limits(
        "paper_sheet_draft",
        DRAFT,
        ("draft_of_a_paper_sheet", "no such sheet", {"sheet_id": "-1"}),
        ("paper_sheet_typed_by_a_member", "typed by a stranger", {"typed_by": ":chi"}),
        ("paper_sheet_draft_pkey", "typed twice by one", {"typed_by": ":nadia"}),
    ),
    *limits(
        "paper_sheet_line",
        LINE,
        ("paper_sheet_line_outcome", "an unknown outcome", {"outcome": "'lost'"}),
        ("paper_sheet_line_number", "line 0", {"number": "0"}),
        ("paper_sheet_line_number", "the 21st name on it", {"part": "21"}),
        ("paper_sheet_line_written", "nothing written", {"written": "''"}),
        ("paper_sheet_line_written", "301 letters", {"written": "repeat('x', 301)"}),
        ("counted_line_names_its_turn", "counted for no turn", {"claim_id": "NULL"}),
        (
            "counted_line_names_its_turn",
            "there before, and no turn",
            {"claim_id": "NULL", "outcome": "'there'"},
        ),
        ("refused_line_says_why", "refused for no reason", {"outcome": "'refused'"}),
        ("refused_line_says_why", "counted, and why not", {"because": "'Rain'"}),
        (
            "refused_line_says_why",
            "an empty reason",
            {"outcome": "'refused'", "because": "''"},
        ),
        ("line_of_a_paper_sheet", "no such sheet", {"sheet_id": "-1"}),
        ("paper_sheet_line_counts_a_turn", "no such turn", {"claim_id": "-1"}),
        ("paper_sheet_line_of_a_member", "another community's member", {"membership_id": ":chi"}),
        ("paper_sheet_line_entered_by_a_member", "by a stranger", {"entered_by": ":chi"}),
        ("paper_sheet_line_pkey", "a line twice", {"number": "1"}),
        ("one_sheet_line_per_turn", "a turn on two lines", {"claim_id": ":done"}),
    ),
    *[
        Attack("counted_line_stays", what, f"UPDATE paper_sheet_line SET {change} {FIRST}")  # noqa: S608
        for what, change in [
            ("moved to another line", "number = 9"),
            ("moved to another turn", "claim_id = :mistake"),
            ("not counted after all", "outcome = 'there'"),
        ]
    ],
    Attack(
        "counted_line_no_delete",
        "a counted line deleted",
        f"DELETE FROM paper_sheet_line {FIRST}",  # noqa: S608
    ),
    Attack(
        "claim_minutes_done",
        "no minutes at all",
        update("claim", "minutes_done = 0, minutes_by = :nadia", "turn"),
    ),
    Attack(
        "claim_minutes_done",
        "more than a day",
        update("claim", "minutes_done = 1441, minutes_by = :nadia", "turn"),
    ),
    Attack(
        "minutes_said_by_another",
        "minutes that nobody said",
        update("claim", "minutes_done = 60", "turn"),
    ),
    Attack(
        "minutes_said_by_another",
        "minutes of one's own",
        update("claim", "minutes_done = 60, minutes_by = :bela", "turn"),
    ),
    Attack(
        "minutes_said_by_a_member",
        "minutes by a stranger",
        update("claim", "minutes_done = 60, minutes_by = :chi", "turn"),
    ),
    Attack(
        "done_minutes_are_fixed",
        "minutes of a turn whose hours are in",
        update("claim", "minutes_done = 60, minutes_by = :nadia", "done"),
    ),
]

LEGAL = [
    legal("another sheet", insert("paper_sheet", SHEET)),
    legal("the same number in another community", insert(
        "paper_sheet", SHEET, number="'DS-0412'", community_id=":ashford",
        series_id=":ashford_series", event_id=":ashford_fair", printed_by=":chi",
    )),
    legal("laid out anew", update("paper_sheet", "lines = '[[1, 2]]'", "paper")),
    legal("typed up by two", insert("paper_sheet_draft", DRAFT)),
    legal("another line", insert("paper_sheet_line", LINE)),
    legal("a second name on a line", insert("paper_sheet_line", LINE, number="1", part="2")),
    legal(
        "a turn that was there, on two lines",
        insert("paper_sheet_line", LINE, claim_id=":done", outcome="'there'"),
    ),
    legal("what was written is forgotten", f"UPDATE paper_sheet_line SET written = NULL {FIRST}"),  # noqa: S608
    legal(
        "an hour by the sheet",
        update("claim", "minutes_done = 60, minutes_by = :nadia", "turn"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
