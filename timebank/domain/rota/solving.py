"""A choice under limits, solved by HiGHS; the one module that knows scipy.

The library is large and only suggestions need it, so it is loaded when something is solved.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

MOST_NODES = 500
HALF = 0.5  # the solver writes a yes as almost 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A sum of variables that must stay within bounds."""

    factors: Mapping[int, int]
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Solution:
    """The choices that are taken, and whether it is proven that none are cheaper."""

    chosen: frozenset[int] = frozenset()
    is_proven: bool = True


class Program:
    """Variables that cost something, and limits on their sums; what is asked for is the cheapest.

    Variables are numbers from zero. A choice is yes or no (1 or 0); an amount is anything from
    nothing to its `most`.
    """

    def __init__(self) -> None:
        self.costs: list[int] = []
        self._tops: list[float] = []
        self._is_choice: list[bool] = []
        self._limits: list[Limit] = []

    def choice(self, cost: int = 0) -> int:
        """Add a choice."""
        return self._variable(cost, 1, is_choice=True)

    def amount(self, cost: int, *, most: float) -> int:
        """Add an amount, which costs so much a unit."""
        return self._variable(cost, most, is_choice=False)

    def at_most(self, most: int, factors: Mapping[int, int]) -> None:
        """Limit a sum from above."""
        self._limits.append(Limit(factors, -float("inf"), most))

    def at_least(self, least: int, variables: Iterable[int]) -> None:
        """Ask for so many of some choices."""
        self._limits.append(Limit(dict.fromkeys(variables, 1), least, float("inf")))

    def cheapest(
        self, costs: Sequence[int] | None = None, *, most_nodes: int = MOST_NODES
    ) -> Solution:
        """Choose; nothing, unproven, when no solution is found.

        The search ends after a number of nodes, not after a time: the same program has the same
        solution on every run.

        Args:
            costs: Others than those that the variables were added with.
        """
        from scipy.optimize import Bounds
        from scipy.optimize import LinearConstraint
        from scipy.optimize import milp

        solved = milp(
            self.costs if costs is None else costs,
            constraints=LinearConstraint(
                self._matrix(),
                [limit.least for limit in self._limits],
                [limit.most for limit in self._limits],
            ),
            bounds=Bounds(0, self._tops),
            integrality=self._is_choice,
            options={"mip_rel_gap": 0, "node_limit": most_nodes},
        )
        if solved.x is None:
            return Solution(is_proven=False)
        chosen = (
            variable
            for variable, is_choice in enumerate(self._is_choice)
            if is_choice and solved.x[variable] > HALF
        )
        return Solution(frozenset(chosen), bool(solved.success))

    def _variable(self, cost: int, most: float, *, is_choice: bool) -> int:
        self.costs.append(cost)
        self._tops.append(most)
        self._is_choice.append(is_choice)
        return len(self.costs) - 1

    def _matrix(self) -> object:
        from scipy.sparse import csr_array

        cells = [
            (row, variable, factor)
            for row, limit in enumerate(self._limits)
            for variable, factor in limit.factors.items()
        ]
        rows, variables, factors = zip(*cells, strict=True)
        shape = (len(self._limits), len(self.costs))
        return csr_array((factors, (rows, variables)), shape=shape)
