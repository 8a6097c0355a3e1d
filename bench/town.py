"""The town that the figures are measured in: 2,000 members, 200 dates of 25 jobs, 7,500 turns.

And one series with a large rota: 40 jobs by 12 dates, 400 turns.
"""

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
from timebank.domain.events.drafts import SeriesDraft
from timebank.domain.events.drafts import VenueDraft
from timebank.domain.events.jobs import RoleDraft
from timebank.models import Community
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Series
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
GRID_TITLE = "Footscray Meadows 5k"
GRID_DATES = 12
GRID_JOBS = 40
VEVENTS = DATES * len(TITLES) + GRID_DATES

# Every job asks for all that a job can ask for months ahead, and everybody has it: a claim has
# each rule looked into, and none stands in its way.
RULES = (
    "UPDATE community SET rest_minutes = 30, travel_minutes = 15",
    "UPDATE series SET most_a_week = 7",
    "UPDATE role SET minimum_age = 16, newcomer_places = 1",
    "UPDATE profile SET age_at_least = 18, age_said_on = current_date",
    """INSERT INTO role_pair (first_role_id, second_role_id, series_id, rule)
       SELECT a.id, b.id, a.series_id, 'never'
         FROM role a JOIN role b ON b.series_id = a.series_id AND b.id > a.id""",
    """INSERT INTO qualification (community_id, name, kind)
       SELECT id, 'First aid', 'training' FROM community""",
    """INSERT INTO role_qualification (community_id, role_id, qualification_id)
       SELECT r.community_id, r.id, q.id FROM role r CROSS JOIN qualification q""",
    """INSERT INTO member_qualification (community_id, membership_id, qualification_id, valid_from,
                                         given_by)
       SELECT m.community_id, m.id, q.id, current_date, m.id
         FROM membership m CROSS JOIN qualification q""",
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


# A turn in five of six cells of the large rota: 400 in 480.
GRID_TURNS = sa.text("""
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, 1, s.starts_at, s.ends_at, s.places,
       'confirmed'
  FROM (SELECT t.*, row_number() OVER (PARTITION BY event_id ORDER BY t.id) AS job,
               row_number() OVER (ORDER BY t.id) AS cell
          FROM slot t WHERE t.series_id = :series_id) s
  JOIN (SELECT *, row_number() OVER (ORDER BY id DESC) AS number FROM membership) m
    ON m.number = s.job
 WHERE s.cell % 6 <> 0
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
        rotas: The address of the rota of the first series, and of the large one.
        spots: The jobs of each other date.
        tokens: A sign-in of each member who is free to claim.
    """

    page: str
    rotas: tuple[str, str]
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
        days = [now.date() + dt.timedelta(days=number + 1) for number in range(len(TITLES) + 1)]
        for title, first in zip(TITLES, days, strict=False):
            _series(session, _draft(group, title, first, JOBS, PLACES), members[0], DATES)
        for rule in RULES:
            session.execute(sa.text(rule))
        session.execute(TURNS)
        spots = _spots(session)
        large = _draft(group, GRID_TITLE, days[-1], GRID_JOBS, 1)
        series = _series(session, large, members[0], GRID_DATES)
        session.execute(GRID_TURNS, {"series_id": series.id})
        tokens = _sign_in(session, members[: MEMBERS * 3 // 4], now)
        rotas = (f"{spots[0][0].path.rpartition('/')[0]}/rota", f"/e/{series.slug}/rota")
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return Town(spots[0][0].path, rotas, tuple(spots[1:]), tokens)


def _member(session: Session, community: Community, number: int) -> Membership:
    person = identity.find_or_create_person(
        session, full_name=f"Robin Neighbour{number}", email=f"robin{number}@example.com"
    )
    return communities.join(session, community_id=community.id, person_id=person.id)


def _draft(group: Group, title: str, first: dt.date, jobs: int, places: int) -> SeriesDraft:
    roles = [
        RoleDraft(
            name=f"Marshal {number}",
            about="Point the way, and cheer.",
            needed=1,
            places=places,
            starts_after_minutes=0,
            duration_minutes=90,
        )
        for number in range(1, jobs + 1)
    ]
    return SeriesDraft(
        group_id=group.id,
        title=title,
        description="A friendly 5k round the lake, at your own pace.\nDogs are welcome.",
        venue=VenueDraft(name="Danson Park, by the boathouse", address="Danson Park, DA6 8HL"),
        frequency=Frequency.WEEKLY,
        first_on=first,
        starts_time=dt.time(9),
        ends_time=dt.time(10, 30),
        roles=tuple(roles),
    )


def _series(session: Session, draft: SeriesDraft, by: Membership, weeks: int) -> Series:
    series = making.make_series(session, draft=draft, by=by, now=clock.now())
    making.publish(session, series=series, now=clock.now())
    first = draft.first_on
    last = first + dt.timedelta(weeks=weeks - 1)
    dates.make_dates(session, series=series, timezone="Europe/London", first=first, last=last)
    return series


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
