"""Take a whole list back, but for people whom something has happened to since; they are named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.core.text import listed
from timebank.core.text import name_or_number
from timebank.domain.ledger.member_lists import drafts
from timebank.domain.ledger.member_lists.writing import post
from timebank.models import LineFate
from timebank.models import MemberList
from timebank.models import Membership

MOST_NAMED = 8

# What came of a list as such; it goes with it.
ITS_OWN = {"account", "member_list_line", "member_note", "profile", "membership"}
# Rows about somebody who did nothing: they keep the bare membership, but do not stop an undo. Who
# chose their mails, or asked to hear of an event, did something.
QUIET = {"mail_suppression", "notice", "sign_in_request"}

PEOPLE = sa.text("""
SELECT l.fate, m.id, m.person_id, a.id, l.transfer_id, now.id, p.full_name,
       EXISTS (SELECT FROM membership other
                WHERE other.person_id = m.person_id AND other.id <> m.id) AS is_elsewhere
  FROM member_list_line l
  JOIN membership m ON m.id = l.membership_id
  LEFT JOIN account a ON a.membership_id = m.id
  LEFT JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN (
    -- A correction stands in the same batch, between the same two accounts.
    SELECT t.id, CASE WHEN b.kind = 'opening' THEN t.credit_id ELSE t.debit_id END AS account_id
      FROM transfer t
      JOIN account b ON b.id = t.debit_id
     WHERE t.batch_id = :batch_id
       AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)) now
    ON now.account_id = a.id AND l.transfer_id IS NOT NULL
 WHERE l.list_id = :list_id AND l.fate IN ('new', 'known', 'back')
   AND (l.fate <> 'known' OR l.transfer_id IS NOT NULL)
 ORDER BY l.number
""")

# Who has come back and been here since: only their leaving could be undone, not what they do.
BEEN_HERE = sa.text("""
SELECT m.id FROM membership m
 WHERE m.id = ANY(:members)
   AND (EXISTS (SELECT FROM sign_in s WHERE s.person_id = m.person_id AND s.created_at > :at)
     OR EXISTS (SELECT FROM claim c WHERE c.membership_id = m.id AND c.created_at > :at)
     OR EXISTS (SELECT FROM post o WHERE o.membership_id = m.id AND o.created_at > :at)
     OR EXISTS (SELECT FROM exchange x
                 WHERE m.id IN (x.helper_id, x.helped_id) AND x.created_at > :at))
""")

# What of the list itself moved, brought forward or put right since, is no use of it.
MOVED_SINCE = sa.text("""
WITH moved AS (
  SELECT l.account_id, t.id, t.batch_id, t.reverses_id
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:openings AS bigint[]))
         AS l (account_id, opening)
    CROSS JOIN LATERAL (
      SELECT * FROM transfer d WHERE d.debit_id = l.account_id AND d.id > l.opening
      UNION ALL
      SELECT * FROM transfer c WHERE c.credit_id = l.account_id AND c.id > l.opening) t)
SELECT DISTINCT account_id FROM moved
 WHERE batch_id IS DISTINCT FROM :batch_id
   AND NOT EXISTS (SELECT FROM transfer o
                    WHERE o.id = moved.reverses_id AND o.batch_id = :batch_id)
""")

# People, then their places here, then accounts, each in the order of their numbers: as everybody
# queues up who leaves or moves minutes. Nothing happens to them then until this is done.
QUEUE = [
    """SELECT FROM person WHERE id IN (
          SELECT m.person_id FROM member_list_line l JOIN membership m ON m.id = l.membership_id
           WHERE l.list_id = :list_id)
        ORDER BY id FOR NO KEY UPDATE""",
    """SELECT FROM membership WHERE id IN (
          SELECT membership_id FROM member_list_line WHERE list_id = :list_id)
        ORDER BY id FOR NO KEY UPDATE""",
    """SELECT FROM account
        WHERE membership_id IN (
          SELECT membership_id FROM member_list_line WHERE list_id = :list_id)
           OR kind = 'opening' AND community_id = :community_id
        ORDER BY id FOR NO KEY UPDATE""",
]

# Every column anywhere that points at a membership or a person, as the database knows them: so
# that no table that comes later is forgotten here.
POINTERS = sa.text("""
SELECT quote_ident(r.relname), quote_ident(a.attname), k.confrelid = 'person'::regclass
  FROM pg_constraint k
  JOIN pg_class r ON r.oid = k.conrelid
  CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS u (here, there)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.here
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.there AND b.attname = 'id'
 WHERE k.contype = 'f' AND k.confrelid IN ('membership'::regclass, 'person'::regclass)
 GROUP BY 1, 2, 3
