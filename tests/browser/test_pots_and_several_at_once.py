"""Hours given to a cause; several people's hours at once; limits, and whom to ring."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.builders import Walk
from timebank.core import clock
from timebank.domain import ledger
from timebank.domain.ledger import pots
from timebank.models import Account
from timebank.models import AccountKind

pytestmark = pytest.mark.browser
STORY = "pots"


def a_cause(session: Session, walk: Walk) -> Account:
    cause = pots.make_pot(
        session,
        community_id=walk.community.id,
        kind=AccountKind.CAUSE,
        name="Food bank",
        about="Hours for those who sort and carry on Thursdays.",
    )
    session.commit()
    return cause


def give(session: Session, giver, account: Account, minutes: int) -> None:
    ledger.give(
        session,
        giver=giver,
        to_account_id=account.id,
        minutes=minutes,
        key=uuid.uuid4(),
        memo="For the soup",
        today=clock.now().date(),
        now=clock.now(),
    )
    session.commit()


def test_a_neighbour_gives_hours_to_a_cause(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    a_cause(session, walk)
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me")
    bela.follow("Give hours to a cause")
    bela.reads("Food bank", "0 hours given so far")
    bela.see("causes")
    bela.follow("Have a look, and give: Food bank")
    bela.type("How much?", "a while")
    bela.press("Give them")
    bela.see("a-while")
    bela.type("How much?", "1½")
    bela.type("A few words", "With thanks to the Thursday crew")
    bela.press("Give them")
    bela.reads("Thank you! 1½ hours given to Food bank.", "A neighbour")
    bela.reads_nothing_of("Thursday crew")
    bela.see("given")
    bela.open("/me/statement")
    bela.follow("Food bank")
    bela.reads("With thanks to the Thursday crew", "Not right? Tell a coordinator")
    bela.see("explained")


def test_a_coordinator_credits_a_class(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/hours/together")
    ama.type("What do you call it?", "Bread for beginners")
    ama.type("How long did it take?", "1½")
    page = ama.page
    page.locator("#helpers-0-name").fill("Bela N")
    page.locator("#learners-0-name").fill("Sam T")
    page.locator("#learners-1-name").fill("Nobody Such")
    ama.press("Work it out")
    ama.reads("We know no neighbour of that name. Check the spelling")
    ama.see("in-doubt")
    page.locator("#learners-1-name").fill("Nadia")
    ama.press("Work it out")
    ama.reads("What it comes to", "Together that is nought")
    ama.see("worked-out")
    ama.press("Post it")
    ama.reads("Posted: Bread for beginners.")
    ama.see("posted")
    ama.press("Take it all back")
    ama.reads("This was taken back.")


def test_a_coordinator_looks_after_who_is_low(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    cause = a_cause(session, walk)
    pot = session.query(Account).filter_by(group_id=walk.group.id).one()
    give(session, walk.sam, pot, 180)
    give(session, walk.bela, cause, 360)
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/bank/low")
    ama.reads("Bela Novak", "so nobody can be topped up")
    ama.type("When do you top somebody up?", "When somebody has been ill.")
    ama.page.get_by_label("From which pot?").select_option(str(pot.id))
    ama.type("How much?", "2")
    ama.type("How often in a year, at most?", "2")
    ama.press("Write it down")
    ama.see("low")
    ama.press("Top up by 2 hours")
    ama.reads("2 hours for Bela N.")
    bela = builders.account_of(session, walk.bela)
    ama.open(f"/bank/accounts/{bela.id}")
    ama.reads("Topped up")
    ama.type("How far below nought may it go?", "15")
    ama.type("Why?", "She asked, and we agreed")
    ama.press("Change the limits")
    ama.reads("Changed, and written down with the reason.", "“She asked, and we agreed”")
    ama.see("account")
    ama.follow("Food bank")
    ama.type("How long was it really?", "5")
    ama.type("Why?", "Typed twice")
    ama.see("put-right")
    ama.press("Put it right")
    ama.reads("Put right. Both entries stay, with the reason.")
