"""The neighbours of the made-up borough, and the groups they run."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from timebank.core.text import slugify
from timebank.demo import words
from timebank.domain import communities
from timebank.models import Community
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Standing

MEMBERS = 320
SHARE_WITHOUT_EMAIL = 0.12
OLDEST_DAYS = 730
NEWEST_DAYS = 190
RUNS = {  # the others are drawn
    "Danson Strollers": ("Nadia Khan", "Wes Ellis"),
    "Slade Green Growers": ("Bola Adeyemi", "Lee O’Brien"),
    "Erith Repair Café": ("Siân Price", "Imran Malik"),
}
NEWCOMERS = ("Sam Tran", "Ruby Chen")  # have never done a turn

# One statement each for 320 people: what goes in is one JSON array.
WRITE_PEOPLE = sa.text("""
INSERT INTO person (created_at)
SELECT joined_at FROM jsonb_to_recordset(:rows) AS r(number int, joined_at timestamptz)
 ORDER BY number
RETURNING id
""").bindparams(sa.bindparam("rows", type_=JSONB))
WRITE_PROFILES = sa.text("""
INSERT INTO profile (person_id, full_name, email, email_confirmed_at)
SELECT person_id, name, email, CASE WHEN email IS NOT NULL THEN joined_at END
  FROM jsonb_to_recordset(:rows)
    AS r(person_id bigint, name text, email text, joined_at timestamptz)
""").bindparams(sa.bindparam("rows", type_=JSONB))
WRITE_MEMBERSHIPS = sa.text("""
INSERT INTO membership (community_id, person_id, created_at, approved_at)
SELECT :community_id, person_id, joined_at, joined_at
  FROM jsonb_to_recordset(:rows) AS r(person_id bigint, joined_at timestamptz)
 ORDER BY person_id
RETURNING id
""").bindparams(sa.bindparam("rows", type_=JSONB))
WRITE_ACCOUNTS = sa.text("""
INSERT INTO account (community_id, kind, membership_id, floor, soft_floor)
SELECT community_id, 'member', id, :floor, :soft_floor
  FROM membership
 WHERE community_id = :community_id
 ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody of the borough."""

    membership_id: int
    person_id: int
    name: str
    joined_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Borough:
    """The community with its neighbours, and who runs which group (memberships, by its name)."""

    community: Community
    neighbours: tuple[Neighbour, ...]
    groups: dict[str, Group]
    organisers: dict[str, tuple[Membership, Membership]]

    def named(self, name: str) -> Neighbour:
        """Find somebody whom stories name."""
        return next(one for one in self.neighbours if one.name == name)


def settle(session: Session, rng: random.Random, now: dt.datetime) -> Borough:
    """Write the borough's neighbours and groups."""
    community = communities.create_community(
        session, slug="bexley", name="Good Turn Bexley", place="Bexley", phone="020 8000 0000"
    )
    neighbours = _write_neighbours(session, community, rng, now)
    coordinator = neighbours[0]
    session.execute(
        sa.update(Membership)
        .where(Membership.id == coordinator.membership_id)
        .values(standing=Standing.COORDINATOR)
        .execution_options(synchronize_session=False)
    )
    groups, organisers = _write_groups(session, community, neighbours, rng)
    return Borough(community, neighbours, groups, organisers)


def _names(rng: random.Random) -> list[str]:
    names = list(words.NAMED)
    while len(names) < MEMBERS:
        name = f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
        if name not in names:
            names.append(name)
    return names


def _email(number: int, name: str, rng: random.Random) -> str | None:
    if name in words.WITHOUT_EMAIL or (
        name not in words.NAMED and rng.random() < SHARE_WITHOUT_EMAIL
    ):
        return None
    local = slugify(name.partition(" ")[0] if number <= len(words.NAMED) else name)
    return f"{local.replace('-', '.')}@goodturn.example"


def _write_neighbours(
    session: Session, community: Community, rng: random.Random, now: dt.datetime
) -> tuple[Neighbour, ...]:
    rows: list[dict[str, object]] = []
    moments: list[dt.datetime] = []
    for number, name in enumerate(_names(rng), start=1):
        days = 1 if name in NEWCOMERS else rng.randint(NEWEST_DAYS, OLDEST_DAYS)
        moments.append(now - dt.timedelta(days=days, minutes=rng.randint(0, 600)))
        rows.append(
            {
                "number": number,
                "name": name,
                "email": _email(number, name, rng),
                "joined_at": moments[-1].isoformat(),
            }
        )
    for row, person_id in zip(
        rows, session.scalars(WRITE_PEOPLE, {"rows": rows}).all(), strict=True
    ):
        row["person_id"] = person_id
    session.execute(WRITE_PROFILES, {"rows": rows})
    values = {"community_id": community.id}
    membership_ids = session.scalars(WRITE_MEMBERSHIPS, {"rows": rows, **values}).all()
    limits = {
        "floor": communities.MEMBER_FLOOR_MINUTES,
        "soft_floor": communities.MEMBER_SOFT_FLOOR_MINUTES,
    }
    session.execute(WRITE_ACCOUNTS, {**limits, **values})
    return tuple(
        Neighbour(membership_id, int(str(row["person_id"])), str(row["name"]), moment)
        for membership_id, row, moment in zip(membership_ids, rows, moments, strict=True)
    )


def _write_groups(
    session: Session,
    community: Community,
    neighbours: tuple[Neighbour, ...],
    rng: random.Random,
) -> tuple[dict[str, Group], dict[str, tuple[Membership, Membership]]]:
    members = {member.id: member for member in session.scalars(sa.select(Membership))}
    by_name = {one.name: members[one.membership_id] for one in neighbours}
    others = [name for name in by_name if name not in words.NAMED]
    groups, organisers = {}, {}
    for name in words.GROUPS:
        first, second = RUNS.get(name) or rng.sample(others, 2)
        organisers[name] = (by_name[first], by_name[second])
        groups[name] = communities.create_group(
            session,
            community=community,
            slug=slugify(name),
            name=name,
            organisers=list(organisers[name]),
        )
    return groups, organisers
