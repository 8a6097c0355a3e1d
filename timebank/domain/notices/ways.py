"""By which way a notice goes: the one that its reader chose, unless its kind says otherwise.

A notice is one row and goes by one way, never by two. What people choose for a family counts for
its messages; what is needed whatever they choose follows the family it is nearest to, and goes by
mail where they chose none of that, or the weekly mail.
"""

from __future__ import annotations

from dataclasses import dataclass

from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.choosing import Due
from timebank.domain.notices.families import KINDS_OF
from timebank.domain.notices.families import Family
from timebank.models import How
from timebank.models import NoticeKind
from timebank.models import Way

# All that somebody without e-mail is texted, once they agreed to that.
NEEDED_WITHOUT_EMAIL = frozenset(
    {
        NoticeKind.REMINDER_EVE,
        NoticeKind.REMINDERS,
        NoticeKind.EVENT_MOVED,
        NoticeKind.EVENT_CANCELLED,
        NoticeKind.PUT_DOWN,
        NoticeKind.TURN_YIELDED,
    }
)
WAYS_CHOSEN = {How.PHONE: Way.PHONE, How.TEXT: Way.TEXT}  # all else goes by mail


@dataclass(frozen=True, slots=True)
class Route:
    """What decides by which way notices of a kind go: what was chosen for a family, or its kind.

    Attributes:
        by: The family whose choice counts, or the one way that such notices ever go.
        why: The reason, for whoever adds a kind.
    """

    by: Family | Way
    why: str


OWN_CHOICE = "what they chose for these"
NEAR_TURNS = "about their turns, or of a date that they run"
NEAR_HOURS = "their hours"
NOT_A_MEMBER = "they have no choices here"

ROUTES: dict[NoticeKind, Route] = {
    **{
        kind: Route(Way.MAIL if family is Family.WEEK else family, OWN_CHOICE)
        for family, kinds in KINDS_OF.items()
        for kind in kinds
    },
    NoticeKind.WEEKLY: Route(Way.MAIL, "a page to read, not a line"),
    NoticeKind.SIGN_IN: Route(Way.MAIL, "it proves that the address is theirs"),
    NoticeKind.CONFIRM_CLAIM: Route(Way.MAIL, "it proves that the address is theirs"),
    NoticeKind.YOU_ARE_IN: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.PLACE_OFFERED: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.ASKED: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.GIVEN_BACK: Route(Way.MAIL, "all it does is take a turn out of their calendar"),
    NoticeKind.PUT_DOWN: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.EVENT_MOVED: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.EVENT_CANCELLED: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.ORGANISER_WROTE: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.TURN_TAKEN: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.TURN_YIELDED: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.DROPPED_OUT: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.SAID_NO: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.ASK_DECLINED: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.TIME_TO_DECIDE: Route(Family.TURNS, NEAR_TURNS),
    NoticeKind.EXCHANGE_CANCELLED: Route(Family.NEIGHBOURS, "what two neighbours agreed"),
    NoticeKind.EXCHANGE_DUE: Route(Family.HOURS, NEAR_HOURS),
    NoticeKind.EXCHANGE_UNDONE: Route(Family.HOURS, NEAR_HOURS),
    NoticeKind.EXCHANGE_DISPUTED: Route(Family.HOURS, NEAR_HOURS),
    NoticeKind.STATEMENT_WANTED: Route(Family.HOURS, NEAR_HOURS),
    NoticeKind.EXCHANGE_SETTLED: Route(Family.HOURS, NEAR_HOURS),
    NoticeKind.ACTING_FOR: Route(Way.MAIL, "to be kept: who may act for whom, and until when"),
    NoticeKind.BELOW_FLOOR: Route(Way.MAIL, "another's account: nothing for a lock screen"),
    NoticeKind.BOOKS_WRONG: Route(Way.MAIL, "to be kept and passed on"),
    NoticeKind.INVITED: Route(Way.MAIL, NOT_A_MEMBER),
    NoticeKind.APPLICATION_IN: Route(Way.MAIL, "a stranger's words: nothing for a lock screen"),
    NoticeKind.REFERENCE_WANTED: Route(Way.MAIL, "about a stranger: nothing for a lock screen"),
    NoticeKind.APPLICATION_ACCEPTED: Route(Way.MAIL, NOT_A_MEMBER),
    NoticeKind.APPLICATION_DECLINED: Route(Way.MAIL, NOT_A_MEMBER),
    NoticeKind.LEFT: Route(Way.MAIL, "they are signed out everywhere"),
    NoticeKind.ANSWER_RETURNED: Route(Way.MAIL, "it answers a mail of theirs"),
    NoticeKind.PHONE_TRIED: Route(Way.PHONE, "it is to be seen there"),
    NoticeKind.LETTERS_DUE: Route(Way.MAIL, "work for a desk with a printer"),
    NoticeKind.TEXT_CODE: Route(Way.TEXT, "it proves that the number is theirs"),
}


def way_for(kind: NoticeKind, choices: Choices) -> Way:
    """Tell by which way a notice of a kind goes to somebody who chose this."""
    by = ROUTES[kind].by
    if isinstance(by, Way):
        return by
    if choices.membership_id is None:
        return Way.MAIL
    return WAYS_CHOSEN.get(choices.hows[by], Way.MAIL)


def way_of(due: Due, *, reads_mail: bool) -> Way:
    """Tell by which way a notice goes: as they chose, or as a text for want of e-mail."""
    if reads_mail:
        return due.way or way_for(due.kind, due.choices)
    is_texted = due.number is not None and due.kind in NEEDED_WITHOUT_EMAIL
    return Way.TEXT if is_texted else Way.MAIL


def number_of(due: Due, *, reads_mail: bool) -> str | None:
    """Tell on which number they can be texted; whoever reads mail has proven that it is theirs."""
    return due.number if due.is_number_proven or not reads_mail else None
