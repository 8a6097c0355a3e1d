"""Joining: asking to, being invited, and saying a word about somebody who asks."""

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
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.joining import applying
from timebank.domain.joining import inviting
from timebank.domain.joining import referees
from timebank.domain.notices.links import INVITATION_PURPOSE
from timebank.domain.notices.links import REFERENCE_PURPOSE
from timebank.models import Community
from timebank.models import Joining
from timebank.models import Membership
from timebank.models import ReferenceAnswer
from timebank.web.auth import let_out
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.joining.forms import InviteForm
from timebank.web.joining.forms import JoinForm
from timebank.web.joining.forms import ReferenceForm
from timebank.web.joining.forms import WelcomeForm
from timebank.web.limits import brake
from timebank.web.rota.turn_pages import number_in
from timebank.web.rota.turn_pages import sign_in_by_mail
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response


def register(bp: Blueprint) -> None:
    """Add these pages."""
    bp.errorhandler(inviting.InvitationRanOut)(_ran_out)
    bp.get("/join")(join)
    bp.post("/join")(apply)
    bp.get("/join/thanks")(thanks)
    bp.get("/invite")(invite)
    bp.post("/invite")(send_invitation)
    bp.post("/invite/<int:invitation_id>/revoke")(revoke)
    bp.get("/t/<token>/invitation")(invitation)
    bp.post("/t/<token>/invitation")(accept_invitation)
    bp.get("/t/<token>/reference")(reference)
    bp.post("/t/<token>/reference")(answer_reference)


def _ran_out(_refusal: inviting.InvitationRanOut) -> tuple[str, int]:
    """Say that an invitation has run out, beside the other way in."""
    db.session.rollback()
    return render_template("joining/ran_out.html"), 404


def join() -> str:
    """Ask who would like to join."""
    community = _community()
    form = _join_form(community, is_sent=False)
    viewer = door().viewer
    if viewer:
        form.name.data, form.email.data = viewer.full_name, viewer.email
    return _join_page(form, community)


def apply() -> Page:
    """Take an application. The answer is the same whoever's address it is."""
    community = _community()
    form = _join_form(community, is_sent=True)
    if not form.is_well_filled():
        return _join_page(form, community), 422
    brake()
    try:
        applying.apply(
            db.session(),
            community=community,
            applicant=applying.Applicant(
                called=text_of(form.name),
                email=text_of(form.email),
                phone=text_of(form.phone),
                words=text_of(form.about),
            ),
            named=_named(form),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _join_page(form, _community()), 422
    db.session.commit()
    return redirect(url_for("joining.thanks"), 303)


def thanks() -> str:
    """Say what happens now."""
    return render_template("joining/thanks.html", is_open=_community().joining is Joining.OPEN)


def _join_form(community: Community, *, is_sent: bool) -> JoinForm:
    form = JoinForm() if is_sent else JoinForm(formdata=None)
    form.ask(community.references_wanted if community.joining is Joining.APPLICATION else 0)
    return form


def _named(form: JoinForm) -> list[applying.Named]:
    return [
        applying.Named(called=text_of(name), email=text_of(email), field=email.short_name)
        for name, email in form.referees()
    ]


def _join_page(form: JoinForm, community: Community) -> str:
    viewer = door().viewer
    is_member = False
    if viewer and viewer.membership_id is not None:
        membership = db.session.get_one(Membership, viewer.membership_id)
        is_member = membership.approved_at is not None
    return render_template(
        "joining/join.html",
        form=form,
        how=community.joining,
        is_member=is_member,
        referees=form.referees(),
    )


@signed_in_required
def invite() -> str:
    """Ask whom to invite, and show the invitations that are still open."""
    return _invite_page(InviteForm(formdata=None), _inviter())


@signed_in_required
def send_invitation() -> Page:
    """Invite somebody by e-mail."""
    by = _inviter()
    form = InviteForm()
    if not form.is_well_filled():
        return _invite_page(form, by), 422
    brake()
    try:
        inviting.invite(
            db.session(),
            by=by,
            full_name=text_of(form.name),
            email=text_of(form.email),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _invite_page(form, by), 422
    db.session.commit()
    say(_("%(name)s is invited. The link is good for 30 days.", name=text_of(form.name)))
    return redirect(url_for("joining.invite"), 303)


@signed_in_required
def revoke(invitation_id: int) -> Response:
    """Take an invitation back."""
    by = db.session.get_one(Membership, member())
    inviting.revoke(db.session(), by=by, invitation_id=invitation_id, now=clock.now())
    db.session.commit()
    say(_("Taken back: that link doesn’t work any more."))
    return redirect(url_for("joining.invite"), 303)


def _invite_page(form: InviteForm, by: Membership) -> str:
    return render_template(
        "joining/invite.html",
        form=form,
        open=inviting.open_invitations(db.session(), member=by, now=clock.now()),
        sees_all=by.standing.value == "coordinator",
    )


def _inviter() -> Membership:
    """Let only those pass who may invite.

    Raises:
        NotFound: They may not.
    """
    by = db.session.get_one(Membership, member())
    if not inviting.may_invite(db.session(), member=by):
        raise NotFound
    return by


def invitation(token: str) -> str:
    """Say who invites, with one button: opening a link changes nothing."""
    welcome = _welcome(token)
    form = WelcomeForm(formdata=None)
    form.name.data = welcome.full_name
    return render_template("joining/invitation.html", form=form, welcome=welcome, token=token)


def accept_invitation(token: str) -> Page:
    """Become a member by an invitation; the mail proves who it is, so they are signed in."""
    welcome = _welcome(token)
    form = WelcomeForm()
    if not form.is_well_filled():
        page = render_template("joining/invitation.html", form=form, welcome=welcome, token=token)
        return page, 422
    inviting.accept(
        db.session(),
        community_id=door().community.id,
        invitation_id=welcome.invitation_id,
        now=clock.now(),
    )
    if door().viewer:
        let_out()
    sign_in_by_mail(welcome.person_id, full_name=text_of(form.name))
    say(_("Welcome! You’re a member now."))
    return redirect(url_for("rota.my_turns"), 303)


def _welcome(token: str) -> inviting.Welcome:
    return inviting.read_invitation(
        db.session(),
        community_id=door().community.id,
        invitation_id=number_in(token, INVITATION_PURPOSE),
        now=clock.now(),
    )


def reference(token: str) -> str:
    """Ask somebody about an applicant who named them."""
    return _reference_page(token, ReferenceForm(formdata=None))


def answer_reference(token: str) -> Page:
    """Write down what they say, once."""
    form = ReferenceForm()
    if not form.is_well_filled():
        return _reference_page(token, form), 422
    try:
        referees.answer(
            db.session(),
            community_id=door().community.id,
            reference_id=number_in(token, REFERENCE_PURPOSE),
            said=ReferenceAnswer(form.answer.data),
            words=text_of(form.said),
            now=clock.now(),
        )
    except Conflict:
        db.session.rollback()
        return _reference_page(token, form), 409
    db.session.commit()
    return redirect(request.path, 303)


def _reference_page(token: str, form: ReferenceForm) -> str:
    question = referees.read_question(
        db.session(),
        community_id=door().community.id,
        reference_id=number_in(token, REFERENCE_PURPOSE),
    )
    return render_template("joining/reference.html", form=form, question=question, token=token)


def _community() -> Community:
    return db.session.get_one(Community, door().community.id)
