"""The mail that a notice would be, and the links in it."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.conftest import SECRET
from timebank.core import clock
from timebank.domain.notices import choosing
from timebank.domain.notices import letters
from timebank.domain.notices import wording
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.wording import Wording
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind


def mail(session: Session, kind: NoticeKind, to: Membership | None = None) -> Wording | None:
    """The newest mail of a kind as it would be delivered now; None: it no longer holds."""
    session.expire_all()
    newest = sa.select(Notice.id).where(Notice.kind == kind).order_by(Notice.id.desc()).limit(1)
    if to:
        newest = newest.where(Notice.person_id == to.person_id)
    notice_id = session.scalars(newest).one()
    letter = letters.read_letter(session, notice_id=notice_id)
    if letters.reason_to_drop(letter):
        return None
    due = choosing.read_due(session, notice_id=notice_id)
    whose = Enclosed(membership_id=due.choices.membership_id, family=due.family)
    return wording.word(
        letter,
        public_url="http://localhost",
        secret_key=SECRET,
        now=clock.now(),
        enclosed=whose,
    )


def link(words: Wording, ending: str) -> str:
    """The path of the first link that ends so."""
    return re.search(rf"https?://localhost(\S+{ending})\s", words.text)[1]
