"""Shared parts of forms: what is done to typed text, and the sentences when it can't be used."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from typing import Self

from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import Field
from wtforms import FieldList
from wtforms import Form
from wtforms import HiddenField
from wtforms import SelectChoice  # type: ignore[attr-defined]  # the stubs are of 3.2
from wtforms import StringField
from wtforms.csrf.core import CSRF
from wtforms.form import BaseForm
from wtforms.validators import Length
from wtforms.validators import StopValidation

from timebank.core.emails import email_typed
from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.core.text import first_name
from timebank.core.text import tidy_line
from timebank.core.text import tidy_text
from timebank.domain.ledger import KeyReused
from timebank.web.kept import token_to_show
from timebank.web.words import _

LONGEST_NUMBER = 18  # digits of a bigint
_LINE_NUMBER = re.compile(r"[0-9]{1,4}")
_KEPT_MARKS = re.compile("[\ue000-\uf8ff]")  # private use: our kept pages leave marks there


def line(typed: str | None) -> str:
    """Clean one line of typed text."""
    return tidy_line(_KEPT_MARKS.sub("", typed or ""))


def paragraph(typed: str | None) -> str:
    """Clean several lines of typed text."""
    return tidy_text(_KEPT_MARKS.sub("", typed or ""))


def read_number(typed: object) -> int | None:
    """Read a row's number as we wrote it; anything else is no choice of ours."""
    text = str(typed)
    is_ours = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    return int(text) if is_ours else None


def read_key(typed: object) -> uuid.UUID | None:
    """Read the name of an intent; None where it is none."""
    try:
        return uuid.UUID(str(typed))
    except ValueError:
        return None


def text_of(field: StringField) -> str:
    """Give what a valid field holds."""
    return field.data or ""


class _Token(CSRF):
    """The token as a form's own field; `timebank.web.form_tokens` has checked what was sent."""

    def generate_csrf_token(self, csrf_token_field: Field) -> str:  # noqa: ARG002 - WTForms' signature
        return token_to_show()

    def validate_csrf_token(self, form: BaseForm, field: Field) -> None:
        """Let it be: no view runs before it was found right."""


class PageForm(FlaskForm):
    """A form of a page: it carries the token; fields are cleaned before they are checked."""

    class Meta(FlaskForm.Meta):
        """With our own token."""

        csrf_class = _Token  # type: ignore[assignment]  # WTForms takes any

    def __init__(self, **given: object) -> None:
        super().__init__(**given)  # type: ignore[no-untyped-call]  # flask-wtf brings no types

    def is_well_filled(self) -> bool:
        """Check what was sent: whether every field can be used."""
        return bool(self.validate_on_submit())  # type: ignore[no-untyped-call]  # the same

    def refuse(self, refusal: Refused) -> None:
        """Put a refusal's sentence beside the field that it is about, or above the form."""
        name, sentence = refusal.field or "", gettext(refusal.sentence)
        if name in self:
            self[name].errors = [sentence]
        else:
            self.form_errors.append(sentence)

    def take_up(self, refusal: TimebankError, *, beside: str | None = None) -> int:
        """Say on the form why a rule said no, of whatever kind -> how the page answers.

        Args:
            refusal: Why not.
            beside: The field, where the refusal itself doesn't name one of this form's.
        """
        about = getattr(refusal, "field", None) or ""
        name = about if about in self or beside is None else beside
        self.refuse(Refused(refusal.sentence, field=name))
        return status_of(refusal)


# What a rule may answer to a form: shown on its page again, with what was typed.
REFUSALS = (Refused, Conflict, NotAllowed)


def status_of(refusal: TimebankError) -> int:
    """Tell how a page answers that shows a refusal again."""
    return (
        HTTPStatus.CONFLICT if isinstance(refusal, Conflict) else HTTPStatus.UNPROCESSABLE_ENTITY
    )


class KeyedForm(PageForm):
    """A form with the name of its intent: sent twice, it is done once.

    An empty form has a name of its own, and so has one whose name was meddled with.
    """

    key = HiddenField()

    def __init__(self, **given: object) -> None:
        super().__init__(**given)
        if read_key(self.key.data) is None:
            self._mean_anew()

    @property
    def intent(self) -> uuid.UUID:
        """The name of what the form is meant to do."""
        return uuid.UUID(self.key.data)

    def take_up(self, refusal: TimebankError, *, beside: str | None = None) -> int:
        """As any form does; with the name of something done before, it gets another one.

        Who has looked and sends it again means it as something new.
        """
        if isinstance(refusal, KeyReused):
            self._mean_anew()
        return super().take_up(refusal, beside=beside)

    def _mean_anew(self) -> None:
        self.key.data = str(uuid.uuid4())

    @classmethod
    def fresh(cls, **given: object) -> Self:
        """Make an empty form with a key of its own."""
        return cls(formdata=None, **given)


class Said:
    """Refuse an empty field, with a sentence of its own."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self.field_flags = {"required": True}

    def __call__(self, form: Form, field: Field) -> None:  # noqa: ARG002 - the validators' signature
        """Stop here when nothing can be read in it: a name needs a letter."""
        if not field.data:
            raise StopValidation(self._sentence)


class HasLetters:
    """Refuse a name without a single letter."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __call__(self, form: Form, field: Field) -> None:  # noqa: ARG002 - the validators' signature
        """Stop when nobody could call it out."""
        if not first_name(field.data or ""):
            raise StopValidation(self._sentence)


class Lines(FieldList):  # type: ignore[type-arg]  # no generic when it runs
    """Lines of a form by their number; what is no number of ours is no line.

    WTForms takes "²" for a figure, and then cannot read it.
    """

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:  # noqa: ANN401 - WTForms
        offset = len(prefix) + 1
        for name in formdata:
            number = name[offset:].partition("-")[0] if name.startswith(prefix) else ""
            if _LINE_NUMBER.fullmatch(number):
                yield int(number)


def choices_of(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """Offer (value, label) pairs as WTForms wants them from 3.4 on."""
    return [SelectChoice(value, label) for value, label in pairs]


def short(most: int) -> Length:
    """Refuse more than `most` letters, with a sentence of its own."""
    return Length(max=most, message=_("Keep it to %(max)d letters"))


def a_name(label: str, sentence: str) -> StringField:
    """Ask for a name that can be called out."""
    return StringField(
        label,
        filters=[line],
        validators=[
            Said(sentence),
            HasLetters(sentence),
            Length(max=80, message=_("That name is too long for us. Use up to 80 letters")),
        ],
    )


class EmailAddress:
    """Refuse what is not exactly one address; leaves it in lower case.

    Whether mail gets there is found out by sending some: nothing is looked up.
    """

    field_flags: dict[str, object]

    def __init__(self) -> None:
        self.field_flags = {"required": True}

    def __call__(self, form: Form, field: Field) -> None:  # noqa: ARG002 - the validators' signature
        """Stop with the sentence, or normalise."""
        address = email_typed(field.data or "")
        if address is None:
            raise StopValidation(_("Enter your e-mail, like sam@example.com"))
        field.data = address
