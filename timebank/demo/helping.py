"""Who acts for whom in the made-up borough, and who would like to join it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.demo.people import Borough
from timebank.domain import acting
from timebank.domain.joining import applying
from timebank.domain.joining import referees
from timebank.domain.rota import could_do
from timebank.domain.rota import on_behalf
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Joining
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Reference
from timebank.models import ReferenceAnswer

HELPER, HELPED = "Priya Shah", "Marjorie Hall"  # Marjorie reads no e-mail
AGREED = "Marjorie rang on her way back from the library"
APPLICANT = applying.Applicant(
    called="Yusuf Demir",
    email="yusuf@example.org",
    phone="020 7946 0182",
    words="We’ve just moved in by the station. I can mend bikes; a hand with a shed would help.",
)
NAMED = (
    applying.Named(called="Grace Lim", email="grace@goodturn.example", field=""),
    applying.Named(called="Hatice Kaya", email="hatice@example.org", field=""),
)
GRACES_WORDS = "He fixed half the bikes at our school gate. A patient man."
KINDS = (NoticeKind.ACTING_FOR, NoticeKind.APPLICATION_IN, NoticeKind.REFERENCE_WANTED)


def write_helping(session: Session, borough: Borough, *, now: dt.datetime) -> None:
    """Let Priya act for Marjorie since three weeks ago, and leave one application to read.

    Nobody is owed mail about it.
    """
    _Story(session, borough, now).tell()
    session.execute(sa.delete(Notice).where(Notice.kind.in_(KINDS)))


@dataclass(frozen=True, slots=True)
class _Story:
    session: Session
    borough: Borough
    now: dt.datetime

    def tell(self) -> None:
        """Both, in the order in which they happened."""
        grant = self._let_act(self._ago(21))
        for days, what in ((20, ActedWhat.LOOKED), (20, ActedWhat.LETTER), (6, ActedWhat.LOOKED)):
            moment = self._ago(days)
            acting.write_down(
                self.session, acting=grant, what=what, today=self._day(moment), now=moment
            )
        self._take_a_turn(grant, self._ago(6))
        self._apply(self._ago(3))

    def _ago(self, days: int) -> dt.datetime:
        return self.now - dt.timedelta(days=days)

    def _day(self, moment: dt.datetime) -> dt.date:
        return clock.local_date(moment, self.borough.community.timezone)

    def _member(self, name: str) -> Membership:
        return self.session.get_one(Membership, self.borough.named(name).membership_id)

    def _let_act(self, moment: dt.datetime) -> ActingFor:
        today = self._day(moment)
        return acting.let_act(
            self.session,
            helper=self._member(HELPER),
            member=self._member(HELPED),
            by=self.session.get_one(Membership, self.borough.neighbours[0].membership_id),
            starts_on=today,
            last_day=acting.usual_last_day(today),
            how_agreed=AGREED,
            today=today,
            now=moment,
        )

    def _take_a_turn(self, grant: ActingFor, moment: dt.datetime) -> None:
        """Take the first turn that Marjorie could do from today on, with its neighbours asked."""
        helped = self.borough.named(HELPED)
        community = self.borough.community
        found = could_do.could_do(
            self.session,
            community_id=community.id,
            zone=community.timezone,
            wishes=could_do.Wishes(),
            person_id=helped.person_id,
            membership_id=helped.membership_id,
            after=None,
            now=self.now,
        )
        for job in found.jobs[:1]:
            on_behalf.take_for(
                self.session,
                grant=grant,
                slot_id=job.slot_id,
                today=self._day(moment),
                now=moment,
            )

    def _apply(self, moment: dt.datetime) -> None:
        """One neighbour asked while a coordinator still said yes to everybody, and waits."""
        community = self.borough.community
        community.joining = Joining.APPLICATION
        applying.apply(
            self.session, community=community, applicant=APPLICANT, named=NAMED, now=moment
        )
        community.joining = Joining.OPEN
        reference = self.session.scalars(sa.select(Reference).order_by(Reference.id)).first()
        if reference is not None:
            referees.answer(
                self.session,
                community_id=community.id,
                reference_id=reference.id,
                said=ReferenceAnswer.YES,
                words=GRACES_WORDS,
                now=moment + dt.timedelta(days=1),
            )
