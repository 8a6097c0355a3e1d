"""Ask which dates a change of a series is for, and show whom it moves, before it is made.

What was typed travels along in hidden fields. What the organiser agrees to is one list for one
choice of dates: when somebody takes or gives back a turn meanwhile, the list is shown once more.
"""

from __future__ import annotations

import datetime as dt
from typing import TypedDict

from flask import render_template
from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import SelectField

from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.calendar.previewing import Changed
from timebank.domain.events import SeriesDraft
from timebank.domain.rota import editing
from timebank.domain.rota.affected import NotAsShown
from timebank.domain.rota.affected import Outcome
from timebank.models import Membership
from timebank.models import Series
from timebank.web.door import door
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import read_day
from timebank.web.events.previewing import seen_in_calendars
from timebank.web.filters import day as day_of
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.words import _ as later

OUR_OWN = {"csrf_token", "press", "reach", "day", "agreed"}
REACHES = [
    (editing.Reach.LATER.value, later("That date and later ones")),
    (editing.Reach.ALL.value, later("All dates to come")),
    (editing.Reach.ONLY.value, later("Only that date")),
]


class Edit(TypedDict):
    """A change of a series that somebody wants to make, as the rules of editing take it."""

    series: Series
    draft: SeriesDraft
    by: Membership
    version: int
    now: dt.datetime


class ScopeForm(PageForm):
    """Which dates a change is for; `agreed` names the list that was shown."""

    day = SelectField(
        later("The date"),
        validate_choice=False,
        validators=[OneOf(later("Choose one of the dates"))],
    )
    reach = RadioField(
        later("For which dates?"),
        choices=choices_of(REACHES),
        validate_choice=False,
        validators=[OneOf(later("Say which dates it’s for"))],
    )
    agreed = HiddenField()

    @property
    def scope(self) -> editing.Scope:
        """The dates, of a valid form."""
        day = read_day(self.day.data) or dt.date.min
        return editing.Scope(editing.Reach(self.reach.data), day)


def is_needed(edit: Edit) -> bool:
    """Whether there is anything to ask."""
    return editing.asks_which_dates(
        db.session(), series=edit["series"], draft=edit["draft"], now=edit["now"]
    )


def answer(edit: Edit) -> str | tuple[str, int]:
    """Ask, show, or make the change -> what to say then, or the page that asks."""
    form, is_first = _form(edit)
    if not is_first and not form.validate():
        return _page(edit, form, Outcome()), 422
    try:
        outcome = editing.preview_edit(db.session(), **edit, scope=form.scope)
    except Refused as refusal:
        if len(list(form.day.choices or ())) == 1:
            raise  # no other date to choose: it is the change itself, and stands beside its field
        form.form_errors.append(_(refusal.sentence))
        return _page(edit, form, Outcome()), 422
    shown = f"{form.reach.data}.{form.day.data}.{outcome.digest}"
    if is_first or (_is_worth_showing(outcome) and form.agreed.data != shown):
        return _show(edit, form, outcome, shown)
    try:
        return words_of(write(edit, form.scope, outcome.digest))
    except NotAsShown:
        db.session.rollback()
        return answer(edit)


def write(edit: Edit, scope: editing.Scope = editing.EVERY_DATE, agreed: str | None = None) -> int:
    """Make the change -> how many people are told."""
    return editing.edit_series(db.session(), **edit, scope=scope, agreed=agreed)


def words_of(told: int) -> str:
    """Say what was done."""
    if not told:
        return _("Saved.")
    return ngettext(
        "Saved. We’ll tell %(num)s person whose turn has changed.",
        "Saved. We’ll tell %(num)s people whose turn has changed.",
        told,
    )


def _form(edit: Edit) -> tuple[ScopeForm, bool]:
    """Read what was chosen -> the form, and whether it is to be asked for the first time."""
    is_first = "reach" not in request.form
    form = ScopeForm(formdata=None if is_first else request.form)
    days = editing.dates_to_come(db.session(), series=edit["series"], now=edit["now"])
    form.day.choices = choices_of((day.isoformat(), day_of(day)) for day in days)
    if is_first:
        asked = read_day(request.form.get("on"))
        form.day.data = (asked if asked in days else days[0]).isoformat()
        form.reach.data = editing.Reach.LATER.value
    return form, is_first


def _is_worth_showing(outcome: Outcome) -> bool:
    return bool(outcome.effects or outcome.own_jobs or outcome.own_times or outcome.own_leads)


def _show(edit: Edit, form: ScopeForm, outcome: Outcome, shown: str) -> str | tuple[str, int]:
    """Show the list; 409 when the organiser had agreed to another one for the same dates."""
    agreed = form.agreed.data or ""
    is_other_list = agreed.rpartition(".")[0] == shown.rpartition(".")[0]
    form.agreed.data = shown
    if is_other_list:
        form.form_errors.append(_("The list has changed meanwhile. Look at it once more"))
    seen = seen_in_calendars(
        lambda: write(edit, form.scope, outcome.digest), series_id=edit["series"].id
    )
    page = _page(edit, form, outcome, seen)
    return page, 409 if is_other_list else 200


def _page(edit: Edit, form: ScopeForm, outcome: Outcome, seen: list[Changed] | None = None) -> str:
    carried = [
        (name, value) for name, value in request.form.items(multi=True) if name not in OUR_OWN
    ]
    return render_template(
        "editor/which_dates.html",
        series=edit["series"],
        form=form,
        outcome=outcome,
        seen=seen,
        carried=carried,
        zone=door().community.timezone,
    )
