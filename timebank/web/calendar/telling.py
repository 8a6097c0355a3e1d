"""What every answer to a calendar tells: what it is, how long it may be kept, and by whom.

Source: RFC 9110 8.8 (validators), 15.4.5 (304); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt

from werkzeug.http import http_date

from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.models import Shows
from timebank.web.events.forms import SCENES
from timebank.web.headers import HEADERS

CALENDAR = "text/calendar; charset=utf-8"
FOUND = "timebank.calendar.found"  # in a request: when it was looked into, and the feed's state
FILENAMES = {
    Kind.EVERYTHING: "whats-on",
    Kind.MINE: "my-turns",
    Kind.HOUSEHOLD: "our-turns",
    Kind.ORGANISING: "organising",
    Kind.EXCHANGES: "help-agreed",
    Kind.CHOSEN: "whats-on",
    Kind.GAPS: "still-needed",
}
# What stands for a kind in its addresses, /f/<kind>/<token>.ics; one's own turns stand at /me/.
SHOWS_AT = {
    "household": Shows.HOUSEHOLD,
    "organising": Shows.ORGANISING,
    "exchanges": Shows.EXCHANGES,
    "whats-on": Shows.WHATS_ON,
    "gaps": Shows.GAPS,
}
KEY_OF = {shows: key for key, shows in SHOWS_AT.items()}
SCENE_WORDS = dict(SCENES)
LETTER = len("/e/")
PUBLIC = (("Cache-Control", "public, max-age=900"), ("Referrer-Policy", "no-referrer"))
PRIVATE = (
    ("Cache-Control", "private, no-cache"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
)
SAFETY = tuple((name, text) for name, text in HEADERS if name != "Referrer-Policy")


def of_unchanged(state: FeedState, etag: str) -> list[tuple[str, str]]:
    """Give the headers of a 304."""
    caching = PRIVATE if state.is_private else PUBLIC
    # The same address answers in jCal to whoever asks for that.
    return [("ETag", f'"{etag}"'), ("Vary", "Accept"), *caching]


def of_whole(
    state: FeedState, etag: str, *, length: int, now: dt.datetime
) -> list[tuple[str, str]]:
    """Give the headers of a calendar in full, `length` bytes long."""
    disposition = "attachment" if state.kind is Kind.DATE else "inline"
    headers = [
        *of_unchanged(state, etag),
        *SAFETY,
        ("Content-Type", CALENDAR),
        ("Content-Length", str(length)),
        ("Content-Disposition", f'{disposition}; filename="{_filename(state)}.ics"'),
    ]
    changed_at = last_modified(state, now)
    if changed_at < now:
        headers.append(("Last-Modified", http_date(changed_at)))
    return headers


def last_modified(state: FeedState, now: dt.datetime) -> dt.datetime:
    """Tell when a feed changed, in whole seconds, the next one.

    What is taken out leaves no trace in the newest change, so a date is worth one day at most;
    the ETag knows better, and calendars that send one are never told by date.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if state.changed_at is None:
        return today
    changed_at = state.changed_at.replace(microsecond=0) + dt.timedelta(seconds=1)
    return max(today, changed_at)


def _filename(state: FeedState) -> str:
    """Name the file of a calendar that is saved by hand, without `.ics`."""
    return FILENAMES.get(state.kind) or state.path[LETTER:].replace("/", "-")
