"""The weekly mail in the model of all mail: when it comes, what is kept for it, what it says."""

from __future__ import annotations

import datetime as dt

from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import FAMILY
from tests.jobs.mail_facts import LIVE
from tests.jobs.mail_facts import REMINDED
from tests.jobs.mail_facts import ZONE
from tests.jobs.mail_facts import Mail
from tests.jobs.mail_facts import Owed
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_facts import local
from tests.jobs.mail_owing import Owing

WORTH = 3 * DAY
AHEAD = 8 * DAY
BEHIND = 7 * DAY
MADE_UP_FOR = 2 * DAY


class Weeks(Owing):
    """Everything that is owed, and the weekly mails that tell some of it."""

    def choose(self, person: int, wish: Wish, now: dt.datetime) -> None:
        """Somebody has chosen: one that waits goes with the next of the hours they like now.

        That of the same week, if there are two; after a pause, where there is one.
        """
        self.wishes[person] = wish
        waiting = [
            one
            for one in self.owed
            if (one.kind, one.person, one.state) == ("weekly", person, "waiting")
        ]
        at = wish.next_weekly(max(now, wish.paused_moment or now))
        week = week_of(at)
        if not waiting:
            return
        one = max(waiting, key=lambda one: (one.week == week, one.due))
        same = self._weekly_of(person, week)
        if same is None or same is one:
            one.week, one.due, one.expires = week, at, at + WORTH

    def _weekly_of(self, person: int, week: tuple[int, int]) -> Owed | None:
        found = [one for one in self.owed if (one.person, one.week) == (person, week)]
        return found[0] if found else None

    def _owe_weekly(self, person: int, at: dt.datetime) -> None:
        """Once a person and week."""
        if self._weekly_of(person, week_of(at)) is None:
            self.owed.append(Owed("weekly", person, None, at, at + WORTH, week=week_of(at)))

    def _plan_weekly(self, now: dt.datetime) -> None:
        """Everybody whose hour has come, and is not longer ago than two days."""
        today = now.astimezone(ZONE).date()
        for person, wish in self.wishes.items():
            day = today - DAY * ((today.isoweekday() - wish.weekly_on) % 7)
            at = local(day, dt.time(wish.weekly_hour))
            if person in self.readers and wish.has_weekly and now - MADE_UP_FOR < at <= now:
                self._owe_weekly(person, at)

    def _keep(self, one: Owed, now: dt.datetime) -> None:
        """Keep a mail for the next weekly one that has not left."""
        wish = self.wish(one.person)
        at = wish.next_weekly(now)
        while True:
            self._owe_weekly(one.person, at)
            weekly = self._weekly_of(one.person, week_of(at))
            if weekly and weekly.state == "waiting":
                break
            at = wish.next_weekly(at)
        one.state, one.carrier = "along", weekly

    def _would_miss(self, one: Owed, now: dt.datetime) -> bool:
        """Whether the next weekly mail comes too late for a turn of theirs, or a place."""
        if FAMILY[one.kind] != "turns":
            return False
        until = self._untold(one) if one.kind in {*REMINDED, "reminders"} else one.expires
        return until is not None and until <= self.wish(one.person).next_weekly(now)

    def _untold(self, one: Owed) -> dt.datetime | None:
        """When the first of its turns begins that no weekly mail has named."""
        told = [other for other in self.owed if other.carrier is one] or [one]
        return min((each.starts for each in told if not self._is_named(each)), default=None)

    def _is_named(self, one: Owed) -> bool:
        turn = self.facts.turns[one.about]
        since = max(turn.created, self.wish(one.person).changed)
        return any(
            other.kind == "weekly"
            and other.person == one.person
            and other.sent_at is not None
            and other.sent_at > since
            and one.starts < other.sent_at + AHEAD
            for other in self.owed
        )

    # ----------------------------------------------------------------- what it brings

    def _week(self, weekly: Owed, now: dt.datetime) -> Mail | None:
        """What a weekly mail says at this moment; None: it has nothing to say."""
        wish = self.wish(weekly.person)
        kept = [one for one in self.owed if one.carrier is weekly and self._is_news(one, now)]
        turns = self._coming(weekly.person, now) if wish.weekly or wish.turns == "weekly" else []
        sections = {"kept": len(kept), "turns": len(turns)}
        if wish.weekly:
            sections["needed"] = self._needed(weekly.person, now)
            sections["dates"] = self._dates(now)
            sections["hours"] = int(self._has_hours(weekly.person, now))
        for one in self.owed:
            if one.carrier is weekly and one.about is not None:
                turn = self.facts.turns[one.about]
                one.was_told = turn.state in LIVE and turn.starts > now
        said = tuple((name, count) for name, count in sorted(sections.items()) if count)
        return Mail("weekly", weekly.person, tuple(sorted(turns)), said=said) if said else None

    def _is_news(self, one: Owed, now: dt.datetime) -> bool:
        """Whether something kept is still so, still wanted, and not over."""
        family = FAMILY[one.kind]
        starts = self._starts(one)
        is_over = family != "hours" and starts is not None and starts <= now
        is_wanted = getattr(self.wish(one.person), family) != "none"
        return is_wanted and not is_over and self._is_true(one, now)

    def _starts(self, one: Owed) -> dt.datetime | None:
        if one.slot is not None:
            return self.facts.jobs[one.slot].starts
        return self.facts.turns[one.about].starts if one.about is not None else None

    def _is_true(self, one: Owed, now: dt.datetime) -> bool:
        raise NotImplementedError

    def _coming(self, person: int, now: dt.datetime) -> list[int]:
        return [
            turn.id
            for turn in self.facts.turns.values()
            if turn.person == person
            and turn.state == "confirmed"
            and (now < turn.ends and turn.starts < now + AHEAD)
        ]

    def _dates(self, now: dt.datetime) -> int:
        return sum(
            date.ends > now and date.starts < now + AHEAD for date in self.facts.planned.values()
        )

    def _needed(self, person: int, now: dt.datetime) -> int:
        """Jobs that a date can't start without, and that they could do."""
        facts = self.facts
        if self.wish(person).asking == "none":
            return 0
        return sum(
            job.event in facts.planned
            and facts.planned[job.event].ends > now
            and job.starts > now
            and job.places - facts.free(slot) < job.needed
            and not facts.is_busy(person, job.starts, job.ends)
            and not self._holds_place(person, slot)
            for slot, job in facts.jobs.items()
        )

    def _has_hours(self, person: int, now: dt.datetime) -> bool:
        return any(whose == person and at > now - BEHIND for whose, at in self.moved)


def week_of(at: dt.datetime) -> tuple[int, int]:
    """The year and the week that a moment lies in, there."""
    year, week, _day = at.astimezone(ZONE).isocalendar()
    return year, week
