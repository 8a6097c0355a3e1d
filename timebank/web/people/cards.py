"""Members' cards: printed, lost and replaced; scanned or said on the day."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from limits import RateLimitItemPerHour
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.core.text import public_name
from timebank.db import db
from timebank.domain.communities import cards
from timebank.domain.rota import arriving
from timebank.domain.rota import checkin
from timebank.domain.rota import occasions
from timebank.models import Membership
from timebank.web.addresses import site
from timebank.web.auth import coordinating_member
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import Viewer
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.limits import brake
from timebank.web.limits import require_room
from timebank.web.people.who import full_name_of
from timebank.web.people.who import member_here
from timebank.web.rota.qr import code_of
from timebank.web.typed import read_number

# An hour: an organiser's codes that told nothing, and the looks of everybody else at one address.
MISSES = RateLimitItemPerHour(30, namespace="cards")
LOOKS = RateLimitItemPerHour(600, namespace="cards")
LONGEST_TYPED = 40


def register(bp: Blueprint) -> None:
    """Add the pages to the people's."""
    bp.get("/me/card")(own_card)
    bp.post("/me/card/replace")(replace_own_card)
    bp.get("/people/<int:membership_id>/card")(card)
    bp.post("/people/<int:membership_id>/card/replace")(replace_card)
    bp.get("/c")(say_code)
    bp.get("/c/<code>")(scanned)
    bp.post("/c/<code>/here")(check_in)


@signed_in_required
def own_card() -> str:
    """Show a member's own card, to print and cut out."""
    return card_page(db.session.get_one(Membership, member()), back_url=url_for("rota.my_turns"))


@signed_in_required
def replace_own_card() -> Response:
    """Give a member whose card is lost a new one."""
    _replace(db.session.get_one(Membership, member()))
    return redirect(url_for("people.own_card"), 303)


@signed_in_required
def card(membership_id: int) -> str:
    """Show a neighbour's card to a coordinator, to print and cut out."""
    coordinating_member()
    who = member_here(membership_id)
    return card_page(who, back_url=url_for("people.person", membership_id=who.id))


@signed_in_required
def replace_card(membership_id: int) -> Response:
    """Give a neighbour whose card is lost a new one."""
    coordinating_member()
    who = member_here(membership_id)
    _replace(who)
    return redirect(url_for("people.card", membership_id=who.id), 303)


def _replace(who: Membership) -> None:
    cards.replace_card(db.session(), member=who)
    db.session.commit()
    say(_("Here’s a new card. The old one tells nothing any more."))


def card_page(who: Membership, *, back_url: str) -> str:
    """Show somebody's card, whoever asks for it: the caller has looked."""
    is_own = who.id == door().membership_id
    address = site() + url_for("people.scanned", code=who.card_code)
    return render_template(
        "people/card.html",
        name=public_name(full_name_of(who)),
        said=cards.said_code(who.card_code),
        code=code_of(address),
        back_url=back_url,
        replace_url=url_for("people.replace_own_card")
        if is_own
        else url_for("people.replace_card", membership_id=who.id),
    )


def say_code() -> Response:
    """Lead from a code that was said and typed to the page of the card."""
    typed = request.args.get("code", "")[:LONGEST_TYPED]
    return redirect(url_for("people.scanned", code=cards.read_code(typed) or "unknown"), 303)


def scanned(code: str) -> str:
    """Show whose card it is to an organiser of today, and to anybody else the same few words."""
    found = _shown_to(door().viewer, code)
    if found is None:
        return render_template("people/ask_an_organiser.html")
    who, turns, events = found
    name = full_name_of(who)
    return render_template(
        "people/scanned.html",
        who=who,
        code=code,
        first=first_name(name),
        name=public_name(name),
        turns=turns,
        events=events,
    )


def check_in(code: str) -> Response:
    """Tick whoever shows the card, at an event of today that the viewer runs."""
    found = _shown_to(door().viewer, code)
    claim_id = read_number(request.form.get("claim", ""))
    turn = next((one for one in found[1] if one.claim_id == claim_id), None) if found else None
    if found is None or turn is None:
        raise NotFound
    session, here = db.session(), door().community.id
    name = first_name(full_name_of(found[0]))
    occasion = occasions.find_occasion(
        session, community_id=here, slug=turn.slug, day=turn.occurs_on
    )
    try:
        checkin.tick(
            session,
            occasion=occasion,
            claim_id=turn.claim_id,
            is_here=True,
            by=member(),
            now=clock.now(),
        )
    except (Refused, Conflict) as refusal:
        session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        session.commit()
        say(_("%(name)s is checked in.", name=name))
    return redirect(url_for("people.scanned", code=code), 303)


Shown = tuple[Membership, list[arriving.TurnToday], list[arriving.EventToday]]


def _shown_to(viewer: Viewer | None, code: str) -> Shown | None:
    """Find whose card it is and what they may be ticked for; None: nothing is to be told.

    Whoever runs nothing is told nothing, and no card is looked up for them. What an organiser
    guesses is counted under their own number: a hall full of telephones shares an address.

    Raises:
        TooManyRequests: 429, after too many that told nothing.
    """
    if viewer is None or not viewer.is_organiser:
        brake(LOOKS)
        return None
    organiser = f"person-{viewer.person_id}"
    require_room(MISSES, of=organiser)
    found = _look_up(viewer, code)
    if found is None:
        brake(MISSES, of=organiser)
    return found


def _look_up(viewer: Viewer, code: str) -> Shown | None:
    session, here, now = db.session(), door().community.id, clock.now()
    groups = None if viewer.is_coordinator else viewer.organises
    runs = arriving.Runs(here, groups, today())
    events = arriving.events_today(session, runs=runs, now=now)
    read = cards.read_code(code)
    if read is None or not (events or viewer.is_coordinator):
        return None
    who = cards.find_by_code(session, community_id=here, code=read)
    if who is None:
        return None
    turns = arriving.turns_today(session, membership_id=who.id, runs=runs, now=now)
    return who, turns, events
