"""What organisers type when they call for help."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from wtforms import SelectMultipleField
from wtforms import TextAreaField

from timebank.core.errors import Refused
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _


class CallForm(PageForm):
    """A call for help: a message, and who of those shown is to be asked first."""

    message = TextAreaField(
        _("Anything you’d like to say?"),
        filters=[paragraph],
        validators=[short(500)],
    )
    ask = SelectMultipleField(
        _("We’d ask these neighbours first"),
        coerce=read_number,
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
    return {found for one in typed if (found := read_number(one)) is not None}
