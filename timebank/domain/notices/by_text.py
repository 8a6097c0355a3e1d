"""A notice as a text message: to which number, and in which words.

Somebody who reads mail has chosen texts for that family, and proven their number. Somebody without
e-mail has agreed to texts with a coordinator, and gets what they need for their turns and nothing
else (`ways`). A text holds the subject of the mail that it would have been, an address that holds
no secret, and how to end it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.core import gsm
from timebank.domain.notices import wording
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.texts import numbers
from timebank.models import NoticeKind
from timebank.models import TextCode

MOST_PARTS = 2


@dataclass(frozen=True, slots=True, repr=False)
class TextMessage:
    """A text message: to which number, in which words, and in how many parts. Kept out of logs."""

    number: str
    words: str
    parts: int


def compose(
    session: Session,
    *,
    letter: Letter,
    enclosed: Enclosed,
    subject: str,
    public_url: str,
    secret_key: str,
    now: dt.datetime,
) -> TextMessage | None:
    """Write the text message that a notice goes as; None: there is no number, or no code left."""
    if letter.kind is NoticeKind.TEXT_CODE:
        return _with_code(session, letter, secret_key, now)
    if enclosed.number is None:
        return None
    ending = wording.ending_of_a_text(letter, public_url=public_url, enclosed=enclosed)
    whole = gsm.within(gsm.plain(subject), ending, most_parts=MOST_PARTS)
    return TextMessage(enclosed.number, whole, gsm.parts_of(whole))


def _with_code(
    session: Session, letter: Letter, secret_key: str, now: dt.datetime
) -> TextMessage | None:
    code = session.get(TextCode, int(letter.facts["text_code_id"]))
    if code is None or code.used_at or code.expires_at <= now:
        return None
    digits = numbers.digits_of(code, secret_key=secret_key)
    words = gsm.plain(wording.code_in_a_text(letter, digits))
    return TextMessage(code.number, words, gsm.parts_of(words))
