"""Signing in on the web: flask-login over our own server-side sign-ins, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from typing import TypeVar

from flask import Flask
from flask import redirect
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _
from flask_login import LoginManager
from flask_login import login_user
from flask_login import logout_user
from werkzeug.wrappers import Response

from timebank.core.errors import NotFound
from timebank.db import db
from timebank.models import Membership
from timebank.web.door import SIGN_IN_KEY
from timebank.web.door import Viewer
from timebank.web.door import door
from timebank.web.door import open_door
from timebank.web.flashes import WAITING
from timebank.web.flashes import say

P = ParamSpec("P")
R = TypeVar("R")


class SignIns(LoginManager):  # type: ignore[misc]  # flask-login brings no types
    """flask-login without its remember-me cookie: the session carries the sign-in's token."""

    def _update_remember_cookie(self, response: Response) -> Response:
        """Leave the session alone; looking into it on every answer costs, and says Vary."""
        return response


login_manager = SignIns()
login_manager.session_protection = None  # the sign-in is a row of ours: ending it ends it


def register(app: Flask) -> None:
    """Let flask-login find the viewer at the door."""
    login_manager.init_app(app, add_context_processor=False)


@login_manager.user_loader  # type: ignore[untyped-decorator]  # flask-login brings no types
def _load(token: str) -> Viewer | None:
    viewer = door().viewer
    return viewer if viewer and viewer.token == token else None


def let_in(token: str) -> None:
    """Sign this browser in with a token from `identity.open_sign_in`, in a new session."""
    kept = session.pop(WAITING, None)
    session.clear()
    if kept:
        session[WAITING] = kept
    session[SIGN_IN_KEY] = token
    session.permanent = True
    viewer = open_door().viewer
    if viewer:
        login_user(viewer)


def let_out() -> None:
    """Forget the sign-in in this browser; the row is ended by the rule."""
    logout_user()
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


def members_form(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Lead guests of the rota from a form that they may not send to the page where people join."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        viewer = door().viewer
        if viewer and viewer.is_guest:
            say(_("Your turns are welcome as they are. For this, join the time bank first."))
            return redirect(url_for("joining.join"), 303)
        return view(*args, **kwargs)

    return guarded


def member() -> int:
    """Tell the viewer's membership in this community.

    Raises:
        NotFound: When they are signed out or belong elsewhere: a stranger learns nothing.
    """
    membership_id = door().membership_id
    if membership_id is None:
        raise NotFound
    return membership_id


def organiser_of(group_id: int) -> int:
    """Tell the membership of a viewer who runs this group's events.

    Raises:
        NotFound: When they don't: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or viewer.membership_id is None or not viewer.may_organise(group_id):
        raise NotFound
    return viewer.membership_id


def coordinator() -> int:
    """Tell the membership of a viewer who coordinates this community.

    Raises:
        NotFound: When they don't: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or viewer.membership_id is None or not viewer.is_coordinator:
        raise NotFound
    return viewer.membership_id


def coordinating_member() -> Membership:
    """Give the membership of a viewer who coordinates this community, as a record.

    Raises:
        NotFound: As `coordinator`.
    """
    return db.session.get_one(Membership, coordinator())
