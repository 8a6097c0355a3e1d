"""Put an offer or ask on the board, change it, keep it there, take it down.

Each takes the member's row first and the post's after it, so two of them never wait for each
other. A member has twenty places on the board: the database numbers them.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import unaccented
from timebank.domain.communities import require_member
from timebank.models import Category
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Standing
from timebank.models.exchange.board import MOST_OPEN

STAYS_DAYS = {PostKind.ASK: 30, PostKind.OFFER: 90}
ENDED = (PostState.DONE, PostState.WITHDRAWN, PostState.EXPIRED)

# An address with an @, or nine figures and more that only spaces and signs hold apart.
_REACHES_SOMEBODY = re.compile(r"\S@\S+\.\S|(?:\d[ ()/.+-]{0,2}){9,}")
_HAS_FIGURES = re.compile(r"\d")


class TooManyPosts(Refused):
    """That’s twenty on the board already. Take one down first."""


class NoAddresses(Refused):
    """Leave out e-mail and phone: neighbours write to you here, and see neither."""


class AreaOnly(Refused):
    """Name the part of the place, like Crayford, without a number or postcode."""


class OverAlready(Conflict):
    """It has come off the board since. Have a look at it again."""


class NotYours(NotAllowed):
    """Only whoever posted it, or a coordinator, can change that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is typed about an offer or ask, already tidied."""

    kind: PostKind
    category: Category
    title: str
    words: str
    area: str
    when_words: str


def find_post(session: Session, *, community_id: int, post_id: int) -> Post:
    """Find an offer or ask of this community, whatever has become of it.

    Raises:
        NotFound: There is none.
    """
    found = session.get(Post, post_id)
    if found is None or found.community_id != community_id:
        raise NotFound
    return found


def may_change(post: Post, *, by: Membership) -> bool:
    """Tell whether somebody may change an offer or ask: their own; a coordinator any."""
    is_theirs = by.id == post.membership_id or by.standing is Standing.COORDINATOR
    return is_theirs and by.community_id == post.community_id and by.standing is not Standing.LEFT


def put_up(
    session: Session,
    *,
    draft: Draft,
    member: Membership,
    by: Membership,
    intent: uuid.UUID | None,
    today: dt.date,
) -> Post:
    """Put an offer or ask on the board, for oneself or by a coordinator for somebody else.

    The same words from the same page are the same post: a second tap finds the first.

    Raises:
        NotYours: It is for somebody else, and `by` does not coordinate.
        GuestOfTheRota: No coordinator has said yes to them yet: they take turns here, no more.
        NotFound: The member is of another community, or has left.
        NoAddresses, AreaOnly: The words say what they shouldn't.
        TooManyPosts: Twenty of theirs are open.
    """
    if member.community_id != by.community_id or member.standing is Standing.LEFT:
        raise NotFound
    if by.id != member.id and by.standing is not Standing.COORDINATOR:
        raise NotYours
    require_member(member)
    check(draft)
    _lock_members(session, {member.id, by.id})
    same_page = _same_page(draft, member, intent)
    earlier = session.scalars(sa.select(Post).where(Post.created_by == by.id,
                                                    Post.intent == same_page)).first()  # fmt: skip
    if earlier is not None and same_page is not None:
        return earlier
    post = Post(
        community_id=member.community_id,
        membership_id=member.id,
        created_by=by.id,
        place=_free_place(session, member.id),
        expires_on=today + dt.timedelta(days=STAYS_DAYS[draft.kind]),
        intent=same_page,
    )
    _write(session, post, draft)
    session.add(post)
    session.flush()
    return post


def change(session: Session, *, post: Post, draft: Draft, by: Membership) -> None:
    """Write other words over an offer or ask; an ask stays an ask.

    Raises:
        NotYours: It is somebody else's.
        OverAlready: It is not on the board any more.
        NoAddresses, AreaOnly: The words say what they shouldn't.
    """
    _lock(session, post, by)
    if post.state in ENDED:
        raise OverAlready
    check(draft)
    _write(session, post, draft)


def keep(session: Session, *, post: Post, by: Membership, today: dt.date) -> None:
    """Keep an offer or ask for another while, or bring back one that lapsed or was taken down.

    Raises:
        NotYours: It is somebody else's.
        TooManyPosts: Twenty others of theirs are open.
    """
    _lock(session, post, by)
    if post.state is PostState.MATCHED:
        return
    if post.state is not PostState.OPEN:
        _reopen(session, post)
    post.expires_on = today + dt.timedelta(days=STAYS_DAYS[post.kind])
    post.nudged_on = None


def take_down(session: Session, *, post: Post, by: Membership, now: dt.datetime) -> None:
    """Take an offer or ask off the board; once is enough.

    Raises:
        NotYours: It is somebody else's.
    """
    _lock(session, post, by)
    if post.state in {PostState.OPEN, PostState.MATCHED}:
        post.state, post.ended_at = PostState.WITHDRAWN, now


def match(session: Session, *, post: Post) -> None:
    """Somebody has agreed to an ask: it leaves the board. An offer stays, for others too."""
    session.refresh(post, with_for_update=True)
    if post.kind is PostKind.ASK and post.state in {PostState.OPEN, PostState.EXPIRED}:
        post.state, post.ended_at = PostState.MATCHED, None


def finish(session: Session, *, post: Post, now: dt.datetime) -> None:
    """What was asked for has happened. An offer stays, for others too."""
    session.refresh(post, with_for_update=True)
    is_over = post.state in {PostState.DONE, PostState.WITHDRAWN}
    if post.kind is PostKind.ASK and not is_over:
        post.state, post.ended_at = PostState.DONE, now


def lock(session: Session, *, post: Post) -> None:
    """Keep everybody else's hands off an offer or ask and its member's places on the board."""
    _lock_members(session, {post.membership_id})
    session.refresh(post, with_for_update=True)


def reopen(session: Session, *, post: Post, today: dt.date) -> None:
    """It came to nothing after all: put the ask back on the board for the usual while.

    It is locked by now, with `lock`.

    Raises:
        TooManyPosts: Twenty others of theirs are open.
    """
    if post.state in {PostState.MATCHED, PostState.DONE}:
        _reopen(session, post)
        post.expires_on = today + dt.timedelta(days=STAYS_DAYS[post.kind])
        post.nudged_on = None


def members_named(session: Session, *, community_id: int, named: str) -> list[tuple[int, str]]:
    """Find members one of whose names begins so, for a coordinator -> number and name in full."""
    rows = session.execute(
        sa.text("""
