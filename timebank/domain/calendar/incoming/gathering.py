"""The events that entries make here: which of them are one event with several dates, how often."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace

from timebank.core import clock
from timebank.core.text import fold
from timebank.domain import events
from timebank.domain.calendar.incoming.entries import AHEAD
from timebank.domain.calendar.incoming.entries import LONGEST_PLACE
from timebank.domain.calendar.incoming.entries import Entry
from timebank.domain.calendar.incoming.entries import Note
from timebank.domain.calendar.incoming.entries import Passed
from timebank.domain.calendar.incoming.entries import Sifted
from timebank.domain.calendar.incoming.entries import TooMuchToCome
from timebank.domain.calendar.incoming.entries import When
from timebank.domain.calendar.incoming.values import Why
from timebank.models import Frequency

MOST_EVENTS = 60
HELPERS = 2
NO_GROUP = 0
# Tried in this order: what fits exactly is how often it is.
RHYTHMS = (
    Frequency.WEEKLY,
    Frequency.FORTNIGHTLY,
    Frequency.MONTHLY,
    Frequency.MONTHLY_BY_DATE,
    Frequency.DAILY,
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """An event that would come in.

    Attributes:
        starts, ends: Its usual times, by the community's clock.
        dates: All of them to come, or up to the horizon where it goes on and on.
        off: Days of its rhythm on which it isn't.
        uids: What its entries are called where they come from.
    """

    title: str
    description: str
    place: str
    frequency: Frequency
    first_on: dt.date
    last_on: dt.date | None
    starts: dt.time
    ends: dt.time
    dates: tuple[When, ...]
    off: tuple[dt.date, ...]
    uids: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def differing(self) -> tuple[When, ...]:
        """Its dates that aren't as the series says: at another time, day or place."""
        usual = set(events.days_of(self.draft(NO_GROUP, self.place), until=self.dates[-1].day))
        return tuple(
            when
            for when in self.dates
            if when.day not in usual
            or (when.starts, when.ends, when.place) != (self.starts, self.ends, self.place)
        )

    def draft(self, group_id: int, place: str, ready_made: str = "") -> events.SeriesDraft:
        """Write it as an organiser would have typed it, with the jobs of a ready-made rota or one.

        Args:
            group_id: Whose it is.
            place: Where they meet.
            ready_made: The key of the rota; "": a helper for the whole of it.
        """
        rota = events.ready_made_rota(ready_made)
        return events.SeriesDraft(
            group_id=group_id,
            title=self.title,
            description=self.description,
            venue=venue_of(place),
            frequency=self.frequency,
            first_on=self.first_on,
            starts_time=self.starts,
            ends_time=self.ends,
            last_on=self.last_on,
            scene=rota.scene if rota else "park",
            ready_made=rota.key if rota else "",
            roles=rota.roles if rota else (_helper(self.starts, self.ends),),
        )


def _helper(starts: dt.time, ends: dt.time) -> events.RoleDraft:
    minutes = (ends.hour - starts.hour) * 60 + ends.minute - starts.minute
    return events.RoleDraft(
        name="Helper", places=HELPERS, starts_after_minutes=0, duration_minutes=minutes
    )


def venue_of(place: str) -> events.VenueDraft:
    """Write a place: what stands before the first comma is its name, all of it its address."""
    name, _comma, rest = place.partition(",")
    if not rest.strip() or not name.strip():
        return events.VenueDraft(name=place[:LONGEST_PLACE])
    return events.VenueDraft(name=name.strip()[:LONGEST_PLACE], address=place)


def gather(
    sifted: Sifted, *, timezone: str, now: dt.datetime
) -> tuple[list[Gathered], list[Passed]]:
    """Make events out of entries -> with what of them can't be one besides.

    Entries of one title at one time and place are one event, however their calendar names them.

    Raises:
        TooMuchToCome: They are more than anybody looks through.
    """
    alone = [entry for entry in sifted.entries if entry.rule_days]
    alike: dict[tuple[str, dt.time, dt.time, str], list[Entry]] = defaultdict(list)
    for entry in sifted.entries:
        if not entry.rule_days:
            one = entry.dates[0]
            alike[fold(entry.title), one.starts, one.ends, fold(one.place)].append(entry)
    passed: list[Passed] = []
    merged = [_merge(entries, passed) for entries in alike.values()]
    horizon = clock.local_date(now + AHEAD, timezone)
    found = [(entry, (entry.uid,)) for entry in alone] + merged
    gathered = []
    for entry, uids in found:
        made = replace(_gathered(entry, horizon), uids=tuple(filter(None, uids)))
        try:
            events.check_draft(made.draft(NO_GROUP, made.place), timezone=timezone, now=now)
        except events.DraftRefused:
            passed.append(Passed(entry.title, Why.CANNOT_BE))
            continue
        gathered.append(made)
    if len(gathered) > MOST_EVENTS:
        raise TooMuchToCome
    return sorted(gathered, key=lambda one: (one.dates[0].day, one.title)), passed


def _merge(entries: list[Entry], passed: list[Passed]) -> tuple[Entry, tuple[str, ...]]:
    """Put entries together that are one event; of two on a day the first counts."""
    days: dict[dt.date, When] = {}
    for entry in entries:
        for when in entry.dates:
            if when.day in days:
                passed.append(Passed(entry.title, Why.SAME_DAY))
            days.setdefault(when.day, when)
    first = entries[0]
    whole = Entry(
        uid=first.uid,
        title=first.title,
        description=first.description,
        place=first.dates[0].place,
        dates=[days[day] for day in sorted(days)],
        notes=set().union(*(entry.notes for entry in entries)),
    )
    return whole, tuple(entry.uid for entry in entries)


def _gathered(entry: Entry, horizon: dt.date) -> Gathered:
    times = Counter((when.starts, when.ends, when.place) for when in entry.dates)
    (starts, ends, place), _most = times.most_common(1)[0]
    ruled = entry.rule_days or [when.day for when in entry.dates]
    last_on = None if entry.goes_on else (entry.last_on or ruled[-1])
    plain = Gathered(
        title=entry.title,
        description=entry.description,
        place=place,
        frequency=Frequency.ONCE,
        first_on=entry.dates[0].day,
        last_on=None,
        starts=starts,
        ends=ends,
        dates=tuple(entry.dates),
        off=(),
        uids=(),
        notes=tuple(sorted(entry.notes)),
    )
    if len(ruled) == 1 and not entry.goes_on:
        return plain
    for frequency in RHYTHMS:
        in_rhythm = replace(plain, frequency=frequency, first_on=ruled[0], last_on=last_on)
        until = min(horizon, last_on or horizon)
        if list(events.days_of(in_rhythm.draft(NO_GROUP, place), until=until)) == ruled:
            usual = set(ruled)
            off = tuple(sorted(day for day in entry.off if day in usual))
            return replace(in_rhythm, off=off)
    notes = {*entry.notes, Note.ONE_BY_ONE} if entry.goes_on else entry.notes
    return replace(plain, notes=tuple(sorted(notes)))
