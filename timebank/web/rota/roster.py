"""What macros/roster.html and the noticeboard show of a grid: every word and address ready.

A large rota has a thousand cells. So what many cells share (the words of a day, the address of its
claim pages, somebody's initials) is made once, and a cell is left with what is its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

from flask import url_for
from flask_babel import gettext as _

from timebank.core.text import initials
from timebank.domain.rota import grid
from timebank.domain.rota.coverage import Light
from timebank.domain.rota.coverage import light_of
from timebank.models import HeldFor
from timebank.web.filters import clock
from timebank.web.filters import day as day_of
from timebank.web.filters import hue
from timebank.web.filters import long_day


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a cell, with its avatar."""

    words: str
    initials: str
    hue: int
    is_you: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A job on a date.

    Attributes:
        free: Places going spare; `more` says how many when there are several, or that one is
            needed.
        is_open: Whether the viewer can take one.
        lacking: How many are still to be found that the date can't start without.
    """

    slot_id: int
    people: tuple[Name, ...]
    free: int
    more: str
    is_open: bool
    lacking: int
    is_yours: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A job over the dates; a cell is None where a date doesn't have it."""

    title: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a date.

    Attributes:
        light: None where the date is over, off, or has no jobs.
        lacking: How many have yet to say yes before it can start; `lacks` names their jobs.
        moved_to: The time it was moved to, in words.
        claim_url: An address to which the number of a slot is added.
        change_url: For those who run it, as is `print_url`.
    """

    starts_at: dt.datetime
    day: str
    long_day: str
    filled: int
    total: int
    needed: int
    lacking: int
    lacks: tuple[str, ...]
    light: Light | None
    is_next: bool
    is_over: bool
    is_cancelled: bool
    is_left_out: bool
    moved_to: str
    url: str
    claim_url: str
    change_url: str | None
    print_url: str | None


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who looks at a rota: what is theirs, and what only those who run it see."""

    membership_id: int | None
    runs_it: bool


EVERYBODY = Onlooker(None, runs_it=False)


@dataclass(frozen=True, slots=True)
class Look:
    """At which rota somebody looks, and when; `zone` is that of the clocks there."""

    slug: str
    zone: str
    onlooker: Onlooker
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Roster:
    """A grid, ready to show."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def roster_of(read: grid.Grid, look: Look) -> Roster:
    """Word a grid for whoever looks at it."""
    titles = [title_of(row, look.zone) for row in read.rows]
    columns = tuple(_column(read, index, titles, look) for index in range(len(read.dates)))
    rows = tuple(
        Row(title, _cells(row, read.dates, look))
        for row, title in zip(read.rows, titles, strict=True)
    )
    return Roster(columns, rows)


def title_of(row: grid.GridRow, zone: str) -> str:
    """Name a row: its job, and which turn where the job is shared out through the day."""
    if row.turn_at is None:
        return row.name
    return _("%(job)s, %(time)s", job=row.name, time=clock(row.turn_at, zone))


def _column(read: grid.Grid, index: int, titles: list[str], look: Look) -> Column:
    date = read.dates[index]
    jobs = read.jobs_of(index)
    lacking = sum(job.short for job in jobs)
    is_ahead = date.starts_at > look.now and date.takes_place
    return Column(
        starts_at=date.starts_at,
        day=day_of(date.starts_at, look.zone),
        long_day=long_day(date.starts_at, look.zone),
        filled=sum(len(job.takers) for job in jobs),
        total=sum(job.places for job in jobs),
        needed=sum(job.needed for job in jobs),
        lacking=lacking,
        lacks=_lacks(read, index, titles),
        light=light_of(lacking=lacking, is_late=date.is_late) if is_ahead and jobs else None,
        is_next=date.takes_place and date.ends_at > look.now and not _earlier(read, index, look),
        is_over=date.ends_at <= look.now,
        is_cancelled=date.is_cancelled,
        is_left_out=date.is_left_out,
        moved_to=clock(date.starts_at, look.zone) if date.has_moved else "",
        url=_address("events.event", date, look),
        claim_url=_address("rota.claim", date, look, slot_id=0).removesuffix("0"),
        change_url=_address("editor.change", date, look)
        if look.onlooker.runs_it and is_ahead
        else None,
        print_url=_address("grid.print_sheet", date, look)
        if look.onlooker.runs_it and not date.is_left_out
        else None,
    )


def _address(endpoint: str, date: grid.GridDate, look: Look, **values: int) -> str:
    return url_for(endpoint, slug=look.slug, day=date.occurs_on, **values)  # type: ignore[arg-type]  # **values are none of its own


def _earlier(read: grid.Grid, index: int, look: Look) -> bool:
    """Whether another date of the page takes place before this one, and is not over."""
    starts_at = read.dates[index].starts_at
    return any(
        date.takes_place and look.now < date.ends_at and date.starts_at < starts_at
        for date in read.dates
    )


def _lacks(read: grid.Grid, index: int, titles: list[str]) -> tuple[str, ...]:
    lacking = [
        title
        for row, title in zip(read.rows, titles, strict=True)
        if (job := row.cells[index]) and job.short
    ]
    return tuple(lacking)


def _cells(
    row: grid.GridRow, dates: tuple[grid.GridDate, ...], look: Look
) -> tuple[Cell | None, ...]:
    return tuple(
        _cell(job, look) if job and date.takes_place else None
        for job, date in zip(row.cells, dates, strict=True)
    )


def _cell(job: grid.GridJob, look: Look) -> Cell:
    people = tuple(_name(taker, look.onlooker) for taker in job.takers)
    is_yours = any(person.is_you for person in people)
    return Cell(
        slot_id=job.slot_id,
        people=people,
        free=job.free,
        more=_more(job),
        is_open=job.free > 0 and job.ends_at > look.now and not is_yours,
        lacking=job.lacking,
        is_yours=is_yours,
    )


def _more(job: grid.GridJob) -> str:
    if job.free > 1:
        says = _("Needed · %(free)s free") if job.lacking else _("%(free)s free")
        return says % {"free": job.free}
    return _("Needed") if job.lacking else ""


def _name(taker: grid.GridTaker, onlooker: Onlooker) -> Name:
    """Word a name; who was only asked has not agreed to be shown to everybody."""
    is_you = taker.membership_id == onlooker.membership_id
    was_asked = taker.held_for in {HeldFor.ASKED, HeldFor.OFFERED}
    if was_asked and not (is_you or onlooker.runs_it):
        return Name(_("Somebody’s been asked"), "?", hue(0), is_you=False)
    words = _("You") if is_you else taker.name
    if was_asked:
        words = _("%(name)s (asked)", name=words)
    elif taker.held_for:
        words = _("%(name)s (confirming)", name=words)
    return Name(words, _initials(taker.name), hue(taker.membership_id), is_you)


_initials = cache(initials)
