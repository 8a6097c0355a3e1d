"""What somebody chose about their mails, and what that means for one of them at this moment.

Looked at when a message is about to leave, so that a choice made meanwhile counts.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain.communities import quiet_hours
from timebank.domain.events.leads import USUAL_LEADS
from timebank.domain.events.leads import read as leads_of
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.families import LEAD_OF
from timebank.domain.notices.families import Family
from timebank.models import How
from timebank.models import Lead
from timebank.models import NoticeKind
from timebank.models import Way

USUAL_DAY = 4
USUAL_HOUR = 17
WEEK_DAYS = 7
WEEKLY_AHEAD = dt.timedelta(days=8)  # the weekly mail names what is on until then
STANDS_THERE_ANYWAY = frozenset({*LEAD_OF, NoticeKind.REMINDERS})  # own turns are in every one

OF_NOTICE = """
SELECT n.id, n.kind, n.expires_at,
       n.kind = 'cover_wanted' AND NOT n.facts ? 'to'
         OR n.kind = 'organiser_news' AND EXISTS (
           SELECT FROM group_message g
            WHERE g.id = CAST(n.facts ->> 'group_message_id' AS bigint)
              AND g.community_id = n.community_id AND g.whom = 'hearing') AS is_needed,
       CASE WHEN c.turns = 'weekly' THEN (
         SELECT min(one.starts_at)
           FROM notice one
           JOIN claim k ON k.id = one.claim_id
          WHERE (one.id = n.id OR one.told_in_id = n.id)
            AND NOT EXISTS (
              SELECT FROM notice w
               WHERE w.person_id = n.person_id AND w.community_id = n.community_id
                 AND w.kind = 'weekly' AND w.sent_at > greatest(k.created_at, c.changed_at)
                 AND one.starts_at < w.sent_at + :ahead)) END AS untold_at,
       coalesce(e.leads, x.leads) AS event_leads,
       n.person_id, n.community_id, t.timezone, m.id AS membership_id,
       m.may_be_asked, c.turns, c.asking, c.neighbours, c.hours, c.leads, c.quiet_from,
       c.quiet_until, c.paused_until, c.weekly, c.weekly_on, c.weekly_hour, c.near, c.language,
       n.way, texted.number, texted.proven_at IS NOT NULL AS is_number_proven
  FROM notice n
  JOIN community t ON t.id = n.community_id
  LEFT JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
  LEFT JOIN mail_choice c ON c.membership_id = m.id
  LEFT JOIN text_number texted ON texted.membership_id = m.id AND m.standing <> 'left'
  LEFT JOIN claim turn ON turn.id = n.claim_id
  LEFT JOIN event e ON e.id = turn.event_id
  LEFT JOIN series x ON x.id = e.series_id
 WHERE n.id = ANY(CAST(:notice_ids AS bigint[]))
"""
OF_MEMBER = """
SELECT m.person_id, m.community_id, t.timezone, m.id AS membership_id,
       m.may_be_asked, c.turns, c.asking, c.neighbours, c.hours, c.leads, c.quiet_from,
       c.quiet_until, c.paused_until, c.weekly, c.weekly_on, c.weekly_hour, c.near, c.language
  FROM membership m
  JOIN community t ON t.id = m.community_id
  LEFT JOIN mail_choice c ON c.membership_id = m.id
 WHERE m.id = :membership_id
