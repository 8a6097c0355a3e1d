"""The races for a place: who taps what at once, what each must come to, and what came of it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from bench.crowd import Answer
from bench.crowd import Crowd
from bench.crowd import Tap
from bench.ground import Ground
from bench.ground import Job

SILENCE = "no answer"

# What an answer says, by its status and what its page or notice holds. Who comes too late must be
# offered the other job of the date, too.
IN, YOURS, YES = "in", "yours already", "yes"
OFF, CALLED_OFF, ON_THE_LIST = "off", "called off", "on the list"
FULL, CANCELLED, BUSY = "full", "cancelled", "busy"
ANSWERS: dict[str, tuple[int, Sequence[str]]] = {
    IN: (303, ["You’re in."]),
    YOURS: (303, ["This one’s yours already."]),
    YES: (303, ["It’s yours."]),
    OFF: (303, ["You’re off the rota"]),
    CALLED_OFF: (303, [" is off."]),
    ON_THE_LIST: (303, ["You’re on the list."]),
    FULL: (409, ["got there a moment before you.", "Greeter is still open", "I’ll do that one"]),
    CANCELLED: (409, ["This date has been cancelled."]),
    BUSY: (422, ["You already have a turn at that time."]),
}

Waves = Iterator[Sequence[Tap]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Race:
    """One kind of race.

    Attributes:
        run: Gives the taps of a round, wave by wave: those of a wave are sent at once.
        turns: How many turns there are afterwards, each of another person on another place.
        counted: Answers that come exactly so often.
        rest: What all others may be told.
    """

    name: str
    run: Callable[[Ground, list[Job]], Waves]
    turns: int
    counted: Mapping[str, int]
    rest: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of one round: what people were told, what the database holds, how long it took.

    Attributes:
        turns: How many there are; on how many `places`, of how many `people`.
    """

    said: Counter[str]
    turns: int
    places: int
    people: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tally:
    """All rounds of a race, and what was wrong with them: each of these must be nothing."""

    race: Race
    rounds: list[Round] = field(default_factory=list)

    @property
    def oversold(self) -> int:
        """Count turns too many: beyond the places, on one place, or of one person."""
        return sum(
            max(0, one.turns - min(self.race.turns, one.places, one.people)) for one in self.rounds
        )

    @property
    def left_free(self) -> int:
        """Count places that nobody has though somebody wanted them."""
        return sum(max(0, self.race.turns - one.turns) for one in self.rounds)

    @property
    def told_wrong(self) -> int:
        """Count answers that are not what the race must come to."""
        return sum(_told_wrong(self.race, one.said) for one in self.rounds)

    @property
    def broken(self) -> int:
        """Count answers that say something broke at our end (5xx)."""
        return self.count(lambda answer: answer.startswith("5"))

    @property
    def silent(self) -> int:
        """Count taps that got no answer."""
        return self.count(lambda answer: answer == SILENCE)

    @property
    def seconds(self) -> list[float]:
        """List how long each round took."""
        return [one.seconds for one in self.rounds]

    def count(self, which: Callable[[str], bool] = bool) -> int:
        """Count the answers of a kind, or all."""
        return sum(n for one in self.rounds for answer, n in one.said.items() if which(answer))

    def __str__(self) -> str:
        return (
            f"{len(self.rounds)} rounds, {self.count():,} answers; a round takes"
            f" {statistics.median(self.seconds):.2f} s, the slowest {max(self.seconds):.2f} s"
        )


def _told_wrong(race: Race, said: Counter[str]) -> int:
    miscounted = sum(abs(said[answer] - count) for answer, count in race.counted.items())
    allowed = race.rest | race.counted.keys()
    return miscounted + sum(count for answer, count in said.items() if answer not in allowed)


def play(race: Race, ground: Ground, crowd: Crowd) -> Round:
    """Play one round."""
    jobs: list[Job] = []
    said: Counter[str] = Counter()
    seconds = 0.0
    for taps in race.run(ground, jobs):
        answers = crowd.answers(taps)
        seconds += crowd.seconds
        said.update(read(answer, ground.visitors.told(answer.cookie)) for answer in answers)
    turns, places, people = ground.given(jobs)
    return Round(said=said, turns=turns, places=places, people=people, seconds=seconds)


