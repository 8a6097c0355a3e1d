"""What is typed about other people's turns: a name, who that is, and why a rule may give way."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext
from wtforms import BooleanField
from wtforms import RadioField
from wtforms import StringField
from wtforms.validators import Length

from timebank.core.errors import Refused
from timebank.domain.rota.walk_ups import Namesake
from timebank.domain.rota.walk_ups import WhoIsIt
from timebank.web.rota.arrival_forms import SOMEONE_NEW
from timebank.web.rota.arrival_forms import number
from timebank.web.typed import HasLetters
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import line
from timebank.web.words import _

PUT_DOWN, PENCIL_IN = "down", "ask"
ONCE, EVERY_DATE, EVERY_NTH = "once", "every", "nth"
LONGEST_REASON = 200


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


class WhoForm(PageForm):
    """A neighbour by name; who it is becomes a choice when several may be meant."""

    name = a_name(_("Their name"), _("Type the name of the neighbour you mean"))
    who = RadioField(_("Who is it?"), validate_choice=False, choices=[])

    @property
    def membership_id(self) -> int | None:
        """Who it is, when somebody we know was chosen."""
        return number(self.who.data)

    @property
    def is_new(self) -> bool:
        """Whether it is nobody we know."""
        return bool(self.who.data == SOMEONE_NEW)

    def offer(
        self, namesakes: list[Namesake], describe: Callable[[Namesake], str], *, or_new: bool
    ) -> None:
        """Offer those whom the name may mean."""
        known = [(str(one.membership_id), describe(one)) for one in namesakes]
        new = [(SOMEONE_NEW, gettext("Someone new"))] if or_new else []
        self.who.choices = [*known, *new]

    def refuse(self, refusal: Refused, describe: Callable[[Namesake], str], **more: bool) -> None:
        """Put a refusal beside its field; "who is it?" becomes a choice."""
        if isinstance(refusal, WhoIsIt):
            self.offer(refusal.namesakes, describe, or_new=more.get("or_new", True))
        field = self.who if refusal.field == "who" else self.name
        field.errors = [gettext(refusal.sentence)]


class AskForm(WhoForm):
    """Whom an organiser puts down: at once or asked first, once or every time."""

    name = a_name(_("Their name"), _("Type the name of whoever you’d like to put down"))
    how = RadioField(_("Have they said yes?"), default=PENCIL_IN, choices=[])
    often = RadioField(_("How often?"), default=ONCE, choices=[])
    because = StringField(
        _("Let them all the same, because …"),
        filters=[line],
        validators=[Length(max=LONGEST_REASON, message=_("Keep it to 200 letters"))],
    )

    def offer_ways(self, often: list[tuple[str, str]]) -> None:
        """Offer to ask or to put down, and how often."""
        self.how.choices = [
            (PENCIL_IN, gettext("Ask them by e-mail")),
            (PUT_DOWN, gettext("They said yes: put them down")),
        ]
        self.often.choices = often


class FriendForm(PageForm):
    """A friend who comes along: a name is all."""

    name = a_name(_("Your friend’s name"), _("Tell us your friend’s name, like Sam Field"))
    is_old_enough = BooleanField()

    def refuse(self, refusal: Refused) -> None:
        """Put a refusal beside its field."""
        is_about_age = refusal.field == "is_old_enough"
        field = self.is_old_enough if is_about_age else self.name
        field.errors = [gettext(refusal.sentence)]


class OftenForm(PageForm):
    """How often somebody would like to have a turn."""

    often = RadioField(_("How often?"), default=EVERY_DATE, choices=[])
