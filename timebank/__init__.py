"""Good Turn: a volunteer time bank and event rota for neighbours who take it in turns."""

from __future__ import annotations

__version__ = "0.1.0"
