"""What every way to people has in common: hand one parcel over, and say what became of it.

A carrier is mail, web push or a gateway for text messages. Right before it lets go of bytes that
nobody can call back it passes its caller's fence (`hand_over`); from there on a lost connection
means that nobody knows. Which of six fates an answer decides says whether the same notice may be
tried again: only what was certainly not taken is.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from typing import TypeVar


class Fate(enum.StrEnum):
    """What became of a message.

    `away`: nobody to give any message to just now. `later`: this one was not taken, and is worth
    another try. `never`: refused for good. `unknown`: it left us and no answer came. `stopped`:
    the fence was closed, nothing left us. `Step` says how far it had come.
    """

    SENT = "sent"
    AWAY = "away"
    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


class Step(enum.StrEnum):
    """How far a message had come when it was decided about.

    `server`: nobody had heard of it yet, so that it cannot be the reason. `recipient`: its
    recipient had been named. `content`: the recipient was accepted.
    """

    SERVER = "server"
    RECIPIENT = "recipient"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, and why; the reason holds codes, never an address."""

    fate: Fate
    why: str = ""
    step: Step = Step.SERVER

    @property
    def codes(self) -> str:
        """The server's answer alone, such as `550 5.1.1`."""
        return self.why.partition(": ")[2]


Parcel_contra = TypeVar("Parcel_contra", contravariant=True)


class Carrier(Protocol[Parcel_contra]):
    """Somebody who takes parcels of one kind to people.

    The kinds: `EmailMessage` by mail (adapters/mail), `PushParcel` to phones (adapters/push), and
    so on: what a parcel holds is all that its carrier needs.
    """

    def deliver(self, parcel: Parcel_contra, /, *, hand_over: Callable[[], bool]) -> Outcome:
        """Deliver one parcel; asks `hand_over` once, right before it lets go of it.

        Args:
            parcel: What to deliver, to whom it says.
            hand_over: The caller's fence; False: let go of nothing.
        """

    def close(self) -> None:
        """Let go of the other side."""
