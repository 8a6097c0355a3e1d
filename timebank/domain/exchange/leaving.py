"""What becomes of somebody's part in the exchange when they leave, and when they are erased.

Whoever takes a member out of the community calls these, in the same transaction.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

NOTHING_LEFT = "—"  # a title has at least one letter

TAKE_DOWN = sa.text("""
UPDATE post SET state = 'withdrawn', ended_at = :now
 WHERE membership_id = :member AND state IN ('open', 'matched')
""")
NO_MORE_RINGS = sa.text("""
DELETE FROM ring r USING conversation c
 WHERE c.id = r.conversation_id AND r.rung_at IS NULL AND :member IN (c.owner_id, c.other_id)
""")
BLANK = sa.text("""
UPDATE post SET title = :nothing, words = '', when_words = '' WHERE membership_id = :member
""")
UNSAID = sa.text("""
DELETE FROM message m USING conversation c
 WHERE c.id = m.conversation_id
   AND :member = CASE WHEN m.by_owner THEN c.owner_id ELSE c.other_id END
""")
UNREPORTED = sa.text("""
UPDATE report r SET words = '' FROM conversation c
 WHERE c.id = r.conversation_id
   AND :member = CASE WHEN r.by_owner THEN c.owner_id ELSE c.other_id END
""")


def leave(session: Session, *, membership_id: int, now: dt.datetime) -> None:
    """Take down what a member has on the board; nobody is rung about it any more."""
    session.execute(TAKE_DOWN, {"member": membership_id, "now": now})
    session.execute(NO_MORE_RINGS, {"member": membership_id})


def erase(session: Session, *, membership_id: int, now: dt.datetime) -> None:
    """Delete what a member wrote: their posts' words, their messages, what they reported.

    That there was a post, and of which kind, stays for the figures.
    """
    leave(session, membership_id=membership_id, now=now)
    session.execute(BLANK, {"member": membership_id, "nothing": NOTHING_LEFT})
    session.execute(UNSAID, {"member": membership_id})
    session.execute(UNREPORTED, {"member": membership_id})
