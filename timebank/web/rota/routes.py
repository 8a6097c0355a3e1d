"""Giving a place back, the pages behind mail links, and My turns."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain import ledger
from timebank.domain import suppression
from timebank.domain.communities.pausing import back_on
from timebank.domain.communities.pausing import is_pausing
from timebank.domain.joining import inviting
from timebank.domain.notices.links import CLAIM_PURPOSE
from timebank.domain.rota import claiming
from timebank.domain.rota import offers
from timebank.domain.rota import own_turns
from timebank.domain.rota import places
from timebank.domain.rota import reading
from timebank.domain.rota import standing
from timebank.domain.rota import waiting
from timebank.domain.rota import whats_on
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import WithdrawnBecause
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.filters import day as day_of
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.ledger.lines import by_month
from timebank.web.rota import taking
from timebank.web.rota.account import mugs
from timebank.web.rota.account import to_next_mug
from timebank.web.rota.standing import how_often
from timebank.web.rota.turn_pages import back_url
from timebank.web.rota.turn_pages import claim_here
from timebank.web.rota.turn_pages import event_url
from timebank.web.rota.turn_pages import number_in
from timebank.web.rota.turn_pages import own_claim
from timebank.web.rota.turn_pages import place_of
from timebank.web.rota.turn_pages import sign_in_by_mail

bp = Blueprint("rota", __name__)
taking.register(bp)

RECENT = 8  # entries of the statement on My turns


@bp.get("/me")
@signed_in_required
def my_turns() -> str | Response:
    """Show a member's next turns, their time account and their mugs."""
    now = clock.now()
    viewer = door().viewer
    if viewer and viewer.membership_id is None:
        say(_("You haven’t taken a turn here yet. Choose one, and it shows up under My turns."))
        return redirect(url_for("events.home"), 303)
    membership_id = member()
    turns = reading.coming_turns(db.session(), membership_id=membership_id, now=now)
    entries = ledger.recent_entries(db.session(), membership_id=membership_id, limit=RECENT)
    runs = viewer.organises if viewer else frozenset()
    running = (
        whats_on.running(db.session(), community_id=door().community.id, group_ids=runs, now=now)
        if runs
        else []
    )
    given = ledger.minutes_given(db.session(), membership_id=membership_id)
    # Their community comes along, for what it lets its members do: one statement for both.
    me = db.session.get_one(Membership, membership_id, options=[joinedload(Membership.community)])
    return render_template(
        "rota/my_turns.html",
        turns=turns,
        **_besides(membership_id, now),
        lines=waiting.standing_in_line(db.session(), membership_id=membership_id, now=now),
        may_be_asked=me.may_be_asked,
        may_invite=inviting.may_invite(db.session(), member=me),
        is_away=is_pausing(me, now=now),
        back_on=back_on(me, timezone=door().community.timezone),
        mail_trouble=suppression.trouble_of(db.session(), person_id=me.person_id),
        running=running,
        months=by_month(entries),
        mugs=mugs(given),
        given=given,
        to_next_mug=to_next_mug(given),
    )


def _besides(membership_id: int, now: dt.datetime) -> dict[str, object]:
    """Read what My turns shows besides the turns themselves, in a statement each."""
    session = db.session()
    here = door().community.id
    return {
        "now": now,
        "ways": own_turns.ways_of(session, membership_id=membership_id, now=now),
        "how_often": how_often,
        "promises": standing.promises_of(session, membership_id=membership_id, now=now),
        "offers": offers.offers_to(
            session, community_id=here, membership_id=membership_id, now=now
        ),
    }


@bp.post("/me/turns/<int:claim_id>/cant")
@signed_in_required
def drop(claim_id: int) -> Response:
    """Give a place back, at once and without a question; ten minutes to change one's mind."""
    place = _give_back(
        own_claim(claim_id),
        undo_url=url_for("rota.undo", claim_id=claim_id),
        keep_url=url_for("turns.keep", claim_id=claim_id),
    )
    return redirect(back_url(place), 303)


