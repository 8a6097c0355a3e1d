"""What people say about an applicant who named them: one box, once, for coordinators only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.models import Application
from timebank.models import ApplicationState
from timebank.models import Reference
from timebank.models import ReferenceAnswer


class AnsweredAlready(Conflict):
    """You've answered that already. Thank you!"""


class DecidedByNow(Conflict):
    """That has been decided meanwhile. Thank you all the same!"""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked: about whom (as they call themselves), and whether it is settled."""

    reference_id: int
    about: str
    is_answered: bool
    is_decided: bool


def read_question(session: Session, *, community_id: int, reference_id: int) -> Question:
    """Read what somebody is asked about an applicant.

    Raises:
        NotFound: Nobody of this community is.
    """
    row = session.execute(
        sa.select(Application.called, Reference.answered_at, Application.state)
        .join(Application, Application.id == Reference.application_id)
        .where(Reference.id == reference_id, Reference.community_id == community_id)
    ).first()
    if row is None:
        raise NotFound
    called, answered_at, state = row
    is_decided = state is not ApplicationState.WAITING
    return Question(reference_id, called, answered_at is not None, is_decided)


def answer(
    session: Session,
    *,
    community_id: int,
    reference_id: int,
    said: ReferenceAnswer,
    words: str,
    now: dt.datetime,
) -> None:
    """Write down what they say, once.

    Raises:
        AnsweredAlready: They have answered.
        DecidedByNow: A coordinator has decided without them.
        NotFound: Nobody of this community was asked that.
    """
    found = session.get(Reference, reference_id, with_for_update=True, populate_existing=True)
    if found is None or found.community_id != community_id:
        raise NotFound
    if found.answered_at is not None:
        raise AnsweredAlready
    if session.get_one(Application, found.application_id).state is not ApplicationState.WAITING:
        raise DecidedByNow
    found.answer = said
    found.words = words or None
    found.answered_at = now
    session.flush()
