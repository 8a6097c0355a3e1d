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
# Told along with others in a mail of Bela's own.
ALONG = {
    **OF_NO_CLAIM,
    "state": "'cancelled'",
    "told_in_id": "(SELECT id FROM notice WHERE person_id = :bela_person ORDER BY id LIMIT 1)",
}
CHOICE = {"membership_id": ":bela", "community_id": ":bexley"}
FIRST_CHOICE = insert("mail_choice", CHOICE)

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
    Attack(
        "told_with_their_own",
        "told to somebody else",
        insert("notice", ALONG, person_id=":sam_person"),
    ),
    Attack(
        "told_with_their_own",
        "told in another community's",
        insert("notice", ALONG, community_id=":ashford"),
    ),
    Attack(
        "told_with_their_own", "told in none there is", insert("notice", ALONG, told_in_id="-1")
    ),
    Attack(
        "told_along_is_not_sent",
        "told along, and sent by itself",
        insert("notice", ALONG, state="'pending'"),
    ),
    Attack(
        "told_along_is_not_sent",
        "told in itself",
        update("notice", "state = 'cancelled', told_in_id = id", "notice"),
    ),
    Attack("mail_choice_pkey", "two sets of choices", insert("mail_choice", CHOICE), FIRST_CHOICE),
    Attack(
        "mails_of_a_member",
        "of a member elsewhere",
        insert("mail_choice", CHOICE, community_id=":ashford"),
    ),
    *[
        Attack(f"mail_choice_{family}", "some other way", insert("mail_choice", CHOICE, **other))
        for family in ("turns", "asking", "neighbours", "hours")
        for other in ({family: "'fax'"},)
    ],
    Attack(
        "mail_choice_leads",
        "a month before",
        insert("mail_choice", CHOICE, leads="ARRAY['eve', 'month']"),
    ),
    Attack(
        "mail_choice_quiet",
        "quiet from, but not until",
        insert("mail_choice", CHOICE, quiet_from="'21:00'"),
    ),
    Attack(
        "mail_choice_quiet",
        "quiet for no time",
        insert("mail_choice", CHOICE, quiet_from="'21:00'", quiet_until="'21:00'"),
    ),
    Attack("mail_choice_weekly", "on no day", insert("mail_choice", CHOICE, weekly_on="0")),
    Attack("mail_choice_weekly", "on an eighth", insert("mail_choice", CHOICE, weekly_on="8")),
    Attack("mail_choice_weekly", "at no hour", insert("mail_choice", CHOICE, weekly_hour="24")),
    Attack("mail_choice_near", "nowhere", insert("mail_choice", CHOICE, near="''")),
    Attack("mail_choice_near", "a story", insert("mail_choice", CHOICE, near="repeat('x', 41)")),
    Attack("mail_choice_language", "none", insert("mail_choice", CHOICE, language="'English'")),
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
    legal("told along with others", insert("notice", ALONG)),
    legal("choices of somebody who chose nothing yet", insert("mail_choice", CHOICE)),
    legal(
        "no reminders, and quiet through midnight",
        insert(
            "mail_choice",
            CHOICE,
            turns="'weekly'",
            leads="'{}'",
            quiet_from="'21:00'",
            quiet_until="'07:00'",
            weekly_on="7",
            weekly_hour="0",
            near="'Welling'",
            language="'cy'",
        ),
    ),
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
