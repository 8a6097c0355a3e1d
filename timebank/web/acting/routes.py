"""Acting for somebody: their turns, their time account and their papers, on a helper's screen.

Every page and button here looks first whether the viewer may act for them today, and writes down
what was done; a look once a day. Whoever may not finds no such page.
"""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain import acting
from timebank.domain import ledger
from timebank.domain.rota import claiming
from timebank.domain.rota import could_do
from timebank.domain.rota import on_behalf
from timebank.domain.rota import own_turns
from timebank.domain.rota import reading
from timebank.models import ActedWhat
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.web.acting import thanks
from timebank.web.acting.looking import HERE
from timebank.web.acting.looking import acting_for
from timebank.web.acting.looking import looking_at
from timebank.web.acting.looking import url_of
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.ledger.lines import by_month
from timebank.web.people.paper import letters_page
from timebank.web.people.paper import print_and_tell
from timebank.web.people.paper import statement_page
from timebank.web.people.who import full_name_of
from timebank.web.rota.could_do import read_mark
from timebank.web.rota.could_do import write_mark

bp = Blueprint("acting", __name__)
thanks.register(bp)

RECENT = 8  # entries of the statement


@bp.get("/me/for")
@signed_in_required
def ties() -> str:
    """Show for whom a member acts, who acts for them, and what was done."""
    me, here = member(), door().community.id
    grants = acting.read_grants(db.session(), community_id=here, today=today(), of=[me])
    return render_template(
        "acting/ties.html",
        me=me,
        for_others=[one for one in grants if one.helper_id == me],
        for_me=[one for one in grants if one.member_id == me],
        deeds=acting.read_deeds(db.session(), community_id=here, of=[me]),
    )


@bp.post("/me/for/<int:acting_id>/end")
@signed_in_required
def end(acting_id: int) -> Response:
    """End it, as either of the two."""
    me = db.session.get_one(Membership, member())
    grant = acting.find_grant(db.session(), community_id=door().community.id, acting_id=acting_id)
    acting.end(db.session(), acting=grant, by=me, now=clock.now())
    db.session.commit()
    say(_("That’s over. What was done stays written down."))
    return redirect(url_for("acting.ties"), 303)


@bp.get(HERE)
@signed_in_required
def account(membership_id: int) -> str:
    """Show somebody's next turns and their time account to their helper."""
    grant, who = looking_at(membership_id, ActedWhat.LOOKED)
    now, session = clock.now(), db.session()
    entries = ledger.recent_entries(session, membership_id=who.id, limit=RECENT)
    return render_template(
        "acting/account.html",
        who=who,
        grant=grant,
        first=first_name(full_name_of(who)),
        last_day=acting.last_day_of(grant),
        turns=reading.coming_turns(session, membership_id=who.id, now=now),
        ways=own_turns.ways_of(session, membership_id=who.id, now=now),
        now=now,
        balance_minutes=ledger.balance(session, membership_id=who.id),
        months=by_month(entries),
        deeds=acting.read_deeds(
            session, community_id=door().community.id, of=[who.id], only_helped=True
        ),
    )


@bp.get(f"{HERE}/jobs")
@signed_in_required
def jobs(membership_id: int) -> str:
    """Show what somebody could do over the next four weeks, by the rules that hold for them."""
    _grant, who = looking_at(membership_id, ActedWhat.LOOKED)
    found = could_do.could_do(
        db.session(),
        community_id=door().community.id,
        zone=door().community.timezone,
        wishes=could_do.Wishes(),
        person_id=who.person_id,
        membership_id=who.id,
        after=read_mark(request.args.get("after", "")),
        now=clock.now(),
    )
    return render_template(
        "acting/jobs.html",
        who=who,
        first=first_name(full_name_of(who)),
        jobs=found.jobs,
        more_url=url_for("acting.jobs", membership_id=who.id, after=write_mark(found.after))
        if found.after
        else None,
    )


@bp.post(f"{HERE}/take/<int:slot_id>")
@signed_in_required
def take(membership_id: int, slot_id: int) -> Response:
    """Take a place for somebody."""
    grant, first = acting_for(membership_id)
    try:
        taken = on_behalf.take_for(
            db.session(), grant=grant, slot_id=slot_id, today=today(), now=clock.now()
        )
    except claiming.AlreadyYours:
        db.session.rollback()
        say(_("%(name)s has that one already.", name=first))
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
        return redirect(url_for("acting.jobs", membership_id=membership_id), 303)
    else:
        db.session.commit()
        undo_url = url_for("acting.drop", membership_id=membership_id, claim_id=taken.id)
        say(
            _("%(name)s is in. Thank you! Tell them when and where.", name=first),
            undo_url=undo_url,
        )
    return _back(membership_id)


@bp.post(f"{HERE}/turns/<int:claim_id>/cant")
@signed_in_required
def drop(membership_id: int, claim_id: int) -> Response:
    """Give a turn of theirs back, or ask for cover where it is late for that."""
    grant, first = acting_for(membership_id)
    dropped = on_behalf.drop_for(
        db.session(), grant=grant, claim_id=claim_id, today=today(), now=clock.now()
    )
    is_off = dropped.state is ClaimState.WITHDRAWN
    db.session.commit()
    undo_url = url_for("acting.take_back", membership_id=membership_id, claim_id=claim_id)
    if is_off:
        say(_("%(name)s is off the rota for that one.", name=first), undo_url=undo_url)
    else:
        say(_("It’s late, so we’re asking for cover. The turn stays theirs until then."))
    return _back(membership_id)


@bp.post(f"{HERE}/turns/<int:claim_id>/undo")
@signed_in_required
def take_back(membership_id: int, claim_id: int) -> Response:
    """Take a turn of theirs back that was given up a moment ago."""
    grant, first = acting_for(membership_id)
    try:
        on_behalf.take_back_for(
            db.session(), grant=grant, claim_id=claim_id, today=today(), now=clock.now()
        )
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("%(name)s is back on the rota. Thank you!", name=first))
    return _back(membership_id)


@bp.get(f"{HERE}/statement")
@signed_in_required
def statement(membership_id: int) -> str:
    """Show their statement as paper."""
    _grant, who = looking_at(membership_id, ActedWhat.STATEMENT)
    return statement_page(who, back_url=url_of(membership_id))


@bp.get(f"{HERE}/letter")
@signed_in_required
def letter(membership_id: int) -> str:
    """Show their letter."""
    _grant, who = looking_at(membership_id, ActedWhat.LETTER)
    me = db.session.get_one(Membership, member())
    return letters_page([who.id], by=me, back_url=url_of(membership_id))


@bp.post(f"{HERE}/letter")
@signed_in_required
def print_letter(membership_id: int) -> Response:
    """Write down that their letter is printed and its news told, and show it."""
    acting_for(membership_id)
    me = db.session.get_one(Membership, member())
    since = print_and_tell([membership_id], by=me)
    return redirect(url_for("acting.letter", membership_id=membership_id, since=since), 303)


def _back(membership_id: int) -> Response:
    return redirect(url_of(membership_id), 303)
