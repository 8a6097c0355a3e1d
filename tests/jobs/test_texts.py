"""Notices that go as text messages: paid for first, sent once, or by mail where that fails."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests import gateway
from tests.builders import Walk
from tests.gateway import Gateway
from tests.invitations import Postman
from tests.notices import owe
from timebank.adapters import probes
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain.notices import by_letter
from timebank.domain.notices import delivery
from timebank.domain.notices import letters_due
from timebank.domain.notices import saving
from timebank.domain.notices import together
from timebank.domain.notices.families import Family
from timebank.domain.rota import reminders
from timebank.domain.texts import guard
from timebank.domain.texts import numbers
from timebank.jobs import notices
from timebank.jobs import texts
from timebank.jobs.tools import Tools
from timebank.models import Claim
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import TextMonth
from timebank.models import TextSent
from timebank.models import Way

MOBILE = "+447700900123"


@pytest.fixture
def ours() -> Iterator[Gateway]:
    with gateway.listening() as ours:
        yield ours


@pytest.fixture
def postman(settings: Settings, ours: Gateway) -> Postman:
    return Postman(replace(settings, texts=ours.texts()))


@pytest.fixture
def walk(session: Session) -> Walk:
    day = clock.local_date(clock.now(), builders.LONDON) + dt.timedelta(days=9)
    return builders.a_walk(session, day=day)


@pytest.fixture
def turn(session: Session, walk: Walk) -> Claim:
    """Bela's, who chose texts for her turns."""
    claim = builders.a_claim(session, walk.tail_walker, walk.bela)
    have_texts(session, walk.bela)
    return claim


def have_texts(session: Session, member: Membership) -> None:
    now = clock.now()
    code = numbers.ask_for_code(session, member=member, number=MOBILE, now=now)
    digits = numbers.digits_of(code, secret_key="x")
    numbers.prove(session, member=member, digits=digits, secret_key="x", now=now)
    chosen = frozenset({Family.TURNS})
    saving.choose_texts(session, member=member, families=chosen, now=now)
    session.execute(sa.delete(Notice))
    session.commit()


def fates(session: Session) -> list[tuple[str, str | None]]:
    session.rollback()
    found = session.scalars(sa.select(Notice).order_by(Notice.id))
    return [(one.state.value, one.way.value if one.way else None) for one in found]


def spent(session: Session) -> Decimal:
    session.rollback()
    assert guard.months_that_do_not_add_up(session) == []
    return session.scalar(sa.select(sa.func.coalesce(sa.func.sum(TextMonth.spent_pence), 0)))


def remind(session: Session, turn: Claim) -> Notice:
    member = session.get_one(Membership, turn.membership_id)
    return owe(session, member, NoticeKind.REMINDER_EVE, claim=turn)


def test_a_reminder_goes_as_a_text_and_not_by_mail(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, turn: Claim
) -> None:
    remind(session, turn)
    assert postman.brings(session) == []
    [came] = ours.came
    day = walk.event.occurs_on
    assert came["to"] == MOBILE
    assert "tail walker" in came["text"].lower()
    assert came["text"].endswith(
        f" http://localhost/e/danson-saturday-stroll/{day}"
        " (No replies here. To stop: http://localhost/me/texts)"
    )
    assert "/t/" not in came["text"]
    assert fates(session) == [("sent", "text")]
    assert spent(session) in {Decimal("4.5"), Decimal(9)}
    assert postman.brings(session) == []
    assert len(ours.came) == 1


def test_what_was_not_chosen_goes_by_mail(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, turn: Claim
) -> None:
    remind(session, builders.a_claim(session, walk.marshal, walk.sam))
    owe(session, walk.bela, NoticeKind.BOOKS_WRONG)
    mails = postman.brings(session)
    assert {mail["To"] for mail in mails} == {"sam@example.com", "bela@example.com"}
    assert ours.came == []
    assert spent(session) == 0


@pytest.mark.parametrize("answer", [400, 401, 429, 503])
def test_what_the_gateway_did_not_take_goes_by_mail_at_once_and_costs_nothing(
    session: Session, postman: Postman, ours: Gateway, turn: Claim, answer: int
) -> None:
    ours.answers = answer
    remind(session, turn)
    assert postman.brings_one(session)["To"] == "bela@example.com"
    assert fates(session) == [("sent", "mail")]
    assert (len(ours.came), spent(session)) == (1, 0)


