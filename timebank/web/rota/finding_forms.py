"""What people type when they wait for a place, and organisers when they call for help."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from wtforms import EmailField
from wtforms import SelectMultipleField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length

from timebank.core.errors import Refused
from timebank.web.rota.arrival_forms import number
from timebank.web.typed import EmailAddress
from timebank.web.typed import HasLetters
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.words import _


class WaitForm(PageForm):
    """Name and e-mail of somebody who is signed out and would like to wait."""

    name = StringField(
        _("What should we call you?"),
        filters=[line],
        validators=[
            Said(_("Tell us your name, like Sam Tran")),
            HasLetters(_("Tell us your name, like Sam Tran")),
            Length(max=80, message=_("That name is too long for us. Use up to 80 letters")),
        ],
    )
    email = EmailField(_("E-mail"), filters=[line], validators=[EmailAddress()])


class CallForm(PageForm):
    """A call for help: a message, and who of those shown is to be asked first."""

    message = TextAreaField(
        _("Anything you’d like to say?"),
        filters=[paragraph],
        validators=[Length(max=500, message=_("Keep it to 500 letters"))],
    )
    ask = SelectMultipleField(
        _("We’d ask these neighbours first"),
        coerce=number,
        choices=[],
        validate_choice=False,
        validators=[Said(_("Tick at least one neighbour"))],
    )

    @property
    def ticked(self) -> set[int]:
        """Whose box is ticked."""
        return _numbers(self.ask.data or ())

    @property
    def shown(self) -> set[int]:
        """Who was on the page."""
        return _numbers(request.form.getlist("shown"))

    def refuse(self, refusal: Refused) -> None:
        """Put a refusal beside its field."""
        field = self.message if refusal.field == "message" else self.ask
        field.errors = [_(refusal.sentence)]


def _numbers(typed: Iterable[object]) -> set[int]:
    return {found for one in typed if (found := number(one)) is not None}
