"""Taking a whole bank along: every row twice, as a spreadsheet's CSV and exactly as JSON Lines.

All of it is read in one snapshot of the database, and a few thousand rows at a time, so that the
files agree with each other and a large bank needs no more memory than a small one.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import BYTE_ORDER_MARK
from timebank.core.text import harmless
from timebank.domain.ledger import chain
from timebank.domain.ledger.banks.tables import FORMAT
from timebank.domain.ledger.banks.tables import TABLES
from timebank.domain.ledger.banks.tables import TRANSFERS
from timebank.domain.ledger.banks.tables import Table

AT_ONCE = 2_000  # rows held at a time
SNAPSHOT = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
COMMUNITY = sa.text("SELECT name, slug, place, timezone FROM community WHERE id = :community")
SUM = sa.text("SELECT sum(balance)::bigint FROM account WHERE community_id = :community")
LAST_PROOF = sa.text("""
SELECT ran_at, transfers, proved FROM reconciliation
 WHERE community_id = :community ORDER BY ran_at DESC, id DESC LIMIT 1
""")
README = """\
The time bank of {name}, as it was on {day} (UTC).

Each table is here twice, with the same rows: as .csv for a spreadsheet (words that a spreadsheet
would take for a formula have a ' before them) and as .jsonl, one row a line, exactly. Minutes are
whole numbers; moments are UTC.

{tables}

manifest.json says how many rows each file has and its SHA-256, how many transfers there are, and
the head of the running hash over them. The bank publishes heads of it on its page /books.

{hash}

To check all of it without trusting whoever gave it to you (Python 3.9 or newer, nothing else):

    python3 verify_ledger.py THIS_FILE.zip --head THE_HEAD_FROM_THE_BOOKS

The script is tools/verify_ledger.py of the program's source. To go on with this bank elsewhere:

    timebank create-community NAME --slug SLUG --place PLACE --phone PHONE
    timebank import-bank THIS_FILE.zip --into SLUG

This file holds people's names, e-mail addresses and telephone numbers: keep it as you would keep
their letters, and delete it when it has done its work.
"""
RUNNING_HASH = """\
The running hash begins with 64 noughts. Each transfer makes the next: the SHA-256, in \
hexadecimal, of the hash before it, a line end, and the transfer's line. The line has {line}, \
with tabs between and nothing where there is none."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to: what to call the file, and what the ledger in it proves."""

    file_name: str
    entries: int
    head: str


def export_bank(
    session: Session, *, community_id: int, to: IO[bytes], now: dt.datetime
) -> Exported:
    """Write a community's whole bank into `to` as a zip.

    The session must be fresh: its first statement chooses the snapshot.

    Raises:
        NotFound: No such community.
    """
    session.execute(SNAPSHOT)
    community = session.execute(COMMUNITY, {"community": community_id}).mappings().one_or_none()
    if community is None:
        raise NotFound
    hashing = _Hashing()
    day = now.astimezone(dt.UTC).date().isoformat()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as bank:
        files: dict[str, dict[str, object]] = {}
        for table in TABLES:
            with _reading(session, table, community_id) as result:
                parts = result.partitions(AT_ONCE)
                if table is TRANSFERS:
                    parts = hashing.run_over(parts)
                files |= _write_table(bank, table, parts)
        ledger = _ledger(session, community_id, hashing)
        manifest = {
            "format": FORMAT,
            "community": dict(community),
            "exported_at": chain.written(now),
            "files": files,
            "ledger": ledger,
        }
        bank.writestr("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
        bank.writestr("README.txt", _readme(community["name"], day))
    return Exported(f"{community['slug']}-bank-{day}.zip", hashing.entries, hashing.head)


def _reading(session: Session, table: Table, community_id: int) -> sa.Result[tuple[object, ...]]:
    """Begin to read a table through a cursor of the server's, which hands out a part at a time."""
    return session.execute(
        sa.text(table.select),
        {"community": community_id},
        execution_options={"stream_results": True},
    )


class _Hashing:
    """The running hash over transfers that pass by on their way into the file."""

    def __init__(self) -> None:
        self.entries = 0
        self.head = chain.GENESIS

    def run_over(
        self, parts: Iterator[Sequence[sa.Row[tuple[object, ...]]]]
    ) -> Iterator[Sequence[sa.Row[tuple[object, ...]]]]:
        for rows in parts:
            self.entries += len(rows)
            self.head = chain.head_of(rows, head=self.head)
            yield rows


class _File:
    """A file that is being written, with its digest."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self._digest = hashlib.sha256()

    def write(self, words: str) -> None:
        piece = words.encode()
        self._digest.update(piece)
        self._to.write(piece)

    def listed(self, rows: int) -> dict[str, object]:
        return {"rows": rows, "sha256": self._digest.hexdigest()}


def _write_table(
    bank: zipfile.ZipFile, table: Table, parts: Iterator[Sequence[sa.Row[tuple[object, ...]]]]
) -> dict[str, dict[str, object]]:
    """Write both files of a table -> their lines of the manifest.

    A zip takes one file after the other, so the lines wait in a file that has no name.
    """
    names = list(table.columns)
    count = 0
    with tempfile.TemporaryFile() as waiting:
        lines = _File(waiting)
        with bank.open(f"{table.name}.csv", "w", force_zip64=True) as opened:
            cells = _File(opened)
            cells.write(BYTE_ORDER_MARK + _as_cells([names]))
            for rows in parts:
                count += len(rows)
                cells.write(_as_cells(rows))
                lines.write(_as_lines(names, rows))
        waiting.seek(0)
        with bank.open(f"{table.name}.jsonl", "w", force_zip64=True) as opened:
            shutil.copyfileobj(waiting, opened)
    return {
        f"{table.name}.csv": cells.listed(count),
        f"{table.name}.jsonl": lines.listed(count),
    }


def _as_cells(rows: Sequence[Sequence[object]]) -> str:
    """Write rows for a spreadsheet: what people typed can be no formula."""
    table = io.StringIO()
    csv.writer(table).writerows([_cell(value) for value in row] for row in rows)
    return table.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else value


def _as_lines(names: list[str], rows: Sequence[Sequence[object]]) -> str:
    return "".join(
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
    )


def _ledger(session: Session, community_id: int, hashing: _Hashing) -> dict[str, object]:
    here = {"community": community_id}
    proof = session.execute(LAST_PROOF, here).one_or_none()
    return {
        "entries": hashing.entries,
        "sum": session.execute(SUM, here).scalar_one(),
        "head": hashing.head,
        "last_proof": proof
        and {
            "ran_at": chain.written(proof.ran_at),
            "transfers": proof.transfers,
            "proved": proof.proved,
        },
    }


def _readme(name: str, day: str) -> str:
    tables = "\n".join(
        textwrap.fill(f"{table.name}: {table.about}.", 99, subsequent_indent="    ")
        for table in TABLES
    )
    words = RUNNING_HASH.format(line=", ".join(chain.FIELDS))
    return README.format(name=name, day=day, tables=tables, hash=textwrap.fill(words, 99))
