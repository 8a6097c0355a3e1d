"""What people type to join, to let others join, and to go."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext
from wtforms import BooleanField
from wtforms import EmailField
from wtforms import RadioField
from wtforms import StringField
from wtforms import TelField
from wtforms import TextAreaField
from wtforms.validators import StopValidation

from timebank.models import Joining
from timebank.models import ReferenceAnswer
from timebank.web.events.fields import DayField
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import Understood
from timebank.web.typed import EmailAddress
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import a_name
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import short
from timebank.web.words import _

_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{4,28}")
REFEREES = ("first", "second")
KEEP = "keep"
COMMUNITY = "community"

HOW = [
    (Joining.OPEN.value, _("Anybody who says so")),
    (Joining.APPLICATION.value, _("Anybody a coordinator says yes to")),
    (Joining.INVITATION.value, _("By invitation only")),
]
ANSWERS = [
    (ReferenceAnswer.YES.value, _("Yes")),
    (ReferenceAnswer.NO.value, _("No")),
    (ReferenceAnswer.UNSURE.value, _("I’m not sure")),
]


class JoinForm(PageForm):
    """Who would like to join. `ask` takes off what this community doesn't want to know."""

    name = a_name(_("Your name"), _("Tell us your name, like Sam Tran"))
    email = EmailField(_("E-mail"), filters=[line], validators=[EmailAddress()])
    phone = TelField(_("Phone, if you like"), filters=[line], validators=[Readable()])
    about = StringField(
        _("A sentence about yourself"), filters=[line], validators=[Readable(), short(300)]
    )
    first_name = a_name(_("Their name"), _("Name somebody who knows you"))
    first_email = EmailField(_("Their e-mail"), filters=[line], validators=[EmailAddress()])
    second_name = a_name(_("Their name"), _("Name a second person who knows you"))
    second_email = EmailField(_("Their e-mail"), filters=[line], validators=[EmailAddress()])

    def ask(self, references: int) -> None:
        """Ask for so many people who know the applicant."""
        for who in REFEREES[references:]:
            del self[f"{who}_name"]
            del self[f"{who}_email"]

    def referees(self) -> list[tuple[Any, Any]]:
        """Give the fields for those who know the applicant: (name, e-mail)."""
        return [
            (self[f"{who}_name"], self[f"{who}_email"])
            for who in REFEREES
            if f"{who}_name" in self
        ]

    def validate_phone(self, field: TelField) -> None:
        """Empty, or what a telephone can dial."""
        if field.data and not _PHONE.fullmatch(field.data):
            raise StopValidation(gettext("Write it like 020 8000 0000, or leave it empty"))


class InviteForm(PageForm):
    """Whom to invite."""

    name = a_name(_("Their name"), _("Tell us their name, like Sam Tran"))
    email = EmailField(_("Their e-mail"), filters=[line], validators=[EmailAddress()])


class WelcomeForm(PageForm):
    """How somebody who was invited calls themselves."""

    name = a_name(_("Your name"), _("Tell us your name, like Sam Tran"))


class ReferenceForm(PageForm):
    """What somebody says about an applicant."""

    answer = RadioField(
        _("Would you welcome their help at your own door?"),
        choices=choices_of(ANSWERS),
        validate_choice=False,
        validators=[OneOf(_("Choose yes, no or not sure"))],
    )
    said = TextAreaField(
        _("Anything the coordinators should know?"),
        filters=[paragraph],
        validators=[Readable(), short(500)],
    )


class DeclineForm(PageForm):
    """Why not; for the other coordinators."""

    reason = StringField(
        _("Why not?"),
        filters=[line],
        validators=[
            Readable(),
            Said(_("Write down why, for the other coordinators")),
            short(300),
        ],
    )


class SettingsForm(PageForm):
    """How people join."""

    joining = RadioField(
        _("Who can become a member?"),
        choices=choices_of(HOW),
        validate_choice=False,
        validators=[OneOf(_("Say who can become a member"))],
    )
    references = RadioField(
        _("How many people who know them should an applicant name?"),
        choices=choices_of([("0", _("None")), ("1", _("One")), ("2", _("Two"))]),
        validate_choice=False,
        validators=[OneOf(_("Choose none, one or two"))],
    )
    members_invite = BooleanField(_("Every member may invite people, not only coordinators"))


class PauseForm(PageForm):
    """Until when."""

    until = DayField(
        _("When will you be back?"),
        validators=[
            Understood(_("Choose a day, or leave it empty"), may_be_empty=True),
        ],
    )


class LeaveForm(PageForm):
    """Where the hours go; `offer` says which ways there are."""

    whereto = RadioField(
        _("Where should they go?"),
        validate_choice=False,
        validators=[OneOf(_("Choose where your hours should go"))],
    )

    def offer(self, ways: list[tuple[str, str]]) -> None:
        """Offer these ways; with none there is nothing to ask."""
        if ways:
            self.whereto.choices = choices_of(ways)
        else:
            del self.whereto


class EraseForm(LeaveForm):
    """The same, and a tick that it is meant."""

    sure = BooleanField(_("Yes, delete my name and address for good"))

    def validate_sure(self, field: BooleanField) -> None:
        """It can't be undone."""
        if not field.data:
            raise StopValidation(gettext("Tick this if you mean it: it can’t be undone"))
