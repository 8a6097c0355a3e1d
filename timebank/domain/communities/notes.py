"""What coordinators should know of a member; nobody else reads it, and it can be erased."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import name_or_number
from timebank.models import MemberNote
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Standing

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Note:
    """A note, who wrote it (by public name), and when."""

    id: int
    words: str
    written_by: str
    written_at: dt.datetime


def read_notes(session: Session, *, membership_id: int) -> list[Note]:
    """Read the notes about a member, the newest first, in one statement."""
    rows = session.execute(
        sa.select(MemberNote.id, MemberNote.words, Profile.full_name, MemberNote.created_at)
        .join(Membership, Membership.id == MemberNote.written_by)
        .outerjoin(Profile, Profile.person_id == Membership.person_id)
        .where(MemberNote.membership_id == membership_id)
        .order_by(MemberNote.created_at.desc(), MemberNote.id.desc())
        .limit(MOST_SHOWN)
    )
    return [Note(key, words, name_or_number(name), at) for key, words, name, at in rows]


def write_note(
    session: Session, *, member: Membership, words: str, by: Membership, now: dt.datetime
) -> MemberNote:
    """Note something about a member.

    Raises:
        NotFound: `by` is no coordinator of their community.
    """
    _require_coordinator(by, member.community_id)
    note = MemberNote(
        community_id=member.community_id,
        membership_id=member.id,
        words=words,
        written_by=by.id,
        created_at=now,
    )
    session.add(note)
    session.flush()
    return note


def erase_note(session: Session, *, member: Membership, note_id: int, by: Membership) -> None:
    """Erase a note; twice is the same as once.

    Raises:
        NotFound: `by` is no coordinator of their community.
    """
    _require_coordinator(by, member.community_id)
    session.execute(
        sa.delete(MemberNote).where(
            MemberNote.id == note_id, MemberNote.membership_id == member.id
        )
    )


def _require_coordinator(by: Membership, community_id: int) -> None:
    if by.community_id != community_id or by.standing is not Standing.COORDINATOR:
        raise NotFound
