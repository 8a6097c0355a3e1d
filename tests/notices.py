"""Owe somebody a notice."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain import outbox
from timebank.models import Claim
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind

LEASE_ALL = """
UPDATE notice SET state = 'leased', lease_token = gen_random_uuid(),
                  lease_until = now() + interval '4 minutes'
 WHERE state = 'pending'
"""


def lease_all(session: Session) -> None:
    """Let a worker have all that waits; nothing has left yet."""
    session.execute(sa.text(LEASE_ALL))


def owe(
    session: Session,
    member: Membership,
    kind: NoticeKind = NoticeKind.BOOKS_WRONG,
    *,
    claim: Claim | None = None,
    due_in: dt.timedelta = -dt.timedelta(minutes=1),
    worth_for: dt.timedelta = dt.timedelta(days=1),
    request_id: int | None = None,
    **facts: str,
) -> Notice:
    """Post a notice to a member, due a minute ago unless told otherwise."""
    now = clock.now()
    key = str(uuid.uuid4())
    message = outbox.Message(
        community_id=member.community_id,
        person_id=member.person_id,
        kind=kind,
        dedupe_key=key,
        not_before=now + due_in,
        expires_at=now + worth_for,
        claim_id=claim.id if claim else None,
        starts_at=claim.starts_at if claim else None,
        sign_in_request_id=request_id,
        facts=facts,
    )
    outbox.post_notices(session, [message])
    session.commit()
    return session.scalars(sa.select(Notice).where(Notice.dedupe_key == key)).one()
