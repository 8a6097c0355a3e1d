"""What an organiser hears after hours were posted, from a tap or from a paper sheet."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from timebank.web.filters import hours
from timebank.web.flashes import Tone
from timebank.web.flashes import say


def say_credited(people: int, *, minutes: int) -> None:
    """Say how much time went to how many neighbours."""
    say(
        ngettext(
            "Thank you! %(hours)s credited to %(num)s neighbour.",
            "Thank you! %(hours)s credited to %(num)s neighbours.",
            people,
            hours=hours(minutes),
        )
    )


def say_own_turn_waits() -> None:
    """Say why the organiser's own turn was not posted."""
    say(
        _("Your own turn needs another organiser’s tap: nobody confirms their own hours."),
        tone=Tone.NEWS,
    )
