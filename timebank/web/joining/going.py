"""Going: a pause, leaving, having one's name deleted, and taking along what we know."""

from __future__ import annotations

import logging
import uuid

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.communities.pausing import back_on
from timebank.domain.communities.pausing import is_pausing
from timebank.domain.joining import erasing
from timebank.domain.joining import leaving
from timebank.domain.joining import pausing
from timebank.domain.joining import taking_along
from timebank.domain.joining.leaving import Ahead
from timebank.domain.joining.leaving import Whereto
from timebank.models import Membership
from timebank.web.auth import let_out
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import Viewer
from timebank.web.door import door
from timebank.web.filters import long_day
from timebank.web.flashes import say
from timebank.web.joining.download import archive
from timebank.web.joining.forms import EraseForm
from timebank.web.joining.forms import LeaveForm
from timebank.web.joining.forms import PauseForm

log = logging.getLogger(__name__)

Page = str | tuple[str, int] | Response


def register(bp: Blueprint) -> None:
    """Add these pages."""
    bp.get("/me/pause")(pause)
    bp.post("/me/pause")(begin_pause)
    bp.post("/me/pause/end")(end_pause)
    bp.get("/me/leave")(leave)
    bp.post("/me/leave")(go)
    bp.get("/me/erase")(erase)
    bp.post("/me/erase")(be_forgotten)
    bp.get("/me/data")(data)


@signed_in_required
def pause() -> str:
    """Offer a pause, or show the one under way and the turns that fall into it."""
    return _pause_page(PauseForm(formdata=None))


@signed_in_required
def begin_pause() -> Page:
    """Begin a pause; the turns within it are asked about."""
    form = PauseForm()
    if not form.is_well_filled():
        return _pause_page(form), 422
    who = _member()
    try:
        pausing.pause(db.session(), member=who, until=form.until.value, now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _pause_page(form), 422
    until = form.until.value
    db.session.commit()
    if until:
        say(_("Nobody asks you anything until %(day)s. Enjoy it!", day=long_day(until)))
    else:
        say(_("Nobody asks you anything until you’re back. Take care!"))
    return redirect(url_for("joining.pause"), 303)


@signed_in_required
def end_pause() -> Response:
    """Come back: one tap."""
    pausing.come_back(db.session(), member=_member())
    db.session.commit()
    say(_("Welcome back!"))
    return redirect(url_for("rota.my_turns"), 303)


def _pause_page(form: PauseForm) -> str:
    who, now = _member(), clock.now()
    is_away = is_pausing(who, now=now)
    return render_template(
        "joining/pause.html",
        form=form,
        is_away=is_away,
        back_on=back_on(who, timezone=door().community.timezone),
        turns=pausing.turns_meanwhile(db.session(), member=who, now=now) if is_away else [],
    )


@signed_in_required
def leave() -> str:
    """Show what leaving does, before the button is pressed."""
    ahead = _ahead(_member())
    form = LeaveForm(formdata=None)
    form.offer(_ways(ahead, may_keep=True))
    return render_template("joining/leave.html", form=form, ahead=ahead)


@signed_in_required
def go() -> Page:
    """Leave."""
    who = _member()
    ahead = _ahead(who)
    form = LeaveForm()
    form.offer(_ways(ahead, may_keep=True))
    if not form.is_well_filled():
        return render_template("joining/leave.html", form=form, ahead=ahead), 422
    whereto, pot_id = _chosen(form)
    try:
        leaving.leave(
            db.session(),
            member=who,
            whereto=whereto,
            pot_id=pot_id,
            key=uuid.uuid4(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return render_template("joining/leave.html", form=form, ahead=ahead), 422
    db.session.commit()
    return _goodbye(_("You’ve left. Thank you for every hour, and come back any time!"))


@signed_in_required
def erase() -> str:
    """Show what deleting one's name does, before the button is pressed."""
    ahead = _ahead_of_all()
    form = EraseForm(formdata=None)
    form.offer(_ways(ahead, may_keep=False))
    return _erase_page(form, ahead)


@signed_in_required
def be_forgotten() -> Page:
    """Delete somebody's name and address, everywhere."""
    viewer, ahead = _viewer(), _ahead_of_all()
    form = EraseForm()
    form.offer(_ways(ahead, may_keep=False))
    if not form.is_well_filled():
        return _erase_page(form, ahead), 422
    whereto, pot_id = _chosen(form)
    try:
        erasing.erase(
            db.session(),
            person_id=viewer.person_id,
            community_id=door().community.id,
            whereto=whereto,
            pot_id=pot_id,
            key=uuid.uuid4(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _erase_page(form, ahead), 422
    db.session.commit()
    # Outside the database: after a backup was put back, `timebank erase-again` needs the number.
    log.warning("Erased person %s", viewer.person_id)
    return _goodbye(_("Your name and address are deleted. Thank you for every hour!"))


@signed_in_required
def data() -> Response:
    """Hand somebody everything that we know about them."""
    now = clock.now()
    everything = taking_along.everything_about(
        db.session(), person_id=_viewer().person_id, now=now
    )
    answer = Response(archive(everything), mimetype="application/zip")
    day = clock.local_date(now, door().community.timezone)
    answer.headers["Content-Disposition"] = f'attachment; filename="my-data-{day}.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _erase_page(form: EraseForm, ahead: Ahead | None) -> str:
    mine = {"person_id": _viewer().person_id, "community_id": door().community.id}
    place = erasing.membership_in(db.session(), **mine)
    return render_template(
        "joining/erase.html",
        form=form,
        ahead=ahead,
        number=place.id if place else None,
        is_elsewhere=erasing.is_elsewhere(db.session(), **mine),
    )


def _ways(ahead: Ahead | None, *, may_keep: bool) -> list[tuple[str, str]]:
    """Say where hours can go, where there are any."""
    if ahead is None or ahead.balance_minutes <= 0:
        return []
    pots = [(f"pot-{key}", name) for key, name in ahead.pots]
    kept = [(Whereto.KEEP.value, _("Keep them until I’m back"))] if may_keep else []
    return [(Whereto.COMMUNITY.value, _("The community")), *pots, *kept]


def _chosen(form: LeaveForm) -> tuple[Whereto, int | None]:
    """Read where the hours go; without any the community is as good as anything."""
    chosen = form.whereto.data if "whereto" in form else Whereto.COMMUNITY.value
    kind, _dash, number = str(chosen).partition("-")
    return Whereto(kind), int(number) if number else None


def _goodbye(sentence: str) -> Response:
    let_out()
    say(sentence)
    return redirect(url_for("events.home"), 303)


def _ahead(who: Membership) -> Ahead:
    return leaving.look_ahead(db.session(), member=who, now=clock.now())


def _ahead_of_all() -> Ahead | None:
    """Tell what happens here; None for somebody who has no place in this community."""
    mine = erasing.membership_in(
        db.session(), person_id=_viewer().person_id, community_id=door().community.id
    )
    return _ahead(mine) if mine else None


def _viewer() -> Viewer:
    viewer = door().viewer
    if viewer is None:
        raise NotFound
    return viewer


def _member() -> Membership:
    return db.session.get_one(Membership, member())
