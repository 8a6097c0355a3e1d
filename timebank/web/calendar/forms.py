"""What people choose for their calendars: how cancelled dates look, a bell, what is in them."""

from __future__ import annotations

from typing import Self

from wtforms import RadioField
from wtforms import SelectField

from timebank.domain.calendar.addresses import Narrowing
from timebank.domain.calendar.choosing import Choosable
from timebank.models import CancelledAs
from timebank.models import Feed
from timebank.models import Shows
from timebank.web.calendar.telling import SCENE_WORDS
from timebank.web.events.fields import OneOf
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import read_number
from timebank.web.words import _

WAYS = [
    (CancelledAs.STATUS.value, _("Cancelled, as calendars know it")),
    (CancelledAs.MARK.value, _("With “Cancelled:” before them")),
    (CancelledAs.DROP.value, _("Not at all")),
]
ALARMS = [
    ("", _("No bell")),
    ("15", _("15 minutes before")),
    ("30", _("Half an hour before")),
    ("60", _("1 hour before")),
    ("120", _("2 hours before")),
    ("1440", _("A day before")),
    ("2880", _("2 days before")),
    ("10080", _("A week before")),
]
KINDS = [
    (Shows.WHATS_ON.value, _("What’s on")),
    (Shows.GAPS.value, _("Where somebody is needed")),
]
CHOOSE = _("Choose one of these")


def _select(label: str) -> SelectField:
    return SelectField(label, choices=[], validate_choice=False, validators=[OneOf(CHOOSE)])


class ChoicesForm(PageForm):
    """How a calendar tells what is cancelled, and whether it rings."""

    cancelled = RadioField(
        _("Show cancelled dates"),
        choices=choices_of(WAYS),
        validate_choice=False,
        validators=[OneOf(CHOOSE)],
    )
    alarm = SelectField(
        _("Ring before each"),
        choices=choices_of(ALARMS),
        validate_choice=False,
        validators=[OneOf(CHOOSE)],
    )

    @classmethod
    def of(cls, address: Feed | None, *, rings: bool, prefix: str) -> Self:
        """Make the form as it stands; some calendars never ring."""
        form = cls(formdata=None, prefix=prefix)
        if not rings:
            del form.alarm
        elif address and address.alarm_minutes:
            form.alarm.data = str(address.alarm_minutes)
        form.cancelled.data = (address.cancelled if address else CancelledAs.STATUS).value
        return form

    @property
    def alarm_minutes(self) -> int | None:
        """How long before; None: no bell."""
        return read_number(self.alarm.data) if "alarm" in self else None


class NarrowForm(PageForm):
    """What is in a calendar: all of it at once; nothing chosen is everything."""

    shows = RadioField(
        _("What should it show?"),
        choices=choices_of(KINDS),
        validate_choice=False,
        validators=[OneOf(CHOOSE)],
    )
    group = _select(_("Whose events?"))
    series = _select(_("Which event?"))
    scene = _select(_("What kind of thing?"))
    area = _select(_("Whereabouts?"))
    role = _select(_("Which job?"))
    cancelled = RadioField(
        _("Show cancelled dates"),
        choices=choices_of(WAYS),
        validate_choice=False,
        validators=[OneOf(CHOOSE)],
    )

    def offer(self, found: Choosable, address: Feed | None = None) -> None:
        """Offer what there is, and what was chosen before though it is there no more."""
        areas, roles = list(found.areas), list(found.roles)
        if address is not None and address.area and address.area not in areas:
            areas.append(address.area)
        if address is not None and address.role_name and address.role_name not in roles:
            roles.append(address.role_name)
        numbered = ((self.group, found.groups), (self.series, found.series))
        for field, rows in numbered:
            field.choices = choices_of([("", _("All")), *((str(key), name) for key, name in rows)])
        for field, words in ((self.area, areas), (self.role, roles)):
            field.choices = choices_of([("", _("All")), *((word, word) for word in words)])
        self.scene.choices = choices_of([("", _("All")), *SCENE_WORDS.items()])

    def show(self, address: Feed) -> None:
        """Fill in what was chosen before."""
        self.shows.data = address.shows.value
        self.group.data = str(address.group_id or "")
        self.series.data = str(address.series_id or "")
        self.scene.data = address.scene or ""
        self.area.data = address.area or ""
        self.role.data = address.role_name or ""
        self.cancelled.data = address.cancelled.value

    @property
    def narrowing(self) -> Narrowing:
        """What a well filled form says."""
        return Narrowing(
            group_id=read_number(self.group.data),
            series_id=read_number(self.series.data),
            scene=self.scene.data or None,
            area=self.area.data or None,
            role_name=self.role.data or None,
        )
