"""The forms of bringing a group's calendar: where it is, and what goes with its events."""

from __future__ import annotations

from flask_babel import gettext
from flask_wtf.file import FileField
from wtforms import Field
from wtforms import SelectField
from wtforms import StringField
from wtforms.validators import Length

from timebank.domain import events
from timebank.domain.calendar.incoming.planning import Plan
from timebank.domain.calendar.incoming.writing import HELPER
from timebank.domain.calendar.incoming.writing import SKIP
from timebank.domain.calendar.incoming.writing import Answers
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import read_number
from timebank.web.words import _

JOBS = "jobs_"


class BringForm(PageForm):
    """A calendar: a file of it, or where it is."""

    group = SelectField(_("Whose events are they?"))
    file = FileField(_("The calendar as a file"))
    address = StringField(
        _("Or its address"),
        filters=[line],
        validators=[
            Length(max=1000, message=_("That address is too long for us. Bring the file"))
        ],
    )


class AnswersForm(PageForm):
    """Which jobs each event comes with, made by `answers_form`."""

    place = StringField(
        _("Where do the others meet?"),
        filters=[line],
        validators=[Length(max=120, message=_("Keep it to %(max)d letters"))],
    )

    def answers(self) -> Answers:
        """Take the answers out of a form that is well filled."""
        jobs = {
            read_number(field.name.removeprefix(JOBS)): str(field.data)
            for field in self
            if field.name.startswith(JOBS)
        }
        return Answers(
            jobs={number: said for number, said in jobs.items() if number is not None},
            place=self.place.data or "",
        )


def answers_form(plan: Plan) -> AnswersForm:
    """Make the form for what was read: one question for each event."""
    ready = [(rota.key, gettext("Jobs: %(rota)s", rota=rota.name)) for rota in _rotas()]
    choices = choices_of(
        [
            (HELPER, gettext("One job: two helpers")),
            *ready,
            (SKIP, gettext("Leave this event out")),
        ]
    )
    fields: dict[str, Field] = {
        f"{JOBS}{planned.number}": SelectField(
            gettext("Which jobs does “%(event)s” come with?", event=planned.event.title),
            choices=choices,
            default=HELPER,
        )
        for planned in plan.events
    }
    return type("AnswersAboutACalendar", (AnswersForm,), fields)()  # type: ignore[no-any-return]


def _rotas() -> tuple[events.ReadyRota, ...]:
    return events.ready_made_rotas()
