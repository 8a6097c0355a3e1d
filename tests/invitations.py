"""Mails as they arrive, the calendars in them, and what a calendar answers."""

from __future__ import annotations

import datetime as dt
import email
import mailbox
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import icalendar
import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.adapters import maildir
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.jobs import notices
from timebank.jobs import tools

REPLY_ADDRESS = "rota@goodturn.example"
A_FORTNIGHT = dt.timedelta(days=14)


def first_of_may() -> dt.date:
    """The next one that is a fortnight away: the database's clock can't be set, and goes on."""
    today = clock.now().date()
    this_year = dt.date(today.year, 5, 1)
    return this_year if today + A_FORTNIGHT <= this_year else this_year.replace(today.year + 1)


@contextmanager
def bound(settings: Settings) -> Iterator[tools.Tools]:
    """The tools of the jobs, in this process."""
    mine = tools.open_tools(settings)
    tools.bind(mine)
    try:
        yield mine
    finally:
        mine.engine.dispose()
        tools._bound.clear()


class Postman:
    """Delivers what is owed, and remembers what has arrived in the folder of mails."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._folder = Path(urlsplit(settings.smtp_url).path)
        self._seen: set[str] = set()

    def brings(self, session: Session, *, in_ten_minutes: bool = False) -> list[EmailMessage]:
        """Deliver, and give the mails that arrived since the last time, the oldest first."""
        session.commit()
        if in_ten_minutes:
            session.execute(sa.text("UPDATE notice SET not_before = now() - interval '1 s'"))
            session.commit()
        with bound(self.settings):
            notices.drain()
        box = mailbox.Maildir(self._folder, create=True)
        new = [key for key in sorted(box.keys()) if key not in self._seen]
        self._seen.update(new)
        return [email.message_from_bytes(box.get_bytes(key), policy=policy.default) for key in new]

    def brings_one(self, session: Session, *, in_ten_minutes: bool = False) -> EmailMessage:
        """The one mail that arrived."""
        [message] = self.brings(session, in_ten_minutes=in_ten_minutes)
        return message


def calendar_part(message: EmailMessage) -> EmailMessage | None:
    """The calendar that a mail program shows with the message."""
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert len(parts) <= 1
    return parts[0] if parts else None


def entry(message: EmailMessage) -> icalendar.Event:
    """The one VEVENT in the calendar of a mail, with its method under X-METHOD."""
    part = calendar_part(message)
    assert part is not None
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert not calendar.errors
    [event] = calendar.walk("VEVENT")
    event["X-METHOD"] = str(calendar["METHOD"])
    return event


def told(message: EmailMessage) -> tuple[str, int, str]:
    """What a mail does to the calendar: method, sequence, status."""
    event = entry(message)
    return event["X-METHOD"], int(event["SEQUENCE"]), str(event["STATUS"])


def answer(
    message: EmailMessage,
    partstat: str = "DECLINED",
    *,
    sender: str = "anybody@example.net",
    **changes: str,
) -> bytes:
    """A calendar's reply to an invitation, as Google and Thunderbird write them."""
    event = entry(message)
    facts = {
        "uid": str(event["UID"]),
        "sequence": str(event["SEQUENCE"]),
        "organizer": str(event["ORGANIZER"]),
        "to": str(event["ORGANIZER"]).removeprefix("mailto:"),
    } | changes
    calendar = "\r\n".join([
        "BEGIN:VCALENDAR",
        "PRODID:-//Google Inc//Google Calendar 70.9054//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:REPLY",
        "BEGIN:VEVENT",
        "DTSTART:20270501T080000Z",
        "DTEND:20270501T093000Z",
        "DTSTAMP:20261127T101010Z",
        f"ORGANIZER;CN=Danson Strollers:{facts['organizer']}",
        f"UID:{facts['uid']}",
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={partstat};CN=Bel",
        f" a;X-NUM-GUESTS=0:mailto:{sender}",
        f"SEQUENCE:{facts['sequence']}",
        "STATUS:CONFIRMED",
        "SUMMARY:Marshal",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ])  # fmt: skip
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = sender, facts["to"], "Declined: Marshal"
    reply.set_content("Bela has declined this invitation.")
    reply.add_alternative("<p>Bela has declined this invitation.</p>", subtype="html")
    reply.add_alternative(calendar, subtype="calendar", params={"method": "REPLY"})
    reply.add_attachment(calendar.encode(), maintype="application", subtype="ics",
                         filename="invite.ics")  # fmt: skip
    return reply.as_bytes()


def newest(settings: Settings) -> EmailMessage:
    """The mail that was filed last."""
    folder = Path(urlsplit(settings.smtp_url).path)
    key = maildir.newest_mail(folder)[0].key
    box = mailbox.Maildir(folder, create=False)
    return email.message_from_bytes(box.get_bytes(key), policy=policy.default)
