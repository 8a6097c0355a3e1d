"""A member list of 5,000 with hours brought forward, through the pages (goal 13).

Uploaded, looked through, taken in; and undone, for the table's last column. Beside it a list of
500, which must cost no fewer statements.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import sqlalchemy as sa

from bench.common import Figure
from bench.common import Stage
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.db import db
from timebank.domain import communities
from timebank.models import Community
from timebank.models import Membership

GOAL = 13
MEMBERS = 5_000
FEWER = 500
MOST_SECONDS = 10
MOST_STATEMENTS = 30  # the page that says what became of it included
PAGE = "/people/lists"


def measure(stage: Stage) -> list[Figure]:
    """Bring two lists as a coordinator, and undo both."""
    app = create_app(Settings.from_environment(stage.environ))
    with app.app_context():
        ama = _coordinator()
        browser = Browser(app).sign_in(ama)
    statements = {}
    for many in (FEWER, MEMBERS):
        looked = _seconds(lambda many=many: _bring(browser, many))
        with count_statements() as count:
            written = _seconds(lambda: browser.press("Looks right"))
        statements[many] = count.total
        if f"{many:,} new neighbours".replace(",", "") not in browser.words:
            raise RuntimeError(f"{browser.statuses}: the list is not in")
        undone = _seconds(lambda: browser.press("Undo all of it"))
    return [
        Figure(
            goal=GOAL,
            what=f"member list of {MEMBERS:,} with hours: looked through and taken in",
            measured=looked + written,
            unit="seconds",
            most=MOST_SECONDS,
            detail=f"shown {looked:.1f} s, written {written:.1f} s; undone {undone:.1f} s",
        ),
        Figure(
            goal=GOAL,
            what=f"member list of {MEMBERS:,} with hours: SQL statements to take it in",
            measured=max(statements.values()),
            unit="statements",
            most=MOST_STATEMENTS,
            detail=f"{statements[FEWER]} for {FEWER}, {statements[MEMBERS]} for {MEMBERS:,}",
        ),
    ]


def _coordinator() -> Membership:
    session = db.session()
    community = session.scalars(sa.select(Community).order_by(Community.id)).first()
    if community is None:
        raise RuntimeError("there is no town")
    ama = communities.create_coordinator(
        session, community=community, email="ama.bench@example.com", full_name="Ama Bench"
    )
    session.commit()
    return ama


def _seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _bring(browser: Browser, many: int) -> None:
    """Send the file, as a browser does, and look at what was understood."""
    browser.open(PAGE)
    form = next(form for form in browser.forms() if "cells" in form.fields)
    answer = browser.client.post(
        PAGE,
        data={
            "csrf_token": form.fields["csrf_token"][0],
            "file": (io.BytesIO(_csv(many)), "members.csv"),
        },
        base_url=browser.base,
    )
    browser.open(answer.headers["Location"])


def _csv(many: int) -> bytes:
    """Write a list; nobody on it is on another of a different length, or in the town."""
    lines = [
        f"Neighbour{many} No{number},n{number}.{many}@list.example,07700 {number:06d},"
        f"{number % 28 + 1:02d}/02/2024,{number % 40 + 1}.{number % 4 * 25:02d},note {number}"
        for number in range(many)
    ]
    return "\r\n".join(["Name,Email,Phone,Joined,Hours brought forward,Notes", *lines]).encode()
