"""The books that everybody may read, and a member's own statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import format_decimal

from timebank.core import clock
from timebank.db import db
from timebank.domain import ledger
from timebank.models import Reconciliation
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.events.fields import read_day
from timebank.web.ledger.download import statement_table
from timebank.web.ledger.lines import by_month
from timebank.web.ledger.lines import position_of
from timebank.web.ledger.lines import written

bp = Blueprint("ledger", __name__)

NIGHTS = 7  # of proofs on the page
LINES = 50  # of a statement on one page


@dataclass(frozen=True, slots=True)
class Proof:
    """A night's proof as the page tells it."""

    ran_at: dt.datetime
    is_proved: bool
    entries: str
    balance_sum: str
    wrong_balances: int
    turns_without_hours: int
    turns_with_hours_twice: int
    overfull_jobs: int


@bp.get("/books")
def books() -> str:
    """Show that all hours together come to nought, and when that was last proved."""
    found = ledger.latest_proofs(db.session(), community_id=door().community.id, limit=NIGHTS)
    return render_template("ledger/books.html", proofs=[_proof(one) for one in found])


def _proof(found: Reconciliation) -> Proof:
    return Proof(
        ran_at=found.ran_at,
        is_proved=found.proved,
        entries=format_decimal(found.transfers),
        balance_sum=format_decimal(found.balance_sum),
        wrong_balances=found.wrong_balances,
        turns_without_hours=found.unearned_turns,
        turns_with_hours_twice=found.doubly_earned_turns,
        overfull_jobs=found.oversold_slots,
    )


@bp.get("/me/statement")
@signed_in_required
def statement() -> str:
    """Show a page of a member's statement, and their balance on a past day when asked."""
    membership_id = member()
    before = position_of(request.args.get("before", ""))
    entries = ledger.entries_before(
        db.session(), membership_id=membership_id, before=before, limit=LINES + 1
    )
    day = read_day(request.args.get("on", ""))
    balance_then = (
        ledger.balance_as_at(db.session(), membership_id=membership_id, day=day) if day else None
    )
    zone = door().community.timezone
    return render_template(
        "ledger/statement.html",
        months=by_month(entries[:LINES]),
        older_url=_older_url(entries),
        is_first_page=before == ledger.NEWEST,
        day=day,
        balance_then=balance_then,
        today=clock.local_date(clock.now(), zone),
    )


def _older_url(entries: list[ledger.Entry]) -> str | None:
    if len(entries) <= LINES:
        return None
    return url_for("ledger.statement", before=written(entries[LINES - 1].position))


@bp.get("/me/statement.csv")
@signed_in_required
def statement_csv() -> Response:
    """Hand a member their whole statement for a spreadsheet."""
    entries = ledger.all_entries(db.session(), membership_id=member())
    day = clock.local_date(clock.now(), door().community.timezone)
    answer = Response(statement_table(entries), mimetype="text/csv")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="time-account-{day.isoformat()}.csv"'
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
