"""Best covers: the most places filled, the fewest people, and what would unblock a date."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.board import OutOfSteps
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import weight
from timebank.domain.rota.matching.cover import Cover
from timebank.domain.rota.matching.dealing import deal
from timebank.domain.rota.matching.prices import UNIT
from timebank.domain.rota.matching.prices import Bill
from timebank.domain.rota.matching.prices import price
from timebank.domain.rota.matching.prices import raise_floor
from timebank.domain.rota.matching.search import find_cover
from timebank.domain.rota.matching.settling import settle
from timebank.domain.rota.matching.shares import Shares


@dataclass(frozen=True, slots=True)
class Best:
    """A cover that can't be bettered; or, unless `is_proven`, the best that was found.

    `bill` holds the prices that prove how many places stay open, if any do.
    """

    cover: Cover
    is_proven: bool
    bill: Bill | None = None


def fill_most(board: Board, steps: Steps, *, begun: Cover | None = None) -> Best:
    """Fill as many places as can be filled, going on from what is `begun`."""
    cover = begun or Cover(board)
    cover.fill_all(first=0 if begun else board.crowd)
    if not cover.unfilled:
        return Best(cover, is_proven=True)
    bill = None
    try:
        bill = price(board, _whole(cover.contested(), board), fee=0, steps=steps)
        bill = _raise(board, bill, fee=0, target=cover.unfilled, steps=steps)
        settle(cover, least=bill.least, steps=steps)
        for skips in range(max(0, bill.least), cover.unfilled):
            found = find_cover(board, skips=skips, most=None, steps=steps)
            if found:
                return Best(found, is_proven=True, bill=bill)
    except OutOfSteps:
        return Best(cover, is_proven=False, bill=bill)
    return Best(cover, is_proven=True, bill=bill)


def use_fewest(cover: Cover, steps: Steps) -> Best:
    """Let as few people as can do everything that a full cover does."""
    board = cover.board
    least = weight(board.crowd, board.needed)
    if cover.busy.bit_count() == least:
        return Best(cover, is_proven=True)
    shares = Shares.of(board)
    if shares:
        with steps.portion(2) as some:
            dealt = deal(board, shares, most=cover.busy.bit_count(), steps=some)
        if dealt.cover or dealt.least == cover.busy.bit_count():
            return Best(dealt.cover or cover, is_proven=True)
        least = dealt.least
    return _slim(cover, least, steps)


def _slim(cover: Cover, least: int, steps: Steps) -> Best:
    """Send people home where that can be, and prove that no more can be sent."""
    board = cover.board
    try:
        cover.slim(least=least)
        with steps.portion(3) as some, suppress(OutOfSteps):
            cover.slim(least=least, bench_steps=some)
        if cover.busy.bit_count() > least:
            bill = price(board, _whole(board.crowd, board), fee=UNIT, steps=steps)
            bill = _raise(board, bill, fee=UNIT, target=cover.busy.bit_count(), steps=steps)
            least = max(least, bill.least)
        for most in range(least, cover.busy.bit_count()):
            found = find_cover(board, skips=0, most=most, steps=steps)
            if found:
                return Best(found, is_proven=True)
    except OutOfSteps:
        return Best(cover, is_proven=False)
    return Best(cover, is_proven=True)


def helps(best: Best, slots: int, steps: Steps, *, count: int = 1) -> bool | None:
    """Tell whether newcomers would fill all that is open, the others moving as they must.

    Args:
        best: The most that can be filled without them.
        slots: What each of them could take.

    Returns:
        None when it could not be told.
    """
    if best.bill:
        try:
            earned = best.bill.most_earned(best.cover.board, slots, steps)
        except OutOfSteps:
            return None
        if best.bill.floor > count * earned:
            return False
    board = best.cover.board.with_newcomers(slots, count=count)
    after = fill_most(board, steps, begun=best.cover.copy(board))
    if not after.cover.unfilled:
        return True
    return False if after.is_proven else None


def _whole(slots: int, board: Board) -> list[int]:
    """Let some slots pay a whole unit, and the others nothing."""
    return [UNIT * (slots >> slot & 1) for slot in range(len(board.needed))]


def _raise(board: Board, bill: Bill, *, fee: int, target: int, steps: Steps) -> Bill:
    with steps.portion(2) as some:
        return raise_floor(board, bill, fee=fee, target=target, steps=some)
