"""The forms of typing up a sheet of paper: its lines, a file or cells, and answers to doubts."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace

from flask_babel import gettext
from flask_wtf.file import FileField
from wtforms import BooleanField
from wtforms import Field
from wtforms import Form
from wtforms import FormField
from wtforms import SelectField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length

from timebank.domain.rota.sheets import rows as lines
from timebank.domain.rota.sheets.drafts import MOST_BYTES
from timebank.domain.rota.sheets.paper import PrintedLine
from timebank.domain.rota.sheets.planning import Plan
from timebank.domain.rota.sheets.questions import Question
from timebank.domain.rota.sheets.rows import Row
from timebank.web.rota.sheet_words import choices_in_words
from timebank.web.rota.sheet_words import question_in_words
from timebank.web.typed import Lines
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import short
from timebank.web.words import _

SPARE_LINES = 5
MOST_ON_SCREEN = 400  # lines that are typed on one page; more of them are pasted
FIELDS_A_LINE = 5


class LineForm(Form):
    """One line of the sheet, in the order of the paper."""

    name = StringField(_("Name"), filters=[line], validators=[short(80)])
    job = SelectField(_("Job"), validate_choice=False)
    came = StringField(_("In"), filters=[line], validators=[short(20)])
    left = StringField(_("Out"), filters=[line], validators=[short(20)])
    here = BooleanField(_("Came"))


class LinesForm(PageForm):
    """The sheet, line by line; made by `lines_form`."""

    lines = Lines(FormField(LineForm), max_entries=MOST_ON_SCREEN)

    def rows(self, before: Mapping[int, Row]) -> list[Row]:
        """Take the lines out of a form that is well filled.

        Args:
            before: What was typed before, by line: what it says of its sheet stays.
        """
        found = []
        for number, entry in enumerate(self.lines.entries, start=1):
            typed = entry.form
            was = before.get(number, Row(number=number))
            came, left = typed.came.data or "", typed.left.data or ""
            row = replace(
                was,
                name=typed.name.data or "",
                job=line(typed.job.data),
                came=came,
                left=left,
                here=lines.YES if typed.here.data or came or left else lines.NO,
                claim_id=None,
            )
            found.append(row)
        return found


class BringSheetForm(PageForm):
    """A sheet that was typed up elsewhere: a file, or its cells."""

    file = FileField(_("The sheet, saved as CSV"))
    cells = TextAreaField(
        _("Or paste its lines"),
        validators=[
            Length(max=MOST_BYTES, message=_("That is more than 1 MB. Paste its lines alone."))
        ],
    )


class SheetAnswersForm(PageForm):
    """One question for each doubt, made by `answers_form`."""


def lines_form(
    printed: Iterable[PrintedLine], typed: Iterable[Row], *, is_sent: bool = False
) -> LinesForm:
    """Make the form of a sheet: as printed, filled with what was typed before, and spare lines."""
    rows = _rows(list(printed), {row.number: row for row in typed})
    names = {one.job for one in printed if one.job} | {row.job for row in rows if row.job}
    form = LinesForm(data={"lines": [_shown(row) for row in rows]}) if not is_sent else LinesForm()
    jobs = list(dict.fromkeys([*(one.job for one in printed), *sorted(names)]))
    for entry in form.lines.entries:
        chosen = entry.form.job.data
        others = [chosen] if chosen and chosen not in jobs else []
        entry.form.job.choices = choices_of(
            [("", gettext("Choose")), *((name, name) for name in [*jobs, *others])]
        )
    return form


def _rows(printed: list[PrintedLine], typed: Mapping[int, Row]) -> list[Row]:
    """Lay the lines out: what was typed before, else what is printed, else nothing."""
    last = max([len(printed), *typed]) + SPARE_LINES
    there = {
        one.number: Row(number=one.number, name=one.name or "", job=one.job) for one in printed
    }
    numbers = range(1, min(last, MOST_ON_SCREEN) + 1)
    return [typed.get(n) or there.get(n) or Row(number=n) for n in numbers]


def _shown(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "job": row.job,
        "came": row.came,
        "left": row.left,
        "here": bool(row.here) and not row.is_marked_away,
    }


def answers_form(plan: Plan) -> SheetAnswersForm:
    """Make the form for what is in doubt about a sheet."""
    fields: dict[str, Field] = {
        question.key: _field(question) for question in plan.questions.values()
    }
    return type("AnswersAboutPaper", (SheetAnswersForm,), fields)()  # type: ignore[no-any-return]


def _field(question: Question) -> Field:
    words = question_in_words(question)
    if not question.choices:
        return StringField(words, filters=[line], validators=[short(80)], default=question.answer)
    choices = choices_in_words(question)
    if not question.answer:
        choices = [("", gettext("Choose")), *choices]
    return SelectField(words, choices=choices_of(choices), default=question.answer)
