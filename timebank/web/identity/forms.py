"""What people type to sign in."""

from __future__ import annotations

from wtforms import EmailField
from wtforms import StringField
from wtforms.validators import Regexp

from timebank.web.typed import EmailAddress
from timebank.web.typed import PageForm
from timebank.web.typed import line
from timebank.web.words import _


class EmailForm(PageForm):
    """Where to send the link."""

    email = EmailField(_("Your e-mail"), filters=[line], validators=[EmailAddress()])


class CodeForm(PageForm):
    """The six digits of the mail."""

    code = StringField(
        _("Six-digit code"),
        filters=[line, lambda typed: typed.replace(" ", "")],
        validators=[Regexp(r"\A[0-9]{6}\Z", message=_("Enter the six digits from our e-mail"))],
    )
