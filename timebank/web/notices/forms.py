"""What somebody chooses about their mails, all on one page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from zoneinfo import ZoneInfo

from flask_babel import gettext
from wtforms import BooleanField
from wtforms import RadioField
from wtforms import SelectField
from wtforms import SelectMultipleField
from wtforms.validators import StopValidation

from timebank.core import languages
from timebank.domain.events.leads import written as earliest_first
from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import Family
from timebank.domain.notices.saving import Wanted
from timebank.models import How
from timebank.models import Lead
from timebank.web.events.fields import DayField
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import TimeField
from timebank.web.events.fields import Understood
from timebank.web.filters import WEEKDAYS
from timebank.web.filters import clock as time_of_day
from timebank.web.leads import leads_field
from timebank.web.leads import ticked
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.words import _

HOWS = [
    (How.MAIL.value, _("Each by e-mail")),
    (How.PHONE.value, _("On my phone")),
    (How.TEXT.value, _("As a text message")),
    (How.WEEKLY.value, _("In the weekly mail")),
    (How.NONE.value, _("Not at all")),
]
CALLED = {
    Family.TURNS: _("My turns"),
    Family.ASKING: _("Being asked to help"),
    Family.NEIGHBOURS: _("What neighbours write"),
    Family.HOURS: _("Hours and thanks"),
}
OURS, THEIRS = "event", "own"
REMINDED = [
    (OURS, _("As the organisers say")),
    (THEIRS, _("As I tick here")),
]
HOURS = range(24)
A_HOUR_OF = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)  # any day will do: it's about how to say it


def _how(label: str) -> RadioField:
    return RadioField(
        label,
        choices=choices_of(HOWS),
        validate_choice=False,
        validators=[OneOf(_("Choose one of these"))],
    )


class MailForm(PageForm):
    """Everything that can be chosen. `offer` says which ways and parts of the place there are.

    `before`: the times of their own that were chosen before, and stand ticked on the page.
    """

    before: frozenset[Lead] = frozenset()
    turns = _how(CALLED[Family.TURNS])
    reminded = RadioField(
        _("When should we remind you of a turn?"),
        choices=choices_of(REMINDED),
        validate_choice=False,
        validators=[OneOf(_("Choose one of the two"))],
    )
    leads = leads_field(_("My own times"))
    asking = _how(CALLED[Family.ASKING])
    neighbours = _how(CALLED[Family.NEIGHBOURS])
    hours = _how(CALLED[Family.HOURS])
    weekly = BooleanField(_("Send me what’s on and what’s needed, once a week"))
    weekly_on = SelectField(
        _("On which day?"),
        choices=choices_of([(str(number), day) for number, day in enumerate(WEEKDAYS, 1)]),
        validate_choice=False,
        validators=[OneOf(_("Choose a day of the week"))],
    )
    weekly_hour = SelectField(
        _("At what time?"),
        validate_choice=False,
        validators=[OneOf(_("Choose an hour"))],
    )
    near = SelectField(
        _("From where?"),
        validate_choice=False,
        validators=[OneOf(_("Choose a part of the place from the list"))],
    )
    quiet_from = TimeField(
        _("Quiet from"),
        validators=[Understood(_("Write a time, like 21:00"), may_be_empty=True)],
    )
    quiet_until = TimeField(
        _("Until"),
        validators=[Understood(_("Write a time, like 07:00"), may_be_empty=True)],
    )
    paused_until = DayField(
        _("Pause everything until"),
        validators=[Understood(_("Choose a day, or leave it empty"), may_be_empty=True)],
    )
    language = SelectField(
        _("Language of our e-mails"),
        choices=choices_of(list(languages.OFFERED.items())),
        validate_choice=False,
        validators=[OneOf(_("Choose a language from the list"))],
    )

    def validate_leads(self, field: SelectMultipleField) -> None:
        """Times that were ticked and would not count are no slip to pass over."""
        if self.reminded.data == OURS and ticked(field) - self.before:
            raise StopValidation(gettext("Choose “As I tick here”, or untick these"))

    def offer(self, areas: tuple[str, ...], everywhere: str, hows: Collection[How]) -> None:
        """Offer these parts of the place and ways, and the hours as people say them."""
        offered = choices_of([(how, name) for how, name in HOWS if how in hows])
        for field in (self.turns, self.asking, self.neighbours, self.hours):
            field.choices = offered
        self.near.choices = choices_of([("", everywhere), *((area, area) for area in areas)])
        self.weekly_hour.choices = choices_of(
            [(str(hour), time_of_day(A_HOUR_OF.replace(hour=hour), "UTC")) for hour in HOURS]
        )

    def show(self, choices: Choices, *, now: dt.datetime) -> None:
        """Fill it with what somebody chose before."""
        for family in CHOOSABLE:
            self[family.value].data = choices.hows[family].value
        self.reminded.data = OURS if choices.leads is None else THEIRS
        self.leads.data = earliest_first(choices.leads or ())
        self.weekly.data = choices.weekly
        self.weekly_on.data = str(choices.weekly_on)
        self.weekly_hour.data = str(choices.weekly_hour)
        self.near.data = choices.near or ""
        self.language.data = languages.offered(choices.language)
        if choices.quiet:
            self.quiet_from.data, self.quiet_until.data = (
                time.strftime("%H:%M") for time in choices.quiet
            )
        if choices.paused_until and choices.paused_until > now:
            local = choices.paused_until.astimezone(ZoneInfo(choices.zone))
            self.paused_until.data = local.date().isoformat()

    def wanted(self) -> Wanted:
        """Give what a well-filled form says."""
        return Wanted(
            hows={family: How(self[family.value].data) for family in CHOOSABLE},
            leads=ticked(self.leads) if self.reminded.data == THEIRS else None,
            quiet_from=self.quiet_from.value,
            quiet_until=self.quiet_until.value,
            paused_until=self.paused_until.value,
            weekly=bool(self.weekly.data),
            weekly_on=int(self.weekly_on.data),
            weekly_hour=int(self.weekly_hour.data),
            near=self.near.data or None,
            language=self.language.data,
        )


FAMILY_NAMES = {
    Family.TURNS: _("reminders of your turns"),
    Family.ASKING: _("being asked to help"),
    Family.NEIGHBOURS: _("what neighbours write"),
    Family.HOURS: _("hours and thanks"),
    Family.WEEK: _("your week"),
}
