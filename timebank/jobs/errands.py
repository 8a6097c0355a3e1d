"""A notice in words, and packed for the way that it goes, where that is not mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.adapters.channels import Outcome
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.wording import Wording
from timebank.models import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A notice in words, right before it leaves."""

    lease: Lease
    letter: Letter
    enclosed: Enclosed
    words: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A notice packed for one way.

    Attributes:
        deliver: Hands it over behind a fence, and says what became of it.
        heard: Writes down what was heard of their phone, or gives back what it would have cost;
            twice is the same as once.
    """

    way: Way
    letter: Letter
    deliver: Callable[[Callable[[], bool]], Outcome]
    heard: Callable[[Session, Outcome], None]
