"""What is typed about other people's turns: a name, who that is, and why a rule may give way."""

from __future__ import annotations

from flask_babel import gettext
from wtforms import BooleanField
from wtforms import RadioField
from wtforms import StringField

from timebank.core.errors import Refused
from timebank.domain.rota.walk_ups import Namesake
from timebank.domain.rota.walk_ups import WhoIsIt
from timebank.web.filters import day as day_of
from timebank.web.typed import PageForm
from timebank.web.typed import a_name
from timebank.web.typed import line
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _

SOMEONE_NEW = "new"
PUT_DOWN, PENCIL_IN = "down", "ask"
ONCE, EVERY_DATE, EVERY_NTH = "once", "every", "nth"


class WhoForm(PageForm):
    """A neighbour by name; who it is becomes a choice when several may be meant."""

    name = a_name(_("Their name"), _("Type the name of the neighbour you mean"))
    who = RadioField(_("Who is it?"), validate_choice=False, choices=[])

    @property
    def membership_id(self) -> int | None:
        """Who it is, when somebody we know was chosen."""
        return read_number(self.who.data)

    @property
    def is_new(self) -> bool:
        """Whether it is nobody we know."""
        return bool(self.who.data == SOMEONE_NEW)

    def offer(self, namesakes: list[Namesake], *, or_new: bool) -> None:
        """Offer those whom the name may mean."""
        known = [(str(one.membership_id), _describe(one)) for one in namesakes]
        new = [(SOMEONE_NEW, gettext("Someone new"))] if or_new else []
        self.who.choices = [*known, *new]

    def refuse(self, refusal: Refused, *, or_new: bool = True) -> None:
        """Put a refusal beside its field; "who is it?" becomes a choice."""
        if isinstance(refusal, WhoIsIt):
            self.offer(refusal.namesakes, or_new=or_new)
        beside = refusal.field or ""
        field = self[beside] if beside in {"who", "slot"} and beside in self else self.name
        field.errors = [gettext(refusal.sentence)]


class AskForm(WhoForm):
    """Whom an organiser puts down: at once or asked first, once or every time."""

    name = a_name(_("Their name"), _("Type the name of whoever you’d like to put down"))
    how = RadioField(_("Have they said yes?"), default=PENCIL_IN, choices=[])
    often = RadioField(_("How often?"), default=ONCE, choices=[])
    because = StringField(
        _("Let them all the same, because …"),
        filters=[line],
        validators=[short(200)],
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


def _describe(namesake: Namesake) -> str:
    """Tell two of a name apart: by when they came last."""
    if namesake.came_on is None:
        return gettext("%(name)s, who hasn’t come before", name=namesake.name)
    return gettext(
        "%(name)s, who came last on %(day)s (%(event)s)",
        name=namesake.name,
        day=day_of(namesake.came_on),
        event=namesake.came_to,
    )
