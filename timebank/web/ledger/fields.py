"""What is typed about hours: how many, to whom, and the name of the intent that a form carries."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from wtforms import Field
from wtforms import Form
from wtforms import RadioField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import StopValidation

from timebank.core.errors import Refused
from timebank.core.hours import minutes_typed
from timebank.db import db
from timebank.domain.communities import neighbours
from timebank.domain.communities.neighbours import Neighbour
from timebank.web.door import door
from timebank.web.events.fields import Readable
from timebank.web.typed import KeyedForm
from timebank.web.typed import a_name
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _

LONGEST_MEMO = 200


class HoursField(StringField):
    """Hours as people write them: 1½, 1.5, 1:30, 1h30, 90 mins; `minutes` is what they come to."""

    def __init__(self, label: str, **given: object) -> None:
        super().__init__(label, filters=[line], **given)  # type: ignore[arg-type]  # as WTForms

    @property
    def minutes(self) -> int:
        """Whole minutes; 0 when nothing was typed.

        Raises:
            Refused: When it can't be read.
        """
        return minutes_typed(self.data or "")


class SomeHours:
    """Refuse what is no length of time, or none at all, or less."""

    def __init__(self, *, may_be_nothing: bool = False, may_be_empty: bool = False) -> None:
        self._least = 0 if may_be_nothing else 1
        self._may_be_empty = may_be_empty

    def __call__(self, form: Form, field: Field) -> None:  # noqa: ARG002 - WTForms
        """Stop with the sentence of what is wrong."""
        if self._may_be_empty and not field.data:
            return
        try:
            minutes = field.minutes  # type: ignore[attr-defined]  # an HoursField
        except Refused as refusal:
            raise StopValidation(gettext(refusal.sentence)) from None
        if minutes < self._least:
            raise StopValidation(gettext("Say how long, like 1½, 1:30 or 45 mins"))


def words_field(label: str) -> StringField:
    """Ask for a few words that both statements show."""
    return StringField(label, filters=[line], validators=[Readable(), short(LONGEST_MEMO)])


def about_field(label: str) -> StringField:
    """Ask for several lines."""
    return TextAreaField(label, filters=[paragraph], validators=[Readable(), short(500)])


class ToSomebodyForm(KeyedForm):
    """Hours for a neighbour by name; who it is becomes a choice when several may be meant."""

    name = a_name(_("Their name"), _("Type the name of the neighbour you mean"))
    who = RadioField(_("Who is it?"), validate_choice=False, choices=[])
    hours = HoursField(_("How long?"), validators=[SomeHours()])
    words = words_field(_("A few words (if you like)"))

    def found(self) -> int | None:
        """Find who is meant -> their membership, or None, with the question beside the field."""
        named = neighbours.find_by_names(
            db.session(), community_id=door().community.id, names=[self.name.data or ""]
        )
        return whom(self.name, self.who, named.get(self.name.data or "", []))


def whom(name: StringField, who: RadioField, people: Sequence[Neighbour]) -> int | None:
    """Choose whom a name means -> their membership; None, with the question beside its field."""
    chosen = read_number(who.data)
    if chosen in {one.membership_id for one in people}:
        return chosen
    if len(people) == 1:
        return people[0].membership_id
    if people:
        who.choices = choices_of((str(one.membership_id), one.name) for one in people)
        who.errors = [gettext("Several neighbours are called that. Say who you mean")]
    else:
        name.errors = [gettext("We know no neighbour of that name. Check the spelling")]
    return None
