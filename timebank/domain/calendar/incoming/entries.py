"""The entries of a calendar with the dates they have to come, or why they can't be events here."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from zoneinfo import ZoneInfo

from timebank.core.errors import Refused
from timebank.core.text import tidy_line
from timebank.domain.calendar.incoming import repeating
from timebank.domain.calendar.incoming import values
from timebank.domain.calendar.incoming.lines import Block
from timebank.domain.calendar.incoming.lines import Line
from timebank.domain.calendar.incoming.lines import Taken
from timebank.domain.calendar.incoming.lines import first
from timebank.domain.calendar.incoming.lines import text_of
from timebank.domain.calendar.incoming.repeating import CannotRepeat
from timebank.domain.calendar.incoming.repeating import Steps
from timebank.domain.calendar.incoming.repeating import TooMuchRepeats
from timebank.domain.calendar.incoming.values import Unfit
from timebank.domain.calendar.incoming.values import Why
from timebank.domain.calendar.incoming.zones import UnknownZone
from timebank.domain.calendar.incoming.zones import Zones

AHEAD = dt.timedelta(days=400)
A_DAY = dt.timedelta(days=1)
MOST_READ = 600
MOST_DATES = 3_000
LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_PLACE = 80, 2000, 120
LONGEST_ADDRESS = 200
WITHOUT_AN_END = dt.timedelta(hours=1)


class TooMuchToCome(Refused):
    """More is to come in that calendar than we can look through. Bring a smaller part of it."""


class Note(enum.StrEnum):
    """What was guessed about an entry that comes in."""

    NO_ZONE_SAID = "no_zone_said"
    NO_END_SAID = "no_end_said"
    SHORTENED = "shortened"
    ONE_BY_ONE = "one_by_one"


@dataclass(frozen=True, slots=True)
class Passed:
    """What doesn't come in: its title, and why; `name` of a zone that nobody knows."""

    title: str
    why: Why
    name: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A date of an entry: its day and times by the community's clock, and where."""

    day: dt.date
    starts: dt.time
    ends: dt.time
    place: str


@dataclass(slots=True)
class Entry:
    """An entry that can come in.

    Attributes:
        uid: The name that its calendar gave it.
        dates: To come, in order.
        off: Days that it leaves out.
        rule_days: The days of its rule, before anything was left out or moved; empty: no rule.
        last_on: The last day of its rule.
        goes_on: Whether the rule has no end.
    """

    uid: str
    title: str
    description: str
    place: str
    dates: list[When] = field(default_factory=list)
    off: set[dt.date] = field(default_factory=set)
    rule_days: list[dt.date] = field(default_factory=list)
    last_on: dt.date | None = None
    goes_on: bool = False
    notes: set[Note] = field(default_factory=set)


@dataclass(slots=True)
class Sifted:
    """What a calendar holds. `over`: how many entries have no date to come."""

    entries: list[Entry] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    over: int = 0


def sift(taken: Taken, *, timezone: str, now: dt.datetime) -> Sifted:
    """Tell what has dates to come, and which; what hasn't, and why.

    Raises:
        TooMuchToCome: Nobody would look through all of that.
    """
    return _Sifter(taken, timezone, now).sift()


