"""Answer a calendar that asks for its feed: not changed, all of it, or why not.

Calendars keep what they have when they get an error, and throw it away when they get an empty
calendar: so every failure is a status and one line of text, never an empty feed, never a page.

Source: RFC 9110 13.2.2 (If-None-Match before If-Modified-Since); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import psycopg
from flask import Response
from flask import current_app
from flask import request
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import OperationalError

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar import programs as marks
from timebank.domain.calendar.feeds import Document
from timebank.domain.calendar.feeds import Feeds
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.programs import Programs
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.domain.calendar.reading import RevokedFeed
from timebank.models import CalendarClient
from timebank.web.calendar import telling

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import Headers

log = logging.getLogger(__name__)

FEEDS = "timebank.feeds"
FEED_LOCALE = "en_GB"  # a calendar's language is not the one that its server happens to send
ASK_AGAIN_SECONDS = "300"
PROGRAMS = "timebank.programs"
# Outlook before the rest: it calls itself Microsoft, and Mozilla besides.
CLIENTS = (
    ("google", CalendarClient.GOOGLE),
    ("outlook", CalendarClient.OUTLOOK),
    ("microsoft", CalendarClient.OUTLOOK),
    ("thunderbird", CalendarClient.THUNDERBIRD),
    ("nextcloud", CalendarClient.NEXTCLOUD),
    ("dataaccess", CalendarClient.APPLE),
    ("calendaragent", CalendarClient.APPLE),
    ("accountsd", CalendarClient.APPLE),
    ("ios/", CalendarClient.APPLE),
    ("macos/", CalendarClient.APPLE),
)


class Unchanged(Response):
    """A 304 whose headers are told in full: there is nothing to add, to put right or to take away.

    Werkzeug would do all three for every answer, which takes as long as the rest of this one.
    """

    default_mimetype = None
    default_status = HTTPStatus.NOT_MODIFIED

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:  # noqa: ARG002
        """Give the headers as they are."""
        return self.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a feed can be told in.

    Attributes:
        ending: Of the file's name when somebody saves it.
        mark: What its ETags end in: another form is other bytes.
        write: Gives the feed at a moment.
        is_shown: Whether whoever asks for it shows it to its holder, as calendars do.
    """

    media_type: str
    ending: str
    mark: str
    write: Callable[[FeedState, dt.datetime], Document]
    is_shown: bool = True


def host() -> str:
    """The host name that was asked for, without its port."""
    return request.host.partition(":")[0].lower()


def send_feed(find: Callable[[dt.datetime], FeedState], form: Form | None = None) -> Response:
    """Answer with the feed that `find` finds, or with 304, 404, 410 or 503.

    Args:
        find: Asks the database how the feed stands at a moment.
        form: What it is told in, or None for iCalendar or jCal, whichever is asked for.
    """
    now, state = request.environ.get(telling.FOUND) or (clock.now(), None)
    form = form or asked_form()
    try:
        state = state or find(now)
        response = _unchanged(state, now, form) or _whole(state, now, form)
        if form.is_shown and state.address_id and addresses.is_note_due(state.fetched_at, now):
            _note_fetch(state.address_id, now)
    except RevokedFeed as refusal:
        response = _plain(410, _(refusal.sentence))
    except NotFound as refusal:
        response = _plain(404, _(refusal.sentence))
    except (psycopg.OperationalError, OperationalError):
        response = _plain(503, _("We can’t read the calendar just now. Keep what you have."))
        response.headers["Retry-After"] = ASK_AGAIN_SECONDS
    return response


def _note_fetch(address_id: int, now: dt.datetime) -> None:
    """Note who read it; where that can't be written now, the calendar goes out all the same."""
    client = client_of(request.user_agent.string)
    try:
        addresses.note_fetch(db.session(), address_id=address_id, client=client, now=now)
        db.session.commit()
    except DBAPIError as error:
        db.session.rollback()
        log.warning("Reading a calendar was not noted: %s", type(error.orig).__name__)


def client_of(agent: str) -> CalendarClient:
    """Tell which calendar asks, by what it calls itself; what is new to us is another."""
    for word, client in CLIENTS:
        if word in agent.lower():
            return client
    return CalendarClient.OTHER


