"""The forms of bringing a spreadsheet: the cells, and an answer to each doubt about them."""

from __future__ import annotations

from flask_babel import gettext
from flask_wtf.file import FileField
from wtforms import DateField
from wtforms import Field
from wtforms import SelectField
from wtforms import TextAreaField
from wtforms.validators import Length
from wtforms.validators import Optional

from timebank.core.csv_tables import MOST_BYTES
from timebank.domain.rota.importing import planning
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.words import _


class BringForm(PageForm):
    """A rota from a spreadsheet: a file, or its cells."""

    file = FileField(_("The spreadsheet, saved as CSV"))
    cells = TextAreaField(
        _("Or paste its cells"),
        validators=[
            Length(
                max=MOST_BYTES,
                message=_("That is more than 2 MB. Paste the cells of the rota alone."),
            )
        ],
    )


class AnswersForm(PageForm):
    """One question for each doubt, made by `answers_form`."""

    def answers(self) -> dict[str, str]:
        """Take the answers out of a form that is well filled, by question."""
        return {
            field.name: str(field.data or "")
            for field in self
            if field.name.startswith(("day_", "off_", "job_", "who_"))
        }


def answers_form(plan: planning.Plan) -> AnswersForm:
    """Make the form for what is in doubt about a spreadsheet."""
    fields: dict[str, Field] = {}
    for date in plan.dates:
        if date.key.startswith("day_"):
            fields[date.key] = DateField(
                gettext("Which day is “%(text)s”?", text=date.sheet.text), validators=[Optional()]
            )
        elif date.key:
            fields[date.key] = SelectField(
                gettext("“%(text)s” is off. And here?", text=date.sheet.text),
                choices=choices_of(
                    [
                        (planning.LEAVE, gettext("Leave this date as it is")),
                        (planning.SKIP, gettext("Leave this date out")),
                    ]
                ),
                default=planning.LEAVE,
            )
    jobs = [(str(role_id), name) for role_id, name in plan.roles]
    for job in plan.jobs:
        if job.key:
            fields[job.key] = SelectField(
                gettext("Which job is “%(job)s”?", job=job.sheet.name),
                choices=choices_of([("", gettext("A new job")), *jobs]),
                default=str(job.role_id or ""),
            )
    for person in plan.people:
        if person.key:
            fields[person.key] = SelectField(
                gettext("Who is “%(name)s”?", name=person.names[-1]),
                choices=choices_of(_who(person)),
                default=person.choice,
            )
    return type("AnswersAboutASheet", (AnswersForm,), fields)()  # type: ignore[no-any-return]


def _who(person: planning.PlannedPerson) -> list[tuple[str, str]]:
    known = [(str(member), name) for member, name in person.candidates]
    others = [
        (planning.NEW, gettext("Somebody new")),
        (planning.NOBODY, gettext("Leave them out")),
    ]
    return [("", gettext("Choose")), *known, *others] if known else others
