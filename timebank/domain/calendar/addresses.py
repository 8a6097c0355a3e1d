"""How turns reach a calendar: by private addresses and their choices, or with our mails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.models import CalendarClient
from timebank.models import CancelledAs
from timebank.models import Feed
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Shows
from timebank.models.calendar import NARROWED
from timebank.models.calendar import WITH_ALARM

NOTE_EVERY = dt.timedelta(hours=1)
BLANK_FOR = dt.timedelta(days=14)
MOST_NARROWED = 20
SHORTEST_ALARM, LONGEST_ALARM = 5, 10_080
FEED_IN_USE = dt.timedelta(days=14)


class TooManyCalendars(Refused):
    """That’s twenty calendars already. Change one of them, or switch one off."""


class NoSuchAlarm(Refused):
    """Choose between 5 minutes and 7 days before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a calendar of what's on or of what's needed is narrowed to, all at once.

    Attributes:
        scene: A kind of thing; `area`: a part of the place; `role_name`: a job, for what's needed.
    """

    group_id: int | None = None
    series_id: int | None = None
    scene: str | None = None
    area: str | None = None
    role_name: str | None = None


def address_of(
    session: Session, *, membership_id: int | None, shows: Shows = Shows.TURNS
) -> Feed | None:
    """Find the address that a member's calendar uses now; somebody signed out has none."""
    if membership_id is None:
        return None
    return session.scalar(_live(membership_id).where(Feed.shows == shows))


def addresses_of(session: Session, *, membership_id: int | None) -> list[Feed]:
    """List a member's addresses that are on, the oldest first; somebody signed out has none."""
    if membership_id is None:
        return []
    return list(session.scalars(_live(membership_id).order_by(Feed.id)))


def find_narrowed(session: Session, *, membership_id: int, address_id: int) -> Feed:
    """Find an address of a member's that is narrowed to something and on.

    Raises:
        NotFound: They have no such address.
    """
    found = session.scalar(
        _live(membership_id).where(Feed.id == address_id, Feed.shows.in_(NARROWED))
    )
    if found is None:
        raise NotFound
    return found


def _live(membership_id: int) -> sa.Select[Feed]:
    return sa.select(Feed).where(Feed.membership_id == membership_id, Feed.revoked_at.is_(None))


def make_address(
    session: Session,
    *,
    membership_id: int,
    community_id: int,
    shows: Shows = Shows.TURNS,
    now: dt.datetime,
) -> str:
    """Give a member a new address, which switches an earlier one off -> its secret, told once.

    What they had chosen for the earlier one holds for the new one.
    """
    _lock(session, membership_id)
    earlier = address_of(session, membership_id=membership_id, shows=shows)
    revoke_address(session, membership_id=membership_id, shows=shows, now=now)
    made = Feed(membership_id=membership_id, community_id=community_id, shows=shows)
    if earlier is not None:
        made.cancelled, made.alarm_minutes = earlier.cancelled, earlier.alarm_minutes
        made.tells_busy_times = earlier.tells_busy_times
    return _give_out(session, made, now)


def make_narrowed(
    session: Session,
    *,
    membership_id: int,
    community_id: int,
    shows: Shows,
    narrowing: Narrowing,
    now: dt.datetime,
) -> tuple[int, str]:
    """Give a member one more calendar, narrowed as they chose -> its number, and its secret.

    Raises:
        TooManyCalendars: They have twenty.
        NotFound: There is no such group or series in their community.
    """
    _lock(session, membership_id)
    count = sa.select(sa.func.count()).select_from(
        _live(membership_id).where(Feed.shows.in_(NARROWED)).subquery()
    )
    if (session.scalar(count) or 0) >= MOST_NARROWED:
        raise TooManyCalendars
    made = Feed(membership_id=membership_id, community_id=community_id, shows=shows)
    narrow(session, address=made, narrowing=narrowing)
    token = _give_out(session, made, now)
    return made.id, token


def narrow(session: Session, *, address: Feed, narrowing: Narrowing) -> None:
    """Narrow a calendar otherwise; its address stays the same.

    Raises:
        NotFound: There is no such group or series in its community.
    """
    for key, found in (
        (narrowing.group_id, sa.select(Group.id).where(Group.id == narrowing.group_id)),
        (
            narrowing.series_id,
            sa.select(Series.id).where(
                Series.id == narrowing.series_id, Series.state == SeriesState.PUBLISHED
            ),
        ),
    ):
        here = found.where(sa.column("community_id") == address.community_id)
        if key is not None and session.scalar(here) is None:
            raise NotFound
    address.group_id, address.series_id = narrowing.group_id, narrowing.series_id
    address.scene, address.area = narrowing.scene, narrowing.area
    address.role_name = narrowing.role_name if address.shows is Shows.GAPS else None


