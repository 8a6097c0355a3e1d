"""What an organiser types about one date: another time, why it is off, its own jobs, its crowd."""

from __future__ import annotations

from typing import Any

from wtforms import FieldList
from wtforms import FormField
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import StringField

from timebank.models import ReasonKind
from timebank.web.events.fields import CountField
from timebank.web.events.fields import DayField
from timebank.web.events.fields import Number
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import TimeField
from timebank.web.events.fields import Understood
from timebank.web.events.fields import read_time
from timebank.web.events.forms import MOST_PEOPLE
from timebank.web.events.forms import WRITE_A_DAY
from timebank.web.events.forms import facilities
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
from timebank.web.typed import short
from timebank.web.words import _

WHICH = [("first", _("The earlier one")), ("second", _("The later one"))]
KINDS = [
    (ReasonKind.WEATHER.value, _("The weather")),
    (ReasonKind.PLACE.value, _("The place")),
    (ReasonKind.TOO_FEW_PEOPLE.value, _("Too few people")),
    (ReasonKind.NO_QUALIFIED_LEAD.value, _("Nobody to lead it")),
    (ReasonKind.SAFETY.value, _("It wouldn’t be safe")),
    (ReasonKind.OTHER.value, _("Something else")),
]


def _twice(label: str) -> RadioField:
    return RadioField(
        label,
        choices=choices_of(WHICH),
        validate_choice=False,
    )


class MoveForm(PageForm):
    """Another time or place for one date, and why."""

    day = DayField(_("Day"), validators=[Understood(WRITE_A_DAY)])
    starts = TimeField(_("From"), validators=[Understood(WRITE_A_TIME)])
    starts_which = _twice(_("That night the clocks go back. Which start?"))
    ends = TimeField(_("To"), validators=[Understood(WRITE_A_TIME)])
    ends_which = _twice(_("That night the clocks go back. Which end?"))
    where = StringField(
        _("Where do people meet?"),
        filters=[line],
        validators=[Readable(), Said(_("Say where people should meet")), short(120)],
    )
    address = StringField(
        _("Address or postcode"), filters=[line], validators=[Readable(), short(200)]
    )
    getting_round = facilities()
    reason = StringField(
        _("Why?"),
        filters=[line],
        validators=[Readable(), Said(_("Say why, in a few words")), short(200)],
    )


class CancelForm(PageForm):
    """Why one date is called off: of a kind that can be counted, and in words that people read."""

    kind = RadioField(
        _("What’s the matter?"),
        choices=choices_of(KINDS),
        validate_choice=False,
        validators=[OneOf(_("Choose what comes nearest"))],
    )
    cancel_reason = StringField(
        _("Why is it off?"),
        filters=[line],
        validators=[Readable(), Said(_("Say why, in a few words")), short(200)],
    )


class CrowdForm(PageForm):
    """How many people are expected on one date."""

    expected = CountField(
        _("How many people are expected on this date?"), validators=[Number(1, MOST_PEOPLE)]
    )


class RemindForm(PageForm):
    """When people are reminded of one date."""

    leads = leads_field(_("When are people reminded of their turn on this date?"))


class DateJobsForm(PageForm):
    """The rota of one date; its times are known already."""

    roles = Lines(FormField(JobForm))
    was_starts = HiddenField()
    was_ends = HiddenField()
    seen = HiddenField()
    agreed = HiddenField()

    def validate_roles(self, field: FieldList[Any]) -> None:
        """A rota that fits a page."""
        check_lines(field, span_of(read_time(self.was_starts.data), read_time(self.was_ends.data)))