@pytest.mark.parametrize("answer", [500, "cut"])
def test_what_nobody_knows_of_is_uncertain_and_never_sent_again(
    session: Session, postman: Postman, ours: Gateway, turn: Claim, answer: str | int
) -> None:
    ours.answers = answer
    remind(session, turn)
    for _ in range(2):
        assert postman.brings(session) == []
    assert fates(session) == [("uncertain", "text")]
    assert len(ours.came) == 1
    assert spent(session) > 0  # it may have been sent


def test_a_black_hole_holds_nobody_up(
    session: Session, settings: Settings, ours: Gateway, walk: Walk, turn: Claim
) -> None:
    with gateway.black_hole() as url:
        postman = Postman(replace(settings, texts=ours.texts(url=url)))
        remind(session, turn)
        second = owe(session, walk.bela, NoticeKind.EVENT_MOVED, claim=turn)
        assert second.id
        mails = postman.brings(session)
    assert [mail["To"] for mail in mails] == ["bela@example.com"] * 2
    assert spent(session) == 0


def test_the_months_money_is_spent_and_mail_goes_on(
    session: Session, settings: Settings, ours: Gateway, turn: Claim
) -> None:
    most = Decimal(8)  # less than two parts
    postman = Postman(replace(settings, texts=ours.texts(most_a_month=most)))
    session.add(TextMonth(month=clock.now().date().replace(day=1), most_pence=8, spent_pence=4))
    session.add(TextSent(month=clock.now().date().replace(day=1), parts=1, pence=4))
    session.commit()
    remind(session, turn)
    assert postman.brings_one(session)["To"] == "bela@example.com"
    assert (ours.came, spent(session)) == ([], 4)


