"""Told on paper or on the telephone: never handed to a mail server, and always by somebody."""

from __future__ import annotations

import pytest

from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from tests.models.test_guarantees_notices import OF_NO_CLAIM

ON_PAPER = {**OF_NO_CLAIM, "state": "'on_paper'", "way": "'letter'"}
RUNG = {
    **OF_NO_CLAIM,
    "state": "'sent'",
    "way": "'voice'",
    "told_by": ":ama",
    "sent_at": "now()",
}

ATTACKS = [
    Attack("notice_way", "by pigeon", update("notice", "way = 'pigeon'", "notice")),
    Attack(
        "told_on_paper", "waits for a letter, by mail", insert("notice", ON_PAPER, way="'mail'")
    ),
    Attack(
        "told_on_paper", "waits for a letter, by no way", insert("notice", ON_PAPER, way="NULL")
    ),
    Attack(
        "told_on_paper",
        "a letter that a worker holds",
        insert(
            "notice",
            ON_PAPER,
            state="'leased'",
            lease_token="gen_random_uuid()",
            lease_until="now()",
        ),
    ),
    Attack(
        "told_on_paper", "a letter to be mailed", insert("notice", ON_PAPER, state="'pending'")
    ),
    Attack("told_by_voice", "rung by nobody", insert("notice", RUNG, told_by="NULL")),
    Attack("told_by_voice", "to be rung by voice", insert("notice", RUNG, state="'on_paper'")),
    Attack("told_by_voice", "mailed by somebody", insert("notice", RUNG, way="NULL")),
    Attack("told_by_a_member", "rung by a stranger", insert("notice", RUNG, told_by=":chi")),
]

LEGAL = [
    legal("waits for a letter", insert("notice", ON_PAPER)),
    legal("printed", insert("notice", ON_PAPER, state="'sent'", sent_at="now()")),
    legal("too late for a letter", insert("notice", ON_PAPER, state="'expired'")),
    legal("rung", insert("notice", RUNG)),
]


@pytest.mark.parametrize("attack", [*ATTACKS, *LEGAL], ids=str)
def test_the_database_answers(town, attack):
    assert town.answer(attack) == attack.rule
