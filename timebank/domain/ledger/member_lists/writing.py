"""Take a member list in: everybody and their hours, in a dozen statements however long it is."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import TimebankError
from timebank.domain import communities
from timebank.domain.ledger.accounts import lock_accounts
from timebank.domain.ledger.member_lists import drafts
from timebank.domain.ledger.member_lists import planning
from timebank.domain.ledger.member_lists.matching import Answers
from timebank.domain.ledger.member_lists.matching import Fate
from timebank.domain.ledger.member_lists.matching import Planned
from timebank.domain.ledger.transfers import REFUSALS
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Batch
from timebank.models import BatchKind
from timebank.models import Community
from timebank.models import LineFate
from timebank.models import MemberList
from timebank.models import Membership

TITLE = "Hours brought forward"
BIGINTS = sa.ARRAY(sa.BigInteger)
KEYS = uuid.UUID("6f1f5d5e-0d0b-4b57-9d0e-3c6f6a1f1870")  # the name space of these batches' keys

ELSEWHERE = sa.text("SELECT email, person_id FROM profile WHERE email = ANY(:emails)")

PEOPLE = sa.text("""
INSERT INTO person (created_at)
SELECT CAST(:now AS timestamptz) FROM generate_series(1, :many)
RETURNING id
""")

PROFILES = sa.text("""
INSERT INTO profile (person_id, full_name, email, phone)
SELECT * FROM unnest(CAST(:people AS bigint[]), CAST(:names AS text[]),
                     CAST(:emails AS text[]), CAST(:phones AS text[]))
ON CONFLICT ON CONSTRAINT one_person_per_email DO NOTHING
RETURNING person_id
""")

MEMBERSHIPS = sa.text("""
INSERT INTO membership (community_id, person_id, created_at, approved_at)
SELECT :community_id, person, joined, joined
  FROM unnest(CAST(:people AS bigint[]), CAST(:joined AS timestamptz[])) AS l (person, joined)
ON CONFLICT ON CONSTRAINT one_membership_per_person DO NOTHING
RETURNING person_id, id
""")

COME_BACK = sa.text("""
UPDATE membership SET standing = 'resident', left_at = NULL, approved_at = :now
 WHERE id = ANY(:members) AND standing = 'left'
RETURNING id
""")

# Whoever is on the list is a member of the time bank, and no longer a guest of the rota alone.
APPROVE = sa.text("""
UPDATE membership SET approved_at = :now
 WHERE id = ANY(:members) AND approved_at IS NULL
""")

REOPEN = sa.text("""
UPDATE account SET closed_at = NULL
 WHERE membership_id = ANY(:members) AND closed_at IS NOT NULL
""")

# Once for each member: the key counts their openings, and those that stand were left out by the
# plan. Below zero the hours go the other way. The accounts were locked ahead of it.
OPENINGS = sa.text("""
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind, batch_id,
                      happened_on, created_by, created_at)
SELECT left(encode(sha256(format('opening:%s:%s', a.id, r.earlier)::bytea), 'hex'), 32)::uuid,
       a.community_id,
       CASE WHEN l.minutes > 0 THEN b.id ELSE a.id END,
       CASE WHEN l.minutes > 0 THEN a.id ELSE b.id END,
       abs(l.minutes), 'opening', :batch_id, :today, :by, :now
  FROM unnest(CAST(:members AS bigint[]), CAST(:minutes AS int[])) AS l (member, minutes)
  JOIN account a ON a.membership_id = l.member
  JOIN account b ON b.community_id = a.community_id AND b.kind = 'opening'
  CROSS JOIN LATERAL (
    SELECT count(*) AS earlier FROM transfer t
     WHERE t.kind = 'opening' AND (t.credit_id = a.id OR t.debit_id = a.id)) r
 ORDER BY a.id
ON CONFLICT ON CONSTRAINT same_intent_once DO NOTHING
""")

NOTES = sa.text("""
INSERT INTO member_note (community_id, membership_id, words, written_by, list_id, created_at)
SELECT :community_id, member, words, :by, :list_id, :now
  FROM unnest(CAST(:members AS bigint[]), CAST(:notes AS text[])) AS l (member, words)
