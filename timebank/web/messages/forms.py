"""What organisers type when they write to people, and what people answer."""

from __future__ import annotations

from flask_babel import gettext
from wtforms import SelectField
from wtforms import StringField
from wtforms import TextAreaField

from timebank.domain.messages.writing import LONGEST
from timebank.domain.messages.writing import LONGEST_SUBJECT
from timebank.domain.messages.writing import Words
from timebank.models import Audience
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.typed import KeyedForm
from timebank.web.typed import Said
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.typed import text_of
from timebank.web.words import _

JOB = "job-"


class WriteForm(KeyedForm):
    """A message to many; `whom` names an audience, or "job-" and the number of a job."""

    whom = SelectField(
        _("To whom?"), choices=[], validate_choice=False, default=Audience.DATE.value
    )
    subject = StringField(
        _("What is it about?"),
        filters=[line],
        validators=[
            Readable(),
            Said(_("Give it a subject, so that people know what it’s about")),
            short(LONGEST_SUBJECT),
        ],
    )
    words = TextAreaField(
        _("What would you like to say?"),
        filters=[paragraph],
        validators=[Readable(), Said(_("Write what you’d like to say")), short(LONGEST)],
    )

    def validate_whom(self, field: SelectField) -> None:
        """One of ours must be chosen."""
        OneOf(_("Choose to whom you’d like to write"))(self, field)

    def offer(self, day: str, jobs: list[tuple[int, str]]) -> None:
        """Offer everybody on the date, those who asked to hear, and each job's past doers."""
        self.whom.choices = choices_of(
            [
                (Audience.DATE, gettext("Everybody on the rota of %(day)s", day=day)),
                (Audience.HEARING, gettext("Whoever asked to hear from you")),
                *(
                    (
                        f"{JOB}{number}",
                        gettext("Whoever did %(job)s in the last year", job=name),
                    )
                    for number, name in jobs
                ),
            ]
        )

    @property
    def audience(self) -> Audience:
        """To whom it goes, when that was chosen."""
        return Audience.JOB if self.role_id is not None else Audience(self.whom.data)

    @property
    def role_id(self) -> int | None:
        """The job whose past doers it goes to, where it does."""
        chosen = self.whom.data or ""
        return read_number(chosen.removeprefix(JOB)) if chosen.startswith(JOB) else None

    @property
    def said(self) -> Words:
        """Give what a well filled form says."""
        return Words(text_of(self.subject), text_of(self.words))


class AnswerForm(KeyedForm):
    """An answer to organisers, or theirs back."""

    words = TextAreaField(
        _("What would you like to say?"),
        filters=[paragraph],
        validators=[
            Readable(),
            Said(_("Write a line or two, so that they know what you mean")),
            short(1000),
        ],
    )
