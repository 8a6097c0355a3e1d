"""What an organiser types on the day."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext
from flask_babel import ngettext
from wtforms import SelectField
from wtforms import StringField

from timebank.domain.rota.occasions import Expected
from timebank.domain.rota.reading import Job
from timebank.web.rota.turn_forms import WhoForm
from timebank.web.typed import KeyedForm
from timebank.web.typed import Said
from timebank.web.typed import a_name
from timebank.web.typed import line
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.words import _


class WalkUpForm(WhoForm):
    """Somebody who just turned up: their name, their job, and who it is when asked."""

    name = a_name(_("Their name"), _("Type the name of whoever just turned up"))
    slot = SelectField(_("What they’ll do"), coerce=read_number)

    def offer_jobs(self, jobs: Iterable[Job]) -> None:
        """Offer the jobs of the date; first what it can't start without, then what has room."""
        ordered = sorted(jobs, key=lambda job: (not job.is_needed, not job.free))
        self.slot.choices = [(job.slot_id, _room(job)) for job in ordered]


class TakeBackForm(KeyedForm):
    """Whose hours go back, and why."""

    turn = SelectField(_("Whose hours?"), coerce=read_number)
    reason = StringField(
        _("Why?"),
        filters=[line],
        validators=[
            Said(_("Say in a few words why the hours go back")),
            short(200),
        ],
    )

    def offer_turns(self, people: Iterable[Expected]) -> None:
        """Offer those whose hours are in."""
        self.turn.choices = [
            (one.claim_id, f"{one.name}, {one.job}") for one in people if one.is_credited
        ]


def _room(job: Job) -> str:
    if not job.free:
        return gettext("%(job)s (full, but one more is welcome)", job=job.name)
    room = ngettext("%(num)s place left", "%(num)s places left", job.free)
    return f"{job.name} ({room})"
