"""A rule stands in the way: it is named, and the nearest job that is possible is one tap away."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.browser.seeing import Screen
from timebank.core import clock
from timebank.domain.communities import qualifications
from timebank.models import ClaimState
from timebank.models import PairRule
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import Slot

pytestmark = pytest.mark.browser
STORY = "rules"
EVENT = "/e/danson-saturday-stroll"
A_WEEK = dt.timedelta(weeks=1)
PHONE = Look(390, "light")
DESK = Look(1280, "dark")


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    return days.a_walk(session)


def training(session: Session, walk: builders.Walk, slot: Slot, name: str) -> Qualification:
    """The job asks for a training that one learns in two turns."""
    kind = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name=name,
        kind=QualificationKind.TRAINING,
        shadow_turns=2,
    )
    asks = {"role_id": slot.role_id, "qualification_id": kind.id}
    session.add(RoleQualification(**asks, community_id=walk.community.id))
    session.commit()
    return kind


def another_job(session: Session, walk: builders.Walk, name: str, **when: int) -> Slot:
    role = builders.a_role(session, walk.series, name=name, position=9, **when)
    return builders.a_slot(session, walk.event, role)


def a_tea(session: Session, walk: builders.Walk, slug: str, starts: dt.time, job: str) -> None:
    """Something else on the day of the walk, at a place of its own."""
    series = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, title="Tea", slug=slug,
        first_on=walk.event.occurs_on, starts=starts, ends=dt.time(starts.hour + 2),
    )  # fmt: skip
    event = builders.an_event(session, series)
    builders.a_slot(session, event, builders.a_role(session, series, name=job))


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_first_aid_that_has_run_out_by_then_leaves_another_job(
    walk, session, open_screen: OpenScreen, look: Look
) -> None:
    aid = training(session, walk, walk.tail_walker, "First aid")
    later = builders.an_event(session, walk.series, walk.event.occurs_on + A_WEEK)
    for slot in (walk.tail_walker, walk.marshal):
        builders.a_slot(session, later, slot.role)
    now = clock.now()
    qualifications.give(
        session, qualification=aid, member=walk.bela, by=walk.nadia, valid_from=now.date(),
        expires_on=later.occurs_on, today=now.date(), now=now,
    )  # fmt: skip
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open(EVENT)
    bela.press("I’ll do it: Tail walker")
    bela.reads("You’re in. Thank you!")
    bela.open(f"{EVENT}/{later.occurs_on}")
    bela.press("I’ll do it: Tail walker")
    bela.reads(
        "Tail walker asks for First aid on that day."
        " Have a word with an organiser about getting it.",
        "Marshal is still open",
    )
    bela.see("refused")
    bela.press("I’ll do that one")
    bela.is_at(f"{EVENT}/{later.occurs_on}")
    bela.reads("You’re in. Thank you!", "This one’s yours.")


def test_a_turn_of_ones_own_elsewhere_is_in_the_way(
    walk, session, open_screen: OpenScreen
) -> None:
    a_tea(session, walk, "tea", dt.time(10, 40), "Kettle")
    days.a_repair_cafe(session, walk)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    bela = open_screen(STORY, PHONE, of=walk.bela)
    bela.open("/e/tea")
    bela.press("I’ll do it: Kettle")
    bela.reads(
        "You have a turn at Danson Saturday Stroll until 10:30am:"
        " too little time to get from one to the other.",
        "Fixer is still open",
        "Needed",
    )
    bela.see("too-little-time")
    bela.open(EVENT)
    bela.press("I’ll do it: Marshal")
    bela.reads("You already have a turn at that time.", "Fixer is still open")
    bela.press("I’ll do that one")
    bela.is_at(f"/e/repair-cafe/{walk.event.occurs_on + dt.timedelta(days=1)}")
    bela.reads("You’re in. Thank you!", "This one’s yours.")


def test_what_nobody_taught_yet_is_learnt_beside_somebody_and_given(
    walk, session, open_screen: OpenScreen
) -> None:
    keeper = another_job(session, walk, "Timekeeper")
    training(session, walk, keeper, "Timekeeping")
    learning = another_job(session, walk, "Timekeeper: learning", places=2)
    learning.role.trains_for_id = keeper.role_id
    builders.a_claim(session, walk.tail_walker, walk.nadia)
    walk.marshal.closed_at = clock.now()
    for weeks in (1, 2):
        event = builders.an_event(session, walk.series, walk.event.occurs_on - weeks * A_WEEK)
        slot = builders.a_slot(session, event, learning.role)
        builders.a_claim(session, slot, walk.sam, state=ClaimState.ATTENDED)
    session.commit()
    bela, sam, nadia = (
        open_screen(STORY, PHONE, of=one) for one in (walk.bela, walk.sam, walk.nadia)
    )
    bela.open(EVENT)
    bela.press("I’ll do it: Timekeeper,")
    bela.reads(
        "Timekeeper asks for Timekeeping on that day.", "Timekeeper: learning is still open"
    )
    bela.see("learn-it")
    bela.press("I’ll do that one")
    bela.reads("You’re in. Thank you!")
    nadia.open("/people/qualifications")
    nadia.reads("has done 2 of 2 learning turns: Timekeeping. Give it?")
    nadia.see("learners")
    nadia.press("Give it: Timekeeping")
    nadia.reads("Given: Timekeeping. They can take that job now.")
    sam.open(EVENT)
    sam.press("I’ll do it: Timekeeper,")
    sam.reads("You’re in. Thank you!")


def refused(screen: Screen, job: str, sentence: str, *, instead: str) -> None:
    screen.open(EVENT)
    screen.press(f"I’ll do it: {job}")
    screen.reads(sentence, f"{instead} is still open")


def test_each_rule_refuses_in_its_own_words(walk, session, open_screen: OpenScreen) -> None:
    steward = another_job(session, walk, "Steward", starts_after_minutes=105)
    sweep = another_job(session, walk, "Sweep", starts_after_minutes=210)
    steward.role.minimum_age = 18
    days.a_repair_cafe(session, walk)
    first, second = sorted((sweep.role_id, walk.tail_walker.role_id))
    pair = {"first_role_id": first, "second_role_id": second, "series_id": walk.series.id}
    session.add(RolePair(**pair, rule=PairRule.NEVER))
    session.commit()
    bela = open_screen(STORY, PHONE, of=walk.bela)
    bela.open(EVENT)
    bela.press("I’ll do it: Tail walker")
    refused(
        bela, "Sweep",
        "Sweep can’t be combined with Tail walker on the same date.", instead="Fixer",
    )  # fmt: skip
    refused(
        bela, "Steward",
        "Steward is for people of 18 or over. Tell us that you are.", instead="Fixer",
    )  # fmt: skip
    bela.see("how-old")
    bela.choose("I’m 18 or over")
    bela.press("Count me in")
    bela.reads("You’re in. Thank you!")
