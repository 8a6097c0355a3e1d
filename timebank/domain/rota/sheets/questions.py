"""What can be asked about a sheet, with the answers there are, and those given so far.

Nothing in here words anything: a page does that, by `Asks` and by the values of an answer.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from timebank.core.errors import Refused

Answers = Mapping[str, str]

LEAVE, NEW, THIS, THEIRS, YES, NO = "leave", "new", "this", "theirs", "yes", "no"
PLANNED, WRITTEN = "planned", "written"
ONCE, INSTEAD, OTHER, AS_ROTA, MISSED = "once", "instead", "other", "as_rota", "missed"


class AnswerFirst(Refused):
    """Some lines still need a word from you. Answer what is marked, then tap Looks right."""


class LookAgain(Refused):
    """Your answers, or the rota, raised something new. Look at it, then tap Looks right."""


class Asks(enum.StrEnum):
    """What a question is about."""

    SHEET = "sheet"
    DAY = "day"
    EVENT = "event"
    NAME = "name"
    WHO = "who"
    JOB = "job"
    TURN = "turn"
    CAME = "came"
    IN = "in"
    OUT = "out"
    HOURS = "hours"
    TWICE = "twice"
    SWAP = "swap"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer to choose. `label`: a name of theirs; empty: the page words `value`."""

    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask.

    Attributes:
        line: The line that it is about, as the page counts them; empty: none.
        text: What stands there.
        choices: None: the answer is typed.
        answer: As given, or what we offer.
        is_open: Whether it still has to be answered.
        values: What else its words tell.
    """

    key: str
    asks: Asks
    line: str
    text: str
    choices: tuple[Choice, ...]
    answer: str
    is_open: bool
    values: Mapping[str, object] = field(default_factory=dict)


class Asking:
    """Asks as it goes, and goes on with what was answered or with what we offer."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.made: dict[str, Question] = {}

    def choose(
        self,
        asks: Asks,
        of: str,
        *,
        choices: tuple[Choice, ...],
        default: str = "",
        line: str = "",
        text: str = "",
        **values: object,
    ) -> str:
        """Ask for a choice -> its value; empty: it has to be said.

        Args:
            of: What it is about, for its key: a line, a turn.
        """
        key = f"{asks}_{of}"
        offered = {choice.value for choice in choices}
        answer = self.answers.get(key, default)
        answer = answer if answer in offered else ""
        self.made[key] = Question(key, asks, line, text, choices, answer, not answer, values)
        return answer

    def write(
        self,
        asks: Asks,
        of: str,
        *,
        default: str = "",
        line: str = "",
        text: str = "",
        **values: object,
    ) -> str:
        """Ask for words -> them."""
        key = f"{asks}_{of}"
        answer = self.answers.get(key, default).strip()
        self.made[key] = Question(key, asks, line, text, (), answer, is_open=False, values=values)
        return answer

    def reopen(self, asks: Asks, of: str) -> None:
        """Say that an answer can't be used."""
        key = f"{asks}_{of}"
        found = self.made[key]
        self.made[key] = Question(
            found.key, found.asks, found.line, found.text, found.choices, found.answer,
            is_open=True, values=found.values,
        )  # fmt: skip

    def was_asked(self, asks: Asks, of: str) -> bool:
        """Whether it was asked just now."""
        return f"{asks}_{of}" in self.made

    def require_answers(self) -> None:
        """Insist that everything was asked on the page that was sent, and answered.

        Raises:
            AnswerFirst, LookAgain: As they say.
        """
        if any(question.key not in self.answers for question in self.made.values()):
            raise LookAgain
        if any(question.is_open for question in self.made.values()):
            raise AnswerFirst
