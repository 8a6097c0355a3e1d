"""Write what calendars will ask for, before they do: the newest version of each date.

Whoever asks first gets the same bytes a little later when this has not run, so nothing depends on
it. It is safe to run twice, and beside feeds that write the same.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.calendar import entry_statements
from timebank.domain.calendar import reading
from timebank.domain.calendar.composing import item_of
from timebank.domain.calendar.entries import Entry
from timebank.domain.calendar.entries import style_of
from timebank.domain.calendar.entries import values_of
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.models import Community

MOST = 500  # dates a run: a second's work for the library that writes them
WORDS = Words()
FACTS = len(("community_id", "event_id", "style"))


class Wrote(NamedTuple):
    """What a run did: how many entries it wrote, and how many outdated ones it took away."""

    written: int
    removed: int


class _Site(NamedTuple):
    """Where and how the dates of a community are told."""

    state: FeedState
    style: bytes


def write_ahead(session: Session, *, public_url: str, most: int = MOST, now: dt.datetime) -> Wrote:
    """Write the dates of the window that nobody has written yet, and take outdated ones away.

    The marks of what has changed are put together besides, so that a look finds few.

    Args:
        public_url: The address of the whole site, which UIDs end in.
        most: How many to write at most; the next run goes on.
    """
    edges = reading.window(now)
    sites = _sites(session, public_url)
    values = {
        "communities": list(sites),
        "styles": [site.style for site in sites.values()],
        "since": edges.since,
        "until": edges.until,
        "now": now,
        "most": most,
    }
    connection = session.connection()
    connection.exec_driver_sql(entry_statements.FOLDED)
    removed = connection.exec_driver_sql(entry_statements.OUTDATED, values).rowcount
    rows = connection.exec_driver_sql(entry_statements.MISSING, values).all()
    if not rows:
        return Wrote(0, removed)
    written = 0
    for style, made in _written(rows, sites, public_url).items():
        stored = connection.exec_driver_sql(entry_statements.STORE, values_of(made, style=style))
        written += len(stored.all())
    return Wrote(written, removed)


def _sites(session: Session, public_url: str) -> Mapping[int, _Site]:
    """Tell of each community how its dates are told."""
    rows = session.execute(
        sa.select(Community.id, Community.host, Community.timezone).order_by(Community.id)
    )
    return {
        row.id: _Site(
            reading.bare_state(
                Kind.EVERYTHING, holder_id=row.id, host=row.host, timezone=row.timezone
            ),
            style_of(public_url, host=row.host, timezone=row.timezone, words=WORDS),
        )
        for row in rows
    }


def _written(
    rows: Any,  # noqa: ANN401 - rows of any width
    sites: Mapping[int, _Site],
    public_url: str,
) -> dict[bytes, list[Entry]]:
    """Write each of these dates, by the style it is written in."""
    # The library takes a tenth of a second to load: only where there is something to write.
    from timebank.domain.calendar import vevents  # noqa: PLC0415

    made = defaultdict(list)
    for row in rows:
        community_id, event_id, style = row[:FACTS]
        told = reading.showing_of(row, facts=FACTS)
        item = item_of(told, sites[community_id].state, WORDS, public_url)
        entry = Entry(event_id=event_id, sequence=told.sequence, body=vevents.vevent(item))
        made[bytes(style)].append(entry)
    return made
