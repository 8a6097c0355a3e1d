"""What leaves us is what Python's own library would write, byte for byte."""

from __future__ import annotations

import datetime as dt
from email import message_from_bytes
from email import policy
from email.message import EmailMessage
from email.policy import EmailPolicy

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SECRET
from timebank.adapters import mail
from timebank.adapters.mail_headers import add_way_out
from timebank.adapters.mail_headers import name_language
from timebank.adapters.mail_writing import BOUNDARY
from timebank.domain.notices import samples
from timebank.domain.notices import wording
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
DATE = "Wed, 28 Apr 2027 12:00:00 +0000"
LIBRARY = EmailPolicy(linesep="\r\n", cte_type="7bit")
AWAY = "https://goodturn.example/t/4821-k3/stop/turns"

# Anything but half a character, which nothing can write.
words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=400)
lines = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)


def ours(subject: str, text: str, html: str, recipient: str = "bela@example.com") -> EmailMessage:
    message = mail.write_message(
        sender_name="Bexley, “Bank”",
        sender="noreply@goodturn.example",
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        message_id="1@goodturn.example",
        date=DATE,
    )
    name_language(message, "en-GB")
    add_way_out(message, AWAY)
    return message


def the_librarys(subject: str, text: str, html: str) -> EmailMessage:
    """The same message, with nothing of ours in it."""
    message = EmailMessage(policy=LIBRARY)
    message["From"] = '"Bexley, “Bank”" <noreply@goodturn.example>'
    message["To"] = "bela@example.com"
    message["Subject"] = subject
    message["Date"] = DATE
    message["Message-ID"] = "<1@goodturn.example>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.set_boundary(BOUNDARY)
    message["Content-Language"] = "en-GB"
    message["List-Unsubscribe"] = f"<{AWAY}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def unfolded(written: bytes) -> bytes:
    """The library folds before a long address, which we leave on its line."""
    return written.replace(b"List-Unsubscribe:\r\n <", b"List-Unsubscribe: <")


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_mail_is_what_the_library_writes(kind: NoticeKind) -> None:
    letter, enclosed = samples.sample(kind, now=NOW)
    said = wording.word(
        letter,
        public_url="https://goodturn.example",
        secret_key=SECRET,
        now=NOW,
        enclosed=enclosed,
    )
    message = said.subject, said.text, said.html
    assert ours(*message).as_bytes() == unfolded(the_librarys(*message).as_bytes())


@given(lines, words, words)
@example("", "", "")
@example("Nothing", "\r\r\n\n\x0b\x1c\x85 \t=\n.\nFrom here\n", "\x00" * 99)
@example("Dashes", f"--{BOUNDARY}", f"--{BOUNDARY}--")
@example("Few lines", "é\n=\n \n\t\n", "ééééééé \n" * 11)
@example("Another alphabet", "привет\n" * 9, "<p>привет, и это длинная строка</p> " * 40)
@example("Wide", f"{'é=' * 200} \n{'x' * 76} é", f"{'x' * 75}=\n{'x' * 77}é\n")
@example("A long line", "x" * 1000, "é" * 1000)
def test_whatever_is_said_is_what_the_library_writes(subject: str, text: str, html: str) -> None:
    said = ours(subject, text, html)
    if BOUNDARY in text + html:
        arrived = message_from_bytes(said.as_bytes(), _class=EmailMessage, policy=policy.default)
        assert arrived.get_boundary() != BOUNDARY
        parts = [part.get_content().rstrip("\r\n") for part in arrived.iter_parts()]
        assert parts == [text, html]
        return
    assert said.as_bytes() == unfolded(the_librarys(subject, text, html).as_bytes())


def test_message_with_calendars_is_what_the_library_writes() -> None:
    said = "In", "Words", "<p>Words</p>"
    message, library = ours(*said), the_librarys(*said)
    for one in (message, library):
        mail.add_calendars(one, [b"BEGIN:VCALENDAR\r\n", b"BEGIN\r\n"], method="REQUEST")
        one.set_boundary("outer")
    assert message.as_bytes() == unfolded(library.as_bytes())


def test_address_that_looks_like_an_encoded_word_is_written_to_as_it_is() -> None:
    theirs = "=?utf-8?q?chi?=@example.com"
    message = ours("Hello", "Words", "Words", theirs)
    assert str(message["To"]) == theirs
    assert f"\r\nTo: {theirs}\r\n".encode() in message.as_bytes()
