"""Who looks at the board, at what, and on which day."""

from __future__ import annotations

from werkzeug.wrappers import Response

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostState
from timebank.web.auth import member
from timebank.web.door import door
from timebank.web.typed import PageForm
from timebank.web.typed import read_number

Page = str | tuple[str, int] | Response


def me() -> Membership:
    """Give the viewer's membership here.

    Raises:
        NotFound: They are signed out, or belong elsewhere.
    """
    return db.session.get_one(Membership, member())


def post_here(post_id: int) -> Post:
    """Find an offer or ask of this community.

    Raises:
        NotFound: There is none.
    """
    return posting.find_post(db.session(), community_id=door().community.id, post_id=post_id)


def post_to_start_from(typed: object, by: Membership) -> Post | None:
    """Find the offer or ask that a form may begin with; None when it is none of theirs to see."""
    post_id, session = read_number(typed), db.session()
    if post_id is None:
        return None
    found = post_here(post_id)
    is_theirs = posting.may_change(found, by=by) or (
        contacting.talk_of(session, post=found, membership_id=by.id) is not None
    )
    is_shown = found.state is PostState.OPEN and not contacting.is_blocked(
        session, one_id=found.membership_id, other_id=by.id
    )
    return found if is_theirs or is_shown else None


def post_between(typed: str | None, *, one_id: int, other_id: int | None) -> int | None:
    """Read which offer or ask something grew from; None when it is neither side's."""
    post_id = read_number(typed or "")
    found = db.session.get(Post, post_id) if post_id is not None else None
    return post_id if found and found.membership_id in {one_id, other_id} else None


def refused(form: PageForm, refusal: Refused | Conflict | NotAllowed) -> int:
    """Put any refusal into the form, so that nothing typed is lost. -> the page's number."""
    db.session.rollback()
    return form.take_up(refusal)
