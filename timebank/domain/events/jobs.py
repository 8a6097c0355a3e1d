"""What a rota says about its jobs before anything is kept, and what can't be meant that way.

The same look is taken at a job that is typed, one that comes in a file, and one that is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.models import PairRule
from timebank.models import QualificationKind

MOST_ROLES = 40
MOST_PLACES = 500
MINUTES_A_DAY = 1440
MOST_TURNS = 100
Span = tuple[int, int]  # start and end, in minutes from the event's start


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDraft:
    """A kind of work: how many people, when, counted from the event's start, and who may.

    `role_id` names the role that the line came from, when a series is edited. `asks_for` names
    qualifications, and `trains_for` the job that one learns here; the rest is as in `Role`.
    """

    name: str
    places: int
    starts_after_minutes: int
    duration_minutes: int
    needed: int = 0
    about: str = ""
    role_id: int | None = None
    instructions: str = ""
    bring: str = ""
    arrive_minutes_before: int = 0
    turn_minutes: int | None = None
    every_minutes: int | None = None
    one_per: int | None = None
    minimum_age: int | None = None
    while_taking_part: bool = False
    newcomer_places: int = 0
    newcomer_hours: int = 48
    opens_hours_before: int | None = None
    asks_for: tuple[str, ...] = ()
    trains_for: str = ""


# What the rota's line in the editor doesn't show: an edited series keeps it.
DETAILS = (
    "instructions",
    "bring",
    "arrive_minutes_before",
    "one_per",
    "minimum_age",
    "while_taking_part",
    "newcomer_places",
    "newcomer_hours",
    "opens_hours_before",
)
TURNS = ("turn_minutes", "every_minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDraft:
    """Two jobs by name, and whether one person may have both."""

    first: str
    second: str
    rule: PairRule

    @property
    def names(self) -> frozenset[str]:
        """Both names, whichever comes first."""
        return frozenset((self.first, self.second))


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationDraft:
    """A check or training that jobs ask for; as in `Qualification`."""

    name: str
    kind: QualificationKind
    about: str = ""
    lasts_months: int | None = None
    shadow_turns: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What can't be meant, and the field that it stands in."""

    field: str
    sentence: str


# Field, least, most, and the sentence when it is neither empty nor between the two.
LIMITS = (
    ("places", 1, MOST_PLACES, "Say how many people it has room for, from 1 to 500."),
    ("needed", 0, MOST_PLACES, "Say how many you can’t start without, from 0 to 500."),
    (
        "starts_after_minutes",
        -MINUTES_A_DAY,
        MINUTES_A_DAY,
        "It begins within a day of the event’s start.",
    ),
    ("duration_minutes", 1, MINUTES_A_DAY, "A job lasts between a minute and a day."),
    ("arrive_minutes_before", 0, 240, "Ask people to come up to 240 minutes before, not more."),
    ("one_per", 1, 1000, "One person for how many? From 1 to 1000."),
    ("minimum_age", 1, 100, "An age is from 1 to 100."),
    ("newcomer_places", 0, MOST_PLACES, "Keep between none and all of the places for newcomers."),
    ("newcomer_hours", 0, 720, "Places are kept for newcomers until 0 to 720 hours before."),
    ("opens_hours_before", 1, 2160, "A job opens 1 to 2160 hours before."),
    ("turn_minutes", 5, MINUTES_A_DAY, "A turn lasts between five minutes and a day."),
    ("every_minutes", 5, MINUTES_A_DAY, "A turn begins every five minutes at most."),
)
LENGTHS = (("name", 60), ("about", 500), ("instructions", 5000), ("bring", 300))


def problems_of(role: RoleDraft) -> list[Problem]:
    """List what can't be meant about one job, each beside its field."""
    found = [*_lengths(role), *_limits(role)]
    return found or [*_room(role), *_turns(role), *_learning(role)]


def _lengths(role: RoleDraft) -> Iterator[Problem]:
    if not role.name:
        yield Problem("name", "Give the job a name.")
    for field, most in LENGTHS:
        if len(getattr(role, field)) > most:
            yield Problem(field, f"Keep it to {most} letters.")


def _limits(role: RoleDraft) -> Iterator[Problem]:
    for field, least, most, sentence in LIMITS:
        value = getattr(role, field)
        if value is not None and not least <= value <= most:
            yield Problem(field, sentence)


def _room(role: RoleDraft) -> Iterator[Problem]:
    if role.needed > role.places:
        yield Problem("needed", f"You can’t need {role.needed} with room for {role.places}.")
    if role.newcomer_places > role.places:
        yield Problem(
            "newcomer_places",
            f"You can’t keep {role.newcomer_places} for newcomers with room for {role.places}.",
        )
    opens = role.opens_hours_before
    if role.newcomer_places and opens is not None and opens <= role.newcomer_hours:
        yield Problem(
            "opens_hours_before",
            f"It opens {opens} hours before, when no place is kept for newcomers any more.",
        )


