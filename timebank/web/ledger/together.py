"""Hours of several people at once, by a rule with a name: worked out, looked at, posted."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.communities import neighbours
from timebank.domain.ledger import batches
from timebank.domain.ledger import group_rules
from timebank.domain.ledger import pots
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Batch
from timebank.models import Membership
from timebank.models import Profile
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.ledger.together_forms import TogetherForm
from timebank.web.typed import REFUSALS
from timebank.web.typed import KeyedForm

bp = Blueprint("together", __name__)

Page = str | tuple[str, int] | Response
LONGEST_AGO = dt.timedelta(days=60)
TAKEN_BACK_WITHIN = dt.timedelta(days=14)
ADD = {"add-helper": "helpers", "add-learner": "learners"}


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """The shares of an occasion, for people to see before anything is posted."""

    shares: group_rules.Shares
    people: tuple[tuple[str, int], ...]
    pot_name: str
    pot_minutes: int

    @property
    def mark(self) -> str:
        """Tells whether what is posted is what was shown."""
        facts = repr(self.shares).encode()
        return hashlib.sha256(facts).hexdigest()


@bp.get("/hours/together")
@signed_in_required
def start() -> str:
    """Ask what happened and who took part."""
    _pots()
    form = TogetherForm.fresh(day=today().isoformat())
    return _page(form)


def _page(form: KeyedForm, worked_out: WorkedOut | None = None) -> str:
    form.offer_pots(_pots())  # type: ignore[attr-defined]  # a TogetherForm
    return render_template("ledger/together.html", form=form, worked_out=worked_out, today=today())


def _pots() -> list[tuple[int, str]]:
    """Offer the pots of whoever runs something here; coordinators have the community's hours too.

    Raises:
        NotFound: For who runs nothing.
    """
    viewer = door().viewer
    member()
    if viewer is None or not viewer.is_organiser:
        raise NotFound
    here = door().community
    found = [
        (one.id, one.name)
        for one in pots.read_pots(db.session(), community_id=here.id)
        if one.kind is AccountKind.POT
        and (viewer.is_coordinator or (one.group_id and viewer.may_organise(one.group_id)))
    ]
    if viewer.is_coordinator:
        found.append((ledger.commons(db.session(), community_id=here.id).id, here.name))
    return found


@bp.post("/hours/together")
@signed_in_required
def work_out() -> Page:
    """Work out everybody's hours, and post them when they are what was shown."""
    _pots()
    form = TogetherForm()
    press = request.form.get("press", "")
    if press in ADD:
        form.add_line(ADD[press])
        return _page(form)
    if not form.is_well_filled() or not _is_a_day_of_late(form):
        return _page(form), 422
    try:
        found = _worked_out(form)
    except Refused as refusal:
        form.refuse(refusal)
        return _page(form), 422
    if found is None:
        return _page(form), 422
    was_shown = form.seen.data == found.mark
    form.seen.data = found.mark
    if press != "post" or not was_shown:
        return _page(form, found)
    return _post(form, found)


def _is_a_day_of_late(form: TogetherForm) -> bool:
    day = form.day.value
    if day is not None and today() - LONGEST_AGO <= day <= today():
        return True
    form.day.errors = [_("Choose a day from the last two months")]
    return False


def _worked_out(form: TogetherForm) -> WorkedOut | None:
    """Work an occasion out; None when somebody on it is in doubt."""
    offered = dict(_pots())
    pot_id = form.pot_id
    if pot_id not in offered or pot_id is None:
        form.pot.errors = [_("Choose a pot")]
        return None
    named = neighbours.find_by_names(
        db.session(), community_id=door().community.id, names=form.names
    )
    people = form.settle(named)
    if people is None:
        return None
    known = _accounts({one for side in people.values() for one in side})
    parts = {
        side: [
            one.part(known[membership_id][0])
            for one, membership_id in zip(form.lines(side), members, strict=True)
        ]
        for side, members in people.items()
    }
    names = dict(known.values())
    shares = group_rules.shares(
        group_rules.Occasion(
            rule=form.kind,
            minutes=form.hours.minutes,
            helpers=parts["helpers"],
            learners=parts["learners"],
            pot_id=pot_id,
        )
    )
    listed = tuple((names[one.account_id], one.minutes) for one in shares.of_people)
    return WorkedOut(shares, listed, offered[pot_id], shares.of_the_pot.minutes)


def _accounts(membership_ids: set[int]) -> dict[int, tuple[int, str]]:
    """Read the accounts and public names of members, in one statement."""
    rows = db.session().execute(
        sa.select(Account.membership_id, Account.id, Profile.full_name)
        .join(Membership, Membership.id == Account.membership_id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Account.membership_id.in_(membership_ids))
    )
    return {member: (account, public_name(name)) for member, account, name in rows if member}


def _post(form: TogetherForm, found: WorkedOut) -> Page:
    try:
        batch = ledger.post_batch(
            db.session(),
            key=form.intent,
            community_id=door().community.id,
            kind=form.kind,
            title=form.title.data or "",
            happened_on=form.day.value or today(),
            legs=found.shares.legs(),
            by=member(),
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        status = form.take_up(refusal)
        return _page(form, found), status
    db.session.commit()
    say(_("Posted: %(title)s.", title=batch.title))
    return redirect(url_for("together.one", batch_id=batch.id), 303)


@bp.get("/hours/together/<int:batch_id>")
@signed_in_required
def one(batch_id: int) -> str:
    """Show what was posted, to who runs things here, with a way to take it back."""
    _pots()
    batch = _batch(batch_id)
    return render_template(
        "ledger/batch.html",
        batch=batch,
        lines=batches.read_lines(db.session(), batch_id=batch.id),
        form=KeyedForm.fresh(),
        may_take_back=_may_take_back(batch),
    )


def _batch(batch_id: int) -> Batch:
    found = db.session.get(Batch, batch_id)
    if found is None or found.community_id != door().community.id:
        raise NotFound
    if found.kind not in group_rules.RULES or not _may_see(found):
        raise NotFound
    return found


def _may_see(batch: Batch) -> bool:
    viewer = door().viewer
    return viewer is not None and (
        viewer.is_coordinator or batch.created_by == viewer.membership_id
    )


def _may_take_back(batch: Batch) -> bool:
    viewer = door().viewer
    is_fresh = clock.now() - batch.created_at <= TAKEN_BACK_WITHIN
    return viewer is not None and (viewer.is_coordinator or is_fresh)


@bp.post("/hours/together/<int:batch_id>/back")
@signed_in_required
def take_back(batch_id: int) -> Response:
    """Take everybody's hours of an occasion back."""
    _pots()
    batch, form = _batch(batch_id), KeyedForm()
    here = redirect(url_for("together.one", batch_id=batch_id), 303)
    if not _may_take_back(batch) or not form.is_well_filled():
        return here
    try:
        count = batches.take_back_batch(
            db.session(),
            batch=batch,
            by=member(),
            key=form.intent,
            memo=_("Taken back: %(title)s", title=batch.title),
            now=clock.now(),
        )
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
        return here
    db.session.commit()
    if count:
        say(_("Taken back. Both entries stay on everybody’s statement."))
    return here
