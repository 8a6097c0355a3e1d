"""Checks and training: what a community asks for, who has it until when, and who runs out.

Whoever has one has it up to and including the day before `expires_on`; the database asks on the
day of the turn (`broken_rule`). Nothing is written over: to renew is to revoke and give anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import name_or_number
from timebank.models import MemberQualification
from timebank.models import Membership
from timebank.models import Qualification
from timebank.models import QualificationKind

RUNS_OUT_WITHIN = dt.timedelta(days=60)
LONGEST_AGO = dt.timedelta(days=3653)


class NameTaken(Refused):
    """There is one of that name already."""


class StillAskedFor(Refused):
    """A job asks for it. Take it off that job first."""


class NotToday(Refused):
    """Choose a day from the last ten years, today at the latest."""


class RunOutAlready(Refused):
    """That has run out by today. Choose a later day."""


class GivenMeanwhile(Conflict):
    """Somebody wrote this down a moment before you."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A check or training of a community, how many have it today, and the jobs that ask for it."""

    id: int
    name: str
    kind: QualificationKind
    about: str
    lasts_months: int | None
    shadow_turns: int | None
    holders: int
    jobs: tuple[str, ...]


KINDS = """
SELECT q.id, q.name, q.kind, q.about, q.lasts_months, q.shadow_turns,
       (SELECT count(*) FROM member_qualification h
          JOIN membership m ON m.id = h.membership_id AND m.standing <> 'left'
         WHERE h.qualification_id = q.id AND h.revoked_at IS NULL AND h.valid_from <= :today
           AND (h.expires_on IS NULL OR h.expires_on > :today)),
       ARRAY(SELECT r.name || ', ' || x.title FROM role_qualification a
               JOIN role r ON r.id = a.role_id AND r.retired_at IS NULL
               JOIN series x ON x.id = r.series_id
              WHERE a.qualification_id = q.id ORDER BY x.title, r.position)
  FROM qualification q
 WHERE q.community_id = :community_id AND q.retired_at IS NULL
 ORDER BY lower(q.name)
"""


def read_kinds(session: Session, *, community_id: int, today: dt.date) -> list[Kind]:
    """Read what a community asks for, by name, in one statement."""
    values = {"community_id": community_id, "today": today}
    rows = session.execute(sa.text(KINDS), values)
    return [
        Kind(id_, name, QualificationKind(kind), about, months, turns, holders, tuple(jobs))
        for id_, name, kind, about, months, turns, holders, jobs in rows
    ]


