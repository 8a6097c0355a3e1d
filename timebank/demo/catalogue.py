"""The events of the made-up borough: where and when, how well filled, by how many regulars."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from timebank.demo.jobs import COMPANY
from timebank.demo.jobs import HOMEWORK
from timebank.demo.jobs import LITTER
from timebank.demo.jobs import PLOT
from timebank.demo.jobs import REPAIR
from timebank.demo.jobs import ROWING
from timebank.demo.jobs import STITCHING
from timebank.demo.jobs import STORY_MORNING
from timebank.demo.jobs import STROLL
from timebank.demo.jobs import SUNDAY_TABLE
from timebank.demo.jobs import WOODLAND
from timebank.domain.events import RoleDraft
from timebank.domain.events import VenueDraft
from timebank.domain.events import ready_made_rota
from timebank.models import Frequency

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One series of the borough.

    Attributes:
        weeks: The first date is this many weeks before this week; below zero it is still to come.
        ready_made: The ready-made rota whose instructions and rules its jobs have.
        fill: What share of the places neighbours take in an ordinary week.
        regulars: How many neighbours come to it now and then.
    """

    group: str
    title: str
    description: str
    scene: str
    venue: VenueDraft
    frequency: Frequency
    weekday: int
    starts: dt.time
    ends: dt.time
    roles: tuple[RoleDraft, ...]
    first_timers: str = ""
    bring: str = ""
    ready_made: str = ""
    weeks: int = 26
    fill: float = 0.8
    regulars: int = 24


def ready_made(key: str) -> tuple[RoleDraft, ...]:
    """Take the jobs of a ready-made rota."""
    rota = ready_made_rota(key)
    if rota is None:
        raise LookupError(key)
    return rota.roles


def place(
    name: str, address: str, area: str, latitude: float, longitude: float, **access: bool
) -> VenueDraft:
    """Write a place in a line; `access` as in a venue: step_free and the like."""
    return VenueDraft(
        name=name, address=address, area=area, latitude=latitude, longitude=longitude, **access
    )


HALL = {"step_free": True, "accessible_toilet": True}

