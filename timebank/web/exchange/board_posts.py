"""An offer or ask: putting it up, its own page, changing it, keeping it, taking it down."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import fold
from timebank.db import db
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.domain.exchange import searching
from timebank.domain.exchange import suggesting
from timebank.domain.exchange import talks
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState
from timebank.web.auth import member
from timebank.web.auth import members_form
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.exchange.board_forms import AnswerForm
from timebank.web.exchange.board_forms import PostForm
from timebank.web.exchange.board_words import CATEGORIES
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import me
from timebank.web.exchange.viewing import post_here
from timebank.web.exchange.viewing import refused
from timebank.web.filters import long_day
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.typed import REFUSALS
from timebank.web.typed import text_of

NEW = "/neighbours/<any(ask, offer):kind>"
POST = "/neighbours/<int:post_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(NEW)(new)
    bp.post(NEW)(put_up)
    bp.get(POST)(post)
    bp.get(f"{POST}/change")(change)
    bp.post(f"{POST}/change")(save)
    bp.post(f"{POST}/keep")(keep)
    bp.post(f"{POST}/take-down")(take_down)
    bp.get("/neighbours/yours")(yours)


@signed_in_required
@members_form
def new(kind: str) -> str:
    """Ask what help somebody wants, or can give: one short page."""
    member()
    form = PostForm(formdata=None)
    return _form_page(form, PostKind(kind))


@signed_in_required
def put_up(kind: str) -> Page:
    """Put an offer or ask on the board."""
    by, form = me(), PostForm()
    is_filled = form.is_well_filled()
    for_whom = _for_whom(form, by)
    if not is_filled or for_whom is None:
        return _form_page(form, PostKind(kind)), 422
    try:
        made = posting.put_up(
            db.session(),
            draft=form.draft(PostKind(kind)),
            member=for_whom,
            by=by,
            intent=form.intent,
            today=today(),
        )
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _form_page(form, PostKind(kind)), status
    db.session.commit()
    say(_("It’s on the board until %(day)s.", day=_day(made)))
    return redirect(url_for("neighbours.post", post_id=made.id), 303)


def _for_whom(form: PostForm, by: Membership) -> Membership | None:
    """Find for whom it is; None when the form has to ask."""
    typed, viewer = text_of(form.whom), door().viewer
    if not typed or viewer is None or not viewer.is_coordinator:
        return by
    found = posting.members_named(db.session(), community_id=by.community_id, named=typed)
    exact = [number for number, name in found if fold(name) == fold(typed)]
    chosen = [number for number, _name in found if number == form.member_id]
    meant = chosen or exact
    if chosen:  # shown again after another field's error
        form.offer_names(found)
    if len(meant) == 1:
        return db.session.get_one(Membership, meant[0])
    form.offer_names(found)
    field = form.who if found else form.whom
    field.errors = [
        _("Choose who it is for") if found else _("There’s nobody of that name here. Try another")
    ]
    return None


def post(post_id: int) -> Page:
    """Show an offer or ask, with a way to answer it."""
    return post_page(post_here(post_id), AnswerForm(formdata=None))


def post_page(shown: Post, form: AnswerForm) -> str:
    """Show an offer or ask to whoever looks.

    Raises:
        OffTheBoard: It is not open, and they neither posted it nor coordinate.
    """
    session, viewer_id = db.session(), door().membership_id
    viewer = session.get(Membership, viewer_id) if viewer_id else None
    may_change = viewer is not None and posting.may_change(shown, by=viewer)
    if shown.state is not PostState.OPEN and not may_change:
        raise contacting.OffTheBoard
    is_own = viewer_id == shown.membership_id
    if viewer and not is_own:
        _refuse_blocked(shown, viewer)
    is_looking = may_change and shown.state is PostState.OPEN
    return render_template(
        "exchange/post.html",
        post=shown,
        name=talks.name_of(session, membership_id=shown.membership_id) if viewer else "",
        wrote=talks.name_of(session, membership_id=shown.created_by) if may_change else "",
        category=CATEGORIES[shown.category],
        form=form,
        is_own=is_own,
        may_change=may_change,
        talk_id=contacting.talk_of(session, post=shown, membership_id=viewer.id)
        if viewer
        else None,
        suggestions=suggesting.suggest(session, post=shown, now=clock.now()) if is_looking else [],
        answers=talks.read_answers(session, post=shown) if may_change else [],
    )


def _refuse_blocked(shown: Post, viewer: Membership) -> None:
    if contacting.is_blocked(
        db.session(), one_id=shown.membership_id, other_id=viewer.id
    ) and not posting.may_change(shown, by=viewer):
        raise NotFound


@signed_in_required
def change(post_id: int) -> str:
    """Show the words of an offer or ask, for changing."""
    shown = _own(post_id)
    form = PostForm(formdata=None)
    form.show(shown)
    return _form_page(form, shown.kind, shown)


@signed_in_required
def save(post_id: int) -> Page:
    """Write other words over an offer or ask."""
    shown, form = _own(post_id), PostForm()
    if not form.is_well_filled():
        return _form_page(form, shown.kind, shown), 422
    try:
        posting.change(db.session(), post=shown, draft=form.draft(shown.kind), by=me())
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _form_page(form, shown.kind, shown), status
    db.session.commit()
    say(_("Changed."))
    return redirect(url_for("neighbours.post", post_id=post_id), 303)


@signed_in_required
def keep(post_id: int) -> Response:
    """Keep an offer or ask on the board for another while, or bring it back."""
    shown = _own(post_id)
    try:
        posting.keep(db.session(), post=shown, by=me(), today=today())
    except Refused as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("It’s on the board until %(day)s.", day=_day(shown)))
    return redirect(url_for("neighbours.post", post_id=post_id), 303)


@signed_in_required
def take_down(post_id: int) -> Response:
    """Take an offer or ask off the board."""
    shown = _own(post_id)
    posting.take_down(db.session(), post=shown, by=me(), now=clock.now())
    db.session.commit()
    say(_("It’s off the board."), undo_url=url_for("neighbours.keep", post_id=post_id))
    return redirect(url_for("neighbours.yours"), 303)


@signed_in_required
def yours() -> str:
    """Show one's own offers and asks, and what neighbours wrote."""
    session, own = db.session(), member()
    return render_template(
        "exchange/yours.html",
        posts=posting.own_posts(session, membership_id=own),
        talks=talks.read_talks(session, membership_id=own),
        categories=CATEGORIES,
    )


def _own(post_id: int) -> Post:
    """Find an offer or ask that the viewer may change.

    Raises:
        NotFound: There is none, or it is somebody else's: a stranger learns nothing.
    """
    found = post_here(post_id)
    if not posting.may_change(found, by=me()):
        raise NotFound
    return found


def _form_page(form: PostForm, kind: PostKind, shown: Post | None = None) -> str:
    viewer = door().viewer
    return render_template(
        "exchange/post_form.html",
        form=form,
        kind=kind,
        post=shown,
        for_others=shown is None and viewer is not None and viewer.is_coordinator,
        areas=searching.areas(db.session(), community_id=door().community.id),
    )


def _day(made: Post) -> str:
    return long_day(made.expires_on)
