"""The operator's page: queues, workers, the schedule, messages in doubt, the books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint
from flask import current_app
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.works import Planned
from timebank.core.works import WorksLook
from timebank.db import db
from timebank.domain.notices import watching
from timebank.domain.operations import deciding
from timebank.domain.operations import operators
from timebank.domain.operations import reading
from timebank.domain.operations.reading import Run
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.operations import metrics
from timebank.web.operations.metrics import WORKS
from timebank.web.operations.words import how_long
from timebank.web.operations.words import rhythm

PLANNED = "timebank.planned"

bp = Blueprint("operations", __name__)
bp.get("/metrics")(metrics.show)


@dataclass(frozen=True, slots=True)
class Line:
    """A job of the schedule and its latest run."""

    planned: Planned
    last: Run | None


@bp.get("/operations")
@signed_in_required
def works() -> str:
    """Show how the works are getting on; the same number of statements, whatever there is."""
    _operator()
    session = db.session()
    now = clock.now()
    look: WorksLook | None = current_app.extensions[WORKS]()
    runs = reading.latest_runs(session)
    planned: list[Planned] = current_app.extensions[PLANNED](reading.zones(session), now)
    return render_template(
        "operations/works.html",
        now=now,
        look=look,
        unserved=[one.name.value for one in look.queues if not one.is_served(now)] if look else [],
        lines=[Line(one, runs.get(one.function)) for one in planned],
        failing=[run for run in runs.values() if run.is_broken],
        broken=reading.broken_runs(session),
        mail=reading.read_mail(session),
        resting=watching.resting(session),
        troubled=reading.troubled(session),
        suppressed=reading.suppressed_addresses(session),
        books=reading.read_books(session),
        texts=metrics.spent_on_texts(),
        how_long=how_long,
        rhythm=rhythm,
    )


@bp.post("/operations/notices/<int:notice_id>/again")
@signed_in_required
def send_again(notice_id: int) -> Response:
    """Give one message of which nobody knows whether it arrived a new try."""
    return _decide(deciding.send_again, notice_id, _("It goes out again within a minute."))


@bp.post("/operations/notices/<int:notice_id>/away")
@signed_in_required
def put_away(notice_id: int) -> Response:
    """Leave one message as it is: it arrived, or was told another way."""
    return _decide(deciding.put_away, notice_id, _("Put away."))


def _operator() -> int:
    """Tell the number of a viewer who looks after the installation.

    Raises:
        NotFound: When they don't: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or not operators.is_operator(db.session(), person_id=viewer.person_id):
        raise NotFound
    return viewer.person_id


def _decide(rule: Callable[..., None], notice_id: int, done: str) -> Response:
    by = _operator()
    try:
        rule(db.session(), notice_id=notice_id, by=by)
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(done)
    return redirect(url_for("operations.works"), 303)
