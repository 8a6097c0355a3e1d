"""Runs of jobs, operators, and what they decided about messages."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from timebank.core.works import QueueName
from timebank.models import RunOutcome

RUN = {
    "function": "'claims.lapse_holds'",
    "queue": "'urgent'",
    "lasts_until": "now() + interval '3 minutes'",
}
ENDED = {**RUN, "ended_at": "now()", "outcome": "'done'"}
BROKEN = {**ENDED, "outcome": "'failed'", "error": "'ValueError'"}
OPERATOR = {"person_id": ":ama_person"}
DECISION = {
    "notice_id": ":notice",
    "decision": "'send_again'",
    "was": "'uncertain'",
    "decided_by": ":ama_person",
}
DECIDED = insert("notice_decision", DECISION)

ATTACKS = [
    Attack("job_run_queue", "an unknown queue", insert("job_run", RUN, queue="'post'")),
    Attack("job_run_outcome", "an unknown outcome", insert("job_run", ENDED, outcome="'lost'")),
    Attack("job_run_function", "somebody's name", insert("job_run", RUN, function="'Bela Novak'")),
    Attack("job_run_ends_somehow", "ended nohow", insert("job_run", RUN, ended_at="now()")),
    Attack("job_run_ends_somehow", "done at no time", insert("job_run", RUN, outcome="'done'")),
    Attack(
        "job_run_ends_afterwards",
        "ended before it began",
        insert("job_run", ENDED, ended_at="now() - interval '1 second'"),
    ),
    Attack(
        "job_run_ends_afterwards",
        "dead before it began",
        insert("job_run", RUN, lasts_until="now() - interval '1 second'"),
    ),
    Attack("job_run_says_what_broke", "broke on nothing", insert("job_run", BROKEN, error="NULL")),
    Attack(
        "job_run_says_what_broke", "done, with a fault", insert("job_run", ENDED, error="'oh'")
    ),
    Attack(
        "job_run_error",
        "a fault of two lines",
        insert("job_run", BROKEN, error="E'ValueError\\nbela@example.com'"),
    ),
    Attack("job_run_error", "a long fault", insert("job_run", BROKEN, error="repeat('x', 201)")),
    Attack("job_run_handled", "less than nothing", insert("job_run", ENDED, handled="-1")),
    Attack("operator_person_id_fkey", "nobody", insert("operator", OPERATOR, person_id="-1")),
    Attack(
        "operator_pkey",
        "named twice",
        insert("operator", OPERATOR),
        first=insert("operator", OPERATOR),
    ),
    Attack(
        "notice_decision_kind",
        "an unknown decision",
        insert("notice_decision", DECISION, decision="'burn'"),
    ),
    Attack(
        "only_uncertain_is_sent_again",
        "sent again though it arrived",
        insert("notice_decision", DECISION, was="'sent'"),
    ),
    Attack(
        "only_uncertain_is_sent_again",
        "sent again though it was refused",
        insert("notice_decision", DECISION, was="'failed'"),
    ),
    Attack(
        "notice_decision_notice_id_fkey",
        "about no message",
        insert("notice_decision", DECISION, notice_id="-1"),
    ),
    Attack(
        "notice_decision_decided_by_fkey",
        "by nobody",
        insert("notice_decision", DECISION, decided_by="-1"),
    ),
    Attack(
        "notice_decision_stays",
        "somebody else decided",
        "UPDATE notice_decision SET decided_by = :bela_person",
        first=DECIDED,
    ),
]
LEGAL = [
    legal("a run that goes on", insert("job_run", RUN)),
    *[legal(one, insert("job_run", RUN, queue=f"'{one}'")) for one in QueueName],
    *[
        legal(
            one,
            insert("job_run", BROKEN if one in {"failed", "died"} else ENDED, outcome=f"'{one}'"),
        )
        for one in RunOutcome
    ],
    legal(
        "a refused one put away",
        insert("notice_decision", DECISION, was="'failed'", decision="'put_away'"),
    ),
    legal("sent again twice", DECIDED, first=DECIDED),
    legal(
        "an operator erased",
        "DELETE FROM profile WHERE person_id = :ama_person",
        first=insert("operator", OPERATOR),
    ),
    legal("a decided message forgotten", "DELETE FROM notice WHERE id = :notice", first=DECIDED),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
