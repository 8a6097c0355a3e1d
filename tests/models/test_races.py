"""Two at the same thing: the second starts before the first has committed, and is refused.

Then without the lock that holds the second back: it must slip through, or the test sees nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Town
from tests.attacks import answer_of
from tests.attacks import insert
from tests.attacks import of_slot
from tests.attacks import update
from tests.models.test_guarantees_claims import CLAIM
from tests.models.test_guarantees_claims import HALF_AN_HOUR
from tests.models.test_guarantees_transfers import EARN
from tests.models.test_guarantees_transfers import EVERYTHING
from tests.models.test_guarantees_transfers import GIFT

CANCEL = "state = 'cancelled', reason = 'Flood', sequence = sequence + 1"
ATTEND = "state = 'attended'"
FRESH = insert("claim", {**CLAIM, **of_slot("next_marshal")})

# `first` is written and not yet committed when `sql` comes along.
RACES = [
    Attack(
        "attended_slot_is_fixed",
        "a job is moved while its turn is ticked",
        first=update("claim", ATTEND, "turn"),
        sql=update("slot", "ends_at = ends_at - interval '1 minute'", "marshal"),
    ),
    Attack(
        "place_within_places",
        "places are taken away while the last is claimed",
        first=FRESH,
        sql=update("slot", "places = 1", "next_marshal"),
    ),
    Attack(
        "claim_follows_slot",
        "a place is claimed while places are taken away",
        first=update("slot", "places = 1", "next_marshal"),
        sql=FRESH,
    ),
    Attack(
        "claim_follows_slot",
        "a place is claimed while the job is moved",
        first=update("slot", HALF_AN_HOUR, "next_marshal"),
        sql=FRESH,
    ),
    Attack(
        "claim_at_a_planned_event",
        "a place is claimed while the date is cancelled",
        first=update("event", CANCEL, "next_walk"),
        sql=FRESH,
    ),
    Attack(
        "credited_claim_stays_attended",
        "a turn is marked missed while its hours are credited",
        first=insert("transfer", EARN),
        sql=update("claim", "state = 'missed'", "unpaid"),
    ),
    Attack(
        "earn_needs_attended_claim",
        "hours are credited while the turn is marked missed",
        first=update("claim", "state = 'missed'", "unpaid"),
        sql=insert("transfer", EARN),
    ),
    Attack(
        "one_earn_per_claim",
        "hours are credited twice",
        first=insert("transfer", EARN),
        sql=insert("transfer", EARN),
    ),
    Attack(
        "balance_floor",
        "everything is given away twice",
        first=insert("transfer", GIFT, minutes=EVERYTHING),
        sql=insert("transfer", GIFT, minutes=EVERYTHING, credit_id=":ama_account"),
    ),
    Attack(
        "floor_not_above_balance",
        "a floor rises while the account is emptied",
        first=insert("transfer", GIFT, minutes=EVERYTHING),
        sql=update("account", "floor = 0", "bela_account"),
    ),
]


@dataclass(frozen=True)
class Lock:
    """The words of a function that hold a rival back, and the race that needs them."""

    function: str
    words: str
    rule: str


LOCKS = [
    Lock("transfer_check", "FOR SHARE OF c", "credited_claim_stays_attended"),
    Lock("claim_rules", "FOR NO KEY UPDATE OF e", "claim_at_a_planned_event"),
]


def race(town: Town, attack: Attack) -> str:
    """Run both, the second into the unfinished first -> what the second was answered."""
    answers = []

    def second():
        try:
            with town.engine.begin() as connection:
                town.run(connection, attack.sql)
            answers.append(ALLOWED)
        except sa.exc.DBAPIError as error:
            answers.append(answer_of(error))

    rival = threading.Thread(target=second)
    with town.engine.begin() as connection:
        town.run(connection, attack.first)
        rival.start()
        while rival.is_alive() and not _somebody_waits(town):
            time.sleep(0.01)
    rival.join()
    return answers[0]


def _somebody_waits(town: Town) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with town.engine.connect() as connection:
        return connection.exec_driver_sql(waiting).scalar() > 0


@pytest.mark.parametrize("attack", RACES, ids=str)
def test_the_second_is_refused(open_town, attack):
    assert race(open_town, attack) == attack.rule


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.function)
def test_without_the_lock_the_second_slips_through(open_town, lock):
    [attack] = [attack for attack in RACES if attack.rule == lock.rule]
    with open_town.engine.begin() as connection:
        source = connection.exec_driver_sql(
            f"SELECT pg_get_functiondef('{lock.function}'::regproc)"
        ).scalar()
        assert lock.words in source
        connection.exec_driver_sql(source.replace(lock.words, "").replace("%", "%%"))
    assert race(open_town, attack) == ALLOWED
