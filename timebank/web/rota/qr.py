"""Square codes for paper, which a telephone's camera reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import segno


@dataclass(frozen=True, slots=True)
class Code:
    """A square code: `size` modules each way with the quiet border, its dark ones as a path."""

    size: int
    path: str


@lru_cache(maxsize=64)
def code_of(address: str) -> Code:
    """Draw an address as a code that is still read with a sixth of it soiled or torn."""
    drawn = segno.make_qr(address, error="m")
    rows = [bytes(row) for row in drawn.matrix_iter(border=drawn.default_border_size)]
    dark = (
        f"M{column} {row}h1v1h-1z"
        for row, modules in enumerate(rows)
        for column, is_dark in enumerate(modules)
        if is_dark
    )
    return Code(len(rows), "".join(dark))
