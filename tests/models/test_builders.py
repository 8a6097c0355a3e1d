from __future__ import annotations

from tests import builders
from timebank.models import Claim
from timebank.models import ClaimState


def test_a_walk_and_an_elsewhere_can_be_built(session):
    walk = builders.a_walk(session)
    builders.an_elsewhere(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    assert session.query(Claim).one().state is ClaimState.CONFIRMED
    assert walk.marshal.minutes == 90
