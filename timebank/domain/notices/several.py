"""What several notices have to say, looked up together: more letters cost no more statements."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.notices import exchanges
from timebank.domain.notices import posts
from timebank.domain.notices.letters import LOOK_UP
from timebank.domain.notices.letters import Letter
from timebank.models import NoticeKind

LOOK_UP_MANY = LOOK_UP.replace("SELECT n.kind", "SELECT n.id, n.kind", 1).replace(
    "n.id = :notice_id", "n.id = ANY (CAST(:notice_ids AS bigint[]))"
)
NOT_TOLD = frozenset({"id", "request_id", "nonce", "kind"})


def read_many(session: Session, *, notice_ids: Collection[int]) -> dict[int, Letter]:
    """Look up what several notices have to say, by their numbers, in three statements.

    Those of organisers' messages and to come again are not meant.
    """
    rows = session.execute(sa.text(LOOK_UP_MANY), {"notice_ids": list(notice_ids)}).mappings()
    found = {row["id"]: dict(row) for row in rows}
    named = {key: (NoticeKind(row["kind"]), row["facts"]) for key, row in found.items()}
    about_posts = posts.read_many(session, named)
    about_exchanges = exchanges.read_many(session, named)
    return {
        key: Letter(
            **{name: row[name] for name in row.keys() - NOT_TOLD},
            kind=named[key][0],
            request=None,
            post=about_posts.get(key),
            exchange=about_exchanges.get(key),
        )
        for key, row in found.items()
    }
