"""The organiser's page about whether a date can start: who could cover what, and what to do."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import StringField

from timebank.core import clock
from timebank.core.text import former_member
from timebank.core.text import public_name
from timebank.db import db
from timebank.domain.rota import outlook
from timebank.domain.rota.outlook import Report
from timebank.models import Event
from timebank.models import Membership
from timebank.models import Outlook
from timebank.models import Profile
from timebank.models import Series
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.events.running import event_of_organiser
from timebank.web.flashes import say
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import line
from timebank.web.typed import short
from timebank.web.typed import text_of
from timebank.web.words import _ as lazy

bp = Blueprint("deciding", __name__)

ADDRESS = "/e/<slug>/<day:day>/decide"


class GoForm(PageForm):
    """Why a date starts all the same."""

    because = StringField(
        lazy("Why can it start all the same?"),
        filters=[line],
        validators=[
            Said(lazy("Say why, in a few words")),
            short(200),
        ],
    )


@bp.get(ADDRESS)
@signed_in_required
def decide(slug: str, day: dt.date) -> str:
    """Show whether a date can start, and what would help."""
    event = event_of_organiser(slug, day)
    return _page(event, slug, GoForm(formdata=None))


@bp.post(ADDRESS)
@signed_in_required
def go(slug: str, day: dt.date) -> Response | tuple[str, int]:
    """Let a date start all the same, with a reason."""
    event = event_of_organiser(slug, day)
    form = GoForm()
    if not form.is_well_filled():
        return _page(event, slug, form), 422
    outlook.go_anyway(
        db.session(), event=event, because=text_of(form.because), by=member(), now=clock.now()
    )
    db.session.commit()
    say(_("It’s on. We’ve noted why."))
    return redirect(url_for("deciding.decide", slug=slug, day=day), 303)


def _page(event: Event, slug: str, form: GoForm) -> str:
    session = db.session()
    report = outlook.read_report(session, event=event)
    series = session.get_one(Series, event.series_id)
    lead = dt.timedelta(hours=series.decide_hours_before or 0)
    return render_template(
        "deciding/decide.html",
        slug=slug,
        event=event,
        title=series.title,
        report=report,
        headline=headline(report),
        moves=_moves(report),
        decides_at=event.starts_at - lead if lead else None,
        is_over=event.starts_at <= clock.now(),
        is_no_go=event.outlook is Outlook.NO_GO,
        form=form,
    )


def headline(report: Report) -> str:
    """Say in one sentence whether a date can start."""
    found = report.matching
    if report.is_covered:
        return _("It’s on: every job it can’t start without has somebody.")
    if found.unqualified:
        return _("Nobody who is coming may do %(jobs)s.", jobs=_or(found.unqualified))
    if found.goes_ahead:
        return _(
            "%(people)s could cover %(jobs)s it can’t start without.",
            people=ngettext(
                "%(num)s person who is coming", "%(num)s people who are coming", found.people or 0
            ),
            jobs=ngettext("the job", "all %(num)s jobs", report.jobs),
        )
    if found.unblockers:
        return _("One more who can do %(jobs)s, and it’s on.", jobs=_or(found.unblockers))
    return ngettext(
        "It needs at least %(num)s more person.",
        "It needs at least %(num)s more people.",
        found.missing,
    )


def _or(names: tuple[str, ...]) -> str:
    *others, last = names
    return _("%(names)s or %(last)s", names=", ".join(others), last=last) if others else last


def _moves(report: Report) -> list[tuple[str, str]]:
    """Name who would do what -> (first name and initial, job), in the rota's order."""
    names = {
        membership.id: public_name(profile.full_name)
        for membership, profile in db.session()
        .query(Membership, Profile)
        .join(Profile, Profile.person_id == Membership.person_id)
        .filter(Membership.id.in_([membership for membership, _job in report.moves]))
    }
    return [(names.get(membership, former_member()), job) for membership, job in report.moves]
