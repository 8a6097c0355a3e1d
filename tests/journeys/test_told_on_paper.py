"""Story: a date is off; Rose reads no e-mail: her letter tells her, or a coordinator rings."""
# ruff: noqa: PLR0917 - pytest gives fixtures by name

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import builders
from tests.browsing import Browser
from tests.builders import Walk
from tests.invitations import Postman
from tests.invitations import bound
from tests.notices import owe
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain.joining import leaving
from timebank.domain.ledger import telling
from timebank.domain.rota import changing
from timebank.jobs import letters
from timebank.models import Claim
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PrintedLetter
from timebank.models import Way

IN_A_WEEK = 8
TOMORROW = 1
WHY = "The path is flooded"


def in_days(days: int) -> dt.date:
    return clock.local_date(clock.now(), builders.LONDON) + dt.timedelta(days=days)


@pytest.fixture
def postman(settings: Settings) -> Postman:
    return Postman(settings)


@pytest.fixture
def days() -> int:
    """In how many days the walk is."""
    return IN_A_WEEK


@pytest.fixture
def walk(session: Session, days: int) -> Walk:
    walk = builders.a_walk(session, day=in_days(days))
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def rose(session: Session, walk: Walk) -> Membership:
    rose = builders.a_member(session, walk.community, "Rose Bell", email=None)
    rose.person.profile.phone = "020 7946 0123"
    builders.a_claim(session, walk.tail_walker, rose)
    session.commit()
    return rose


@pytest.fixture
def ama(app: Flask, walk: Walk) -> Browser:
    return Browser(app).sign_in(walk.ama)


def call_off(app: Flask, walk: Walk) -> None:
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"/e/{walk.series.slug}/{walk.event.occurs_on}/change")
    nadia.press("Cancel this date", cancel_reason=WHY)
    nadia.press("Cancel this date", kind="weather")
    assert "is off. We’ll tell 2 people." in nadia.words


def told(session: Session, who: Membership) -> list[tuple[str, str, str | None]]:
    """Kind, state and way of all that somebody was owed."""
    session.rollback()
    found = session.scalars(
        sa.select(Notice).filter_by(person_id=who.person_id).order_by(Notice.id)
    )
    return [(one.kind.value, one.state.value, one.way.value if one.way else None) for one in found]


def work(settings: Settings) -> None:
    """The job of every minute."""
    with bound(settings):
        letters.keep_in_step()


def test_rose_finds_it_in_her_letter_once(
    app: Flask, session: Session, walk: Walk, rose: Membership, ama: Browser, postman: Postman
) -> None:
    call_off(app, walk)
    assert [mail["To"] for mail in postman.brings(session)] == ["bela@example.com"]
    assert told(session, rose) == [("event_cancelled", "on_paper", "letter")]
    news = f"Danson Saturday Stroll on {long_day(walk)} is cancelled. Why: {WHY}"

    ama.open("/people/letters")
    assert "What’s new" in ama.words  # a look tells nobody
    assert "This is how it would look now." in ama.words
    assert told(session, rose) == [("event_cancelled", "on_paper", "letter")]

    ama.open("/people/without-email")
    assert f"Rose Bell 020 7946 0123 {news}" in ama.words
    ama.press("Print 1 letter")
    assert f"Rose Bell What’s new {news}" in ama.words
    assert told(session, rose) == [("event_cancelled", "sent", "letter")]
    ama.open(ama.answer.request.full_path)  # the paper got stuck: the same once more
    assert news in ama.words
    ama.open("/people/without-email")
    assert "Ring these people" not in ama.words
    ama.press("Print 1 letter")  # tapped twice
    assert news in ama.words
    with time_machine.travel(clock.now() + dt.timedelta(minutes=2), tick=False):
        ama.open("/people/without-email")
        ama.press("Print 1 letter")
        assert "What’s new" not in ama.words
    assert session.query(PrintedLetter).count() == 2
    assert postman.brings(session) == []


