"""Every page with a borough's worth on it: long names, full rotas, half a year of hours."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from timebank.core import clock
from timebank.demo import DEMO_PEOPLE
from timebank.demo.filling import fill
from timebank.domain import identity
from timebank.models import Event
from timebank.models import Membership
from timebank.models import Series
from timebank.models import Slot

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WALK = "/e/danson-saturday-stroll"
SMALLEST = Look(320, "light")
DESK = Look(1280, "dark")
FULLEST = {"home", "rota", "me", "check-in"}
SIGNED_OUT = {
    "home": "/",
    "event": WALK,
    "rota": f"{WALK}/rota",
    "calendar": "/calendar",
    "sign-in": "/sign-in",
    "books": "/books",
    "help": "/help",
    "privacy": "/privacy",
    "accessibility": "/accessibility",
    "not-found": "/nowhere",
}
VOLUNTEER = {"event": WALK, "rota": f"{WALK}/rota", "me": "/me", "statement": "/me/statement"}
ORGANISER = {
    "event": WALK,
    "rota": f"{WALK}/rota",
    "new": "/e/new",
    "edit": f"{WALK}/edit",
    "me": "/me",
}


@pytest.fixture
def borough(session: Session, app: Flask) -> Session:
    app.extensions["timebank.demo_people"] = DEMO_PEOPLE
    fill(session, seed=1, now=clock.now())
    session.commit()
    return session


def member(session: Session, name: str) -> Membership:
    person = identity.find_person(session, email=f"{name}@goodturn.example")
    return session.query(Membership).filter_by(person_id=person.id).one()


def dates_of_the_walk(session: Session, *, coming: bool) -> list[Event]:
    """The dates of the walk, those nearest to today first."""
    now = clock.now()
    ahead = Event.starts_at > now if coming else Event.starts_at <= now
    nearest = Event.starts_at if coming else Event.starts_at.desc()
    walk = session.query(Event).join(Series, Series.id == Event.series_id)
    return walk.filter(Series.slug == WALK[3:], ahead).order_by(nearest).all()


def pages_of_single_dates(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """What a stranger and what an organiser sees of one date."""
    last = dates_of_the_walk(session, coming=False)[0]
    coming = dates_of_the_walk(session, coming=True)[-1]
    slot = session.query(Slot).filter_by(event_id=coming.id).first()
    return (
        {
            "claim": f"{WALK}/{coming.occurs_on}/claim/{slot.id}",
            "past": f"{WALK}/{last.occurs_on}",
        },
        {
            "change": f"{WALK}/{coming.occurs_on}/change",
            "check-in": f"{WALK}/{last.occurs_on}/checkin",
        },
    )


@pytest.mark.parametrize(
    ("look", "steps"), [(SMALLEST, None), (DESK, FULLEST)], ids=["320-all", "1280-fullest"]
)
def test_a_full_borough_fits_every_screen(
    borough: Session, open_screen: OpenScreen, look: Look, steps: set[str] | None
) -> None:
    of_strangers, of_organisers = pages_of_single_dates(borough)
    for name, pages in {
        None: SIGNED_OUT | of_strangers,
        "priya": VOLUNTEER,
        "nadia": ORGANISER | of_organisers,
    }.items():
        of = member(borough, name) if name else None
        screen = open_screen(f"borough-{name or 'dov'}", look, of=of)
        for step, address in pages.items():
            if steps is None or step in steps:
                screen.open(address)
                screen.see(step)
