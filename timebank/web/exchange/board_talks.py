"""Neighbours writing to each other: signed in, or by the link in a mail. No address is shown."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain.communities import neighbours
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.domain.exchange import talks
from timebank.domain.exchange.contacting import Side
from timebank.domain.notices.links import TALK_PURPOSES
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState
from timebank.web.addresses import secret_key
from timebank.web.auth import member
from timebank.web.auth import members_form
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.exchange.board_forms import AnswerForm
from timebank.web.exchange.board_forms import ReportForm
from timebank.web.exchange.board_forms import SayForm
from timebank.web.exchange.board_forms import greeting_for
from timebank.web.exchange.board_posts import post_page
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import me
from timebank.web.exchange.viewing import post_here
from timebank.web.exchange.viewing import refused
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.typed import REFUSALS
from timebank.web.typed import text_of

TALK = "/neighbours/talks/<int:talk_id>"
BY_MAIL = "/t/<token>/reply"
ONE_TAP = "<any(block, unblock, ring):way>"
INVITE = "/neighbours/<int:post_id>/invite/<int:membership_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.post("/neighbours/<int:post_id>/write")(write)
    bp.get(INVITE)(invite)
    bp.post(INVITE)(ask_neighbour)
    for address, ending in ((TALK, ""), (BY_MAIL, "_by_mail")):
        bp.get(address, endpoint=f"talk{ending}")(talk)
        bp.post(address, endpoint=f"reply{ending}")(reply)
        bp.post(f"{address}/report", endpoint=f"report{ending}")(report)
        bp.post(f"{address}/{ONE_TAP}", endpoint=f"settle{ending}")(settle)


@signed_in_required
def write(post_id: int) -> Page:
    """Answer an offer or ask."""
    by, shown, form = me(), post_here(post_id), AnswerForm()
    if not form.is_well_filled():
        return _written_again(shown, form), 422
    try:
        side = contacting.answer_post(
            db.session(),
            post=shown,
            by=by,
            words=text_of(form.words),
            wants_a_ring=bool(form.ring.data),
            intent=form.intent,
            now=clock.now(),
        )
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _written_again(shown, form), status
    db.session.commit()
    name = talks.name_of(db.session(), membership_id=shown.membership_id)
    say(_("We’ve passed it on to %(name)s. Thank you!", name=first_name(name)))
    return redirect(url_for("neighbours.talk", talk_id=side.talk.id), 303)


def _written_again(shown: Post, form: AnswerForm) -> str:
    """Show it with what was typed; where its page is theirs to see no more, what was typed."""
    try:
        return post_page(shown, form)
    except contacting.OffTheBoard as refusal:
        sentence = refusal.sentence
    except NotFound:  # one of the two does not want to hear from the other
        sentence = contacting.NotPassedOn().sentence
    return render_template(
        "exchange/not_sent.html", sentence=_(sentence), words=text_of(form.words)
    )


@signed_in_required
@members_form
def invite(post_id: int, membership_id: int) -> str:
    """Show the message that asks a neighbour, for changing."""
    shown, neighbour = _own_ask(post_id), _neighbour(membership_id)
    if not _may_be_named(shown, neighbour):
        raise NotFound
    form = SayForm(formdata=None)
    name = talks.name_of(db.session(), membership_id=neighbour.id)
    form.words.data = greeting_for(first_name(name), shown.title)
    return _invite_page(shown, neighbour, form)


@signed_in_required
def ask_neighbour(post_id: int, membership_id: int) -> Page:
    """Ask a neighbour about an ask of one's own."""
    shown, neighbour, form = _own_ask(post_id), _neighbour(membership_id), SayForm()
    if not form.is_well_filled():
        return _invite_page(shown, neighbour, form), 422
    try:
        contacting.ask_neighbour(
            db.session(),
            post=shown,
            neighbour=neighbour,
            by=me(),
            words=text_of(form.words),
            intent=form.intent,
            now=clock.now(),
        )
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _invite_page(shown, neighbour, form), status
    db.session.commit()
    name = talks.name_of(db.session(), membership_id=membership_id)
    say(_("We’ve asked %(name)s.", name=first_name(name)))
    return redirect(url_for("neighbours.post", post_id=post_id), 303)


def talk(talk_id: int = 0, token: str = "") -> Page:
    """Show a conversation, with a box to answer in: opening it changes nothing."""
    if not token and door().viewer is None:
        return redirect(url_for("identity.sign_in", next=_here(talk_id, token)), 303)
    side = _side(talk_id, token)
    return _talk_page(side, token, SayForm(formdata=None), ReportForm(formdata=None))


