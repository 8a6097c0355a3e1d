"""Joining, pausing, leaving: invitations end once, a no has its reason, who left takes no turn."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from tests.models.test_guarantees_claims import CLAIM
from tests.models.test_guarantees_identity import COMMUNITY

INVITATION = {
    "community_id": ":bexley",
    "person_id": ":ivy",
    "called": "'Ivy'",
    "invited_by": ":ama",
    "expires_at": "now() + interval '30 days'",
}
APPLICATION = {"community_id": ":bexley", "person_id": ":gus", "called": "'Gus Ray'"}
REFERENCE = {
    "community_id": ":bexley",
    "application_id": ":application",
    "applicant_id": ":ivy",
    "person_id": ":chi_person",
    "called": "'Chi'",
}
DECLINED = {"state": "'declined'", "decided_at": "now()", "decided_by": ":ama", "reason": "'no'"}
ACCEPTED = "state = 'accepted', decided_at = now(), decided_by = :ama, membership_id = {}"

SETTINGS = [
    Attack("community_joining", "by lot", insert("community", COMMUNITY, joining="'lot'")),
    *[
        Attack("community_references", what, insert("community", COMMUNITY, references_wanted=n))
        for what, n in (("three of them", "3"), ("fewer than none", "-1"))
    ],
]

MEMBERS = [
    Attack(
        "membership_pause",
        "back before it began",
        update("membership", "paused_at = now(), paused_until = now() - interval '1 day'", "sam"),
    ),
    Attack(
        "membership_pause",
        "an end without a beginning",
        update("membership", "paused_until = now() + interval '1 day'", "sam"),
    ),
    Attack(
        "membership_left", "gone, and still here", update("membership", "left_at = now()", "sam")
    ),
    Attack(
        "membership_left",
        "gone, and nobody knows since when",
        update("membership", "standing = 'left'", "sam"),
    ),
    Attack(
        "who_left_takes_no_turn",
        "a turn for somebody who left",
        insert("claim", CLAIM),
        update("membership", "standing = 'left', left_at = now()", "ama"),
    ),
    Attack(
        "erased_stays_erased",
        "a name for somebody who was erased",
        "INSERT INTO profile (person_id, full_name) VALUES (:ivy, 'Ivy Low')",
        "WITH gone AS (DELETE FROM profile WHERE person_id = :ivy)"
        " UPDATE person SET erased_at = now() WHERE id = :ivy",
    ),
]

INVITATIONS = [
    *[
        Attack("invitation_called", what, insert("invitation", INVITATION, called=called))
        for what, called in (("no name", "''"), ("81 letters", "repeat('x', 81)"))
    ],
    Attack(
        "invitation_ends_once",
        "used and taken back",
        update("invitation", "used_at = now(), revoked_at = now()", "invitation"),
    ),
    Attack(
        "invitation_lasts",
        "run out at birth",
        insert("invitation", INVITATION, expires_at="now() - interval '1 day'"),
    ),
    Attack(
        "one_open_invitation_per_person",
        "two links for one person",
        insert("invitation", INVITATION, person_id=":gus"),
    ),
    Attack(
        "invited_by_a_member", "by a stranger", insert("invitation", INVITATION, invited_by=":chi")
    ),
    Attack(
        "invitation_person_id_fkey", "nobody", insert("invitation", INVITATION, person_id="-1")
    ),
]

APPLICATIONS = [
    Attack(
        "application_state",
        "perhaps",
        insert("application", APPLICATION, state="'perhaps'", decided_at="now()"),
    ),
    *[
        Attack(rule, what, insert("application", APPLICATION, **{column: value}))
        for rule, what, column, value in [
            ("application_called", "no name", "called", "''"),
            ("application_called", "81 letters", "called", "repeat('x', 81)"),
            ("application_phone", "two digits", "phone", "'12'"),
            ("application_phone", "31 digits", "phone", "repeat('1', 31)"),
            ("application_words", "301 letters", "words", "repeat('x', 301)"),
            ("application_person_id_fkey", "nobody", "person_id", "-1"),
            ("application_community_id_fkey", "nowhere", "community_id", "-1"),
        ]
    ],
    Attack(
        "application_decided",
        "decided at no time",
        insert("application", APPLICATION, **DECLINED | {"decided_at": "NULL"}),
    ),
    Attack(
        "application_decided",
        "accepted without a place",
        update("application", ACCEPTED.format("NULL"), "application"),
    ),
    Attack(
        "application_decided",
        "decided by somebody while it waits",
        update("application", "decided_by = :ama", "application"),
    ),
    *[
        Attack("declined_says_why", what, insert("application", APPLICATION, **DECLINED | changed))
        for what, changed in [
            ("no, for no reason", {"reason": "NULL"}),
            ("no, for nothing said", {"reason": "''"}),
            ("no, by nobody", {"decided_by": "NULL"}),
            ("no, at great length", {"reason": "repeat('x', 301)"}),
        ]
    ],
    Attack(
        "decided_by_a_member",
        "by a stranger",
        insert("application", APPLICATION, **DECLINED | {"decided_by": ":chi"}),
    ),
    Attack(
        "application_became_a_membership",
        "somebody else's place",
        update("application", ACCEPTED.format(":sam"), "application"),
    ),
    Attack(
        "one_open_application_per_person",
        "a second one while the first waits",
        insert("application", APPLICATION, person_id=":ivy"),
    ),
]

REFERENCES = [
    Attack(
        "reference_answer",
        "perhaps",
        update("reference", "answer = 'perhaps', answered_at = now()", "reference"),
    ),
    *[
        Attack("reference_called", what, insert("reference", REFERENCE, called=called))
        for what, called in (("no name", "''"), ("81 letters", "repeat('x', 81)"))
    ],
    *[
        Attack(
            "reference_words",
            what,
            update(
                "reference", f"answer = 'yes', answered_at = now(), words = {words}", "reference"
            ),
        )
        for what, words in (("nothing", "''"), ("501 letters", "repeat('x', 501)"))
    ],
    Attack("reference_answered", "at no time", update("reference", "answer = 'no'", "reference")),
    Attack(
        "reference_answered",
        "words without an answer",
        update("reference", "words = 'Hm'", "reference"),
    ),
    Attack(
        "nobody_vouches_for_themselves",
        "a good word for oneself",
        insert("reference", REFERENCE, person_id=":ivy"),
    ),
    Attack(
        "one_reference_per_person",
        "asked twice",
        insert("reference", REFERENCE, person_id=":gus"),
    ),
    Attack(
        "reference_of_an_application",
        "about somebody else's application",
        insert("reference", REFERENCE, applicant_id=":gus"),
    ),
    Attack("reference_person_id_fkey", "nobody", insert("reference", REFERENCE, person_id="-1")),
]

ATTACKS = [*SETTINGS, *MEMBERS, *INVITATIONS, *APPLICATIONS, *REFERENCES]

LEGAL = [
    legal("a pause without an end", update("membership", "paused_at = now()", "sam")),
    legal(
        "gone", update("membership", "standing = 'left', left_at = now(), paused_at = NULL", "sam")
    ),
    legal("invited", insert("invitation", INVITATION)),
    legal(
        "invited again, once the first was taken back",
        insert("invitation", INVITATION, person_id=":gus"),
        update("invitation", "revoked_at = now()", "invitation"),
    ),
    legal("declined, with a reason", insert("application", APPLICATION, **DECLINED)),
    legal(
        "another try after a no",
        insert("application", APPLICATION),
        insert("application", APPLICATION, **DECLINED),
    ),
    legal("a second person asked", insert("reference", REFERENCE)),
    legal(
        "an answer",
        update("reference", "answer = 'yes', answered_at = now(), words = 'Kind'", "reference"),
    ),
    legal("an application deleted with what was said", delete("application", "application")),
    legal(
        "why an account got its limits, taken out",
        "UPDATE limit_change SET reason = '(deleted)'",
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
