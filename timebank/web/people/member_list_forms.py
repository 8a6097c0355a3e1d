"""The forms of bringing a member list: the file or its cells, and an answer to each doubt."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext
from flask_babel import ngettext
from flask_wtf.file import FileField
from wtforms import Field
from wtforms import SelectField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms.validators import Length

from timebank.core.csv_tables import MOST_BYTES
from timebank.core.hours import in_words
from timebank.domain.ledger.member_lists.matching import ADD
from timebank.domain.ledger.member_lists.matching import CELLS
from timebank.domain.ledger.member_lists.matching import NEW
from timebank.domain.ledger.member_lists.matching import NO_EMAIL
from timebank.domain.ledger.member_lists.matching import OUT
from timebank.domain.ledger.member_lists.matching import SAME
from timebank.domain.ledger.member_lists.matching import Planned
from timebank.domain.ledger.member_lists.matching import cell_key
from timebank.domain.ledger.member_lists.matching import who_key
from timebank.domain.ledger.member_lists.planning import Plan
from timebank.domain.ledger.member_lists.understanding import Doubt
from timebank.web.filters import N_
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.words import _

LABELS: Mapping[str, str] = {
    "name": N_("Line %(number)s: name"),
    "email": N_("Line %(number)s: e-mail"),
    "phone": N_("Line %(number)s: phone"),
    "joined": N_("Line %(number)s: joined on"),
    "hours": N_("Line %(number)s: hours brought forward"),
}
SENTENCES: Mapping[Doubt, str] = {
    Doubt.NAME_MISSING: N_("There’s no name."),
    Doubt.NAME_FORMULA: N_("The name looks like a formula. It’s shown as words and does nothing."),
    Doubt.NAME_UNREADABLE: N_("“%(name)s” is no name that we could call out."),
    Doubt.NAME_TOTAL: N_("“%(name)s” looks like a sum, not like somebody."),
    Doubt.EMAIL_UNREADABLE: N_("“%(email)s” is no e-mail address."),
    Doubt.PHONE_UNREADABLE: N_("“%(phone)s” is no phone number."),
    Doubt.JOINED_UNREADABLE: N_("“%(joined)s” is no day. The day comes first: 3/2/2024."),
    Doubt.JOINED_TO_COME: N_("%(joined)s is still to come."),
    Doubt.HOURS_UNREADABLE: N_("“%(hours)s” isn’t hours that we can read."),
    Doubt.HOURS_NEGATIVE: N_("They’ve had %(length)s more help than they gave. Is that right?"),
    Doubt.HOURS_MANY: N_("%(length)s is a lot. Might it be minutes?"),
    Doubt.SAME_EMAIL: N_("Line %(twin)s has the same e-mail."),
    Doubt.SAME_NAME: N_("Line %(twin)s has the same name."),
    Doubt.KNOWN_NAME: N_("Somebody here has the same name."),
    Doubt.OTHER_NAME: N_("Here, %(member)s has that e-mail."),
}


class BringListForm(PageForm):
    """A member list: a file, or its cells."""

    file = FileField(_("The list, saved as CSV"))
    cells = TextAreaField(
        _("Or paste its cells"),
        validators=[
            Length(max=MOST_BYTES, message=_("That is more than 2 MB. Bring it in two parts."))
        ],
    )


class LinesForm(PageForm):
    """One question for each doubt, made by `lines_form`."""

    def put_beside(self, problems: Mapping[str, str]) -> None:
        """Put what is missing beside its field."""
        for name, sentence in problems.items():
            self[name].errors = [gettext(sentence)]


def lines_form(plan: Plan) -> LinesForm:
    """Make the form for what is in doubt about a list: what stands there stands in its fields."""
    fields: dict[str, Field] = {}
    for one in plan.doubtful:
        fields[who_key(one.number)] = SelectField(
            gettext("Line %(number)s: who is this?", number=one.number),
            choices=choices_of(_who(one)),
            default=one.choice,
            validate_choice=False,
        )
        for cell in one.cells:
            fields[cell_key(cell, one.number)] = StringField(
                gettext(LABELS[cell], number=one.number), default=getattr(one.typed.row, cell)
            )
    return type("LinesInDoubt", (LinesForm,), fields)()  # type: ignore[no-any-return]


def asked_fields(form: LinesForm, one: Planned) -> list[Field]:
    """Give the fields about one line, the choice first."""
    cells = [cell_key(cell, one.number) for cell in CELLS if cell in one.cells]
    return [form[name] for name in (who_key(one.number), *cells)]


def sentences_of(one: Planned) -> list[str]:
    """Say what is in doubt about a line."""
    row = one.typed.row
    length = in_words(abs(one.line.minutes or one.typed.minutes), ngettext=ngettext)
    member = one.candidates[0].full_name if one.candidates else ""
    values = {"twin": one.twin, "member": member, "length": length}
    cells = {cell: getattr(row, cell) for cell in CELLS}
    return [gettext(SENTENCES[doubt], **cells, **values) for doubt in one.doubts]


def _who(one: Planned) -> list[tuple[str, str]]:
    words = {
        NEW: gettext("Somebody new"),
        NO_EMAIL: gettext("Somebody else: take them in without this e-mail"),
        SAME: gettext("The same person as line %(twin)s", twin=one.twin),
        ADD: gettext("The same person as line %(twin)s: add these hours", twin=one.twin),
        OUT: gettext("Leave this line out"),
    }
    for known in one.candidates:
        reached = known.email or known.phone
        name = f"{known.full_name}, {reached}" if reached else known.full_name
        words[str(known.membership_id)] = gettext("Our %(name)s", name=name)
    choose = [] if one.choice else [("", gettext("Choose"))]
    return [*choose, *((value, words[value]) for value in one.choices)]