"""


class Verdict(enum.StrEnum):
    """What becomes of a message now: sent, dropped, sent later, or told in the weekly mail."""

    SEND = "send"
    DROP = "drop"
    LATER = "later"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a member chose, or what everybody has who chose nothing.

    Attributes:
        membership_id: Whose; None: of somebody who is no member here, and can choose nothing.
        zone: Of the community's clocks, by which hours and days are meant.
        hows: How they get the messages of each family.
        leads: When they are reminded of their turns; None: as the organisers of each event say.
        quiet: From when until when nothing comes that can wait; None: no such hours.
        paused_until: Nothing comes before then but what they need.
        weekly: Whether the weekly mail brings what is on.
        weekly_on: On which day of the week: 1 is Monday.
        near: The part of the place they'd like to hear of; None: all of it.
    """

    membership_id: int | None
    person_id: int
    community_id: int
    zone: str
    hows: Mapping[Family, How] = field(default_factory=lambda: dict.fromkeys(CHOOSABLE, How.MAIL))
    leads: frozenset[Lead] | None = None
    quiet: tuple[dt.time, dt.time] | None = None
    paused_until: dt.datetime | None = None
    weekly: bool = False
    weekly_on: int = USUAL_DAY
    weekly_hour: int = USUAL_HOUR
    near: str | None = None
    language: str | None = None

    def how(self, kind: NoticeKind) -> How:
        """Tell how they get messages of a kind; the weekly mail is asked for by what it brings."""
        return self.hows.get(FAMILY_OF[kind], How.MAIL) if kind in FAMILY_OF else How.MAIL

    def wants(self, lead: Lead, *, event_leads: frozenset[Lead]) -> bool:
        """Tell whether they are reminded then: as they chose, else as the event's people are."""
        return lead in (event_leads if self.leads is None else self.leads)

    def next_weekly(self, *, after: dt.datetime) -> dt.datetime:
        """Tell when the weekly mail comes next, after a moment."""
        today = clock.local_date(after, self.zone)
        day = today + dt.timedelta(days=(self.weekly_on - today.isoweekday()) % WEEK_DAYS)
        at = clock.at_local(day, dt.time(self.weekly_hour), self.zone)
        if at <= after:
            day += dt.timedelta(days=WEEK_DAYS)
            at = clock.at_local(day, dt.time(self.weekly_hour), self.zone)
        return at


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message now, until when it is put off, and why, for the record."""

    verdict: Verdict
    why: str = ""
    until: dt.datetime | None = None


SEND = Decision(Verdict.SEND)


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is about to leave: its kind, when it is too late for it, whose choices.

    Attributes:
        is_needed: It comes whatever they choose, though others of its kind don't. It looks for
            cover, and goes to whoever runs the event: they must act. Or they asked to hear from
            the organisers, and end that with a link of its own.
        untold_at: When the first of its turns begins that no weekly mail has named, for those who
            would read of turns there; None: there is none.
        event_leads: When people are reminded of the event of its turn.
        way: How it is to go whatever they chose, since their own way failed; None: as they chose.
        number: On which they are texted; None: on none.
        is_number_proven: Whether they proved that it is theirs; else they agreed to it.
    """

    kind: NoticeKind
    expires_at: dt.datetime
    choices: Choices
    is_needed: bool = False
    untold_at: dt.datetime | None = None
    event_leads: frozenset[Lead] = USUAL_LEADS
    way: Way | None = None
    number: str | None = field(default=None, repr=False)
    is_number_proven: bool = False

    @property
    def family(self) -> Family | None:
        """Which family it is of; None: it is needed, and comes whatever they choose."""
        if self.is_needed or self.choices.membership_id is None:
            return None
        return FAMILY_OF.get(self.kind)


def look_up(session: Session, *, notice_ids: Sequence[int]) -> dict[int, sa.RowMapping]:
    """Look up what readers chose, in one statement -> by the notice, for `due_of`."""
    values = {"notice_ids": list(notice_ids), "ahead": WEEKLY_AHEAD}
    return {row["id"]: row for row in session.execute(sa.text(OF_NOTICE), values).mappings()}


def due_of(row: sa.RowMapping) -> Due:
    """Say what a message's reader chose, of what was looked up."""
    return Due(
        NoticeKind(row["kind"]),
        row["expires_at"],
        _choices(row),
        is_needed=row["is_needed"],
        untold_at=row["untold_at"],
        event_leads=leads_of(row["event_leads"]),
        way=Way(row["way"]) if row["way"] else None,
        number=row["number"],
        is_number_proven=row["is_number_proven"],
    )


