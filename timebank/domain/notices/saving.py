"""Write down what a member chose about their mails: all at once, or by one tap in a mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core import languages
from timebank.core.errors import Refused
from timebank.domain.events import leads
from timebank.domain.notices import choosing
from timebank.domain.notices import weekly
from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import Family
from timebank.domain.rota import appeals
from timebank.models import How
from timebank.models import Lead
from timebank.models import MailChoice
from timebank.models import Membership

LONGEST_PAUSE = dt.timedelta(days=366)
LONGEST_NEAR = 40


class NoQuietHours(Refused):
    """Write both, from when until when it should be quiet, and not the same time."""


class NotUntilThen(Refused):
    """Choose a day from tomorrow on, within a year. Or leave it empty."""


class NotThere(Refused):
    """We don't know that part of the place. Choose one from the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody says about their mails.

    Attributes:
        leads: When to remind them of their turns; None: as the organisers of each event say.
        paused_until: The first day on which everything comes again; None: no pause.
        quiet_from: When quiet hours begin; both None: there are none.
    """

    hows: Mapping[Family, How]
    leads: frozenset[Lead] | None
    quiet_from: dt.time | None
    quiet_until: dt.time | None
    paused_until: dt.date | None
    weekly: bool
    weekly_on: int
    weekly_hour: int
    near: str | None
    language: str | None


def save(session: Session, *, member: Membership, wanted: Wanted, now: dt.datetime) -> None:
    """Write down everything somebody chose; it counts for what waits to be sent, too.

    Raises:
        NoQuietHours, NotUntilThen, NotThere: What they say makes no sense.
    """
    before = choosing.read_choices(session, membership_id=member.id)
    _check(wanted, zone=before.zone, now=now)
    _write(
        session,
        member,
        **{family.value: wanted.hows[family] for family in CHOOSABLE},
        leads=None if wanted.leads is None else leads.written(wanted.leads),
        quiet_from=wanted.quiet_from,
        quiet_until=wanted.quiet_until,
        paused_until=_moment(wanted.paused_until, before.zone),
        weekly=wanted.weekly,
        weekly_on=wanted.weekly_on,
        weekly_hour=wanted.weekly_hour,
        near=wanted.near,
        language=wanted.language if wanted.language in languages.OFFERED else None,
        changed_at=now,
    )
    _let_be_asked(session, member, may=wanted.hows[Family.ASKING] is not How.NONE)
    after = choosing.read_choices(session, membership_id=member.id)
    weekly.move_to_their_hour(session, choices=after, now=now)


def stop(session: Session, *, member: Membership, family: Family, now: dt.datetime) -> None:
    """End the messages of one family; twice is the same as once. What is needed still comes.

    Ending the weekly mail ends what would come in it, too.
    """
    if family is Family.WEEK:
        choices = choosing.read_choices(session, membership_id=member.id)
        in_it = [one for one in CHOOSABLE if choices.hows[one] is How.WEEKLY]
        ended = {one.value: How.NONE for one in in_it}
        _write(session, member, weekly=False, changed_at=now, **ended)
        weekly.call_off(session, choices=choices)
    else:
        in_it = [family]
        _write(session, member, changed_at=now, **{family.value: How.NONE})
    if Family.ASKING in in_it:
        _let_be_asked(session, member, may=False)


def choose_texts(
    session: Session, *, member: Membership, families: frozenset[Family], now: dt.datetime
) -> None:
    """Have these families come as texts; what came so before and is not among them, by mail."""
    choices = choosing.read_choices(session, membership_id=member.id)
    changed = {
        family.value: How.TEXT if family in families else How.MAIL
        for family in CHOOSABLE
        if (family in families) != (choices.hows[family] is How.TEXT)
    }
    if changed:
        _write(session, member, changed_at=now, **changed)
    if Family.ASKING in families:
        _let_be_asked(session, member, may=True)


def is_stopped(choices: Choices, family: Family) -> bool:
    """Tell whether no messages of a family come."""
    if family is Family.WEEK:
        return not choices.weekly and How.WEEKLY not in choices.hows.values()
    return choices.hows[family] is How.NONE


def _check(wanted: Wanted, *, zone: str, now: dt.datetime) -> None:
    begins, ends = wanted.quiet_from, wanted.quiet_until
    if (begins is None) != (ends is None) or (begins is not None and begins == ends):
        raise NoQuietHours(field="quiet_from" if begins is None else "quiet_until")
    today, until = clock.local_date(now, zone), wanted.paused_until
    if until is not None and not today < until <= today + LONGEST_PAUSE:
        raise NotUntilThen(field="paused_until")
    if wanted.near is not None and len(wanted.near) > LONGEST_NEAR:
        raise NotThere(field="near")


def _moment(day: dt.date | None, zone: str) -> dt.datetime | None:
    return clock.at_local(day, dt.time(), zone) if day else None


def _write(session: Session, member: Membership, **values: object) -> None:
    row = {"membership_id": member.id, "community_id": member.community_id, **values}
    session.execute(
        insert(MailChoice)
        .values(row)
        .on_conflict_do_update(index_elements=["membership_id"], set_=values)
    )


def _let_be_asked(session: Session, member: Membership, *, may: bool) -> None:
    """Keep in step with whether organisers may ask them: it is one and the same wish."""
    if member.may_be_asked != may:
        appeals.let_be_asked(session, membership_id=member.id, may_be_asked=may)
