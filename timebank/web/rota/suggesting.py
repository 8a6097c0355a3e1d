"""A suggested rota: the organiser reads who could do what and why, and asks whom they like."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField

from timebank.core import clock
from timebank.db import db
from timebank.domain.rota import proposals
from timebank.domain.rota.suggesting import Because
from timebank.models import Series
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.events.running import series_of_organiser
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import read_number
from timebank.web.words import _ as lazy

bp = Blueprint("suggesting", __name__)

ADDRESS = "/e/<slug>/suggest"
DATES = (1, proposals.MOST_DATES)
MOST_ASKS = 100


class AskForm(PageForm):
    """Who of those proposed is to be asked: a slot and a membership each, like 12-5."""

    ask = SelectMultipleField(
        lazy("Who could do what"),
        choices=[],
        validate_choice=False,
        validators=[Said(lazy("Tick at least one neighbour"))],
    )

    @property
    def chosen(self) -> list[tuple[int, int]]:
        """The pairs whose box is ticked."""
        return list(_pairs(self.ask.data or ()))


@bp.get(ADDRESS)
@signed_in_required
def rota(slug: str) -> str:
    """Propose people for the free places of the next date, or the next four."""
    series = series_of_organiser(slug)
    return _page(series, AskForm(formdata=None), ticked=None)


@bp.post(ADDRESS)
@signed_in_required
def ask(slug: str) -> Response | tuple[str, int]:
    """Pencil in whoever is ticked, and ask them by e-mail."""
    series = series_of_organiser(slug)
    form = AskForm()
    if not form.is_well_filled():
        return _page(series, form, ticked=form.chosen), 422
    asked, refused = proposals.pencil_in(
        db.session(),
        series_id=series.id,
        chosen=form.chosen[:MOST_ASKS],
        by=member(),
        now=clock.now(),
    )
    db.session.commit()
    _tell(asked, refused)
    return redirect(url_for("grid.rota", slug=slug), 303)


def _tell(asked: int, refused: Iterable[proposals.NotAsked]) -> None:
    if asked:
        say(
            ngettext(
                "Pencilled in. We’ve asked for %(num)s turn by e-mail.",
                "Pencilled in. We’ve asked for %(num)s turns by e-mail.",
                asked,
            )
        )
    not_asked = [
        _("%(name)s, %(job)s: %(why)s", name=one.name, job=one.job, why=_(one.sentence))
        for one in refused
    ]
    if not_asked:
        say(_("Not asked. %(who)s", who=" ".join(not_asked)), tone=Tone.ALERT)


def _pairs(typed: Iterable[object]) -> Iterable[tuple[int, int]]:
    for one in typed:
        slot, _dash, member = str(one).partition("-")
        slot_id, membership_id = read_number(slot), read_number(member)
        if slot_id is not None and membership_id is not None:
            yield slot_id, membership_id


def _page(series: Series, form: AskForm, *, ticked: Collection[tuple[int, int]] | None) -> str:
    """Show the proposal; at first everybody is ticked."""
    asked = read_number(request.args.get("dates", ""))
    dates = asked if asked in DATES else DATES[0]
    with_extra = request.args.get("all") == "yes"
    found = proposals.suggest_rota(
        db.session(), series_id=series.id, dates=dates, with_extra=with_extra, now=clock.now()
    )
    return render_template(
        "suggesting/rota.html",
        slug=series.slug,
        title=series.title,
        found=found,
        is_empty=not any(day.choices for day in found.days),
        has_gaps=any(day.unfilled for day in found.days),
        reasons=reasons,
        dates=dates,
        choices=DATES,
        with_extra=with_extra,
        form=form,
        ticked=ticked,
    )


def reasons(because: Iterable[Because]) -> str:
    """Say in words why somebody is proposed."""
    words = {
        Because.ONLY_ONE_WHO_CAN: _("the only one who can"),
        Because.WOULD_LIKE: _("did it before"),
        Because.DID_IT_BEFORE: _("did it before"),
        Because.NOT_LATELY: _("not lately"),
        Because.FIRST_TIME_IN_JOB: _("first time in this job"),
    }
    return ", ".join(dict.fromkeys(words[one] for one in because))
