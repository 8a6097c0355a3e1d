"""Who one can be in the demo: offered on its sign-in page, one button each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody to be.

    Attributes:
        label: Who they are, in a word.
        name: What to call them; empty for the newcomer, who has no name here yet.
        email: Their address; None for the newcomer, who has no account.
        can: What they can do.
        path: Where the newcomer begins: a link that a friend has shared.
    """

    label: str
    name: str
    email: str | None
    can: str
    path: str = "/me"


DEMO_PEOPLE = (
    DemoPerson(
        label="A newcomer",
        name="",
        email=None,
        can="Opens a link a friend has shared, and takes a first turn. No account, no password.",
        path="/e/danson-saturday-stroll",
    ),
    DemoPerson(
        label="Priya, a volunteer",
        name="Priya",
        email="priya@goodturn.example",
        can="Sees her turns and her hours, drops out, and takes another turn in one tap.",
    ),
    DemoPerson(
        label="Nadia, an organiser",
        name="Nadia",
        email="nadia@goodturn.example",
        can="Runs the Saturday stroll: its rota, changes to a date, and check-in on the day.",
    ),
    DemoPerson(
        label="Ama, the coordinator",
        name="Ama",
        email="ama@goodturn.example",
        can="Runs everything in the borough, and hears when the books need a look.",
    ),
)
