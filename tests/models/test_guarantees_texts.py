"""Text messages: numbers that are somebody's, codes that end, and a month's limit that holds."""

from __future__ import annotations

import pytest

from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal

NUMBER = {
    "membership_id": ":bela",
    "community_id": ":bexley",
    "number": "'+447400123456'",
    "proven_at": "now()",
}
CODE = {
    "membership_id": ":bela",
    "community_id": ":bexley",
    "number": "'+447400123456'",
    "expires_at": "now() + interval '10 minutes'",
}
MONTH = {"month": "date '2027-05-01'", "most_pence": "100", "spent_pence": "40"}
A_MONTH = insert("text_month", MONTH)
TEXT = {"month": "date '2027-05-01'", "parts": "1", "pence": "4.5"}
AGREED = {"proven_at": "NULL", "agreed_with": ":ama", "agreed_at": "now()"}

ATTACKS = [
    Attack("text_number_pkey", "two numbers", insert("text_number", NUMBER),
           insert("text_number", NUMBER)),
    *(
        Attack("text_number_e164", what, insert("text_number", NUMBER, number=number))
        for what, number in {
            "as people write it": "'07400 123456'",
            "no country": "'+0740012345'",
            "too short": "'+44740'",
            "too long": "'+4474001234567890'",
            "two lines": r"E'+447400123456\n1'",
        }.items()
    ),
    Attack("text_number_is_theirs", "neither proven nor agreed",
           insert("text_number", NUMBER, proven_at="NULL")),
    Attack("text_number_is_theirs", "agreed with nobody",
           insert("text_number", NUMBER, **{**AGREED, "agreed_with": "NULL"})),
    Attack("text_number_of_a_member", "of a member elsewhere",
           insert("text_number", NUMBER, community_id=":ashford")),
    Attack("texts_agreed_with_a_member", "agreed with a stranger",
           insert("text_number", NUMBER, **{**AGREED, "agreed_with": ":chi"})),
    Attack("text_code_e164", "a code to a name", insert("text_code", CODE, number="'Bela'")),
    Attack("text_code_wrong_codes", "a sixth try", insert("text_code", CODE, wrong_codes="6")),
    Attack("text_code_of_a_member", "a code for a member elsewhere",
           insert("text_code", CODE, community_id=":ashford")),
    Attack("text_month_pkey", "the same month twice", A_MONTH, A_MONTH),
    Attack("text_month_first", "a month that begins later",
           insert("text_month", MONTH, month="date '2027-05-02'")),
    Attack("text_month_within_limit", "more than the limit",
           insert("text_month", MONTH, spent_pence="100.001")),
    Attack("text_month_within_limit", "the last penny, and one more",
           "UPDATE text_month SET spent_pence = spent_pence + 60.001", A_MONTH),
    Attack("text_month_within_limit", "given back more than was spent",
           "UPDATE text_month SET spent_pence = -1", A_MONTH),
    Attack("text_month_within_limit", "a limit below what is spent",
           "UPDATE text_month SET most_pence = 39", A_MONTH),
    Attack("text_sent_price", "three parts", insert("text_sent", TEXT, parts="3"), A_MONTH),
    Attack("text_sent_price", "for nothing", insert("text_sent", TEXT, pence="0"), A_MONTH),
    Attack("text_of_a_month", "in no month", insert("text_sent", TEXT)),
    Attack("text_of_a_notice", "of no notice", insert("text_sent", TEXT, notice_id="-1"), A_MONTH),
]  # fmt: skip

LEGAL = [
    legal("a number that was proven", insert("text_number", NUMBER)),
    legal("a number agreed by word", insert("text_number", NUMBER, **AGREED)),
    legal("a fifth wrong code", insert("text_code", CODE, wrong_codes="5")),
    legal("the last penny", "UPDATE text_month SET spent_pence = most_pence", A_MONTH),
    legal("a text", insert("text_sent", TEXT), A_MONTH),
]


@pytest.mark.parametrize("attack", [*ATTACKS, *LEGAL], ids=str)
def test_the_database_answers(town, attack):
    assert town.answer(attack) == attack.rule