def _unchanged(state: FeedState, now: dt.datetime, form: Form) -> Response | None:
    """Answer 304 when the calendar that asks has these very bytes."""
    feeds, asked = _feeds(), request.environ
    packing = telling.packing_of(feeds, asked.get("HTTP_ACCEPT_ENCODING"))
    etag = feeds.etag(state, now) + form.mark + packing.mark
    known = asked.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        is_known = telling.names(known, etag)
    else:
        since = request.if_modified_since
        is_known = since is not None and telling.last_modified(state, now) <= since <= now
    if not is_known:
        return None
    return Unchanged(headers=telling.of_unchanged(state, etag, packing))


def _whole(state: FeedState, now: dt.datetime, form: Form) -> Response:
    document, feeds = form.write(state, now), _feeds()
    packing = telling.packing_of(feeds, request.environ.get("HTTP_ACCEPT_ENCODING"))
    etag, body = feeds.etag(document.state, now) + form.mark, document.body
    if packing.is_chosen:
        body = feeds.packed(etag, body)
    headers = telling.of_whole(
        document.state, etag + packing.mark, packing, length=len(body), now=now
    )
    response = Response(body, headers=headers)
    if form is not ICALENDAR:
        response.headers["Content-Type"] = form.media_type
        filed = response.headers["Content-Disposition"].replace(".ics", form.ending)
        response.headers["Content-Disposition"] = filed
    return response


def asked_form() -> Form:
    """Choose iCalendar or jCal by what is asked for; calendars that ask for neither get the first.

    Source: RFC 9110 12.5.1; RFC 7265 6.
    """
    return JCAL if telling.wants_jcal(request.environ.get("HTTP_ACCEPT", "")) else ICALENDAR


def programs() -> Programs:
    """Give what writes this site's feeds in other forms."""
    kept: Programs = current_app.extensions[PROGRAMS]
    return kept


def words() -> Words:
    """Give the words that the rules put into calendars, in the language of calendars."""
    with force_locale(FEED_LOCALE):
        return Words(
            cancelled=_("Cancelled: %(title)s"),
            cancelled_because=_("Cancelled: %(reason)s"),
            changed_because=_("Changed: %(reason)s"),
            bring=_("Bring: %(things)s"),
            turn=_("%(role)s: %(title)s"),
            whose=_("%(name)s: %(turn)s"),
            exchange=_("%(what)s, with %(name)s"),
            gap=_("%(count)s needed: %(role)s, %(title)s"),
            organised=_("%(title)s: %(state)s"),
            filled=_("%(filled)s of %(places)s filled"),
            at_risk=_("at risk"),
            no_go=_("can’t start"),
            about=_(
                "Kept by neighbours with Good Turn. What changes there changes here: %(page)s"
            ),
            names={
                Kind.EVERYTHING: _("What’s on in %(place)s"),
                Kind.MINE: _("My turns in %(place)s"),
                Kind.HOUSEHOLD: _("Our turns in %(place)s"),
                Kind.ORGANISING: _("What I organise in %(place)s"),
                Kind.EXCHANGES: _("Help agreed in %(place)s"),
                Kind.CHOSEN: _("What’s on in %(place)s"),
                Kind.GAPS: _("Still needed in %(place)s"),
            },
            scenes={scene: str(label) for scene, label in telling.SCENE_WORDS.items()},
        )


def _plain(status: int, sentence: str) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Response(f"{sentence}\n", status=status, headers=headers)


def _feeds() -> Feeds:
    feeds: Feeds = current_app.extensions[FEEDS]
    return feeds


def _as_icalendar(state: FeedState, now: dt.datetime) -> Document:
    return _feeds().document(reader, state, words=words, now=now)


def _as_jcal(state: FeedState, now: dt.datetime) -> Document:
    return programs().jcal(reader, state, words=words, now=now)


ICALENDAR = Form(media_type=telling.CALENDAR, ending=".ics", mark="", write=_as_icalendar)
JCAL = Form(media_type=telling.JCAL, ending=".json", mark=marks.JCAL, write=_as_jcal)
