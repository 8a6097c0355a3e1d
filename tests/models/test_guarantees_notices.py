"""Notices: a message is owed once, and a leased one has its lease."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from timebank.models import NoticeKind

STARTS_AT = "(SELECT starts_at FROM claim WHERE id = :turn)"
NOTICE = {
    "community_id": ":bexley",
    "kind": "'reminder_two_days'",
    "dedupe_key": "'another'",
    "person_id": ":bela_person",
    "claim_id": ":turn",
    "starts_at": STARTS_AT,
    "not_before": "now()",
    "expires_at": "now() + interval '1 day'",
}
OF_NO_CLAIM = {**NOTICE, "claim_id": "NULL", "starts_at": "NULL"}

ATTACKS = [
    Attack("notice_kind", "an unknown kind", insert("notice", NOTICE, kind="'advert'")),
    Attack("notice_state", "an unknown state", insert("notice", NOTICE, state="'lost'")),
    Attack(
        "same_notice_once",
        "the same key again",
        insert("notice", OF_NO_CLAIM, dedupe_key="'once'"),
    ),
    Attack(
        "notice_once_per_claim",
        "a second reminder of the same start, under a key of its own",
        insert("notice", NOTICE, kind="'reminder_eve'"),
    ),
    Attack(
        "claim_notice_names_its_start",
        "about a turn, at no time",
        insert("notice", NOTICE, starts_at="NULL"),
    ),
    Attack(
        "claim_notice_names_its_start",
        "about no turn, at a time",
        insert("notice", NOTICE, claim_id="NULL"),
    ),
    Attack(
        "leased_notice_has_lease",
        "leased for ever",
        update("notice", "state = 'leased'", "notice"),
    ),
    Attack(
        "leased_notice_has_lease",
        "handed over by nobody",
        update("notice", "state = 'handover', lease_until = now()", "notice"),
    ),
    Attack("notice_claim_id_fkey", "no such turn", insert("notice", NOTICE, claim_id="-1")),
    Attack(
        "notice_community_id_fkey",
        "no such community",
        insert("notice", NOTICE, community_id="-1"),
    ),
    Attack("notice_person_id_fkey", "no such person", insert("notice", NOTICE, person_id="-1")),
    Attack(
        "notice_sign_in_request_id_fkey",
        "no such request",
        insert("notice", OF_NO_CLAIM, sign_in_request_id="-1"),
    ),
]

LEGAL = [
    legal("another kind for the same turn", insert("notice", NOTICE)),
    legal(
        "the same kind after a move",
        insert("notice", NOTICE, kind="'reminder_eve'", starts_at="now()"),
    ),
    # The newest migration writes the whole list: one that was written beside it may lose a kind.
    *[legal(kind, insert("notice", OF_NO_CLAIM, kind=f"'{kind}'")) for kind in NoticeKind],
    legal(
        "two about no turn",
        insert("notice", OF_NO_CLAIM),
        insert("notice", OF_NO_CLAIM, dedupe_key="'a third'"),
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
