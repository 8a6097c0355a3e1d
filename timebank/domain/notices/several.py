"""What several notices have to say, looked up together: more letters cost no more statements."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from timebank.domain.notices import exchanges
from timebank.domain.notices import posts
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.letters import look_up
from timebank.domain.notices.letters import made
from timebank.models import NoticeKind


def read_many(session: Session, *, notice_ids: Collection[int]) -> dict[int, Letter]:
    """Look up what several notices have to say, by their numbers, in at most three statements.

    Those of organisers' messages and to come again are not meant.
    """
    found = look_up(session, notice_ids=notice_ids)
    named = {key: (NoticeKind(row["kind"]), row["facts"]) for key, row in found.items()}
    about_posts = posts.read_many(session, named)
    about_exchanges = exchanges.read_many(session, named)
    return {
        key: made(row, post=about_posts.get(key), exchange=about_exchanges.get(key))
        for key, row in found.items()
    }
