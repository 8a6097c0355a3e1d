"""Mail that comes back: what is kept of it holds codes and digests, never words or addresses."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

SUPPRESSION = {
    "person_id": ":bela_person",
    "address_digest": "sha256('bela@example.com')",
    "status": "'550 5.1.1'",
    "first_at": "now()",
    "last_at": "now()",
    "since": "now()",
}
BOUNCE = {
    "digest": "sha256('x')",
    "outcome": "'hard'",
    "notice_id": ":notice",
    "status": "'5.1.1'",
    "read_at": "now()",
}
REST = {"why": "'ConnectionRefusedError 111'", "rests_until": "now()"}
REFUSED, RETURNED = insert("mail_suppression", SUPPRESSION), insert("bounce", BOUNCE)
AWAY = insert("mail_rest", REST)

ATTACKS = [
    Attack("notice_refusals", "fewer than none", update("notice", "refusals = -1", "notice")),
    Attack("notice_refusals", "of fewer", update("notice", "wordings = 1", "notice")),
    Attack("sent_again_at_a_time", "at no time", update("notice", "again_by = :ama", "notice")),
    Attack(
        "notice_again_by_fkey",
        "by nobody",
        update("notice", "again_by = -1, again_at = now()", "notice"),
    ),
    Attack(
        "suppression_digest",
        "the address itself",
        insert("mail_suppression", SUPPRESSION, address_digest="'bela@example.com'"),
    ),
    Attack(
        "suppression_refusals",
        "refused never",
        insert("mail_suppression", SUPPRESSION, refusals="0"),
    ),
    Attack(
        "suppression_status",
        "what the server said",
        insert("mail_suppression", SUPPRESSION, status="'550 <bela@example.com>'"),
    ),
    Attack(
        "suppression_lifted_at_a_time",
        "lifted at no time",
        insert("mail_suppression", SUPPRESSION, lifted_by=":ama"),
    ),
    Attack(
        "suppression_of_a_person",
        "of nobody",
        insert("mail_suppression", SUPPRESSION, person_id="-1"),
    ),
    Attack(
        "suppression_lifted_by",
        "lifted by nobody",
        insert("mail_suppression", SUPPRESSION, lifted_by="-1", lifted_at="now()"),
    ),
    Attack("one_open_suppression", "of one address twice", REFUSED, first=REFUSED),
    Attack(
        "bounce_outcome",
        "an unknown outcome",
        insert("bounce", BOUNCE, outcome="'odd'", notice_id="NULL"),
    ),
    Attack("bounce_digest", "the message itself", insert("bounce", BOUNCE, digest="'From: x'")),
    Attack("bounce_status", "words", insert("bounce", BOUNCE, status="'bela is unknown'")),
    Attack(
        "bounce_believed_of_a_notice",
        "a wrong one that names a notice",
        insert("bounce", BOUNCE, outcome="'wrong'"),
    ),
    Attack("bounce_of_a_notice", "no such notice", insert("bounce", BOUNCE, notice_id="-1")),
    Attack(
        "same_bounce_once",
        "counted twice",
        insert("bounce", BOUNCE, outcome="'soft'"),
        first=RETURNED,
    ),
    Attack("mail_rest_is_one", "another mail server", insert("mail_rest", REST, is_one="false")),
    Attack("mail_rest_tries", "asked never", insert("mail_rest", REST, tries="0")),
    Attack("mail_rest_pkey", "away twice", AWAY, first=AWAY),
]
LEGAL = [
    legal(
        "again after it was lifted",
        REFUSED,
        first=insert("mail_suppression", SUPPRESSION, lifted_at="now()"),
    ),
    legal(
        "another address of theirs",
        insert("mail_suppression", SUPPRESSION, address_digest="sha256('other')"),
        first=REFUSED,
    ),
    legal(
        "late first, and then never",
        insert("bounce", BOUNCE, digest="sha256('y')"),
        first=insert("bounce", BOUNCE, outcome="'soft'", status="'4.4.1'"),
    ),
    legal(
        "again after it was told again",
        insert("bounce", BOUNCE, digest="sha256('y')"),
        first=RETURNED,
    ),
    legal("its notice erased", "DELETE FROM notice WHERE id = :notice", first=RETURNED),
    legal("not believed", insert("bounce", BOUNCE, outcome="'wrong'", notice_id="NULL")),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
