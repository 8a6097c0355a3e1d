"""What is typed to say thanks, to agree on help, and about what isn't right."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import StopValidation

from timebank.core.errors import Refused
from timebank.domain.exchange.people import Known
from timebank.domain.exchange.settling import Outcome
from timebank.domain.exchange.settling import Verdict
from timebank.web.events.fields import DayField
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import TimeField
from timebank.web.events.fields import Understood
from timebank.web.ledger.fields import HoursField
from timebank.web.ledger.fields import SomeHours
from timebank.web.typed import KeyedForm
from timebank.web.typed import Said
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.typed import text_of
from timebank.web.words import _

LENGTHS = [
    ("30", _("½ hour")),
    ("60", _("1 hour")),
    ("90", _("1½ hours")),
    ("120", _("2 hours")),
    ("180", _("3 hours")),
]
CHIPS_MINUTES = frozenset(int(minutes) for minutes, _label in LENGTHS)
MYSELF, SOMEBODY = "me", "somebody"
THEY_HELP, I_HELP = "they", "me"
OUTCOMES = [
    (Outcome.KEEP.value, _("Keep the hours as they are")),
    (Outcome.CHANGE.value, _("Change them")),
    (Outcome.TAKE_BACK.value, _("Take them back")),
]


class HoursForm(KeyedForm):
    """A form with hours in a field `typed`, where what a rule says about minutes belongs."""

    def refuse(self, refusal: Refused) -> None:
        """Put a refusal beside its field."""
        if refusal.field == "minutes":
            refusal = Refused(refusal.sentence, field="typed")
        super().refuse(refusal)


def _hours(label: str) -> HoursField:
    return HoursField(label, validators=[Readable(), short(40), SomeHours(may_be_empty=True)])


class LengthForm(HoursForm):
    """How long something took: a chip, or whatever somebody writes, which counts before it."""

    length = RadioField(
        _("How long did it take?"), choices=choices_of(LENGTHS), validate_choice=False
    )
    typed = _hours(_("Or write how long"))

    @property
    def minutes(self) -> int:
        """The minutes of a well filled form."""
        return self.typed.minutes or int(self.length.data)

    def validate_length(self, field: RadioField) -> None:
        """One of the chips, unless it is written."""
        if not self.typed.data:
            offered = {minutes for minutes, _label in LENGTHS}
            if field.data not in offered:
                raise StopValidation(gettext("Say how long it took"))

    def show_minutes(self, minutes: int) -> None:
        """Choose the chip that says so, or write it."""
        if minutes in CHIPS_MINUTES:
            self.length.data = str(minutes)
        else:
            self.typed.data = f"{minutes // 60}:{minutes % 60:02d}"


class WhoField(RadioField):
    """Neighbours as chips; `people` are those that a name found, None: whoever was met lately."""

    people: list[Known] | None = None


class WhoFields:
    """Three fields that find a neighbour: chips, a name, and which name the chips answer."""

    def __init__(self, who: WhoField, name: StringField, asked: HiddenField) -> None:
        self.who = who
        self.name = name
        self.asked = asked

    @property
    def chosen_id(self) -> int | None:
        """Whose chip is chosen."""
        return read_number(self.who.data)

    @property
    def new_name(self) -> str:
        """A name that was typed since the chips were last looked up."""
        typed = text_of(self.name)
        return "" if typed == (self.asked.data or "") else typed

    def offer(self, people: list[Known], *, for_name: str) -> None:
        """Let the chips answer a name."""
        self.asked.data = for_name
        self.who.people = people


def _who(label: str) -> WhoField:
    return WhoField(label, validate_choice=False, choices=[])


def _name(label: str) -> StringField:
    return StringField(label, filters=[line], validators=[Readable(), short(80)])


def _what(label: str, *sentences: str) -> StringField:
    said = [Said(sentence) for sentence in sentences]
    return StringField(label, filters=[line], validators=[Readable(), *said, short(120)])


def _words(label: str, *sentences: str) -> TextAreaField:
    said = [Said(sentence) for sentence in sentences]
    return TextAreaField(label, filters=[paragraph], validators=[Readable(), *said, short(500)])


class ThanksForm(LengthForm):
    """Who helped, how long, and a word of thanks; `helped` is for who speaks for others too."""

    who = _who(_("Who helped?"))
    name = _name(_("Somebody else? Their name"))
    asked = HiddenField(filters=[line])
    helped = RadioField(_("Who was helped?"), validate_choice=False, choices=[], default=MYSELF)
    for_who = _who(_("Whom do you mean?"))
    for_name = _name(_("Their name"))
    for_asked = HiddenField(filters=[line])
    what = _what(_("What was it?"))
    words = _words(_("A word of thanks"))
    happened_on = DayField(
        _("Which day?"), validators=[Understood(_("Choose a day"), may_be_empty=True)]
    )
    post = HiddenField()

    @property
    def helper(self) -> WhoFields:
        """The fields that say who helped."""
        return WhoFields(self.who, self.name, self.asked)

    @property
    def helped_one(self) -> WhoFields:
        """The fields that say who was helped, when that was somebody at the telephone."""
        return WhoFields(self.for_who, self.for_name, self.for_asked)


class ThanksForForm(LengthForm):
    """How long something took that was agreed beforehand, or undone."""

    words = _words(_("A word of thanks"))
    happened_on = DayField(
        _("Which day?"), validators=[Understood(_("Choose a day"), may_be_empty=True)]
    )


class AgreeForm(LengthForm):
    """What two have agreed on."""

    who = _who(_("With whom?"))
    name = _name(_("Somebody else? Their name"))
    asked = HiddenField(filters=[line])
    way = RadioField(
        _("Who helps?"),
        choices=choices_of([(THEY_HELP, _("They help me")), (I_HELP, _("I help them"))]),
        default=THEY_HELP,
        validate_choice=False,
        validators=[OneOf(_("Say who helps"))],
    )
    what = _what(_("What’s it about?"), _("Say what it’s about, in a few words"))
    length = RadioField(
        _("How long will it take?"), choices=choices_of(LENGTHS), validate_choice=False
    )
    planned_on = DayField(
        _("Which day?"), validators=[Understood(_("Choose a day"), may_be_empty=True)]
    )
    planned_from = TimeField(
        _("From when?"),
        validators=[Understood(_("Choose a time, like 14:30"), may_be_empty=True)],
    )
    post = HiddenField()

    @property
    def other(self) -> WhoFields:
        """The fields that say with whom."""
        return WhoFields(self.who, self.name, self.asked)

    def validate_planned_from(self, field: TimeField) -> None:
        """A day and a time belong together; neither is fine too."""
        has_day, has_time = bool(self.planned_on.data), bool(field.data)
        if has_day != has_time:
            raise StopValidation(gettext("Choose a day and a time; roughly will do. Or neither"))

    @property
    def planned(self) -> tuple[dt.date, dt.time] | None:
        """The day and time of a well filled form."""
        day, time = self.planned_on.value, self.planned_from.value
        return (day, time) if day is not None and time is not None else None


class WrongForm(KeyedForm):
    """What isn't right."""

    words = _words(_("What isn’t right?"), _("Say in a sentence what isn’t right"))


