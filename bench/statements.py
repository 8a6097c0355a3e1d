"""How many SQL statements an answer takes, with 25 jobs and with twice as many (goal 3)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from bench.common import Figure
from bench.common import Stage
from bench.feeds import FEED
from bench.town import JOBS
from bench.visitors import Visitor
from bench.visitors import Visitors
from tests.statements import count_statements
from timebank.db import db
from timebank.domain.events import dates
from timebank.web.kept import shelf

PAGE_COLD = 3
PAGE_WARM = 1
CLAIM = 4
FEED_UNCHANGED = 1

# Each series has as many jobs again, and every date has a slot for each.
DOUBLE = sa.text("""
INSERT INTO role (community_id, series_id, position, name, needed, places, starts_after_minutes,
                  duration_minutes)
SELECT community_id, series_id, position + 100, name || ' again', needed, places, 90,
       duration_minutes
  FROM role
""")


def measure(stage: Stage) -> list[Figure]:
    """Count in a process of ours; what is counted does not depend on the server."""
    visitors = Visitors(stage.environ, stage.town.tokens[-2:])
    first, second = visitors
    found = _count(visitors.app, stage, first)
    with visitors.app.app_context():
        _double()
    doubled = _count(visitors.app, stage, second)
    limits = {
        "event page, cold": PAGE_COLD,
        "event page, warm": PAGE_WARM,
        "taking a place": CLAIM,
        "feed, not changed": FEED_UNCHANGED,
    }
    return [
        Figure(
            goal=3,
            what=f"{name}: SQL statements",
            measured=max(found[name], doubled[name]),
            unit="statements",
            most=most,
            detail=f"{found[name]} with {JOBS} jobs, {doubled[name]} with {JOBS * 2}",
        )
        for name, most in limits.items()
    ]


def _count(app: Flask, stage: Stage, visitor: Visitor) -> dict[str, int]:
    browser = browser_of(app, visitor)
    shelf.clear()
    cold = statements_of(browser, stage.town.page, 200)
    warm = statements_of(browser, stage.town.page, 200)
    spot = stage.town.spots[-1][-1]
    claim = f"{spot.path}/claim/{spot.slot_id}"
    taking = statements_of(browser, claim, 303, csrf_token=visitor.form_token)
    etag = browser.get(FEED).headers["ETag"]
    with count_statements() as count:
        browser.get(FEED, headers={"If-None-Match": etag})
    return {
        "event page, cold": cold,
        "event page, warm": warm,
        "taking a place": taking,
        "feed, not changed": count.total,
    }


def browser_of(app: Flask, visitor: Visitor) -> FlaskClient:
    """Give a client that is signed in as this visitor."""
    browser = app.test_client()
    name, _, text = visitor.cookie.partition("=")
    browser.set_cookie(name, text)
    return browser


def statements_of(browser: FlaskClient, path: str, expect: int, **form: str) -> int:
    """Ask once -> how many statements that took.

    Raises:
        RuntimeError: The answer has another status than expected.
    """
    with count_statements() as count:
        answer = browser.post(path, data=form) if form else browser.get(path)
    if answer.status_code != expect:
        raise RuntimeError(f"{path} answers {answer.status}")
    return count.total


def _double() -> None:
    session = db.session()
    session.execute(DOUBLE)
    dates.make_slots(session, event_ids=session.scalars(sa.text("SELECT id FROM event")).all())
    session.commit()
