"""What's on as a small list inside somebody else's page, and oEmbed, which finds it by itself.

The list sets no cookie, runs no script and looks at nobody's: it is the same for everybody, so
that a parish website may show it without asking its visitors anything. It is the only page of ours
that others may frame.

Source: https://oembed.com, version 1.0.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import psycopg
from flask import Blueprint
from flask import Response
from flask import current_app
from flask import request
from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import reader
from timebank.domain.calendar import reading
from timebank.domain.calendar.coming import USUAL
from timebank.domain.calendar.coming import Coming
from timebank.domain.calendar.coming import NothingToShow
from timebank.domain.calendar.coming import coming
from timebank.domain.calendar.composing import site_address
from timebank.web import installation
from timebank.web.calendar.answers import ASK_AGAIN_SECONDS
from timebank.web.calendar.answers import host

bp = Blueprint("embed", __name__)

WIDTH, HEIGHT = 400, 420  # pixels, where the page that embeds says nothing
KEEP_SECONDS = 900
MAY_BE_FRAMED = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
)
SAID = {"event", "group", "most"}
_DATE_OR_SERIES = re.compile(r"/e/([a-z0-9-]{1,60})(?:/([0-9]{4}-[0-9]{2}-[0-9]{2}))?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,5}")


@bp.get("/embed")
def whats_on() -> Response:
    """Show the next dates of everything, `?event=` or `?group=`; `most=` says how many."""
    try:
        shown = _find(
            request.args.get("event"),
            request.args.get("group"),
            _number(request.args.get("most")) or USUAL,
        )
    except NotFound as refusal:
        return _plain(404, _(refusal.sentence))
    except psycopg.OperationalError:
        return _away()
    # Not by render_template: it would ask who is signed in, and answers would differ by cookie.
    page = current_app.jinja_env.get_template("embed/whats_on.html").render(
        shown=shown,
        site=_site(shown),
        title=_title(shown),
    )
    response = _cacheable(Response(page))
    response.headers["Content-Security-Policy"] = MAY_BE_FRAMED
    return response


@bp.get("/oembed")
def oembed() -> Response:
    """Tell a page that embeds an address of ours how to show it; of other addresses, 404."""
    form = request.args.get("format", "json").lower()
    if form not in {"json", "xml"}:
        return _plain(501, _("We answer in json or xml."))
    try:
        told = _told(request.args.get("url", ""))
    except NotFound as refusal:
        return _plain(404, _(refusal.sentence))
    except psycopg.OperationalError:
        return _away()
    response = _cacheable(_as_xml(told) if form == "xml" else _as_json(told))
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _find(series: str | None, group: str | None, most: int) -> Coming:
    if "\0" in f"{series}{group}":  # no slug has it, and the database takes no such text
        raise NothingToShow
    return coming(reader, host=host(), series=series, group=group, most=most, now=clock.now())


def _told(address: str) -> dict[str, str | int]:
    """Say how to embed what is at an address of ours."""
    shown, query = _at(address)
    site = _site(shown)
    query_text = f"?{urlencode(query)}" if query else ""
    width = min(WIDTH, _number(request.args.get("maxwidth")) or WIDTH)
    height = min(HEIGHT, _number(request.args.get("maxheight")) or HEIGHT)
    title = _title(shown)
    frame = Markup(
        '<iframe src="{src}" width="{width}" height="{height}" title="{title}"'
        ' loading="lazy" style="border:0;max-width:100%"></iframe>'
    )
    source = f"{site}{url_for('embed.whats_on')}{query_text}"
    return {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": shown.community,
        "provider_url": f"{site}/",
        "cache_age": KEEP_SECONDS,
        "html": str(frame.format(src=source, width=width, height=height, title=title)),
        "width": width,
        "height": height,
    }


def _at(address: str) -> tuple[Coming, dict[str, str]]:
    """Find what an address of this community shows, and how its list is asked for.

    Raises:
        NothingToShow: It is somebody else's, or there is no such page.
    """
    try:
        parts = urlsplit(address)
        here = _is_here(parts.scheme, parts.netloc)
    except ValueError:
        raise NothingToShow from None
    if not here:
        raise NothingToShow
    if parts.path in {"", "/", "/calendar"}:
        return _find(None, None, USUAL), {}
    if parts.path == url_for("embed.whats_on"):
        asked = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
        query = {name: text for name, text in asked.items() if name in SAID}
        most = _number(query.get("most")) or USUAL
        return _find(query.get("event"), query.get("group"), most), query
    found = _DATE_OR_SERIES.fullmatch(parts.path)
    if found is None:
        raise NothingToShow
    slug, day = found.groups()
    if day is not None:
        _require_date(slug, day)
    return _find(slug, None, USUAL), {"event": slug}


def _require_date(slug: str, day: str) -> None:
    try:
        date = dt.date.fromisoformat(day)
    except ValueError:
        raise NothingToShow from None
    reading.one_date(reader, host=host(), slug=slug, day=date)


def _is_here(scheme: str, netloc: str) -> bool:
    """Tell whether an address is of the community that is asked, by https or not."""
    ours = urlsplit(_site(_find(None, None, 1)))
    return scheme in {"http", "https"} and netloc.lower() == ours.netloc.lower()


def _title(shown: Coming) -> str:
    return shown.name or _("What’s on in %(place)s", place=shown.place)


def _site(shown: Coming) -> str:
    settings = installation.settings()
    return site_address(settings.public_url, shown.host)


def _number(typed: str | None) -> int | None:
    """Read a whole number; what is none, and nought, count as not said."""
    return (int(typed) or None) if typed and _WHOLE_NUMBER.fullmatch(typed) else None


def _as_json(told: dict[str, str | int]) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), mimetype="application/json")


def _as_xml(told: dict[str, str | int]) -> Response:
    root = ET.Element("oembed")
    for name, text in told.items():
        ET.SubElement(root, name).text = str(text)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, content_type="text/xml; charset=utf-8")


def _cacheable(response: Response) -> Response:
    """Let everybody keep it for a while, and ask with its ETag whether it is still so."""
    response.headers["Cache-Control"] = f"public, max-age={KEEP_SECONDS}"
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _plain(status: int, sentence: str) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Response(f"{sentence}\n", status=status, headers=headers)


def _away() -> Response:
    response = _plain(503, _("We can’t read the calendar just now. Please come back soon."))
    response.headers["Retry-After"] = ASK_AGAIN_SECONDS
    return response