def long_day(walk: Walk) -> str:
    day = walk.event.occurs_on
    return f"{day:%A} {day.day} {day:%B}" + (
        f" {day.year}" if day.year != clock.now().year else ""
    )


@pytest.mark.parametrize("days", [TOMORROW])
def test_tomorrow_comes_before_the_post_so_rose_is_rung(
    app: Flask, session: Session, walk: Walk, rose: Membership, ama: Browser, postman: Postman
) -> None:
    call_off(app, walk)
    postman.brings(session)
    ama.open("/people/without-email")
    ama.press("Print 1 letter")
    assert "What’s new" not in ama.words
    ama.open("/people/without-email")
    assert "Ring these people" in ama.words
    ama.press("Rung: Rose Bell")
    assert "Rose knows. Thank you for ringing." in ama.words
    assert "Ring these people" not in ama.words
    assert told(session, rose) == [("event_cancelled", "sent", "voice")]
    assert session.scalar(sa.select(Notice.told_by).filter_by(way=Way.VOICE)) == walk.ama.id


def test_another_coordinator_was_quicker(
    app: Flask, session: Session, walk: Walk, rose: Membership, ama: Browser, postman: Postman
) -> None:
    call_off(app, walk)
    postman.brings(session)
    ama.open("/people/without-email")
    other = Browser(app).sign_in(walk.ama)
    other.open("/people/without-email")
    other.press("Rung: Rose Bell")
    ama.press("Rung: Rose Bell")
    assert "Rose knows. Thank you for ringing." in ama.words
    chi = builders.an_elsewhere(session).chi
    foreign = owe(session, chi, NoticeKind.EVENT_CANCELLED)
    ama.open("/people/without-email")
    token = next(form.fields["csrf_token"][0] for form in ama.forms() if form.fields)
    ama.post(f"/people/rung/{foreign.id}", csrf_token=token)
    assert ama.statuses == [404]


def test_the_mail_server_is_away_and_paper_goes_on(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership, ama: Browser
) -> None:
    call_off(app, walk)
    work(settings)  # no mail has been tried
    work(settings)
    ama.open("/people/without-email")
    assert "Ring these people" in ama.words
    assert told(session, rose) == [("event_cancelled", "on_paper", "letter")]


def test_a_walk_that_moved_twice_is_told_as_it_is(
    session: Session, settings: Settings, walk: Walk, rose: Membership, ama: Browser
) -> None:
    for hours in (1, 3):
        move(session, walk, hours)
        work(settings)
    ama.open("/people/without-email")
    ama.press("Print 1 letter")
    assert ama.words.count("Danson Saturday Stroll has changed") == 1
    assert ", 1pm, at Danson Park. It was to be" in ama.words
    assert [state for _kind, state, _way in told(session, rose)] == ["cancelled", "sent"]


def move(session: Session, walk: Walk, hours: int) -> None:
    later = dt.timedelta(hours=hours)
    start = walk.event.starts_at
    changing.move_event(
        session,
        event=walk.event,
        starts_at=start + later,
        ends_at=walk.event.ends_at + later,
        reason="Mud",
        by=walk.nadia,
        now=clock.now(),
    )
    session.commit()


def test_what_was_undone_or_is_over_is_left_out(
    session: Session, settings: Settings, walk: Walk, rose: Membership, ama: Browser
) -> None:
    gift = builders.a_gift(session, walk.sam, rose, 90, on=in_days(-1))
    telling.tell_hours_moved(session, transfer_ids=[gift.id], now=clock.now())
    turn = session.scalars(sa.select(Claim).filter_by(membership_id=rose.id)).one()
    owe(session, rose, NoticeKind.HOURS_CREDITED, claim=turn)  # nobody credited any
    owe(session, rose, NoticeKind.SIGN_IN)
    session.commit()
    work(settings)
    ama.open("/people/without-email")
    ama.press("Print 1 letter")
    assert "What’s new 1½ hours added to your time account." in ama.words
    assert told(session, rose)[:2] == [
        ("hours_moved", "sent", "letter"),
        ("hours_credited", "cancelled", "letter"),
    ]


