"""Keep a member list until it is taken in, and no longer: it is full of names and addresses."""

from __future__ import annotations

import datetime as dt
import hashlib

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm import defer

from timebank.core import clock
from timebank.core.csv_tables import Table
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain.ledger.member_lists.matching import match
from timebank.domain.ledger.member_lists.reading import MemberTable
from timebank.domain.ledger.member_lists.reading import read_rows
from timebank.domain.ledger.member_lists.understanding import Line
from timebank.domain.ledger.member_lists.understanding import understand
from timebank.models import Community
from timebank.models import MemberList
from timebank.models import Membership
from timebank.models import Standing

LONGEST_FILE_NAME = 200
MOST_SHOWN = 10
MOST_DOUBTS = 300  # lines: nobody answers more on one page
KEPT_FOR = dt.timedelta(days=1)


class TooManyDoubts(Refused):
    """More than 300 lines can't be read as they are. Look at the columns, and bring it again."""


def require_coordinator(by: Membership, *, community_id: int) -> None:
    """Let only a coordinator of the community pass.

    Raises:
        NotFound: Anybody else: a stranger learns nothing.
    """
    if by.community_id != community_id or by.standing is not Standing.COORDINATOR:
        raise NotFound


def start(
    session: Session,
    *,
    community: Community,
    table: Table,
    file_name: str,
    by: Membership,
    now: dt.datetime,
) -> MemberList:
    """Keep a list that can be read; nothing of it is written yet.

    Raises:
        NotFound: `by` is no coordinator here.
        NoHeadings, NoPeople, TooManyPeople: See `read_rows`.
        TooManyDoubts: Most of it makes no sense.
    """
    require_coordinator(by, community_id=community.id)
    today = clock.local_date(now, community.timezone)
    lines = [understand(row, today=today) for row in read_rows(table).rows]
    planned = match(lines, members=(), answers={}, today=today)
    if sum(not one.is_plain for one in planned) > MOST_DOUBTS:
        raise TooManyDoubts
    forget(session, now=now)
    rows = [list(row) for row in table.rows]
    made = MemberList(
        community_id=community.id,
        made_by=by.id,
        file_name=file_name[:LONGEST_FILE_NAME],
        digest=hashlib.sha256(repr(rows).encode()).digest(),
        cells=rows,
        made_at=now,
    )
    session.add(made)
    session.flush()
    return made


def find(session: Session, *, community_id: int, list_id: int) -> MemberList:
    """Find a list that was brought here.

    Raises:
        NotFound: None was, under this number.
    """
    made = session.scalars(
        sa.select(MemberList).where(
            MemberList.id == list_id, MemberList.community_id == community_id
        )
    ).one_or_none()
    if made is None:
        raise NotFound
    return made


def taken_in(session: Session, *, community_id: int) -> list[MemberList]:
    """Read what was taken in and stands, the newest first."""
    found = session.scalars(
        sa.select(MemberList)
        .options(defer(MemberList.cells))
        .where(
            MemberList.community_id == community_id,
            MemberList.written_at.is_not(None),
            MemberList.undone_at.is_(None),
        )
        .order_by(MemberList.written_at.desc(), MemberList.id.desc())
        .limit(MOST_SHOWN)
    )
    return list(found)


def taken_in_as(session: Session, made: MemberList) -> dt.datetime | None:
    """Tell when the very same list was last taken in and not undone; None: it wasn't."""
    return session.scalar(
        sa.select(sa.func.max(MemberList.written_at)).where(
            MemberList.community_id == made.community_id,
            MemberList.digest == made.digest,
            MemberList.id != made.id,
            MemberList.undone_at.is_(None),
        )
    )


def lock(session: Session, made: MemberList) -> None:
    """Queue up: lists come in one after the other, and a second tap finds what the first has done.

    Two at once could make one person twice, who has no e-mail.
    """
    session.execute(
        sa.select(Community.id)
        .where(Community.id == made.community_id)
        .with_for_update(key_share=True)
    )
    session.refresh(made, with_for_update=True)


def can_be_read(made: MemberList) -> bool:
    """Whether anybody is left on a list: erasing people takes their lines out of it."""
    try:
        return bool(_rows(made).rows)
    except Refused:
        return False


def read_again(made: MemberList, *, timezone: str) -> tuple[MemberTable, list[Line]]:
    """Read the lines as on the day they came."""
    table = _rows(made)
    today = clock.local_date(made.made_at, timezone)
    return table, [understand(row, today=today) for row in table.rows]


def _rows(made: MemberList) -> MemberTable:
    rows = tuple(map(tuple, made.cells or ()))
    return read_rows(Table(rows=rows, encoding="", separator=""))


def forget(session: Session, *, now: dt.datetime) -> int:
    """Delete lists that nobody has taken in within a day -> how many."""
    gone = session.execute(
        sa.delete(MemberList).where(
            MemberList.written_at.is_(None), MemberList.made_at < now - KEPT_FOR
        )
    )
    return gone.rowcount  # type: ignore[attr-defined, no-any-return]  # a deletion has one
