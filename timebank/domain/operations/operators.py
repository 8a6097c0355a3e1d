"""Who looks after the installation: people named at the machine itself, by `timebank operator`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.models import Operator
from timebank.models import Profile


class NobodyWithThisAddress(NotFound):
    """Nobody signs in with this e-mail address."""


def is_operator(session: Session, *, person_id: int) -> bool:
    """Tell whether a person looks after this installation."""
    found = sa.select(sa.exists().where(Operator.person_id == person_id))
    return bool(session.scalar(found))


def name_operator(session: Session, *, email: str) -> None:
    """Let the person who signs in with this address see the works; twice is once.

    Only the owner of the tables may.

    Raises:
        NobodyWithThisAddress: When nobody does.
    """
    person_id = _person(session, email)
    if not is_operator(session, person_id=person_id):
        session.add(Operator(person_id=person_id))
        session.flush()


def dismiss_operator(session: Session, *, email: str) -> None:
    """Take it back; somebody who was none is none afterwards.

    Raises:
        NobodyWithThisAddress: When nobody signs in with it.
    """
    person_id = _person(session, email)
    session.execute(sa.delete(Operator).where(Operator.person_id == person_id))


def _person(session: Session, email: str) -> int:
    found = session.scalar(sa.select(Profile.person_id).where(Profile.email == email))
    if found is None:
        raise NobodyWithThisAddress
    return found
