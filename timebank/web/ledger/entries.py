"""One entry of a time account, explained; a member's own, and any for who puts it right."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.ledger import explaining
from timebank.domain.ledger import holders
from timebank.models import Transfer
from timebank.models import TransferKind
from timebank.web.auth import coordinator
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.ledger.fields import HoursField
from timebank.web.ledger.fields import SomeHours
from timebank.web.ledger.fields import words_field
from timebank.web.typed import REFUSALS
from timebank.web.typed import KeyedForm
from timebank.web.typed import Said
from timebank.web.typed import text_of
from timebank.web.words import _ as later

bp = Blueprint("entries", __name__)

Page = str | tuple[str, int] | Response
# A correction stays as it is; thanks are settled on the page of their exchange, with its story.
ELSEWHERE = frozenset({TransferKind.REVERSAL, TransferKind.THANKS})


class CorrectForm(KeyedForm):
    """What an entry should have said, and why."""

    hours = HoursField(
        later("How long was it really?"), validators=[SomeHours(may_be_nothing=True)]
    )
    why = words_field(later("Why?"))

    def __init__(self, **given: object) -> None:
        super().__init__(**given)
        self.why.validators = [
            Said(_("Say in a few words what was wrong. Both sides read it")),
            *self.why.validators,
        ]


@bp.get("/me/statement/<int:transfer_id>")
@signed_in_required
def own(transfer_id: int) -> str:
    """Explain a line of one's own statement, down to the turn and the tick that earned it."""
    account = ledger.account_of(db.session(), membership_id=member())
    return render_template(
        "ledger/entry.html",
        entry=_explained(account.id, transfer_id),
        back_url=url_for("ledger.statement"),
        account_id=None,
        holder=None,
        form=None,
    )


@bp.get("/bank/accounts/<int:account_id>/entries/<int:transfer_id>")
@signed_in_required
def one(account_id: int, transfer_id: int) -> str:
    """Explain an entry of any account to a coordinator, with a way to put it right."""
    coordinator()
    return _page(account_id, transfer_id, CorrectForm.fresh())


def _page(account_id: int, transfer_id: int, form: KeyedForm) -> str:
    entry = _explained(account_id, transfer_id)
    may_correct = entry.kind not in ELSEWHERE and entry.reversed_by is None
    return render_template(
        "ledger/entry.html",
        entry=entry,
        back_url=url_for("accounts.one", account_id=account_id),
        account_id=account_id,
        holder=holders.read_holder(
            db.session(), community_id=door().community.id, account_id=account_id
        ),
        form=form if may_correct else None,
    )


@bp.post("/bank/accounts/<int:account_id>/entries/<int:transfer_id>/correct")
@signed_in_required
def correct(account_id: int, transfer_id: int) -> Page:
    """Put an entry right: it is taken back, and stands anew with the right hours."""
    by = coordinator()
    _explained(account_id, transfer_id)
    form = CorrectForm()
    if not form.is_well_filled():
        return _page(account_id, transfer_id, form), 422
    try:
        anew = ledger.put_right(
            db.session(),
            transfer=db.session.get_one(Transfer, transfer_id),
            minutes=form.hours.minutes,
            by=by,
            key=form.intent,
            memo=text_of(form.why),
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        status = form.take_up(refusal, beside="hours")
        return _page(account_id, transfer_id, form), status
    db.session.commit()
    say(_("Put right. Both entries stay, with the reason.") if anew else _("Taken back."))
    return redirect(url_for("accounts.one", account_id=account_id), 303)


def _explained(account_id: int, transfer_id: int) -> explaining.Explanation:
    return explaining.explain(
        db.session(),
        community_id=door().community.id,
        transfer_id=transfer_id,
        account_id=account_id,
    )
