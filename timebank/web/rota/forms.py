"""What people type when they take a place."""

from __future__ import annotations

from wtforms import EmailField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length

from timebank.web.typed import EmailAddress
from timebank.web.typed import HasLetters
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.words import _


class ClaimForm(PageForm):
    """Name and e-mail of somebody who is signed out."""

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
    note = TextAreaField(
        _("Anything we should know?"),
        filters=[paragraph],
        validators=[Length(max=500, message=_("Keep it to 500 letters"))],
    )
