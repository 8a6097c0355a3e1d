"""Addresses that refuse our mail: when they are believed, and what makes them good again."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from timebank.domain import identity
from timebank.domain import suppression
from timebank.models import MailSuppression

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
A_WEEK = dt.timedelta(days=7)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def refused(session: Session, walk: Walk, status: str, now: dt.datetime = NOW) -> bool:
    return suppression.note_refusal(
        session,
        person_id=walk.bela.person_id,
        address="bela@example.com",
        status=status,
        now=now,
    )


def since(session: Session, walk: Walk) -> dt.datetime | None:
    trouble = suppression.trouble_of(session, person_id=walk.bela.person_id)
    return trouble.since if trouble else None


@pytest.mark.parametrize("status", ["550 5.1.1", "5.1.1", "556 5.1.10", "551 5.1.6"])
def test_no_such_mailbox_is_believed_at_once(session: Session, walk: Walk, status: str) -> None:
    assert refused(session, walk, status)
    assert since(session, walk) == NOW


@pytest.mark.parametrize("status", ["550", "550 5.2.1", "5.0.0", "553 5.1.3"])
def test_anything_else_about_the_address_counts_when_it_comes_twice(
    session: Session, walk: Walk, status: str
) -> None:
    assert not refused(session, walk, status)
    assert since(session, walk) is None
    assert refused(session, walk, status, NOW + A_WEEK)
    assert since(session, walk) == NOW + A_WEEK


def test_two_that_lie_a_season_apart_are_one_and_one(session: Session, walk: Walk) -> None:
    assert not refused(session, walk, "550")
    assert not refused(session, walk, "550", NOW + suppression.SAME_SEASON)
    assert refused(session, walk, "550", NOW + suppression.SAME_SEASON + A_WEEK)


def test_those_of_one_day_are_one_however_many(session: Session, walk: Walk) -> None:
    hours = [dt.timedelta(hours=number) for number in range(24)]
    assert not any(refused(session, walk, "550", NOW + later) for later in hours)
    row = session.scalars(sa.select(MailSuppression)).one()
    assert (row.refusals, row.last_at) == (24, NOW)
    assert refused(session, walk, "550", NOW + suppression.SAME_DAY)
    assert since(session, walk) == NOW + suppression.SAME_DAY


@pytest.mark.parametrize("status", ["550 5.7.1", "5.7.26", "552 5.2.3", "5.3.4", "554 5.6.0"])
def test_what_is_no_fault_of_the_address_does_not_harm_it(
    session: Session, walk: Walk, status: str
) -> None:
    for _ in range(3):
        assert not refused(session, walk, status)
    assert session.scalars(sa.select(MailSuppression)).all() == []


def test_another_address_is_written_to_and_the_old_one_is_remembered(
    session: Session, walk: Walk
) -> None:
    refused(session, walk, "5.1.1")
    walk.bela.person.profile.email = "bela@example.org"
    session.flush()
    assert since(session, walk) is None
    assert suppression.returned(session, community_id=walk.community.id) == []
    walk.bela.person.profile.email = "bela@example.com"
    session.flush()
    assert since(session, walk) == NOW


def test_whoever_reads_a_sign_in_there_has_shown_that_it_takes_mail(
    session: Session, walk: Walk
) -> None:
    refused(session, walk, "5.1.1")
    request = identity.request_sign_in(
        session, community_id=walk.community.id, person_id=walk.bela.person_id,
        next_path="/me", now=NOW,
    )  # fmt: skip
    assert since(session, walk) == NOW
    identity.sign_in(session, request=request, now=NOW)
    assert since(session, walk) is None
    assert refused(session, walk, "5.1.1", NOW + A_WEEK), "and it may come to that again"


def test_coordinator_who_lifts_it_is_on_record(session: Session, walk: Walk) -> None:
    refused(session, walk, "5.1.1")
    person = walk.bela.person_id
    assert suppression.lift(session, person_id=person, now=NOW, by=walk.ama.id)
    assert not suppression.lift(session, person_id=person, now=NOW, by=walk.sam.id)
    row = session.scalars(sa.select(MailSuppression)).one()
    assert (row.lifted_at, row.lifted_by) == (NOW, walk.ama.id)


def test_list_is_of_this_community_with_whom_to_ring(session: Session, walk: Walk) -> None:
    elsewhere = builders.an_elsewhere(session)
    walk.bela.person.profile.phone = "020 7946 0001"
    session.flush()
    refused(session, walk, "550 5.1.1")
    suppression.note_refusal(
        session, person_id=elsewhere.chi.person_id, address="chi@example.com", status="5.1.1",
        now=NOW,
    )  # fmt: skip
    assert suppression.returned(session, community_id=walk.community.id) == [
        suppression.Returned(walk.bela.id, "Bela Novak", "020 7946 0001", NOW, "550 5.1.1")
    ]


def test_nothing_is_kept_but_codes_and_a_digest(session: Session, walk: Walk) -> None:
    refused(session, walk, "550 5.1.1")
    row = session.execute(sa.text("SELECT mail_suppression::text FROM mail_suppression")).scalar()
    assert "bela" not in str(row)


def test_what_was_lifted_a_year_ago_is_forgotten(session: Session, walk: Walk) -> None:
    refused(session, walk, "550 5.1.1")
    suppression.lift(session, person_id=walk.bela.person_id, now=NOW)
    refused(session, walk, "550 5.1.1", NOW + A_WEEK)
    suppression.forget(session, now=NOW + 5 * suppression.SAME_SEASON)
    [kept] = session.scalars(sa.select(MailSuppression)).all()
    assert kept.since == NOW + A_WEEK