""")

REVERSALS = sa.text("""
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                      reverses_id, happened_on, created_by, created_at)
SELECT left(encode(sha256(format('reversal:%s', t.id)::bytea), 'hex'), 32)::uuid,
       t.community_id, t.credit_id, t.debit_id, t.minutes, 'reversal', t.id, t.happened_on,
       :by, :now
  FROM transfer t
 WHERE t.id = ANY(:openings)
 ORDER BY greatest(t.debit_id, t.credit_id)
""")

# Why limits changed is kept, and so is the bare number of whose they are.
LIMITS_CHANGED = sa.text("""
SELECT a.membership_id FROM limit_change l JOIN account a ON a.id = l.account_id
 WHERE a.membership_id = ANY(:members)
""")
FORGET_NOTES = sa.text("""
DELETE FROM member_note WHERE membership_id = ANY(:members) AND (list_id = :list_id OR :whole)
""")
LET_GO = [
    "UPDATE member_list_line SET membership_id = NULL WHERE membership_id = ANY(:gone)",
    "DELETE FROM account WHERE membership_id = ANY(:gone)",
    "DELETE FROM membership WHERE id = ANY(:gone)",
    "DELETE FROM mail_suppression WHERE person_id = ANY(:nameless)",
    "DELETE FROM profile WHERE person_id = ANY(:nameless)",
    "DELETE FROM person WHERE id = ANY(:nobody)",
    """UPDATE person SET erased_at = :now
        WHERE id = ANY(:nameless) AND erased_at IS NULL""",
    """UPDATE membership SET standing = 'left', left_at = coalesce(left_at, :now),
              approved_at = NULL, paused_at = NULL, paused_until = NULL
        WHERE id = ANY(:left)""",
    """UPDATE account SET closed_at = :now
        WHERE membership_id = ANY(:left) AND balance = 0 AND closed_at IS NULL""",
    """DELETE FROM memo m USING transfer t, account a
        WHERE m.transfer_id = t.id AND a.id IN (t.debit_id, t.credit_id)
          AND a.membership_id = ANY(:nameless_members)""",
]

# Who was only a guest of the rota before the list came is one again.
GUESTS_AGAIN = sa.text("""
UPDATE membership SET approved_at = NULL
 WHERE approved_at = :at AND id <> ALL(CAST(:used AS bigint[]))
   AND id IN (SELECT membership_id FROM member_list_line
               WHERE list_id = :list_id AND fate = 'known')
""")

# Made a coordinator since, say: that is nothing which a list does.
RUN_THE_PLACE = sa.text("""
SELECT m.id FROM membership m JOIN member_list_line l ON l.membership_id = m.id
 WHERE m.id = ANY(:members) AND l.fate <> 'known' AND m.standing NOT IN ('resident', 'left')
""")

# Whom the list made a member, and who was not let go: whoever came back later is no part of it.
STILL_HERE = sa.text("""
SELECT m.id FROM membership m JOIN member_list_line l ON l.membership_id = m.id
 WHERE l.list_id = :list_id AND l.fate IN ('new', 'back')
   AND m.standing <> 'left' AND m.approved_at <= :at
""")

# Names of tables and columns come from the database's own catalogue.
POINTS = "SELECT {column} AS id, {is_quiet} AS is_quiet FROM {table} WHERE {column} = ANY(:{whom})"


class NothingToUndo(Conflict):
    """This list hasn't been taken in yet."""


class UsedSince(Refused):
    """Some of them have done things here since. They would stay, and their hours with them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{listed(names)} have done things here since."
            " They and their hours would stay; all the others can go."
        )
        self.names = names


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom a line of the list brought in, or brought hours for.

    Attributes:
        transfer_id: The entry that brought their hours forward.
        standing_id: The one that stands: that, or what it was put right to; None: nothing does.
    """

    fate: LineFate
    membership_id: int
    person_id: int
    account_id: int | None
    transfer_id: int | None
    standing_id: int | None
    full_name: str | None
    is_elsewhere: bool


def undo(
    session: Session,
    *,
    made: MemberList,
    by: Membership,
    now: dt.datetime,
    keeps_used: bool = False,
) -> None:
    """Reverse its hours, and let go of whom it made. Twice is the same as once.

    Whoever had hours stays as a bare number, as the books do; the others are gone entirely. Names,
    addresses and notes are gone in either case.

    Args:
        keeps_used: Let those stay whom something has happened to since, with their hours.

    Raises:
        NotFound: `by` is no coordinator here.
        NothingToUndo: It was never taken in.
        UsedSince: Something has happened to some of them since, and they were not to be kept.
        ReadOnly: The books of an account are being looked into.
    """
    drafts.require_coordinator(by, community_id=made.community_id)
    drafts.lock(session, made)
    for statement in QUEUE:
        session.execute(sa.text(statement), {"list_id": made.id, "community_id": by.community_id})
    if made.written_at is None:
        raise NothingToUndo
    if made.undone_at is not None:
        return
    people = _people(session, made)
    heard = _heard(session, people)
    used = _used(session, made, people, heard)
    if used and not keeps_used:
        raise UsedSince(_named([one for one in people if one.membership_id in used]))
    going = [one for one in people if one.membership_id not in used]
    openings = [one.standing_id for one in going if one.standing_id]
    post(session, REVERSALS, {"openings": openings, "by": by.id, "now": now})
    _let_go(session, made, going, heard, now)
    session.execute(GUESTS_AGAIN, {"list_id": made.id, "at": made.written_at, "used": list(used)})
    made.undone_at = now
    session.flush()


