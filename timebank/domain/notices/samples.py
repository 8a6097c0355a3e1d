"""Every kind of message with made-up content, to look at and to check: nothing is looked up.

The words are the real ones; only who, what and when are invented.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

from timebank.domain.notices.coming_again import AboutComingAgain
from timebank.domain.notices.exchanges import AboutExchange
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.messages import AboutMessage
from timebank.domain.notices.posts import AboutPost
from timebank.domain.notices.weekly import Week
from timebank.domain.rota.come_again import Suggested
from timebank.domain.rota.could_do import Doable
from timebank.domain.rota.reading import Turn
from timebank.domain.rota.whats_on import Date
from timebank.models import Audience
from timebank.models import NoticeKind
from timebank.models import SignInRequest

ZONE = "Europe/London"
EVENT = "Danson Saturday Stroll"
VENUE = "Danson Park, by the boathouse"
SLUG = "danson-saturday-stroll"
MEMBER = 4821
ABOUT_EXCHANGES = {
    NoticeKind.EXCHANGE_AGREED: "agreed",
    NoticeKind.EXCHANGE_CANCELLED: "cancelled",
    NoticeKind.EXCHANGE_DUE: "agreed",
    NoticeKind.THANKED: "thanked",
    NoticeKind.EXCHANGE_UNDONE: "undone",
    NoticeKind.EXCHANGE_DISPUTED: "disputed",
    NoticeKind.STATEMENT_WANTED: "disputed",
    NoticeKind.EXCHANGE_SETTLED: "settled",
}
HEARD = {NoticeKind.ORGANISER_NEWS}  # asked for, with a link of its own to end it
WRITTEN = {
    NoticeKind.ORGANISER_WROTE,
    NoticeKind.ORGANISER_NEWS,
    NoticeKind.MESSAGE_ANSWERED,
    NoticeKind.ANSWER_RETURNED,
}
FACTS: dict[NoticeKind, dict[str, str]] = {
    NoticeKind.EVENT_MOVED: {"earlier_place": "The bandstand"},
    NoticeKind.HOURS_MOVED: {"minutes": "90", "what": "Bread for beginners", "is_put_right": ""},
    NoticeKind.TURN_OFFERED: {"to": str(MEMBER)},
    NoticeKind.COVER_WANTED: {"to": str(MEMBER)},
    NoticeKind.CALL_FOR_HELP: {
        "ask_id": "31", "from": "Nadia K", "message": "It’s a lovely morning out.",
    },
    NoticeKind.ACTING_FOR: {"as": "helper", "last_day": "2027-10-19"},
    NoticeKind.BELOW_FLOOR: {"membership_id": "7", "balance_minutes": "-615"},
    NoticeKind.BOOKS_WRONG: {"wrong_balances": "2"},
    NoticeKind.INVITED: {"invitation_id": "5"},
    NoticeKind.REFERENCE_WANTED: {"reference_id": "6"},
    NoticeKind.ANSWER_RETURNED: {"why": "empty"},
    NoticeKind.LEFT: {"whereto": "community", "minutes": "105"},
}  # fmt: skip


def sample(kind: NoticeKind, *, now: dt.datetime) -> tuple[Letter, Enclosed]:
    """Make up a message of a kind, about a Saturday's walk or help between neighbours."""
    starts_at = _next_saturday(now)
    letter = _letter(kind, starts_at, now)
    return letter, Enclosed(
        membership_id=MEMBER,
        family=None if kind in HEARD else FAMILY_OF.get(kind),
        letters=_reminders(letter) if kind is NoticeKind.REMINDERS else (),
        week=_week(starts_at, now) if kind is NoticeKind.WEEKLY else None,
    )


def _next_saturday(now: dt.datetime) -> dt.datetime:
    day = now.date() + dt.timedelta(days=(5 - now.weekday()) % 7 or 7)
    return dt.datetime.combine(day, dt.time(8), dt.UTC)


def _letter(kind: NoticeKind, starts_at: dt.datetime, now: dt.datetime) -> Letter:
    facts = dict(FACTS.get(kind, {}))
    if kind is NoticeKind.EVENT_MOVED:
        facts["earlier_starts_at"] = (starts_at - dt.timedelta(hours=1)).isoformat()
    if kind is NoticeKind.TIME_TO_DECIDE:
        facts["decides_at"] = (starts_at - dt.timedelta(days=1)).isoformat()
    letter = _letter_of_a_turn(kind, facts, starts_at, now)
    about = ABOUT_EXCHANGES.get(kind)
    return replace(
        letter,
        post=_post(kind, now),
        exchange=_exchange(about, now) if about else None,
        message=_message(kind) if kind in WRITTEN else None,
        again=_again(starts_at) if kind is NoticeKind.COME_AGAIN else None,
        letters_due=12 if kind is NoticeKind.LETTERS_DUE else 0,
    )


