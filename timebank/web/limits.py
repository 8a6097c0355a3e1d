"""How often one address may ask for mail, or guess: a brake on floods, never a lock on a person.

Counted in this process only: pages never touch the queue's server, and the outbox has limits of
its own for each person (`identity.request_sign_in`, `claiming.hold_slot`).
"""

from __future__ import annotations

from flask import Flask
from flask import current_app
from flask import request
from limits import RateLimitItem
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

COUNTER = "timebank.limits"
MAILS = RateLimitItemPerHour(40)


def register(app: Flask) -> None:
    """Start counting."""
    app.extensions[COUNTER] = FixedWindowRateLimiter(MemoryStorage())


def brake(limit: RateLimitItem = MAILS, *, of: str | None = None) -> None:
    """Count this request, for its address, or for whoever `of` names.

    Raises:
        TooManyRequests: 429, when they have asked for too much within the hour.
    """
    if not _counter().hit(limit, of or request.remote_addr or ""):
        raise TooManyRequests


def require_room(limit: RateLimitItem, *, of: str) -> None:
    """Refuse whoever has used up a limit, without counting: for what only misses count against.

    Raises:
        TooManyRequests: 429, as `brake`.
    """
    if not _counter().test(limit, of):
        raise TooManyRequests


def _counter() -> FixedWindowRateLimiter:
    counter: FixedWindowRateLimiter = current_app.extensions[COUNTER]
    return counter
