"""Limits of what organisers write to people, of answers, and of who hears from them."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

HERE = {"community_id": ":bexley"}
FOLLOWER = {**HERE, "series_id": ":stroll", "membership_id": ":sam"}
MESSAGE = {
    **HERE,
    "group_id": ":strollers",
    "series_id": ":stroll",
    "event_id": ":walk",
    "whom": "'date'",
    "subject": "'Cake'",
    "words": "'There is cake.'",
    "written_by": ":nadia",
    "intent": "gen_random_uuid()",
    "people": "3",
    "not_by_mail": "0",
}
ANSWER = {
    **HERE,
    "group_message_id": ":news",
    "membership_id": ":sam",
    "written_by": ":sam",
    "words": "'Lovely.'",
    "intent": "gen_random_uuid()",
}
SEVEN = "'00000000-0000-0000-0000-000000000007'"
EIGHT = "'00000000-0000-0000-0000-000000000008'"
ERASED = "subject = '', words = '', erased_at = now()"


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


GROUPS = [
    Attack(
        "group_trusted_by_somebody",
        "trusted by nobody",
        update("community_group", "trusted_at = now()", "strollers"),
    ),
    Attack(
        "group_trusted_by_a_member",
        "trusted by a stranger",
        update("community_group", "trusted_at = now(), trusted_by = :chi", "strollers"),
    ),
]

FOLLOWERS = limits(
    "follower",
    FOLLOWER,
    ("follows_once", "hears already", {"membership_id": ":bela"}),
    (
        "follower_of_a_series",
        "another community's event",
        {"community_id": ":ashford", "membership_id": ":chi"},
    ),
    ("follower_is_a_member", "another community's member", {"membership_id": ":chi"}),
)

MESSAGES = [
    *limits(
        "group_message",
        MESSAGE,
        ("group_message_whom", "to everybody in the borough", {"whom": "'borough'"}),
        ("group_message_job", "past doers of no job", {"whom": "'job'"}),
        ("group_message_job", "a job for a date", {"role_id": ":marshal_role"}),
        ("group_message_length", "121 letters", {"subject": "repeat('x', 121)"}),
        ("group_message_length", "4001 letters", {"words": "repeat('x', 4001)"}),
        ("group_message_says_something", "no subject", {"subject": "''"}),
        ("group_message_says_something", "no words", {"words": "''"}),
        ("group_message_says_something", "erased, and still said", {"erased_at": "now()"}),
        ("group_message_to_somebody", "to nobody", {"people": "0"}),
        ("group_message_to_somebody", "to fewer than none besides", {"not_by_mail": "-1"}),
        ("same_group_message_once", "sent twice from one page", {"intent": SEVEN}),
        ("group_message_of_a_group", "no such group", {"group_id": "-1"}),
        ("group_message_about_a_date", "no such date", {"event_id": "-1"}),
        (
            "group_message_about_a_job",
            "another series' job",
            {"whom": "'job'", "role_id": ":stall"},
        ),
        ("group_message_by_a_member", "by a stranger", {"written_by": ":chi"}),
    ),
    *[
        Attack("group_message_stays", what, update("group_message", change, "news"))
        for what, change in (
            ("other words", "words = 'We never met.'"),
            ("another subject", "subject = 'Nothing'"),
            ("to fewer people", f"people = 1, {ERASED}"),
            ("by another", f"written_by = :ama, {ERASED}"),
            ("at another time", f"created_at = now(), {ERASED}"),
            ("about a job all at once", f"whom = 'job', role_id = :marshal_role, {ERASED}"),
        )
    ],
    Attack(
        "group_message_no_delete",
        "as if never written",
        delete("group_message", "news"),
        first=delete("message_answer", "reply"),
    ),
]

ANSWERS = limits(
    "message_answer",
    ANSWER,
    ("message_answer_words", "nothing said", {"words": "''"}),
    ("message_answer_words", "1001 letters", {"words": "repeat('x', 1001)"}),
    ("answered_by_themselves", "in somebody's name", {"written_by": ":ama"}),
    (
        "same_answer_once",
        "said twice from one page",
        {"membership_id": ":bela", "written_by": ":bela", "intent": EIGHT},
    ),
    ("answer_to_a_group_message", "to nothing there is", {"group_message_id": "-1"}),
    (
        "answer_of_a_member",
        "a talk with a stranger",
        {"membership_id": ":chi", "by_organiser": "true", "written_by": ":nadia"},
    ),
    ("answer_by_a_member", "by a stranger", {"by_organiser": "true", "written_by": ":chi"}),
)

MAILED = {"digest": "sha256('x')", "outcome": "'passed_on'", "read_at": "now()"}
READ = insert("mailed_answer", MAILED)
BY_MAIL = [
    Attack("same_mailed_answer_once", "counted twice", READ, first=READ),
    *limits(
        "mailed_answer",
        MAILED,
        ("mailed_answer_outcome", "an unknown outcome", {"outcome": "'liked'"}),
        ("mailed_answer_digest", "half a fingerprint", {"digest": "'half'"}),
    ),
]

ATTACKS = [*GROUPS, *FOLLOWERS, *MESSAGES, *ANSWERS, *BY_MAIL]

LEGAL = [
    legal("an answer by mail is counted", READ),
    legal("Ama trusts them", update("community_group", "trusted_at = now(), trusted_by = :ama",
                                    "strollers")),
    legal("Sam hears too", insert("follower", FOLLOWER)),
    legal("Bela stops hearing", delete("follower", "fan")),
    legal("another message", insert("group_message", MESSAGE)),
    legal(
        "to a job's past doers",
        insert("group_message", MESSAGE, whom="'job'", role_id=":marshal_role"),
    ),
    legal("its words go", update("group_message", ERASED, "news")),
    legal("Sam answers", insert("message_answer", ANSWER)),
    legal(
        "Nadia writes back",
        insert(
            "message_answer", ANSWER, membership_id=":bela", by_organiser="true",
            written_by=":nadia",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