def reply(talk_id: int = 0, token: str = "") -> Page:
    """Answer a neighbour."""
    side, form = _side(talk_id, token), SayForm()
    if not form.is_well_filled():
        return _talk_page(side, token, form, ReportForm(formdata=None)), 422
    try:
        contacting.say(
            db.session(),
            side=side,
            words=text_of(form.words),
            written_by=side.membership_id,
            intent=form.intent,
            now=clock.now(),
        )
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        status = form.take_up(refusal, beside="words")
        return _talk_page(side, token, form, ReportForm(formdata=None)), status
    db.session.commit()
    say(_("We’ve passed it on."))
    return redirect(_here(talk_id, token), 303)


def report(talk_id: int = 0, token: str = "") -> Page:
    """Tell the coordinators that something isn't right."""
    side, form = _side(talk_id, token), ReportForm()
    if not form.is_well_filled():
        return _talk_page(side, token, SayForm(formdata=None), form), 422
    try:
        contacting.report(db.session(), side=side, words=text_of(form.wrong))
    except Refused as refusal:
        status = refused(form, refusal)
        return _talk_page(side, token, SayForm(formdata=None), form), status
    db.session.commit()
    say(_("Thank you for telling us. A coordinator will look into it."))
    return redirect(_here(talk_id, token), 303)


def settle(way: str, talk_id: int = 0, token: str = "") -> Response:
    """Hear from them no more, hear from them again, or be rung about it."""
    side, session = _side(talk_id, token), db.session()
    if way == "block":
        contacting.block(session, side=side)
        say(_("You won’t hear from them again."), undo_url=f"{_here(talk_id, token)}/unblock")
    elif way == "unblock":
        contacting.unblock(session, side=side, now=clock.now())
        say(_("You can write to each other again."))
    else:
        contacting.ask_for_a_ring(session, side=side)
        say(_("A coordinator will ring you about it."), tone=Tone.NEWS)
    db.session.commit()
    return redirect(_here(talk_id, token), 303)


def _side(talk_id: int, token: str) -> Side:
    """Find on which side of a conversation the viewer is, or the holder of a mail's link.

    Raises:
        NotFound: On neither.
    """
    if not token:
        return contacting.find_side(db.session(), talk_id=talk_id, membership_id=member())
    for is_owner, purpose in TALK_PURPOSES.items():
        number = ids.read_signed_token(secret_key(), purpose, token)
        if number is not None:
            return contacting.side_of_link(
                db.session(),
                community_id=door().community.id,
                talk_id=number,
                is_owner=is_owner,
            )
    raise NotFound


def _talk_page(side: Side, token: str, form: SayForm, report_form: ReportForm) -> str:
    shown = talks.read_talk(db.session(), side=side)
    return render_template(
        "exchange/talk.html",
        talk=shown,
        form=form,
        report_form=report_form,
        by_mail=bool(token),
        is_on_board=shown.post.state is PostState.OPEN,
        here=_here(side.talk.id, token),
        urls=_ways(side.talk.id, token),
    )


def _ways(talk_id: int, token: str) -> Mapping[str, str]:
    """Write where each button of the page leads."""
    here = _here(talk_id, token)
    return {way: f"{here}/{way}" for way in ("block", "unblock", "ring", "report")}


def _here(talk_id: int, token: str) -> str:
    """Write the address of the page, for its reader: signed in, or with a mail's link."""
    if token:
        return url_for("neighbours.talk_by_mail", token=token)
    return url_for("neighbours.talk", talk_id=talk_id)


def _own_ask(post_id: int) -> Post:
    found = post_here(post_id)
    if found.kind is not PostKind.ASK or not posting.may_change(found, by=me()):
        raise NotFound
    return found


def _may_be_named(shown: Post, neighbour: Membership) -> bool:
    """Tell whether a name may show: nobody reads names by their number whom they can't ask."""
    return contacting.can_be_asked(neighbour, now=clock.now()) and not contacting.is_blocked(
        db.session(), one_id=shown.membership_id, other_id=neighbour.id
    )


def _neighbour(membership_id: int) -> Membership:
    return neighbours.find_member(
        db.session(), community_id=door().community.id, membership_id=membership_id
    )


def _invite_page(shown: Post, neighbour: Membership, form: SayForm) -> str:
    return render_template(
        "exchange/invite.html",
        post=shown,
        form=form,
        name=talks.name_of(db.session(), membership_id=neighbour.id)
        if _may_be_named(shown, neighbour)
        else _("A neighbour"),
        membership_id=neighbour.id,
    )
