"""What is known about a date: its places, the people, and which jobs one person may have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

Span = tuple[dt.datetime, dt.datetime]
Pair = frozenset[int]


@dataclass(frozen=True, slots=True)
class Place:
    """One place on the rota; a job that needs two people is two places."""

    key: int
    role_id: int
    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def span(self) -> Span:
        """From when until when, half-open."""
        return self.starts_at, self.ends_at


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who could come.

    Attributes:
        may: The roles that they may take.
        busy: When they are somewhere else, half-open.
    """

    key: int
    may: frozenset[int]
    busy: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class PairRules:
    """Which two roles go together on one date.

    Attributes:
        never: Nobody has both, whatever their times; this is stronger than `together`.
        together: One person can do both at the same time, when the shorter lies within the longer.
            Source: docs/decisions/0010-one-job-beside-another.md.
    """

    never: frozenset[Pair] = frozenset()
    together: frozenset[Pair] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        never: Iterable[tuple[int, int]] = (),
        together: Iterable[tuple[int, int]] = (),
    ) -> Self:
        """Write rules down from pairs in any order."""
        return cls(frozenset(map(frozenset, never)), frozenset(map(frozenset, together)))

    def clash(self, one: Place, other: Place) -> bool:
        """Whether no person can have both of two places of a date."""
        if frozenset((one.role_id, other.role_id)) in self.never:
            return True
        return overlaps(one.span, other.span) and not self.go_beside(one, other)

    def go_beside(self, one: Place, other: Place) -> bool:
        """Whether one person can have both although they overlap; never three at once."""
        pair = frozenset((one.role_id, other.role_id))
        return (
            pair in self.together
            and pair not in self.never
            and one.role_id != other.role_id
            and overlaps(one.span, other.span)
            and _are_nested(one.span, other.span)
        )


NO_RULES = PairRules()


def _are_nested(one: Span, other: Span) -> bool:
    """Whether one of two spans lies within the other."""
    longer, shorter = sorted((one, other), key=lambda span: span[0] - span[1])
    return longer[0] <= shorter[0] and shorter[1] <= longer[1]


def overlaps(one: Span, other: Span) -> bool:
    """Whether two spans share a moment. Back to back they do not."""
    return one[0] < other[1] and other[0] < one[1]
