"""What is typed about an occasion of several people: who took part, how long, who pays."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import cast

from flask_babel import gettext
from wtforms import Form
from wtforms import FormField
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import SelectField
from wtforms import StringField
from wtforms.validators import StopValidation

from timebank.domain.communities.neighbours import Neighbour
from timebank.domain.ledger.group_rules import MOST_PEOPLE
from timebank.domain.ledger.group_rules import Part
from timebank.models import BatchKind
from timebank.web.events.fields import DayField
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.events.fields import Understood
from timebank.web.ledger.fields import HoursField
from timebank.web.ledger.fields import SomeHours
from timebank.web.ledger.fields import whom
from timebank.web.typed import KeyedForm
from timebank.web.typed import Lines
from timebank.web.typed import Said
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _

RULES = [
    (BatchKind.CLASS.value, _("Class")),
    (BatchKind.SHARED_LIFT.value, _("Shared lift")),
    (BatchKind.WORKING_BEE.value, _("Working bee")),
    (BatchKind.COMMITTEE.value, _("Committee")),
]
EMPTY_LINES = 3
SIDES = ("helpers", "learners")
MAY_BE_NOTHING = [SomeHours(may_be_nothing=True)]


class PartForm(Form):
    """One person: a name, who that is when several may be meant, and their own times."""

    name = StringField(_("Name"), filters=[line], validators=[Readable(), short(80)])
    who = RadioField(_("Who is it?"), validate_choice=False, choices=[])
    there = HoursField(_("There (if not the whole time)"), validators=MAY_BE_NOTHING)
    before = HoursField(_("Preparing"), validators=MAY_BE_NOTHING)
    travel = HoursField(_("Travelling"), validators=MAY_BE_NOTHING)

    def settle(self, people: Sequence[Neighbour]) -> int | None:
        """Choose whom the name means -> their membership, or None, with the question."""
        return whom(self.name, self.who, people)

    def part(self, account_id: int) -> Part:
        """Write what they put in, as the rules want it."""
        return Part(
            account_id=account_id,
            minutes=self.there.minutes if (self.there.data or "").strip() else None,
            preparation_minutes=self.before.minutes,
            travel_minutes=self.travel.minutes,
        )


class TogetherForm(KeyedForm):
    """An occasion: which rule, what, when, how long, who, and which pot is in the middle."""

    rule = RadioField(
        _("What was it?"),
        choices=choices_of(RULES),
        default=BatchKind.CLASS.value,
        validate_choice=False,
        validators=[OneOf(_("Say what it was"))],
    )
    title = StringField(
        _("What do you call it?"),
        filters=[line],
        validators=[Readable(), Said(_("Give it a name, like Bread for beginners")), short(120)],
    )
    day = DayField(_("When was it?"), validators=[Understood(_("Choose a day"))])
    hours = HoursField(_("How long did it take?"), validators=[SomeHours()])
    pot = SelectField(_("Which pot?"), validate_choice=False)
    helpers = Lines(FormField(PartForm), min_entries=EMPTY_LINES, max_entries=MOST_PEOPLE)
    learners = Lines(FormField(PartForm), min_entries=EMPTY_LINES, max_entries=MOST_PEOPLE)
    # What was shown when it was last worked out: only that is posted.
    seen = HiddenField()

    @property
    def kind(self) -> BatchKind:
        """The rule that was chosen."""
        return BatchKind(self.rule.data)

    @property
    def pot_id(self) -> int | None:
        """Which of the accounts that were offered."""
        return read_number(self.pot.data)

    def validate_pot(self, _field: SelectField) -> None:
        """One must be chosen."""
        if self.pot_id is None:
            raise StopValidation(gettext("Choose a pot"))

    def offer_pots(self, offered: Iterable[tuple[int, str]]) -> None:
        """Offer the accounts that may stand in the middle."""
        self.pot.choices = choices_of((str(number), name) for number, name in offered)

    def lines(self, side: str) -> list[PartForm]:
        """Give the lines of one side that have a name."""
        forms = [cast("PartForm", entry.form) for entry in self._entries(side)]
        return [one for one in forms if one.name.data]

    @property
    def names(self) -> Collection[str]:
        """Every name on the page."""
        return {one.name.data or "" for side in SIDES for one in self.lines(side)}

    def settle(self, named: Mapping[str, Sequence[Neighbour]]) -> dict[str, list[int]] | None:
        """Choose whom every name means -> memberships by side; None when somebody is in doubt."""
        found = {
            side: [one.settle(named.get(one.name.data or "", ())) for one in self.lines(side)]
            for side in SIDES
        }
        if any(one is None for side in found.values() for one in side):
            return None
        return {side: [one for one in people if one is not None] for side, people in found.items()}

    def add_line(self, side: str) -> None:
        """Make room for one more person."""
        if len(self._entries(side)) < MOST_PEOPLE:
            self._list(side).append_entry()

    def _entries(self, side: str) -> list[Any]:
        return self._list(side).entries

    def _list(self, side: str) -> Lines:
        return self.helpers if side == "helpers" else self.learners
