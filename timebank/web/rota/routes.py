"""Taking a place, giving it back, and My turns."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from flask import Blueprint
from flask import current_app
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.core.text import first_name
from timebank.db import db
from timebank.db import reader
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import ledger
from timebank.domain import outbox
from timebank.domain.rota import claiming
from timebank.domain.rota import places
from timebank.domain.rota import reading
from timebank.domain.rota import waiting
from timebank.domain.rota import whats_on
from timebank.domain.rota import withdrawing
from timebank.domain.rota.taking import NewClaim
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import WithdrawnBecause
from timebank.web.auth import let_in
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import Viewer
from timebank.web.door import door
from timebank.web.filters import clock as time_of_day
from timebank.web.filters import day as day_of
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.ledger.lines import by_month
from timebank.web.limits import brake
from timebank.web.rota.account import mugs
from timebank.web.rota.account import to_next_mug
from timebank.web.rota.forms import ClaimForm
from timebank.web.typed import text_of

bp = Blueprint("rota", __name__)

CLAIM = "claim"  # what signed mail links are about
RECENT = 8  # entries of the statement on My turns


@bp.get("/e/<slug>/<day:day>/claim/<int:slot_id>")
def claim(slug: str, day: dt.date, slot_id: int) -> str:
    """Show one job and ask for a name and an e-mail; or for one tap, when signed in."""
    return _claim_page(_place(slug, day, slot_id), ClaimForm())


@bp.post("/e/<slug>/<day:day>/claim/<int:slot_id>")
def take(slug: str, day: dt.date, slot_id: int) -> Response | tuple[str, int]:
    """Take a place: at once when signed in, else hold it until the e-mailed yes."""
    viewer = door().viewer
    if viewer is None:
        return _hold(slug, day, slot_id)
    try:
        claimed = _claim_for(viewer, slug, day, slot_id)
    except claiming.AlreadyYours as refusal:  # a button tapped twice
        db.session.rollback()
        say(_(refusal.sentence))
        return redirect(url_for("events.event", slug=slug, day=day), 303)
    except (claiming.SlotFull, Refused) as refusal:
        db.session.rollback()
        return _refused(slug, day, slot_id, refusal)
    say(_("You’re in. Thank you! We’ll remind you in good time."), undo_url=_drop_url(claimed))
    return redirect(url_for("events.event", slug=slug, day=day), 303)


def _claim_for(viewer: Viewer, slug: str, day: dt.date, slot_id: int) -> NewClaim:
    """Claim in one statement; look closely only where that is not enough."""
    now = clock.now()
    membership_id = viewer.membership_id
    if membership_id is not None:
        claimed = claiming.claim_at_once(
            reader, slot_id=slot_id, slug=slug, day=day, membership_id=membership_id, now=now
        )
        if claimed:
            return claimed
    _place(slug, day, slot_id)
    claimed = claiming.claim_slot(
        db.session(), slot_id=slot_id, membership_id=_membership_of(viewer), now=now
    )
    db.session.commit()
    return claimed


def _drop_url(claimed: NewClaim) -> str:
    return url_for("rota.drop", claim_id=claimed.id)


def _membership_of(viewer: Viewer) -> int:
    """Let somebody who is signed in join this community with their first claim."""
    if viewer.membership_id is not None:
        return viewer.membership_id
    return communities.join(
        db.session(), community_id=door().community.id, person_id=viewer.person_id
    ).id


def _hold(slug: str, day: dt.date, slot_id: int) -> Response | tuple[str, int]:
    place = _place(slug, day, slot_id)
    form = ClaimForm()
    if not form.is_well_filled():
        return _claim_page(place, form), 422
    brake()
    now = clock.now()
    try:
        until = _hold_for(form, place, now)
    except claiming.TooManyHolds as refusal:
        db.session.rollback()
        form.email.errors = [_(refusal.sentence)]
        return _claim_page(place, form), 422
    except claiming.SlotFull as refusal:
        db.session.rollback()
        return _refused(slug, day, slot_id, refusal)
    zone = door().community.timezone
    say(
        _(
            "Nearly there, %(name)s. We’ve e-mailed you a link: tap it and the place is yours."
            " It’s held until %(time)s, %(day)s.",
            name=first_name(text_of(form.name)),
            time=time_of_day(until, zone),
            day=day_of(until, zone),
        ),
        tone=Tone.NEWS,
    )
    return redirect(url_for("events.event", slug=slug, day=day), 303)


def _hold_for(form: ClaimForm, place: places.Place, now: dt.datetime) -> dt.datetime:
    """Hold the place -> until when.

    Somebody who has that turn, or another one then, is sent a sign-in link and sees the same
    page: whether an address is known here is nobody else's business.
    """
    session = db.session()
    community_id = door().community.id
    person = identity.find_or_create_person(
        session, full_name=text_of(form.name), email=text_of(form.email)
    )
    membership = communities.join(session, community_id=community_id, person_id=person.id)
    membership_id, person_id = membership.id, person.id
    session.commit()
    try:
        claiming.hold_slot(
            session,
            slot_id=place.slot_id,
            membership_id=membership_id,
            held_as=text_of(form.name),
            note=form.note.data or None,
            now=now,
        )
    except (claiming.AlreadyYours, claiming.WouldOverlap):
        session.rollback()
        with suppress(identity.TooManyRequests):
            outbox.send_sign_in(
                session,
                community_id=community_id,
                person_id=person_id,
                next_path=url_for("rota.my_turns"),
                now=now,
            )
    session.commit()
    return claiming.hold_ends(place.starts_at, now=now)


def _refused(slug: str, day: dt.date, slot_id: int, refusal: TimebankError) -> tuple[str, int]:
    """Say who got there first, or what is in the way, and offer the next best place."""
    place = _place(slug, day, slot_id)
    viewer = door().viewer
    now = clock.now()
    best = reading.next_best(
        db.session(),
        community_id=door().community.id,
        event_id=place.event_id,
        membership_id=viewer.membership_id if viewer else None,
        now=now,
    )
    status = 409 if isinstance(refusal, Conflict) else 422
    rival = place.last_taker if isinstance(refusal, claiming.SlotFull) else None
    page = render_template(
        "rota/refused.html", place=place, refusal=refusal, rival=rival, best=best
    )
    return page, status


def _claim_page(place: places.Place, form: ClaimForm) -> str:
    now = clock.now()
    best = None
    if place.is_full:
        best = reading.next_best(
            db.session(),
            community_id=door().community.id,
            event_id=place.event_id,
            membership_id=None,
            now=now,
        )
    return render_template(
        "rota/claim.html", place=place, form=form, best=best, is_over=place.ends_at <= now
    )


def _place(slug: str, day: dt.date, slot_id: int) -> places.Place:
    return places.find_place(
        db.session(),
        community_id=door().community.id,
        slug=slug,
        day=day,
        slot_id=slot_id,
        now=clock.now(),
    )


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
    return render_template(
        "rota/my_turns.html",
        turns=turns,
        lines=waiting.standing_in_line(db.session(), membership_id=membership_id, now=now),
        may_be_asked=db.session.get_one(Membership, membership_id).may_be_asked,
        running=running,
        months=by_month(entries),
        mugs=mugs(given),
        given=given,
        to_next_mug=to_next_mug(given),
    )


@bp.post("/me/turns/<int:claim_id>/cant")
@signed_in_required
def drop(claim_id: int) -> Response:
    """Give a place back, at once and without a question; ten minutes to change one's mind."""
    _own(claim_id)
    dropped = withdrawing.withdraw_claim(db.session(), claim_id=claim_id, now=clock.now())
    place = _place_of(dropped)
    db.session.commit()
    say(_off_the_rota(place), undo_url=url_for("rota.undo", claim_id=claim_id))
    return redirect(_back(place), 303)


