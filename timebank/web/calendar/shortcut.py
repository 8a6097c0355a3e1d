"""Answer calendars that ask for what is kept ready before Flask is asked: nearly all of them.

Calendars ask every few hours, for years, and mostly nothing has changed. One statement says so, or
says that the bytes kept in this process are right. Everything else goes on to the routes: a feed
that has to be written, one that is not there, a database that is away. What it saves stands in
docs/measurements.md.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import psycopg

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar import reading
from timebank.models import Shows
from timebank.web.calendar import telling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from timebank.domain.calendar.feeds import Feeds
    from timebank.domain.calendar.reading import FeedState

_ADDRESS = re.compile(
    r"/calendar/all\.ics"
    r"|/e/(?P<slug>[a-z0-9-]{1,60})/(?:calendar|(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}))\.ics"
    r"|/(?:me|f/(?P<shows>[a-z-]{1,12}))/(?P<token>[a-z2-7]{32})\.ics"
    r"|/g/(?P<group>[a-z0-9-]{1,60})/calendar\.ics"
)


class KeptFeeds:
    """The app, behind a door that hands out what is kept ready."""

    def __init__(self, app: WSGIApplication, feeds: Feeds) -> None:
        self._app = app
        self._feeds = feeds

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from what is kept; else ask the app."""
        method = environ["REQUEST_METHOD"]
        is_feed = environ["PATH_INFO"].endswith(".ics")
        if is_feed and method in {"GET", "HEAD"}:
            answer = self._from_kept(environ)
            if answer:
                status, headers, body = answer
                start_response(status, headers)
                return (body,) if method == "GET" else ()
        return self._app(environ, start_response)

    def _from_kept(
        self, environ: WSGIEnvironment
    ) -> tuple[str, list[tuple[str, str]], bytes] | None:
        """Give status, headers and body, or None for everything that is not kept ready."""
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is None and "HTTP_IF_MODIFIED_SINCE" in environ:
            return None
        now = clock.now()
        state = _find(environ, now)
        if state is None:
            return None
        environ[telling.FOUND] = now, state  # the route needs not ask again
        # jCal is the routes' business.
        if _wants_jcal(environ) or _is_to_be_noted(state, now):
            return None
        packing = telling.packing_of(self._feeds, environ.get("HTTP_ACCEPT_ENCODING"))
        etag = self._feeds.etag(state, now) + packing.mark
        if known and telling.names(known, etag):
            return "304 NOT MODIFIED", telling.of_unchanged(state, etag, packing), b""
        body = self._feeds.kept(etag)
        if body is None:
            return None
        headers = telling.of_whole(state, etag, packing, length=len(body), now=now)
        return "200 OK", headers, body


def _wants_jcal(environ: WSGIEnvironment) -> bool:
    return telling.wants_jcal(environ.get("HTTP_ACCEPT", ""))


def _find(environ: WSGIEnvironment, now: dt.datetime) -> FeedState | None:
    found = _ADDRESS.fullmatch(environ["PATH_INFO"])
    if found is None:
        return None
    host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
    try:
        return _ask(found, host, now)
    except (NotFound, KeyError, ValueError, psycopg.Error):
        return None


def _ask(found: re.Match[str], host: str, now: dt.datetime) -> FeedState:
    slug, day, kind, token, group = found.groups()
    if token:
        shows = telling.SHOWS_AT[kind] if kind else Shows.TURNS
        return reading.private(reader, shows=shows, host=host, token=token, now=now)
    if group:
        return reading.group(reader, host=host, slug=group, now=now)
    if day:
        date = dt.date.fromisoformat(day)
        return reading.one_date(reader, host=host, slug=slug, day=date)
    if slug:
        return reading.series(reader, host=host, slug=slug, now=now)
    return reading.whats_on(reader, host=host, now=now)


def _is_to_be_noted(state: FeedState, now: dt.datetime) -> bool:
    return state.address_id is not None and addresses.is_note_due(state.fetched_at, now)
