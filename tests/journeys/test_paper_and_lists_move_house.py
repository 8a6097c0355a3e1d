"""Untidy paper and lists come in through the pages, are taken along, and checked twice."""

from __future__ import annotations

import datetime as dt
import runpy
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from tests import builders
from tests.browsing import Browser
from tests.strolls import a_stroll
from timebank.domain import ledger
from timebank.domain.ledger import banks
from timebank.models import Account
from timebank.models import Community
from timebank.models import Membership
from timebank.models import Profile

SAMPLES = Path(__file__).parent.parent / "samples"
TOOL = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
MORNING = dt.datetime(2026, 12, 5, 7, tzinfo=dt.UTC)
AFTERNOON = dt.datetime(2026, 12, 5, 14, tzinfo=dt.UTC)
WALK = "/e/danson-saturday-stroll/2026-12-05"


@pytest.fixture
def stroll(session):
    """The morning's walk, looked at in the afternoon."""
    with time_machine.travel(MORNING, tick=False) as clock:
        stroll = a_stroll(session)
        clock.move_to(AFTERNOON)
        yield stroll


def upload(browser, name):
    """Send a file by the form of this page that takes one."""
    form = next(one for one in browser.forms() if "cells" in one.fields)
    answer = browser.client.post(
        form.action,
        data={
            "csrf_token": form.fields["csrf_token"][0],
            "file": (BytesIO((SAMPLES / name).read_bytes()), name),
        },
        base_url=browser.base,
    )
    answer.request.environ["wsgi.input"].close()
    browser.open(answer.headers["Location"])


def bring_the_sheet(ama, stroll):
    ama.open(f"{WALK}/print")
    ama.open(f"{WALK}/sheets/DS-0001")
    upload(ama, "paper-sheet.csv")
    far = str(stroll.slots["Marshal: far end"].role_id)
    ama.press("Looks right", sheet_1="theirs", job_5=far)
    assert "credited to 6 neighbours." in ama.words


def bring_the_list(ama):
    ama.open("/people/lists")
    upload(ama, "members.csv")
    ama.press("Looks right")
    assert "The list is in." in ama.words


def take_along(browser, path):
    browser.open("/bank/export")
    browser.press("Download the bank")
    path.write_bytes(browser.answer.get_data())
    browser.answer.close()
    main = runpy.run_path(str(TOOL))["main"]
    assert main([str(path)]) == 0
    return path


def balances(session, slug):
    rows = session.execute(
        sa.select(Profile.full_name, Account.balance)
        .join(Membership, Membership.person_id == Profile.person_id)
        .join(Account, Account.membership_id == Membership.id)
        .join(Community, Community.id == Membership.community_id)
        .where(Community.slug == slug, Account.balance != 0)
    )
    return sorted(tuple(row) for row in rows)


def test_untidy_paper_and_lists_move_house_to_the_minute(app, owner, stroll, session, tmp_path):
    ama = Browser(app).sign_in(stroll.walk.ama)
    bring_the_sheet(ama, stroll)
    bring_the_list(ama)
    file = take_along(ama, tmp_path / "bank.zip")

    with Session(owner) as other, other.begin(), file.open("rb") as opened:
        welling = builders.a_community(other, "welling", host="welling.example")
        banks.import_bank(
            other, community=other.get(Community, welling.id), file=opened, now=AFTERNOON
        )
        ledger.reconcile(other, now=AFTERNOON)
    session.expire_all()
    here, there = balances(session, stroll.walk.community.slug), balances(session, "welling")
    assert here == there
    assert len(here) > 10

    coordinator = session.scalars(
        sa.select(Membership)
        .join(Profile, Profile.person_id == Membership.person_id)
        .join(Community)
        .where(Community.slug == "welling", Profile.email == "ama@example.com")
    ).one()
    again = Browser(app, host="welling.example").sign_in(coordinator)
    take_along(again, tmp_path / "again.zip")
    again.open("/books")
    assert "All in order." in again.words
