"""Offers and asks for tests, put up by the rule itself."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from timebank.domain.exchange import posting
from timebank.domain.exchange.posting import Draft
from timebank.models import Category
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostKind

TODAY = dt.date(2027, 4, 28)


def a_draft(
    title: str = "Cutting back a hedge",
    *,
    kind: PostKind = PostKind.ASK,
    category: Category = Category.GARDEN,
    words: str = "We’d do it together, with tea after.",
    area: str = "Crayford",
    when_words: str = "weekday mornings",
) -> Draft:
    """What somebody types."""
    return Draft(
        kind=kind, category=category, title=title, words=words, area=area, when_words=when_words
    )


def a_post(
    session: Session,
    member: Membership,
    title: str = "Cutting back a hedge",
    *,
    today: dt.date = TODAY,
    by: Membership | None = None,
    **typed: object,
) -> Post:
    """An ask, unless told otherwise, on the board and committed."""
    made = posting.put_up(
        session,
        draft=a_draft(title, **typed),
        member=member,
        by=by or member,
        intent=None,
        today=today,
    )
    session.commit()
    return made
