"""A parish shows what's on inside its own website: any width, no script, no cookie."""

from __future__ import annotations

import datetime as dt
import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.seeing import Look
from tests.builders import Walk
from tests.builders import a_walk
from tests.builders import an_event
from tests.calendars import cancel
from timebank.core import clock

STORY = "whats-on-elsewhere"
PARISH = """<!doctype html><html lang="en"><head><title>St Mary’s</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>St Mary’s</h1>
{lines}</main></body></html>"""


@pytest.fixture
def walk(session) -> Walk:
    today = clock.now().date()
    walk = a_walk(session, day=today + dt.timedelta(days=3))
    walk.series.title = "Danson Saturday Stroll for everybody who likes walking"
    later = an_event(session, walk.series, today + dt.timedelta(days=10))
    session.commit()
    session.refresh(later)
    cancel(session, later, "The path is flooded", now=clock.now())
    return walk


@pytest.fixture
def parish() -> Iterator[tuple[str, dict[str, str]]]:
    """Another website, at another origin: its address, and the lines that stand on its page."""
    pasted = {"lines": ""}

    class Parish(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PARISH.format(lines=pasted["lines"]).encode()
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Parish)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", pasted
    server.shutdown()
    server.server_close()


def test_a_parish_pastes_the_lines_and_its_visitors_find_their_way(
    open_screen, walk: Walk, parish, look: Look
) -> None:
    address, pasted = parish
    clerk = open_screen(STORY, look)
    clerk.open("/calendar")
    clerk.reads("On your own website")
    clerk.see("lines-to-paste")
    pasted["lines"] = clerk.page.get_by_label("Lines to paste").input_value()
    assert pasted["lines"].startswith('<iframe src="http')

    visitor = open_screen(STORY, look, java_script_enabled=False)
    visitor.open(address)
    inside = visitor.page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="What’s on in Bexley")).to_be_visible()
    expect(inside.get_by_text("Cancelled")).to_be_visible()
    visitor.picture("on-the-parish-website")
    assert visitor.page.context.cookies() == []
    inside.get_by_role("link", name="Danson Saturday Stroll").first.click()
    visitor.is_at(f"/e/{walk.series.slug}/{walk.event.occurs_on}")

    narrow = open_screen(STORY, look)
    narrow.page.set_viewport_size({"width": 240, "height": 420})
    narrow.open(f"/embed?event={walk.series.slug}")
    narrow.see("240-pixels")
    assert narrow.page.context.cookies() == []


def test_a_member_lets_other_programs_see_when_she_is_busy(
    open_screen, walk: Walk, look: Look
) -> None:
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/calendar")
    bela.press("Make my address")
    bela.press("Tell when I’m busy")
    bela.reads("Other programs can read when you’re busy now.", "put .ifb in place of .ics")
    bela.see("busy-times")
    bela.press("Stop telling")
    bela.reads("Nobody can read when you’re busy any more.", "It’s off unless you want it.")
