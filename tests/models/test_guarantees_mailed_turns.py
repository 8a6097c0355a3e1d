"""A turn in somebody's calendar is noted once, and a message from there is counted once."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal

TURN = {
    "community_id": ":bexley",
    "membership_id": ":bela",
    "slot_id": ":marshal",
    "claim_id": ":turn",
    "method": "'request'",
    "sequence": "0",
    "told_at": "now()",
}
REPLY = {"digest": "sha256('x')", "outcome": "'asked'", "read_at": "now()"}
TOLD, READ = insert("mailed_turn", TURN), insert("calendar_reply", REPLY)

ATTACKS = [
    Attack("mailed_turn_method", "published", insert("mailed_turn", TURN, method="'publish'")),
    Attack(
        "mailed_turn_sequence", "a number below all", insert("mailed_turn", TURN, sequence="-1")
    ),
    Attack("one_mailed_turn_per_slot", "noted twice", TOLD, first=TOLD),
    Attack("mailed_turn_slot_id_fkey", "no such slot", insert("mailed_turn", TURN, slot_id="-1")),
    Attack(
        "mailed_turn_of_a_member",
        "of a stranger",
        insert("mailed_turn", TURN, membership_id=":chi"),
    ),
    Attack("mailed_turn_of_a_claim", "no such turn", insert("mailed_turn", TURN, claim_id="-1")),
    Attack(
        "calendar_reply_outcome",
        "an unknown outcome",
        insert("calendar_reply", REPLY, outcome="'believed'"),
    ),
    Attack(
        "calendar_reply_digest",
        "the message itself",
        insert("calendar_reply", REPLY, digest="'From: Bela'"),
    ),
    Attack("same_reply_once", "counted twice", READ, first=READ),
]
LEGAL = [
    legal("a turn told", TOLD),
    legal("another of hers", insert("mailed_turn", TURN, slot_id=":tail_walker"), first=TOLD),
    legal("a message read", READ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