def renew_narrowed(session: Session, *, address: Feed, now: dt.datetime) -> tuple[int, str]:
    """Make a new address for the same calendar; the old one stops -> its number, its secret.

    Raises:
        NotFound: Another tap has made one a moment ago.
    """
    _lock(session, address.membership_id)
    session.refresh(address)
    if address.revoked_at is not None:
        raise NotFound
    narrowing = Narrowing(
        group_id=address.group_id,
        series_id=address.series_id,
        scene=address.scene,
        area=address.area,
        role_name=address.role_name,
    )
    address.revoked_at = now
    made = Feed(
        membership_id=address.membership_id,
        community_id=address.community_id,
        shows=address.shows,
        cancelled=address.cancelled,
    )
    narrow(session, address=made, narrowing=narrowing)
    token = _give_out(session, made, now)
    return made.id, token


def _lock(session: Session, membership_id: int) -> None:
    """Two taps at the same time: the second waits, and its address is the one that holds."""
    session.execute(
        sa.select(Membership.id).where(Membership.id == membership_id).with_for_update()
    )


def _give_out(session: Session, made: Feed, now: dt.datetime) -> str:
    token = ids.new_token()
    made.token_hash = ids.token_hash(token)
    made.created_at = now
    session.add(made)
    session.flush()
    return token


def choose(
    session: Session,
    *,
    address: Feed,
    cancelled: CancelledAs,
    alarm_minutes: int | None,
) -> None:
    """Choose how a calendar tells what is cancelled, and whether it rings beforehand.

    Raises:
        NoSuchAlarm: It would ring too late, or long before.
    """
    if alarm_minutes is not None and not SHORTEST_ALARM <= alarm_minutes <= LONGEST_ALARM:
        raise NoSuchAlarm(field="alarm")
    address.cancelled = cancelled
    address.alarm_minutes = alarm_minutes if address.shows in WITH_ALARM else None
    session.flush()


def revoke_address(
    session: Session,
    *,
    membership_id: int,
    shows: Shows = Shows.TURNS,
    address_id: int | None = None,
    is_emptied: bool = False,
    now: dt.datetime,
) -> None:
    """Switch an address of a member's off: calendars that ask for it are told that it is gone.

    Args:
        session: The session.
        membership_id: Whose.
        shows: Of which kind.
        address_id: Only this one, of those that they have several of.
        is_emptied: Answer with an empty calendar for a while first, so that calendars which keep
            what they have when they get an error throw it away.
        now: When.
    """
    which = [Feed.shows == shows]
    if address_id is not None:
        which.append(Feed.id == address_id)
    _revoke(
        session, membership_id, which, now, blank_until=now + BLANK_FOR if is_emptied else None
    )


def revoke_all(session: Session, *, membership_id: int, now: dt.datetime) -> None:
    """Switch all addresses of a member's off, at once: also those that were still emptied."""
    _revoke(session, membership_id, [], now)
    session.execute(
        sa.update(Feed)
        .where(Feed.membership_id == membership_id, Feed.blank_until > now)
        .values(blank_until=None)
    )


def _revoke(
    session: Session,
    membership_id: int,
    which: list[sa.ColumnElement[bool]],
    now: dt.datetime,
    *,
    blank_until: dt.datetime | None = None,
) -> None:
    session.execute(
        sa.update(Feed)
        .where(Feed.membership_id == membership_id, Feed.revoked_at.is_(None), *which)
        .values(revoked_at=now, blank_until=blank_until)
    )


def is_note_due(fetched_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether a fetch should be noted: at most once an hour, since each one is a write."""
    return fetched_at is None or fetched_at <= now - NOTE_EVERY


def note_fetch(
    session: Session,
    *,
    address_id: int,
    client: CalendarClient = CalendarClient.OTHER,
    now: dt.datetime,
) -> None:
    """Note that a calendar asked for its feed, and which program it was; nothing else of it."""
    session.execute(
        sa.update(Feed)
        .where(Feed.id == address_id)
        .values(last_fetched_at=now, last_client=client)
    )


def has_turns_by_mail(session: Session, *, membership_id: int | None) -> bool | None:
    """Tell whether a member's turns come with our mails; somebody signed out has none."""
    if membership_id is None:
        return None
    return session.scalar(
        sa.select(Membership.turns_by_mail).where(Membership.id == membership_id)
    )


def send_turns_by_mail(session: Session, *, membership_id: int, wanted: bool) -> None:
    """Let a member's turns come with our mails, or not; those in their calendar are kept right."""
    session.execute(
        sa.update(Membership)
        .where(Membership.id == membership_id)
        .values(turns_by_mail=wanted)
        .execution_options(synchronize_session=False)
    )


def is_in_use(theirs: Iterable[Feed], *, now: dt.datetime) -> bool:
    """Tell whether a calendar has read a member's turns lately: then our mails leave them out."""
    return any(
        one.shows in {Shows.TURNS, Shows.HOUSEHOLD}
        and one.last_fetched_at is not None
        and one.last_fetched_at > now - FEED_IN_USE
        for one in theirs
    )
