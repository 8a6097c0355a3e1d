"""A balance corrupted by hand is found, named, frozen and told, and repaired by a command."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner

from tests import builders
from tests.browsing import Browser
from tests.mails import mail
from timebank.cli import main
from timebank.domain import ledger
from timebank.domain.ledger import pots
from timebank.jobs import balances
from timebank.jobs import tools
from timebank.models import AccountKind
from timebank.models import NoticeKind

NIGHT = dt.datetime(2027, 5, 2, 1, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NIGHT, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def mine(settings):
    """The tools of the jobs, as a worker has them."""
    opened = tools.open_tools(settings)
    tools.bind(opened)
    yield opened
    opened.engine.dispose()
    tools._bound.clear()


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


@pytest.fixture
def cause(session, walk):
    made = pots.make_pot(
        session,
        community_id=walk.community.id,
        kind=AccountKind.CAUSE,
        name="Food bank",
        about="For those who sort and carry.",
    )
    session.commit()
    return made


@pytest.fixture
def types(settings):
    """Somebody at a terminal of the server."""

    def types(*arguments):
        given = {name.upper(): str(value) for name, value in dataclasses.asdict(settings).items()}
        return CliRunner().invoke(main, arguments, env=given | {"DEMO": "1"})

    return types


@pytest.fixture
def corrupt(owner, clock):
    """Do by hand what no rule allows; a minute later it is."""

    def corrupt(account, minutes):
        with owner.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            connection.execute(
                sa.text("UPDATE account SET balance = balance + :minutes WHERE id = :id"),
                {"minutes": minutes, "id": account.id},
            )
        clock.shift(dt.timedelta(minutes=1))

    return corrupt


def give(browser, cause, hours="1"):
    browser.open(f"/causes/{cause.id}")
    browser.press("Give them", **{"give-hours": hours})


@pytest.fixture(params=[balances.seal_books, balances.prove_books], ids=["minute", "night"])
def wrong(request, app, corrupt, cause, walk):
    """Bela's hour went to the food bank; then five minutes fell from the sky, and were found."""
    balances.prove_books()
    balances.seal_books()
    bela = Browser(app).sign_in(walk.bela)
    give(bela, cause)
    assert "Thank you! 1 hour given to Food bank." in bela.words
    dov = Browser(app)
    dov.open("/books")
    assert "All in order." in dov.words
    corrupt(cause, 5)
    request.param()
    return cause


def test_everybody_reads_that_something_differs_and_nobody_whose(app, session, walk, wrong):
    assert mail(session, NoticeKind.BOOKS_WRONG, walk.ama).subject == "The books need a look"
    dov = Browser(app)
    dov.open("/books")
    assert "Something doesn’t add up. Found on Sun 2 May, 2:31am." in dov.words
    assert "its balance says 5 minutes more than its entries." in dov.words
    assert "1 balance differs from the sum of its entries." in dov.words
    assert "Food bank" not in dov.words
    assert "Whose they are" not in dov.words


def test_the_coordinator_reads_whose_what_came_since_and_what_to_do(app, walk, wrong):
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/books")
    ama.follow("Whose they are, and what to do")
    assert "Food bank Read-only" in ama.words
    assert "the balance said 65 minutes, its entries come to 60" in ama.words
    assert f"timebank repair-balance --account {wrong.id}" in ama.page
    assert "A gift" in ama.words
    ama.follow(f"Account {wrong.id}")
    assert ama.statuses == [200]


def test_gifts_to_it_are_refused_kindly(app, walk, wrong):
    bela = Browser(app).sign_in(walk.bela)
    give(bela, wrong)
    assert bela.statuses == [409]
    assert "The coordinators are looking into that time account. Try again tomorrow." in bela.words


def test_the_command_repairs_it_and_the_books_are_in_order_again(app, walk, wrong, types):
    done = types(
        "repair-balance", "--account", str(wrong.id), "--reason", "A slip at the console",
        "--by", "Ama Owusu",
    )  # fmt: skip
    assert done.output.splitlines() == [
        f"Account {wrong.id} said 65 minutes; it has 60 now.",
        "The books are right.",
    ]
    dov, ama, bela = Browser(app), Browser(app).sign_in(walk.ama), Browser(app).sign_in(walk.bela)
    dov.open("/books")
    assert "All in order." in dov.words
    assert "A slip at the console The balance moved by 5 minutes" in dov.words
    assert "Owusu" not in dov.words
    ama.open("/books/differences")
    assert "None does." in ama.words
    assert "A slip at the console Ama Owusu" in ama.words
    balances.seal_books()
    give(bela, wrong)
    assert "Thank you! 1 hour given to Food bank." in bela.words


def test_the_next_proofs_have_nothing_to_say_after_the_repair(session, walk, wrong, types):
    types("repair-balance", "--account", str(wrong.id), "--reason", "A slip", "--by", "Ama")
    for proof in (balances.seal_books, balances.seal_books, balances.prove_books):
        proof()
        assert ledger.latest_proofs(session, community_id=walk.community.id)[0].proved
        session.rollback()
    assert ledger.open_differences(session, community_id=walk.community.id) == []
