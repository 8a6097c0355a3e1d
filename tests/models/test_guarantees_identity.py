"""Communities, people and what they sign in with: one of each, and never across communities."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

COMMUNITY = {
    "slug": "'crayford'",
    "name": "'Crayford'",
    "place": "'Crayford'",
    "timezone": "'Europe/London'",
    "phone": "''",
}
GROUP = {"community_id": ":bexley", "slug": "'menders'", "name": "'Menders'"}
ORGANISER = {"group_id": ":strollers", "membership_id": ":bela", "community_id": ":bexley"}
MEMBER = {"community_id": ":ashford", "person_id": ":sam_person"}
PROFILE = {"person_id": ":sam_person", "full_name": "'Sam Tran'"}
SIGN_IN = {
    "person_id": ":sam_person",
    "token_hash": "'another'",
    "last_seen_at": "now()",
    "expires_at": "now()",
}
REQUEST = {
    "community_id": ":bexley",
    "person_id": ":sam_person",
    "next_path": "'/'",
    "expires_at": "now()",
}
NO_SAM = "DELETE FROM profile WHERE person_id = :sam_person"

COMMUNITIES = [
    *[
        Attack("community_slug", what, insert("community", COMMUNITY, slug=slug))
        for what, slug in [
            ("nothing", "''"),
            ("a dot", "'a.b'"),
            ("61 letters", "repeat('x', 61)"),
        ]
    ],
    Attack("community_name", "no name", insert("community", COMMUNITY, name="''")),
    Attack("community_name", "81 letters", insert("community", COMMUNITY, name="repeat('x', 81)")),
    Attack("community_gaps", "a day of rest", insert("community", COMMUNITY, rest_minutes="721")),
    Attack("community_gaps", "back in time", insert("community", COMMUNITY, travel_minutes="-1")),
    *[
        Attack("profile_age", what, insert("profile", PROFILE, **changed), NO_SAM)
        for what, changed in [
            ("old at no time", {"age_at_least": "18"}),
            ("not yet born", {"age_at_least": "0", "age_said_on": "date '2027-01-01'"}),
        ]
    ],
    Attack("community_host", "capitals", insert("community", COMMUNITY, host="'A.Example'")),
    Attack(
        "one_community_per_slug",
        "a short name that is taken",
        insert("community", COMMUNITY, slug="'bexley'"),
    ),
    Attack(
        "one_community_per_host",
        "a host that is taken",
        insert("community", COMMUNITY, host="'ashford.example'"),
    ),
    Attack("group_name", "no name", insert("community_group", GROUP, name="''")),
    Attack("group_name", "81 letters", insert("community_group", GROUP, name="repeat('x', 81)")),
    Attack(
        "one_group_per_slug",
        "a short name that is taken",
        insert("community_group", GROUP, slug="'strollers'"),
    ),
    Attack(
        "community_group_community_id_fkey",
        "no such community",
        insert("community_group", GROUP, community_id="-1"),
    ),
    Attack(
        "group_organiser_pkey",
        "twice",
        insert("group_organiser", ORGANISER, membership_id=":nadia"),
    ),
    Attack(
        "organiser_of_a_group",
        "of another community's group",
        insert("group_organiser", ORGANISER, group_id=":ashford_group"),
    ),
    Attack(
        "organiser_is_a_member",
        "a stranger",
        insert("group_organiser", ORGANISER, membership_id=":chi"),
    ),
    Attack("membership_standing", "a king", insert("membership", MEMBER, standing="'king'")),
    Attack(
        "one_membership_per_person",
        "twice in one community",
        insert("membership", MEMBER, community_id=":bexley"),
    ),
    Attack(
        "membership_community_id_fkey",
        "no such community",
        insert("membership", MEMBER, community_id="-1"),
    ),
    Attack(
        "membership_person_id_fkey", "no such person", insert("membership", MEMBER, person_id="-1")
    ),
    Attack(
        "membership_person_id_fkey", "a member erased as a person", delete("person", "sam_person")
    ),
]

PEOPLE = [
    *[
        Attack(rule, what, insert("profile", PROFILE, **{column: value}), first=NO_SAM)
        for rule, column, what, value in [
            ("profile_full_name", "full_name", "no name", "''"),
            ("profile_full_name", "full_name", "81 letters", "repeat('x', 81)"),
            ("profile_email", "email", "capitals", "'Sam@example.com'"),
            ("profile_email", "email", "two letters", "'@x'"),
            ("profile_email", "email", "255 letters", "repeat('x', 255)"),
            ("profile_phone", "phone", "two digits", "'12'"),
            ("profile_phone", "phone", "31 digits", "repeat('1', 31)"),
            ("one_person_per_email", "email", "somebody else's", "'bela@example.com'"),
            ("profile_person_id_fkey", "person_id", "of nobody", "-1"),
        ]
    ],
    Attack("profile_pkey", "a person with two names", insert("profile", PROFILE)),
]

SIGN_INS = [
    Attack(
        "one_sign_in_per_token",
        "a token twice",
        insert("sign_in", SIGN_IN, token_hash="'browser'"),
    ),
    Attack("sign_in_person_id_fkey", "nobody", insert("sign_in", SIGN_IN, person_id="-1")),
    Attack(
        "sign_in_request_wrong_codes",
        "a sixth guess",
        update("sign_in_request", "wrong_codes = 6", "request"),
    ),
    Attack(
        "sign_in_request_wrong_codes",
        "guesses given back",
        update("sign_in_request", "wrong_codes = -1", "request"),
    ),
    Attack(
        "sign_in_request_community_id_fkey",
        "nowhere",
        insert("sign_in_request", REQUEST, community_id="-1"),
    ),
    Attack(
        "sign_in_request_person_id_fkey",
        "nobody",
        insert("sign_in_request", REQUEST, person_id="-1"),
    ),
]

ATTACKS = [*COMMUNITIES, *PEOPLE, *SIGN_INS]

LEGAL = [
    legal(
        "the same group name in another community",
        insert("community_group", GROUP, community_id=":ashford", slug="'strollers'"),
    ),
    legal("a member of two communities", insert("membership", MEMBER)),
    legal("many without e-mail", "UPDATE profile SET email = NULL"),
    legal("a fifth guess", update("sign_in_request", "wrong_codes = 5", "request")),
    legal("somebody who left", update("membership", "standing = 'left', left_at = now()", "sam")),
]

VERSION = "SELECT version FROM event WHERE id = :walk"
EFFECTS = [
    Effect(
        "name_touches_events",
        "another name",
        "UPDATE profile SET full_name = 'Bela N' WHERE person_id = :bela_person",
        VERSION,
    ),
    Effect(
        "name_touches_events",
        "erased",
        "DELETE FROM profile WHERE person_id = :bela_person",
        VERSION,
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
