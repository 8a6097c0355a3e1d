"""Reading an exported bank: nothing is believed that the manifest doesn't vouch for."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import IO
from typing import Any

from timebank.core.errors import Refused
from timebank.domain.ledger import chain
from timebank.domain.ledger.banks.tables import FORMAT
from timebank.domain.ledger.banks.tables import TRANSFERS
from timebank.domain.ledger.banks.tables import Table

LONGEST_LINE = 1_000_000  # bytes; a row takes some hundred
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError)  # a damaged zip

Row = tuple[str | int | None, ...]


class NotABank(Refused):
    """That isn't a bank that was exported here, or it comes from another version."""


class NotAsWritten(Refused):
    """Something in that file is not as it was written. Export the bank once more."""


class BankFile:
    """An exported bank, opened for reading.

    Raises:
        NotABank: It is none.
    """

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            manifest = json.loads(self._zip.read("manifest.json"))
            if manifest["format"] != FORMAT:
                raise NotABank
            self.name = str(manifest["community"]["name"])
            self.head = str(manifest["ledger"]["head"])
            self._listed: dict[str, dict[str, object]] = manifest["files"]
        except (KeyError, TypeError, ValueError, *BROKEN):
            raise NotABank from None

    def rows(self, table: Table) -> Iterator[Row]:
        """Read a table's rows in order, one at a time, by its columns.

        Raises:
            NotAsWritten: When the file, or the ledger in it, is not the one that was written;
                by then its rows have been handed out.
        """
        name = f"{table.name}.jsonl"
        digest = hashlib.sha256()
        head = chain.GENESIS
        try:
            with self._zip.open(name) as opened:
                for line in iter(lambda: opened.readline(LONGEST_LINE), b""):
                    digest.update(line)
                    row = _row(line, table)
                    if table is TRANSFERS:
                        head = chain.step(head, chain.line(SimpleNamespace(**row)))
                    yield tuple(row.values())
        except (KeyError, TypeError, ValueError, *BROKEN):
            raise NotAsWritten(_not_as_written(name)) from None
        listed = self._listed.get(name)
        if not isinstance(listed, dict) or listed.get("sha256") != digest.hexdigest():
            raise NotAsWritten(_not_as_written(name))
        if table is TRANSFERS and head != self.head:
            raise NotAsWritten(_not_as_written(name))


def _row(line: bytes, table: Table) -> dict[str, Any]:
    given = json.loads(line)
    row = {name: given[name] for name in table.columns}
    if not all(value is None or isinstance(value, str | int) for value in row.values()):
        raise ValueError
    return row


def _not_as_written(name: str) -> str:
    return f"{name} is not as it was written. Export the bank once more."
