"""The town that the figures are measured in: 2,000 members, 200 dates of 25 jobs, 7,500 turns."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core import ids
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain.events import dates
from timebank.domain.events import making
from timebank.domain.events.drafts import RoleDraft
from timebank.domain.events.drafts import SeriesDraft
from timebank.domain.events.drafts import VenueDraft
from timebank.models import Community
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import Group
from timebank.models import Membership
from timebank.models import SignIn
from timebank.models import Slot

MEMBERS = 2000
DATES = 50  # of each series
JOBS = 25  # of each date
PLACES = 8  # of each job
TITLES = (
    "Danson Saturday Stroll",
    "Lesnes Abbey litter pick",
    "Crayford repair café",
    "Hall Place community garden",
)

# Each date has its first place of every job taken, and the second of every other: 37 turns. Those
# who take them are the last members of the town; the others are free to claim.
TURNS = sa.text("""
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, t.place, s.starts_at, s.ends_at,
       s.places, 'confirmed'
  FROM (SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY id) AS job FROM slot) s
 CROSS JOIN generate_series(1, 2) AS t (place)
  JOIN (SELECT *, row_number() OVER (ORDER BY id DESC) AS number FROM membership) m
    ON m.number = s.job * 2 + t.place
 WHERE t.place = 1 OR s.job % 2 = 0
""")


@dataclass(frozen=True, slots=True)
class Spot:
    """A job of a date, as its address names it."""

    path: str
    slot_id: int


@dataclass(frozen=True, slots=True)
class Town:
    """What the figures ask for.

    Attributes:
        page: The address of the date that is measured as a page; nobody claims there.
        spots: The jobs of each other date.
        tokens: A sign-in of each member who is free to claim.
    """

    page: str
    spots: tuple[tuple[Spot, ...], ...]
    tokens: tuple[str, ...]


def build(engine: sa.Engine) -> Town:
    """Fill an empty database, by the rules where there are any."""
    now = clock.now()
    with Session(engine) as session:
        community = communities.create_community(
            session, slug="bexley", name="Bexley", place="Bexley", phone="020 8303 7777"
        )
        members = [_member(session, community, number) for number in range(MEMBERS)]
        group = communities.create_group(
            session, community=community, slug="all", name="Bexley", organisers=members[:1]
        )
        for number, title in enumerate(TITLES):
            _series(session, group, members[0], title, now + dt.timedelta(days=number + 1))
        session.execute(TURNS)
        tokens = _sign_in(session, members[: MEMBERS * 3 // 4], now)
        spots = _spots(session)
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return Town(spots[0][0].path, tuple(spots[1:]), tokens)


def _member(session: Session, community: Community, number: int) -> Membership:
    person = identity.find_or_create_person(
        session, full_name=f"Robin Neighbour{number}", email=f"robin{number}@example.com"
    )
    return communities.join(session, community_id=community.id, person_id=person.id)


def _series(
    session: Session, group: Group, by: Membership, title: str, first: dt.datetime
) -> None:
    roles = [
        RoleDraft(
            name=f"Marshal {number}",
            about="Point the way, and cheer.",
            needed=1,
            places=PLACES,
            starts_after_minutes=0,
            duration_minutes=90,
        )
        for number in range(1, JOBS + 1)
    ]
    draft = SeriesDraft(
        group_id=group.id,
        title=title,
        description="A friendly 5k round the lake, at your own pace.\nDogs are welcome.",
        venue=VenueDraft(name="Danson Park, by the boathouse", address="Danson Park, DA6 8HL"),
        frequency=Frequency.WEEKLY,
        first_on=first.date(),
        starts_time=dt.time(9),
        ends_time=dt.time(10, 30),
        roles=tuple(roles),
    )
    series = making.make_series(session, draft=draft, by=by, now=clock.now())
    making.publish(session, series=series, now=clock.now())
    last = first.date() + dt.timedelta(weeks=DATES - 1)
    dates.make_dates(
        session, series=series, timezone="Europe/London", first=first.date(), last=last
    )


def _sign_in(session: Session, members: list[Membership], now: dt.datetime) -> tuple[str, ...]:
    """Sign browsers in all at once; `identity.open_sign_in` does it one by one."""
    tokens = tuple(ids.new_token() for _ in members)
    session.execute(
        sa.insert(SignIn),
        [
            {
                "person_id": member.person_id,
                "token_hash": ids.token_hash(token),
                "created_at": now,
                "last_seen_at": now,
                "expires_at": now + identity.SIGN_IN_LASTS,
            }
            for member, token in zip(members, tokens, strict=True)
        ],
    )
    return tokens


def _spots(session: Session) -> list[tuple[Spot, ...]]:
    rows = session.execute(
        sa.select(Event, Slot.id).join(Slot, Slot.event_id == Event.id).order_by(Event.id, Slot.id)
    )
    of_date: dict[int, list[Spot]] = {}
    for event, slot_id in rows:
        path = f"/e/{event.series.slug}/{event.occurs_on.isoformat()}"
        of_date.setdefault(event.id, []).append(Spot(path, slot_id))
    return [tuple(spots) for spots in of_date.values()]
