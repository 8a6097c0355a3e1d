"""What a look at one part of a running Good Turn found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part and how it is.

    Attributes:
        name: In lower case: `database`, `queue`, `worker-mail` ...
        ok: Whether it does its work.
        problem: What is wrong and what to do, for the operator; empty when ok. May name hosts and
            folders, so pages never show it.
    """

    name: str
    ok: bool
    problem: str = ""
