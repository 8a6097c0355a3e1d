"""What is typed about hours: how many, to whom, and the name of the intent that a form carries."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from flask_babel import gettext
from wtforms import Field
from wtforms import Form
from wtforms import HiddenField
from wtforms import RadioField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import StopValidation

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.core.hours import minutes_typed
from timebank.db import db
from timebank.domain.communities import neighbours
from timebank.web.door import door
from timebank.web.events.fields import Readable
from timebank.web.typed import PageForm
from timebank.web.typed import a_name
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _

LONGEST_MEMO = 200
# What a rule may answer to who moves hours: shown on the page again, with what was typed.
REFUSALS = (Refused, Conflict, NotAllowed)


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

    def __init__(self, *, may_be_nothing: bool = False) -> None:
        self._least = 0 if may_be_nothing else 1

    def __call__(self, form: Form, field: Field) -> None:  # noqa: ARG002 - WTForms
        """Stop with the sentence of what is wrong."""
        try:
            minutes = field.minutes  # type: ignore[attr-defined]  # an HoursField
        except Refused as refusal:
            raise StopValidation(gettext(refusal.sentence)) from None
        if minutes < self._least:
            raise StopValidation(gettext("Say how long, like 1½, 1:30 or 45 mins"))


class KeyedForm(PageForm):
    """A form that moves hours: sent twice, it is done once."""

    key = HiddenField()

    @property
    def intent(self) -> uuid.UUID:
        """The name of what the form is meant to do."""
        return uuid.UUID(self.key.data)

    def validate_key(self, field: HiddenField) -> None:
        """Refuse a key that is none: somebody made the form up."""
        try:
            uuid.UUID(field.data or "")
        except ValueError:
            raise StopValidation(gettext("Load the page again, please.")) from None

    @classmethod
    def fresh(cls, **given: object) -> KeyedForm:
        """Make an empty form with a key of its own."""
        return cls(formdata=None, key=str(uuid.uuid4()), **given)


def status_of(refusal: TimebankError) -> int:
    """Tell how a page answers that shows a refusal again."""
    return (
        HTTPStatus.CONFLICT if isinstance(refusal, Conflict) else HTTPStatus.UNPROCESSABLE_ENTITY
    )


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
        people = named.get(self.name.data or "", [])
        chosen = read_number(self.who.data)
        if chosen in {one.membership_id for one in people}:
            return chosen
        if len(people) == 1:
            return people[0].membership_id
        if people:
            self.who.choices = choices_of((str(one.membership_id), one.name) for one in people)
            self.who.errors = [gettext("Several neighbours are called that. Say who you mean")]
        else:
            self.name.errors = [gettext("We know no neighbour of that name. Check the spelling")]
        return None