def test_nobody_printed_in_time(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership, ama: Browser
) -> None:
    call_off(app, walk)
    work(settings)
    session.execute(sa.text("UPDATE notice SET expires_at = now() WHERE state = 'on_paper'"))
    session.commit()
    ama.open("/people/without-email")
    assert "Ring these people" not in ama.words
    work(settings)
    assert told(session, rose) == [("event_cancelled", "expired", "letter")]


def test_rose_has_an_address_by_now(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership,
    postman: Postman,
) -> None:  # fmt: skip
    call_off(app, walk)
    postman.brings(session)
    session.refresh(rose)
    rose.person.profile.email = "rose@example.com"
    session.commit()
    work(settings)
    assert [mail["To"] for mail in postman.brings(session)] == ["rose@example.com"]
    assert told(session, rose) == [("event_cancelled", "sent", "mail")]


def test_rose_leaves_and_nobody_rings_her(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership, ama: Browser
) -> None:
    call_off(app, walk)
    work(settings)
    leaving.leave(
        session, member=session.get_one(Membership, rose.id), whereto=leaving.Whereto.COMMUNITY,
        pot_id=None, key=uuid.uuid4(), now=clock.now(),
    )  # fmt: skip
    session.commit()
    ama.open("/people/without-email")
    assert "Rose" not in ama.words
    assert told(session, rose)[0] == ("event_cancelled", "cancelled", "letter")


def test_letters_are_due_once_a_fortnight(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership,
    postman: Postman, ama: Browser,
) -> None:  # fmt: skip
    with bound(settings):
        assert letters.say_letters_are_due() == 0  # she has only just come
    session.execute(
        sa.text("UPDATE membership SET created_at = now() - interval '15 days' WHERE id = :id"),
        {"id": rose.id},
    )
    session.commit()
    with bound(settings):
        assert [letters.say_letters_are_due() for _ in range(2)] == [1, 0]
    mail = postman.brings_one(session)
    assert (mail["To"], mail["Subject"]) == ("ama@example.com", "1 letter is due")
    assert "/people/without-email" in mail.get_body(("plain",)).get_content()
    with bound(settings), time_machine.travel(clock.now() + dt.timedelta(days=13), tick=False):
        assert letters.say_letters_are_due() == 0
    with bound(settings), time_machine.travel(clock.now() + dt.timedelta(days=14), tick=False):
        assert letters.say_letters_are_due() == 1  # nobody printed any
    ama.open("/people/without-email")
    ama.press("Print 1 letter")
    with bound(settings), time_machine.travel(clock.now() + dt.timedelta(days=13), tick=False):
        assert letters.say_letters_are_due() == 0
    session.execute(sa.text("UPDATE notice SET not_before = now() WHERE state = 'pending'"))
    assert postman.brings(session) == []  # they are printed


def test_coordinators_hear_at_once_that_somebody_is_to_be_rung(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership,
    postman: Postman, ama: Browser,
) -> None:  # fmt: skip
    call_off(app, walk)
    for _ in range(2):
        work(settings)
    subject = "1 neighbour to ring: a letter would come too late"
    mails = {mail["To"]: mail["Subject"] for mail in postman.brings(session)}
    assert mails.pop("ama@example.com") == subject
    assert list(mails) == ["bela@example.com"]
    work(settings)
    assert postman.brings(session) == []
    with bound(settings):
        assert letters.say_letters_are_due() == 0  # one word is not the other


def test_who_was_rung_already_is_no_reason_to_write(
    app: Flask, session: Session, settings: Settings, walk: Walk, rose: Membership,
    postman: Postman, ama: Browser,
) -> None:  # fmt: skip
    call_off(app, walk)
    work(settings)
    ama.open("/people/without-email")
    ama.press("Rung: Rose Bell")
    assert [mail["To"] for mail in postman.brings(session)] == ["bela@example.com"]
