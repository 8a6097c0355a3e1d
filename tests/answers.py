"""Answers as people's mail programs send them to a mail of ours."""

from __future__ import annotations

from email.message import EmailMessage

WHAT_WE_WROTE = "> We meet at the café this time.\n"


def answer(
    to: str,
    words: str,
    *,
    sender: str = "somewhere.else@example.net",
    message_id: str = "<1@example.net>",
    quoted: str = WHAT_WE_WROTE,
    **headers: str,
) -> bytes:
    """Answer above what was quoted, from any address."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Priya <{sender}>", to, "Re: Another place"
    mail["Message-ID"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    above = "On Wed, 28 Apr 2027 at 13:00, Bexley <noreply@goodturn.example> wrote:"
    mail.set_content(f"{words}\n\n{above}\n{quoted}")
    return mail.as_bytes()