SELECT m.id, f.full_name FROM membership m JOIN profile f ON f.person_id = m.person_id
 WHERE m.community_id = :community_id AND m.standing <> 'left'
   AND strpos(' ' || unaccented(f.full_name), ' ' || unaccented(:named)) > 0
 ORDER BY lower(f.full_name), m.id LIMIT 20"""),
        {"community_id": community_id, "named": named},
    )
    return [(row.id, row.full_name) for row in rows]


def own_posts(session: Session, *, membership_id: int) -> list[Post]:
    """List a member's offers and asks: those on the board first, the newest first; forty."""
    is_over = sa.case((Post.state.in_(ENDED), 1), else_=0)
    return list(
        session.scalars(
            sa.select(Post)
            .where(Post.membership_id == membership_id)
            .order_by(is_over, Post.id.desc())
            .limit(40)
        )
    )


def check(draft: Draft) -> None:
    """Refuse words that tell strangers where somebody lives or how to ring them.

    Raises:
        NoAddresses: An e-mail address or telephone number.
        AreaOnly: The area has a figure in it, as addresses and postcodes do.
    """
    for field in ("title", "words", "when_words"):
        if _REACHES_SOMEBODY.search(getattr(draft, field)):
            raise NoAddresses(field=field)
    if _HAS_FIGURES.search(draft.area):
        raise AreaOnly(field="area")


def _same_page(draft: Draft, member: Membership, intent: uuid.UUID | None) -> uuid.UUID | None:
    """Name one text from one page: other words from it are another post."""
    return uuid.uuid5(intent, f"{member.id} {draft}") if intent else None


def _lock(session: Session, post: Post, by: Membership) -> None:
    if not may_change(post, by=by):
        raise NotYours
    lock(session, post=post)


def _lock_members(session: Session, ids: set[int]) -> None:
    rows = sa.select(Membership.id).where(Membership.id.in_(ids)).order_by(Membership.id)
    session.execute(rows.with_for_update(key_share=True))


def _reopen(session: Session, post: Post) -> None:
    post.place = _free_place(session, post.membership_id)
    post.state, post.ended_at = PostState.OPEN, None


def _free_place(session: Session, membership_id: int) -> int:
    """Find the lowest of the twenty places that is free; the member's row is locked by now."""
    taken = set(
        session.scalars(
            sa.select(Post.place).where(
                Post.membership_id == membership_id, Post.state == PostState.OPEN
            )
        )
    )
    free = set(range(1, MOST_OPEN + 1)) - taken
    if not free:
        raise TooManyPosts
    return min(free)


def _write(session: Session, post: Post, draft: Draft) -> None:
    post.kind = post.kind or draft.kind
    post.category = draft.category
    post.title = draft.title
    post.words = draft.words
    post.area = _as_others_write_it(session, post.community_id, draft.area)
    post.when_words = draft.when_words


def _as_others_write_it(session: Session, community_id: int, area: str) -> str:
    """Spell an area as the board spells it already, so that one filter finds all of it."""
    spelt = session.scalars(
        sa.select(Post.area)
        .where(
            Post.community_id == community_id,
            Post.state == PostState.OPEN,
            sa.func.unaccented(Post.area) == unaccented(area),
        )
        .limit(1)
    ).first()
    return spelt or area
