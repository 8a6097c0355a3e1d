"""The composition root: build the Flask app out of settings, adapters and slices."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from flask import Flask
from flask_babel import Babel
from flask_babel import gettext
from jinja2 import FileSystemBytecodeCache
from werkzeug.middleware.proxy_fix import ProxyFix

from timebank.adapters.probes import health_look
from timebank.adapters.probes import works_look
from timebank.core import text
from timebank.core.settings import Settings
from timebank.core.settings import is_loopback
from timebank.db import CONNECTION_LIMITS
from timebank.db import db
from timebank.db import reader
from timebank.demo import DEMO_PEOPLE
from timebank.web import addresses
from timebank.web import auth
from timebank.web import converters
from timebank.web import cookies
from timebank.web import drawing
from timebank.web import errors
from timebank.web import filters
from timebank.web import flashes
from timebank.web import form_tokens
from timebank.web import headers
from timebank.web import installation
from timebank.web import kept
from timebank.web import limits
from timebank.web import problems
from timebank.web import static_files
from timebank.web import surroundings
from timebank.web.blueprints import BLUEPRINTS
from timebank.web.rota.shortcut import Taps

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    from timebank.core.works import Planned

# What every page uses, each with a `register(app)` of its own.
PARTS = (
    auth,
    addresses,
    converters,
    cookies,
    drawing,
    errors,
    filters,
    flashes,
    form_tokens,
    headers,
    kept,
    limits,
    problems,
    static_files,
    surroundings,
)
LOCALE = Locale("en", "GB")
JINJA_OPTIONS = {
    "trim_blocks": True,
    "lstrip_blocks": True,
    # Compiled templates, in a private folder under the system's temporary one; the next process
    # starts with them. The name changes with the options above, which the content does not.
    "bytecode_cache": FileSystemBytecodeCache(pattern="timebank-trim-lstrip-%s.cache"),
}
PACKAGE = Path(__file__).resolve().parent
LARGEST_BODY_BYTES = 1_000_000
MOST_FORM_FIELDS = 500


class App(Flask):
    """Flask for views that are plain functions, as all of ours are."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function as it is: Flask would look into each, at each request."""
        return func


def create_app(settings: Settings) -> Flask:
    """Build the web application; nothing else reads the environment or opens connections."""
    app = App(__name__, template_folder=str(folder("templates")), static_folder=None)
    app.config.update(_config(settings))
    app.extensions[installation.KEY] = settings
    app.extensions["timebank.demo_people"] = DEMO_PEOPLE if settings.demo else ()
    app.jinja_options = JINJA_OPTIONS
    app.extensions["timebank.probes"] = health_look(settings)
    app.extensions["timebank.works"] = works_look(settings)
    app.extensions["timebank.planned"] = _planned
    db.init_app(app)
    reader.bind(settings.database_url)
    text.bind(gettext)
    # A locale, not its name: Babel would read the name anew in each request.
    Babel(app, locale_selector=lambda: LOCALE, default_timezone="UTC")
    for part in PARTS:
        part.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.wsgi_app = Taps(app.wsgi_app, app)  # type: ignore[method-assign]
    if not is_loopback(settings.public_url):
        # A proxy stands in front (docs/operations.md): it says who asks, and whether by https.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


def folder(name: str) -> Path:
    """Find templates, static or migrations: beside the package, or inside it when installed."""
    beside = PACKAGE.parent / name
    return beside if beside.is_dir() else PACKAGE / f"_{name}"


def _planned(zones: Sequence[str], now: dt.datetime) -> list[Planned]:
    """List the schedule; it is loaded when the operator first looks, for it brings the queue's."""
    from timebank.jobs.schedule import planned  # noqa: PLC0415

    return planned(zones, now)


def _config(settings: Settings) -> dict[str, object]:
    secure = urlsplit(settings.public_url).scheme == "https"
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": 4,
            "max_overflow": 4,
            "pool_recycle": 1800,
            "connect_args": {"options": CONNECTION_LIMITS, "prepare_threshold": 1},
        },
        "MAX_CONTENT_LENGTH": LARGEST_BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": LARGEST_BODY_BYTES,
        "MAX_FORM_PARTS": MOST_FORM_FIELDS,
        "PERMANENT_SESSION_LIFETIME": dt.timedelta(days=90),
        "SESSION_COOKIE_NAME": "__Host-goodturn" if secure else "goodturn",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
    }
