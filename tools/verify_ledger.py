"""Add up an exported bank again and say in plain sentences whether its books hold.

Usage: python3 verify_ledger.py EXPORT [--head HEX] [--json]

EXPORT is the .zip that a bank handed out, or the folder it was unpacked into. HEX is a head of the
running hash that the bank published, now or earlier: the export must have come by it.

Exit code 0: everything holds; 1: something is wrong, each thing in a sentence; 2: it cannot be
read at all. Needs Python 3.9 or newer and nothing else, and shares no line with the program that
wrote the export: it is a second opinion.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from datetime import date
from datetime import datetime
from pathlib import Path
from typing import IO
from typing import Any

FORMAT = "good-turn-bank/1"
TABLES = ("members", "groups", "organisers", "accounts", "batches", "transfers", "memos")
UNLISTED = {"manifest.json", "README.txt"}
MOST_TOLD = 20  # sentences of one kind; the rest are counted
LONGEST_LINE = 1_000_000  # bytes; a transfer takes about 300
BIGGEST = 2**63
BEGINS_A_FORMULA = (*"=+-@", "\t", "\r", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# What reading a damaged zip may raise.
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError)

# The line of a transfer in the running hash.
HASHED = (
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
)
NUMBERS = ("id", "debit_id", "credit_id", "minutes", "created_by")
NUMBERS_OR_NOTHING = ("claim_id", "exchange_id", "revision", "reverses_id", "batch_id")
A_DAY = 1440
MOST = 600_000  # ten thousand hours
MOST_MINUTES = {
    "earn": A_DAY,
    "adjust": A_DAY,
    "thanks": A_DAY,
    "share": A_DAY,
    "gift": MOST,
    "opening": MOST,
    "top_up": MOST,
    "closing": MOST,
    "imported": MOST,
    "reversal": MOST,
}
# What a kind must name; it may name nothing else of the sort.
NAMES = {
    "earn": {"claim_id", "revision"},
    "adjust": {"claim_id", "revision"},
    "thanks": {"exchange_id", "revision"},
    "reversal": {"reverses_id"},
}
OCCASIONS = ("claim_id", "exchange_id", "revision", "reverses_id")
ACCOUNT_KINDS = {"member", "community", "pot", "cause", "opening"}
# Who may pay whom; kinds that are not here may be between any two. `opening` alone moves hours
# from or to the opening account.
NOT_A_MEMBER = ACCOUNT_KINDS - {"member", "opening"}
SIDES = {
    "earn": (NOT_A_MEMBER, {"member"}),
    "adjust": (NOT_A_MEMBER, {"member"}),
    "thanks": ({"member", "pot"}, {"member"}),
    "top_up": ({"pot"}, {"member"}),
}
WITH_A_BATCH = {"share", "imported"}
ANYTHING_GOES = {"reversal", "imported"}  # they repeat what others did
MAY_BE_ONES_OWN = ANYTHING_GOES | {"opening", "closing"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII)

Row = dict[str, Any]


class UnreadableError(Exception):
    """The export cannot be read at all; the sentence says why."""


class Told:
    """What was found: faults make the export wrong, notes are only told."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}
        self.notes: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}

    def fault(self, kind: str, sentence: str) -> None:
        """Something is wrong."""
        self._keep(self.faults, kind, sentence)

    def note(self, kind: str, sentence: str) -> None:
        """Something is worth knowing."""
        self._keep(self.notes, kind, sentence)

    def _keep(self, where: dict[str, list[str]], kind: str, sentence: str) -> None:
        told = where.setdefault(kind, [])
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(told) < MOST_TOLD:
            told.append(sentence)

    def sentences(self, where: dict[str, list[str]]) -> Iterator[str]:
        """All of one sort; where there are too many, how many more there are."""
        for kind, told in where.items():
            yield from told
            if self.counts[kind] > len(told):
                yield f"... and {self.counts[kind] - len(told):,} more of that sort ({kind})."


