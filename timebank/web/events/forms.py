"""What an organiser types about a series: when, where, its rota and its house rules."""

from __future__ import annotations

from typing import Any

from wtforms import FieldList
from wtforms import FormField
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import SelectField
from wtforms import SelectMultipleField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput
from wtforms.widgets import ListWidget

from timebank.core import when
from timebank.domain.events import ready_made_rotas
from timebank.models import Frequency
from timebank.models import IfShort
from timebank.web.events.fields import CountField
from timebank.web.events.fields import DayField
from timebank.web.events.fields import Number
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import TimeField
from timebank.web.events.fields import Understood
from timebank.web.events.job_forms import ENDS_FIRST
from timebank.web.events.job_forms import WRITE_A_TIME
from timebank.web.events.job_forms import JobForm
from timebank.web.events.job_forms import check_lines
from timebank.web.events.lines import span_of
from timebank.web.leads import leads_field
from timebank.web.typed import Lines
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import short
from timebank.web.words import _

MOST_PEOPLE = 9999
WRITE_A_DAY = _("Choose a day")
FREQUENCIES = [
    (Frequency.ONCE.value, _("Once")),
    (Frequency.DAILY.value, _("Every day")),
    (Frequency.WEEKLY.value, _("Every week")),
    (Frequency.FORTNIGHTLY.value, _("Every two weeks")),
    (Frequency.MONTHLY.value, _("Every month, same weekday")),
    (Frequency.MONTHLY_BY_DATE.value, _("Every month, same date")),
]
MONTHS = [(str(number), _(name)) for number, name in enumerate(when.MONTHS, start=1)]
IF_SHORT = [
    (IfShort.ASK.value, _("Ask the organisers")),
    (IfShort.CANCEL.value, _("Cancel it and tell everybody")),
]
FACILITIES = [
    ("step_free", _("Step-free")),
    ("accessible_toilet", _("Accessible toilet")),
    ("hearing_loop", _("Hearing loop")),
    ("quiet_space", _("Quiet space")),
]
SCENES = [
    ("park", _("Park")),
    ("party", _("Street party")),
    ("litter", _("Litter pick")),
    ("garden", _("Garden")),
    ("tea", _("Tea")),
    ("books", _("Books")),
    ("lake", _("Lake")),
    ("fix", _("Mending")),
]


def facilities() -> SelectMultipleField:
    """Ask what a place offers to get round it."""
    return SelectMultipleField(
        _("Getting round"),
        choices=choices_of(FACILITIES),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


def _month(label: str) -> SelectField:
    return SelectField(
        label,
        choices=choices_of([("", _("All year round")), *MONTHS]),
        validate_choice=False,
        validators=[OneOf(_("Choose a month"))],
    )


class EditorForm(PageForm):
    """An event with its rhythm, its place and its rota, on one page."""

    title = StringField(
        _("What’s it called?"),
        filters=[line],
        validators=[Readable(), Said(_("Give it a name")), short(80)],
    )
    description = TextAreaField(
        _("What happens?"), filters=[paragraph], validators=[Readable(), short(2000)]
    )
    group = SelectField(
        _("Who runs it?"),
        validate_choice=False,
        validators=[OneOf(_("Choose the group that runs it"))],
    )
    where = StringField(
        _("Where do people meet?"),
        filters=[line],
        validators=[Readable(), Said(_("Say where people should meet")), short(120)],
    )
    address = StringField(
        _("Address or postcode"), filters=[line], validators=[Readable(), short(200)]
    )
    area = StringField(
        _("Part of the borough"), filters=[line], validators=[Readable(), short(40)]
    )
    getting_round = facilities()
    first_timers = StringField(
        _("First time? Say whom to look for"),
        filters=[line],
        validators=[Readable(), short(300)],
    )
    bring = StringField(
        _("What should people bring?"), filters=[line], validators=[Readable(), short(300)]
    )
    scene = RadioField(
        _("Picture"),
        choices=choices_of(SCENES),
        default="park",
        validate_choice=False,
        validators=[OneOf(_("Choose one of the pictures"))],
    )
    often = RadioField(
        _("How often?"),
        choices=choices_of(FREQUENCIES),
        default=Frequency.WEEKLY.value,
        validate_choice=False,
        validators=[OneOf(_("Say how often it takes place"))],
    )
    first = DayField(_("First date"), validators=[Understood(_("Choose the first date"))])
    starts = TimeField(_("From"), validators=[Understood(WRITE_A_TIME)])
    ends = TimeField(_("To"), validators=[Understood(WRITE_A_TIME)])
    last = DayField(_("Last date"), validators=[Understood(WRITE_A_DAY, may_be_empty=True)])
    season_from = _month(_("Season from"))
    season_until = _month(_("Season until"))
    expected = CountField(_("How many people usually come?"), validators=[Number(1, MOST_PEOPLE)])
    most_a_week = CountField(
        _("How many turns a week may one person have?"), validators=[Number(1, 14)]
    )
    drop_out_hours = CountField(
        _("Until how many hours before can people drop out?"),
        validators=[Number(0, 168)],
    )
    decide_hours_before = CountField(
        _("How many hours before is it decided whether it can start?"), validators=[Number(1, 336)]
    )
    if_short = RadioField(
        _("If it can’t start with the people there are"),
        choices=choices_of(IF_SHORT),
        default=IfShort.ASK.value,
        validate_choice=False,
        validators=[OneOf(_("Say what happens then"))],
    )
    leads = leads_field(_("When are people reminded of their turn?"))
    asked_leads = HiddenField()
    rota = RadioField(
        _("Start with a ready-made rota"),
        choices=choices_of((rota.key, rota.name) for rota in ready_made_rotas()),
        validate_choice=False,
    )
    roles = Lines(FormField(JobForm))
    was_starts = HiddenField()
    was_ends = HiddenField()
    version = HiddenField()
    on = HiddenField()
    intent = HiddenField()

    def validate_ends(self, field: TimeField) -> None:
        """No event of ours runs past midnight."""
        if field.value and self.starts.value and field.value <= self.starts.value:
            raise StopValidation(ENDS_FIRST)

    def validate_roles(self, field: FieldList[Any]) -> None:
        """A rota that fits a page."""
        check_lines(field, span_of(self.starts.value, self.ends.value))