class _Sifter:
    def __init__(self, taken: Taken, timezone: str, now: dt.datetime) -> None:
        self._taken = taken
        self._home = ZoneInfo(timezone)
        self._zones = Zones(taken.zones, at_home=timezone)
        self._now = now
        self._horizon = self._day(now + AHEAD)
        self._steps = Steps()
        self._made = Sifted()
        self._dates = 0

    def sift(self) -> Sifted:
        """Go through all entries, those that belong together at once."""
        masters, moved = self._together()
        if len(masters) > MOST_READ:
            raise TooMuchToCome
        seen: set[str] = set()
        for block in masters:
            uid = values.uid_of(block)
            if uid and uid in seen:
                continue
            seen.add(uid)
            self._take(block, uid, moved.get(uid, []))
        return self._made

    def _together(self) -> tuple[list[Block], dict[str, list[Block]]]:
        """Find the entries themselves, and by their names the dates of them that differ."""
        masters: list[Block] = []
        moved: dict[str, list[Block]] = defaultdict(list)
        for block in self._taken.entries:
            if first(block, "RECURRENCE-ID"):
                moved[values.uid_of(block)].append(block)
            elif self._is_long_over(block):
                self._made.over += 1
            else:
                masters.append(block)
        known = {values.uid_of(block) for block in masters}
        # A date that differs, of an entry that isn't here, stands for itself.
        masters += [
            block
            for uid, blocks in moved.items()
            if uid not in known
            for block in blocks
            if not self._is_long_over(block)
        ]
        return masters, moved

    def _is_long_over(self, block: Block) -> bool:
        """Look whether an entry is over for certain, without reading it."""
        starts, rule = first(block, "DTSTART"), first(block, "RRULE")
        last = starts.value[:8] if starts else ""
        if rule is not None:
            until = re.search(r"UNTIL=(\d{8})", rule.value.upper())
            last = until[1] if until else ""
        is_day = values.DAY.fullmatch(last) is not None
        return is_day and "RDATE" not in block and last < f"{self._now - 2 * A_DAY:%Y%m%d}"

    def _take(self, block: Block, uid: str, moved: list[Block]) -> None:
        title = ""
        try:
            title = values.line_of(block, "SUMMARY")
            entry = self._entry(block, uid, title, moved)
        except Unfit as unfit:
            self._made.passed.append(Passed(title[:LONGEST_TITLE], unfit.why, unfit.name))
            return
        except OverflowError:  # the first or the last day that there is
            self._made.passed.append(Passed(title[:LONGEST_TITLE], Why.NO_TIME))
            return
        if entry.dates:
            self._made.entries.append(entry)
        else:
            self._made.over += 1

    def _entry(self, block: Block, uid: str, title: str, moved: list[Block]) -> Entry:
        if not title:
            raise Unfit(Why.NO_TITLE)
        if text_of(block, "STATUS").strip().upper() == "CANCELLED":
            raise Unfit(Why.CANCELLED)
        if text_of(block, "CLASS").strip().upper() in {"PRIVATE", "CONFIDENTIAL"}:
            raise Unfit(Why.PRIVATE)
        description = values.words_of(block)
        place = values.line_of(block, "LOCATION")
        entry = Entry(
            uid=uid,
            title=title[:LONGEST_TITLE],
            description=description[:LONGEST_DESCRIPTION],
            place=place[:LONGEST_ADDRESS],
        )
        if len(title) > LONGEST_TITLE or len(description) > LONGEST_DESCRIPTION:
            entry.notes.add(Note.SHORTENED)
        self._date(entry, block, moved)
        return entry

    def _date(self, entry: Entry, block: Block, moved: list[Block]) -> None:
        """Give an entry its dates: by its rule, without those left out, with those that differ."""
        starts, zone = self._moment(first(block, "DTSTART"), entry)
        length = self._length(block, starts, zone, entry)
        usual = self._starts(entry, block, starts, zone)
        days = {one: f"{self._day(one):%Y%m%d}" for one in usual}
        for line in block.get("EXDATE", ()):
            named = {one.strip() for one in line.value.split(",")}
            moments = {one for one, day in days.items() if day in named}
            self._leave_out(entry, moments | set(self._list(line, zone)), usual)
        whens = {
            moment: self._when(moment, moment + length, entry.place) for moment in usual.values()
        }
        for other in moved:
            try:
                self._differ(entry, other, whens)
            except Unfit as unfit:
                self._made.passed.append(Passed(entry.title, unfit.why, unfit.name))
            except OverflowError:
                self._made.passed.append(Passed(entry.title, Why.NO_TIME))
        for when in sorted(whens.values(), key=lambda one: (one.day, one.starts)):
            if entry.dates and entry.dates[-1].day == when.day:
                raise Unfit(Why.TOO_OFTEN)
            entry.dates.append(when)
        entry.off -= {when.day for when in entry.dates}
        self._dates += len(entry.dates)
        if self._dates > MOST_DATES:
            raise TooMuchToCome

    def _starts(
        self, entry: Entry, block: Block, starts: dt.datetime, zone: dt.tzinfo
    ) -> dict[dt.datetime, dt.datetime]:
        """List its starts to come in UTC, each under itself."""
        found = {self._utc(starts, zone)}
        rule_line = first(block, "RRULE")
        local_now = self._now.astimezone(self._home).replace(tzinfo=None)
        if rule_line:
            try:
                rule = repeating.read_rule(rule_line.value, starts=starts, zone=zone)
                locals_ = repeating.dates_of(
                    rule,
                    first=local_now - A_DAY,
                    last=local_now + AHEAD + A_DAY,
                    steps=self._steps,
                )
                ends = repeating.last_of(rule, now=local_now, steps=self._steps)
            except TooMuchRepeats:
                raise TooMuchToCome from None
            except CannotRepeat as cannot:
                raise Unfit(Why(str(cannot))) from None
            found = {self._utc(one, zone) for one in locals_}
            entry.goes_on = rule.goes_on
            entry.last_on = self._day(self._utc(ends, zone)) if ends else None
        if rule_line:
            entry.rule_days = [self._day(one) for one in sorted(found) if self._is_ahead(one)]
        for line in block.get("RDATE", ()):
            if "PERIOD" in line.parameters.get("VALUE", "").upper():
                raise Unfit(Why.NO_RULE)
            found.update(self._list(line, zone))
        return {one: one for one in sorted(found) if self._is_ahead(one)}

    def _leave_out(
        self, entry: Entry, moments: set[dt.datetime], usual: dict[dt.datetime, dt.datetime]
    ) -> None:
        """Take out the dates that a line named, by their moments or by their days."""
        for moment in moments:
            usual.pop(moment, None)
            entry.off.add(self._day(moment))

    def _differ(self, entry: Entry, other: Block, whens: dict[dt.datetime, When]) -> None:
        """Take in a date that differs from what the rule says."""
        meant, _zone = self._moment(first(other, "RECURRENCE-ID"), entry, is_exact=False)
        instead_of = self._utc(meant, _zone)
        day = self._day(instead_of)
        was = whens.pop(instead_of, None)
        if instead_of > self._now:
            entry.off.add(day)
        if text_of(other, "STATUS").strip().upper() == "CANCELLED":
            return
        starts, zone = self._moment(first(other, "DTSTART"), entry)
        begins = self._utc(starts, zone)
        if not self._is_ahead(begins):
            return
        length = self._length(other, starts, zone, entry)
        place = values.line_of(other, "LOCATION")[:LONGEST_ADDRESS] or (
            was.place if was else entry.place
        )
        whens[begins] = self._when(begins, begins + length, place)

    def _when(self, starts: dt.datetime, ends: dt.datetime, place: str) -> When:
        """Tell a date by the community's clock.

        Raises:
            Unfit: It isn't within one day.
        """
        here, until = starts.astimezone(self._home), ends.astimezone(self._home)
        if until.date() > here.date() or until.time() <= here.time():
            is_long = ends - starts >= A_DAY
            raise Unfit(Why.SEVERAL_DAYS if is_long else Why.PAST_MIDNIGHT)
        return When(here.date(), values.to_the_minute(here), values.to_the_minute(until), place)

    def _moment(
        self, line: Line | None, entry: Entry, *, is_exact: bool = True
    ) -> tuple[dt.datetime, dt.tzinfo]:
        """Read a moment by its own clock -> with its zone."""
        if line is None:
            raise Unfit(Why.NO_TIME)
        if line.parameters.get("VALUE", "").upper() == "DATE" or values.DAY.fullmatch(line.value):
            if not is_exact:
                return values.read(f"{line.value[:8]}T000000"), self._home
            raise Unfit(Why.ALL_DAY)
        found = values.MOMENT.fullmatch(line.value)
        if found is None:
            raise Unfit(Why.NO_TIME)
        moment = values.read(line.value.rstrip("Z"))
        if found[3]:
            return moment, dt.UTC
        return moment, self._zone(line, entry)

    def _zone(self, line: Line, entry: Entry) -> dt.tzinfo:
        name = line.parameters.get("TZID", "")
        if not name:
            entry.notes.add(Note.NO_ZONE_SAID)
            return self._zones.at_home
        try:
            return self._zones.named(name)
        except UnknownZone:
            raise Unfit(Why.NO_ZONE, tidy_line(name)[:60]) from None

    def _list(self, line: Line, zone: dt.tzinfo) -> Iterator[dt.datetime]:
        """Go through a list of moments, in UTC; days stand for the whole of them."""
        name = line.parameters.get("TZID", "")
        if name:
            try:
                zone = self._zones.named(name)
            except UnknownZone:
                raise Unfit(Why.NO_ZONE, tidy_line(name)[:60]) from None
        for one in line.value.split(",")[: repeating.MOST_DATES]:
            found = values.MOMENT.fullmatch(one.strip())
            if found:
                yield self._utc(values.read(one.strip().rstrip("Z")), dt.UTC if found[3] else zone)

    def _length(
        self, block: Block, starts: dt.datetime, zone: dt.tzinfo, entry: Entry
    ) -> dt.timedelta:
        ends, length = first(block, "DTEND"), first(block, "DURATION")
        if ends:
            until, until_zone = self._moment(ends, entry)
            found = self._utc(until, until_zone) - self._utc(starts, zone)
        else:
            found = values.read_length(length.value) if length else dt.timedelta(0)
        if found > dt.timedelta(0):
            return found
        entry.notes.add(Note.NO_END_SAID)
        return WITHOUT_AN_END

    def _utc(self, moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
        try:
            return moment.replace(tzinfo=zone).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise Unfit(Why.NO_TIME) from None

    def _is_ahead(self, moment: dt.datetime) -> bool:
        """Tell whether a date is to come and within sight, by whole days as rhythms are."""
        return moment > self._now and self._day(moment) <= self._horizon

    def _day(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self._home).date()
