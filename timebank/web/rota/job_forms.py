"""What an organiser types about a job: what it says and asks, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext
from flask_wtf.file import FileField
from wtforms import BooleanField
from wtforms import Field
from wtforms import HiddenField
from wtforms import SelectField
from wtforms import SelectMultipleField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput
from wtforms.widgets import ListWidget

from timebank.core.errors import Refused
from timebank.domain.events.rota_files import LONGEST_FILE
from timebank.domain.rota.catalogue import JobInFull
from timebank.domain.rota.details import JobRefused
from timebank.models import PairRule
from timebank.web.events.fields import CountField
from timebank.web.events.fields import Readable
from timebank.web.events.fields import Understood
from timebank.web.events.fields import read_count
from timebank.web.events.job_forms import WRITE_A_NUMBER
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import short
from timebank.web.words import _

NUMBERS = (
    "arrive_minutes_before",
    "one_per",
    "minimum_age",
    "newcomer_places",
    "newcomer_hours",
    "opens_hours_before",
)
WHEN_EMPTY = {"arrive_minutes_before": 0, "newcomer_places": 0, "newcomer_hours": 48}
PAIR_CHOICES = [
    ("", _("When the times don’t overlap")),
    (PairRule.TOGETHER.value, _("Also at the same time")),
    (PairRule.NEVER.value, _("Never on one date")),
]


def _count(label: str) -> CountField:
    return CountField(label, validators=[Understood(WRITE_A_NUMBER, may_be_empty=True)])


class DetailsForm(PageForm):
    """What a job says and asks of people."""

    instructions = TextAreaField(
        _("How it’s done"),
        filters=[paragraph],
        validators=[Readable(), short(5000)],
    )
    bring = StringField(
        _("What should they bring?"),
        filters=[line],
        validators=[Readable(), short(300)],
    )
    arrive_minutes_before = _count(_("Be there how many minutes before?"))
    one_per = _count(_("One person for how many people?"))
    minimum_age = _count(_("From what age?"))
    asks_for = SelectMultipleField(
        _("What does it ask for?"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    while_taking_part = BooleanField(_("People can do it and take part"))
    trains_for = SelectField(_("A learning place for"), validate_choice=False)
    newcomer_places = _count(_("Places kept for first turns"))
    newcomer_hours = _count(_("Until how many hours before?"))
    opens_hours_before = _count(_("Opens how many hours before?"))

    def offer(self, kinds: Iterable[tuple[int, str]], others: Iterable[JobInFull]) -> None:
        """Offer the community's qualifications, and the other jobs to learn for."""
        self.asks_for.choices = choices_of((str(key), name) for key, name in kinds)
        none = [("", gettext("Nothing: a job of its own"))]
        self.trains_for.choices = choices_of(
            none + [(str(job.role_id), job.draft.name) for job in others]
        )

    def fill(self, job: JobInFull) -> None:
        """Show a job as it stands."""
        for name in ("instructions", "bring", "while_taking_part"):
            self[name].data = getattr(job.draft, name)
        for name in NUMBERS:
            number = getattr(job.draft, name)
            self[name].data = "" if number is None else str(number)
        self.asks_for.data = [str(key) for key in job.asked_ids]
        self.trains_for.data = str(job.trains_for_id or "")

    def details(self) -> dict[str, object]:
        """Take the columns out of a form that is well filled."""
        read = {name: read_count(self[name].data) for name in NUMBERS}
        numbers = {
            name: WHEN_EMPTY.get(name) if number is None else number
            for name, number in read.items()
        }
        return {
            "instructions": self.instructions.data or "",
            "bring": self.bring.data or "",
            "while_taking_part": bool(self.while_taking_part.data),
            **numbers,
        }

    def asked_ids(self) -> list[int]:
        """Take the chosen qualifications out; what was not offered is left out."""
        offered = {option.data for option in self.asks_for}
        return [int(value) for value in self.asks_for.data or () if value in offered]

    def trains_for_id(self) -> int | None:
        """Take the job to learn for out."""
        offered = {str(option.data) for option in self.trains_for}
        chosen = self.trains_for.data
        return int(chosen) if chosen and chosen in offered else None

    def refuse(self, refusal: Refused) -> None:
        """Put each sentence beside its field, or above the form."""
        if not isinstance(refusal, JobRefused):
            self.form_errors.append(gettext(refusal.sentence))
            return
        for problem in refusal.problems:
            sentence = gettext(problem.sentence)
            if problem.field in self:
                self[problem.field].errors = [sentence]
            else:
                self.form_errors.append(sentence)


class TogetherForm(PageForm):
    """What may be done with one job; a choice for each of the others, made by `together_form`."""

    def rules(self) -> dict[int, PairRule | None]:
        """Take the rules out of a form that is well filled, by the other job's id."""
        return {
            int(field.name.removeprefix("job_")): PairRule(field.data) if field.data else None
            for field in self.others()
        }

    def others(self) -> list[Field]:
        """List the choices, one for each other job."""
        return [field for field in self if field.name.startswith("job_")]


def together_form(others: Iterable[JobInFull], rules: dict[int, PairRule]) -> TogetherForm:
    """Make the form for these other jobs, as the rules stand."""
    fields = {
        f"job_{job.role_id}": SelectField(
            job.draft.name,
            choices=choices_of(PAIR_CHOICES),
            default=rules[job.role_id].value if job.role_id in rules else "",
        )
        for job in others
    }
    return type("TogetherOfJob", (TogetherForm,), fields)()  # type: ignore[no-any-return]


class FileForm(PageForm):
    """A rota to take in: a file, its text, or another event of the group."""

    file = FileField(_("A file from here or from another group"))
    text = TextAreaField(
        _("Or paste what’s in it"),
        validators=[Length(max=LONGEST_FILE, message=_("That is too long for a rota"))],
    )
    other = SelectField(_("Or copy from another event"), validate_choice=False)


class UseForm(PageForm):
    """What was shown, to be used."""

    text = HiddenField()
