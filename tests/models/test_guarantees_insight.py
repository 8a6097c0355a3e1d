"""What was published stays as it was told."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal

MONTH = {
    "community_id": ":bexley",
    "month": "date '2027-03-01'",
    "figures": "'{}'",
    "published_by": ":ama",
}
PUBLISHED = insert("published_month", MONTH)

ATTACKS = [
    Attack(
        "month_by_its_first_day",
        "a month by its second day",
        insert("published_month", MONTH, month="date '2027-03-02'"),
    ),
    Attack("published_month_pkey", "published twice", PUBLISHED, first=PUBLISHED),
    Attack(
        "month_published_by_a_member",
        "published by a stranger",
        insert("published_month", MONTH, published_by=":chi"),
    ),
    Attack(
        "published_month_stays",
        "put right afterwards",
        "UPDATE published_month SET figures = '{}'",
        first=PUBLISHED,
    ),
    Attack("published_month_stays", "forgotten", "DELETE FROM published_month", first=PUBLISHED),
]
LEGAL = [legal("a month published", PUBLISHED)]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
