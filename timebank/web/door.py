"""Who is asking, and where: one statement a request answers both.

A page that is kept ready-made (`timebank.web.kept`) asks in the same statement whether what it
keeps is still true: it passes its own columns to `open_door`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from typing import LiteralString

from flask import g
from flask import request
from flask import session
from flask_login import UserMixin

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.core.text import public_name
from timebank.db import reader

SIGN_IN_KEY = "_user_id"  # where flask-login keeps what `get_id` returns

# The community `c` that lives at a host name; the only one there is lives at every.
HERE: LiteralString = """
 (c.host = %(host)s OR NOT EXISTS (SELECT FROM community other WHERE other.id <> c.id))"""
SIGNED_IN: LiteralString = """
 s.token_hash = %(token_hash)s AND s.ended_at IS NULL AND s.expires_at > %(now)s"""
BELONGS: LiteralString = """
 m.person_id = s.person_id AND m.community_id = c.id AND m.standing <> 'left'"""

DOOR: LiteralString = f"""
SELECT c.id, c.slug, c.name, c.place, c.phone, c.timezone, c.host,
       v.person_id, v.membership_id, v.full_name, v.email, v.standing, v.is_member, v.balance,
       v.organises
       {{columns}}
  FROM community c
  LEFT JOIN LATERAL (
    SELECT s.person_id, m.id AS membership_id, p.full_name, p.email, m.standing,
           m.approved_at IS NOT NULL AS is_member, a.balance,
           ARRAY(SELECT o.group_id FROM group_organiser o
                  WHERE o.membership_id = m.id) AS organises
      FROM sign_in s
      JOIN profile p ON p.person_id = s.person_id
      LEFT JOIN membership m ON {BELONGS}
      LEFT JOIN account a ON a.membership_id = m.id
     WHERE {SIGNED_IN}
  ) v ON true
  {{joins}}
 WHERE {HERE}
"""  # noqa: S608 - the parts are ours

# For statements of others: the membership of who is signed in here, or nothing.
MEMBER: LiteralString = f"""(
  SELECT m.id FROM sign_in s
    JOIN profile p ON p.person_id = s.person_id
    JOIN community c ON {HERE}
    JOIN membership m ON {BELONGS}
   WHERE {SIGNED_IN})"""  # noqa: S608 - the parts are ours
OWN_COLUMNS = 15


@dataclass(frozen=True, slots=True)
class CommunityFacts:
    """The community that a page belongs to."""

    id: int
    slug: str
    name: str
    place: str
    phone: str
    timezone: str
    host: str | None


@dataclass(frozen=True)
class Viewer(UserMixin):  # type: ignore[misc]  # flask-login brings no types
    """The person who is signed in, as a member of the page's community.

    `membership_id` is None for somebody who has not joined this community yet; `is_member` tells
    members of the time bank from guests of the rota.
    """

    token: str
    person_id: int
    membership_id: int | None
    full_name: str
    email: str | None
    standing: str | None
    is_member: bool
    balance_minutes: int
    organises: frozenset[int]

    def get_id(self) -> str:
        """Name the server-side sign-in, so that signing out ends it everywhere."""
        return self.token

    @property
    def public_name(self) -> str:
        """First name and initial."""
        return public_name(self.full_name)

    @property
    def is_guest(self) -> bool:
        """Whether they take turns here, and nobody has made them a member of the time bank."""
        return self.membership_id is not None and not self.is_member

    @property
    def is_coordinator(self) -> bool:
        """Whether they may run everything in this community."""
        return self.standing == "coordinator"

    @property
    def is_organiser(self) -> bool:
        """Whether they run anything here."""
        return self.is_coordinator or bool(self.organises)

    def may_organise(self, group_id: int) -> bool:
        """Tell whether they run this group's events."""
        return self.is_coordinator or group_id in self.organises


@dataclass(frozen=True, slots=True)
class Door:
    """What one statement told us about a request.

    `facts` are the columns that the page asked for besides, or an empty tuple.
    """

    community: CommunityFacts
    viewer: Viewer | None
    facts: tuple[Any, ...]

    @property
    def membership_id(self) -> int | None:
        """The viewer's membership here; None for whoever is signed out or has not joined."""
        return self.viewer.membership_id if self.viewer else None


def door() -> Door:
    """Tell who is asking and where, asking the database at most once a request.

    Raises:
        NotFound: When no community lives at this host name.
    """
    known: Door | None = g.get("door")
    return known or open_door()


def today() -> dt.date:
    """Tell which day it is on the clocks of the page's community."""
    return clock.local_date(clock.now(), door().community.timezone)


def open_door(columns: LiteralString = "", joins: LiteralString = "", **values: object) -> Door:
    """Ask who, where, and `columns` of the page's own, in one statement.

    Args:
        columns: SQL that goes on the list of columns, beginning with a comma.
        joins: SQL joins (LEFT, or the community itself is lost) that the columns need.
        values: The parameters of both.

    Raises:
        NotFound: When no community lives at this host name.
    """
    opened: Door
    g.door = opened = look(request.host, session, columns, joins, **values)
    return opened


def look(
    host: str,
    browser: Mapping[str, object],
    columns: LiteralString = "",
    joins: LiteralString = "",
    **values: object,
) -> Door:
    """Tell what `open_door` tells, to who asks without Flask.

    Args:
        host: As the browser named it, with or without a port.
        browser: What its session holds.

    Raises:
        NotFound: When no community lives at this host name.
    """
    values = {**asking(host, browser), "now": clock.now(), **values}
    row = reader.one(_statement(columns, joins), values)
    if row is None:
        raise NotFound
    return Door(CommunityFacts(*row[:7]), _viewer(browser, row), row[OWN_COLUMNS:])


def asking(host: str, browser: Mapping[str, object]) -> dict[str, object]:
    """Write what the door's SQL is asked with, but for `now`; arguments as those of `look`."""
    token = browser.get(SIGN_IN_KEY)
    return {
        "token_hash": ids.token_hash(token) if isinstance(token, str) else None,
        "host": host.partition(":")[0].lower(),
    }


@cache
def _statement(columns: LiteralString, joins: LiteralString) -> LiteralString:
    """Write the statement of a page once: the driver knows a text that it has seen by its hash."""
    return DOOR.format(columns=columns, joins=joins)


def _viewer(browser: Mapping[str, object], row: tuple[Any, ...]) -> Viewer | None:
    person_id, membership_id, full_name, email, standing, is_member, balance, organises = row[
        7:OWN_COLUMNS
    ]
    if person_id is None:
        return None
    return Viewer(
        token=str(browser[SIGN_IN_KEY]),
        person_id=person_id,
        membership_id=membership_id,
        full_name=full_name,
        email=email,
        standing=standing,
        is_member=bool(is_member),
        balance_minutes=balance or 0,
        organises=frozenset(organises),
    )
