"""What must still be so for notices of a kind to be worth sending."""

from __future__ import annotations

from timebank.domain.notices.families import LEAD_OF
from timebank.models import NoticeKind

REMINDERS = frozenset(LEAD_OF)
NEEDS_OPEN_EVENT = REMINDERS | {
    NoticeKind.CONFIRM_CLAIM,
    NoticeKind.YOU_ARE_IN,
    NoticeKind.DROPPED_OUT,
    NoticeKind.EVENT_MOVED,
    NoticeKind.PLACE_OFFERED,
    NoticeKind.PLACE_FREE,
    NoticeKind.CALL_FOR_HELP,
    NoticeKind.TIME_TO_DECIDE,
    NoticeKind.ASKED,
    NoticeKind.PUT_DOWN,
    NoticeKind.SAID_NO,
    NoticeKind.ASK_DECLINED,
    NoticeKind.TURN_OFFERED,
    NoticeKind.COVER_WANTED,
    NoticeKind.TURN_TAKEN,
    NoticeKind.TURN_YIELDED,
    NoticeKind.WHAT_TO_EXPECT,
}
NEEDS_LIVE_CLAIM = REMINDERS | {
    NoticeKind.YOU_ARE_IN,
    NoticeKind.EVENT_MOVED,
    NoticeKind.ASKED,
    NoticeKind.PUT_DOWN,
    NoticeKind.SAID_NO,
    NoticeKind.WHAT_TO_EXPECT,
}
LOOKS_FOR_SOMEBODY = {NoticeKind.TURN_OFFERED, NoticeKind.COVER_WANTED}
TELLS_OF_GIVING_BACK = frozenset({NoticeKind.DROPPED_OUT, NoticeKind.GIVEN_BACK})
NEEDS_HELD_CLAIM = frozenset({NoticeKind.CONFIRM_CLAIM, NoticeKind.PLACE_OFFERED})
WAITS_FOR_A_DECISION = frozenset({NoticeKind.APPLICATION_IN, NoticeKind.REFERENCE_WANTED})
NEEDS_FREE_PLACE = frozenset({NoticeKind.PLACE_FREE, NoticeKind.CALL_FOR_HELP})
