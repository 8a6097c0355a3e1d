"""Made-up exports for the verifier: written here by other means than the program's own."""

from __future__ import annotations

import copy
import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

MOMENT = "2027-05-01T10:00:00.000000+00:00"
LINE = [
    "id",
    "happened_on",
    "created_at",
    "kind",
    "debit_id",
    "credit_id",
    "minutes",
    "claim_id",
    "exchange_id",
    "revision",
    "reverses_id",
    "batch_id",
    "created_by",
]
COLUMNS = {
    "members": ["id", "name", "email", "phone", "standing", "may_be_asked", "joined_at"],
    "groups": ["id", "slug", "name", "created_at"],
    "organisers": ["group_id", "membership_id"],
    "accounts": [
        "id",
        "kind",
        "membership_id",
        "group_id",
        "name",
        "about",
        "floor",
        "soft_floor",
        "ceiling",
        "balance",
        "closed_at",
    ],
    "batches": ["id", "kind", "title", "happened_on", "created_by", "created_at"],
    "transfers": LINE,
    "memos": ["transfer_id", "words"],
}


def a_transfer(number: int, kind: str, debit: int, credit: int, minutes: int, **more: Any) -> Any:
    values = dict.fromkeys(LINE)
    values |= {
        "id": number,
        "happened_on": "2027-05-01",
        "created_at": MOMENT,
        "kind": kind,
        "debit_id": debit,
        "credit_id": credit,
        "minutes": minutes,
        "created_by": 1,
    }
    return values | more


# Ama (1) coordinates; Bela (2) and Sam (3) are residents; 10 is the commons, 20 where hours
# brought forward come from, 30 the walkers' pot.
TRANSFERS = [
    a_transfer(1, "opening", 20, 12, 1500, batch_id=5),
    a_transfer(2, "earn", 10, 12, 90, claim_id=7, revision=0),
    a_transfer(4, "reversal", 12, 10, 90, reverses_id=2),
    a_transfer(5, "adjust", 10, 12, 75, claim_id=7, revision=1),
    a_transfer(6, "thanks", 12, 13, 60, exchange_id=3, revision=0, created_by=2),
    a_transfer(8, "gift", 13, 30, 15, created_by=3),
    a_transfer(9, "share", 30, 12, 10, batch_id=6),
    a_transfer(11, "imported", 10, 13, 3000, batch_id=5),
]


@dataclass
class Bank:
    """A bank as the tables of an export; `write` signs it, whatever it holds."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=dict)

    def transfer(self, number: int) -> dict[str, Any]:
        return next(row for row in self.tables["transfers"] if row["id"] == number)

    def account(self, number: int) -> dict[str, Any]:
        return next(row for row in self.tables["accounts"] if row["id"] == number)

    def add_up(self) -> None:
        """Make the stored balances what the transfers make them, as a forger would."""
        for account in self.tables["accounts"]:
            account["balance"] = sum(
                row["minutes"]
                * ((row["credit_id"] == account["id"]) - (row["debit_id"] == account["id"]))
                for row in self.tables["transfers"]
            )

    def write(self, path: Path) -> Path:
        files, listed = {}, {}
        for table, rows in self.tables.items():
            for ending, text in (("csv", as_csv(table, rows)), ("jsonl", as_lines(rows))):
                files[f"{table}.{ending}"] = text
                digest = hashlib.sha256(text.encode()).hexdigest()
                listed[f"{table}.{ending}"] = {"rows": len(rows), "sha256": digest}
        ledger = {
            "entries": len(self.tables["transfers"]),
            "sum": sum(row["balance"] for row in self.tables["accounts"]),
            "head": head_of(self.tables["transfers"]),
            "last_proof": {"ran_at": MOMENT, "transfers": 8, "proved": True},
        }
        manifest = {
            "format": "good-turn-bank/1",
            "community": {"name": "Bexley", "slug": "bexley"},
            "exported_at": MOMENT,
            "files": listed,
            "ledger": ledger | self.ledger,
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bank:
            bank.writestr("README.txt", "What each file is.")
            for name, text in files.items():
                bank.writestr(name, text)
            bank.writestr("manifest.json", json.dumps(manifest))
        return path


def a_bank() -> Bank:
    """A small bank with a transfer of every kind, and books that hold."""
    member = {"phone": None, "standing": "resident", "may_be_asked": True, "joined_at": MOMENT}
    account = dict.fromkeys(COLUMNS["accounts"])
    bank = Bank(
        {
            "members": [
                {"id": 1, "name": "Ama Owusu", "email": "ama@example.com", **member},
                {"id": 2, "name": "=Bela, “B”", "email": None, **member, "phone": "+44 20 8000"},
                {"id": 3, "name": None, "email": None, **member},
            ],
            "groups": [{"id": 4, "slug": "walk", "name": "Walkers", "created_at": MOMENT}],
            "organisers": [{"group_id": 4, "membership_id": 1}],
            "accounts": [
                account | {"id": 10, "kind": "community"},
                *[
                    account | {"id": 10 + n, "kind": "member", "membership_id": n, "floor": -600}
                    for n in (1, 2, 3)
                ],
                account | {"id": 20, "kind": "opening"},
                account | {"id": 30, "kind": "pot", "group_id": 4, "name": "Walkers", "floor": 0},
            ],
            "batches": [
                {"id": number, "kind": kind, "title": "May", "happened_on": "2027-05-01",
                 "created_by": 1, "created_at": MOMENT}
                for number, kind in ((5, "member_import"), (6, "working_bee"))
            ],
            "transfers": copy.deepcopy(TRANSFERS),
            "memos": [{"transfer_id": 8, "words": "-for the\nkettle"}],
        }
    )  # fmt: skip
    bank.add_up()
    return bank


def head_of(rows: list[dict[str, Any]]) -> str:
    head = "0" * 64
    for row in rows:
        line = "\t".join("" if row.get(name) is None else str(row.get(name)) for name in LINE)
        head = hashlib.sha256(f"{head}\n{line}".encode()).hexdigest()
    return head


def as_csv(table: str, rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS[table])
    for row in rows:
        writer.writerow([as_cell(value) for value in row.values()])
    return "\ufeff" + text.getvalue()


def as_cell(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
    return "" if value is None else str(value).lower()


def as_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
