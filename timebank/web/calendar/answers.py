"""Answer a calendar that asks for its feed: not changed, all of it, or why not.

Calendars keep what they have when they get an error, and throw it away when they get an empty
calendar: so every failure is a status and one line of text, never an empty feed, never a page.

Source: RFC 9110 13.2.2 (If-None-Match before If-Modified-Since); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import psycopg
from flask import Response
from flask import current_app
from flask import request
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.http import http_date

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar.feeds import Feeds
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.domain.calendar.reading import RevokedFeed

FEEDS = "timebank.feeds"
FEED_LOCALE = "en_GB"  # a calendar's language is not the one that its server happens to send
CALENDAR = "text/calendar; charset=utf-8"
PUBLIC = "public, max-age=900"
PRIVATE = "private, no-cache"
ASK_AGAIN_SECONDS = "300"


def host() -> str:
    """The host name that was asked for, without its port."""
    return request.host.partition(":")[0].lower()


def send_feed(find: Callable[[dt.datetime], FeedState], *, filename: str) -> Response:
    """Answer with the feed that `find` finds, or with 304, 404, 410 or 503.

    Args:
        find: Asks the database how the feed stands at a moment.
        filename: What a calendar saved by hand is called, without `.ics`.
    """
    now = clock.now()
    try:
        state = find(now)
        response = _unchanged(state, now) or _whole(state, now, filename)
        if state.address_id is not None and addresses.is_note_due(state.fetched_at, now):
            addresses.note_fetch(db.session(), address_id=state.address_id, now=now)
            db.session.commit()
    except RevokedFeed as refusal:
        response = _plain(410, _(refusal.sentence))
    except NotFound as refusal:
        response = _plain(404, _(refusal.sentence))
    except (psycopg.OperationalError, OperationalError):
        response = _plain(503, _("We can’t read the calendar just now. Keep what you have."))
        response.headers["Retry-After"] = ASK_AGAIN_SECONDS
    return response


def _unchanged(state: FeedState, now: dt.datetime) -> Response | None:
    """Answer 304 when the calendar that asks has these very bytes."""
    etag = _feeds().etag(state, now)
    if "If-None-Match" in request.headers:
        is_known = request.if_none_match.contains_weak(etag)
    else:
        asked = request.if_modified_since
        is_known = asked is not None and _last_modified(state, now) <= asked <= now
    return Response(status=304, headers=_headers(state, now)) if is_known else None


def _whole(state: FeedState, now: dt.datetime, filename: str) -> Response:
    document = _feeds().document(reader, state, words=_words, now=now)
    response = Response(document.body, headers=_headers(document.state, now))
    kind = "attachment" if state.kind is Kind.DATE else "inline"
    response.headers["Content-Disposition"] = f'{kind}; filename="{filename}.ics"'
    return response


def _headers(state: FeedState, now: dt.datetime) -> dict[str, str]:
    is_private = state.kind is Kind.MINE
    headers = {
        "Content-Type": CALENDAR,
        "ETag": f'"{_feeds().etag(state, now)}"',
        "Cache-Control": PRIVATE if is_private else PUBLIC,
        "Referrer-Policy": "no-referrer",
    }
    changed_at = _last_modified(state, now)
    if changed_at < now:
        headers["Last-Modified"] = http_date(changed_at)
    if is_private:
        headers["X-Robots-Tag"] = "noindex"
    return headers


def _last_modified(state: FeedState, now: dt.datetime) -> dt.datetime:
    """Tell when a feed changed, in whole seconds, the next one.

    What is taken out leaves no trace in the newest change, so a date is worth one day at most;
    the ETag knows better, and calendars that send one are never told by date.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if state.changed_at is None:
        return today
    changed_at = state.changed_at.replace(microsecond=0) + dt.timedelta(seconds=1)
    return max(today, changed_at)


def _words() -> Words:
    with force_locale(FEED_LOCALE):
        return Words(
            cancelled=_("Cancelled: %(title)s"),
            cancelled_because=_("Cancelled: %(reason)s"),
            changed_because=_("Changed: %(reason)s"),
            bring=_("Bring: %(things)s"),
            turn=_("%(role)s: %(title)s"),
            whats_on=_("What’s on in %(place)s"),
            my_turns=_("My turns in %(place)s"),
        )


def _plain(status: int, sentence: str) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Response(f"{sentence}\n", status=status, headers=headers)


def _feeds() -> Feeds:
    feeds: Feeds = current_app.extensions[FEEDS]
    return feeds
