"""Change what a job says and asks, besides its line in the editor: name, numbers and times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain.events import jobs
from timebank.domain.rota import catalogue
from timebank.domain.rota import laying
from timebank.domain.rota.catalogue import JobInFull
from timebank.models import Membership
from timebank.models import Role
from timebank.models import RoleQualification
from timebank.models import Series


class JobRefused(Refused):
    """Something about this job can't be kept as it is. Check the fields below.

    `problems` says what, each beside its field.
    """

    def __init__(self, problems: Iterable[jobs.Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.sentence, field=first.field)


def change_details(
    session: Session,
    *,
    series: Series,
    role_id: int,
    details: Mapping[str, object],
    asked_ids: Iterable[int],
    trains_for_id: int | None,
    by: Membership,
    now: dt.datetime,
) -> None:
    """Change what a job says and asks of people from now on.

    Where it grows with the crowd in another way, its dates to come follow.

    Args:
        session: The session.
        series: Whose job it is.
        role_id: Which job.
        details: The columns of `jobs.DETAILS`.
        asked_ids: The qualifications it asks for, of the same community (the database looks).
        trains_for_id: The job that one learns here, or None.
        by: Who changes it.
        now: When.

    Raises:
        NotFound: The series has no such job.
        JobRefused: Something can't be meant that way.
        JobHasTurns: With fewer places for the crowd somebody would lose theirs; it names them.
    """
    catalogue.lock_jobs(session, series)
    known = {job.role_id: job for job in catalogue.read_jobs(session, series_id=series.id)}
    job = known.get(role_id) or catalogue.read_job(session, series_id=series.id, role_id=role_id)
    asked = tuple(dict.fromkeys(asked_ids))
    problems = jobs.problems_of(replace(job.draft, **details))  # type: ignore[arg-type]  # columns
    problems += _about_learning(role_id, asked, trains_for_id, known)
    if problems:
        raise JobRefused(problems)
    values = {name: details[name] for name in jobs.DETAILS if name in details}
    session.execute(
        sa.update(Role)
        .where(Role.id == role_id)
        .values(**values, trains_for_id=trains_for_id)
        .execution_options(synchronize_session=False)
    )
    _ask_for(session, role_id, asked, series.community_id)
    if details.get("one_per", job.draft.one_per) != job.draft.one_per:
        laying.lay_again(session, series=series, by=by, now=now)


def _about_learning(
    role_id: int, asked: tuple[int, ...], trains_for_id: int | None, known: dict[int, JobInFull]
) -> list[jobs.Problem]:
    if trains_for_id is None:
        return []
    if trains_for_id == role_id:
        sentence = "A job can’t be the learning place for itself."
        return [jobs.Problem("trains_for", sentence)]
    taught = known.get(trains_for_id)
    if taught is None:
        return [jobs.Problem("trains_for", "Choose a job of this event.")]
    if set(asked) & set(taught.asked_ids):
        sentence = (
            f"It can’t ask for what {taught.draft.name} asks for: people come here to learn."
        )
        return [jobs.Problem("asks_for", sentence)]
    return []


def _ask_for(session: Session, role_id: int, asked: tuple[int, ...], community_id: int) -> None:
    session.execute(
        sa.delete(RoleQualification).where(
            RoleQualification.role_id == role_id,
            RoleQualification.qualification_id.notin_(asked),
        )
    )
    if asked:
        rows = [
            {"role_id": role_id, "qualification_id": key, "community_id": community_id}
            for key in asked
        ]
        session.execute(insert(RoleQualification).values(rows).on_conflict_do_nothing())
