"""Choosing one's mails: everything on one page, and one tap from a mail to end its like."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.calendar.choosing import read_areas
from timebank.domain.notices import choosing
from timebank.domain.notices import saving
from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.families import Family
from timebank.domain.notices.links import STOP_PURPOSE
from timebank.domain.texts import numbers
from timebank.models import How
from timebank.models import Membership
from timebank.web import installation
from timebank.web.addresses import secret_key
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.notices.forms import FAMILY_NAMES
from timebank.web.notices.forms import MailForm

Page = str | tuple[str, int] | Response

CHOICES = "/me/mail"
FAMILIES = f"<any({', '.join(family.value for family in Family)}):family>"
STOP = f"/t/<token>/stop/{FAMILIES}"


def register(bp: Blueprint) -> None:
    """Add these pages."""
    bp.get(CHOICES)(choices)
    bp.post(CHOICES)(choose)
    bp.get(STOP)(stopping)
    bp.post(STOP)(stop)


@signed_in_required
def choices() -> Page:
    """Show which mails somebody gets, and when."""
    viewer = door().viewer
    if viewer and viewer.membership_id is None:
        say(_("You haven’t taken a turn here yet, so there’s nothing to choose."))
        return redirect(url_for("events.home"), 303)
    chosen = choosing.read_choices(db.session(), membership_id=member())
    form = MailForm(formdata=None)
    _offer(form, chosen)
    form.show(chosen, now=clock.now())
    return _page(form)


@signed_in_required
def choose() -> Page:
    """Take everything that was chosen."""
    who = db.session.get_one(Membership, member())
    chosen = choosing.read_choices(db.session(), membership_id=who.id)
    form = MailForm()
    form.before = chosen.leads or frozenset()
    _offer(form, chosen)
    if not form.is_well_filled():
        return _page(form), 422
    try:
        saving.save(db.session(), member=who, wanted=form.wanted(), now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(form), 422
    db.session.commit()
    say(_("Saved. It counts from the next e-mail on."))
    return redirect(url_for("notices.choices"), 303)


def stopping(token: str, family: str) -> str:
    """Show the one button that a link in a mail leads to: opening it changes nothing."""
    which, who = Family(family), _holder(token, family)
    chosen = choosing.read_choices(db.session(), membership_id=who.id)
    return _stop_page(token, which, is_done=saving.is_stopped(chosen, which))


def stop(token: str, family: str) -> str:
    """End such mails, for people and for mail programs: neither signs in or brings a form's token.

    Source: RFC 8058 3.2: no cookies, and no redirect.
    """
    which = Family(family)
    saving.stop(db.session(), member=_holder(token, family), family=which, now=clock.now())
    db.session.commit()
    return _stop_page(token, which, is_done=True)


def _stop_page(token: str, family: Family, *, is_done: bool) -> str:
    return render_template(
        "notices/stop.html",
        token=token,
        family=family.value,
        about=FAMILY_NAMES[family],
        is_done=is_done,
    )


def _holder(token: str, family: str) -> Membership:
    """Find whose choice a link is about.

    Raises:
        NotFound: The link isn't ours, or it is another community's.
    """
    number = ids.read_signed_token(secret_key(), f"{STOP_PURPOSE}-{family}", token)
    who = db.session.get(Membership, number) if number else None
    if who is None or who.community_id != door().community.id:
        raise NotFound
    return who


def _page(form: MailForm) -> str:
    texts = installation.settings().texts
    return render_template("notices/choices.html", form=form, texts_are_sent=texts is not None)


def _offer(form: MailForm, chosen: Choices) -> None:
    here = door().community
    areas = read_areas(db.session(), community_id=here.id)
    form.offer(areas, _("All of %(place)s", place=here.place), _hows(chosen))


def _hows(chosen: Choices) -> set[How]:
    """Say in which ways people are told here; what somebody has chosen elsewhere stays theirs."""
    settings = installation.settings()
    phone = {How.PHONE} if settings.push_key else set()
    text = {How.TEXT} if settings.texts and _is_proven() else set()
    return {How.MAIL, How.WEEKLY, How.NONE, *phone, *text, *chosen.hows.values()}


def _is_proven() -> bool:
    """Whether the viewer has proven a mobile number."""
    number = numbers.number_of(db.session(), membership_id=member())
    return number is not None and number.proven_at is not None
