"""Any account, for coordinators: its number, limits and statement; and whom to ring."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.validators import StopValidation

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.ledger import holders
from timebank.domain.ledger import limits
from timebank.domain.ledger import pots
from timebank.domain.ledger import topping_up
from timebank.models import AccountKind
from timebank.web.auth import coordinator
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.events.fields import CountField
from timebank.web.filters import hours
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.ledger.fields import HoursField
from timebank.web.ledger.fields import SomeHours
from timebank.web.ledger.fields import about_field
from timebank.web.ledger.fields import words_field
from timebank.web.ledger.lines import by_month
from timebank.web.ledger.lines import position_of
from timebank.web.ledger.lines import written
from timebank.web.typed import KeyedForm
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import read_number
from timebank.web.typed import text_of
from timebank.web.words import _ as later

bp = Blueprint("accounts", __name__)

LINES = 50
Page = str | tuple[str, int] | Response
MAY_BE_NOTHING = [SomeHours(may_be_nothing=True)]


class LimitsForm(PageForm):
    """How far below nought an account may go, from where there is a kind word, and how high."""

    below = HoursField(later("How far below nought may it go?"), validators=MAY_BE_NOTHING)
    kind_word = HoursField(later("From how far below do we ring?"), validators=MAY_BE_NOTHING)
    ceiling = HoursField(
        later("How much may it hold, with gifts? (empty: any)"), validators=MAY_BE_NOTHING
    )
    reason = words_field(later("Why?"))

    @property
    def typed(self) -> limits.Limits:
        """The limits as the rules want them: below nought is negative."""
        soft = self.kind_word.minutes
        has_ceiling = bool((self.ceiling.data or "").strip())
        return limits.Limits(
            floor=-self.below.minutes,
            soft_floor=-soft if soft else None,
            ceiling=self.ceiling.minutes if has_ceiling else None,
        )


class PolicyForm(PageForm):
    """When members are topped up, from which pot, how much and how often."""

    when = about_field(later("When do you top somebody up?"))
    pot = SelectField(later("From which pot?"), validate_choice=False)
    hours = HoursField(later("How much?"), validators=[SomeHours()])
    most_a_year = CountField(later("How often in a year, at most?"))

    @property
    def pot_id(self) -> int | None:
        """Which of the pots that were offered."""
        return read_number(self.pot.data)

    def validate_pot(self, _field: SelectField) -> None:
        """One must be chosen."""
        if self.pot_id is None:
            raise StopValidation(_("Choose a pot. Start one first if there is none"))


@bp.get("/bank/accounts/<int:account_id>")
@signed_in_required
def one(account_id: int) -> str:
    """Show an account to a coordinator: number, limits and their log, statement."""
    coordinator()
    holder = _holder(account_id)
    return _page(holder, _known_limits(holder))


def _holder(account_id: int) -> holders.Holder:
    return holders.read_holder(
        db.session(), community_id=door().community.id, account_id=account_id
    )


def _known_limits(holder: holders.Holder) -> LimitsForm:
    return LimitsForm(
        formdata=None,
        below=_as_typed(holder.floor_minutes),
        kind_word=_as_typed(holder.soft_floor_minutes),
        ceiling=_as_typed(holder.ceiling_minutes),
    )


def _as_typed(minutes: int | None) -> str:
    """Write a length as somebody would have typed it: "10", "7:30"; nothing for none."""
    if minutes is None:
        return ""
    whole, odd = divmod(abs(minutes), 60)
    return f"{whole}:{odd:02d}" if odd else str(whole)


def _page(holder: holders.Holder, form: LimitsForm) -> str:
    before = position_of(request.args.get("before", ""))
    entries = ledger.account_entries(
        db.session(), account_id=holder.account_id, before=before, limit=LINES + 1
    )
    return render_template(
        "ledger/account.html",
        holder=holder,
        months=by_month(entries[:LINES]),
        older=written(entries[LINES - 1].position) if len(entries) > LINES else None,
        is_first_page=before == ledger.NEWEST,
        log=limits.limit_log(db.session(), account_id=holder.account_id),
        form=form if holder.floor_minutes is not None else None,
    )


@bp.post("/bank/accounts/<int:account_id>/limits")
@signed_in_required
def change_limits(account_id: int) -> Page:
    """Change an account's limits, and keep why."""
    by, holder = coordinator(), _holder(account_id)
    form = LimitsForm()
    if holder.floor_minutes is None or not form.is_well_filled():
        return _page(holder, form), 422
    try:
        limits.set_limits(
            db.session(),
            account=ledger.find_account(
                db.session(), community_id=door().community.id, account_id=account_id
            ),
            limits=form.typed,
            reason=text_of(form.reason),
            by=by,
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        field = form.reason if refusal.field == "reason" else form.below
        field.errors = [_(refusal.sentence)]
        return _page(holder, form), 422
    db.session.commit()
    say(_("Changed, and written down with the reason."))
    return redirect(url_for("accounts.one", account_id=account_id), 303)


@bp.get("/bank/low")
@signed_in_required
def low() -> str:
    """Show whom to ring because they are low, and the policy of topping up."""
    coordinator()
    return _low_page(_known_policy())


def _known_policy() -> PolicyForm:
    known = topping_up.policy_of(db.session(), community_id=door().community.id)
    if known is None:
        return PolicyForm(formdata=None)
    return PolicyForm(
        formdata=None,
        when=known.words,
        pot=str(known.pot_id),
        hours=_as_typed(known.minutes),
        most_a_year=str(known.most_a_year),
    )


def _low_page(form: PolicyForm) -> str:
    community_id = door().community.id
    open_pots = pots.read_pots(db.session(), community_id=community_id)
    form.pot.choices = choices_of(
        (str(one.id), one.name) for one in open_pots if one.kind is AccountKind.POT
    )
    return render_template(
        "ledger/low.html",
        people=topping_up.read_low(db.session(), community_id=community_id, now=clock.now()),
        policy=topping_up.policy_of(db.session(), community_id=community_id),
        form=form,
        top_up_form=KeyedForm.fresh(),
    )


@bp.post("/bank/low/policy")
@signed_in_required
def decide() -> Page:
    """Write down when members are topped up."""
    by = coordinator()
    form = PolicyForm()
    if not form.is_well_filled() or form.pot_id is None:
        return _low_page(form), 422
    try:
        topping_up.set_policy(
            db.session(),
            pot=pots.find_pot(
                db.session(), community_id=door().community.id, account_id=form.pot_id
            ),
            minutes=form.hours.minutes,
            most_a_year=form.most_a_year.value or 0,
            words=text_of(form.when),
            by=by,
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        beside = {"minutes": form.hours, "most_a_year": form.most_a_year}
        beside.get(refusal.field or "", form.when).errors = [_(refusal.sentence)]
        return _low_page(form), 422
    db.session.commit()
    say(_("Written down."))
    return redirect(url_for("accounts.low"), 303)


@bp.post("/bank/low/<int:membership_id>/top-up")
@signed_in_required
def top_up(membership_id: int) -> Page:
    """Top a member up, as the policy says."""
    by = coordinator()
    form = KeyedForm()
    if not form.is_well_filled():
        return redirect(url_for("accounts.low"), 303)
    try:
        done = topping_up.top_up(
            db.session(),
            community_id=door().community.id,
            membership_id=membership_id,
            by=by,
            key=uuid.uuid5(form.intent, str(membership_id)),
            today=today(),
            now=clock.now(),
        )
    except (Conflict, NotAllowed, Refused) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        holder = _holder(done.credit_id)
        say(_("%(hours)s for %(name)s.", hours=hours(done.minutes), name=public_name(holder.name)))
    return redirect(url_for("accounts.low"), 303)
