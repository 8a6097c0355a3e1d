"""What some of the borough chose about their mails; most have chosen nothing, as people do."""

from __future__ import annotations

import dataclasses
import datetime as dt

from sqlalchemy.orm import Session

from timebank.demo.people import Borough
from timebank.domain.notices import saving
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import Family
from timebank.domain.notices.saving import Wanted
from timebank.models import How
from timebank.models import Lead
from timebank.models import Membership

USUAL = Wanted(
    hows=dict.fromkeys(CHOOSABLE, How.MAIL),
    leads=None,
    quiet_from=None,
    quiet_until=None,
    paused_until=None,
    weekly=True,
    weekly_on=4,
    weekly_hour=17,
    near=None,
    language=None,
)
# Priya likes it quiet at night and hears of her hours once a week; Nadia is reminded early and
# late; Ama reads what's on before the week begins.
CHOSEN = {
    "Priya Shah": dataclasses.replace(
        USUAL,
        hows={**USUAL.hows, Family.HOURS: How.WEEKLY},
        quiet_from=dt.time(21),
        quiet_until=dt.time(7),
    ),
    "Nadia Khan": dataclasses.replace(
        USUAL, leads=frozenset({Lead.WEEK, Lead.EVE, Lead.MORNING}), weekly=False
    ),
    "Ama Owusu": dataclasses.replace(USUAL, weekly_on=7, weekly_hour=18),
}


def write_choices(session: Session, borough: Borough, *, now: dt.datetime) -> None:
    """Write down what those whom stories name have chosen."""
    for name, wanted in CHOSEN.items():
        member = session.get_one(Membership, borough.named(name).membership_id)
        saving.save(session, member=member, wanted=wanted, now=now)
