"""Limits of member lists, of what their lines became, and of notes for coordinators."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

HERE = {"community_id": ":bexley"}
LIST = {
    **HERE,
    "made_by": ":ama",
    "digest": r"decode(repeat('00', 32), 'hex')",
    "cells": "'[]'",
    "made_at": "now()",
}
LINE = {**HERE, "list_id": ":taken_list", "number": "3", "fate": "'new'", "membership_id": ":sam"}
NOTE = {**HERE, "membership_id": ":bela", "words": "'Ring first'", "written_by": ":ama"}
WRITTEN = {"written_at": "now()", "cells": "NULL"}


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


ATTACKS = [
    *limits(
        "member_list",
        LIST,
        ("member_list_file_name", "a name of 201 letters", {"file_name": "repeat('x', 201)"}),
        ("member_list_digest", "a digest of 3 bytes", {"digest": "'abc'"}),
        ("member_list_is_forgotten", "kept when taken in", {"written_at": "now()"}),
        ("member_list_is_forgotten", "forgotten before", {"cells": "NULL"}),
        ("member_list_undone_after_written", "undone before", {"undone_at": "now()"}),
        ("member_list_by_a_member", "by a stranger", {"made_by": ":chi"}),
        ("member_list_brought_hours", "no such batch", {**WRITTEN, "batch_id": "-1"}),
    ),
    Attack(
        "member_list_is_forgotten",
        "names put back",
        update("member_list", "cells = '[[\"Bela\"]]'", "taken_list"),
    ),
    *limits(
        "member_list_line",
        LINE,
        ("member_list_line_pkey", "a line twice", {"number": "2"}),
        ("member_list_line_number", "line 0", {"number": "0"}),
        ("member_list_line_fate", "an unknown fate", {"fate": "'lost'"}),
        ("member_list_line_left_out", "left out, and a member", {"fate": "'out'"}),
        ("line_of_a_member_list", "of no list", {"list_id": "-1"}),
        ("line_is_a_member", "another community's member", {"membership_id": ":chi"}),
        ("member_list_line_transfer_id_fkey", "no such hours", {"transfer_id": "-1"}),
        ("one_line_per_transfer", "hours of another line", {"transfer_id": ":gift"}),
    ),
    *limits(
        "member_note",
        NOTE,
        ("member_note_words", "nothing", {"words": "''"}),
        ("member_note_words", "501 letters", {"words": "repeat('x', 501)"}),
        ("note_about_a_member", "about another community's member", {"membership_id": ":chi"}),
        ("note_by_a_member", "by a stranger", {"written_by": ":chi"}),
        ("note_from_a_member_list", "from no list", {"list_id": "-1"}),
    ),
]

LEGAL = [
    legal("a list to look through", insert("member_list", LIST)),
    legal("a list taken in", insert("member_list", LIST, **WRITTEN)),
    legal("a list taken in and undone", insert("member_list", LIST, **WRITTEN, undone_at="now()")),
    legal("somebody new", insert("member_list_line", LINE)),
    legal(
        "a line left out",
        insert("member_list_line", LINE, fate="'out'", membership_id="NULL"),
    ),
    legal("a note of 500 letters", insert("member_note", NOTE, words="repeat('x', 500)")),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
