"""A real Chromium before the real app, served on a free port: one Chromium for the folder."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from playwright.sync_api import sync_playwright

from tests.browser.seeing import LOOKS
from tests.browser.seeing import Look
from tests.browser.seeing import Screen
from tests.browser.serving import serving
from tests.browsing import Browser as FlaskBrowser
from timebank.adapters import maildir
from timebank.adapters.mail import mail_folder
from timebank.adapters.maildir import FiledMail
from timebank.core.settings import Settings
from timebank.jobs import notices
from timebank.jobs import tools
from timebank.models import Membership

NAMES = ("chromium", "chromium-browser", "google-chrome")
NONE_HERE = f"no Chromium on this machine ({', '.join(NAMES)}): browser tests are skipped"
PATIENCE_MS = 10_000


@pytest.fixture(scope="package")
def chromium() -> Iterator[Chromium]:
    """One Chromium for all; without one the tests are skipped, or fail where one is required."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(NONE_HERE.replace("are skipped", "cannot run"))
    if path is None:
        pytest.skip(NONE_HERE)
    expect.set_options(timeout=PATIENCE_MS)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=as_root)
        yield chromium
        chromium.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A free port, taken before the app is built so that its mails can name it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def settings(settings: Settings, listener: socket.socket) -> Settings:
    port = listener.getsockname()[1]
    return replace(settings, public_url=f"http://localhost:{port}", port=port)


@pytest.fixture
def address(app: Flask, settings: Settings, listener: socket.socket) -> Iterator[str]:
    """Where the app answers."""
    with serving(app, listener):
        yield settings.public_url


@dataclass(frozen=True, slots=True)
class Post:
    """The worker that delivers, and the folder where mail is filed instead of being sent."""

    settings: Settings

    def deliver(self) -> None:
        """Send what is due."""
        notices.drain()

    def newest(self) -> FiledMail:
        return maildir.newest_mail(mail_folder(self.settings.smtp_url))[0]


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    opened = tools.open_tools(settings)
    tools.bind(opened)
    yield Post(settings)
    opened.engine.dispose()
    tools._bound.clear()


OpenScreen = Callable[..., Screen]


@pytest.fixture
def open_screen(chromium: Chromium, address: str, app: Flask) -> Iterator[OpenScreen]:
    """Hand somebody a screen of their own, signed in as `of` or signed out."""
    contexts = []

    def open_one(
        story: str, look: Look, *, of: Membership | None = None, **settings: object
    ) -> Screen:
        context = chromium.new_context(
            base_url=address,
            viewport=look.viewport,
            color_scheme=look.scheme,
            reduced_motion="reduce",
            locale="en-GB",
            **settings,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if of:
            context.add_cookies([{**_sign_in_cookie(app, of), "url": address}])
        return Screen(context.new_page(), story=story, look=look)

    yield open_one
    for context in contexts:
        context.close()


def _sign_in_cookie(app: Flask, member: Membership) -> dict[str, str]:
    """Sign somebody in as their e-mailed link would do."""
    client = FlaskBrowser(app, host="localhost").sign_in(member).client
    name = app.config["SESSION_COOKIE_NAME"]
    return {"name": name, "value": client.get_cookie(name, domain="localhost").value}


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """A phone and a desk, by day and by night."""
    return request.param