def find_kind(session: Session, *, community_id: int, qualification_id: int) -> Qualification:
    """Find a check or training that is still asked for here.

    Raises:
        NotFound: No such one in this community.
    """
    found = session.scalars(
        sa.select(Qualification).where(
            Qualification.id == qualification_id,
            Qualification.community_id == community_id,
            Qualification.retired_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def add_kind(
    session: Session,
    *,
    community_id: int,
    name: str,
    kind: QualificationKind,
    about: str = "",
    lasts_months: int | None = None,
    shadow_turns: int | None = None,
) -> Qualification:
    """Write down a check or training; one that was retired comes back, with the new words.

    Raises:
        NameTaken: There is one of that name, whatever its capitals.
    """
    values = {
        "name": name,
        "kind": kind,
        "about": about,
        "lasts_months": lasts_months,
        "shadow_turns": shadow_turns,
    }
    made = session.scalars(
        insert(Qualification)
        .values(community_id=community_id, **values)
        .on_conflict_do_update(
            index_elements=[Qualification.community_id, sa.text("lower(name)")],
            set_={**values, "retired_at": None},
            where=Qualification.retired_at.isnot(None),
        )
        .returning(Qualification)
        .execution_options(populate_existing=True)
    ).first()
    if made is None:
        raise NameTaken(field="name")
    return made


BRING_BACK = """
UPDATE qualification q SET retired_at = NULL
  FROM unnest(CAST(:names AS text[])) AS wanted(name)
 WHERE q.community_id = :community_id AND lower(q.name) = lower(wanted.name)
RETURNING wanted.name, q.id
"""


def ensure_kinds(
    session: Session, *, community_id: int, wanted: Iterable[dict[str, object]]
) -> dict[str, int]:
    """Make what a rota asks for where the community doesn't know it -> ids by the given names.

    What is known stays as it is: the coordinator's word counts, not the file's. What was retired
    comes back.

    Args:
        session: The session.
        community_id: Whose.
        wanted: The columns of each: name, kind, about, lasts_months, shadow_turns.
    """
    rows = [{**one, "community_id": community_id} for one in wanted]
    if not rows:
        return {}
    session.execute(insert(Qualification).values(rows).on_conflict_do_nothing())
    values = {"community_id": community_id, "names": [row["name"] for row in rows]}
    return {row.name: row.id for row in session.execute(sa.text(BRING_BACK), values)}


def retire_kind(session: Session, *, qualification: Qualification, now: dt.datetime) -> None:
    """Ask for it no more. Who has it keeps it, should it come back.

    Raises:
        StillAskedFor: A job asks for it; it is named.
    """
    kinds = read_kinds(session, community_id=qualification.community_id, today=now.date())
    asked = next((kind.jobs for kind in kinds if kind.id == qualification.id), ())
    if asked:
        raise StillAskedFor(f"{asked[0]} asks for it. Take it off that job first.")
    qualification.retired_at = now


@dataclass(frozen=True, slots=True)
class Held:
    """What one member has, from when to when, and who says so (public names)."""

    id: int
    membership_id: int
    member: str
    qualification_id: int
    name: str
    valid_from: dt.date
    expires_on: dt.date | None
    given_by: str
    has_run_out: bool

    @property
    def last_day(self) -> dt.date | None:
        """The last day on which it is good, or None where it doesn't run out."""
        return self.expires_on - dt.timedelta(days=1) if self.expires_on else None


HELD = """
SELECT h.id, m.id, p.full_name, q.id, q.name, h.valid_from, h.expires_on, g.full_name,
       coalesce(h.expires_on <= :today, false)
  FROM member_qualification h
  JOIN qualification q ON q.id = h.qualification_id AND q.retired_at IS NULL
  JOIN membership m ON m.id = h.membership_id AND m.standing <> 'left'
  LEFT JOIN profile p ON p.person_id = m.person_id
  JOIN membership w ON w.id = h.given_by
  LEFT JOIN profile g ON g.person_id = w.person_id
 WHERE h.community_id = :community_id AND h.revoked_at IS NULL
   AND (CAST(:membership_id AS bigint) IS NULL OR m.id = :membership_id)
   AND (CAST(:until AS date) IS NULL OR h.expires_on <= :until)
 ORDER BY h.expires_on NULLS LAST, lower(q.name), m.id
 LIMIT 200
"""


def read_held(
    session: Session,
    *,
    community_id: int,
    today: dt.date,
    membership_id: int | None = None,
    until: dt.date | None = None,
) -> list[Held]:
    """Read who has what, what runs out first before the rest, in one statement.

    Args:
        session: The session.
        community_id: Whose.
        today: The day on the community's clocks.
        membership_id: Only of this member.
        until: Only what has run out by that day.
    """
    rows = session.execute(
        sa.text(HELD),
        {
            "community_id": community_id,
            "today": today,
            "membership_id": membership_id,
            "until": until,
        },
    )
    return [
        Held(
            id_,
            member_id,
            _name(member),
            kind_id,
            name,
            valid_from,
            expires_on,
            _name(by),
            is_over,
        )
        for id_, member_id, member, kind_id, name, valid_from, expires_on, by, is_over in rows
    ]


def running_out(session: Session, *, community_id: int, today: dt.date) -> list[Held]:
    """Read what runs out within sixty days, or has, in one statement."""
    return read_held(
        session, community_id=community_id, today=today, until=today + RUNS_OUT_WITHIN
    )


def good_until(qualification: Qualification, valid_from: dt.date) -> dt.date | None:
    """Work out the first day on which it is no longer good; None: never."""
    if qualification.lasts_months is None:
        return None
    return valid_from + relativedelta(months=qualification.lasts_months)


def give(
    session: Session,
    *,
    qualification: Qualification,
    member: Membership,
    by: Membership,
    valid_from: dt.date,
    today: dt.date,
    now: dt.datetime,
    expires_on: dt.date | None = None,
) -> MemberQualification:
    """Write down that a member has it, in place of what was written down before.

    Args:
        expires_on: The first day on which it is no longer good; None: as long as it usually lasts.

    Raises:
        NotToday: It would be good from a day to come, or from long ago.
        RunOutAlready: It has run out by today.
        GivenMeanwhile: Somebody else gave it in this moment.
    """
    if not today - LONGEST_AGO <= valid_from <= today:
        raise NotToday(field="valid_from")
    expires_on = expires_on or good_until(qualification, valid_from)
    if expires_on is not None and expires_on <= today:
        raise RunOutAlready(field="expires_on")
    revoke(session, member=member, qualification_id=qualification.id, now=now)
    made = session.scalars(
        insert(MemberQualification)
        .values(
            community_id=qualification.community_id,
            membership_id=member.id,
            qualification_id=qualification.id,
            valid_from=valid_from,
            expires_on=expires_on,
            given_by=by.id,
        )
        .on_conflict_do_nothing()
        .returning(MemberQualification)
    ).first()
    if made is None:
        raise GivenMeanwhile
    return made


def revoke(
    session: Session, *, member: Membership, qualification_id: int, now: dt.datetime
) -> int:
    """Take it back -> how many rows that were good no longer are. Turns they have stay theirs."""
    done = session.execute(
        sa.update(MemberQualification)
        .where(
            MemberQualification.membership_id == member.id,
            MemberQualification.qualification_id == qualification_id,
            MemberQualification.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount  # type: ignore[attr-defined, no-any-return]  # an update has one


def _name(full_name: str | None) -> str:
    return name_or_number(full_name)
