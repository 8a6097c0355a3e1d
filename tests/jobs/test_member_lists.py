"""Names and addresses of lists that nobody takes in do not stay."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.core import clock
from timebank.core.csv_tables import read_text
from timebank.domain.ledger.member_lists import drafts
from timebank.jobs import member_lists
from timebank.jobs.tools import Tools
from timebank.models import MemberList


def test_a_list_is_forgotten_after_a_day_and_a_younger_one_is_not(
    session: Session, mine: Tools
) -> None:
    walk = builders.a_walk(session)
    for days in (0, 2):
        drafts.start(
            session,
            community=walk.community,
            table=read_text("Name\nTom Baker\n"),
            file_name=f"{days} days ago",
            by=walk.ama,
            now=clock.now() - dt.timedelta(days=days),
        )
    session.commit()
    member_lists.forget()
    member_lists.forget()
    assert session.scalars(sa.select(MemberList.file_name)).all() == ["0 days ago"]