def _turns(role: RoleDraft) -> Iterator[Problem]:
    turn, every = role.turn_minutes, role.every_minutes
    if (turn is None) != (every is None):
        yield Problem("every_minutes", "Say both how long a turn lasts and how often one begins.")
    if turn is None or every is None:
        return
    if turn > role.duration_minutes:
        yield Problem(
            "turn_minutes",
            f"A turn of {turn} minutes is longer than the job of {role.duration_minutes}.",
        )
    elif every < turn:
        yield Problem("every_minutes", "The next turn can’t begin before the last one ends.")
    elif (role.duration_minutes - turn) // every >= MOST_TURNS:
        yield Problem("every_minutes", f"That makes more than {MOST_TURNS} turns a day.")


def _learning(role: RoleDraft) -> Iterator[Problem]:
    if role.trains_for and role.trains_for == role.name:
        yield Problem("trains_for", "A job can’t be the learning place for itself.")


def spans_of(role: RoleDraft) -> list[Span]:
    """List the spans of its turns; one, as long as the job, where it isn't shared out."""
    start, end = role.starts_after_minutes, role.starts_after_minutes + role.duration_minutes
    if role.turn_minutes is None or role.every_minutes is None:
        return [(start, end)]
    last = end - role.turn_minutes
    return [(at, at + role.turn_minutes) for at in range(start, last + 1, role.every_minutes)]


def can_be_together(one: RoleDraft, other: RoleDraft) -> bool:
    """Whether one of the two lies within the other in time, so that they can be done at once."""
    return any(
        (a[0] <= b[0] and b[1] <= a[1]) or (b[0] <= a[0] and a[1] <= b[1])
        for a in spans_of(one)
        for b in spans_of(other)
    )


def not_together(one: str, other: str) -> str:
    """Say why two jobs can't be done at the same time."""
    return (
        f"“{one}” and “{other}” can’t be done at the same time:"
        " neither begins and ends within the other."
    )


def problems_between(
    roles: Sequence[RoleDraft],
    pairs: Sequence[PairDraft],
    qualifications: Sequence[QualificationDraft],
) -> list[str]:
    """List what can't be meant about the jobs of a rota taken together."""
    by_name = {role.name: role for role in roles}
    return [
        *_number_of(roles),
        *_unknown(by_name, qualifications),
        *_impossible_learning(by_name),
        *(sentence for pair in pairs for sentence in _about_pair(pair, by_name)),
        *_contradictions(pairs),
    ]


def _number_of(roles: Sequence[RoleDraft]) -> Iterator[str]:
    if not roles:
        yield "There is no job in it. Write at least one [[jobs]]."
    if len(roles) > MOST_ROLES:
        yield f"A rota has room for {MOST_ROLES} jobs, and this one has {len(roles)}."
    names = [role.name for role in roles]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"“{name}” stands there twice. Give each job a name of its own."


def _unknown(
    roles: dict[str, RoleDraft], qualifications: Sequence[QualificationDraft]
) -> Iterator[str]:
    known = [one.name for one in qualifications]
    for name in {one for one in known if [k.casefold() for k in known].count(one.casefold()) > 1}:
        yield f"“{name}” stands twice under [[qualifications]]."
    for role in roles.values():
        for name in role.asks_for:
            if name not in known:
                yield (
                    f"“{role.name}” asks for “{name}”, which nothing explains."
                    " Add it under [[qualifications]]."
                )
        if role.trains_for and role.trains_for not in roles:
            yield f"“{role.name}” trains for “{role.trains_for}”, which is no job of this rota."


def _impossible_learning(roles: dict[str, RoleDraft]) -> Iterator[str]:
    for role in roles.values():
        taught = roles[role.trains_for].asks_for if role.trains_for in roles else ()
        for name in role.asks_for:
            if name in taught and role.trains_for != role.name:
                yield f"“{role.name}” asks for “{name}”, which people come there to learn."


def _about_pair(pair: PairDraft, roles: dict[str, RoleDraft]) -> Iterator[str]:
    missing = [name for name in (pair.first, pair.second) if name not in roles]
    for name in missing:
        yield f"“{name}” under [[{pair.rule}]] is no job of this rota."
    if missing:
        return
    if pair.first == pair.second:
        yield f"“{pair.first}” under [[{pair.rule}]] is paired with itself."
    elif pair.rule is PairRule.TOGETHER and not can_be_together(
        roles[pair.first], roles[pair.second]
    ):
        yield not_together(pair.first, pair.second)


def _contradictions(pairs: Sequence[PairDraft]) -> Iterator[str]:
    never = {pair.names for pair in pairs if pair.rule is PairRule.NEVER}
    for pair in pairs:
        if pair.rule is PairRule.TOGETHER and pair.names in never and pair.first != pair.second:
            both = f"“{pair.first}” and “{pair.second}”"
            yield f"{both} stand under [[together]] and under [[never]]."
