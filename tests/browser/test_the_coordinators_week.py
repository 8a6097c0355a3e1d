"""The coordinator's week: one page a job, whom to ring and why, figures that stay as told."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from timebank.core import clock
from timebank.domain import ledger
from timebank.models import Account
from timebank.models import AccountKind

pytestmark = pytest.mark.browser
STORY = "week"


def test_a_coordinator_works_through_the_week(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    builders.a_member(session, walk.community, "Pauline Dent", email=None)
    pot = session.query(Account).filter_by(kind=AccountKind.POT).one()
    last_month = clock.now().date().replace(day=1) - dt.timedelta(days=3)
    ledger.give(
        session,
        giver=walk.bela,
        to_account_id=pot.id,
        minutes=360,
        key=uuid.uuid4(),
        memo=None,
        today=last_month,
        now=clock.now(),
    )
    session.commit()
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/me")
    ama.follow("This week")
    ama.reads("Who asked, and waits", "Nobody waits for help.", "Letters on paper", "1 waits")
    ama.see("week")
    ama.follow("Whom to ring, and why")
    ama.reads("has had a lot of help: what would they enjoy doing?")
    ama.see("ring")
    ama.follow("This week")
    ama.follow("Figures of the months")
    ama.reads("6 hours given to pots and causes")
    ama.press("Publish this month")
    ama.reads("Its figures stay as they are.", "and nothing has come late.")
    ama.see("figures")
