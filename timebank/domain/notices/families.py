"""Families of messages that people understand, and which message belongs to which.

A kind in no family is needed: it comes whatever somebody chooses, and says no way out. These are
answers to what they have just done, changes of their own turns, and what waits for them to act.
"""

from __future__ import annotations

import enum

from timebank.models import Lead
from timebank.models import NoticeKind


class Family(enum.StrEnum):
    """What people choose between; the last is the weekly mail itself."""

    TURNS = "turns"
    ASKING = "asking"
    NEIGHBOURS = "neighbours"
    HOURS = "hours"
    WEEK = "week"


CHOOSABLE = (Family.TURNS, Family.ASKING, Family.NEIGHBOURS, Family.HOURS)

LEAD_OF = {
    NoticeKind.REMINDER_WEEK: Lead.WEEK,
    NoticeKind.REMINDER_TWO_DAYS: Lead.TWO_DAYS,
    NoticeKind.REMINDER_EVE: Lead.EVE,
    NoticeKind.REMINDER_MORNING: Lead.MORNING,
}

KINDS_OF: dict[Family, frozenset[NoticeKind]] = {
    Family.TURNS: frozenset(
        {*LEAD_OF, NoticeKind.REMINDERS, NoticeKind.WHAT_TO_EXPECT, NoticeKind.PLACE_FREE}
    ),
    Family.ASKING: frozenset(
        {
            NoticeKind.CALL_FOR_HELP,
            NoticeKind.COVER_WANTED,
            NoticeKind.TURN_OFFERED,
            NoticeKind.ORGANISER_NEWS,
            NoticeKind.COME_AGAIN,
        }
    ),
    Family.NEIGHBOURS: frozenset(
        {
            NoticeKind.NEIGHBOUR_WROTE,
            NoticeKind.POST_LAPSING,
            NoticeKind.POST_LAPSED,
            NoticeKind.EXCHANGE_AGREED,
            NoticeKind.MESSAGE_ANSWERED,
        }
    ),
    Family.HOURS: frozenset(
        {
            NoticeKind.HOURS_CREDITED,
            NoticeKind.HOURS_MOVED,
            NoticeKind.THANKED,
        }
    ),
    Family.WEEK: frozenset({NoticeKind.WEEKLY}),
}
FAMILY_OF = {kind: family for family, kinds in KINDS_OF.items() for kind in kinds}

# What comes whatever somebody chooses. With the families it is every kind there is, once each: so
# nobody adds a kind without saying which it is.
NEEDED = frozenset(
    {
        NoticeKind.SIGN_IN,
        NoticeKind.CONFIRM_CLAIM,
        NoticeKind.YOU_ARE_IN,
        NoticeKind.PLACE_OFFERED,
        NoticeKind.ASKED,  # a place is kept in their name meanwhile
        NoticeKind.GIVEN_BACK,
        NoticeKind.PUT_DOWN,
        NoticeKind.EVENT_MOVED,
        NoticeKind.EVENT_CANCELLED,
        NoticeKind.ANSWER_RETURNED,  # what they wrote has reached nobody
        NoticeKind.ORGANISER_WROTE,  # about a date on which they have a turn
        NoticeKind.TURN_TAKEN,
        NoticeKind.TURN_YIELDED,
        NoticeKind.EXCHANGE_DUE,  # their hours wait for an answer
        NoticeKind.EXCHANGE_CANCELLED,
        NoticeKind.EXCHANGE_UNDONE,
        NoticeKind.EXCHANGE_DISPUTED,
        NoticeKind.STATEMENT_WANTED,
        NoticeKind.EXCHANGE_SETTLED,
        NoticeKind.DROPPED_OUT,
        NoticeKind.SAID_NO,
        NoticeKind.ASK_DECLINED,
        NoticeKind.TIME_TO_DECIDE,
        NoticeKind.ACTING_FOR,
        NoticeKind.BELOW_FLOOR,
        NoticeKind.BOOKS_WRONG,
        NoticeKind.INVITED,
        NoticeKind.APPLICATION_IN,
        NoticeKind.REFERENCE_WANTED,
        NoticeKind.APPLICATION_ACCEPTED,
        NoticeKind.APPLICATION_DECLINED,
        NoticeKind.LEFT,
        NoticeKind.PHONE_TRIED,
        NoticeKind.LETTERS_DUE,
        NoticeKind.TEXT_CODE,
    }
)