class StatementForm(KeyedForm):
    """How it was, as the other side saw it."""

    words = _words(_("How was it?"), _("Say in a sentence how it was"))


class SettleForm(HoursForm):
    """How a coordinator settles it; `seen` is the newest step on the page that they read."""

    seen = HiddenField()
    outcome = RadioField(
        _("How do you settle it?"),
        choices=choices_of(OUTCOMES),
        validate_choice=False,
        validators=[OneOf(_("Choose how to settle it"))],
    )
    typed = _hours(_("How long was it?"))
    reason = StringField(
        _("Why?"),
        filters=[line],
        validators=[Readable(), Said(_("Say why in a few words. Both read it")), short(200)],
    )

    @property
    def verdict(self) -> Verdict:
        """What a well filled form says."""
        outcome = Outcome(self.outcome.data)
        is_change = outcome is Outcome.CHANGE
        return Verdict(
            outcome=outcome,
            minutes=self.typed.minutes if is_change else None,
            reason=text_of(self.reason),
            last_step=read_number(self.seen.data),
        )

    def offer(self, ways: tuple[Outcome, ...], *, last_step: int) -> None:
        """Offer the ways in which it can be settled, and say what the page has shown by now."""
        self.outcome.choices = choices_of(one for one in OUTCOMES if one[0] in ways)
        self.seen.data = str(last_step)
