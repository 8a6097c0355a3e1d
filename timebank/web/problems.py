"""What is wrong with a form, as one list: for the summary above the page's heading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext
from wtforms import FieldList
from wtforms import FormField
from wtforms import RadioField
from wtforms import SelectMultipleField

from timebank.web.filters import N_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from flask import Flask
    from wtforms import Field
    from wtforms.form import BaseForm

COUNTS = (
    N_("One thing to fix"),
    N_("Two things to fix"),
    N_("Three things to fix"),
    N_("Four things to fix"),
    N_("Five things to fix"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence, and the id of the input it belongs to (None: the form as a whole)."""

    sentence: str
    input_id: str | None


def register(app: Flask) -> None:
    """Offer the list and its heading to the form macros."""
    app.jinja_env.globals.update(problems=problems, problems_heading=problems_heading)


def problems(form: BaseForm) -> tuple[Problem, ...]:
    """List the first problem of each field, in the order of the page, jobs of a rota included."""
    whole = getattr(form, "form_errors", ())
    return (*(Problem(str(sentence), None) for sentence in whole), *_of_fields(form))


def problems_heading(count: int) -> str:
    """Count the problems: "Two things to fix"."""
    if count <= len(COUNTS):
        return gettext(COUNTS[count - 1])
    return gettext("%(count)s things to fix", count=count)


def _of_fields(form: BaseForm) -> Iterator[Problem]:
    for field in form:
        yield from _of_field(field)


def _of_field(field: Field) -> Iterator[Problem]:
    if isinstance(field, FormField):
        yield from _of_fields(field.form)
        return
    if isinstance(field, FieldList):
        for entry in field.entries:
            yield from _of_field(entry)
    errors: Sequence[object] = field.errors
    own = [error for error in errors if not isinstance(error, list | tuple | dict)]
    if own:
        yield Problem(str(own[0]), _input_id(field))


def _input_id(field: Field) -> str:
    """Name the input to go to; a group of choices has none of its own, but its first one."""
    first = isinstance(field, RadioField | SelectMultipleField)
    return f"{field.id}-0" if first else str(field.id)