""")

# The line of a twin names its person and no transfer: that belongs to the line above.
LINES = sa.text("""
INSERT INTO member_list_line (list_id, number, community_id, fate, membership_id, transfer_id)
SELECT :list_id, l.number, :community_id, l.fate, l.member, t.id
  FROM unnest(CAST(:numbers AS int[]), CAST(:fates AS text[]), CAST(:members AS bigint[]))
       AS l (number, fate, member)
  LEFT JOIN account a ON a.membership_id = l.member AND l.fate <> 'same'
  LEFT JOIN (
    SELECT t.id, CASE WHEN b.id = t.debit_id THEN t.credit_id ELSE t.debit_id END AS account_id
      FROM transfer t
      JOIN account b ON b.community_id = t.community_id AND b.kind = 'opening'
     WHERE t.batch_id = :batch_id) t ON t.account_id = a.id
""")


class ChangedMeanwhile(Conflict):
    """Somebody on the list joined a moment before you. Look at the list again."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """What every statement needs."""

    session: Session
    made: MemberList
    community: Community
    by: Membership
    now: dt.datetime

    @property
    def values(self) -> dict[str, object]:
        """The parameters that most statements share."""
        return {
            "community_id": self.community.id,
            "list_id": self.made.id,
            "by": self.by.id,
            "now": self.now,
        }


def write(
    session: Session, *, made: MemberList, answers: Answers, by: Membership, now: dt.datetime
) -> None:
    """Take the list in as it was understood and answered, once; then forget its cells.

    Members who are here already stay as they are; hours are brought forward for each once only.

    Raises:
        NotFound: `by` is no coordinator here.
        StillInDoubt: Something has to be said first; it carries the plan and what is missing.
        ChangedMeanwhile: Somebody joined in this very moment.
        ReadOnly, AccountClosed: An account can't take hours now.
    """
    drafts.require_coordinator(by, community_id=made.community_id)
    drafts.lock(session, made)
    if made.written_at is not None:
        return
    plan = planning.plan(session, made=made, answers=answers, now=now)
    problems = plan.problems()
    if problems:
        raise planning.StillInDoubt(plan, problems)
    made.cells = None
    made.written_at = now
    community = session.get_one(Community, made.community_id)
    writer = _Writer(session, made, community, by, now)
    members = _write_people(writer, plan.lines)
    back = _welcome_back(writer, plan.lines)
    hours = {members[number]: most for number, most in plan.minutes().items()}
    _queue(writer, {*back, *hours})
    session.execute(REOPEN, {"members": list(back)})
    _bring_hours(writer, hours)
    _write_notes(writer, plan.lines, members)
    _write_lines(writer, plan.lines, members, back)
    session.flush()


def _write_people(writer: _Writer, lines: Sequence[Planned]) -> dict[int, int]:
    """Write down everybody new -> the membership of each line that is somebody, by its number."""
    session = writer.session
    newcomers = [one for one in lines if one.fate is Fate.NEW]
    emails = [one.email for one in newcomers if one.email]
    # Somebody of another community has one profile for both; it stays as they know it.
    people: dict[str, int] = dict(session.execute(ELSEWHERE, {"emails": emails}).all())
    unknown = [one for one in newcomers if one.email not in people]
    numbers = session.scalars(PEOPLE, {"now": writer.now, "many": len(unknown)}).all()
    _write_profiles(session, numbers, unknown)
    person_of = dict(zip((one.number for one in unknown), numbers, strict=True))
    person_of |= {one.number: people[one.email] for one in newcomers if one.email in people}
    joined = [_joined_at(one, writer) for one in newcomers]
    persons = [person_of[one.number] for one in newcomers]
    values = {**writer.values, "people": persons, "joined": joined}
    member_of: dict[int, int] = dict(session.execute(MEMBERSHIPS, values).all())
    if len(member_of) != len(newcomers):
        raise ChangedMeanwhile
    members = {one.number: member_of[person_of[one.number]] for one in newcomers}
    communities.open_accounts(
        session, community_id=writer.community.id, membership_ids=list(members.values())
    )
    for one in lines:
        if one.fate is Fate.KNOWN and one.known:
            members[one.number] = one.known.membership_id
    return members


def _write_profiles(session: Session, people: Sequence[int], lines: Sequence[Planned]) -> None:
    values = {
        "people": list(people),
        "names": [one.line.name for one in lines],
        "emails": [one.email for one in lines],
        "phones": [one.line.phone for one in lines],
    }
    if len(session.scalars(PROFILES, values).all()) != len(lines):
        raise ChangedMeanwhile


def _joined_at(one: Planned, writer: _Writer) -> dt.datetime:
    """Tell since when somebody belongs: the day on the list began, or else now."""
    if one.line.joined is None:
        return writer.now
    return clock.at_local(one.line.joined, dt.time(), writer.community.timezone)


def _welcome_back(writer: _Writer, lines: Sequence[Planned]) -> set[int]:
    """Make members of the time bank of all who are known -> whoever of them had left."""
    members = [one.known.membership_id for one in lines if one.fate is Fate.KNOWN and one.known]
    values = {"members": members, "now": writer.now}
    back = set(writer.session.scalars(COME_BACK, values))
    writer.session.execute(APPROVE, values)
    return back


def _queue(writer: _Writer, members: Collection[int]) -> None:
    """Lock the accounts of these members and the one their hours come from, by their numbers.

    A statement that posts many would lock two for each row: not in one order, where the account
    that hours come from has a higher number than a member's.
    """
    opening = Account.kind == AccountKind.OPENING
    found = writer.session.scalars(
        sa.select(Account.id).where(
            Account.community_id == writer.community.id,
            sa.or_(opening, Account.membership_id == sa.any_(sa.literal(list(members), BIGINTS))),
        )
    )
    lock_accounts(writer.session, found.all())


def _bring_hours(writer: _Writer, minutes: Mapping[int, int]) -> None:
    """Post one opening entry for each member who has some, in one batch."""
    if not minutes:
        return
    session, now = writer.session, writer.now
    batch = Batch(
        community_id=writer.community.id,
        kind=BatchKind.MEMBER_IMPORT,
        title=TITLE,
        happened_on=clock.local_date(now, writer.community.timezone),
        idempotency_key=uuid.uuid5(KEYS, str(writer.made.id)),
        created_by=writer.by.id,
        created_at=now,
    )
    session.add(batch)
    session.flush()
    values = {
        **writer.values,
        "batch_id": batch.id,
        "today": batch.happened_on,
        "members": list(minutes),
        "minutes": list(minutes.values()),
    }
    post(session, OPENINGS, values)
    writer.made.batch_id = batch.id


def post(session: Session, statement: sa.TextClause, values: Mapping[str, object]) -> None:
    """Run a statement that writes transfers; what the database refuses is refused in words.

    Raises:
        ReadOnly, AccountClosed, AlreadyReversed: See `timebank.domain.ledger.transfers`.
    """
    try:
        with session.begin_nested():
            session.execute(statement, values)
    except IntegrityError as error:
        name = error.orig.diag.constraint_name  # type: ignore[union-attr]
        refusal: type[TimebankError] | None = REFUSALS.get(name)
        if refusal is None:
            raise
        raise refusal from error


def _write_notes(writer: _Writer, lines: Sequence[Planned], members: Mapping[int, int]) -> None:
    """Keep what coordinators noted, also where two lines are one person."""
    noted = [
        (members[_somebody(one)], one.line.row.notes)
        for one in lines
        if one.line.row.notes and one.fate is not Fate.OUT
    ]
    values = {"members": [member for member, _ in noted], "notes": [words for _, words in noted]}
    writer.session.execute(NOTES, {**writer.values, **values})


def _write_lines(
    writer: _Writer, lines: Sequence[Planned], members: Mapping[int, int], back: set[int]
) -> None:
    found = [None if one.fate is Fate.OUT else members[_somebody(one)] for one in lines]
    fates = [_fate(one, member in back) for one, member in zip(lines, found, strict=True)]
    values = {
        "batch_id": writer.made.batch_id,
        "numbers": [one.number for one in lines],
        "fates": [fate.value for fate in fates],
        "members": found,
    }
    writer.session.execute(LINES, {**writer.values, **values})


def _fate(one: Planned, is_back: bool) -> LineFate:  # noqa: FBT001 - one of two facts
    if one.fate is Fate.KNOWN:
        return LineFate.BACK if is_back else LineFate.KNOWN
    return {
        Fate.NEW: LineFate.NEW,
        Fate.SAME: LineFate.SAME,
        Fate.ADDED: LineFate.SAME,
        Fate.OUT: LineFate.OUT,
    }[one.fate]


def _somebody(one: Planned) -> int:
    """Name the line that is the person: its own, or the one above that it repeats."""
    is_twin = one.fate in {Fate.SAME, Fate.ADDED}
    return one.twin if is_twin and one.twin is not None else one.number
