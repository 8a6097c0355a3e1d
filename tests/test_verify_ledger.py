"""The second opinion on an export: what it accepts, and each kind of tampering in words."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import exports
from tests.exports import a_transfer

TOOL = Path(__file__).parents[1] / "tools" / "verify_ledger.py"
STANDARD = {
    *("argparse", "csv", "hashlib", "io", "json", "re", "sys", "zipfile", "zlib", "array"),
    *("collections", "datetime", "pathlib", "typing", "__future__"),
}


Answer = subprocess.CompletedProcess


def run_alone(*arguments: object, python: str = sys.executable) -> Answer[str]:
    """Run it as anybody would: a program of its own, without the project's path."""
    return subprocess.run(
        [python, "-I", TOOL, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def run(*arguments: object) -> Answer[str]:
    """Run it in this process, which is quicker: what it raised would fail the test."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = runpy.run_path(str(TOOL))["main"](list(map(str, arguments)))
    return Answer(arguments, code, told.getvalue(), "")


def oldest_python() -> str | None:
    for found in (os.environ.get("PYTHON39"), shutil.which("python3.9")):
        if (
            found
            and not subprocess.run([found, "-V"], capture_output=True, check=False).returncode
        ):
            return found
    return None


@pytest.fixture
def bank():
    return exports.a_bank()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bank.zip"


def rewritten(path: Path, change: dict[str, bytes | None]) -> Path:
    """Change files of an export that was signed already; None takes one away."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files |= change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, text in files.items():
            if text is not None:
                new.writestr(name, text)
    return path


def text_of(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as bank:
        return bank.read(name)


def test_books_that_hold_are_said_to_hold(bank, path):
    answer = run_alone(bank.write(path))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        f"The bank of Bexley, exported {exports.MOMENT}:",
        "8 transfers between 6 accounts of 3 members.",
        "Every file is as it was written, and each CSV says the same as its JSON Lines.",
        "Every balance is the sum of its transfers, and all balances together are 0.",
        f"The running hash comes to {exports.head_of(exports.TRANSFERS)}.",
        "Compare it with the one that the bank publishes, or give that one with --head.",
        "The books hold.",
    ]


def test_the_same_from_a_folder_and_as_json(bank, path, tmp_path):
    with zipfile.ZipFile(bank.write(path)) as packed:
        packed.extractall(tmp_path / "folder")
    answer = run(tmp_path / "folder", "--json")
    found = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert found == {
        "format": "good-turn-bank/1",
        "holds": True,
        "community": {"name": "Bexley", "slug": "bexley"},
        "exported_at": exports.MOMENT,
        "transfers": 8,
        "accounts": 6,
        "members": 3,
        "sum_minutes": 0,
        "head": exports.head_of(exports.TRANSFERS),
        "published_after": None,
        "faults": {},
        "notes": {},
        "counts": {},
    }


def test_an_empty_bank_holds(bank, path):
    for rows in bank.tables.values():
        rows.clear()
    assert run(bank.write(path)).returncode == 0


def test_a_head_that_was_published_now_or_earlier_is_found_again(bank, path):
    bank.write(path)
    for entries in (8, 5, 0):
        answer = run(path, "--head", exports.head_of(exports.TRANSFERS[:entries]))
        assert answer.returncode == 0
        assert f"The head you gave is the one after {entries} transfers." in answer.stdout


def test_a_head_of_other_books_is_not(bank, path):
    head = exports.head_of(exports.TRANSFERS[1:])
    answer = run(bank.write(path), "--head", head.upper())
    assert answer.returncode == 1
    assert f"never comes to {head}: these are not the books that were published." in answer.stdout


# Somebody edits a file of the export


@pytest.mark.parametrize(
    ("name", "edit", "sentences"),
    [
        (
            "transfers.jsonl",
            lambda text: text.replace(b'"minutes": 75', b'"minutes": 76'),
            [
                "transfers.jsonl is not as it was written: its sha256 differs.",
                "transfers.csv differs from transfers.jsonl: row 4 in minutes.",
                "Account 10 holds -3075 minutes, but its transfers add up to -3076.",
                "Account 12 holds 1525 minutes, but its transfers add up to 1526.",
            ],
        ),
        (
            "transfers.csv",
            lambda text: text.replace(b",3000,", b",4000,"),
            [
                "transfers.csv is not as it was written: its sha256 differs.",
                "transfers.csv differs from transfers.jsonl: row 8 in minutes.",
            ],
        ),
        (
            "accounts.jsonl",
            lambda text: text.replace(b'"balance": 1525', b'"balance": 9525'),
            [
                "Account 12 holds 9525 minutes, but its transfers add up to 1525.",
                "All balances together are 8000 minutes; they must be 0.",
            ],
        ),
        (
            "memos.csv",
            lambda text: text.replace(b"'-for", b"-for"),
            ["memos.csv differs from memos.jsonl: row 1 in words."],
        ),
        ("memos.csv", lambda text: text + b"8,x\r\n", ["memos.jsonl: 1 more rows."]),
        ("memos.csv", lambda text: text + b'"', ["memos.csv cannot be read to its end"]),
        ("memos.csv", lambda text: b"", ["memos.csv is not as it was written"]),
        (
            "memos.csv",
            lambda text: text.replace(b"words", b"word"),
            ["row 1 has other columns than the heading"],
        ),
        ("groups.csv", lambda text: text + b"\xff", ["groups.csv cannot be read to its end"]),
        (
            "transfers.jsonl",
            lambda text: b"".join(text.splitlines(keepends=True)[:-1]),
            [
                "transfers.jsonl should have 8 rows; there are 7.",
                "transfers.csv differs from transfers.jsonl: 1 more rows.",
                "The manifest says 8 transfers; there are 7.",
            ],
        ),
        ("members.jsonl", lambda text: None, ["members.jsonl is missing."]),
        (
            "members.jsonl",
            lambda text: text + b"{\n",
            ["Line 4 of members.jsonl is not a row: '{"],
        ),
        ("members.jsonl", lambda text: text + b"[1]\n", ["Line 4 of members.jsonl is not a row"]),
        (
            "members.jsonl",
            lambda text: text.replace(b'"id": 1,', b'"id": 1, "id": 9,'),
            ["Line 1 of members.jsonl is not a row"],
        ),
        (
            "accounts.jsonl",
            lambda text: text.replace(b'"balance": 1525', b'"balance": NaN'),
            ["Line 3 of accounts.jsonl is not a row"],
        ),
        (
            "accounts.jsonl",
            lambda text: text.replace(b'"balance": 1525', b'"balance": true'),
            ["Account 12 has no number or no balance."],
        ),
    ],
)
def test_an_edited_file_is_found_and_named(bank, path, name, edit, sentences):
    before = text_of(bank.write(path), name)
    after = edit(before)
    assert after != before
    answer = run(rewritten(path, {name: after}))
    assert (answer.returncode, answer.stderr) == (1, "")
    for sentence in sentences:
        assert sentence in answer.stdout
    assert answer.stdout.endswith("The books do not hold.\n")


def test_an_added_file_is_found_and_named(bank, path):
    answer = run(rewritten(bank.write(path), {"notes.txt": b"trust me"}))
    assert answer.returncode == 1
    assert "notes.txt is not listed in the manifest: somebody added it." in answer.stdout


def test_a_file_hidden_behind_another_of_its_name_is_found(bank, path):
    bank.write(path)
    with zipfile.ZipFile(path, "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("memos.csv", b"")
    answer = run(path)
    assert answer.returncode == 1
    assert "memos.csv is in the zip more than once." in answer.stdout


def test_a_damaged_zip_is_told_in_a_sentence(bank, path):
    whole = bank.write(path).read_bytes()
    with zipfile.ZipFile(path) as packed:
        at = packed.getinfo("transfers.jsonl").header_offset + 80
    path.write_bytes(whole[:at] + bytes(20) + whole[at + 20 :])
    answer = run(path)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert "transfers.jsonl is not as it was written" in answer.stdout
    assert "transfers.jsonl cannot be read to its end" in answer.stdout


# A forger who signs the manifest anew: the figures themselves give it away


def forge(change):
    """Change the bank, then make balances, CSV, counts and hashes fit."""

    def forged(bank):
        change(bank)
        bank.add_up()

    return forged


def set_transfer(number, **values):
    return forge(lambda bank: bank.transfer(number).update(values))


def add_transfer(*row, **more):
    return forge(lambda bank: bank.tables["transfers"].append(a_transfer(*row, **more)))


def set_account(number, **values):
    return lambda bank: bank.account(number).update(values)


def drop(table, index):
    return forge(lambda bank: bank.tables[table].pop(index))


FORGERIES = {
    "a balance of somebody's wish": (
        set_account(12, balance=2000),
        "Account 12 holds 2000 minutes, but its transfers add up to 1525.",
    ),
    "two balances that still make nought": (
        lambda bank: [set_account(12, balance=1500)(bank), set_account(13, balance=3070)(bank)],
        "Account 13 holds 3070 minutes, but its transfers add up to 3045.",
    ),
    "hours out of nowhere": (
        set_account(10, balance=0),
        "All balances together are 3075 minutes; they must be 0.",
    ),
    "too many minutes for a day": (
        set_transfer(6, minutes=1441),
        "Transfer 6 moves 1441 minutes; thanks may be 1 to 1440.",
    ),
    "more hours than anybody saves up": (
        set_transfer(8, minutes=600_001),
        "Transfer 8 moves 600001 minutes; gift may be 1 to 600000.",
    ),
    "a turn that a neighbour pays for": (
        set_transfer(2, debit_id=13),
        "Transfer 2 (earn) goes from member to member, and its kind may not.",
    ),
    "thanks to a pot": (
        set_transfer(6, credit_id=30),
        "Transfer 6 (thanks) goes from member to pot, and its kind may not.",
    ),
    "a gift out of the books before these": (
        set_transfer(8, debit_id=20),
        "Transfer 8 (gift) goes from opening to pot, and its kind may not.",
    ),
    "hours brought forward from nowhere": (
        set_transfer(1, debit_id=10),
        "Transfer 1 (opening) goes from community to member, and its kind may not.",
    ),
    "no minutes": (set_transfer(8, minutes=0), "Transfer 8 moves 0 minutes"),
    "minutes backwards": (set_transfer(8, minutes=-15), "Transfer 8 moves -15 minutes"),
    "an hour to oneself": (
        set_transfer(8, credit_id=13),
        "Transfer 8 goes from an account to itself.",
    ),
    "an account that is not there": (
        set_transfer(8, credit_id=99),
        "Transfer 8 names account 99, which is not here.",
    ),
    "a writer who is not there": (
        set_transfer(8, created_by=99),
        "Transfer 8 was written by nobody who is here.",
    ),
    "a batch that is not there": (
        set_transfer(9, batch_id=99),
        "Transfer 9 belongs to batch 99, which is not here.",
    ),
    "a day that never was": (
        set_transfer(8, happened_on="2027-02-30"),
        "Transfer 8 cannot be right in: happened_on.",
    ),
    "a moment without its zone": (
        set_transfer(8, created_at="2027-05-01T10:00:00"),
        "Transfer 8 cannot be right in: created_at.",
    ),
    "a kind that does not exist": (
        set_transfer(8, kind="loan"),
        "Transfer 8 cannot be right in: kind.",
    ),
    "half a minute": (
        lambda bank: bank.transfer(8).update(minutes="15"),
        "Transfer 8 cannot be right in: minutes.",
    ),
    "a number beyond all numbers": (
        lambda bank: bank.transfer(8).update(created_by=2**63),
        "Transfer 8 cannot be right in: created_by.",
    ),
    "the same number twice": (
        add_transfer(11, "gift", 12, 13, 5),
        "Transfer 11 comes after 11: it is there twice or late.",
    ),
    "an earn without its turn": (
        set_transfer(2, claim_id=None),
        "Transfer 2 (earn) names no claim_id.",
    ),
    "a gift with a turn": (
        set_transfer(8, claim_id=7),
        "Transfer 8 (gift) must not name a claim_id.",
    ),
    "thanks without an exchange": (
        set_transfer(6, exchange_id=None),
        "Transfer 6 (thanks) names no exchange_id.",
    ),
    "an import without its batch": (
        set_transfer(11, batch_id=None),
        "Transfer 11 (imported) names no batch_id.",
    ),
    "an earn that is no first one": (
        set_transfer(2, revision=2),
        "Transfer 2 (earn) cannot be revision 2.",
    ),
    "hours into one's own account": (
        add_transfer(12, "gift", 13, 12, 5, created_by=2),
        "Transfer 12 was written by the member whose account it fills.",
    ),
    "a reversal of nothing": (
        add_transfer(12, "reversal", 13, 12, 60, reverses_id=3),
        "Transfer 12 takes back 3, which is not here.",
    ),
    "a reversal that takes more than was given": (
        set_transfer(4, minutes=91),
        "Transfer 4 takes back 2, but does not mirror it.",
    ),
    "a reversal of somebody else's hours": (
        set_transfer(4, debit_id=13),
        "Transfer 4 takes back 2, but does not mirror it.",
    ),
    "a second reversal": (
        add_transfer(12, "reversal", 12, 10, 90, reverses_id=2),
        "Transfer 2 is taken back twice: by 4 and by 12.",
    ),
    "a reversal of a reversal": (
        add_transfer(12, "reversal", 10, 12, 90, reverses_id=4),
        "Transfer 12 takes back 4, which takes back another: that cannot be.",
    ),
    "a reversal before its original": (
        set_transfer(4, reverses_id=5, minutes=75),
        "Transfer 4 takes back 5, which came later.",
    ),
    "a correction without its reversal": (
        drop("transfers", 2),
        "Transfer 5 credits again what 2 had credited, and no reversal stands between them.",
    ),
    "a correction of nothing": (
        set_transfer(5, claim_id=8),
        "Transfer 5 is revision 1 of turn 8, and the one before is not here.",
    ),
    "the same turn twice": (
        add_transfer(12, "earn", 10, 13, 90, claim_id=7, revision=0),
        "The hours of turn 7 are there twice: transfer 12 is one of them.",
    ),
    "the same exchange twice": (
        add_transfer(12, "thanks", 12, 13, 60, exchange_id=3, revision=0),
        "The hours of exchange 3 are there twice: transfer 6 is one of them.",
    ),
    "the same correction twice": (
        add_transfer(12, "adjust", 10, 12, 75, claim_id=7, revision=1),
        "Revision 1 of turn 7 is there twice: 5 and 12.",
    ),
    "a member with two accounts": (
        set_account(13, membership_id=2),
        "Member 2 has two accounts.",
    ),
    "an account of nobody": (
        set_account(13, membership_id=None),
        "Account 13 does not say rightly whose it is.",
    ),
    "an account of a stranger": (
        set_account(13, membership_id=99),
        "Account 13 belongs to a member who is not here.",
    ),
    "an account of no known kind": (
        set_account(30, kind="bank"),
        "Account 30 is of no known kind: 'bank'.",
    ),
    "an account of a group that is not there": (
        set_account(30, group_id=99),
        "Account 30 belongs to a group that is not here.",
    ),
    "an account twice": (
        lambda bank: bank.tables["accounts"].append(dict(bank.account(30))),
        "Account 30 is there twice.",
    ),
    "a member twice": (
        lambda bank: bank.tables["members"].append(dict(bank.tables["members"][0])),
        "Number 1 is there twice in members.",
    ),
    "a member without a number": (
        lambda bank: bank.tables["members"][0].update(id="1"),
        "A row of members has no number: '1'.",
    ),
    "an organiser who is not there": (
        lambda bank: bank.tables["organisers"][0].update(membership_id=99),
        "Member 99 organises group 4: one of the two is not here.",
    ),
    "words for a transfer that is not there": (
        lambda bank: bank.tables["memos"][0].update(transfer_id=99),
        "There are words for transfer 99, which is not here or has some already.",
    ),
    "words twice": (
        lambda bank: bank.tables["memos"].append(dict(bank.tables["memos"][0])),
        "There are words for transfer 8, which is not here or has some already.",
    ),
    "no words": (
        lambda bank: bank.tables["memos"][0].update(words=""),
        "The words for transfer 8 are empty.",
    ),
    "another number of entries": (
        lambda bank: bank.ledger.update(entries=9),
        "The manifest says 9 transfers; there are 8.",
    ),
    "another sum": (
        lambda bank: bank.ledger.update(sum=60),
        "The manifest says all balances together are 60.",
    ),
    "another head": (
        lambda bank: bank.ledger.update(head="f" * 64),
        f"and the manifest says {'f' * 64}.",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_that_signs_itself_is_found_and_named(bank, path, name):
    change, sentence = FORGERIES[name]
    change(bank)
    answer = run(bank.write(path))
    assert (answer.returncode, answer.stderr) == (1, "")
    assert sentence in answer.stdout


def test_history_written_anew_is_betrayed_by_the_head_that_was_published(bank, path):
    """A forger who makes everything fit cannot make the published hash fit."""
    published = exports.head_of(bank.tables["transfers"])
    set_transfer(1, minutes=1000)(bank)
    bank.write(path)
    assert run(path).returncode == 0
    answer = run(path, "--head", published)
    assert answer.returncode == 1
    assert "these are not the books that were published." in answer.stdout


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_account(12, floor=2000), "Account 12 holds 1525 minutes, below its floor: a"),
        (set_account(13, ceiling=100), "Account 13 holds 3045 minutes, above its ceiling."),
        (
            set_account(13, closed_at=exports.MOMENT),
            "Account 13 holds 3045 minutes, and is closed.",
        ),
        (
            lambda bank: bank.transfer(4).update(happened_on="2027-04-30"),
            "Transfer 4 takes back 2, but is dated 2027-04-30.",
        ),
        (
            lambda bank: bank.transfer(8).update(happened_on="2027-05-02"),
            "Transfer 8 was written before its day came.",
        ),
        (
            lambda bank: bank.ledger.update(last_proof={"ran_at": "then", "proved": False}),
            "The bank's own last proof (then) found a fault.",
        ),
    ],
)
def test_what_may_be_is_told_and_the_books_hold(bank, path, change, sentence):
    change(bank)
    answer = run(bank.write(path))
    assert answer.returncode == 0
    assert f"Worth knowing: {sentence}" in answer.stdout


def test_a_flood_of_faults_is_counted_not_listed(bank, path):
    for number in range(100, 400):
        bank.tables["transfers"].append(a_transfer(number, "gift", 12, 77, 1))
    bank.add_up()
    answer = run(bank.write(path))
    assert answer.stdout.count("names account 77") == 20
    assert "... and 280 more of that sort (two_accounts)." in answer.stdout


# What cannot be read at all


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (None, "There is no manifest.json in it: this is not an exported bank."),
        (b"\xff", "manifest.json cannot be read"),
        (b"[" * 100_000, "manifest.json"),
        (b"[]", "does not say that this is a good-turn-bank/1"),
        (b'{"format": "good-turn-bank/2"}', "does not say that this is a good-turn-bank/1"),
        (b'{"format": "good-turn-bank/1", "files": []}', "what it must: files, ledger, community"),
    ],
)
def test_no_export_at_all_is_one_sentence(bank, path, manifest, sentence):
    answer = run(rewritten(bank.write(path), {"manifest.json": manifest}))
    assert (answer.returncode, answer.stderr, answer.stdout.count("\n")) == (2, "", 1)
    assert sentence in answer.stdout


def test_no_file_and_no_zip_are_one_sentence(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK no")
    for name, sentence in (("none.zip", "There is no"), ("x.zip", "is not a zip")):
        answer = run(tmp_path / name, "--json")
        assert (answer.returncode, answer.stderr) == (2, "")
        assert sentence in json.loads(answer.stdout)["unreadable"]


def test_what_a_file_says_cannot_move_the_cursor(bank, path):
    bank.tables["accounts"][0]["kind"] = "\x1b[2J\u202e"
    bank.write(path)
    answer = run_alone(rewritten(path, {"\x1b[31m.txt": b""}))
    assert answer.returncode == 1
    assert "\x1b" not in answer.stdout


# What it needs


def imported_by(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_it_needs_the_standard_library_and_python_3_9_only():
    assert imported_by(TOOL) == STANDARD
    ast.parse(TOOL.read_text(), feature_version=(3, 9))


def test_it_runs_on_the_oldest_python_it_promises(bank, path):
    oldest = oldest_python()
    if oldest is None:
        pytest.skip("There is no Python 3.9 here: name one in PYTHON39.")
    answer = run_alone(bank.write(path), python=oldest)
    assert (answer.returncode, answer.stderr) == (0, "")
