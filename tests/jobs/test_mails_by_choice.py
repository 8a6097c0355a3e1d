"""What leaves and what doesn't, by what its reader has chosen until then: a real mail server."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests import builders
from tests import mail_sink
from tests.domain.test_mail_choosing import USUAL
from tests.domain.test_mail_choosing import hows
from tests.jobs import conftest
from tests.mail_sink import Sink
from tests.notices import owe
from timebank.core import clock
from timebank.domain.notices import saving
from timebank.domain.notices.families import Family
from timebank.jobs import notices
from timebank.jobs import reminders
from timebank.jobs import tools
from timebank.models import Lead
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Person

MOVED = {"minutes": "90", "what": "Bread for beginners", "is_put_right": ""}


@pytest.fixture
def sink(with_smtp):
    with mail_sink.running(Sink()) as opened:
        with_smtp(opened.url)
        yield opened


@pytest.fixture
def walk(session):
    """A walk the day after tomorrow at 9, by the real clock: jobs and database share it."""
    return builders.a_walk(session, day=clock.local_date(clock.now(), builders.LONDON) + A_DAY * 2)


A_DAY = dt.timedelta(days=1)


def choose(session, member, **changes):
    wanted = dataclasses.replace(USUAL, **changes)
    saving.save(session, member=member, wanted=wanted, now=clock.now())
    session.commit()


def local_now():
    return clock.now().astimezone(ZoneInfo(builders.LONDON))


def around_now(minutes):
    """Quiet hours that began so long ago and end in as long."""
    span = dt.timedelta(minutes=minutes)
    begins, ends = local_now() - span, local_now() + span
    return {"quiet_from": begins.time().replace(second=0), "quiet_until": ends.time()}


def test_a_choice_made_after_it_was_planned_counts(session, walk, sink):
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    choose(session, walk.bela, hows=hows(hours="none"))
    notices.drain()
    assert sink.messages == []
    assert conftest.states(session) == {"cancelled": 1}
    choose(session, walk.bela)
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    notices.drain()
    assert sink.recipients == ["bela@example.com"]


def test_quiet_hours_put_it_off_and_it_is_no_try(session, walk, sink):
    moved = owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    choose(session, walk.bela, **around_now(90))
    notices.drain()
    session.refresh(moved)
    assert sink.messages == []
    assert (moved.state, moved.attempts) == (NoticeState.PENDING, 0)
    ends = moved.not_before.astimezone(ZoneInfo(builders.LONDON))
    assert abs(ends - local_now() - dt.timedelta(minutes=90)) < dt.timedelta(minutes=1)
    moved.not_before = clock.now() - A_DAY
    choose(session, walk.bela)
    notices.drain()
    assert conftest.states(session) == {"sent": 1}


def test_what_is_needed_comes_by_night_and_in_a_pause(session, walk, sink):
    turn = builders.a_claim(session, walk.tail_walker, walk.bela)
    walk.event.state, walk.event.reason, walk.event.sequence = "cancelled", "Flooded path", 1
    choose(session, walk.bela, paused_until=local_now().date() + A_DAY * 9, **around_now(60))
    saving.stop(session, member=walk.bela, family=Family.TURNS, now=clock.now())
    owe(session, walk.bela, NoticeKind.EVENT_CANCELLED, claim=turn)
    notices.drain()
    [message] = sink.messages
    assert message["Subject"].startswith("Cancelled: Danson Saturday Stroll")
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


def test_what_may_be_ended_says_how_in_headers_that_programs_read(session, walk, sink):
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    notices.drain()
    [message] = sink.messages
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    way_out = message["List-Unsubscribe"]
    assert way_out.startswith(f"<http://localhost/t/{walk.bela.id}-")
    assert way_out.endswith("/stop/hours>")
    assert way_out[1:-1] in message.get_body(("plain",)).get_content()
    assert message["Content-Language"] == "en-GB"


def test_two_turns_of_a_day_come_as_one_mail(session, walk, sink):
    choose(session, walk.bela, leads=frozenset(Lead))
    tea = builders.a_role(session, walk.series, name="Tea", starts_after_minutes=90, position=7)
    turns = [
        builders.a_claim(session, walk.tail_walker, walk.bela),
        builders.a_claim(session, builders.a_slot(session, walk.event, tea), walk.bela),
    ]
    session.commit()
    for turn in turns:
        owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=turn)
    session.execute(sa.update(Notice).values(not_before=clock.now()))
    session.commit()
    reminders.plan_due()
    notices.drain()
    [message] = sink.messages
    text = message.get_body(("plain",)).get_content()
    assert "and 1 more" in message["Subject"]
    assert "Tail walker at Danson Saturday Stroll" in text
    assert "Tea at Danson Saturday Stroll" in text
    assert text.count("/cant") == 2
    reminders.plan_due()
    notices.drain()
    assert len(sink.messages) == 1


def test_what_is_kept_comes_once_in_the_weekly_mail_at_their_hour(session, walk, sink):
    now = local_now()
    choose(session, walk.bela, hows=hows(hours="weekly"), weekly_on=now.isoweekday())
    for _twice in range(2):
        owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    notices.drain()
    assert sink.messages == []
    [weekly] = session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.WEEKLY))
    weekly.not_before = clock.now() - dt.timedelta(minutes=1)
    weekly.expires_at = clock.now() + A_DAY
    session.commit()
    notices.drain()
    notices.drain()
    [message] = sink.messages
    text = message.get_body(("plain",)).get_content()
    assert text.count("- 1½ hours added to your time account") == 2
    assert message["List-Unsubscribe"].endswith("/stop/week>")
    assert conftest.states(session) == {"cancelled": 2, "sent": 1}


def test_a_weekly_mail_that_could_not_be_sent_keeps_what_is_in_it(session, walk, sink):
    choose(session, walk.bela, hows=hows(hours="weekly"))
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    notices.drain()
    [weekly] = session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.WEEKLY))
    weekly.not_before, weekly.expires_at = clock.now() - A_DAY, clock.now() + A_DAY
    session.commit()
    sink.at_data = lambda count: "452 full" if count == 1 else mail_sink.OK
    notices.drain()
    session.execute(sa.text("UPDATE notice SET not_before = now() WHERE state = 'pending'"))
    session.commit()
    notices.drain()
    [message] = sink.messages
    assert "1½ hours added" in message.get_body(("plain",)).get_content()


def test_a_weekly_mail_with_nothing_to_say_is_not_sent(session, walk, sink):
    walk.event.state, walk.event.reason, walk.event.sequence = "cancelled", "Mud", 1
    now = local_now()
    choose(session, walk.bela, weekly=True, weekly_on=now.isoweekday(), weekly_hour=now.hour)
    reminders.plan_due()
    notices.drain()
    assert sink.messages == []
    assert conftest.states(session) == {"cancelled": 1}


def test_somebody_erased_meanwhile_gets_nothing(session, walk, sink):
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    session.execute(
        sa.text("DELETE FROM profile WHERE person_id = :person"), {"person": walk.bela.person_id}
    )
    session.get(Person, walk.bela.person_id).erased_at = clock.now()
    session.commit()
    notices.drain()
    assert sink.messages == []


def test_two_workers_at_once_keep_two_messages_in_one_mail(session, walk, sink):
    choose(session, walk.bela, hows=hows(hours="weekly"))
    for _one in range(12):
        owe(session, walk.bela, NoticeKind.HOURS_MOVED, **MOVED)
    mine = tools.current()
    mine.engine = sa.create_engine(mine.settings.database_url, pool_size=4)  # two for each
    threads = [threading.Thread(target=notices.drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.rollback()
    weekly = session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.WEEKLY)).all()
    told = session.scalars(
        sa.select(Notice.told_in_id).where(Notice.told_in_id.is_not(None))
    ).all()
    assert (len(weekly), set(told), len(told)) == (1, {weekly[0].id}, 12)
