"""Put a message into the outbox, in the same transaction as what it tells about.

Nothing is sent from here and nothing is worded: a job delivers the row (`timebank.jobs`), and
`timebank.domain.notices` words it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.domain import identity
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import SignInRequest

# What a worker has leased has not left yet: it stops at the fence.
CAN_BE_TAKEN_BACK = (NoticeState.PENDING, NoticeState.LEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice to post: who is told what, from when on, and until when it is worth telling.

    Attributes:
        dedupe_key: The same key is never posted twice, whoever tries.
        starts_at: The start of the claim's slot, for a notice about a claim.
        facts: What cannot be looked up when it is sent; never a secret or an address.
    """

    community_id: int
    person_id: int
    kind: NoticeKind
    dedupe_key: str
    not_before: dt.datetime
    expires_at: dt.datetime
    claim_id: int | None = None
    starts_at: dt.datetime | None = None
    sign_in_request_id: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def post_notices(session: Session, messages: Collection[Message]) -> None:
    """Post messages; one that was posted before under the same key is left as it is."""
    rows = [
        {
            "community_id": message.community_id,
            "person_id": message.person_id,
            "kind": message.kind,
            "dedupe_key": message.dedupe_key,
            "not_before": message.not_before,
            "expires_at": message.expires_at,
            "claim_id": message.claim_id,
            "starts_at": message.starts_at,
            "sign_in_request_id": message.sign_in_request_id,
            "facts": dict(message.facts),
        }
        for message in messages
    ]
    if rows:
        session.execute(insert(Notice).values(rows).on_conflict_do_nothing())


def cancel_notices_keyed(session: Session, *, prefix: str) -> None:
    """Take back what is still waiting to be told under keys that begin with `prefix`."""
    session.execute(
        sa.update(Notice)
        .where(
            Notice.dedupe_key.startswith(prefix, autoescape=True),
            Notice.state.in_(CAN_BE_TAKEN_BACK),
        )
        .values(state=NoticeState.CANCELLED)
        .execution_options(synchronize_session=False)
    )


def send_sign_in(
    session: Session, *, community_id: int, person_id: int, next_path: str, now: dt.datetime
) -> SignInRequest:
    """Ask for a sign-in and post the mail with its link and code.

    Raises:
        TooManyRequests: After five in an hour.
    """
    request = identity.request_sign_in(
        session, community_id=community_id, person_id=person_id, next_path=next_path, now=now
    )
    message = Message(
        community_id=community_id,
        person_id=person_id,
        kind=NoticeKind.SIGN_IN,
        dedupe_key=f"sign-in-{request.id}",
        not_before=now,
        expires_at=request.expires_at,
        sign_in_request_id=request.id,
    )
    post_notices(session, [message])
    return request