def read(answer: Answer, notice: str) -> str:
    """Tell what an answer says; one that says nothing we know is called by its status."""
    words = notice if answer.status == 303 else answer.page  # noqa: PLR2004 - See Other
    for name, (status, sentences) in ANSWERS.items():
        if answer.status == status and all(sentence in words for sentence in sentences):
            return name
    return str(answer.status or SILENCE)


def _last_place(ground: Ground, jobs: list[Job]) -> Waves:
    job = ground.a_job()
    jobs.append(job)
    yield [ground.take(job, member) for member in ground.crowd()]


def _twenty_places(ground: Ground, jobs: list[Job]) -> Waves:
    job = ground.a_job(places=20)
    jobs.append(job)
    yield [ground.take(job, member) for member in ground.crowd()]


def _one_person(ground: Ground, jobs: list[Job]) -> Waves:
    job = ground.a_job(places=50)
    jobs.append(job)
    yield [ground.take(job, ground.crowd()[0])] * 50


def _one_hour(ground: Ground, jobs: list[Job]) -> Waves:
    jobs += ground.jobs_at_one_hour(5, places=50)
    yield [ground.take(job, member) for member in ground.crowd()[:10] for job in jobs]


def _give_back(ground: Ground, jobs: list[Job]) -> Waves:
    """Four give their places back while the others want them; who came too early taps again."""
    job = ground.a_job(places=4)
    jobs.append(job)
    everybody = ground.crowd()
    holders, others = everybody[:4], everybody[4:]
    yield [ground.take(job, member) for member in holders]
    taps = [ground.take(job, member) for member in others]
    taps[20:20] = [ground.give_back(job, member) for member in holders]
    yield taps
    yield [ground.take(job, member) for member in others]


def _call_off(ground: Ground, jobs: list[Job]) -> Waves:
    job = ground.a_job(places=50)
    jobs.append(job)
    taps = [ground.take(job, member) for member in ground.crowd()[1:]]
    taps.insert(10, ground.call_off(job))
    yield taps


def _next_in_line(ground: Ground, jobs: list[Job]) -> Waves:
    """One gives the only place back, which is for the one who waits, whoever else taps."""
    job = ground.a_job()
    jobs.append(job)
    holder, waiter, *others = ground.crowd()
    yield [ground.take(job, holder)]
    yield [ground.wait(job, waiter)]
    rivals = [ground.take(job, member) for member in others]
    yield [*rivals[:20], ground.give_back(job, holder), *rivals[20:]]
    yield [*rivals[:20], ground.say_yes(job, waiter), *rivals[20:]]


LAST_PLACE = Race(
    name="50 tap for the last place",
    run=_last_place,
    turns=1,
    counted={IN: 1, FULL: 49},
)
IN_ONE_WAVE = (
    Race(
        name="50 tap for 20 places",
        run=_twenty_places,
        turns=20,
        counted={IN: 20, FULL: 30},
    ),
    Race(
        name="one person taps 50 times",
        run=_one_person,
        turns=1,
        counted={IN: 1, YOURS: 49},
    ),
    Race(
        name="10 people tap for five events at one hour",
        run=_one_hour,
        turns=10,
        counted={IN: 10, BUSY: 40},
    ),
    Race(
        name="a date is called off while 49 tap",
        run=_call_off,
        turns=0,
        counted={CALLED_OFF: 1},
        rest=frozenset({IN, CANCELLED}),
    ),
)
IN_WAVES = (
    Race(
        name="4 give places back while 46 tap for them",
        run=_give_back,
        turns=4,
        counted={OFF: 4, IN: 8},
        rest=frozenset({FULL, YOURS}),
    ),
    Race(
        name="a freed place is for who waits, though 48 tap",
        run=_next_in_line,
        turns=1,
        counted={IN: 1, ON_THE_LIST: 1, OFF: 1, YES: 1, FULL: 96},
    ),
)
OTHERS = IN_ONE_WAVE + IN_WAVES
