"""Whom somebody may mean: the neighbours they met lately, and those of a name, told apart kindly.

Everybody is shown by first name and initial. A surname finds somebody only when it is typed whole:
so nobody can feel their way to one, letter by letter.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import fold
from timebank.core.text import public_name
from timebank.core.text import unaccented

MOST_RECENT = 6
MOST_FOUND = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A neighbour whom somebody may mean.

    Attributes:
        name: First name and initial.
        share: What the two last had to do with each other, and on which day.
        runs: A group whose events they run.
        area: Where an offer or ask of theirs says they are.
        since: The day they joined.
        is_ambiguous: Another on the same list has the same name: say more about them.
    """

    membership_id: int
    name: str
    share: str | None
    shared_on: dt.date | None
    runs: str | None
    area: str | None
    since: dt.date
    is_ambiguous: bool = False


# What tells two of a name apart; the same columns for both statements below.
_ABOUT = """
SELECT m.id, p.full_name, m.created_at::date AS since, last.what, last.day, spot.area,
       (SELECT g.name FROM group_organiser o JOIN community_group g ON g.id = o.group_id
         WHERE o.membership_id = m.id ORDER BY g.name LIMIT 1) AS runs
  FROM met
  JOIN membership m ON m.id = met.other AND m.standing <> 'left' AND m.id <> :me
                   AND m.community_id = :community_id
  JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN LATERAL (
    SELECT x.what, coalesce(x.happened_on, x.created_at::date) AS day FROM exchange x
     WHERE (x.helper_id, x.helped_id) IN ((m.id, :me), (:me, m.id))
     ORDER BY x.id DESC LIMIT 1) last ON true
  LEFT JOIN LATERAL (
    SELECT post.area FROM post WHERE post.membership_id = m.id
     ORDER BY post.id DESC LIMIT 1) spot ON true
 WHERE NOT EXISTS (SELECT FROM block b WHERE b.ended_at IS NULL
                      AND b.by_id IN (m.id, :me) AND b.against_id IN (m.id, :me))
"""

RECENT = sa.text(f"""
WITH account_of_mine AS (SELECT id FROM account WHERE membership_id = :me),
meetings AS (
  (SELECT helper_id AS other, created_at AS at FROM exchange
    WHERE helped_id = :me ORDER BY id DESC LIMIT 40)
  UNION ALL
  (SELECT helped_id, created_at FROM exchange WHERE helper_id = :me ORDER BY id DESC LIMIT 40)
  UNION ALL
  (SELECT other_id, created_at FROM conversation
    WHERE owner_id = :me ORDER BY created_at DESC LIMIT 40)
  UNION ALL
  (SELECT owner_id, created_at FROM conversation
    WHERE other_id = :me ORDER BY created_at DESC LIMIT 40)
  UNION ALL
  (SELECT a.membership_id, t.created_at FROM transfer t JOIN account a ON a.id = t.credit_id
    WHERE t.debit_id IN (SELECT id FROM account_of_mine) AND t.kind = 'gift'
    ORDER BY t.id DESC LIMIT 40)
), met AS (
  SELECT other, max(at) AS at FROM meetings WHERE other IS NOT NULL GROUP BY other
)
{_ABOUT}
 ORDER BY met.at DESC, m.id
 LIMIT :most
""")  # noqa: S608 - our own words only

NAMED = sa.text(f"""
WITH met AS (
  SELECT m.id AS other FROM membership m JOIN profile p ON p.person_id = m.person_id
   WHERE m.community_id = :community_id AND m.standing <> 'left'
     AND starts_with(unaccented(p.full_name), :begins)
)
{_ABOUT}
 ORDER BY last.day DESC NULLS LAST, lower(p.full_name), m.id
 LIMIT 400
""")  # noqa: S608 - our own words only


BY_NUMBER = sa.text(f"""
WITH met AS (SELECT id AS other FROM membership WHERE id = ANY(:ids))
{_ABOUT}
 ORDER BY m.id
""")  # noqa: S608 - our own words only


def recent_people(session: Session, *, community_id: int, me: int) -> list[Known]:
    """Find whom a member had to do with lately, the last first; six at most."""
    values = {"community_id": community_id, "me": me, "most": MOST_RECENT}
    return _told_apart([_known(row) for row in session.execute(RECENT, values)])


def find_by_name(session: Session, *, community_id: int, me: int, typed: str) -> list[Known]:
    """Find whom a typed name may mean, without its accents; twelve at most.

    "Mar" finds every Marjorie and Martin, "Marjorie H" those whom pages call so, and "Marjorie
    Hall" her alone.
    """
    words = typed.split()
    if not words:
        return []
    values = {"community_id": community_id, "me": me, "begins": unaccented(words[0])}
    rows = session.execute(NAMED, values).all()
    exact = [row for row in rows if fold(row.full_name) == fold(typed)]
    found = exact or [row for row in rows if _may_mean(words, row.full_name)]
    return _told_apart([_known(row) for row in found[:MOST_FOUND]])


def find_known(session: Session, *, community_id: int, me: int, ids: Sequence[int]) -> list[Known]:
    """Find members by number, as the pages show them."""
    rows = session.execute(BY_NUMBER, {"community_id": community_id, "me": me, "ids": list(ids)})
    return _told_apart([_known(row) for row in rows])


def _may_mean(words: list[str], full_name: str) -> bool:
    """Tell whether typed words are the beginning of what everybody may see of a name."""
    typed, shown = unaccented(" ".join(words)), unaccented(public_name(full_name))
    return shown.startswith(typed)


def _known(row: sa.Row[tuple[object, ...]]) -> Known:
    return Known(
        membership_id=row.id,
        name=public_name(row.full_name),
        share=row.what,
        shared_on=row.day,
        runs=row.runs,
        area=row.area,
        since=row.since,
    )


def _told_apart(people: list[Known]) -> list[Known]:
    counted = Counter(one.name for one in people)
    return [replace(one, is_ambiguous=counted[one.name] > 1) for one in people]
