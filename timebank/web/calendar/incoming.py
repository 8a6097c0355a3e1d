"""Bringing a group's own calendar: a file or an address, a look at it, taken in, undone."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from limits import RateLimitItemPerHour
from werkzeug.wrappers import Response as Answer

from timebank.adapters import fetching
from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.calendar.incoming import drafts
from timebank.domain.calendar.incoming import planning
from timebank.domain.calendar.incoming import undoing
from timebank.domain.calendar.incoming import writing
from timebank.domain.calendar.incoming.lines import MOST_BYTES
from timebank.models import CalendarImport
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Series
from timebank.web import installation
from timebank.web.auth import member
from timebank.web.auth import organiser_of
from timebank.web.auth import signed_in_required
from timebank.web.calendar import busy
from timebank.web.calendar.incoming_forms import AnswersForm
from timebank.web.calendar.incoming_forms import BringForm
from timebank.web.calendar.incoming_forms import answers_form
from timebank.web.calendar.incoming_words import other_sentence
from timebank.web.calendar.incoming_words import passed_sentence
from timebank.web.calendar.incoming_words import shown_event
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.limits import brake
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import read_number

bp = Blueprint("incoming", __name__)
busy.register(bp)

Page = str | tuple[str, int] | Answer
FETCHES = RateLimitItemPerHour(30)


class BringSomething(Refused):
    """Choose a file, or paste the address of the calendar."""


@bp.get("/calendar/import")
@signed_in_required
def choose() -> str:
    """Ask for the calendar."""
    return _choose_page(_form(fresh=True))


@bp.post("/calendar/import")
@signed_in_required
def bring() -> Page:
    """Keep the calendar, when it can be read, to be looked at."""
    form = _form()
    if not form.is_well_filled():
        return _choose_page(form), 422
    group_id = read_number(form.group.data) or 0
    organiser_of(group_id)
    try:
        raw, source = _calendar(form)
        made = drafts.start(
            db.session(),
            group=db.session.get_one(Group, group_id),
            raw=raw,
            source=source,
            by=_by(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        field = form.address if form.address.data else form.file
        field.errors = [*field.errors, _(refusal.sentence)]
        return _choose_page(form), 422
    db.session.commit()
    return redirect(url_for("incoming.understood", import_id=made.id), 303)


@bp.get("/calendar/import/<int:import_id>")
@signed_in_required
def understood(import_id: int) -> str:
    """Show what was understood, with its questions; or what became of it."""
    made = _find(import_id)
    if made.written_at is not None:
        return _result_page(made)
    plan = planning.plan(db.session(), made=made, now=clock.now())
    return _understood_page(made, plan, answers_form(plan))


@bp.post("/calendar/import/<int:import_id>")
@signed_in_required
def write(import_id: int) -> Page:
    """Take it in: it looks right."""
    made = _find(import_id)
    here = redirect(url_for("incoming.understood", import_id=import_id), 303)
    if made.written_at is not None:
        return here
    now = clock.now()
    plan = planning.plan(db.session(), made=made, now=now)
    form = answers_form(plan)
    if not form.is_well_filled():
        return _understood_page(made, plan, form), 422
    try:
        writing.write(db.session(), made=made, answers=form.answers(), by=_by(), now=now)
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _understood_page(made, plan, form), 422
    db.session.commit()
    say(_("The events are in."))
    return here


@bp.post("/calendar/import/<int:import_id>/undo")
@signed_in_required
def undo(import_id: int) -> Answer:
    """Take all of it back."""
    made = _find(import_id)
    undoing.undo(db.session(), made=made, by=_by(), now=clock.now())
    db.session.commit()
    say(_("That’s undone."))
    return redirect(url_for("incoming.understood", import_id=import_id), 303)


def _find(import_id: int) -> CalendarImport:
    """Find what was brought, for those who run its group."""
    made = drafts.find(db.session(), community_id=door().community.id, import_id=import_id)
    organiser_of(made.group_id)
    return made


def _by() -> Membership:
    return db.session.get_one(Membership, member())


def _groups() -> list[tuple[int, str]]:
    """List the groups that the viewer may make events for.

    Raises:
        NotFound: There are none: a stranger learns nothing.
    """
    opened = door()
    if opened.viewer is None or opened.viewer.membership_id is None:
        raise NotFound
    found = sa.select(Group.id, Group.name).where(Group.community_id == opened.community.id)
    if not opened.viewer.is_coordinator:
        found = found.where(Group.id.in_(opened.viewer.organises))
    rows = [(key, name) for key, name in db.session.execute(found.order_by(Group.name, Group.id))]
    if not rows:
        raise NotFound
    return rows


def _form(*, fresh: bool = False) -> BringForm:
    groups = _groups()
    form = BringForm(formdata=None) if fresh else BringForm()
    form.group.choices = choices_of([(str(key), name) for key, name in groups])
    if not form.group.data:
        form.group.data = str(groups[0][0])
    return form


def _calendar(form: BringForm) -> tuple[bytes, str]:
    """Read the file, or fetch the address -> with the file's name or the host.

    Raises:
        BringSomething: There was neither. The refusals of `fetch`.
    """
    upload = request.files.get("file")
    if upload and upload.filename:
        return upload.read(MOST_BYTES + 1), line(upload.filename)
    address = form.address.data or ""
    if not address:
        raise BringSomething
    brake(FETCHES, of=f"fetch-{member()}")
    db.session.rollback()  # nobody waits for a line to the database while another server thinks
    settings = installation.settings()
    fetched = fetching.fetch(address, is_local_allowed=settings.fetches_locally)
    return fetched.body or b"", fetching.host_of(address)


def _choose_page(form: BringForm) -> str:
    groups = _groups()
    return render_template(
        "incoming/choose.html",
        form=form,
        has_one_group=len(groups) == 1,
        taken_in=drafts.taken_in(db.session(), group_ids=[key for key, _name in groups]),
    )


def _understood_page(made: CalendarImport, plan: planning.Plan, form: AnswersForm) -> str:
    timezone = door().community.timezone
    today = clock.local_date(clock.now(), timezone)
    return render_template(
        "incoming/understood.html",
        made=made,
        plan=plan,
        form=form,
        shown=[shown_event(planned, timezone=timezone, today=today) for planned in plan.events],
        passed=[passed_sentence(one) for one in plan.found.passed],
        others=[other_sentence(kind, count) for kind, count in plan.found.others],
    )


def _result_page(made: CalendarImport) -> str:
    return render_template(
        "incoming/result.html",
        made=made,
        series=_series(made.wrote["series"]),
        kept=_series(made.wrote.get("kept", ())),
    )


def _series(series_ids: Sequence[int]) -> list[Series]:
    found = sa.select(Series).where(Series.id.in_(series_ids))
    return list(db.session.scalars(found.order_by(Series.first_on, Series.id)))