class Export:
    """The files of an export, in a zip or in a folder."""

    def __init__(self, path: Path) -> None:
        self._folder = path
        self._zip: zipfile.ZipFile | None = None
        if not path.exists():
            raise UnreadableError(f"There is no {path}.")
        if not path.is_dir():
            try:
                self._zip = zipfile.ZipFile(path)
            except BROKEN as error:
                message = f"{path} is not a zip that can be opened: {error}."
                raise UnreadableError(message) from None

    def names(self) -> list[str]:
        """All names; one that stands in a zip twice comes twice."""
        if self._zip is not None:
            return self._zip.namelist()
        return sorted(path.name for path in self._folder.iterdir())

    def open(self, name: str) -> IO[bytes]:
        """Open one file for reading."""
        if self._zip is not None:
            return self._zip.open(name)
        return (self._folder / name).open("rb")


def manifest_of(export: Export) -> Row:
    """Read manifest.json, and that it is one of ours."""
    if "manifest.json" not in export.names():
        raise UnreadableError("There is no manifest.json in it: this is not an exported bank.")
    try:
        with export.open("manifest.json") as opened:
            manifest = json.loads(opened.read(LONGEST_LINE).decode())
    except (ValueError, *BROKEN) as error:
        raise UnreadableError(f"manifest.json cannot be read: {error}.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UnreadableError(f"manifest.json does not say that this is a {FORMAT}.")
    parts = ("files", "ledger", "community")
    wrong = [name for name in parts if not isinstance(manifest.get(name), dict)]
    if wrong:
        raise UnreadableError(f"manifest.json does not hold what it must: {', '.join(wrong)}.")
    return manifest


def check_files(export: Export, manifest: Row, told: Told) -> None:
    """Every file that was written is there, once, and has not changed."""
    names = export.names()
    listed = manifest["files"]
    expected = [f"{table}.{ending}" for table in TABLES for ending in ("csv", "jsonl")]
    for name in sorted({*expected, *listed} - set(names)):
        told.fault("file", f"{name} is missing.")
    for name in sorted(set(expected) - set(listed)):
        told.fault("file", f"{name} is not listed in the manifest.")
    for name in sorted(set(names) - set(listed) - UNLISTED):
        told.fault("file", f"{name} is not listed in the manifest: somebody added it.")
    for name in sorted({name for name in names if names.count(name) > 1}):
        told.fault("file", f"{name} is in the zip more than once.")
    for name in sorted(set(listed) & set(names)):
        entry = listed[name]
        if not isinstance(entry, dict) or digest_of(export, name) != entry.get("sha256"):
            told.fault("file", f"{name} is not as it was written: its sha256 differs.")


def digest_of(export: Export, name: str) -> str:
    """Digest a file, a piece at a time; a damaged one has no digest."""
    digest = hashlib.sha256()
    try:
        with export.open(name) as opened:
            for piece in iter(lambda: opened.read(1 << 20), b""):
                digest.update(piece)
    except BROKEN:
        return "damaged"
    return digest.hexdigest()


# Rows: the JSON Lines, and the CSV beside them


def rows_of(export: Export, table: str, told: Told) -> Iterator[Row]:
    """Read a table's JSON Lines, one row at a time."""
    name = f"{table}.jsonl"
    if name not in export.names():
        return
    try:
        with io.BufferedReader(export.open(name), 1 << 16) as opened:  # type: ignore[type-var]
            for number, line in enumerate(iter(lambda: opened.readline(LONGEST_LINE), b""), 1):
                row = parsed(line)
                if row is None:
                    start = ascii(line[:40].decode("utf-8", "replace"))
                    told.fault("line", f"Line {number:,} of {name} is not a row: {start}.")
                else:
                    yield row
    except BROKEN as error:
        told.fault("line", f"{name} cannot be read to its end: {error}.")


def parsed(line: bytes) -> Row | None:
    """Read a line as one flat JSON object of words, whole numbers and nothings, or None."""
    try:
        row = STRICT.decode(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    return row if PLAIN.issuperset(map(type, row.values())) else None


def once(pairs: list[tuple[str, Any]]) -> Row:
    """Make a row of pairs; the same name twice is no row."""
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError
    return row


def refuse(constant: str) -> None:
    """NaN and the infinities are no JSON."""
    raise ValueError(constant)


STRICT = json.JSONDecoder(object_pairs_hook=once, parse_constant=refuse)
PLAIN = {str, int, bool, type(None)}


def rows_that_agree(export: Export, table: str, manifest: Row, told: Told) -> Iterator[Row]:
    """Read a table's rows while comparing them, one by one, with the CSV and the manifest."""
    cells = cells_of(export, table, told)
    heading = next(cells, None)
    count = 0
    for row in rows_of(export, table, told):
        count += 1
        difference = heading and difference_of(row, heading, next(cells, None))
        if difference:
            told.fault(
                "csv", f"{table}.csv differs from {table}.jsonl: row {count:,} {difference}."
            )
        yield row
    left = sum(1 for _ in cells)
    if left:
        told.fault("csv", f"{table}.csv differs from {table}.jsonl: {left:,} more rows.")
    for ending in ("csv", "jsonl"):
        entry = manifest["files"].get(f"{table}.{ending}")
        said = entry.get("rows") if isinstance(entry, dict) else None
        if said != count:
            told.fault("rows", f"{table}.{ending} should have {said} rows; there are {count}.")


def cells_of(export: Export, table: str, told: Told) -> Iterator[list[str]]:
    """Read a table's CSV, heading first."""
    name = f"{table}.csv"
    if name not in export.names():
        return
    before = csv.field_size_limit(LONGEST_LINE)  # of the whole process: it is put back
    try:
        with export.open(name) as opened:
            words = io.TextIOWrapper(opened, encoding="utf-8-sig", newline="")
            yield from csv.reader(words, strict=True)
    except (csv.Error, ValueError, *BROKEN) as error:
        told.fault("csv", f"{name} cannot be read to its end: {error}.")
    finally:
        csv.field_size_limit(before)


def difference_of(row: Row, heading: list[str], cells: list[str] | None) -> str:
    """Say how a row of the CSV differs from the same row of the JSON Lines; "" when it doesn't."""
    if cells is None:
        return "is not there"
    if list(row) != heading:
        return "has other columns than the heading"
    if len(cells) != len(heading):
        return f"has {len(cells)} cells"
    wrong = [name for at, name in enumerate(heading) if cells[at] != cell(row[name])]
    return f"in {', '.join(wrong)}" if wrong else ""


def cell(value: str | int | None) -> str:
    """Write a value as the CSV must have it: words that a spreadsheet would calculate get a '."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value if value.startswith(BEGINS_A_FORMULA) else value
    return str(value)


def is_number(value: object) -> bool:
    """A whole number that a database holds; True is none."""
    return type(value) is int and -BIGGEST <= value < BIGGEST


def is_day(value: object) -> bool:
    """A real day, such as 2027-05-01."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def is_moment(value: object) -> bool:
    """A real moment in UTC with six digits of a second."""
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


# Who and what the transfers refer to


class Surroundings:
    """Members, groups, accounts and batches by number: few, so they are held in memory."""

    def __init__(self, export: Export, manifest: Row, told: Told) -> None:
        self.told = told
        self.members = self._numbers(rows_that_agree(export, "members", manifest, told), "members")
        self.groups = self._numbers(rows_that_agree(export, "groups", manifest, told), "groups")
        self.batches = self._numbers(rows_that_agree(export, "batches", manifest, told), "batches")
        self.accounts: dict[int, Row] = {}
        self.account_of_member: dict[int, int] = {}
        for row in rows_that_agree(export, "accounts", manifest, told):
            self._account(row)
        for row in rows_that_agree(export, "organisers", manifest, told):
            group, member = row.get("group_id"), row.get("membership_id")
            if group not in self.groups or member not in self.members:
                told.fault("organisers", f"Member {member!r} organises group {group!r}: one of"
                           " the two is not here.")  # fmt: skip

    def _numbers(self, rows: Iterator[Row], table: str) -> set[int]:
        found: set[int] = set()
        for row in rows:
            number = row.get("id")
            if not is_number(number):
                self.told.fault(table, f"A row of {table} has no number: {number!r}.")
            elif number in found:
                self.told.fault(table, f"Number {number} is there twice in {table}.")
            found.add(row.get("id", 0))
        return found

    def _account(self, row: Row) -> None:
        number, kind, member = row.get("id", 0), row.get("kind"), row.get("membership_id")
        if not is_number(number) or not is_number(row.get("balance")):
            self.told.fault("accounts", f"Account {number!r} has no number or no balance.")
            return
        if number in self.accounts:
            self.told.fault("accounts", f"Account {number} is there twice.")
        if kind not in ACCOUNT_KINDS:
            self.told.fault("accounts", f"Account {number} is of no known kind: {kind!r}.")
        if (kind == "member") != (member is not None):
            self.told.fault("accounts", f"Account {number} does not say rightly whose it is.")
        elif member is not None:
            self._holder(number, member)
        if row.get("group_id") is not None and row["group_id"] not in self.groups:
            self.told.fault("accounts", f"Account {number} belongs to a group that is not here.")
        limits = ("kind", "balance", "floor", "ceiling", "closed_at")
        self.accounts[number] = {name: row.get(name) for name in limits}

    def _holder(self, number: int, member: int) -> None:
        if member not in self.members:
            self.told.fault("accounts", f"Account {number} belongs to a member who is not here.")
        if member in self.account_of_member:
            self.told.fault("accounts", f"Member {member} has two accounts.")
        self.account_of_member[member] = number


# The transfers


class Ledger:
    """The transfers, read twice: memory grows with accounts and reversals, hardly with transfers.

    The first look adds up, hashes, and keeps what takes back what; the second looks at those that
    were taken back, and at what was credited again afterwards.
    """

    def __init__(self, around: Surroundings, published: str | None, told: Told) -> None:
        self.around = around
        self.told = told
        self.count = 0
        self.last = 0
        self.sums = dict.fromkeys(around.accounts, 0)
        self.head = "0" * 64
        self.published = published and published.strip().lower()
        self.published_after = 0 if self.published == self.head else None
        self.mirrors: dict[int, Row] = {}
        # By turn or exchange: those with revision 0 (eight bytes each), and the later ones.
        self.first = {"claim": array("q"), "exchange": array("q")}
        self.later: dict[tuple[str, int, int], int] = {}

    def look(self, row: Row) -> None:
        """Take in one transfer, in the order of the numbers."""
        self.count += 1
        wrong = malformed(row)
        if wrong:
            words = f"Transfer {row.get('id')!r} cannot be right in: {', '.join(wrong)}."
            self.told.fault("transfer", words)
            return
        if row["id"] <= self.last:
            words = f"Transfer {row['id']} comes after {self.last}: it is there twice or late."
            self.told.fault("order", words)
        self.last = max(self.last, row["id"])
        self._look_around(row)
        self._look_at_sides(row)
        self._look_at_occasion(row)
        self._hash(row)
        for side, minutes in (("debit_id", -row["minutes"]), ("credit_id", row["minutes"])):
            self.sums[row[side]] = self.sums.get(row[side], 0) + minutes
        self._keep(row)

    def _hash(self, row: Row) -> None:
        line = "\t".join(["" if row[name] is None else str(row[name]) for name in HASHED])
        self.head = hashlib.sha256(f"{self.head}\n{line}".encode()).hexdigest()
        if self.head == self.published:
            self.published_after = self.count

    def _look_around(self, row: Row) -> None:
        """What one transfer must be among accounts, members and batches."""
        number, kind, minutes = row["id"], row["kind"], row["minutes"]
        if not 1 <= minutes <= MOST_MINUTES[kind]:
            words = f"Transfer {number} moves {minutes} minutes; {kind} may be 1"
            self.told.fault("minutes", f"{words} to {MOST_MINUTES[kind]}.")
        if row["debit_id"] == row["credit_id"]:
            self.told.fault("two_accounts", f"Transfer {number} goes from an account to itself.")
        for side in ("debit_id", "credit_id"):
            if row[side] not in self.around.accounts:
                words = f"Transfer {number} names account {row[side]}, which is not here."
                self.told.fault("two_accounts", words)
        if row["created_by"] not in self.around.members:
            self.told.fault("writer", f"Transfer {number} was written by nobody who is here.")
        if row["batch_id"] is not None and row["batch_id"] not in self.around.batches:
            words = f"Transfer {number} belongs to batch {row['batch_id']}, which is not here."
            self.told.fault("batch", words)

    def _look_at_sides(self, row: Row) -> None:
        """Who may pay whom, by its kind."""
        number, kind = row["id"], row["kind"]
        sides = [self.around.accounts.get(row[side], {}) for side in ("debit_id", "credit_id")]
        payer, payee = (account.get("kind") for account in sides)
        if kind not in ANYTHING_GOES and None not in (payer, payee):
            payers, payees = SIDES.get(kind, (ACCOUNT_KINDS, ACCOUNT_KINDS))
            is_opening = "opening" in (payer, payee)
            if payer not in payers or payee not in payees or is_opening != (kind == "opening"):
                words = f"Transfer {number} ({kind}) goes from {payer} to {payee}"
                self.told.fault("sides", f"{words}, and its kind may not.")
        own = self.around.account_of_member.get(row["created_by"])
        if own == row["credit_id"] and kind not in MAY_BE_ONES_OWN:
            words = f"Transfer {number} was written by the member whose account it fills."
            self.told.fault("own_hours", words)

    def _look_at_occasion(self, row: Row) -> None:
        """What one transfer must be by its kind."""
        number, kind = row["id"], row["kind"]
        must = NAMES.get(kind, set())
        for name in OCCASIONS:
            if (row[name] is not None) != (name in must):
                word = "names no" if name in must else "must not name a"
                self.told.fault("occasion", f"Transfer {number} ({kind}) {word} {name}.")
        if row["revision"] is not None and (
            row["revision"] < 0
            or (kind in {"earn", "adjust"} and (kind == "earn") != (row["revision"] == 0))
        ):
            words = f"Transfer {number} ({kind}) cannot be revision {row['revision']}."
            self.told.fault("occasion", words)
        if kind in WITH_A_BATCH and row["batch_id"] is None:
            self.told.fault("occasion", f"Transfer {number} ({kind}) names no batch_id.")
        if row["happened_on"] > row["created_at"][:10]:
            self.told.note("ahead", f"Transfer {number} was written before its day came.")

    def _keep(self, row: Row) -> None:
        """Keep what the second look needs."""
        original = row["reverses_id"]
        if original is not None:
            before = self.mirrors.get(original)
            if before is not None:
                words = f"Transfer {original} is taken back twice: by {before['id']}"
                self.told.fault("reversal", f"{words} and by {row['id']}.")
            names = ("id", "debit_id", "credit_id", "minutes", "happened_on")
            self.mirrors[original] = {name: row[name] for name in names}
        for what, first in self.first.items():
            about, revision = row[f"{what}_id"], row["revision"]
            if about is None or revision is None:
                continue
            if revision == 0:
                first.append(about)
                continue
            other = self.later.setdefault((what, about, revision), row["id"])
            if other != row["id"]:
                words = f"Revision {revision} of {spoken(what)} {about} is there twice: {other}"
                self.told.fault("twice", f"{words} and {row['id']}.")

    def look_again(self, rows: Iterator[Row]) -> None:
        """Go through the transfers a second time."""
        doubled = {what: doubles(first) for what, first in self.first.items()}
        originals: set[int] = set()
        preceded: set[tuple[str, int, int]] = set()
        watched = {about for _, about, _ in self.later}.union(*doubled.values())
        for row in rows:
            mirror = self.mirrors.get(row.get("id", 0))
            if mirror is None and watched.isdisjoint(
                (row.get("claim_id"), row.get("exchange_id"))
            ):
                continue  # nearly all: nothing came after them
            if malformed(row):
                continue
            if mirror is not None:
                originals.add(row["id"])
                self._look_at_mirror(row, mirror)
            for what, doubles_of in doubled.items():
                about, revision = row[f"{what}_id"], row["revision"]
                if revision == 0 and about in doubles_of:
                    words = f"The hours of {spoken(what)} {about} are there twice: transfer"
                    self.told.fault("twice", f"{words} {row['id']} is one of them.")
                key = (what, about, (revision or 0) + 1)
                if about is not None and key in self.later:
                    preceded.add(key)
                    self._look_between(row, mirror, self.later[key])
        self._look_at_rest(originals, preceded)

    def _look_at_mirror(self, row: Row, mirror: Row) -> None:
        number, say = row["id"], self.told.fault
        back = f"Transfer {mirror['id']} takes back {number}"
        if row["kind"] == "reversal":
            say("reversal", f"{back}, which takes back another: that cannot be.")
        there = (row["debit_id"], row["credit_id"], row["minutes"])
        if there != (mirror["credit_id"], mirror["debit_id"], mirror["minutes"]):
            say("reversal", f"{back}, but does not mirror it.")
        if mirror["id"] <= number:
            say("reversal", f"{back}, which came later.")
        if mirror["happened_on"] != row["happened_on"]:
            self.told.note("reversal_day", f"{back}, but is dated {mirror['happened_on']}.")

    def _look_between(self, row: Row, mirror: Row | None, after: int) -> None:
        if mirror is None or not row["id"] < mirror["id"] < after:
            words = f"Transfer {after} credits again what {row['id']} had credited"
            self.told.fault("revision", f"{words}, and no reversal stands between them.")

    def _look_at_rest(self, originals: set[int], preceded: set[tuple[str, int, int]]) -> None:
        for original, mirror in self.mirrors.items():
            if original not in originals:
                words = f"Transfer {mirror['id']} takes back {original}, which is not here."
                self.told.fault("reversal", words)
        for key, number in self.later.items():
            if key not in preceded:
                what, about, revision = key
                words = f"Transfer {number} is revision {revision} of {spoken(what)} {about}"
                self.told.fault("revision", f"{words}, and the one before is not here.")


def malformed(row: Row) -> list[str]:
    """Name the columns of a transfer that cannot be what they should."""
    wrong = [name for name in NUMBERS if not is_number(row.get(name))]
    wrong += [name for name in NUMBERS_OR_NOTHING
              if name not in row or not (row[name] is None or is_number(row[name]))]  # fmt: skip
    if not is_day(row.get("happened_on")):
        wrong.append("happened_on")
    if not is_moment(row.get("created_at")):
        wrong.append("created_at")
    if row.get("kind") not in MOST_MINUTES:
        wrong.append("kind")
    return wrong


def spoken(what: str) -> str:
    """Call a claim what people call it."""
    return "turn" if what == "claim" else what


def doubles(numbers: array[int]) -> set[int]:
    """Find the numbers that come more than once."""
    found: set[int] = set()
    before = None
    for number in sorted(numbers):
        if number == before:
            found.add(number)
        before = number
    return found


# All together


def check_accounts(ledger: Ledger, told: Told) -> None:
    """Every stored balance is the sum of its transfers; limits are only told."""
    for number, account in ledger.around.accounts.items():
        stored, added = account["balance"], ledger.sums[number]
        holds = f"Account {number} holds {stored} minutes"
        if stored != added:
            told.fault("balance", f"{holds}, but its transfers add up to {added}.")
        if is_number(account["floor"]) and stored < account["floor"]:
            told.note("floor", f"{holds}, below its floor: a correction may do that.")
        if is_number(account["ceiling"]) and stored > account["ceiling"]:
            told.note("ceiling", f"{holds}, above its ceiling.")
        if account["closed_at"] is not None and stored != 0:
            told.note("closed", f"{holds}, and is closed.")


def check_totals(ledger: Ledger, manifest: Row, told: Told) -> None:
    """Together: nought, as many entries as were said, and the head that was said."""
    stored = sum(account["balance"] for account in ledger.around.accounts.values())
    said = manifest["ledger"]
    if stored != 0:
        told.fault("sum", f"All balances together are {stored} minutes; they must be 0.")
    if said.get("sum") != 0:
        told.fault("sum", f"The manifest says all balances together are {said.get('sum')}.")
    if said.get("entries") != ledger.count:
        words = f"The manifest says {said.get('entries')} transfers"
        told.fault("entries", f"{words}; there are {ledger.count}.")
    if said.get("head") != ledger.head:
        words = f"The running hash comes to {ledger.head}"
        told.fault("head", f"{words}, and the manifest says {said.get('head')}.")
    if ledger.published and ledger.published_after is None:
        words = f"The running hash never comes to {ledger.published}"
        told.fault("published_head", f"{words}: these are not the books that were published.")
    proof = said.get("last_proof")
    if isinstance(proof, dict) and proof.get("proved") is not True:
        told.note("proof", f"The bank's own last proof ({proof.get('ran_at')}) found a fault.")


def check_memos(rows: Iterator[Row], ledger: Ledger, told: Told) -> None:
    """Words belong to one transfer each, in order, and to one that can be here."""
    last = 0
    for row in rows:
        number = row.get("transfer_id", 0)
        if not is_number(number) or not last < number <= ledger.last:
            words = f"There are words for transfer {number!r}"
            told.fault("memo", f"{words}, which is not here or has some already.")
        else:
            last = number
        if not isinstance(row.get("words"), str) or not row["words"]:
            told.fault("memo", f"The words for transfer {number!r} are empty.")


def verify(path: Path, published: str | None = None) -> tuple[Row, Ledger, Told]:
    """Look at everything -> the manifest, the ledger added up again, and what was found."""
    told = Told()
    export = Export(path)
    manifest = manifest_of(export)
    check_files(export, manifest, told)
    ledger = Ledger(Surroundings(export, manifest, told), published, told)
    for row in rows_that_agree(export, "transfers", manifest, told):
        ledger.look(row)
    ledger.look_again(rows_of(export, "transfers", Told()))
    check_accounts(ledger, told)
    check_totals(ledger, manifest, told)
    check_memos(rows_that_agree(export, "memos", manifest, told), ledger, told)
    return manifest, ledger, told


# The answer


def in_words(manifest: Row, ledger: Ledger, told: Told) -> Iterator[str]:
    """Say it to somebody at a terminal."""
    name, moment = manifest["community"].get("name"), manifest.get("exported_at")
    yield f"The bank of {name}, exported {moment}:"
    sizes = (ledger.count, len(ledger.around.accounts), len(ledger.around.members))
    yield "{:,} transfers between {:,} accounts of {:,} members.".format(*sizes)
    yield from (f"Worth knowing: {sentence}" for sentence in told.sentences(told.notes))
    if told.faults:
        yield from (f"Wrong: {sentence}" for sentence in told.sentences(told.faults))
        yield "The books do not hold."
        return
    yield "Every file is as it was written, and each CSV says the same as its JSON Lines."
    yield "Every balance is the sum of its transfers, and all balances together are 0."
    yield f"The running hash comes to {ledger.head}."
    if ledger.published_after is None:
        yield "Compare it with the one that the bank publishes, or give that one with --head."
    else:
        yield f"The head you gave is the one after {ledger.published_after:,} transfers."
    yield "The books hold."


def as_json(manifest: Row, ledger: Ledger, told: Told) -> str:
    """Say it to a program."""
    answer = {
        "format": FORMAT,
        "holds": not told.faults,
        "community": manifest["community"],
        "exported_at": manifest.get("exported_at"),
        "transfers": ledger.count,
        "accounts": len(ledger.around.accounts),
        "members": len(ledger.around.members),
        "sum_minutes": sum(ledger.sums.values()),
        "head": ledger.head,
        "published_after": ledger.published_after,
        "faults": told.faults,
        "notes": told.notes,
        "counts": told.counts,
    }
    return json.dumps(answer, indent=1)


def say(words: str) -> None:
    """Print a line; what a file says cannot move a terminal's cursor."""
    clean = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in words)
    print(clean)  # noqa: T201 -- a command's output


def main(arguments: list[str]) -> int:
    """Look at an export and tell -> the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("export", type=Path, help="the .zip, or the folder it was unpacked into")
    parser.add_argument("--head", help="a head of the running hash that was published")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    given = parser.parse_args(arguments)
    try:
        manifest, ledger, told = verify(given.export, given.head)
    except UnreadableError as error:
        say(json.dumps({"holds": None, "unreadable": str(error)}) if given.json else str(error))
        return 2
    if given.json:
        say(as_json(manifest, ledger, told))
    else:
        for sentence in in_words(manifest, ledger, told):
            say(sentence)
    return 1 if told.faults else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
