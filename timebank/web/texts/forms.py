"""What people type about the number on which they are texted."""

from __future__ import annotations

from wtforms import BooleanField
from wtforms import SelectMultipleField
from wtforms import StringField
from wtforms import TelField
from wtforms.validators import InputRequired
from wtforms.validators import Length
from wtforms.validators import Regexp
from wtforms.widgets import CheckboxInput

from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import Family
from timebank.models import How
from timebank.web.notices.forms import CALLED
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.words import _


def _number() -> TelField:
    return TelField(
        _("Mobile number"),
        filters=[line],
        validators=[
            InputRequired(_("Enter a mobile number, like 07400 123456")),
            Length(max=40, message=_("Enter a mobile number, like 07400 123456")),
        ],
    )


class NumberForm(PageForm):
    """Where to send a code."""

    number = _number()


class DigitsForm(PageForm):
    """The six digits of the text message."""

    code = StringField(
        _("Six-digit code"),
        filters=[line, lambda typed: typed.replace(" ", "")],
        validators=[Regexp(r"\A[0-9]{6}\Z", message=_("Enter the six digits from our text"))],
    )


class WhichForm(PageForm):
    """What comes as a text message instead of by mail."""

    families = SelectMultipleField(
        _("What should come as a text?"),
        choices=choices_of([(family.value, name) for family, name in CALLED.items()]),
        validate_choice=False,
        option_widget=CheckboxInput(),
    )

    def show(self, choices: Choices) -> None:
        """Tick what comes as a text now."""
        self.families.data = [one.value for one in CHOOSABLE if choices.hows[one] is How.TEXT]

    def wanted(self) -> frozenset[Family]:
        """Give what is ticked; anything else that was sent is left out."""
        ticked = set(self.families.data or ())
        return frozenset(one for one in CHOOSABLE if one.value in ticked)


class AgreedForm(PageForm):
    """The mobile number of somebody without e-mail, and that they agreed."""

    number = _number()
    agreed = BooleanField(
        _("They agreed to texts"),
        validators=[InputRequired(_("Ask them first, and tick it when they say yes"))],
    )
