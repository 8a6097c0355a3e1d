"""Limits of offers and asks, of what neighbours write to each other, of rings, blocks, reports."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

HERE = {"community_id": ":bexley"}
POST = {
    **HERE,
    "kind": "'ask'",
    "category": "'garden'",
    "membership_id": ":ama",
    "created_by": ":ama",
    "title": "'A hedge'",
    "area": "'Sidcup'",
    "place": "1",
    "expires_on": "date '2027-06-01'",
}
TALK = {
    **HERE,
    "post_id": ":lawn",
    "owner_id": ":bela",
    "other_id": ":nadia",
    "begun_by_owner": "true",
}
MESSAGE = {
    **HERE,
    "conversation_id": ":talk",
    "by_owner": "true",
    "written_by": ":bela",
    "words": "'Thank you.'",
}
RING = {**HERE, "conversation_id": ":talk", "of_owner": "true"}
BLOCK = {**HERE, "by_id": ":bela", "against_id": ":ama"}
REPORT = {**HERE, "conversation_id": ":talk", "by_owner": "true", "words": "'He is rude.'"}
LATELY = "gen_random_uuid()"
INTENT = "'00000000-0000-0000-0000-000000000001'"
OVER = {"ended_at": "now()"}
LAPSED = {**OVER, "state": "'expired'"}


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


POSTS = [
    *limits(
        "post",
        POST,
        ("post_kind", "neither offer nor ask", {"kind": "'swap'"}),
        ("post_category", "an unknown category", {"category": "'magic'"}),
        ("post_state", "an unknown state", {"state": "'hidden'"}),
        ("post_title", "no title", {"title": "''"}),
        ("post_title", "81 letters", {"title": "repeat('x', 81)"}),
        ("post_words_length", "1001 letters", {"words": "repeat('x', 1001)"}),
        ("post_area", "no area", {"area": "''"}),
        ("post_area", "41 letters", {"area": "repeat('x', 41)"}),
        ("post_area", "an address", {"area": "'14 Alder Road'"}),
        ("post_when", "121 letters", {"when_words": "repeat('x', 121)"}),
        ("post_place", "the 21st", {"place": "21"}),
        ("post_place", "the one before the first", {"place": "0"}),
        ("post_has_an_end", "open, and over", OVER),
        ("post_has_an_end", "withdrawn, and not over", {"state": "'withdrawn'"}),
        ("post_lapses_after_a_nudge", "lapsed silently", LAPSED),
        (
            "post_lapses_after_a_nudge",
            "lapsed six days after the nudge",
            {**LAPSED, "nudged_on": "date '2027-05-26'"},
        ),
        ("post_of_a_member", "another community's member", {"membership_id": ":chi"}),
        ("post_by_a_member", "written by a stranger", {"created_by": ":chi"}),
        ("twenty_open_posts", "a place that is taken", {"membership_id": ":bela"}),
    ),
    Attack(
        "same_post_once",
        "the same page twice",
        insert("post", POST, intent=INTENT, place="2"),
        insert("post", POST, intent=INTENT),
    ),
    Attack("post_keeps_its_owner", "another's", update("post", "membership_id = :ama", "quiet")),
    Attack("post_keeps_its_owner", "an offer now", update("post", "kind = 'offer'", "lawn")),
    Attack(
        "post_state_order",
        "withdrawn, then done",
        update("post", "state = 'done'", "lift"),
        update("post", "state = 'withdrawn', ended_at = now()", "lift"),
    ),
]

TALKS = [
    *limits(
        "conversation",
        TALK,
        ("conversation_of_two", "with oneself", {"other_id": ":bela"}),
        ("one_conversation_per_neighbour", "a second time", {"other_id": ":sam"}),
        ("conversation_with_the_owner", "about another's post", {"owner_id": ":ama"}),
        (
            "conversation_about_a_post",
            "in another community",
            {"community_id": ":ashford", "other_id": ":chi"},
        ),
        ("conversation_with_a_member", "with a stranger", {"other_id": ":chi"}),
    ),
    Attack(
        "conversation_keeps_its_sides",
        "handed to somebody else",
        update("conversation", "other_id = :ama", "talk"),
    ),
]

MESSAGES = [
    *limits(
        "message",
        MESSAGE,
        ("message_words", "nothing said", {"words": "''"}),
        ("message_words", "1001 letters", {"words": "repeat('x', 1001)"}),
        ("message_in_a_conversation", "in no conversation", {"conversation_id": "-1"}),
        ("message_by_a_member", "written by a stranger", {"written_by": ":chi"}),
        (
            "message_not_blocked",
            "to somebody who has blocked them",
            {"conversation_id": ":cut_off", "by_owner": "false", "written_by": ":sam"},
        ),
        (
            "message_not_blocked",
            "to somebody they have blocked",
            {"conversation_id": ":cut_off", "written_by": ":nadia"},
        ),
    ),
    Attack(
        "same_message_once",
        "the same page twice",
        insert("message", MESSAGE, intent=INTENT),
        insert("message", MESSAGE, intent=INTENT),
    ),
]

OTHERS = [
    *limits(
        "ring",
        RING,
        ("ring_says_who_rang", "rung by nobody", {"rung_at": "now()"}),
        ("ring_about_a_conversation", "about nothing", {"conversation_id": "-1"}),
        ("rung_by_a_member", "rung by a stranger", {"rung_at": "now()", "rung_by": ":chi"}),
        ("one_open_ring_per_side", "waits to be rung already", {"of_owner": "false"}),
    ),
    *limits(
        "block",
        BLOCK,
        ("block_of_two", "oneself", {"against_id": ":bela"}),
        ("block_by_a_member", "by a stranger", {"by_id": ":chi"}),
        ("block_against_a_member", "against a stranger", {"against_id": ":chi"}),
        ("one_block_per_pair", "blocked already", {"by_id": ":nadia", "against_id": ":sam"}),
    ),
    *limits(
        "report",
        REPORT,
        ("report_words", "501 letters", {"words": "repeat('x', 501)"}),
        ("report_says_who_settled_it", "settled by nobody", {"settled_at": "now()"}),
        ("report_about_a_conversation", "about nothing", {"conversation_id": "-1"}),
        (
            "report_settled_by_a_member",
            "settled by a stranger",
            {"settled_at": "now()", "settled_by": ":chi"},
        ),
        (
            "same_open_report_once",
            "the same again",
            {"by_owner": "false", "words": "'Too many messages'"},
        ),
    ),
]

ATTACKS = [*POSTS, *TALKS, *MESSAGES, *OTHERS]

LEGAL = [
    legal("Ama's hedge", insert("post", POST)),
    legal("the second ask of Bela", insert("post", POST, membership_id=":bela", place="2")),
    legal(
        "another in the place of one withdrawn",
        insert("post", POST, membership_id=":bela"),
        first=update("post", "state = 'withdrawn', ended_at = now()", "lawn"),
    ),
    legal(
        "lapsed a week after the nudge",
        insert("post", POST, **LAPSED, nudged_on="date '2027-05-25'"),
    ),
    legal(
        "brought back",
        update("post", "state = 'open', ended_at = NULL", "lawn"),
        first=update("post", "state = 'withdrawn', ended_at = now()", "lawn"),
    ),
    legal("Nadia asked about it", insert("conversation", TALK)),
    legal("an answer", insert("message", MESSAGE, intent=LATELY)),
    legal(
        "a message after the block has ended",
        insert("message", MESSAGE, conversation_id=":cut_off", written_by=":nadia"),
        first=update("block", "ended_at = now()", "block"),
    ),
    legal("the other is to be rung too", insert("ring", RING)),
    legal(
        "to be rung once more",
        insert("ring", RING, of_owner="false"),
        first=update("ring", "rung_at = now(), rung_by = :ama", "ring"),
    ),
    legal("another block", insert("block", BLOCK)),
    legal("the other side reports it too", insert("report", REPORT)),
    legal("and once more, in other words", insert("report", REPORT, by_owner="false")),
    legal(
        "erased, two of them",
        update("report", "words = ''", "report"),
        first=insert("report", REPORT, by_owner="false", words="''"),
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
