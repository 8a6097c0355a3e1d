"""Shaking a cover that is stuck: an open place is forced on somebody, and the rest settles."""

from __future__ import annotations

from collections.abc import Iterator

from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members
from timebank.domain.rota.matching.cover import Cover

MOST_TURNS = 200
FAR_OFF = 2
PER_OUSTED = 3

Forced = tuple[int, int, int]


def settle(cover: Cover, *, least: int, steps: Steps) -> None:
    """Try to leave fewer places open, until only `least` are.

    The longer ago somebody was given or lost a slot, the sooner it is their turn again, so that it
    does not go round in circles. What comes out is the best that was met on the way.

    Raises:
        OutOfSteps: The cover is the best so far nevertheless.
    """
    best, fewest = cover.save(), cover.unfilled
    lately: dict[tuple[int, int], int] = {}
    cover.team = cover.board.people
    try:
        for turn in range(1, MOST_TURNS):
            if fewest <= least or not _shake(cover, turn, lately, steps):
                break
            if cover.unfilled < fewest:
                best, fewest = cover.save(), cover.unfilled
            elif cover.unfilled > fewest + FAR_OFF:
                cover.restore(best)
                cover.team = cover.board.people
    finally:
        cover.restore(best)
        cover.team = cover.busy


def _shake(cover: Cover, turn: int, lately: dict[tuple[int, int], int], steps: Steps) -> bool:
    """Force one place on somebody; False when nobody can be forced."""
    moves = list(_forceable(cover))
    steps.take(1 + len(moves) // 20)
    if not moves:
        return False
    slot, person, ousted = min(
        moves,
        key=lambda move: (lately.get(move[:2], 0) + PER_OUSTED * move[2].bit_count(), move),
    )
    for other in members(ousted):
        cover.take(other, person)
        lately[other, person] = turn
    cover.give(slot, person)
    lately[slot, person] = turn
    cover.fill_open()
    return True


def _forceable(cover: Cover) -> Iterator[Forced]:
    for slot, missing in enumerate(cover.missing):
        for person in members(cover.board.able[slot] & ~cover.taken[slot] if missing else 0):
            yield slot, person, cover.board.in_the_way(slot, cover.held[person])
