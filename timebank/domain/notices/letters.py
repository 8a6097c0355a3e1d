"""What a notice has to say, looked up when it is sent, and whether it still holds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import text
from timebank.domain.notices import coming_again
from timebank.domain.notices import exchanges
from timebank.domain.notices import letters_due
from timebank.domain.notices import messages
from timebank.domain.notices import posts
from timebank.domain.notices.coming_again import AboutComingAgain
from timebank.domain.notices.exchanges import AboutExchange
from timebank.domain.notices.messages import AboutMessage
from timebank.domain.notices.needs import LOOKS_FOR_SOMEBODY
from timebank.domain.notices.needs import NEEDS_FREE_PLACE
from timebank.domain.notices.needs import NEEDS_HELD_CLAIM
from timebank.domain.notices.needs import NEEDS_LIVE_CLAIM
from timebank.domain.notices.needs import NEEDS_OPEN_EVENT
from timebank.domain.notices.needs import REMINDERS
from timebank.domain.notices.needs import TELLS_OF_GIVING_BACK
from timebank.domain.notices.needs import WAITS_FOR_A_DECISION
from timebank.domain.notices.posts import AboutPost
from timebank.models import NoticeKind
from timebank.models import SignInRequest

_A_NAME = re.compile(r"[^\W\d_]{1,30}(?:['’-][^\W\d_]{1,30}){0,2}")

# A notice names its claim, or says in `facts` which claim, slot, event or membership it is about.
# A hold that has run out counts as given back, though nobody has swept it yet.
LOOK_UP = """
SELECT n.id, n.kind, n.dedupe_key, n.facts, t.name AS community_name, t.place, t.phone, t.timezone,
       t.host, p.email, p.full_name, r.id AS request_id, r.nonce,
       r.used_at IS NULL AND r.expires_at > now() AS is_request_open,
       c.id AS claim_id, c.state AS claim_state, c.held_until,
       c.live AND (c.held_until IS NULL OR c.held_until > now()) AS is_claim_live,
       c.starts_at = n.starts_at AS is_claim_unmoved,
       EXISTS (SELECT FROM handover h WHERE h.claim_id = c.id AND h.state = 'open'
                  AND (h.to_membership_id IS NULL
                       OR h.to_membership_id = CAST(n.facts ->> 'to' AS bigint))) AS is_looking,
       maker.full_name AS made_by,
       EXISTS (SELECT FROM claim again WHERE again.slot_id = c.slot_id AND again.live
                  AND (n.kind = 'put_down' OR again.state IN ('confirmed', 'attended'))
                  AND again.person_id = c.person_id AND again.id <> c.id) AS is_claimed_again,
       coalesce(about.full_name, '') AS about_name,
       s.id AS slot_id, role.name AS job, role.about AS job_about, s.minutes,
       s.places - (SELECT count(*) FROM claim f WHERE f.slot_id = s.id AND f.live) AS free,
       coalesce(s.starts_at, e.starts_at) AS starts_at, coalesce(s.ends_at, e.ends_at) AS ends_at,
       e.state AS event_state, e.outlook,
       coalesce(nullif(n.facts ->> 'reason', ''),
                CASE WHEN n.kind = 'event_cancelled' THEN e.reason END) AS reason,
       e.occurs_on, x.title, x.slug, x.bring, x.first_timers, role.bring AS job_bring,
       role.arrive_minutes_before,
       CASE WHEN n.kind = 'what_to_expect' THEN ARRAY(
         SELECT there.full_name FROM profile there
          WHERE there.person_id IN (SELECT k.person_id FROM claim k
                                     WHERE k.event_id = e.id AND k.person_id <> c.person_id
                                       AND k.state IN ('confirmed', 'attended'))
          ORDER BY there.full_name, there.person_id) ELSE '{}' END AS others,
       n.kind = 'hours_credited' AND NOT EXISTS (
         SELECT FROM claim done WHERE done.membership_id = c.membership_id
            AND done.state = 'attended' AND done.event_id <> c.event_id) AS is_first_turn,
       coalesce(e.leads, x.leads) AS event_leads, v.name AS venue, v.address,
       (SELECT runs.full_name FROM group_organiser o
          JOIN membership m ON m.id = o.membership_id AND m.standing <> 'left'
          JOIN profile runs ON runs.person_id = m.person_id
         WHERE o.group_id = x.group_id ORDER BY o.membership_id LIMIT 1) AS organiser,
       (SELECT f.minutes FROM transfer f WHERE f.claim_id = c.id
           AND NOT EXISTS (SELECT FROM transfer back WHERE back.reverses_id = f.id)
         ORDER BY f.revision DESC LIMIT 1) AS minutes_credited,
       ap.called AS applicant, ap.words AS applied_with, ap.state AS application_state,
       EXISTS (SELECT FROM invitation i WHERE i.used_at IS NULL AND i.revoked_at IS NULL
                  AND i.id = CAST(n.facts ->> 'invitation_id' AS bigint)) AS is_invitation_open,
       EXISTS (SELECT FROM reference f WHERE f.answered_at IS NULL
                  AND f.id = CAST(n.facts ->> 'reference_id' AS bigint)) AS is_reference_open
  FROM notice n
  JOIN community t ON t.id = n.community_id
  LEFT JOIN profile p ON p.person_id = n.person_id
  LEFT JOIN sign_in_request r ON r.id = n.sign_in_request_id
  LEFT JOIN claim c ON c.id = coalesce(n.claim_id, CAST(n.facts ->> 'claim_id' AS bigint))
                   AND c.community_id = n.community_id
  LEFT JOIN membership low ON low.id = CAST(n.facts ->> 'membership_id' AS bigint)
                          AND low.community_id = n.community_id
  LEFT JOIN profile about ON about.person_id = coalesce(c.person_id, low.person_id)
  LEFT JOIN membership asker ON asker.id = c.made_by
  LEFT JOIN profile maker ON maker.person_id = asker.person_id
  LEFT JOIN slot s ON s.id = coalesce(c.slot_id, CAST(n.facts ->> 'slot_id' AS bigint))
                  AND s.community_id = n.community_id
  LEFT JOIN role ON role.id = s.role_id
  LEFT JOIN event e ON e.id = coalesce(s.event_id, CAST(n.facts ->> 'event_id' AS bigint))
                   AND e.community_id = n.community_id
  LEFT JOIN series x ON x.id = e.series_id
  LEFT JOIN venue v ON v.id = e.venue_id
  LEFT JOIN application ap ON ap.id = CAST(n.facts ->> 'application_id' AS bigint)
                          AND ap.community_id = n.community_id
 WHERE n.id = ANY(CAST(:notice_ids AS bigint[]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything a message may say. What does not belong to its kind is None.

    Attributes:
        email: Of the person it goes to; None for somebody erased or without e-mail.
        about_name: Whom it is about: who holds the claim, or whose account it is.
        reason: Why the date was moved or cancelled, as the organiser typed it.
        starts_at: Of the job, or of the event when it is about no job.
        is_looking: The turn is still looking for somebody: for the reader, or for anybody.
        made_by: The organiser who put them down, or asks them.
        minutes: How long the job takes.
        free: How many places of the job are going spare at this moment.
        job_bring: What to bring for this job; `bring` is for everybody.
        arrive_minutes_before: How long before their turn they should be there.
        others: Who else has a turn on the date, for a first turn.
        event_leads: When people are reminded of the event; None: as usual.
        is_first_turn: It thanks for the first date on which they ever had a turn here.
        minutes_credited: What the turn brought, unless that was taken back.
        applicant: The name of somebody who would like to join, as they typed it.
        applied_with: What they say about themselves.
        post: The offer or ask that it is about.
        exchange: The exchange that it is about.
        message: The organiser's message that it is about.
        again: The turns that would suit somebody who has had their first.
        letters_due: How many neighbours without e-mail wait for their letter.
    """

    kind: NoticeKind
    dedupe_key: str
    facts: Mapping[str, str]
    community_name: str
    place: str
    phone: str
    timezone: str
    host: str | None
    email: str | None
    full_name: str | None
    request: SignInRequest | None
    is_request_open: bool | None
    claim_id: int | None
    claim_state: str | None
    held_until: dt.datetime | None
    is_claim_live: bool | None
    is_claim_unmoved: bool | None
    is_claimed_again: bool
    is_looking: bool
    made_by: str | None
    about_name: str
    slot_id: int | None
    job: str | None
    job_about: str | None
    minutes: int | None
    free: int | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    event_state: str | None
    outlook: str | None
    reason: str | None
    occurs_on: dt.date | None
    title: str | None
    slug: str | None
    bring: str | None
    first_timers: str | None
    job_bring: str | None
    arrive_minutes_before: int | None
    others: list[str]
    is_first_turn: bool = False
    event_leads: list[str] | None = None
    venue: str | None
    address: str | None
    organiser: str | None
    minutes_credited: int | None
    applicant: str | None
    applied_with: str | None
    application_state: str | None
    is_invitation_open: bool
    is_reference_open: bool
    post: AboutPost | None
    exchange: AboutExchange | None
    message: AboutMessage | None = None
    again: AboutComingAgain | None = None
    letters_due: int = 0

    @property
    def greeting(self) -> str:
        """The name a neighbour would call out; what is no name is not repeated.

        Anybody can type a name beside somebody else's address: no advertisement, no link.
        """
        name = text.first_name(self.full_name or "")
        return name if _A_NAME.fullmatch(name) else "neighbour"

    @property
    def applicant_name(self) -> str:
        """First name and initial of somebody who would like to join; "Somebody" where it is none.

        Strangers typed it, and strangers read it.
        """
        name = text.public_name(self.applicant or "")
        return name if all(map(_A_NAME.fullmatch, name.split())) and name else "Somebody"

    @property
    def moved_minutes(self) -> int:
        """How many minutes somebody moved into their account; below zero, out of it."""
        return int(self.facts.get("minutes", "0"))

    @property
    def is_taken_off(self) -> bool:
        """Whether it tells that an organiser took somebody off the rota again."""
        return self.kind is NoticeKind.PUT_DOWN and "taken_off" in self.facts

    @property
    def other_starts_at(self) -> dt.datetime | None:
        """When the other job begins that somebody is offered."""
        written = self.facts.get("other_starts_at")
        return dt.datetime.fromisoformat(written) if written else None

    @property
    def arrives_at(self) -> dt.datetime | None:
        """When to be there, where that is before the job begins."""
        if self.starts_at is None or not self.arrive_minutes_before:
            return None
        return self.starts_at - dt.timedelta(minutes=self.arrive_minutes_before)

    @property
    def short_venue(self) -> str:
        """The place's name without where exactly: short enough for a subject."""
        return (self.venue or "").partition(",")[0]

    @property
    def earlier_starts_at(self) -> dt.datetime | None:
        """When it was to begin before it was moved, when that is another time."""
        written = self.facts.get("earlier_starts_at")
        earlier = dt.datetime.fromisoformat(written) if written else None
        return None if earlier == self.starts_at else earlier

    @property
    def acts_until(self) -> dt.date | None:
        """The last day on which somebody may act for another."""
        written = self.facts.get("last_day")
        return dt.date.fromisoformat(written) if written else None

    @property
    def decides_at(self) -> dt.datetime | None:
        """By when it is to be decided whether the date can start."""
        written = self.facts.get("decides_at")
        return dt.datetime.fromisoformat(written) if written else None

    @property
    def earlier_place(self) -> str:
        """Where it was to be before it was moved, when that is another place."""
        earlier = self.facts.get("earlier_place", "")
        return "" if earlier == self.venue else earlier


def look_up(session: Session, *, notice_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Look up what notices have to say, in one statement -> by the notice, for `letter_of`."""
    rows = session.execute(sa.text(LOOK_UP), {"notice_ids": list(notice_ids)}).mappings()
    return {row["id"]: dict(row) for row in rows}


def made(
    looked_up: Mapping[str, Any],
    *,
    post: AboutPost | None,
    exchange: AboutExchange | None,
    message: AboutMessage | None = None,
    again: AboutComingAgain | None = None,
    letters_due: int = 0,
) -> Letter:
    """Make a letter of all that was looked up."""
    row = dict(looked_up)
    del row["id"]
    request_id, nonce = row.pop("request_id"), row.pop("nonce")
    row["kind"] = NoticeKind(row["kind"])
    return Letter(
        request=SignInRequest(id=request_id, nonce=nonce) if request_id else None,
        post=post, exchange=exchange, message=message, again=again, letters_due=letters_due, **row,
    )  # fmt: skip


def letter_of(session: Session, looked_up: Mapping[str, Any]) -> Letter:
    """Make a letter of what was looked up; some kinds ask for one or two statements more."""
    notice_id, facts, kind = looked_up["id"], looked_up["facts"], NoticeKind(looked_up["kind"])
    return made(
        looked_up,
        post=posts.read(session, kind=kind, facts=facts),
        exchange=exchanges.read(session, kind=kind, facts=facts),
        message=messages.read(session, kind=kind, notice_id=notice_id),
        again=coming_again.read(session, kind=kind, notice_id=notice_id, facts=facts),
        letters_due=letters_due.read(session, kind=kind, notice_id=notice_id, facts=facts),
    )


def read_letter(session: Session, *, notice_id: int) -> Letter:
    """Look up what a notice has to say."""
    return letter_of(session, look_up(session, notice_ids=[notice_id])[notice_id])


def reason_to_drop(letter: Letter, *, is_texted: bool = False) -> str | None:
    """Tell why a notice is not sent any more, or None when it is.

    Args:
        letter: What it says.
        is_texted: Whether it can go as a text message; else, or where that fails, it is mailed.
    """
    if is_texted:
        return lost_cause(letter)
    if letter.kind is NoticeKind.TEXT_CODE:
        return "it goes as a text message, or not at all"
    return lost_cause(letter) if letter.email else "nobody to write to"


def lost_cause(letter: Letter) -> str | None:
    """Tell why what a notice tells is no longer so, or None when it is."""
    if letter.kind is NoticeKind.SIGN_IN:
        return None if letter.is_request_open else "the sign-in was used or ran out"
    if letter.kind is NoticeKind.EVENT_CANCELLED:
        return None if letter.event_state == "cancelled" else "the date takes place after all"
    if letter.kind in NEEDS_OPEN_EVENT and letter.event_state != "planned":
        return "the date was cancelled"
    if letter.is_taken_off:
        return "they are back on the rota" if letter.is_claimed_again else None
    reasons = (_reason_of_joining, _reason_of_job, _reason_of_asking, _reason_of_claim)
    dropped = next(filter(None, (reason(letter) for reason in reasons)), None)
    return (
        dropped
        or posts.reason_to_drop(letter.kind, letter.facts, letter.post)
        or exchanges.reason_to_drop(letter.kind, letter.exchange)
        or messages.reason_to_drop(letter.kind, letter.message)
        or coming_again.reason_to_drop(letter.kind, letter.again)
        or letters_due.reason_to_drop(letter.kind, letter.letters_due)
    )


def _reason_of_joining(letter: Letter) -> str | None:
    if letter.kind is NoticeKind.INVITED and not letter.is_invitation_open:
        return "the invitation was used or taken back"
    if letter.kind in WAITS_FOR_A_DECISION and letter.application_state != "waiting":
        return "it has been decided"
    if letter.kind is NoticeKind.REFERENCE_WANTED and not letter.is_reference_open:
        return "they have answered"
    return None


def _reason_of_job(letter: Letter) -> str | None:
    if letter.kind in NEEDS_FREE_PLACE and not letter.free:
        return "the place is taken"
    return None


def _reason_of_asking(letter: Letter) -> str | None:
    if letter.kind is NoticeKind.ASKED and letter.claim_state == "confirmed":
        return "they have said yes"
    if letter.kind in LOOKS_FOR_SOMEBODY and not letter.is_looking:
        return "nobody is wanted for it any more"
    if letter.kind is NoticeKind.TIME_TO_DECIDE and letter.outlook in {"go", "open"}:
        return "it has its people"
    return None


def _reason_of_claim(letter: Letter) -> str | None:
    if letter.kind in NEEDS_LIVE_CLAIM and letter.claim_id and not letter.is_claim_live:
        return "the place was given back"
    if letter.kind in NEEDS_HELD_CLAIM and not (
        letter.claim_state == "held" and letter.is_claim_live
    ):
        return "the place is no longer held"
    if letter.kind in REMINDERS and letter.is_claim_unmoved is False:
        return "the job was moved"
    if letter.kind in TELLS_OF_GIVING_BACK and letter.is_claimed_again:
        return "they took it back"
    if letter.kind is NoticeKind.HOURS_CREDITED and letter.minutes_credited is None:
        return "the hours were taken back"
    return None
