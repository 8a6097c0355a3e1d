"""Story 5: what's on and what is needed most; then one's own hours, and the books."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.builders import Walk
from timebank.core import clock
from timebank.domain.rota import checkin
from timebank.domain.rota import occasions
from timebank.jobs import balances
from timebank.models import Claim

pytestmark = pytest.mark.browser
STORY = "hours"


def finish(session: Session, walk: Walk) -> None:
    """A walk took place, and Nadia has credited the hours."""
    event = days.a_walk_under_way(session, walk)
    now = clock.now()
    occasion = occasions.find_occasion(
        session, community_id=walk.community.id, slug=walk.series.slug, day=event.occurs_on
    )
    for claim in session.query(Claim).filter_by(event_id=event.id):
        claim.arrived_at, claim.arrived_by = now, walk.nadia.id
    session.flush()
    checkin.finish(session, occasion=occasion, by=walk.nadia.id, now=now)
    session.commit()


def test_a_volunteer_finds_what_is_on_and_their_hours(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    walk = days.a_walk(session)
    days.a_repair_cafe(session, walk)
    finish(session, walk)
    balances.prove_books()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/")
    bela.reads("Could you step in this week?", "Repair café", "Needs: Fixer")
    bela.see("whats-on")
    bela.follow("Food & company")
    bela.reads("Nothing like that in the next two weeks.")
    bela.see("nothing-on")

    bela.follow("Your time account: 1½ hours")
    bela.reads("Your time account", "+1½", "No turns yet.")
    bela.see("my-turns")
    bela.follow("See everything")
    bela.reads("Danson Saturday Stroll")
    bela.see("statement")
    bela.follow("The books")
    bela.reads("All in order.")
    bela.see("books")
