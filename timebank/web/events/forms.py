"""What an organiser types: a series with its rota, and a change of a single date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from wtforms import FieldList
from wtforms import Form
from wtforms import FormField
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import SelectChoice  # type: ignore[attr-defined]  # the stubs are of 3.2
from wtforms import SelectField
from wtforms import SelectMultipleField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput
from wtforms.widgets import ListWidget

from timebank.domain.events import ready_made_rotas
from timebank.domain.events.drafts import MOST_PLACES
from timebank.domain.events.drafts import MOST_ROLES
from timebank.models import Frequency
from timebank.web.events.fields import CountField
from timebank.web.events.fields import DayField
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import TimeField
from timebank.web.events.fields import Understood
from timebank.web.events.lines import MINUTES_A_DAY
from timebank.web.events.lines import Span
from timebank.web.events.lines import minutes_of
from timebank.web.events.lines import span_of
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.words import _

ENDS_FIRST = _("That time ends before it starts. Check From and To")
OVER_MIDNIGHT = _("This job would end after midnight. Check its times")
FAR_OFF = _("That’s far from the event itself. Check From and To")
FAR_MINUTES = 6 * 60
WRITE_A_TIME = _("Choose a time, like 09:30")
WRITE_A_DAY = _("Choose a day")

FREQUENCIES = [
    (Frequency.ONCE.value, _("Once")),
    (Frequency.WEEKLY.value, _("Every week")),
    (Frequency.FORTNIGHTLY.value, _("Every two weeks")),
    (Frequency.MONTHLY.value, _("Every month")),
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


WHICH = [("first", _("The earlier one")), ("second", _("The later one"))]


def choices_of(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """Offer (value, label) pairs as WTForms wants them from 3.4 on."""
    return [SelectChoice(value, label) for value, label in pairs]


def _short(most: int) -> Length:
    return Length(max=most, message=_("Keep it to %(max)d letters"))


def _facilities() -> SelectMultipleField:
    return SelectMultipleField(
        _("Getting round"),
        choices=choices_of(FACILITIES),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class JobForm(Form):
    """A line of the rota. Times left empty mean the whole event."""

    name = StringField(_("Job"), filters=[line], validators=[Readable(), _short(60)])
    places = CountField(_("How many"))
    needed = CountField(_("Can’t start without"))
    starts = TimeField(_("From"))
    ends = TimeField(_("To"))
    about = StringField(
        _("What do they do?"), filters=[line], validators=[Readable(), _short(500)]
    )
    role_id = HiddenField()
    was_name = HiddenField()
    was_times = HiddenField()

    def validate_name(self, field: StringField) -> None:
        """A line with something in it wants a name."""
        if not field.data:
            raise StopValidation(gettext("Name this job, or empty its whole line"))

    def validate_places(self, field: CountField) -> None:
        """How many must be said, and be possible."""
        if field.value is None or not 1 <= field.value <= MOST_PLACES:
            raise StopValidation(
                gettext(
                    "Tell us how many you need for %(job)s, from 1 to %(most)s",
                    job=self.name.data or gettext("this job"),
                    most=MOST_PLACES,
                )
            )

    def validate_needed(self, field: CountField) -> None:
        """None is fine; more than there are places is not."""
        if not field.data:
            return
        if field.value is None:
            raise StopValidation(gettext("Write a number, or leave it empty"))
        if self.places.value is not None and field.value > self.places.value:
            raise StopValidation(
                gettext("You can’t need more than %(places)s", places=self.places.value)
            )

    def validate_starts(self, field: TimeField) -> None:
        """Either both times or none."""
        if field.value is None and (field.data or self.ends.data):
            raise StopValidation(WRITE_A_TIME)

    def validate_ends(self, field: TimeField) -> None:
        """Either both times or none, and in this order."""
        if field.value is None and (field.data or self.starts.data):
            raise StopValidation(WRITE_A_TIME)

    def check_times(self, event: Span) -> None:
        """Note times that run backwards, over midnight, or far from the event."""
        starts, ends = self.starts.value, self.ends.value
        if starts is None or ends is None:
            return
        slip = _slip((minutes_of(starts), minutes_of(ends)), event)
        if slip:
            self.ends.errors = [slip]


def _slip(job: Span, event: Span) -> str | None:
    """Say what is wrong with a job's times, beside an event's; both in minutes of one day."""
    earliest, latest = event[0] - FAR_MINUTES, event[1] + FAR_MINUTES
    start, end = job
    if end <= start:
        is_near = end + MINUTES_A_DAY <= latest or start - MINUTES_A_DAY >= earliest
        return gettext(OVER_MIDNIGHT if is_near else ENDS_FIRST)
    return gettext(FAR_OFF) if start < earliest or end > latest else None


class EditorForm(PageForm):
    """An event with its rhythm, its place and its rota, on one page."""

    title = StringField(
        _("What’s it called?"),
        filters=[line],
        validators=[Readable(), Said(_("Give it a name")), _short(80)],
    )
    description = TextAreaField(
        _("What happens?"), filters=[paragraph], validators=[Readable(), _short(2000)]
    )
    group = SelectField(
        _("Who runs it?"),
        validate_choice=False,
        validators=[OneOf(_("Choose the group that runs it"))],
    )
    where = StringField(
        _("Where do people meet?"),
        filters=[line],
        validators=[Readable(), Said(_("Say where people should meet")), _short(120)],
    )
    address = StringField(
        _("Address or postcode"), filters=[line], validators=[Readable(), _short(200)]
    )
    area = StringField(
        _("Part of the borough"), filters=[line], validators=[Readable(), _short(40)]
    )
    getting_round = _facilities()
    first_timers = StringField(
        _("First time? Say whom to look for"),
        filters=[line],
        validators=[Readable(), _short(300)],
    )
    bring = StringField(
        _("What should people bring?"), filters=[line], validators=[Readable(), _short(300)]
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
    rota = RadioField(
        _("Start with a ready-made rota"),
        choices=choices_of((rota.key, rota.name) for rota in ready_made_rotas()),
        validate_choice=False,
    )
    roles = FieldList(FormField(JobForm))
    was_starts = HiddenField()
    was_ends = HiddenField()
    version = HiddenField()
    intent = HiddenField()

    def validate_ends(self, field: TimeField) -> None:
        """No event of ours runs past midnight."""
        if field.value and self.starts.value and field.value <= self.starts.value:
            raise StopValidation(ENDS_FIRST)

    def validate_roles(self, field: FieldList[Any]) -> None:
        """A rota that fits a page."""
        if len(field.entries) > MOST_ROLES:
            raise StopValidation(gettext("A rota has room for %(most)s jobs", most=MOST_ROLES))
        event = span_of(self.starts.value, self.ends.value)
        for entry in field.entries if event else ():
            entry.form.check_times(event)
        field.errors = [entry.errors for entry in field.entries if entry.errors]


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
        validators=[Readable(), Said(_("Say where people should meet")), _short(120)],
    )
    address = StringField(
        _("Address or postcode"), filters=[line], validators=[Readable(), _short(200)]
    )
    getting_round = _facilities()
    reason = StringField(
        _("Why?"),
        filters=[line],
        validators=[Readable(), Said(_("Say why, in a few words")), _short(200)],
    )


class CancelForm(PageForm):
    """Why one date is called off."""

    cancel_reason = StringField(
        _("Why is it off?"),
        filters=[line],
        validators=[Readable(), Said(_("Say why, in a few words")), _short(200)],
    )