def staying(session: Session, made: MemberList) -> list[str]:
    """Name whom an undo left here, with their hours, as coordinators see them."""
    here = set(session.scalars(STILL_HERE, {"list_id": made.id, "at": made.undone_at}))
    people = _people(session, made)
    return _named([one for one in people if one.standing_id or one.membership_id in here])


def _people(session: Session, made: MemberList) -> list[Somebody]:
    rows = session.execute(PEOPLE, {"list_id": made.id, "batch_id": made.batch_id})
    return [Somebody(LineFate(fate), *rest) for fate, *rest in rows]


def _named(people: Sequence[Somebody]) -> list[str]:
    names = [name_or_number(one.full_name, one.membership_id) for one in people]
    more = len(names) - MOST_NAMED
    return [*names[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]


def _used(
    session: Session, made: MemberList, people: Sequence[Somebody], heard: Mapping[int, bool]
) -> set[int]:
    """Find whom something has happened to since: their hours moved, or they did something."""
    accounts = {one.account_id: one for one in people if one.account_id is not None}
    values = {
        "accounts": list(accounts),
        "openings": [one.transfer_id or 0 for one in accounts.values()],
        "batch_id": made.batch_id,
    }
    moved = session.scalars(MOVED_SINCE, values)
    used = {accounts[account_id].membership_id for account_id in moved}
    used |= {membership_id for membership_id, did_something in heard.items() if did_something}
    used |= set(session.scalars(RUN_THE_PLACE, {"members": [one.membership_id for one in people]}))
    back = [one.membership_id for one in people if one.fate is LineFate.BACK]
    return used | set(session.scalars(BEEN_HERE, {"members": back, "at": made.written_at}))


def _heard(session: Session, people: Sequence[Somebody]) -> dict[int, bool]:
    """Find whom a row of any other table points at -> whether they did something themselves."""
    new = [one for one in people if one.fate is LineFate.NEW]
    member_of = {one.person_id: one.membership_id for one in new if not one.is_elsewhere}
    values = {"members": [one.membership_id for one in new], "people": list(member_of)}
    pointers = [tuple(row) for row in session.execute(POINTERS) if row[0] not in ITS_OWN]
    heard: dict[int, bool] = {}
    for whom in ("members", "people"):
        at_them = [one for one in pointers if one[2] is (whom == "people")]
        for number, is_quiet in session.execute(_union(at_them, whom), values):
            membership_id = member_of[number] if whom == "people" else number
            heard[membership_id] = heard.get(membership_id, False) or not is_quiet
    return heard


def _union(pointers: Sequence[tuple[str, str, bool]], whom: str) -> sa.TextClause:
    parts = [
        POINTS.format(table=table, column=column, whom=whom, is_quiet=table in QUIET)
        for table, column, _ in pointers
    ]
    return sa.text(" UNION ".join(parts))


def _let_go(
    session: Session,
    made: MemberList,
    going: Sequence[Somebody],
    heard: Collection[int],
    now: dt.datetime,
) -> None:
    new = [one for one in going if one.fate is LineFate.NEW]
    known = set(session.scalars(LIMITS_CHANGED, {"members": [one.membership_id for one in new]}))
    gone = [
        one
        for one in new
        if one.transfer_id is None
        and one.membership_id not in heard
        and one.membership_id not in known
    ]
    left = [one for one in going if one.fate is not LineFate.KNOWN and one not in gone]
    nameless = [one for one in new if not one.is_elsewhere]
    notes = {"list_id": made.id, "members": [one.membership_id for one in going], "whole": False}
    session.execute(FORGET_NOTES, notes)
    new_members = [one.membership_id for one in new]
    session.execute(FORGET_NOTES, {**notes, "members": new_members, "whole": True})
    values = {
        "gone": [one.membership_id for one in gone],
        "nameless": [one.person_id for one in nameless],
        "nobody": [one.person_id for one in gone if not one.is_elsewhere],
        "left": [one.membership_id for one in left],
        "nameless_members": [one.membership_id for one in nameless],
        "now": now,
    }
    for statement in LET_GO:
        session.execute(sa.text(statement), values)
