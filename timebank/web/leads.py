"""When people are reminded of a turn: four boxes to tick, and how it is said in words."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import gettext
from wtforms import Form
from wtforms import SelectMultipleField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput

from timebank.core.text import listed
from timebank.models import Lead
from timebank.web.typed import choices_of
from timebank.web.words import _

LEADS = [
    (Lead.WEEK.value, _("A week before")),
    (Lead.TWO_DAYS.value, _("Two days before")),
    (Lead.EVE.value, _("The evening before")),
    (Lead.MORNING.value, _("That morning")),
]
SAID = {
    Lead.WEEK: _("a week before"),
    Lead.TWO_DAYS: _("two days before"),
    Lead.EVE: _("on the evening before"),
    Lead.MORNING: _("that morning"),
}


def leads_field(label: str) -> SelectMultipleField:
    """Ask for any of the four, or none."""
    return SelectMultipleField(
        label,
        choices=choices_of(LEADS),
        validate_choice=False,
        validators=[_offered],
        option_widget=CheckboxInput(),
    )


def _offered(_form: Form, field: SelectMultipleField) -> None:
    """Refuse what was not offered."""
    if not set(field.data or ()) <= set(Lead):
        raise StopValidation(gettext("Choose from these, or none"))


def ticked(field: SelectMultipleField) -> frozenset[Lead]:
    """Give what is ticked, of a valid field."""
    return frozenset(Lead(one) for one in field.data or ())


def in_words(leads: Collection[Lead]) -> str:
    """Say when the people of an event are reminded."""
    if not leads:
        return gettext("Nobody is reminded, but who chose to be.")
    when = listed(str(SAID[lead]) for lead in Lead if lead in leads)
    return gettext("People are reminded %(when)s, unless they chose other times.", when=when)
