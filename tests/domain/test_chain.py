from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

from timebank.domain.ledger import chain
from timebank.models import TransferKind

LONDON_IN_SUMMER = dt.timezone(dt.timedelta(hours=1))


@dataclasses.dataclass
class Figures:
    id: int = 7
    happened_on: dt.date = dt.date(2027, 5, 1)
    created_at: dt.datetime = dt.datetime(2027, 5, 1, 10, 0, 0, 5, dt.UTC)
    kind: TransferKind = TransferKind.EARN
    debit_id: int = 1
    credit_id: int = 3
    minutes: int = 90
    claim_id: int | None = 12
    exchange_id: int | None = None
    revision: int | None = 0
    reverses_id: int | None = None
    batch_id: int | None = None
    created_by: int = 2


def test_a_line_holds_the_figures_in_their_order_with_nothing_where_there_is_none():
    assert chain.line(Figures()) == (
        "7\t2027-05-01\t2027-05-01T10:00:00.000005+00:00\tearn\t1\t3\t90\t12\t\t0\t\t\t2"
    )


def test_a_moment_reads_the_same_in_every_time_zone_and_always_with_six_digits():
    summer = dt.datetime(2027, 5, 1, 11, tzinfo=LONDON_IN_SUMMER)
    assert chain.written(summer) == "2027-05-01T10:00:00.000000+00:00"


def test_the_head_is_the_sha256_of_the_head_before_and_the_line():
    first, second = Figures(), Figures(id=8)
    one = hashlib.sha256(("0" * 64 + "\n" + chain.line(first)).encode()).hexdigest()
    two = hashlib.sha256((one + "\n" + chain.line(second)).encode()).hexdigest()
    assert chain.head_of([]) == "0" * 64
    assert chain.head_of([first]) == one
    assert chain.head_of([first, second]) == two
    assert chain.head_of(iter([second]), head=one) == two


def test_every_figure_counts():
    before = chain.head_of([Figures()])
    changed = {
        "id": 8,
        "happened_on": dt.date(2027, 5, 2),
        "created_at": dt.datetime(2027, 5, 1, 10, 0, 0, 6, dt.UTC),
        "kind": TransferKind.ADJUST,
        "debit_id": 2,
        "credit_id": 4,
        "minutes": 91,
        "claim_id": 13,
        "exchange_id": 12,
        "revision": 1,
        "reverses_id": 1,
        "batch_id": 1,
        "created_by": 3,
    }
    assert set(changed) == set(chain.FIELDS)
    heads = {chain.head_of([Figures(**{name: value})]) for name, value in changed.items()}
    assert len(heads | {before}) == len(chain.FIELDS) + 1
