"""A helper says thanks for somebody: by the same rules, written down, never to themselves."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain import acting
from timebank.domain import ledger
from timebank.domain.exchange import on_behalf
from timebank.domain.exchange import thanking
from timebank.domain.exchange.thanking import Thanks
from timebank.domain.ledger import OwnHours
from timebank.models import ActedWhat

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def priya(session, walk):
    return builders.a_member(session, walk.community, "Priya Sharma", email=None)


def a_lift(session, helper, helped) -> Thanks:
    return Thanks(
        helper_id=helper.id, helped_id=helped.id, minutes=90, happened_on=TODAY,
        payer_id=builders.account_of(session, helped).id, what="A lift",
    )  # fmt: skip


def test_said_and_taken_back_for_somebody_each_is_written_down_once(
    session: Session, walk, priya
) -> None:
    grant, key = (
        builders.acting_for(session, helper=walk.sam, member=priya, by=walk.ama),
        uuid.uuid4(),
    )
    said = a_lift(session, walk.nadia, priya)
    for _tap in range(2):
        done = on_behalf.thank_for(
            session, grant=grant, thanks=said, key=key, today=TODAY, now=NOW
        )
    assert ledger.balance(session, membership_id=walk.nadia.id) == 90
    assert ledger.balance(session, membership_id=priya.id) == -90
    for _tap in range(2):
        on_behalf.undo_for(session, grant=grant, exchange=done, today=TODAY, now=NOW)
    session.commit()
    assert ledger.balance(session, membership_id=walk.nadia.id) == 0
    deeds = acting.read_deeds(session, community_id=walk.community.id, of=[priya.id])
    assert [(one.what, one.helper, one.thanked) for one in deeds] == [
        (ActedWhat.UNDID_THANKS, "Sam T", "Nadia K"),
        (ActedWhat.THANKED, "Sam T", "Nadia K"),
    ]


def test_never_about_the_helper_s_own_hours_nor_for_a_third(session: Session, walk, priya) -> None:
    grant = builders.acting_for(session, helper=walk.sam, member=priya, by=walk.ama)
    how = {"grant": grant, "today": TODAY, "now": NOW}
    own, thirds = a_lift(session, walk.sam, priya), a_lift(session, walk.nadia, walk.bela)
    with pytest.raises(OwnHours):
        on_behalf.thank_for(session, **how, thanks=own, key=uuid.uuid4())
    with pytest.raises(NotFound):
        on_behalf.thank_for(session, **how, thanks=thirds, key=uuid.uuid4())
    theirs = thanking.thank(
        session, thanks=a_lift(session, priya, walk.sam), by=walk.sam,
        key=uuid.uuid4(), today=TODAY, now=NOW,
    )  # fmt: skip
    with pytest.raises(NotFound):  # those hours would come back to the helper
        on_behalf.undo_for(session, **how, exchange=theirs)
