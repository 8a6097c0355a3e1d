"""Fields of the editor that read what browsers send for days, times and numbers, in ASCII only."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask_babel import gettext
from wtforms import Field
from wtforms import Form
from wtforms import StringField
from wtforms.validators import StopValidation
from wtforms.widgets import DateInput
from wtforms.widgets import TextInput
from wtforms.widgets import TimeInput

from timebank.web.words import _

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:00)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT = re.compile(r"[0-9]{1,4}")
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd]"
)


def read_time(typed: str | None) -> dt.time | None:
    """Read a time of day as browsers write it, "09:30"."""
    found = _TIME.fullmatch((typed or "").strip())
    return dt.time(int(found[1]), int(found[2])) if found else None


def read_day(typed: str | None) -> dt.date | None:
    """Read a day as browsers write it, "2027-05-01"."""
    text = (typed or "").strip()
    try:
        return dt.date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def read_count(typed: str | None) -> int | None:
    """Read a number of at most four figures: no `1_0`, no signs, no other scripts' figures."""
    text = (typed or "").strip()
    return int(text) if _COUNT.fullmatch(text) else None


class TimeField(StringField):
    """A time of day on the clock on the wall; `value` is None when it can't be read."""

    widget = TimeInput()

    @property
    def value(self) -> dt.time | None:
        """The time, or None."""
        return read_time(self.data)


class DayField(StringField):
    """A day; `value` is None when it can't be read."""

    widget = DateInput()

    @property
    def value(self) -> dt.date | None:
        """The day, or None."""
        return read_day(self.data)


class CountField(StringField):
    """A small number; `value` is None when it can't be read."""

    widget = TextInput()

    @property
    def value(self) -> int | None:
        """The number, or None."""
        return read_count(self.data)


class Understood:
    """Refuse what a field could not read, with a sentence of its own."""

    def __init__(self, sentence: str, *, may_be_empty: bool = False) -> None:
        self._sentence = sentence
        self._may_be_empty = may_be_empty

    def __call__(self, form: Form, field: Any) -> None:  # noqa: ANN401, ARG002 - WTForms
        """Stop when there is no value."""
        if self._may_be_empty and not (field.data or "").strip():
            return
        if field.value is None:
            raise StopValidation(self._sentence)


class Number:
    """Refuse what is no number within limits; an empty field says nothing."""

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def __call__(self, form: Form, field: Any) -> None:  # noqa: ANN401, ARG002 - WTForms
        """Stop with the limits."""
        if not (field.data or "").strip():
            return
        if field.value is None or not self._least <= field.value <= self._most:
            raise StopValidation(
                gettext(
                    "Write a number from %(least)s to %(most)s, or leave it empty",
                    least=self._least,
                    most=self._most,
                )
            )


class Readable:
    """Refuse text with characters that hide or turn round what stands beside them.

    The field's filter has dropped them already; here we say so, so that nobody is surprised.
    """

    def __call__(self, form: Form, field: Field) -> None:  # noqa: ARG002 - WTForms
        """Stop at NUL and other controls, at halves of pairs, and at what reverses the text."""
        if any(_UNREADABLE.search(str(typed)) for typed in field.raw_data or ()):
            raise StopValidation(_("Some of that couldn’t be read. Look at it again, please"))


class OneOf:
    """Refuse a choice that was not offered, with a sentence of its own."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __call__(self, form: Form, field: Any) -> None:  # noqa: ANN401, ARG002 - WTForms
        """Stop at what is not among the choices."""
        if (field.data or "") not in {value for value, *_ in field.choices}:
            raise StopValidation(self._sentence)
