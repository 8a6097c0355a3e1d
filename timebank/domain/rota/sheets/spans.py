"""How long somebody was there by the sheet, and whether that or the plan counts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from timebank.core import when
from timebank.domain.rota.sheets.facts import JobSlot
from timebank.domain.rota.sheets.people import Entry
from timebank.domain.rota.sheets.questions import PLANNED
from timebank.domain.rota.sheets.questions import WRITTEN
from timebank.domain.rota.sheets.questions import Asking
from timebank.domain.rota.sheets.questions import Asks
from timebank.domain.rota.sheets.questions import Choice
from timebank.domain.rota.sheets.times import nearest
from timebank.domain.rota.sheets.times import read_clock

CLOSE_ENOUGH = 15  # minutes from the plan that nobody asks about
MOST_MINUTES = 1440
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when somebody was there, by the sheet."""

    came_at: dt.datetime
    left_at: dt.datetime

    @property
    def minutes(self) -> int:
        """How long that is."""
        return (self.left_at - self.came_at) // MINUTE

    @property
    def is_possible(self) -> bool:
        """Whether it ends after it begins, within a day."""
        return 1 <= self.minutes <= MOST_MINUTES


class Spans:
    """Reads the times of entries; asks for what is missing, unreadable or the wrong way round."""

    def __init__(self, timezone: str, asking: Asking) -> None:
        self.timezone = timezone
        self.asking = asking

    def span(self, entry: Entry, slot: JobSlot) -> Span | None:
        """Tell from when to when; None: it doesn't say, or can't be used as it is."""
        if not entry.row.came and not entry.row.left:
            return None
        came_at = self._moment(Asks.IN, entry, entry.row.came, slot.starts_at)
        left_at = self._moment(Asks.OUT, entry, entry.row.left, slot.ends_at)
        if came_at is None or left_at is None:
            return None
        span = Span(came_at, left_at)
        return span if span.is_possible else self._put_right(entry, slot, span)

    def minutes(self, entry: Entry, slot: JobSlot, span: Span) -> int | None:
        """Ask which time counts where the two differ -> minutes; None: the plan's."""
        if abs(span.minutes - slot.minutes) <= CLOSE_ENOUGH:
            return None
        answer = self.asking.choose(
            Asks.HOURS,
            entry.key,
            choices=(Choice(PLANNED), Choice(WRITTEN)),
            default=PLANNED,
            line=entry.key,
            text=entry.name,
            slot=slot,
            span=span,
        )
        return span.minutes if answer == WRITTEN else None

    def _moment(
        self, asks: Asks, entry: Entry, written: str, planned: dt.datetime
    ) -> dt.datetime | None:
        clock = read_clock(written)
        read = nearest(clock.times, to=planned, timezone=self.timezone)
        if read and clock.is_sure:
            return read
        return self._ask(asks, entry, written, offered=read or planned, planned=planned)

    def _ask(
        self,
        asks: Asks,
        entry: Entry,
        written: str,
        *,
        offered: dt.datetime,
        planned: dt.datetime,
    ) -> dt.datetime | None:
        answer = self.asking.write(
            asks,
            entry.key,
            default=when.clock(offered, self.timezone),
            line=entry.key,
            text=written,
            name=entry.name,
        )
        found = nearest(read_clock(answer).times, to=planned, timezone=self.timezone)
        if found is None:
            self.asking.reopen(asks, entry.key)
        return found

    def _put_right(self, entry: Entry, slot: JobSlot, span: Span) -> Span | None:
        """Ask again about somebody who left before they came; the other way round is offered."""
        row = entry.row
        came_at = self._ask(Asks.IN, entry, row.came, offered=span.left_at, planned=slot.starts_at)
        left_at = self._ask(Asks.OUT, entry, row.left, offered=span.came_at, planned=slot.ends_at)
        if came_at is None or left_at is None:
            return None
        again = Span(came_at, left_at)
        if not again.is_possible:
            self.asking.reopen(Asks.OUT, entry.key)
        return again if again.is_possible else None