@bp.post("/me/turns/<int:claim_id>/undo")
@signed_in_required
def undo(claim_id: int) -> Response:
    """Take a place back that was given up a moment ago."""
    place = _place_of(_own(claim_id))
    try:
        withdrawing.undo_withdrawal(db.session(), claim_id=claim_id, now=clock.now())
    except (withdrawing.TooLateToUndo, claiming.SlotFull, Refused) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("You’re back on the rota. Thank you!"))
    return redirect(_back(place), 303)


def _own(claim_id: int) -> Claim:
    """Find a claim of the viewer's own; anybody else's does not exist for them."""
    found = db.session.get(Claim, claim_id)
    if found is None or found.membership_id != member():
        raise NotFound
    return found


def _place_of(claimed: Claim) -> places.Place:
    return places.place_of_claim(
        db.session(),
        community_id=door().community.id,
        claim_id=claimed.id,
        now=clock.now(),
    )


def _off_the_rota(place: places.Place) -> str:
    day = day_of(place.starts_at, door().community.timezone)
    if place.organiser:
        return _(
            "You’re off the rota for %(day)s. We’ll let %(name)s know.",
            day=day,
            name=first_name(place.organiser),
        )
    return _("You’re off the rota for %(day)s.", day=day)


def _back(place: places.Place) -> str:
    """Where the button was: My turns, or the event's page."""
    if request.form.get("from") == "event":
        return url_for("events.event", slug=place.slug, day=place.occurs_on)
    return url_for("rota.my_turns")


