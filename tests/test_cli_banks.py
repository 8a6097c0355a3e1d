"""Taking a bank along and bringing it in, as an operator does it at a terminal."""

from __future__ import annotations

import datetime as dt
import json
import re
import stat
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path

import pytest

from tests import builders
from tests.test_cli import Operator
from timebank.domain import ledger
from timebank.models import AccountKind
from timebank.models import Transfer
from timebank.models import TransferKind

TOOL = Path(__file__).parents[1] / "tools" / "verify_ledger.py"
NOW = dt.datetime(2027, 5, 2, 8, tzinfo=dt.UTC)


@pytest.fixture
def operator(settings):
    return Operator(settings)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=ledger.opening_account(session, community_id=walk.community.id).id,
        credit_id=ledger.account_of(session, membership_id=walk.bela.id).id,
        minutes=600,
        kind=TransferKind.OPENING,
        happened_on=NOW.date(),
        created_by=walk.ama.id,
        now=NOW,
    )
    session.commit()
    return walk


def verified(path, head):
    command = [sys.executable, "-I", TOOL, path, "--head", head, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(answer.stdout)


def found(operator, slug="welling"):
    made = operator.types(
        "create-community", slug.title(), "--slug", slug, "--host", f"{slug}.example",
        "--place", slug.title(), "--phone", "020 8000 0001",
    )  # fmt: skip
    assert made.exit_code == 0, made.output


def test_a_bank_moves_house(operator, walk, session, tmp_path):
    path = tmp_path / "bank.zip"
    told = operator.types("export", "--community", "bexley", "--to", str(path))
    assert (told.exit_code, told.output.count("\n")) == (0, 2)
    head = re.search(r"[0-9a-f]{64}", told.output)[0]
    assert f"{path} is written. Entries: 1." in told.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert verified(path, head)["holds"] is True

    found(operator)
    told = operator.types("import-bank", str(path), "--into", "welling")
    assert told.exit_code == 0
    assert told.output.splitlines() == [
        "Brought in: members 4, groups 1, accounts 7, entries 1.",
        "Every balance is the one in the file, and the books add up.",
    ]
    assert operator.types("reconcile").output == "The books are right.\n"
    again = tmp_path / "again.zip"
    told = operator.types("export", "--community", "welling", "--to", str(again))
    head = re.search(r"[0-9a-f]{64}", told.output)[0]
    assert verified(again, head)["holds"] is True
    with zipfile.ZipFile(again) as bank:
        rows = [json.loads(line) for line in bank.read("accounts.jsonl").splitlines()]
    assert [(row["kind"], row["balance"]) for row in rows if row["balance"]] == [
        (AccountKind.OPENING, -600),
        (AccountKind.MEMBER, 600),
    ]


def test_what_cannot_be_taken_along_is_one_sentence_and_no_file(operator, walk, tmp_path):
    path = tmp_path / "bank.zip"
    for slug, to, sentence in (
        ("nowhere", path, "There is no community with the slug nowhere."),
        ("bexley", tmp_path / "no" / "bank.zip", "can't be written: No such file or directory."),
    ):
        told = operator.types("export", "--community", slug, "--to", str(to))
        assert (told.exit_code, told.output.count("\n")) == (1, 1)
        assert sentence in told.output
        assert not to.exists()


def test_a_file_that_is_there_is_not_written_over(operator, walk, tmp_path):
    path = tmp_path / "bank.zip"
    path.write_text("my own")
    told = operator.types("export", "--community", "bexley", "--to", str(path))
    assert (told.exit_code, told.output) == (1, f"{path} can't be written: File exists.\n")
    assert path.read_text() == "my own"


def test_a_database_that_is_away_leaves_no_file(operator, walk, tmp_path):
    path = tmp_path / "bank.zip"
    away = "postgresql://127.0.0.1:1/bank"
    told = operator.types("export", "--community", "bexley", "--to", str(path), DATABASE_URL=away)
    assert told.exit_code == 1
    assert not path.exists()


def test_what_cannot_be_brought_in_is_one_sentence(operator, walk, session, tmp_path):
    path, text = tmp_path / "bank.zip", tmp_path / "notes.txt"
    operator.types("export", "--community", "bexley", "--to", str(path))
    text.write_text("hello")
    found(operator)
    for file, slug, sentence in (
        (path, "nowhere", "There is no community with the slug nowhere."),
        (path, "bexley", "There is something in that community already."),
        (tmp_path / "none.zip", "welling", "can't be read: No such file or directory."),
        (tmp_path, "welling", "can't be read: Is a directory."),
        (text, "welling", "That isn’t a bank that was exported here"),
    ):
        told = operator.types("import-bank", str(file), "--into", slug)
        assert (told.exit_code, told.output.count("\n")) == (1, 1), told.output
        assert sentence in told.output
    assert session.query(Transfer).count() == 1
