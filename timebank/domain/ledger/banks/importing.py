"""Bringing a bank into an empty community: everybody, every account, every entry.

Entries keep their days, moments, order and reversals; the turns and exchanges they were for stay
behind, so their kind is `imported`. The rows are copied into tables of this transaction, given
their new numbers there, and written in a handful of statements: all of it, or nothing.

Only whoever owns the tables may do this (the command `timebank import-bank`): it draws numbers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import IO

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.domain.ledger.banks import statements
from timebank.domain.ledger.banks.reading import BankFile
from timebank.domain.ledger.banks.reading import NotAsWritten
from timebank.domain.ledger.banks.tables import TABLES
from timebank.domain.ledger.banks.tables import Table
from timebank.models import Batch
from timebank.models import BatchKind
from timebank.models import Community

LONGEST_TITLE = 120


class NotEmpty(Refused):
    """There is something in that community already. Bring a bank into a new one."""


class NobodyCoordinates(Refused):
    """Nobody coordinates that community, nor did anybody in the file. Name a coordinator first."""


class NotTheOwner(NotAllowed):
    """Only whoever owns the database's tables can bring a bank in."""


@dataclass(frozen=True, slots=True)
class Brought:
    """How much a bank held: all of it is in now, and every balance is the file's."""

    members: int
    groups: int
    accounts: int
    entries: int


def import_bank(
    session: Session, *, community: Community, file: IO[bytes], now: dt.datetime
) -> Brought:
    """Bring an exported bank into a community that holds coordinators at most.

    People are known by their e-mail: whoever is here already is the same person. Coordinators of
    this community stay coordinators.

    Raises:
        NotABank: When the file is none.
        NotEmpty: When the community has been used.
        NotAsWritten: When a file's digest, the running hash, or a balance is not what was
            written, or the books would not allow an entry.
        NobodyCoordinates: When there is nobody to have brought it.
        NotTheOwner: When the session's role may not number rows itself.
    """
    bank = BankFile(file)
    here = {"community": community.id, "now": now}
    session.execute(statements.LOCK, here)
    if not session.execute(statements.IS_EMPTY, here).scalar_one():
        raise NotEmpty
    try:
        for table in TABLES:
            _copy(session, table, bank)
        _write(session, bank, here)
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise NotTheOwner from error
        raise NotAsWritten(_what_is_wrong(error.orig)) from error
    except (psycopg.DatabaseError, UnicodeEncodeError) as error:
        raise NotAsWritten(_what_is_wrong(error)) from error
    return Brought(**session.execute(statements.BROUGHT).mappings().one())


def _copy(session: Session, table: Table, bank: BankFile) -> None:
    """Copy a table's rows into the room made for them; the driver alone can do that."""
    session.execute(sa.text(table.brought))
    columns = ", ".join(table.columns)
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(connection)
    into = f"COPY brought_{table.name} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(into.encode()) as copy:
        for row in bank.rows(table):
            copy.write_row(row)
    session.execute(sa.text(f"ANALYZE brought_{table.name}"))


def _write(session: Session, bank: BankFile, here: dict[str, object]) -> None:
    for statement in statements.PEOPLE_AND_ACCOUNTS:
        session.execute(statement, here)
    by = session.execute(statements.COORDINATOR, here).scalar_one_or_none()
    if by is None:
        raise NobodyCoordinates
    session.execute(statements.LIMITS, {**here, "by": by})
    batch = session.execute(sa.insert(Batch).returning(Batch.id), _batch(bank, by, here))
    here = {**here, "batch": batch.scalar_one()}
    for statement in statements.ENTRIES:
        session.execute(statement, here)
    if session.execute(statements.WRONG_BALANCES).scalar_one():
        raise NotAsWritten("The balances in that file are not the sums of its transfers.")


def _batch(bank: BankFile, by: int, here: dict[str, object]) -> dict[str, object]:
    """What ties everything together that came in; the same books come in once."""
    now = here["now"]
    return {
        "community_id": here["community"],
        "kind": BatchKind.BANK_IMPORT,
        "title": f"The books of {bank.name}"[:LONGEST_TITLE],
        "happened_on": now.date() if isinstance(now, dt.datetime) else now,
        "idempotency_key": uuid.uuid5(uuid.NAMESPACE_URL, f"{here['community']}:{bank.head}"),
        "created_by": by,
        "created_at": now,
    }


def _what_is_wrong(error: BaseException | None) -> str:
    """Say which rule of the database the file breaks, for whoever has to look into it."""
    broken = getattr(getattr(error, "diag", None), "constraint_name", None)
    about = f"it breaks the rule {broken}" if broken else str(error).partition("\n")[0]
    return f"Something in that file can’t be right: {about}. Nothing was brought in."
