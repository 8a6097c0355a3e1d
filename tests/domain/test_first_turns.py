"""A first turn: who could show them how it goes, and a word about what to expect, once."""

from __future__ import annotations

import datetime as dt

import pytest

from tests import builders
from tests.conftest import SECRET
from tests.statements import count_statements
from timebank.core import ids
from timebank.domain.notices import letters
from timebank.domain.notices import wording
from timebank.domain.rota import claiming
from timebank.domain.rota import first_turns
from timebank.domain.rota import occasions
from timebank.domain.rota import withdrawing
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
DUE = dt.datetime(2027, 4, 28, 9, tzinfo=dt.UTC)  # three days before, 10am in London
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
LAST = STARTS - dt.timedelta(hours=2)
HOUR = dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)
DAY = dt.date(2027, 5, 1)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def claim(session, slot, member, now=NOW):
    return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=now)


def did(session, walk, member, role, *weeks):
    """Say that somebody did a job so many weeks before the walk."""
    for week in weeks:
        day = DAY - dt.timedelta(weeks=week)
        event = session.query(Event).filter_by(occurs_on=day).one_or_none()
        event = event or builders.an_event(session, walk.series, day)
        slot = builders.a_slot(session, event, role)
        builders.a_claim(session, slot, member, state=ClaimState.ATTENDED)


def owed(session, now):
    first_turns.plan_due(session, now=now)
    found = session.query(Notice).filter_by(kind=NoticeKind.WHAT_TO_EXPECT).order_by(Notice.id)
    return [(one.person_id, one.not_before, one.expires_at) for one in found]


def expected(session, walk):
    people = occasions.who_is_expected(session, event_id=walk.event.id, now=NOW)
    return [(one.name, one.is_first_turn, one.is_new_in_job, one.buddy) for one in people]


