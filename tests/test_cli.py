from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from click.testing import Result
from sqlalchemy.orm import Session

from tests import builders
from tests.answers import answer
from tests.bounces import report
from timebank.cli import main
from timebank.core.settings import Settings
from timebank.models import Community
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Standing


class Operator:
    """Somebody at a terminal, with the settings of this test in the environment."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def types(self, *arguments: str, typed: bytes | None = None, **changes: str) -> Result:
        given = {
            name.upper(): str(int(value) if isinstance(value, bool) else value)
            for name, value in dataclasses.asdict(self.settings).items()
        }
        environ = given | {"DEMO": "1"} | changes
        return CliRunner().invoke(main, arguments, input=typed, env=environ)


@pytest.fixture
def operator(settings: Settings) -> Operator:
    return Operator(settings)


def test_founding_a_community_and_its_coordinator(operator: Operator, session: Session):
    founded = operator.types(
        "create-community",
        "Bexley",
        "--phone",
        "020 8000 0000",
        "--slug",
        "bexley",
        "--place",
        "London Borough of Bexley",
    )
    assert (founded.exit_code, founded.output.count("\n")) == (0, 1)
    made = operator.types("create-coordinator", "bexley", "Ama@bexley.example", "Ama Mensah")
    assert made.exit_code == 0, made.output

    assert session.scalars(sa.select(Community.name)).all() == ["Bexley"]
    assert session.scalars(sa.select(Membership.standing)).all() == [Standing.COORDINATOR]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            (
                "create-community",
                "B",
                "--phone",
                "020 8000 0000",
                "--slug",
                "Bex ley",
                "--place",
                "x",
            ),
            "A slug holds",
        ),
        (
            (
                "create-community",
                "B",
                "--phone",
                "020 8000 0000",
                "--slug",
                "b",
                "--place",
                "x",
                "--host",
                "a b",
            ),
            "A host is",
        ),
        (
            ("create-community", "", "--phone", "020 8000 0000", "--slug", "b", "--place", "x"),
            "NAME must be",
        ),
        (
            ("create-community", "B", "--phone", "020 8000 0000", "--slug", "b", "--place", "x\0"),
            "--place must be",
        ),
        (("create-coordinator", "nowhere", "ama@bexley.example", "Ama"), "There is no community"),
        (("create-coordinator", "b", "ama@x, bela@y", "Ama"), "is not an e-mail address"),
    ],
)
def test_a_wrong_argument_is_one_sentence(
    operator: Operator, arguments: tuple[str, ...], sentence: str
):
    result = operator.types(*arguments)

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert sentence in result.output


def test_founding_a_second_time_says_that_the_slug_is_taken(operator: Operator):
    found = (
        "create-community",
        "Bexley",
        "--phone",
        "020 8000 0000",
        "--slug",
        "bexley",
        "--place",
        "Bexley",
    )
    operator.types(*found)
    again = operator.types(*found)

    assert (again.exit_code, again.output.count("\n")) == (1, 1)
    assert "taken" in again.output


def test_books_that_hold_are_right(operator: Operator):
    operator.types(
        "create-community",
        "Bexley",
        "--phone",
        "020 8000 0000",
        "--slug",
        "bexley",
        "--place",
        "Bexley",
    )
    result = operator.types("reconcile")

    assert (result.exit_code, result.output) == (0, "The books are right.\n")


def test_whom_an_older_backup_still_knows_is_erased_again(operator: Operator, session: Session):
    walk = builders.a_walk(session)
    number = walk.bela.person_id
    for _ in range(2):
        again = operator.types("erase-again", str(number), "999999")
        assert (again.exit_code, again.output) == (
            0,
            f"{number}: erased\n999999: not in this backup\n",
        )
    session.expire_all()
    assert session.get(Profile, number) is None
    assert walk.bela.standing is Standing.LEFT


def test_migrating_twice_changes_nothing(operator: Operator):
    results = [operator.types("migrate") for _ in range(2)]

    assert {(result.exit_code, result.output) for result in results} == {
        (0, "The database is up to date.\n")
    }


def test_the_demo_is_refused_where_others_can_reach_it(operator: Operator):
    result = operator.types("demo", PUBLIC_URL="https://bexley.example")

    assert (result.exit_code, result.output.count("\n")) == (1, 1)


def test_a_missing_setting_is_one_sentence(operator: Operator):
    result = operator.types("migrate", DATABASE_URL="")

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith("DATABASE_URL is not set")


def test_a_database_that_is_away_is_one_sentence(operator: Operator):
    result = operator.types("reconcile", DATABASE_URL="postgresql://127.0.0.1:1/bank")

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith("The database does not answer")


def test_doctor_names_each_part_and_fails_when_one_is_ill(operator: Operator):
    result = operator.types("doctor", SMTP_URL="smtp://127.0.0.1:1")
    lines = dict(line.split(maxsplit=1) for line in result.output.splitlines())

    assert result.exit_code == 1
    workers = [f"worker-{one}" for one in ("urgent", "mail", "books", "calendars")]
    asked = ["settings", "database", "migrations", "queue", *workers, "scheduler", "mail"]
    assert list(lines) == [*asked, "messages", "jobs", "waiting", "books"]
    assert lines["database"] == "ok"
    assert lines["mail"].endswith("Check SMTP_URL.")


def test_a_group_and_its_organiser_are_founded_from_the_terminal(operator):
    operator.types(
        "create-community", "Bexley", "--phone", "020 8000 0000", "--slug", "bexley",
        "--place", "Bexley",
    )  # fmt: skip
    group = (
        "create-group",
        "bexley",
        "strollers",
        "Danson Strollers",
        "nadia@example.com",
        "Nadia",
    )
    assert "Nadia runs Danson Strollers" in operator.types(*group).output
    assert operator.types(*group).exit_code == 1


def test_the_books_are_proved_from_the_terminal(operator, session, owner):
    walk = builders.a_walk(session)
    assert (operator.types("reconcile").exit_code, operator.types("reconcile").output) == (
        0,
        "The books are right.\n",
    )
    account = builders.account_of(session, walk.bela).id
    session.rollback()
    with owner.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("UPDATE account SET balance = 5 WHERE id = :i"), {"i": account})
    wrong = operator.types("reconcile")
    assert wrong.exit_code == 1
    assert wrong.output.splitlines() == [
        f"Account {account} is read-only: it said 5 minutes, its entries come to 0.",
        "The books are wrong: see /books.",
    ]
    repair = ("repair-balance", "--account", str(account), "--by", "Ama")
    done = operator.types(*repair, "--reason", "A slip")
    assert (done.exit_code, done.output.splitlines()) == (
        0,
        [f"Account {account} said 5 minutes; it has 0 now.", "The books are right."],
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("1", "A slip", "Ama"), "no repair"),
        (("99", "A slip", "Ama"), "find that"),
        (("0", "A slip", "Ama"), "--account is the number"),
        ((str(2**63), "A slip", "Ama"), "--account is the number"),
        (("1", " ", "Ama"), "--reason must be"),
        (("1", "x" * 201, "Ama"), "--reason must be"),
        (("1", "A slip", "A\x07"), "--by must be"),
    ],
)
def test_a_repair_that_cannot_be_is_one_sentence(operator, session, typed, sentence):
    builders.a_walk(session)
    account, reason, by = typed
    result = operator.types("repair-balance", "--account", account, "--reason", reason, "--by", by)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert sentence in result.output


class TestBounces:
    def test_are_taken_and_counted_whatever_they_hold(
        self, operator: Operator, session: Session
    ) -> None:
        given = {"BOUNCE_ADDRESS": "back@bexley.example"}
        for raw in (b"", b"\xff\x00" * 9, report("back@bexley.example", "bela@example.com")):
            done = operator.types("read-bounce", typed=raw, **given)
            assert (done.exit_code, done.output) == (0, "")
        counted = operator.types("bounces").output.split()
        assert dict(zip(counted[::2], counted[1::2], strict=True)) == {
            "hard": "0", "soft": "0", "no_trouble": "0", "wrong": "1", "unreadable": "2",
        }  # fmt: skip

    def test_wait_at_the_mail_server_while_the_database_is_away(self, operator: Operator) -> None:
        away = {"BOUNCE_ADDRESS": "back@bexley.example", "DATABASE_URL": "postgresql:///x?host=/x"}
        assert operator.types("read-bounce", typed=b"x", **away).exit_code == 75

    def test_are_not_taken_where_no_mail_returns(self, operator: Operator) -> None:
        done = operator.types("read-bounce", typed=b"x")
        assert (done.exit_code, "BOUNCE_ADDRESS is not set" in done.output) == (1, True)


class TestReplies:
    def test_are_taken_and_counted_whatever_they_hold(
        self, operator: Operator, session: Session
    ) -> None:
        given = {"REPLY_ADDRESS": "rota@bexley.example"}
        for raw in (b"", b"\xff\x00" * 9, b"Subject: hello\r\n\r\nhello\r\n"):
            done = operator.types("read-reply", typed=raw, **given)
            assert (done.exit_code, done.output) == (0, "")
        counted = operator.types("replies").output.split()
        assert dict(zip(counted[::2], counted[1::2], strict=True)) == {
            "asked": "0", "no_change": "0", "wrong": "0", "old": "0", "unreadable": "3",
        }  # fmt: skip

    def test_answers_to_organisers_are_taken_and_counted(
        self, operator: Operator, session: Session
    ) -> None:
        given = {"REPLY_ADDRESS": "rota@bexley.example"}
        forged = answer(f"rota+m1-{'a' * 32}@bexley.example", "It’s me.")
        done = operator.types("read-reply", typed=forged, **given)
        assert (done.exit_code, done.output) == (0, "")
        counted = operator.types("answers").output.split()
        assert dict(zip(counted[::2], counted[1::2], strict=True)) == {
            "passed_on": "0", "returned": "0", "automatic": "0", "gone": "0", "wrong": "1",
            "unreadable": "0",
        }  # fmt: skip

    def test_wait_at_the_mail_server_while_the_database_is_away(self, operator: Operator) -> None:
        away = {"REPLY_ADDRESS": "rota@bexley.example", "DATABASE_URL": "postgresql:///x?host=/x"}
        done = operator.types("read-reply", typed=b"x", **away)
        assert done.exit_code == 75
        assert "The database does not answer" in done.output

    def test_are_not_taken_where_nobody_was_told_an_address(self, operator: Operator) -> None:
        done = operator.types("read-reply", typed=b"x")
        assert (done.exit_code, "REPLY_ADDRESS is not set" in done.output) == (1, True)


def test_a_key_for_phones_is_drawn_and_can_be_given(operator: Operator) -> None:
    keys = {operator.types("push-key").output.strip() for _ in range(2)}
    assert len(keys) == 2
    for key in keys:
        given = dataclasses.replace(operator.settings, push_key=key)
        assert Operator(given).types("migrate").exit_code == 0