@bp.post("/me/turns/<int:claim_id>/undo")
@signed_in_required
def undo(claim_id: int) -> Response:
    """Take a place back that was given up a moment ago."""
    return redirect(back_url(_take_back(own_claim(claim_id))), 303)


def _give_back(claimed: Claim, *, undo_url: str, keep_url: str | None = None) -> places.Place:
    """Give a place back, or ask for cover where it is late for that -> the job it is about."""
    dropped = withdrawing.withdraw_claim(db.session(), claim_id=claimed.id, now=clock.now())
    place = place_of(dropped.id)
    is_off = dropped.state is ClaimState.WITHDRAWN
    db.session.commit()
    if is_off:
        say(_off_the_rota(place), undo_url=undo_url)
    else:
        say(_asking_for_cover(place), undo_url=keep_url)
    return place


def _take_back(claimed: Claim) -> places.Place:
    """Take a place back while it is to be had -> the job it is about."""
    place = place_of(claimed.id)
    try:
        withdrawing.undo_withdrawal(db.session(), claim_id=claimed.id, now=clock.now())
    except (withdrawing.TooLateToUndo, claiming.SlotFull, Refused) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("You’re back on the rota. Thank you!"))
    return place


def _off_the_rota(place: places.Place) -> str:
    day = day_of(place.starts_at, door().community.timezone)
    if place.organiser:
        return _(
            "You’re off the rota for %(day)s. We’ll let %(name)s know.",
            day=day,
            name=first_name(place.organiser),
        )
    return _("You’re off the rota for %(day)s.", day=day)


def _asking_for_cover(place: places.Place) -> str:
    day = day_of(place.starts_at, door().community.timezone)
    return _(
        "It’s late to drop out, so we’re asking for cover for %(day)s."
        " The turn stays yours until somebody has it.",
        day=day,
    )


@bp.get("/t/<token>/<any(confirm, cant):action>")
def mail_link(token: str, action: str) -> str:
    """Show the one button that a link in a mail leads to: opening a link changes nothing."""
    claimed = _claim_of(token)
    return render_template(
        "rota/mail_link.html",
        place=place_of(claimed.id),
        token=token,
        action=action,
        state=claimed.state,
        is_over=claimed.ends_at <= clock.now(),
        asks_cover=withdrawing.needs_cover(db.session(), claimed, now=clock.now()),
    )


@bp.post("/t/<token>/confirm")
def confirm(token: str) -> Response | tuple[str, int]:
    """Say yes to a held place; the mail proves who it is, so this browser is signed in."""
    claimed = _claim_of(token)
    lapsed = claimed.withdrawn_because is WithdrawnBecause.LAPSED
    first_yes = claimed.state is ClaimState.HELD or lapsed
    person_id, held_as = claimed.person_id, claimed.held_as
    place = place_of(claimed.id)
    now = clock.now()
    try:
        claiming.confirm_claim(db.session(), claim_id=claimed.id, now=now)
    except (claiming.HoldRanOut, Refused) as refusal:
        db.session.rollback()
        return taking.not_given(place, refusal)
    if first_yes:
        sign_in_by_mail(person_id, full_name=held_as)
    db.session.commit()
    say(_("It’s yours. Thank you! We’ll remind you in good time."))
    if door().viewer:
        return redirect(url_for("rota.my_turns"), 303)
    return redirect(url_for("events.series", slug=place.slug), 303)


@bp.post("/t/<token>/cant")
def drop_by_mail(token: str) -> Response:
    """Give a place back from a mail."""
    place = _give_back(_claim_of(token), undo_url=url_for("rota.undo_by_mail", token=token))
    return redirect(event_url(place), 303)


@bp.post("/t/<token>/undo")
def undo_by_mail(token: str) -> Response:
    """Take a place back that was given up from a mail a moment ago."""
    return redirect(event_url(_take_back(_claim_of(token))), 303)


def _claim_of(token: str) -> Claim:
    return claim_here(number_in(token, CLAIM_PURPOSE))
