"""A line of the rota as it is typed, and what is checked of all lines."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from wtforms import FieldList
from wtforms import Form
from wtforms import HiddenField
from wtforms import StringField
from wtforms.validators import StopValidation

from timebank.domain.events.jobs import MOST_PLACES
from timebank.domain.events.jobs import MOST_ROLES
from timebank.web.events.fields import CountField
from timebank.web.events.fields import Readable
from timebank.web.events.fields import TimeField
from timebank.web.events.lines import MINUTES_A_DAY
from timebank.web.events.lines import Span
from timebank.web.events.lines import minutes_of
from timebank.web.typed import line
from timebank.web.typed import short
from timebank.web.words import _

ENDS_FIRST = _("That time ends before it starts. Check From and To")
OVER_MIDNIGHT = _("This job would end after midnight. Check its times")
FAR_OFF = _("That’s far from the event itself. Check From and To")
FAR_MINUTES = 6 * 60
WRITE_A_TIME = _("Choose a time, like 09:30")
WRITE_A_NUMBER = _("Write a number, or leave it empty")


def check_lines(field: FieldList[Any], event: Span | None) -> None:
    """Note what is wrong with a rota as a whole, beside an event's times if these are known."""
    if len(field.entries) > MOST_ROLES:
        raise StopValidation(gettext("A rota has room for %(most)s jobs", most=MOST_ROLES))
    for entry in field.entries if event else ():
        entry.form.check_times(event)
    field.errors = [entry.errors for entry in field.entries if entry.errors]


class JobForm(Form):
    """A line of the rota. Times left empty mean the whole event."""

    name = StringField(_("Job"), filters=[line], validators=[Readable(), short(60)])
    places = CountField(_("How many"))
    needed = CountField(_("Can’t start without"))
    starts = TimeField(_("From"))
    ends = TimeField(_("To"))
    about = StringField(_("What do they do?"), filters=[line], validators=[Readable(), short(500)])
    turn = CountField(_("Minutes a turn"))
    every = CountField(_("A turn begins every (minutes)"))
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
            raise StopValidation(WRITE_A_NUMBER)
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

    def validate_turn(self, field: CountField) -> None:
        """Minutes, or none for a job that is not shared out."""
        if field.data and field.value is None:
            raise StopValidation(WRITE_A_NUMBER)

    def validate_every(self, field: CountField) -> None:
        """Minutes, or none for turns that follow each other."""
        if field.data and field.value is None:
            raise StopValidation(WRITE_A_NUMBER)

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
