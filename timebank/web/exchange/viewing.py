"""Who looks at the board, at what, and on which day."""

from __future__ import annotations

import datetime as dt

from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.exchange import posting
from timebank.models import Membership
from timebank.models import Post
from timebank.web.auth import member
from timebank.web.door import door

Page = str | tuple[str, int] | Response


def me() -> Membership:
    """Give the viewer's membership here.

    Raises:
        NotFound: They are signed out, or belong elsewhere.
    """
    return db.session.get_one(Membership, member())


def coordinator() -> Membership:
    """Let only coordinators pass.

    Raises:
        NotFound: They don't coordinate here: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or not viewer.is_coordinator:
        raise NotFound
    return me()


def post_here(post_id: int) -> Post:
    """Find an offer or ask of this community.

    Raises:
        NotFound: There is none.
    """
    return posting.find_post(db.session(), community_id=door().community.id, post_id=post_id)


def today() -> dt.date:
    """Tell which day it is in this community."""
    return clock.local_date(clock.now(), door().community.timezone)
