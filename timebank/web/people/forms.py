"""What a coordinator or an organiser writes down about checks, training and ages."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import SelectField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length
from wtforms.validators import StopValidation

from timebank.domain import acting
from timebank.models import QualificationKind
from timebank.web.events.fields import CountField
from timebank.web.events.fields import DayField
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import Understood
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _

LONGEST_MONTHS = 120
MOST_SHADOW_TURNS = 20
LONGEST_NOTE = 500
KINDS = [
    (QualificationKind.TRAINING.value, _("Training, which people do")),
    (QualificationKind.CHECK.value, _("A check, which somebody else makes")),
]


def _whole(field: CountField, most: int) -> None:
    """Refuse what is no number from 1 to `most`; nothing at all is fine."""
    if (field.data or "").strip() and not 1 <= (field.value or 0) <= most:
        raise StopValidation(gettext("From 1 to %(most)s, or leave it empty", most=most))


class KindForm(PageForm):
    """A check or training that jobs may ask for."""

    name = StringField(
        _("What’s it called?"),
        filters=[line],
        validators=[
            Readable(),
            Said(_("Give it a name, like First aid")),
            short(60),
        ],
    )
    kind = RadioField(
        _("What is it?"),
        choices=choices_of(KINDS),
        default=QualificationKind.TRAINING.value,
        validate_choice=False,
        validators=[OneOf(_("Say whether it’s training or a check"))],
    )
    about = StringField(
        _("How does one get it?"),
        filters=[line],
        validators=[Readable(), short(300)],
    )
    lasts_months = CountField(_("Good for how many months?"))
    shadow_turns = CountField(_("Learnt by how many turns beside somebody?"))

    def validate_lasts_months(self, field: CountField) -> None:
        """Ten years at most."""
        _whole(field, LONGEST_MONTHS)

    def validate_shadow_turns(self, field: CountField) -> None:
        """Twenty at most."""
        _whole(field, MOST_SHADOW_TURNS)


class FindForm(PageForm):
    """Whom to look up, by the beginning of their name."""

    named = StringField(_("Their first name"), filters=[line], validators=[Length(max=80)])


class GiveForm(PageForm):
    """What somebody has, and from when."""

    qualification = SelectField(_("What do they have?"), validate_choice=False)
    valid_from = DayField(_("Since when?"), validators=[Understood(_("Choose a day"))])
    # Empty is fine: then it lasts as long as it usually does.
    expires_on = DayField(
        _("No longer good from"),
        validators=[Understood(_("Choose a day, or leave it empty"), may_be_empty=True)],
    )

    @property
    def kind_id(self) -> int | None:
        """Which of the kinds that were offered, when one was chosen."""
        return read_number(self.qualification.data)

    def validate_qualification(self, _field: SelectField) -> None:
        """One must be chosen."""
        if self.kind_id is None:
            raise StopValidation(gettext("Choose what they have"))


class AgeForm(PageForm):
    """How old somebody is at least."""

    age_at_least = CountField(
        _("They’re at least how old?"), validators=[Understood(_("Write an age from 1 to 100"))]
    )


class ActForm(PageForm):
    """Who may act for somebody, from when to when, and how that was agreed."""

    named = HiddenField(filters=[line], validators=[Length(max=80)])
    helper = RadioField(_("Who may act for them?"), validate_choice=False, choices=[])
    starts_on = DayField(_("From"), validators=[Understood(_("Choose a day"))])
    last_day = DayField(_("Last day"), validators=[Understood(_("Choose a day"))])
    how_agreed = StringField(
        _("How did they agree to it?"),
        filters=[line],
        validators=[
            Readable(),
            Said(_("Say in a few words how they agreed to it, like “rang her on 3 May”")),
            short(200),
        ],
    )

    @property
    def helper_id(self) -> int:
        """Who was chosen, of those offered."""
        return read_number(self.helper.data) or 0

    def offer(self, people: list[tuple[int, str]]) -> None:
        """Offer these, by number and name."""
        self.helper.choices = [(str(number), name) for number, name in people]

    def propose(self, today: dt.date) -> None:
        """Propose half a year from today."""
        self.starts_on.data = today.isoformat()
        self.last_day.data = acting.usual_last_day(today).isoformat()

    def validate_helper(self, field: RadioField) -> None:
        """One of those offered must be chosen."""
        OneOf(gettext("Look them up by name, then choose one"))(self, field)


class NoteForm(PageForm):
    """What coordinators should know of somebody."""

    note = TextAreaField(
        _("What should coordinators know?"),
        filters=[paragraph],
        validators=[Readable(), Said(_("Write something down first")), short(LONGEST_NOTE)],
    )
