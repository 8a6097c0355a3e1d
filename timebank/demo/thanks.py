"""What the neighbours of the made-up borough have agreed on, and whom they have thanked."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.demo.people import Borough
from timebank.domain import ledger
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import settling
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing
from timebank.domain.exchange.agreeing import Agreement
from timebank.domain.exchange.thanking import Thanks
from timebank.domain.ledger.transfers import BelowFloor
from timebank.models import Exchange
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind

# Days before today, who helped, who was helped, minutes, what, a word of thanks.
THANKED = (
    (41, "Tom Baker", "Pauline Dunne", 90, "A lift to the chiropodist", ""),
    (33, "Grace Lim", "Dev Patel", 60, "Planting bulbs", "They’ll be up by March!"),
    (20, "Imran Malik", "Zoë Nowak", 45, "A shelf that stays up", ""),
    (9, "Bola Adeyemi", "Siân Price", 120, "Jollof for beginners", "We had seconds."),
    (5, "Jo Field", "Priya Shah", 30, "Photos off an old phone",
     "My gran is in every second one. Thank you!"),
    (2, "Priya Shah", "Grace Lim", 60, "Reading over a letter", "You found the right words."),
)  # fmt: skip
SEEN_DIFFERENTLY = (4, "Lee O’Brien", "Tom Baker", 60, "Digging over a bed", "")
LEES_WORDS = "We were at it for two hours, with the roots."
TOMS_WORDS = "I went in to make tea, so I may have missed the end of it."
# Days from today, who helps, who is helped, minutes, what.
AGREED = (
    (4, "Siân Price", "Priya Shah", 60, "A new zip for a coat"),
    (6, "Priya Shah", "Jo Field", 90, "Company at the eye clinic"),
    (-3, "Wes Ellis", "Pauline Dunne", 60, "Walking the dog while a foot mends"),
)
KINDS = (
    NoticeKind.THANKED,
    NoticeKind.EXCHANGE_AGREED,
    NoticeKind.EXCHANGE_DISPUTED,
    NoticeKind.STATEMENT_WANTED,
)


def write_thanks(session: Session, borough: Borough, *, seed: int, now: dt.datetime) -> None:
    """Thank for six favours, agree on three, and leave one for the coordinator to settle.

    Drawn apart from all else, so that the rest of the borough's story stays as it is. Nobody is
    owed mail about it: it is past, or was said at the garden fence.
    """
    told = _Story(session, borough, random.Random(seed), now)  # noqa: S311 - made-up people
    for line in THANKED:
        told.thank(line)
    disputed = told.thank(SEEN_DIFFERENTLY)
    if disputed is not None:
        told.see_differently(disputed)
    for agreement in AGREED:
        told.agree(agreement)
    undoing.let_stand(session, now=now)
    session.execute(sa.delete(Notice).where(Notice.kind.in_(KINDS)))


@dataclass(frozen=True, slots=True)
class _Story:
    session: Session
    borough: Borough
    rng: random.Random
    now: dt.datetime

    def thank(self, line: tuple[int, str, str, int, str, str]) -> Exchange | None:
        """Say thanks some days ago; somebody who is near their floor doesn't."""
        days, helper, helped, minutes, what, words = line
        moment = self.now - dt.timedelta(days=days)
        today = clock.local_date(moment, self.borough.community.timezone)
        by = self._member(helped)
        thanks = Thanks(
            helper_id=self._member(helper).id,
            helped_id=by.id,
            payer_id=self._account_id(by),
            minutes=minutes,
            happened_on=today,
            what=what,
            words=words or None,
        )
        with suppress(BelowFloor), self.session.begin_nested():
            return thanking.thank(
                self.session, thanks=thanks, by=by, key=self._key(), today=today, now=moment
            )
        return None

    def see_differently(self, exchange: Exchange) -> None:
        """Lee says it isn't right, and Tom how it was."""
        helper, helped = self._member(SEEN_DIFFERENTLY[1]), self._member(SEEN_DIFFERENTLY[2])
        then = self.now - dt.timedelta(days=1)
        settling.dispute(
            self.session, exchange=exchange, words=LEES_WORDS, by=helper, key=self._key(), now=then
        )
        settling.give_statement(
            self.session, exchange=exchange, words=TOMS_WORDS, by=helped, key=self._key(), now=then
        )

    def agree(self, line: tuple[int, str, str, int, str]) -> None:
        """Note what two have agreed on, ten days ago, for a day from today."""
        days, helper, helped, minutes, what = line
        by = self._member(helped)
        zone = self.borough.community.timezone
        day = clock.local_date(self.now, zone) + dt.timedelta(days=days)
        agreement = Agreement(
            helper_id=self._member(helper).id,
            helped_id=by.id,
            payer_id=self._account_id(by),
            what=what,
            minutes=minutes,
            planned_at=clock.at_local(day, dt.time(14, 30), zone),
        )
        noted = self.now - dt.timedelta(days=10)
        agreeing.agree(self.session, agreement=agreement, by=by, key=self._key(), now=noted)

    def _member(self, name: str) -> Membership:
        return self.session.get_one(Membership, self.borough.named(name).membership_id)

    def _account_id(self, member: Membership) -> int:
        return ledger.account_of(self.session, membership_id=member.id).id

    def _key(self) -> uuid.UUID:
        return uuid.UUID(int=self.rng.getrandbits(128))
