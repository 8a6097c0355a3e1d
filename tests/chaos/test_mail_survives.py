"""The short form of the chaos, and the control that shows that it would notice a double."""

from __future__ import annotations

from tests.chaos.doors import CARELESS
from tests.chaos.running import Plan
from tests.chaos.running import run
from tests.chaos.running import table

UNCERTAIN_FOR_SO_MANY_FAULTS = 3

SHORT = Plan(mails=100, faults=20, seed=6, stuck_seconds=1.0, longest_seconds=40)
CONTROL = Plan(
    mails=30,
    faults=2,
    seed=6,
    kinds=("job killed", "SMTP cut after DATA"),
    how=CARELESS,
    with_web=False,
    stuck_seconds=1.0,
    longest_seconds=8,
)


def test_no_mail_is_lost_and_none_arrives_twice_whatever_breaks() -> None:
    outcome = run(SHORT)
    said = table(outcome)
    assert outcome.doubled == [], said
    assert outcome.lost == [], said
    assert outcome.open == 0, said
    assert outcome.uncertain * UNCERTAIN_FOR_SO_MANY_FAULTS <= SHORT.faults, said
    assert outcome.mails >= SHORT.mails, said


def test_without_lease_and_fence_mails_arrive_twice() -> None:
    outcome = run(CONTROL)
    assert outcome.doubled, table(outcome)
