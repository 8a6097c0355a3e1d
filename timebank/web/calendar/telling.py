"""What every answer to a calendar tells: what it is, how long it may be kept, and by whom.

Source: RFC 9110 8.8 (validators), 15.4.5 (304); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

from werkzeug.datastructures import Accept
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import http_date
from werkzeug.http import parse_accept_header

from timebank.domain.calendar.feeds import PACKED
from timebank.domain.calendar.feeds import Feeds
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.models import Shows
from timebank.web.events.forms import SCENES
from timebank.web.headers import HEADERS

CALENDAR = "text/calendar; charset=utf-8"
JCAL = "application/calendar+json"
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


@dataclass(frozen=True, slots=True)
class Packing:
    """Whether a site packs its feeds, and whether this answer is to be packed.

    What is packed has an ETag of its own, since it is other bytes.

    Source: RFC 9110 8.8.3.3 (ETags and content codings), 12.5.5 (Vary).
    """

    is_offered: bool
    is_chosen: bool

    @property
    def mark(self) -> str:
        """What the ETag ends in."""
        return PACKED if self.is_chosen else ""

    @property
    def vary(self) -> str:
        """What else the answer depends on, besides the address."""
        # The same address answers in jCal to whoever asks for that.
        return "Accept, Accept-Encoding" if self.is_offered else "Accept"


AS_IT_IS = Packing(is_offered=False, is_chosen=False)


def packing_of(feeds: Feeds, accepted: str | None) -> Packing:
    """Choose whether to pack an answer, by its request's Accept-Encoding."""
    if not feeds.packs:
        return AS_IT_IS
    return Packing(is_offered=True, is_chosen=_takes_gzip(accepted or ""))


@functools.lru_cache(maxsize=256)
def wants_jcal(accepted: str) -> bool:
    """Tell by a request's Accept whether jCal is wanted; who takes both alike gets iCalendar."""
    if "application/" not in accepted.lower():
        return False
    types = parse_accept_header(accepted, MIMEAccept)
    return types.best_match(["text/calendar", JCAL]) == JCAL


def names(known: str, etag: str) -> bool:
    """Tell whether an If-None-Match names an ETag: weak, strong, in a list, or any there is.

    An ETag of ours holds no quotation mark, so that it can be looked for as it stands.
    """
    return f'"{etag}"' in known or known.strip() == "*"


@functools.lru_cache(maxsize=256)
def _takes_gzip(accepted: str) -> bool:
    return parse_accept_header(accepted, Accept).quality("gzip") > 0


def of_unchanged(state: FeedState, etag: str, packing: Packing) -> list[tuple[str, str]]:
    """Give the headers of a 304."""
    caching = PRIVATE if state.is_private else PUBLIC
    return [("ETag", f'"{etag}"'), ("Vary", packing.vary), *caching]


def of_whole(
    state: FeedState, etag: str, packing: Packing, *, length: int, now: dt.datetime
) -> list[tuple[str, str]]:
    """Give the headers of a calendar in full, `length` bytes long as it is sent."""
    disposition = "attachment" if state.kind is Kind.DATE else "inline"
    headers = [
        *of_unchanged(state, etag, packing),
        *([("Content-Encoding", "gzip")] if packing.is_chosen else []),
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
