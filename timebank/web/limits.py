"""How often one address may ask us to send mail: a brake on floods, never a lock on a person.

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


def brake(limit: RateLimitItem = MAILS) -> None:
    """Count this request.

    Raises:
        TooManyRequests: 429, when its address has asked for too much within the hour.
    """
    counter: FixedWindowRateLimiter = current_app.extensions[COUNTER]
    if not counter.hit(limit, request.remote_addr or ""):
        raise TooManyRequests