def _letter_of_a_turn(
    kind: NoticeKind, facts: dict[str, str], starts_at: dt.datetime, now: dt.datetime
) -> Letter:
    return Letter(
        kind=kind,
        dedupe_key=f"sample-{kind}",
        facts=facts,
        community_name="Bexley Time Bank",
        place="Bexley",
        phone="020 8000 0000",
        timezone=ZONE,
        host=None,
        email="bela@example.com",
        full_name="Bela Novak",
        request=SignInRequest(id=1, nonce=uuid.UUID(int=1)),
        is_request_open=True,
        claim_id=12,
        claim_state="confirmed",
        held_until=now + dt.timedelta(hours=20),
        is_claim_live=True,
        is_claim_unmoved=True,
        is_claimed_again=False,
        is_looking=True,
        made_by="Nadia Khan",
        about_name="Sam Tran",
        slot_id=34,
        job="Tail walker",
        job_about="Walk at the back, so that nobody is left behind.",
        minutes=90,
        free=1,
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=90),
        event_state="cancelled" if kind is NoticeKind.EVENT_CANCELLED else "planned",
        outlook="at_risk" if kind is NoticeKind.TIME_TO_DECIDE else None,
        reason="Flooded path" if kind in {NoticeKind.EVENT_MOVED, NoticeKind.EVENT_CANCELLED}
        else None,
        occurs_on=starts_at.date(),
        title=EVENT,
        slug=SLUG,
        bring="Shoes for mud",
        first_timers="Meet Nadia by the boathouse door.",
        job_bring="A whistle; we have one to lend",
        arrive_minutes_before=15,
        others=["Nadia Khan", "Marjorie Hall"],
        venue=VENUE,
        address="The boathouse, Danson Park, DA6 8HL",
        organiser="Nadia Khan",
        minutes_credited=105,
        applicant="Ivy Bell",
        applied_with="I can mend bicycles.",
        application_state="waiting",
        is_invitation_open=True,
        is_reference_open=True,
        post=None,
        exchange=None,
    )  # fmt: skip


def _post(kind: NoticeKind, now: dt.datetime) -> AboutPost:
    return AboutPost(
        post_id=3,
        kind="ask",
        title="My lawn wants mowing",
        state="expired" if kind is NoticeKind.POST_LAPSED else "open",
        expires_on=now.date() + dt.timedelta(days=7),
        talk_id=8,
        words="I can come on Friday, with my own mower.",
        to_owner=True,
        writer="Sam Tran",
        is_blocked=False,
    )


def _message(kind: NoticeKind) -> AboutMessage:
    return AboutMessage(
        message_id=11,
        series_id=2,
        whom=Audience.HEARING if kind in HEARD else Audience.DATE,
        subject="Another place to meet",
        words="The boathouse is shut. We meet at the café, and walk as always.",
        called_off=False,
        job=None,
        writer="Nadia Khan",
        membership_id=MEMBER,
        answer="I’ll be there." if kind is NoticeKind.MESSAGE_ANSWERED else None,
        by_organiser=False,
        had_files=False,
        answerer="Sam Tran",
        event_state="planned",
        is_member=True,
        is_around=True,
        may_be_asked=True,
        hears=True,
        has_turn=True,
        is_blocked=False,
    )


def _again(starts_at: dt.datetime) -> AboutComingAgain:
    """Two turns, a week apart, that might suit a newcomer."""
    turns = (
        Suggested(
            slot_id=36 + number, job=job, title=EVENT, slug=SLUG, occurs_on=later.date(),
            starts_at=later, ends_at=later + dt.timedelta(minutes=60), place=VENUE,
        )
        for number, job in enumerate(("Marshal", "Tail walker"))
        for later in (starts_at + dt.timedelta(days=7 * (1 + number)),)
    )  # fmt: skip
    return AboutComingAgain(may_ask=True, has_turn=False, turns=tuple(turns))


def _exchange(state: str, now: dt.datetime) -> AboutExchange:
    return AboutExchange(
        exchange_id=9,
        state=state,
        what="Hemming curtains",
        planned_at=now + dt.timedelta(days=2) if state == "agreed" else None,
        happened_on=None if state in {"agreed", "cancelled"} else now.date(),
        timezone=ZONE,
        minutes=120,
        helper="Bela Novak",
        helped="Marjorie Hall",
        step=state,
        by="Marjorie Hall",
        is_by_helper=False,
        is_by_other=False,
        words="They hang beautifully" if state == "thanked" else "It took us a little longer",
        is_for_group=False,
        is_for_helper=True,
    )


def _reminders(letter: Letter) -> tuple[Letter, ...]:
    """Two turns that somebody is reminded of at once."""
    first = replace(letter, kind=NoticeKind.REMINDER_TWO_DAYS)
    later = letter.starts_at + dt.timedelta(hours=3) if letter.starts_at else None
    second = replace(
        first,
        claim_id=13,
        job="Tea and cake",
        job_about="Pour tea, and have some.",
        bring="A mug",
        title="Repair café",
        slug="repair-cafe",
        venue="The library, Bexleyheath",
        address="Townley Road, DA6 7HJ",
        starts_at=later,
        ends_at=later + dt.timedelta(minutes=60) if later else None,
        minutes=60,
    )
    return first, second


def _week(starts_at: dt.datetime, now: dt.datetime) -> Week:
    ends_at, day = starts_at + dt.timedelta(minutes=90), starts_at.date()
    kept, _enclosed = sample(NoticeKind.HOURS_CREDITED, now=now)
    turn = Turn(
        claim_id=12, slot_id=34, job="Tail walker", about="", title=EVENT, slug=SLUG,
        occurs_on=day, starts_at=starts_at, ends_at=ends_at, minutes=90, place=VENUE,
        is_held=False,
    )  # fmt: skip
    needed = Doable(
        rank=0, slot_id=35, name="Run director", about="", starts_at=starts_at, ends_at=ends_at,
        minutes=90, free=1, is_needed=True, title="Hall Place 5k", slug="hall-place-5k",
        occurs_on=day, place="Hall Place, by the gate",
    )  # fmt: skip
    date = Date(
        event_id=1, slug="repair-cafe", occurs_on=day, title="Repair café", scene="fix",
        starts_at=starts_at + dt.timedelta(hours=3), ends_at=ends_at + dt.timedelta(hours=3),
        place="The library, Bexleyheath", is_cancelled=False, reason=None, is_first=False,
        filled=2, places=5, missing=(),
    )  # fmt: skip
    return Week(
        turns=(turn,),
        needed=(needed,),
        dates=(date,),
        minutes_in=105,
        minutes_out=60,
        balance_minutes=-45,
        kept=(kept,),
    )