@bp.get("/t/<token>/<any(confirm, cant):action>")
def mail_link(token: str, action: str) -> str:
    """Show the one button that a link in a mail leads to: opening a link changes nothing."""
    claimed = _claim_of(token)
    return render_template(
        "rota/mail_link.html",
        place=_place_of(claimed),
        token=token,
        action=action,
        state=claimed.state,
        is_over=claimed.ends_at <= clock.now(),
    )


@bp.post("/t/<token>/confirm")
def confirm(token: str) -> Response | tuple[str, int]:
    """Say yes to a held place; the mail proves who it is, so this browser is signed in."""
    claimed = _claim_of(token)
    lapsed = claimed.withdrawn_because is WithdrawnBecause.LAPSED
    first_yes = claimed.state is ClaimState.HELD or lapsed
    person_id, held_as = claimed.person_id, claimed.held_as
    place = _place_of(claimed)
    now = clock.now()
    try:
        claiming.confirm_claim(db.session(), claim_id=claimed.id, now=now)
    except (claiming.HoldRanOut, claiming.AlreadyYours) as refusal:
        db.session.rollback()
        return _refused(place.slug, place.occurs_on, place.slot_id, refusal)
    if first_yes:
        identity.confirm_email(db.session(), person_id=person_id, full_name=held_as, now=now)
        let_in_with = identity.open_sign_in(db.session(), person_id=person_id, now=now)
        db.session.commit()
        let_in(let_in_with)
    db.session.commit()
    say(_("It’s yours. Thank you! We’ll remind you in good time."))
    target = "rota.my_turns" if door().viewer else "events.series"
    return redirect(url_for(target, slug=None if door().viewer else place.slug), 303)


@bp.post("/t/<token>/cant")
def drop_by_mail(token: str) -> Response:
    """Give a place back from a mail."""
    dropped = withdrawing.withdraw_claim(
        db.session(), claim_id=_claim_of(token).id, now=clock.now()
    )
    place = _place_of(dropped)
    db.session.commit()
    say(_off_the_rota(place), undo_url=url_for("rota.undo_by_mail", token=token))
    return redirect(url_for("events.event", slug=place.slug, day=place.occurs_on), 303)


@bp.post("/t/<token>/undo")
def undo_by_mail(token: str) -> Response:
    """Take a place back that was given up from a mail a moment ago."""
    claimed = _claim_of(token)
    place = _place_of(claimed)
    try:
        withdrawing.undo_withdrawal(db.session(), claim_id=claimed.id, now=clock.now())
    except (withdrawing.TooLateToUndo, claiming.SlotFull, Refused) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("You’re back on the rota. Thank you!"))
    return redirect(url_for("events.event", slug=place.slug, day=place.occurs_on), 303)


def _claim_of(token: str) -> Claim:
    number = ids.read_signed_token(current_app.config["SECRET_KEY"], CLAIM, token)
    found = db.session.get(Claim, number) if number is not None else None
    if found is None or found.community_id != door().community.id:
        raise NotFound
    return found
