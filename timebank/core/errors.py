"""Refusals: each is a class, and the first line of its docstring is what a resident reads.

Four parents decide how a page answers: `NotFound` 404, `NotAllowed` 403, `Conflict` 409 and
`Refused`, the same page again with the sentence beside the field. Only `timebank.web.errors`
knows these numbers. `SettingsError` is for operators: no page answers with it.
"""

from __future__ import annotations

import inspect


class TimebankError(Exception):
    """Something broke at our end."""

    @property
    def sentence(self) -> str:
        """The sentence for the person who asked: the message given, else the class's own."""
        words = str(self) or (inspect.getdoc(type(self)) or "").partition("\n")[0]
        return words.replace("'", "’")


class NotFound(TimebankError):
    """We can't find that page."""


class NotAllowed(TimebankError):
    """Only the people who run this can do that."""


class Conflict(TimebankError):
    """Somebody changed this a moment before you."""


class Refused(TimebankError):
    """We can't do that just now.

    `field` names the form field that the sentence belongs beside, or is None.
    """

    def __init__(self, sentence: str = "", *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class SettingsError(Exception):
    """A setting is missing or malformed; the message is one sentence that names it."""
