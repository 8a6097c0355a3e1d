"""What a notice says on a phone: its subject, the first thing its text says, and where to tap.

The words are those of the mail (`templates/email/<kind>/`), in its reader's language. A phone may
lie on a table, and push services pass messages on: so the address is that of a page, which asks
who is there, and never one that lets its holder do something.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.links import Links
from timebank.domain.notices.needs import REMINDERS
from timebank.domain.notices.wording import Wording
from timebank.models import NoticeKind

LONGEST_BODY = 300
LONGEST_LASTING = dt.timedelta(days=7)

# Where a tap leads: the name of an address of `Links` that holds no key. All else leads to the
# page of its date, or to their own.
PAGES = {
    **dict.fromkeys(REMINDERS, "my_turns"),
    NoticeKind.REMINDERS: "my_turns",
    NoticeKind.ASKED: "my_turns",
    NoticeKind.PLACE_OFFERED: "my_turns",
    NoticeKind.TURN_OFFERED: "my_turns",
    NoticeKind.TURN_TAKEN: "my_turns",
    NoticeKind.HOURS_CREDITED: "my_turns",
    NoticeKind.HOURS_MOVED: "my_turns",
    NoticeKind.PLACE_FREE: "claim",
    NoticeKind.CALL_FOR_HELP: "claim",
    NoticeKind.TIME_TO_DECIDE: "decide",
    NoticeKind.COME_AGAIN: "first_turn",
    NoticeKind.EXCHANGE_AGREED: "exchange",
    NoticeKind.EXCHANGE_CANCELLED: "exchange",
    NoticeKind.EXCHANGE_DUE: "exchange",
    NoticeKind.EXCHANGE_UNDONE: "exchange",
    NoticeKind.EXCHANGE_DISPUTED: "settle",
    NoticeKind.STATEMENT_WANTED: "exchange",
    NoticeKind.EXCHANGE_SETTLED: "exchange",
    NoticeKind.THANKED: "exchange",
    NoticeKind.PHONE_TRIED: "phones",
}
# Shown at once, even where a phone saves its battery: somebody waits, or would set out in vain.
URGENT = frozenset(
    {
        NoticeKind.PLACE_OFFERED,
        NoticeKind.PLACE_FREE,
        NoticeKind.EVENT_CANCELLED,
        NoticeKind.EVENT_MOVED,
        NoticeKind.DROPPED_OUT,
        NoticeKind.REMINDER_MORNING,
        NoticeKind.PHONE_TRIED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A notice as a phone shows it.

    Attributes:
        body: The first thing that its text says; may be empty.
        address: The page that a tap opens.
        topic: A newer one of the same topic takes the place of one not seen yet.
        lasts: How long it is worth showing from now on.
    """

    title: str
    body: str
    address: str
    language: str
    topic: str
    is_urgent: bool
    lasts: dt.timedelta

    @property
    def content(self) -> bytes:
        """What the service worker reads (`templates/channels/service-worker.js`)."""
        told = {
            "title": self.title,
            "body": self.body,
            "address": self.address,
            "lang": self.language,
            "topic": self.topic,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def show(
    letter: Letter,
    words: Wording,
    *,
    public_url: str,
    enclosed: Enclosed,
    notice_id: int,
    now: dt.datetime,
) -> Shown:
    """Say what a phone shows of a notice that was put into words."""
    ends = enclosed.expires_at or now
    return Shown(
        title=words.subject,
        body=_first_said(words.text),
        address=_page(letter, Links(letter, public_url, "", enclosed)),
        language=words.language,
        topic=_topic(letter, notice_id),
        is_urgent=letter.kind in URGENT,
        lasts=min(max(ends - now, dt.timedelta(0)), LONGEST_LASTING),
    )


def _first_said(text: str) -> str:
    """Give the first paragraph below the heading, unless an address stands in it."""
    _heading, *paragraphs = text.split("\n\n")
    first = paragraphs[0].strip() if paragraphs else ""
    if "://" in first:
        return ""
    return first if len(first) <= LONGEST_BODY else f"{first[: LONGEST_BODY - 1]}…"


def _page(letter: Letter, links: Links) -> str:
    if letter.kind is NoticeKind.MESSAGE_ANSWERED:
        is_to_organisers = letter.message is not None and not letter.message.by_organiser
        return links.written if is_to_organisers else links.event
    if letter.post is not None:
        is_talk = letter.kind is NoticeKind.NEIGHBOUR_WROTE
        about = f"talks/{letter.post.talk_id}" if is_talk else letter.post.post_id
        return f"{links.home}/neighbours/{about}"
    usual = "event" if letter.slug and letter.occurs_on else "my_turns"
    return str(getattr(links, PAGES.get(letter.kind, usual)))


def _topic(letter: Letter, notice_id: int) -> str:
    """Name what it is about: of the reminders of one turn the newest is enough."""
    if letter.kind in REMINDERS and letter.claim_id:
        return f"turn-{letter.claim_id}"
    return "try" if letter.kind is NoticeKind.PHONE_TRIED else f"notice-{notice_id}"
