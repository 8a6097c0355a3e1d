"""Group rules by name: what an occasion of several people means for each account, to the minute.

Hours never come from nowhere: what one gives, another gets, and what is left over goes to a pot.
Nothing is posted here; `shares` works out the legs, for people to see before anything moves.

    Class         Each learner gives the length of the class. Who teaches gets it, with the time to
                  prepare and travel. What is left goes to the pot; what is missing comes from it.
    Shared lift   Passengers give equal parts of the driver's time, whole minutes, rounded up. What
                  the rounding leaves goes to the pot.
    Working bee   Everybody who helped gets the time they worked and travelled, from whoever the
                  work was for: a neighbour, a pot or the community.
    Committee     Everybody who met gets the time they sat, prepared and travelled, from the pot or
                  the community.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.errors import Refused
from timebank.domain.ledger.batches import Leg
from timebank.models import BatchKind

LONGEST_MINUTES = 1440  # of one person at one occasion; the database holds to it
MOST_PEOPLE = 60
RULES = (BatchKind.CLASS, BatchKind.SHARED_LIFT, BatchKind.WORKING_BEE, BatchKind.COMMITTEE)
FROM_EACH_OTHER = frozenset({BatchKind.CLASS, BatchKind.SHARED_LIFT})


class NobodyThere(Refused):
    """Say who took part: at least one on each side."""


class NobodyGives(Refused):
    """At a bee or a committee nobody gives hours but the pot: leave that side empty."""


class SoManyPeople(Refused):
    """That's more than sixty people. Make two of it."""


class TwiceThere(Refused):
    """Somebody is on the list twice."""


class SoLong(Refused):
    """That's more than a day for one person. Check the minutes."""


class TooShort(Refused):
    """Say how long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one person put in: minutes there, to prepare and to travel.

    Attributes:
        minutes: None: as long as the occasion took.
    """

    account_id: int
    minutes: int | None = None
    preparation_minutes: int = 0
    travel_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What happened, and who took part in it.

    Attributes:
        minutes: How long it took: the class, the drive, the bee, the meeting.
        helpers: Those who get hours: who teaches or drives, works or meets.
        learners: Those who give them: learners or passengers; of a bee or committee, nobody.
        pot_id: The account in the middle of a class or lift, which keeps what is left; for a bee
            or a committee, whoever gives: a pot, a neighbour or the community.
    """

    rule: BatchKind
    minutes: int
    helpers: Sequence[Part]
    learners: Sequence[Part] = ()
    pot_id: int


@dataclass(frozen=True, slots=True)
class Share:
    """What an occasion means for one account: minutes in (above zero) or out."""

    account_id: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Shares:
    """Every account's share, in the order of the people, and what the pot keeps (or adds).

    All of them together come to nought.
    """

    of_people: tuple[Share, ...]
    of_the_pot: Share

    def legs(self) -> list[Leg]:
        """Write the transfers: first what comes into the pot, then what goes out of it."""
        pot = self.of_the_pot.account_id
        given = [one for one in self.of_people if one.minutes < 0]
        got = [one for one in self.of_people if one.minutes > 0]
        return [
            *(Leg(debit_id=one.account_id, credit_id=pot, minutes=-one.minutes) for one in given),
            *(Leg(debit_id=pot, credit_id=one.account_id, minutes=one.minutes) for one in got),
        ]


def shares(occasion: Occasion) -> Shares:
    """Work out what an occasion means for each account.

    Raises:
        NobodyThere: Nobody helped, or nobody learnt at a class, or rode in a lift.
        NobodyGives: Somebody is to give hours at a bee or a committee.
        SoManyPeople: More than sixty.
        TwiceThere: An account stands there twice, or is the pot itself.
        TooShort: It took no time, or less than none.
        SoLong: More than a day for one person.
    """
    _look(occasion)
    got = [Share(one.account_id, _whole(one, occasion.minutes)) for one in occasion.helpers]
    out = sum(one.minutes for one in got)
    given = [Share(one.account_id, -part) for one, part in _parts(occasion, out)]
    for one in (*got, *given):
        if not 0 < abs(one.minutes) <= LONGEST_MINUTES:
            raise SoLong(field="minutes") if one.minutes else TooShort(field="minutes")
    left = -out - sum(one.minutes for one in given)
    return Shares((*got, *given), Share(occasion.pot_id, left))


def _look(occasion: Occasion) -> None:
    between = occasion.rule in FROM_EACH_OTHER
    if occasion.learners and not between:
        raise NobodyGives(field="learners")
    if not occasion.helpers or (between and not occasion.learners):
        raise NobodyThere(field="learners" if occasion.helpers else "helpers")
    everybody = [one.account_id for one in (*occasion.helpers, *occasion.learners)]
    if len(everybody) > MOST_PEOPLE:
        raise SoManyPeople(field="learners" if between else "helpers")
    if len({*everybody, occasion.pot_id}) <= len(everybody):
        raise TwiceThere(field="helpers")
    parts = (*occasion.helpers, *occasion.learners)
    times = (_times(one, occasion.minutes) for one in parts)
    if occasion.minutes <= 0 or any(minutes < 0 for part in times for minutes in part):
        raise TooShort(field="minutes")


def _times(part: Part, minutes: int) -> tuple[int, int, int]:
    there = minutes if part.minutes is None else part.minutes
    return there, part.preparation_minutes, part.travel_minutes


def _whole(part: Part, minutes: int) -> int:
    return sum(_times(part, minutes))


def _parts(occasion: Occasion, out: int) -> list[tuple[Part, int]]:
    """Say what each of those who give puts in."""
    if occasion.rule is BatchKind.SHARED_LIFT:
        equal = -(-out // len(occasion.learners))
        return [(one, equal) for one in occasion.learners]
    return [(one, _whole(one, occasion.minutes)) for one in occasion.learners]
