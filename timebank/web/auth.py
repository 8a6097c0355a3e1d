"""Signing in on the web, which is a row of ours and its token in the session; who may see what."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from typing import TypeVar

from flask import redirect
from flask import request
from flask import session
from flask import url_for
from werkzeug.wrappers import Response

from timebank.core.errors import NotFound
from timebank.web.door import SIGN_IN_KEY
from timebank.web.door import door
from timebank.web.door import open_door

P = ParamSpec("P")
R = TypeVar("R")


def let_in(token: str) -> None:
    """Sign this browser in with a token from `identity.open_sign_in`, in a new session."""
    kept = session.pop("_flashes", None)
    session.clear()
    if kept:
        session["_flashes"] = kept
    session[SIGN_IN_KEY] = token
    session.permanent = True
    open_door()


def let_out() -> None:
    """Forget the sign-in in this browser; the row is ended by the rule."""
    session.clear()


def signed_in_required(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send people who are signed out to the sign-in page, and back here afterwards."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if door().viewer is None:
            here = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("identity.sign_in", next=here), 303)
        return view(*args, **kwargs)

    return guarded


def member() -> int:
    """Tell the viewer's membership in this community.

    Raises:
        NotFound: When they are signed out or belong elsewhere: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or viewer.membership_id is None:
        raise NotFound
    return viewer.membership_id


def organiser_of(group_id: int) -> int:
    """Tell the membership of a viewer who runs this group's events.

    Raises:
        NotFound: When they don't: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or viewer.membership_id is None or not viewer.may_organise(group_id):
        raise NotFound
    return viewer.membership_id
