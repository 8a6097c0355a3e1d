"""What people type when they take a place, or wait for one."""

from __future__ import annotations

from flask_babel import gettext
from wtforms import BooleanField
from wtforms import EmailField
from wtforms import TextAreaField
from wtforms.validators import StopValidation

from timebank.web.typed import EmailAddress
from timebank.web.typed import PageForm
from timebank.web.typed import a_name
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import short
from timebank.web.words import _


class TermsForm(PageForm):
    """What a job wants to know of whoever takes it.

    `minimum_age` is that of the job: the view sets it before it looks at the form.
    """

    old_enough = BooleanField()
    takes_part = BooleanField(_("I’d like to take part too"))
    although_busy = BooleanField()
    minimum_age: int | None = None

    def ask(self, minimum_age: int | None) -> None:
        """Ask for the age that this job wants."""
        self.minimum_age = minimum_age
        self.old_enough.label.text = gettext("I’m %(age)s or over", age=minimum_age or 0)

    def validate_old_enough(self, field: BooleanField) -> None:
        """A job with an age wants the tick."""
        if self.minimum_age and not field.data:
            raise StopValidation(
                gettext("This job is for people of %(age)s or over", age=self.minimum_age)
            )


class StrangerForm(PageForm):
    """Name and e-mail of somebody who is signed out."""

    name = a_name(_("What should we call you?"), _("Tell us your name, like Sam Tran"))
    email = EmailField(_("E-mail"), filters=[line], validators=[EmailAddress()])


class ClaimForm(TermsForm, StrangerForm):
    """What somebody who is signed out says when they take a place."""

    note = TextAreaField(
        _("Anything we should know?"),
        filters=[paragraph],
        validators=[short(500)],
    )