def read_due(session: Session, *, notice_id: int) -> Due:
    """Read what a message's reader chose, in one statement."""
    return due_of(look_up(session, notice_ids=[notice_id])[notice_id])


def as_agreed(due: Due) -> Due:
    """Remind whoever has no e-mail on the eve, as was agreed, whatever others of the date get."""
    return replace(due, choices=replace(due.choices, leads=frozenset({Lead.EVE})))


def read_choices(session: Session, *, membership_id: int) -> Choices:
    """Read what a member chose, in one statement."""
    found = session.execute(sa.text(OF_MEMBER), {"membership_id": membership_id})
    return _choices(found.mappings().one())


def decide(due: Due, *, now: dt.datetime) -> Decision:
    """Say what becomes of a message that still holds: what is needed is always sent."""
    choices = due.choices
    if due.family is None:
        return SEND
    refused = _refused(due)
    if refused:
        return Decision(Verdict.DROP, refused)
    later = _not_before(choices, now=now)
    if later <= now:
        is_kept = choices.how(due.kind) is How.WEEKLY and not _would_miss(due, now=now)
        return Decision(Verdict.WEEKLY, "told in the weekly mail") if is_kept else SEND
    if later < due.expires_at:
        return Decision(Verdict.LATER, "their own time", later)
    is_paused = choices.paused_until is not None and choices.paused_until > now
    if due.family is Family.TURNS and not is_paused:
        return SEND  # better at night than not at all: somebody is waited for
    return Decision(Verdict.DROP, "too late by their own time")


def _refused(due: Due) -> str | None:
    """Tell why they don't want it at all, or None."""
    if due.choices.how(due.kind) is How.NONE:
        return "they chose not to get these"
    lead = LEAD_OF.get(due.kind)
    if lead is not None and not due.choices.wants(lead, event_leads=due.event_leads):
        return "they are reminded at other times"
    return None


def _would_miss(due: Due, *, now: dt.datetime) -> bool:
    """Tell whether the next weekly mail comes too late for a turn of theirs, or a place.

    What is asked of them may pass by unread: that is what they chose. A turn may not.
    """
    if due.family is not Family.TURNS:
        return False
    until = due.untold_at if due.kind in STANDS_THERE_ANYWAY else due.expires_at
    return until is not None and until <= due.choices.next_weekly(after=now)


def _not_before(choices: Choices, *, now: dt.datetime) -> dt.datetime:
    """Tell from when on they'd like to hear of it: after their pause, and their quiet hours."""
    at = max(now, choices.paused_until) if choices.paused_until else now
    return quiet_hours.after(at, *choices.quiet, zone=choices.zone) if choices.quiet else at


def _choices(row: sa.RowMapping) -> Choices:
    who = {
        "membership_id": row["membership_id"],
        "person_id": row["person_id"],
        "community_id": row["community_id"],
        "zone": row["timezone"],
    }
    if row["turns"] is None:
        usual = Choices(**who)
        return usual if row["may_be_asked"] is not False else _unasked(usual)
    made = Choices(
        **who,
        hows={family: How(row[family.value]) for family in CHOOSABLE},
        leads=None if row["leads"] is None else leads_of(row["leads"]),
        quiet=(row["quiet_from"], row["quiet_until"]) if row["quiet_from"] else None,
        paused_until=row["paused_until"],
        **{name: row[name] for name in ("weekly", "weekly_on", "weekly_hour", "near", "language")},
    )
    return made if row["may_be_asked"] else _unasked(made)


def _unasked(choices: Choices) -> Choices:
    """Say that somebody who may not be asked is not: that is chosen elsewhere, too."""
    return replace(choices, hows={**choices.hows, Family.ASKING: How.NONE})
