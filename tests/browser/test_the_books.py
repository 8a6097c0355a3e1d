"""The books in order, then with a balance that differs, then repaired."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from timebank.core import clock
from timebank.domain import ledger
from timebank.domain.ledger import pots
from timebank.jobs import balances
from timebank.models import Account
from timebank.models import AccountKind

pytestmark = pytest.mark.browser
STORY = "books"


@pytest.fixture
def walk(session, post: Post):
    return days.a_walk(session)


@pytest.fixture
def cause(session: Session, walk) -> Account:
    """A food bank that Bela has given an hour to, in books that are sealed."""
    cause = pots.make_pot(
        session,
        community_id=walk.community.id,
        kind=AccountKind.CAUSE,
        name="Food bank",
        about="For those who sort and carry.",
    )
    session.commit()
    for _ in range(2):
        balances.seal_books()
    now = clock.now()
    for minutes in (45, 15):
        ledger.give(
            session,
            giver=walk.bela,
            to_account_id=cause.id,
            minutes=minutes,
            key=uuid.uuid4(),
            memo=None,
            today=now.date(),
            now=now,
        )
    session.commit()
    return cause


def corrupt(owner: sa.Engine, account: Account) -> None:
    with owner.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            sa.text("UPDATE account SET balance = 125 WHERE id = :id"), {"id": account.id}
        )


def test_books_that_differ_are_told_and_repaired(
    owner: sa.Engine, open_screen: OpenScreen, cause: Account, walk, look: Look
) -> None:
    balances.prove_books()
    dov = open_screen(STORY, look)
    dov.open("/books")
    dov.reads("All in order.", "The newest entries", "The seal", "No earlier entry was changed")
    dov.see("in-order")

    corrupt(owner, cause)
    balances.prove_books()
    dov.open("/books")
    dov.reads("Something doesn’t add up.", "its balance says 65 minutes more than its entries.")
    dov.reads_nothing_of("Food bank")
    dov.see("wrong")
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/books")
    ama.follow("Whose they are, and what to do")
    ama.reads("Food bank", "whoever runs the server types this", "Entries since both last agreed")
    ama.see("differences")
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open(f"/causes/{cause.id}")
    bela.type("How much?", "1")
    bela.press("Give them")
    bela.reads("The coordinators are looking into that time account.")
    bela.see("not-just-now")

    repair(owner, cause)
    ama.open("/books/differences")
    ama.reads("None does.", "A slip at the console")
    ama.see("no-differences")
    dov.open("/books")
    dov.reads("All in order.", "Put right by a person", "A slip at the console")
    dov.see("repaired")


def repair(owner: sa.Engine, account: Account) -> None:
    with Session(owner) as operator, operator.begin():
        ledger.repair_balance(
            operator,
            account_id=account.id,
            reason="A slip at the console",
            by="Ama Owusu",
            now=clock.now(),
        )
        ledger.reconcile(operator, now=clock.now())