def test_the_word_is_due_three_days_before_at_ten_and_not_earlier(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    assert owed(session, DUE - SECOND) == []
    assert owed(session, DUE) == [(walk.bela.person_id, DUE, STARTS - 2 * HOUR)]


def test_planning_is_one_statement_and_planning_twice_adds_nothing(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    claim(session, walk.marshal, walk.sam)
    with count_statements() as count:
        first = first_turns.plan_due(session, now=DUE)
    assert (first, count.total) == (2, 1)
    assert first_turns.plan_due(session, now=DUE + HOUR) == 0


def test_a_late_turn_is_told_of_an_hour_after_it_was_taken(session, walk):
    taken = STARTS - 5 * HOUR
    turn = claim(session, walk.tail_walker, walk.bela, now=taken)
    assert turn.starts_at == STARTS
    assert owed(session, taken + HOUR - SECOND) == []
    assert owed(session, taken + HOUR) == [(walk.bela.person_id, taken + HOUR, LAST)]


def test_within_two_hours_of_the_start_no_word_is_sent(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    assert owed(session, LAST) == []
    assert len(owed(session, LAST - SECOND)) == 1


def test_who_has_done_a_turn_or_reads_no_mail_gets_none(session, walk):
    elsie = builders.a_member(session, walk.community, "Elsie Ward", email=None)
    did(session, walk, walk.bela, walk.marshal.role, 1)
    claim(session, walk.tail_walker, walk.bela)
    claim(session, walk.marshal, elsie)
    assert owed(session, DUE) == []


def test_a_second_turn_brings_no_second_word(session, walk):
    claim(session, walk.tail_walker, walk.bela)
    assert len(owed(session, DUE)) == 1
    later = builders.an_event(session, walk.series, DAY + dt.timedelta(weeks=1))
    claim(session, builders.a_slot(session, later, walk.marshal.role), walk.bela)
    assert len(owed(session, DUE + dt.timedelta(weeks=1))) == 1


def test_a_turn_given_back_drops_the_word_and_the_next_turn_brings_it(session, walk):
    turn = claim(session, walk.tail_walker, walk.bela)
    owed(session, DUE)
    notice = session.query(Notice).filter_by(kind=NoticeKind.WHAT_TO_EXPECT).one()
    withdrawing.withdraw_claim(session, claim_id=turn.id, now=DUE)
    letter = letters.read_letter(session, notice_id=notice.id)
    assert letters.reason_to_drop(letter) == "the place was given back"
    notice.state = NoticeState.CANCELLED
    claim(session, walk.marshal, walk.bela, now=DUE)
    assert len(owed(session, DUE + HOUR)) == 2


def kept_for_the_weekly_mail(session, walk):
    """Bela's word before the walk, kept for a weekly mail; and her turn a day later."""
    first = claim(session, walk.tail_walker, walk.bela)
    sunday = builders.an_event(session, walk.series, DAY + dt.timedelta(days=1))
    claim(session, builders.a_slot(session, sunday, walk.marshal.role), walk.bela)
    first_turns.plan_due(session, now=DUE)
    word = session.query(Notice).filter_by(kind=NoticeKind.WHAT_TO_EXPECT).one()
    weekly = Notice(
        community_id=walk.community.id,
        person_id=walk.bela.person_id,
        kind=NoticeKind.WEEKLY,
        dedupe_key="weekly",
        not_before=DUE + 4 * HOUR,
        expires_at=DUE + 76 * HOUR,
    )
    session.add(weekly)
    session.flush()
    word.state, word.told_in_id = NoticeState.CANCELLED, weekly.id
    session.flush()
    return first, weekly


def test_a_word_that_stands_in_the_weekly_mail_is_not_said_again(session, walk):
    first, weekly = kept_for_the_weekly_mail(session, walk)
    assert first_turns.plan_due(session, now=DUE + HOUR) == 0
    weekly.state, weekly.sent_at = NoticeState.SENT, DUE + 4 * HOUR
    session.flush()
    withdrawing.withdraw_claim(session, claim_id=first.id, now=DUE + 25 * HOUR)
    assert first_turns.plan_due(session, now=DUE + 26 * HOUR) == 0


def test_a_word_that_the_weekly_mail_left_out_is_said_about_the_next_turn(session, walk):
    first, weekly = kept_for_the_weekly_mail(session, walk)
    withdrawing.withdraw_claim(session, claim_id=first.id, now=DUE + HOUR)
    weekly.state, weekly.sent_at = NoticeState.SENT, DUE + 4 * HOUR
    session.flush()
    assert first_turns.plan_due(session, now=DUE + 25 * HOUR) == 1


def test_the_word_says_all_that_a_newcomer_wants_to_know(session, walk):
    walk.series.first_timers = "Look for the sunflower flag."
    walk.series.bring = "Shoes for mud"
    walk.tail_walker.role.bring = "The yellow vest is in the box"
    walk.tail_walker.role.arrive_minutes_before = 15
    builders.a_claim(session, walk.marshal, walk.sam)
    turn = claim(session, walk.tail_walker, walk.bela)
    owed(session, DUE)
    notice = (
        session.query(Notice).filter_by(claim_id=turn.id, kind=NoticeKind.WHAT_TO_EXPECT).one()
    )
    letter = letters.read_letter(session, notice_id=notice.id)
    said = wording.word(letter, public_url="https://t.example", secret_key=SECRET, now=DUE)
    token = ids.signed_token(SECRET, "claim", turn.id)
    assert letters.reason_to_drop(letter) is None
    assert said.subject == "Your first turn: tail walker, Sat 1 May"
    for words in (
        "Nadia K is running it",
        "Danson Park, by the boathouse",
        "be there at 8:45am",
        "Shoes for mud",
        "The yellow vest is in the box",
        "Look for the sunflower flag.",
        "Sam T",
        f"/t/{token}/cant",
    ):
        assert words in said.text
        assert words in said.html
    assert "Tran" not in said.text + said.html


def test_who_is_new_in_a_job_gets_whoever_did_it_most_as_a_buddy(session, walk):
    did(session, walk, walk.sam, walk.marshal.role, 1, 2, 3)
    did(session, walk, walk.nadia, walk.tail_walker.role, 4)
    marshal = {"state": ClaimState.CONFIRMED}
    builders.a_claim(session, walk.marshal, walk.sam, place=1, **marshal)
    builders.a_claim(session, walk.marshal, walk.nadia, place=2, **marshal)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    assert expected(session, walk) == [
        ("Sam T", False, False, None),
        ("Nadia K", False, True, "Sam T"),
        ("Bela N", True, False, "Nadia K"),
    ]


def test_without_anybody_who_did_the_job_the_buddy_did_most_at_the_series(session, walk):
    did(session, walk, walk.sam, walk.marshal.role, 1)
    builders.a_claim(session, walk.marshal, walk.sam)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    assert expected(session, walk)[1] == ("Bela N", True, False, "Sam T")


def test_where_everybody_is_new_there_is_no_buddy(session, walk):
    builders.a_claim(session, walk.marshal, walk.sam)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    assert [buddy for *_, buddy in expected(session, walk)] == [None, None]