def test_last_months_money_is_not_this_months(
    session: Session, postman: Postman, ours: Gateway, turn: Claim
) -> None:
    last = (clock.now().date().replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    session.add(TextMonth(month=last, most_pence=900, spent_pence=900))
    session.flush()
    session.add(TextSent(month=last, parts=1, pence=900))
    session.commit()
    remind(session, turn)
    postman.brings(session)
    assert len(ours.came) == 1


def test_many_workers_reach_for_the_last_pennies(
    session: Session, engine: sa.Engine, ours: Gateway, walk: Walk
) -> None:
    notice = owe(session, walk.bela)
    said = ours.texts(most_a_month=Decimal(20), price=Decimal(3))
    got: list[int | None] = []
    start = threading.Barrier(8)

    def reach() -> None:
        start.wait()
        with Session(engine) as mine:
            got.append(guard.put_aside(mine, texts=said, notice_id=notice_id, parts=1))
            mine.commit()

    notice_id = notice.id
    threads = [threading.Thread(target=reach) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in got) == 6
    assert spent(session) == 18
    for one in got * 2:  # twice is the same as once
        if one:
            guard.give_back(session, text_id=one)
    session.commit()
    assert spent(session) == 0


def test_a_worker_died_before_the_fence_and_its_money_comes_back(
    session: Session, mine: Tools, ours: Gateway, walk: Walk
) -> None:
    notice = owe(session, walk.bela)
    assert guard.put_aside(session, texts=ours.texts(), notice_id=notice.id, parts=2)
    session.commit()
    assert texts.put_right() == 0
    session.execute(sa.text("UPDATE text_sent SET created_at = now() - interval '11 minutes'"))
    session.commit()
    assert texts.put_right() == 1
    assert spent(session) == 0


def test_whose_price_was_given_back_meanwhile_lets_nothing_out(
    session: Session, ours: Gateway, walk: Walk
) -> None:
    notice = owe(session, walk.bela)
    slow, quick = (
        guard.put_aside(session, texts=ours.texts(), notice_id=notice.id, parts=1) or 0
        for _ in range(2)
    )
    guard.give_back(session, text_id=slow)
    assert not guard.pay(session, text_id=slow)
    assert guard.pay(session, text_id=quick)
    assert not guard.pay(session, text_id=quick)


def test_a_worker_slept_beyond_its_lease_and_sends_and_pays_nothing(
    session: Session, mine: Tools, ours: Gateway, turn: Claim, settings: Settings
) -> None:
    mine.settings = replace(settings, texts=ours.texts())
    notice = remind(session, turn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "hand_over", lambda *_args, **_more: False)
        notices.drain()
    session.refresh(notice)
    assert notice.state is NoticeState.PENDING  # the lease was still ours: it is looked at anew
    assert (ours.came, spent(session)) == ([], 0)


@pytest.mark.parametrize("wants", ["a calendar", "none"])
def test_what_puts_a_turn_into_their_calendar_is_mailed(
    session, postman, ours, walk, turn, *, wants
):
    """A text takes no calendar along, and what is told is told once."""
    walk.bela.turns_by_mail = wants == "a calendar"
    session.flush()
    owe(session, walk.bela, NoticeKind.YOU_ARE_IN, claim=turn)
    mails = postman.brings(session)
    assert (len(mails), len(ours.came)) == ((1, 0) if wants == "a calendar" else (0, 1))


@pytest.fixture
def rose(session: Session, walk: Walk) -> Membership:
    """She reads no e-mail, and told Ama on the telephone that texts are fine."""
    rose = builders.a_member(session, walk.community, "Rose Bell", email=None)
    numbers.note_agreed(session, member=rose, number=MOBILE, by=walk.ama, now=clock.now())
    session.commit()
    return rose


def test_rose_is_texted_what_she_needs_and_nothing_else(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    turn = builders.a_claim(session, walk.tail_walker, rose)
    eve = turn.starts_at - dt.timedelta(hours=12)
    session.execute(sa.text("UPDATE claim SET created_at = created_at - interval '20 days'"))
    session.commit()
    reminders.plan_due(session, now=turn.starts_at - dt.timedelta(hours=44))
    assert fates(session) == []  # two days before is for those who read mail
    reminders.plan_due(session, now=eve)
    session.execute(sa.update(Notice).values(not_before=sa.func.now()))
    session.commit()
    owe(session, rose, NoticeKind.HOURS_MOVED, minutes="30", what="", is_put_right="")
    assert postman.brings(session) == []
    assert [came["to"] for came in ours.came] == [MOBILE]
    assert sorted(fates(session)) == [("on_paper", "letter"), ("sent", "text")]


def test_rose_is_texted_on_the_eve_as_was_agreed_though_others_of_the_date_are_not(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    remind(session, builders.a_claim(session, walk.tail_walker, rose))
    walk.event.leads = ["two_days"]
    session.commit()
    assert postman.brings(session) == []
    assert [came["to"] for came in ours.came] == [MOBILE]
    assert fates(session) == [("sent", "text")]


def test_reminders_of_one_moment_reach_rose_in_one_text(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    turn = builders.a_claim(session, walk.tail_walker, rose)
    owe(session, rose, NoticeKind.REMINDER_EVE, claim=turn)
    owe(session, rose, NoticeKind.REMINDER_MORNING, claim=turn)
    same = sa.select(sa.func.min(Notice.not_before)).scalar_subquery()
    session.execute(sa.update(Notice).values(not_before=same))
    assert together.gather_reminders(session, now=clock.now()) == 2
    session.commit()
    assert postman.brings(session) == []
    assert [came["to"] for came in ours.came] == [MOBILE]
    assert fates(session)[-1] == ("sent", "text")


def test_what_rose_is_to_be_texted_is_not_put_on_paper_before(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    turn = builders.a_claim(session, walk.tail_walker, rose)
    owe(session, rose, NoticeKind.EVENT_MOVED, claim=turn)
    owe(session, rose, NoticeKind.HOURS_MOVED, minutes="30", what="", is_put_right="")
    assert by_letter.keep_in_step(session) == 1
    session.commit()
    postman.brings(session)
    assert len(ours.came) == 1
    assert fates(session) == [("sent", "text"), ("on_paper", "letter")]


def test_rose_has_no_number_so_a_reminder_ends_and_the_rest_waits_for_paper(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    numbers.end(session, member=rose, now=clock.now())
    turn = builders.a_claim(session, walk.tail_walker, rose)
    owe(session, rose, NoticeKind.REMINDER_EVE, claim=turn)
    owe(session, rose, NoticeKind.EVENT_MOVED, claim=turn)
    assert postman.brings(session) == []
    assert sorted(fates(session), key=str) == [("cancelled", None), ("on_paper", "letter")]
    assert ours.came == []


@pytest.mark.parametrize(("answer", "state"), [(400, "failed"), (503, "pending")])
def test_a_reminder_that_rose_can_get_no_other_way_is_tried_again_where_that_helps(
    session, postman, ours, walk, rose, *, answer, state
):
    ours.answers = answer
    turn = builders.a_claim(session, walk.tail_walker, rose)
    owe(session, rose, NoticeKind.REMINDER_EVE, claim=turn)
    assert postman.brings(session) == []
    assert fates(session) == [(state, None)]
    assert spent(session) == 0


def test_the_gateway_is_away_so_rose_is_rung(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    ours.answers = 503
    turn = builders.a_claim(session, walk.tail_walker, rose)
    owe(session, rose, NoticeKind.EVENT_MOVED, claim=turn)
    assert postman.brings(session) == []
    assert fates(session) == [("on_paper", "letter")]


def test_nobody_knows_whether_the_text_arrived_so_rose_is_rung_and_that_ends_it(
    session: Session, postman: Postman, ours: Gateway, walk: Walk, rose: Membership
) -> None:
    ours.answers = "cut"
    turn = builders.a_claim(session, walk.tail_walker, rose)
    moved = owe(session, rose, NoticeKind.EVENT_MOVED, claim=turn)
    owe(session, walk.ama, NoticeKind.EVENT_MOVED)
    session.execute(
        sa.update(Notice)
        .where(Notice.person_id == walk.ama.person_id)
        .values(state=NoticeState.UNCERTAIN, way="text")
    )  # she reads mail, and operators look into it
    assert postman.brings(session) == []
    assert ("uncertain", "text") in fates(session)
    here, now = walk.community.id, clock.now()
    [call] = by_letter.whom_to_ring(session, community_id=here, now=now)
    assert (call.notice_id, call.full_name) == (moved.id, "Rose Bell")
    assert letters_due.say_whom_to_ring(session) == 1
    assert by_letter.note_rung(session, notice_id=moved.id, by=walk.ama, now=now) == "Rose Bell"
    assert by_letter.whom_to_ring(session, community_id=here, now=now) == []
    session.refresh(moved)
    assert (moved.state, moved.way, moved.told_by) == (NoticeState.SENT, Way.VOICE, walk.ama.id)


def test_a_code_goes_to_the_number_alone(
    session: Session, postman: Postman, ours: Gateway, walk: Walk
) -> None:
    code = numbers.ask_for_code(session, member=walk.bela, number=MOBILE, now=clock.now())
    session.commit()
    assert postman.brings(session) == []
    [came] = ours.came
    assert came["text"].startswith(
        f"{numbers.digits_of(code, secret_key=postman.settings.secret_key)} is your code for "
    )
    assert fates(session) == [("sent", "text")]


def test_where_no_texts_are_sent_a_code_goes_nowhere(
    session: Session, settings: Settings, walk: Walk
) -> None:
    numbers.ask_for_code(session, member=walk.bela, number=MOBILE, now=clock.now())
    session.commit()
    assert Postman(settings).brings(session) == []
    assert fates(session) == [("cancelled", None)]


@pytest.mark.parametrize(
    ("pence", "ok", "says"),
    [(700, True, ""), (720, True, "720 of 900 pence"), (899, False, "Raise TEXTS_MOST_A_MONTH")],
)
def test_doctor_warns_before_the_money_is_spent(session, owner, postman, *, pence, ok, says):
    month = clock.now().date().replace(day=1)
    session.add(TextMonth(month=month, most_pence=900, spent_pence=pence))
    session.flush()
    session.add(TextSent(month=month, parts=1, pence=pence))
    session.commit()
    [part] = probes.check_texts(owner, postman.settings)
    assert part.ok is ok
    assert says in part.problem
