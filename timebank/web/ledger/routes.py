"""A member's own statement; the books stand in a module of their own."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request
from flask import url_for

from timebank.db import db
from timebank.domain import ledger
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import today
from timebank.web.events.fields import read_day
from timebank.web.ledger import books
from timebank.web.ledger.download import statement_table
from timebank.web.ledger.lines import by_month
from timebank.web.ledger.lines import position_of
from timebank.web.ledger.lines import written

bp = Blueprint("ledger", __name__)
books.register(bp)

LINES = 50  # of a statement on one page


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
    return render_template(
        "ledger/statement.html",
        months=by_month(entries[:LINES]),
        older_url=_older_url(entries),
        is_first_page=before == ledger.NEWEST,
        day=day,
        balance_then=balance_then,
        today=today(),
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
    answer = Response(statement_table(entries), mimetype="text/csv")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="time-account-{today().isoformat()}.csv"'
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
