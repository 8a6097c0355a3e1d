"""Forget whoever never came: invited and not here, named by an applicant, turned down long ago.

Inviting somebody, or naming them, writes their address down before they have agreed to anything.
So it does not stay: thirty days after nothing waits for them any more it is deleted.

Source: UK GDPR Art. 5 (1) (e); docs/decisions/0013.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

KEPT_UNUSED = dt.timedelta(days=30)
REFERENCES_KEPT = dt.timedelta(days=30)  # after the decision that they were for
APPLICATIONS_KEPT = dt.timedelta(days=180)

DECIDED = (
    """
DELETE FROM reference r USING application a
 WHERE a.id = r.application_id AND a.decided_at < :references_before
""",
    "DELETE FROM application WHERE decided_at < :applications_before",
    "DELETE FROM invitation WHERE least(used_at, revoked_at, expires_at) < :strangers_before",
)
STRANGERS = """
SELECT p.id FROM person p JOIN profile q ON q.person_id = p.id
 WHERE p.created_at < :strangers_before
   AND NOT EXISTS (SELECT FROM membership m WHERE m.person_id = p.id)
   AND NOT EXISTS (SELECT FROM application a WHERE a.person_id = p.id)
   AND NOT EXISTS (SELECT FROM reference r WHERE r.person_id = p.id)
   AND NOT EXISTS (SELECT FROM invitation i WHERE i.person_id = p.id)
 ORDER BY p.id FOR UPDATE OF p SKIP LOCKED
"""
FORGET = (
    "DELETE FROM notice WHERE person_id = ANY (:people)",
    "DELETE FROM sign_in WHERE person_id = ANY (:people)",
    "DELETE FROM sign_in_request WHERE person_id = ANY (:people)",
    "DELETE FROM mail_suppression WHERE person_id = ANY (:people)",
    "DELETE FROM profile WHERE person_id = ANY (:people)",
    "DELETE FROM person WHERE id = ANY (:people)",
)


def forget_strangers(session: Session, *, now: dt.datetime) -> int:
    """Delete what is kept no longer, and whom nothing waits for -> how many people."""
    values = {
        "references_before": now - REFERENCES_KEPT,
        "applications_before": now - APPLICATIONS_KEPT,
        "strangers_before": now - KEPT_UNUSED,
    }
    for statement in DECIDED:
        session.execute(sa.text(statement), values)
    people = list(session.scalars(sa.text(STRANGERS), values))
    for statement in FORGET:
        session.execute(sa.text(statement), {"people": people})
    session.expire_all()
    return len(people)
