"""Made-up people and turns for the style guide; shown in demo mode only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import field

from wtforms import BooleanField
from wtforms import DateField
from wtforms import Form
from wtforms import IntegerField
from wtforms import RadioField
from wtforms import SelectChoice  # type: ignore[attr-defined]  # the stubs are of 3.2
from wtforms import SelectField
from wtforms import SelectMultipleField
from wtforms import StringField
from wtforms import TextAreaField
from wtforms import TimeField
from wtforms.widgets import CheckboxInput

from timebank.core.text import initials
from timebank.domain.rota.coverage import Light
from timebank.web.filters import day
from timebank.web.filters import long_day
from timebank.web.rota.roster import Cell
from timebank.web.rota.roster import Column
from timebank.web.rota.roster import Name
from timebank.web.rota.roster import Roster
from timebank.web.rota.roster import Row

ZONE = "Europe/London"
STARTS_AT = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)
ICONS = (
    "access",
    "alert",
    "back",
    "bag",
    "bell",
    "calendar",
    "calendar-add",
    "check",
    "clock",
    "down",
    "heart",
    "idea",
    "people",
    "person",
    "pin",
    "plus",
    "print",
    "share",
    "swap",
    "wave",
)
SCENES = (
    ("park", "Danson Saturday Stroll"),
    ("party", "Alder Road street party"),
    ("litter", "Cray riverbank litter pick"),
    ("garden", "Slade Green community plot"),
    ("tea", "Sunday table"),
    ("books", "Big Story Morning"),
    ("lake", "Rowing taster"),
    ("fix", "Erith Repair Café"),
)


class GuideForm(Form):
    """One question of every kind, some of them answered wrongly."""

    title = StringField("What’s it called?", default="Danson Saturday Stroll")
    about = TextAreaField("What happens?", default="A friendly 5k round the lake.")
    place = StringField("Where do people meet?")
    repeats = RadioField(
        "How often?",
        choices=[SelectChoice("once", "Once"), SelectChoice("weekly", "Every week")],
        default="weekly",
    )
    access = SelectMultipleField(
        "Getting round",
        choices=[
            SelectChoice("step-free", "Step-free"),
            SelectChoice("toilet", "Accessible toilet"),
        ],
        option_widget=CheckboxInput(),
        default=["step-free"],
    )
    first_date = DateField("First date", default=STARTS_AT.date())
    starts = TimeField("From", default=dt.time(9))
    places = IntegerField("How many")
    kind = SelectField("Picture", choices=[SelectChoice(name, title) for name, title in SCENES])
    remind = BooleanField("Can’t start without", default=True)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody on a rota."""

    membership_id: int
    name: str
    is_held: bool = False
    is_you: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement."""

    what: str
    detail: str
    on: dt.date
    minutes: int


@dataclass(frozen=True, slots=True)
class Month:
    """The lines of one month."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Mug:
    """One milestone."""

    hours: int
    words: str
    is_done: bool = True


CROWD = (
    Neighbour(1, "Nadia K"),
    Neighbour(2, "Tom B"),
    Neighbour(3, "Ama O"),
    Neighbour(4, "Jo F"),
    Neighbour(5, "Sam T", is_held=True),
)
NADIA, TOM, AMA, JO, SAM = (
    Name(one.name, initials(one.name), one.membership_id, is_you=False) for one in CROWD
)
YOU = Name("You", "PS", 1, is_you=True)


def _column(weeks: int, filled: int, light: Light, lacks: tuple[str, ...] = ()) -> Column:
    """The head of a column of the rota."""
    starts_at = STARTS_AT + weeks * WEEK
    return Column(
        starts_at=starts_at,
        day=day(starts_at, ZONE),
        long_day=long_day(starts_at, ZONE),
        filled=filled,
        total=4,
        needed=1,
        lacking=len(lacks),
        lacks=lacks,
        light=light,
        is_next=not weeks,
        is_over=False,
        is_cancelled=False,
        is_left_out=False,
        moved_to="",
        url="#rota",
        claim_url="#rota",
        change_url=None,
        print_url=None,
    )


def _cell(slot_id: int, *people: Name, free: int = 0, more: str = "", lacking: int = 0) -> Cell:
    """One job on one date."""
    return Cell(
        slot_id=slot_id,
        people=people,
        free=free,
        more=more,
        is_open=free > 0,
        lacking=lacking,
        is_yours=YOU in people,
    )


def roster() -> Roster:
    """A small rota in every state."""
    tail = "Tail walker"
    return Roster(
        (
            _column(0, 3, Light.RED, (tail,)),
            _column(1, 2, Light.GREEN),
            _column(2, 1, Light.AMBER, (tail,)),
        ),
        (
            Row("Run director", (_cell(1, NADIA), _cell(2, NADIA), _cell(3, free=1))),
            Row(
                tail,
                (
                    _cell(4, free=1, more="Needed", lacking=1),
                    _cell(5, AMA),
                    _cell(6, free=1, more="Needed", lacking=1),
                ),
            ),
            Row("First-timers’ welcome", (_cell(7, YOU), _cell(8, free=1), None)),
            Row("Marshal", (_cell(9, TOM, free=2, more="2 free"), _cell(10, JO), _cell(11, SAM))),
        ),
    )


MONTHS = (
    Month(
        "April",
        (
            Entry("Danson Saturday Stroll", "Marshal", dt.date(2027, 4, 24), 105),
            Entry("Marjorie H", "Helped you: hemming curtains", dt.date(2027, 4, 21), -120),
        ),
    ),
    Month("March", (Entry("Dev P", "You helped: lift to the clinic", dt.date(2027, 3, 27), 60),)),
)
MUGS = (
    Mug(5, "5 hours given, November 2026"),
    Mug(10, "10 hours given, January 2027"),
    Mug(25, "25 hours given, April 2027"),
    Mug(50, "50 hours: not yet", is_done=False),
)


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything that the style guide shows."""

    form: GuideForm
    starts_at: dt.datetime = STARTS_AT
    ends_at: dt.datetime = STARTS_AT + dt.timedelta(minutes=90)
    icons: tuple[str, ...] = ICONS
    scenes: tuple[tuple[str, str], ...] = SCENES
    crowd: tuple[Neighbour, ...] = CROWD
    months: tuple[Month, ...] = MONTHS
    mugs: tuple[Mug, ...] = MUGS
    roster: Roster = field(default_factory=roster)
    nights: list[tuple[dt.date, int]] = field(
        default_factory=lambda: [(dt.date(2027, 4, day), 348) for day in (30, 29, 28)]
    )


def guide() -> Guide:
    """Put the style guide together, with two mistakes in its form."""
    form = GuideForm()
    form.place.errors = ["Say where people should meet"]
    form.places.errors = ["Tell us how many marshals you need"]
    return Guide(form)
