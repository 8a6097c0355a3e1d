"""Banks made up by chance, taken along and brought in: every sum and every statement is the same.

Whatever people wrote to each other comes along to the letter: quotes, line ends, formulas, emoji.
"""

from __future__ import annotations

import datetime as dt
import itertools
import tempfile
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests import builders
from tests.domain.test_exporting import TOOL
from tests.domain.test_exporting import brought
from tests.domain.test_exporting import erase
from tests.domain.test_exporting import exported
from tests.domain.test_exporting import statements
from timebank.core.errors import TimebankError
from timebank.domain import communities
from timebank.domain import ledger
from timebank.models import BatchKind
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 10, 12, 30, tzinfo=dt.UTC)
NAMES = ("Bela Novak", "Sam Tran", "Cy Okoro", "Di Marsh")
WHO = st.integers(0, len(NAMES) - 1)
MINUTES = st.integers(1, 600)
DAYS = st.dates(dt.date(2027, 1, 1), dt.date(2027, 5, 10))
AWKWARD = ("=1+1", "+44 20", "-1", "@x", "\t=1", "'", '"', "a,b\r\nc", "\u2028", "\uff1d1", "½ 🧺")
WORDS = (
    st.none()
    | st.sampled_from(AWKWARD)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), WHO, MINUTES, DAYS, WORDS),
        st.tuples(st.just("give"), WHO, WHO, MINUTES, DAYS, WORDS),
        st.tuples(st.just("share"), WHO, st.lists(WHO, min_size=1, max_size=3), MINUTES, WORDS),
        st.tuples(st.just("take_back"), st.integers(0, 50), WORDS),
        st.tuples(st.just("correct"), st.integers(0, 50), MINUTES),
        st.tuples(st.just("limits"), WHO, st.integers(-900, 0)),
        st.tuples(st.just("erase"), WHO),
    ),
    min_size=1,
    max_size=25,
)
numbers = itertools.count(1)


class Bank:
    """A community of its own for each example; a step that the rules refuse changes nothing."""

    def __init__(self, session: Session) -> None:
        self.session = session
        number = next(numbers)
        self.here = builders.a_community(session, f"here{number}", host=f"here{number}.example")
        self.slug_there = f"there{number}"
        self.ama = communities.create_coordinator(
            session, community=self.here, email="ama@example.com", full_name="Ama Owusu"
        )
        self.members = [builders.a_member(session, self.here, name) for name in NAMES]
        self.accounts = [builders.account_of(session, member).id for member in self.members]

    def do(self, name, *values):
        try:
            with self.session.begin_nested():
                getattr(self, name)(*values)
        except TimebankError:
            pass

    def open(self, who, minutes, day, words):
        opening = ledger.opening_account(self.session, community_id=self.here.id).id
        self.move(TransferKind.OPENING, opening, self.accounts[who], minutes, day, words)

    def give(self, who, to, minutes, day, words):
        self.move(TransferKind.GIFT, self.accounts[who], self.accounts[to], minutes, day, words)

    def move(self, kind, debit, credit, minutes, day, words):  # noqa: PLR0917 - a step's values
        ledger.record(
            self.session,
            key=uuid.uuid4(),
            community_id=self.here.id,
            debit_id=debit,
            credit_id=credit,
            minutes=minutes,
            kind=kind,
            happened_on=day,
            created_by=self.ama.id,
            now=NOW,
            memo=words,
        )

    def share(self, who, others, minutes, words):
        ledger.post_batch(
            self.session,
            key=uuid.uuid4(),
            community_id=self.here.id,
            kind=BatchKind.WORKING_BEE,
            title="Hedges",
            happened_on=NOW.date(),
            legs=[
                ledger.Leg(
                    debit_id=self.accounts[who],
                    credit_id=self.accounts[other],
                    minutes=minutes,
                    memo=words,
                )
                for other in others
            ],
            by=self.ama.id,
            now=NOW,
        )

    def entry(self, index):
        mine = sa.select(Transfer).where(Transfer.community_id == self.here.id)
        entries = self.session.scalars(mine.order_by(Transfer.id)).all()
        if not entries:
            raise TimebankError
        return entries[index % len(entries)]

    def take_back(self, index, words):
        entry = self.entry(index)
        if entry.kind is not TransferKind.REVERSAL:
            ledger.reverse(
                self.session, transfer=entry, by=self.ama.id, key=uuid.uuid4(), now=NOW, memo=words
            )

    def correct(self, index, minutes):
        ledger.correct(
            self.session,
            transfer=self.entry(index),
            minutes=minutes,
            by=self.ama.id,
            key=uuid.uuid4(),
            memo="Misread",
            now=NOW,
        )

    def limits(self, who, floor):
        account = builders.account_of(self.session, self.members[who])
        limits = ledger.Limits(floor=floor, soft_floor=floor // 2, ceiling=5000)
        ledger.set_limits(
            self.session, account=account, limits=limits, reason="x", by=self.ama.id, now=NOW
        )

    def erase(self, who):
        erase(self.session, self.members[who])


def faults(path, head):
    """What the second opinion finds wrong."""
    return TOOL["verify"](path, head)[2].faults


def sorted_statements(session, community_id):
    return sorted(map(repr, statements(session, community_id)))


@pytest.mark.timeout(600)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_any_bank_proves_its_sums_again_elsewhere(session, engine, owner, steps):
    bank = Bank(session)
    for step in steps:
        bank.do(*step)
    session.commit()
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "bank.zip", Path(folder) / "again.zip"
        done = exported(engine, bank.here.id, first)
        assert faults(first, done.head) == {}
        there = builders.a_community(session, bank.slug_there, host=f"{bank.slug_there}.example")
        session.commit()
        assert brought(owner, first, there.id).entries == done.entries
        assert sorted_statements(session, there.id) == sorted_statements(session, bank.here.id)
        session.commit()
        assert faults(second, exported(engine, there.id, second).head) == {}
