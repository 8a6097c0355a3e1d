"""Addresses that refuse our mail: nothing but sign-in mails goes there, until somebody says so.

A mail server that says "no such mailbox" is believed at once; any other refusal for good counts
when it comes twice within a season, a day apart at least: one bad hour of a server speaks against
no address. What is refused for what it says, or for who we are, is no
fault of the address. A suppression is of an address, by its digest: whoever has another one is
written to again without anybody's doing.

Source: RFC 3463 (status codes).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import MailSuppression

# No such mailbox; moved, and nobody knows where to; a domain that takes no mail at all.
SURE = frozenset({"5.1.1", "5.1.6", "5.1.10"})
# X.1 is about the address, X.2 about the mailbox; the others about the system, the way there, the
# protocol, what was written, and rules of theirs.
OF_THE_ADDRESS = ("5.1.", "5.2.", "5.0.")
# Too large for the mailbox; our own address: the recipient's has done nothing.
NOT_OF_THE_ADDRESS = frozenset({"5.1.7", "5.1.8", "5.2.3"})
SAME_SEASON = dt.timedelta(days=90)
SAME_DAY = dt.timedelta(days=1)  # refusals within it are one

_STATUS = re.compile(r"\b5\.[0-9]{1,3}\.[0-9]{1,3}\b")

# In a statement about `notice`: whether mail is suppressed at the address its person has now.
SUPPRESSED = """EXISTS (
  SELECT FROM mail_suppression s JOIN profile p ON p.person_id = s.person_id
   WHERE s.person_id = {person_id} AND s.lifted_at IS NULL AND s.since IS NOT NULL
     AND s.address_digest = sha256(convert_to(p.email, 'UTF8')))"""

REFUSED = """
INSERT INTO mail_suppression AS known
       (person_id, address_digest, status, first_at, last_at, since)
VALUES (:person_id, :digest, :status, :now, :now, CASE WHEN :sure THEN :now END)
    ON CONFLICT (person_id, address_digest) WHERE lifted_at IS NULL DO UPDATE
   SET refusals = known.refusals + 1, status = excluded.status,
       last_at = CASE WHEN NOT :sure AND known.last_at > :now - CAST(:day AS interval)
                      THEN known.last_at ELSE excluded.last_at END,
       since = CASE WHEN known.since IS NOT NULL THEN known.since
                    WHEN :sure OR known.last_at > :now - CAST(:season AS interval)
                                  AND known.last_at <= :now - CAST(:day AS interval)
                    THEN excluded.last_at END
RETURNING since IS NOT NULL
"""

LIFT = """
UPDATE mail_suppression SET lifted_at = :now, lifted_by = :by
 WHERE person_id = :person_id AND lifted_at IS NULL
"""

RETURNED = """
SELECT m.id, p.full_name, p.phone, s.since, s.status
  FROM mail_suppression s
  JOIN profile p ON p.person_id = s.person_id
                AND s.address_digest = sha256(convert_to(p.email, 'UTF8'))
  JOIN membership m ON m.person_id = s.person_id AND m.standing <> 'left'
 WHERE s.lifted_at IS NULL AND s.since IS NOT NULL
   AND m.community_id = :community_id
 ORDER BY lower(p.full_name), m.id
"""

TROUBLE = """
SELECT s.since, p.email FROM mail_suppression s JOIN profile p ON p.person_id = s.person_id
 WHERE s.person_id = :person_id AND s.lifted_at IS NULL AND s.since IS NOT NULL
   AND s.address_digest = sha256(convert_to(p.email, 'UTF8'))
"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """That the address somebody has now takes no mail, for themselves to read."""

    since: dt.datetime
    address: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A member whose mail comes back, for a coordinator who rings them.

    Attributes:
        status: The mail server's codes, such as `550 5.1.1`.
    """

    membership_id: int
    full_name: str
    phone: str | None
    since: dt.datetime
    status: str


def digest(address: str) -> bytes:
    """Digest an address as the profile has it."""
    return hashlib.sha256(address.encode()).digest()


def harms(status: str) -> bool:
    """Whether a refusal for good speaks against the address.

    Args:
        status: Codes of a mail server: `550`, `550 5.1.1` or `5.1.1`. Without a code of three
            numbers a refusal of the recipient is about the recipient.
    """
    found = _STATUS.search(status)
    if found is None:
        return True
    return found[0].startswith(OF_THE_ADDRESS) and found[0] not in NOT_OF_THE_ADDRESS


def note_refusal(
    session: Session, *, person_id: int, address: str, status: str, now: dt.datetime
) -> bool:
    """Note that a mail was refused for good at an address -> whether it is suppressed now."""
    if not harms(status):
        return False
    found = _STATUS.search(status)
    values = {
        "person_id": person_id,
        "digest": digest(address),
        "status": status,
        "sure": found is not None and found[0] in SURE,
        "season": SAME_SEASON,
        "day": SAME_DAY,
        "now": now,
    }
    return bool(session.execute(sa.text(REFUSED), values).scalar_one())


def trouble_of(session: Session, *, person_id: int) -> Trouble | None:
    """Tell since when the address somebody has now takes no mail; None: it does."""
    row = session.execute(sa.text(TROUBLE), {"person_id": person_id}).first()
    return Trouble(*row) if row else None


def lift(session: Session, *, person_id: int, now: dt.datetime, by: int | None = None) -> bool:
    """Write to somebody's address again -> whether anything was in the way.

    Args:
        session: The session.
        person_id: Whose address.
        now: When.
        by: The membership of the coordinator who says so; None: they did themselves, or read a
            mail of ours there.
    """
    values = {"person_id": person_id, "now": now, "by": by}
    return session.execute(sa.text(LIFT), values).rowcount > 0  # type: ignore[attr-defined, no-any-return]


def returned(session: Session, *, community_id: int) -> list[Returned]:
    """List the members whose mail comes back, by name, in one statement."""
    rows = session.execute(sa.text(RETURNED), {"community_id": community_id})
    return [Returned(*row) for row in rows]


def forget(session: Session, *, now: dt.datetime) -> None:
    """Forget what was lifted, or refused once, a long time ago."""
    long_ago = now - 4 * SAME_SEASON
    session.execute(
        sa.delete(MailSuppression).where(
            sa.or_(
                MailSuppression.lifted_at <= long_ago,
                sa.and_(MailSuppression.since.is_(None), MailSuppression.last_at <= long_ago),
            )
        )
    )