PLANS = (
    Plan(
        group="Danson Strollers",
        title="Danson Saturday Stroll",
        description="A friendly 5k round the lake. Walk it, jog it, push a buggy round it. Nobody"
        " is timed unless they like, and nobody comes last, because our tail walker always does.",
        scene="park",
        venue=place(
            "Danson Park, by the boathouse",
            "The boathouse, Danson Park, DA6 8HL",
            "Bexleyheath",
            51.4567,
            0.1176,
            **HALL,
        ),
        frequency=Frequency.WEEKLY,
        weekday=SATURDAY,
        starts=dt.time(9),
        ends=dt.time(10, 30),
        roles=STROLL,
        ready_made="walk",
        first_timers="Find Nadia in the yellow scarf by the boathouse at 8:45am. Tell her it’s"
        " your first one.",
        bring="A coat. We have bibs, whistles and spare gloves.",
        fill=0.5,
        regulars=80,
    ),
    Plan(
        group="Slade Green Growers",
        title="Slade Green community plot",
        description="A shared plot behind the garages. What grows goes home with whoever came.",
        scene="garden",
        venue=place(
            "Howbury Lane plot",
            "Howbury Lane, Slade Green, DA8 2DR",
            "Slade Green",
            51.4690,
            0.1950,
        ),
        frequency=Frequency.WEEKLY,
        weekday=SATURDAY,
        starts=dt.time(10),
        ends=dt.time(12, 30),
        roles=PLOT,
        first_timers="Ask for Bola by the green shed.",
        bring="Boots that may get muddy.",
        fill=0.95,
        regulars=14,
    ),
    Plan(
        group="Big Story Friends",
        title="Big Story Morning",
        description="Stories, songs and sticky fingers for under-sevens and their grown-ups.",
        scene="books",
        venue=place(
            "Welling Library",
            "Bellegrove Road, Welling, DA16 3PA",
            "Welling",
            51.4627,
            0.1075,
            quiet_space=True,
            **HALL,
        ),
        frequency=Frequency.WEEKLY,
        weekday=SATURDAY,
        starts=dt.time(10, 30),
        ends=dt.time(11, 30),
        roles=STORY_MORNING,
        first_timers="Come straight to the children’s corner.",
        regulars=12,
    ),
    Plan(
        group="Erith Repair Café",
        title="Erith Repair Café",
        description="Bring what’s broken. We mend it together, over tea, and nobody pays.",
        scene="fix",
        venue=place(
            "Riverside Hall",
            "West Street, Erith, DA8 1AD",
            "Erith",
            51.4823,
            0.1779,
            hearing_loop=True,
            **HALL,
        ),
        frequency=Frequency.FORTNIGHTLY,
        weekday=SUNDAY,
        starts=dt.time(13, 30),
        ends=dt.time(16),
        roles=REPAIR,
        first_timers="Pat at the door will show you round.",
        bring="Your own screwdriver, if you have a favourite.",
        fill=0.75,
        regulars=26,
    ),
    Plan(
        group="Friends of the Cray",
        title="Cray riverbank litter pick",
        description="Two hours along the river with a picker, a bag and good company.",
        scene="litter",
        venue=place(
            "Foots Cray Meadows",
            "The car park, Rectory Lane, Sidcup, DA14 5BP",
            "Sidcup",
            51.4242,
            0.1271,
        ),
        frequency=Frequency.FORTNIGHTLY,
        weekday=SUNDAY,
        starts=dt.time(10),
        ends=dt.time(12),
        roles=LITTER,
        ready_made="litter-pick",
        first_timers="We meet by the notice board. Gloves in every size.",
        bring="Wellingtons after rain.",
        fill=0.55,
        regulars=34,
    ),
    Plan(
        group="St Aidan’s Neighbours",
        title="Sunday table",
        description="Lunch for anyone, cooked by whoever’s there.",
        scene="tea",
        venue=place(
            "St Aidan’s Hall", "Sidcup High Street, DA14 6ER", "Sidcup", 51.4262, 0.1030, **HALL
        ),
        frequency=Frequency.WEEKLY,
        weekday=SUNDAY,
        starts=dt.time(12, 30),
        ends=dt.time(14),
        roles=SUNDAY_TABLE,
        first_timers="Come in by the side door and ask for an apron.",
        fill=0.9,
        regulars=28,
    ),
    Plan(
        group="Bexleyheath Food Bank",
        title="Thursday food bank",
        description="Three days of food and a cup of tea, no questions.",
        scene="tea",
        venue=place(
            "Broadway Hall",
            "The Broadway, Bexleyheath, DA6 7LQ",
            "Bexleyheath",
            51.4573,
            0.1420,
            **HALL,
        ),
        frequency=Frequency.WEEKLY,
        weekday=THURSDAY,
        starts=dt.time(10),
        ends=dt.time(12, 30),
        roles=ready_made("food-bank"),
        ready_made="food-bank",
        first_timers="Ring the bell at the back.",
        fill=0.6,
        regulars=36,
    ),
    Plan(
        group="Alder Road Neighbours",
        title="Alder Road street party",
        description="Tables down the middle, bunting up the lamp posts, everybody’s best cake.",
        scene="party",
        venue=place(
            "Alder Road", "Alder Road, Sidcup, DA15 8PN", "Sidcup", 51.4370, 0.1010, step_free=True
        ),
        frequency=Frequency.ONCE,
        weekday=SUNDAY,
        starts=dt.time(12),
        ends=dt.time(18),
        roles=ready_made("street-party"),
        ready_made="street-party",
        bring="A chair and something to share.",
        weeks=-5,
        fill=0.5,
        regulars=40,
    ),
    Plan(
        group="Danson Lake Rowers",
        title="Rowing taster on Danson Lake",
        description="Half an hour in a boat with somebody who knows how.",
        scene="lake",
        venue=place(
            "Danson Lake, the landing stage",
            "Danson Park, DA6 8HL",
            "Bexleyheath",
            51.4552,
            0.1190,
            accessible_toilet=True,
        ),
        frequency=Frequency.FORTNIGHTLY,
        weekday=SATURDAY,
        starts=dt.time(13),
        ends=dt.time(15),
        roles=ROWING,
        first_timers="Life-jackets are by the blue door.",
        regulars=10,
    ),
    Plan(
        group="Crayford Tea and Company",
        title="Tea and company",
        description="An afternoon for anyone who’d like one.",
        scene="tea",
        venue=place(
            "Crayford Community Centre",
            "4-6 London Road, Crayford, DA1 4BJ",
            "Crayford",
            51.4514,
            0.1770,
            hearing_loop=True,
            **HALL,
        ),
        frequency=Frequency.WEEKLY,
        weekday=TUESDAY,
        starts=dt.time(14),
        ends=dt.time(16),
        roles=COMPANY,
        fill=0.7,
        regulars=22,
    ),
    Plan(
        group="Stitch and Chatter",
        title="Stitch and chatter",
        description="Mending, knitting and putting the world to rights.",
        scene="fix",
        venue=place(
            "Blackfen Library",
            "7-9 Cedar Avenue, Sidcup, DA15 8NJ",
            "Sidcup",
            51.4475,
            0.1033,
            **HALL,
        ),
        frequency=Frequency.FORTNIGHTLY,
        weekday=MONDAY,
        starts=dt.time(18, 30),
        ends=dt.time(20, 30),
        roles=STITCHING,
        bring="Whatever wants mending.",
        regulars=9,
    ),
    Plan(
        group="Erith Homework Club",
        title="Homework club",
        description="A quiet hour and a half, a snack, and somebody to ask.",
        scene="books",
        venue=place(
            "Erith Library",
            "Walnut Tree Road, Erith, DA8 1RA",
            "Erith",
            51.4810,
            0.1760,
            quiet_space=True,
            **HALL,
        ),
        frequency=Frequency.WEEKLY,
        weekday=WEDNESDAY,
        starts=dt.time(15, 45),
        ends=dt.time(17, 15),
        roles=HOMEWORK,
        fill=0.75,
        regulars=16,
    ),
    Plan(
        group="Lesnes Abbey Woodlanders",
        title="Woodland morning",
        description="Looking after the old wood above the abbey, with a fire and a flask.",
        scene="garden",
        venue=place(
            "Lesnes Abbey Lodge", "Abbey Road, Belvedere, DA17 5DL", "Belvedere", 51.4892, 0.1281
        ),
        frequency=Frequency.MONTHLY,
        weekday=SATURDAY,
        starts=dt.time(10),
        ends=dt.time(13),
        roles=WOODLAND,
        bring="Stout shoes and a flask.",
        fill=0.7,
        regulars=20,
    ),
    Plan(
        group="Hall Place Gardeners",
        title="Hall Place garden team",
        description="Roses, topiary and a great many weeds.",
        scene="garden",
        venue=place(
            "Hall Place", "Bourne Road, Bexley, DA5 1PQ", "Bexley", 51.4489, 0.1600, **HALL
        ),
        frequency=Frequency.WEEKLY,
        weekday=FRIDAY,
        starts=dt.time(10),
        ends=dt.time(12),
        roles=PLOT,
        fill=0.85,
        regulars=14,
    ),
)
