"""The nightly job of the board, and the mails that come of it."""

from __future__ import annotations

import datetime as dt

import time_machine
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import TODAY
from tests.boards import a_post
from timebank.jobs import exchange
from timebank.jobs.tools import Tools
from timebank.models import PostState


def test_the_job_nudges_and_lapses_and_may_run_twice(session: Session, mine: Tools) -> None:
    walk = builders.a_walk(session)
    post = a_post(session, walk.bela)
    for days, state in ((23, PostState.OPEN), (31, PostState.EXPIRED)):
        day = dt.datetime.combine(TODAY + dt.timedelta(days=days), dt.time(3), dt.UTC)
        with time_machine.travel(day, tick=False):
            for _ in range(2):
                exchange.lapse_posts()
        session.refresh(post)
        assert (post.state, post.nudged_on) == (state, dt.date(2027, 5, 21))
