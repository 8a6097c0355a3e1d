"""Thanks, undoing and settling under load: each counts once, nothing deadlocks, it all adds up.

A deadlock is an answer like any other here, and none is expected.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.storms import DONE
from tests.storms import Storm
from tests.storms import a_crowd
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.exchange import posting
from timebank.domain.exchange import settling
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing
from timebank.domain.exchange.agreeing import Agreement
from timebank.domain.exchange.settling import Outcome
from timebank.domain.exchange.settling import Verdict
from timebank.domain.exchange.thanking import Thanks
from timebank.models import Account
from timebank.models import Category
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import ExchangeStep
from timebank.models import Membership
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Transfer

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
SEED = 20270428
ROUNDS = 10


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def storm(engine):
    with Storm(engine, crowd=60) as storm:
        yield storm


def thanks(session, helper, helped, minutes=30, post_id=None):
    return Thanks(
        helper_id=helper.id, helped_id=helped.id, minutes=minutes, happened_on=TODAY,
        payer_id=builders.account_of(session, helped).id, what="A hand", post_id=post_id,
    )  # fmt: skip


def thank(said, by, key=None):
    key = key or uuid.uuid4()

    def work(session):
        member = session.get_one(Membership, by.id)
        thanking.thank(session, thanks=said, by=member, key=key, today=TODAY, now=NOW)

    return work


def on(exchange, by, rule):
    """Do something about an exchange as somebody, in a session of one's own."""

    def work(session):
        rule(session, session.get_one(Exchange, exchange.id), session.get_one(Membership, by.id))

    return work


def undo(session, exchange, by):
    undoing.undo(session, exchange=exchange, by=by, now=NOW)


def dispute(session, exchange, by):
    settling.dispute(session, exchange=exchange, words="Not so", by=by, key=uuid.uuid4(), now=NOW)


def again(session, exchange, by):
    thanking.thank_again(
        session, exchange=exchange, minutes=45, happened_on=TODAY, words=None, by=by,
        key=uuid.uuid4(), today=TODAY, now=NOW,
    )  # fmt: skip


def settle(seen, outcome, minutes=None):
    verdict = Verdict(outcome=outcome, minutes=minutes, reason="So be it", last_step=seen)

    def rule(session, exchange, by):
        settling.settle(
            session, exchange=exchange, verdict=verdict, by=by, key=uuid.uuid4(), now=NOW
        )

    return rule


def an_exchange(session, walk):
    done = thanking.thank(
        session, thanks=thanks(session, walk.sam, walk.bela), by=walk.bela, key=uuid.uuid4(),
        today=TODAY, now=NOW,
    )  # fmt: skip
    session.commit()
    return done


def check_books(session):
    """Every stored balance is the sum of its transfers, and all together are nothing."""
    session.expire_all()
    differs = session.scalar(
        sa.text("""SELECT count(*) FROM account a WHERE balance <>
          (SELECT coalesce(sum(CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END), 0)
             FROM transfer t WHERE a.id IN (t.credit_id, t.debit_id))""")
    )
    assert (differs, session.scalar(sa.select(sa.func.sum(Account.balance)))) == (0, 0)
    twice = session.scalar(
        sa.text("""SELECT count(*) FROM (
          SELECT FROM transfer t WHERE t.kind = 'thanks' AND NOT EXISTS
            (SELECT FROM transfer r WHERE r.reverses_id = t.id)
           GROUP BY t.exchange_id HAVING count(*) > 1) more""")
    )
    assert twice == 0


@pytest.mark.timeout(300)
def test_one_form_sent_fifty_times_is_one(session, walk, storm):
    key, said = uuid.uuid4(), thanks(session, walk.sam, walk.bela)
    assert storm.answers([thank(said, walk.bela, key)] * 50) == {DONE: 50}
    assert session.query(Exchange).count() == session.query(Transfer).count() == 1
    check_books(session)


@pytest.mark.timeout(300)
def test_one_key_with_other_figures_is_refused(session, walk, storm):
    key = uuid.uuid4()
    works = [
        thank(thanks(session, walk.sam, walk.bela, minutes), walk.bela, key)
        for minutes in (30, 60) * 20
    ]
    assert storm.answers(works) == {DONE: 20, "KeyReused": 20}
    assert session.query(Transfer).count() == 1
    check_books(session)


@pytest.mark.timeout(300)
def test_opposite_thanks_at_once(session, walk, storm):
    crowd = a_crowd(session, walk.community, 6)
    session.commit()
    rng = random.Random(SEED)  # noqa: S311 - who thanks whom, not secrets
    for _ in range(ROUNDS):
        works = []
        for _pair in range(25):
            one, other = rng.sample(crowd, 2)
            works += [
                thank(thanks(session, one, other, 1), other),
                thank(thanks(session, other, one, 1), one),
            ]
        assert storm.answers(works) == {DONE: 50}
    check_books(session)


@pytest.mark.timeout(300)
def test_undone_and_disputed_at_once_is_one_of_the_two(session, walk, storm):
    for _ in range(ROUNDS):
        exchange = an_exchange(session, walk)
        works = [on(exchange, walk.bela, undo), on(exchange, walk.sam, dispute)] * 10
        answers = storm.answers(works)
        session.refresh(exchange)
        if exchange.state is ExchangeState.UNDONE:  # each undo is answered by the first
            assert answers == {DONE: 10, "NothingToSettle": 10}
        else:
            assert exchange.state is ExchangeState.DISPUTED
            assert answers == {DONE: 1, "LookedInto": 19}
    check_books(session)


@pytest.mark.timeout(300)
def test_undone_by_both_and_left_to_stand_at_once(session, walk, storm):
    later = NOW + dt.timedelta(days=14)  # the last moment for one, and for the job right after
    for _ in range(ROUNDS):
        exchange = an_exchange(session, walk)
        undo_late = on(
            exchange,
            walk.sam,
            lambda session, one, by: undoing.undo(session, exchange=one, by=by, now=later),
        )
        stand = [lambda session: undoing.let_stand(session, now=later + dt.timedelta(seconds=1))]
        answers = storm.answers([undo_late, *stand] * 10)
        session.refresh(exchange)
        steps = session.query(ExchangeStep).filter_by(exchange_id=exchange.id).count()
        assert (exchange.state, steps) in {
            (ExchangeState.UNDONE, 2),
            (ExchangeState.STANDS, 2),
        }
        assert set(answers) <= {DONE, "TooLateToUndo"}
    check_books(session)


@pytest.mark.timeout(300)
def test_thanked_again_by_twenty_is_once(session, walk, storm):
    for _ in range(ROUNDS):
        exchange = an_exchange(session, walk)
        undo(session, exchange, walk.sam)
        session.commit()
        answers = storm.answers([on(exchange, walk.bela, again)] * 20)
        assert answers == {DONE: 1, "ThankedAlready": 19}
    check_books(session)


@pytest.mark.timeout(300)
def test_settled_in_three_ways_at_once_is_settled_once(session, walk, storm):
    for _ in range(ROUNDS):
        exchange = an_exchange(session, walk)
        dispute(session, exchange, walk.sam)
        session.commit()
        seen = chain.last_step(session, exchange)
        ways = (
            settle(seen, Outcome.KEEP),
            settle(seen, Outcome.CHANGE, 60),
            settle(seen, Outcome.TAKE_BACK),
        )
        answers = storm.answers([on(exchange, walk.ama, way) for way in ways * 6])
        assert (answers.pop(DONE), answers.total()) == (1, 17)
        assert set(answers) <= {"MovedOn", "NothingToSettle"}
    check_books(session)


def an_ask(session, walk):
    """Bela's lawn, and what Sam and she may agree on about it."""
    ask = posting.put_up(
        session,
        draft=posting.Draft(
            kind=PostKind.ASK, category=Category.GARDEN, title="My lawn", words="",
            area="Crayford", when_words="",
        ),
        member=walk.bela, by=walk.bela, intent=None, today=TODAY,
    )  # fmt: skip
    agreement = Agreement(
        helper_id=walk.sam.id, helped_id=walk.bela.id, what="My lawn", minutes=30,
        payer_id=builders.account_of(session, walk.bela).id, post_id=ask.id,
    )  # fmt: skip
    return ask, agreement


@pytest.mark.timeout(300)
def test_everything_at_once_about_one_ask(session, walk, storm):
    """Thanks, agreements and calling off all lock the ask, the accounts and each other's rows."""
    ask, agreement = an_ask(session, walk)
    session.commit()

    def agree(session):
        by = session.get_one(Membership, walk.sam.id)
        agreeing.agree(session, agreement=agreement, by=by, key=uuid.uuid4(), now=NOW)

    def cancel(session, exchange, by):
        agreeing.cancel(session, exchange=exchange, by=by, today=TODAY, now=NOW)

    said = thanks(session, walk.sam, walk.bela, 1, post_id=ask.id)
    for _ in range(ROUNDS):
        agree(session)
        session.commit()
        made = session.query(Exchange).order_by(Exchange.id.desc()).first()
        works = [
            agree,
            thank(said, walk.bela),
            on(made, walk.bela, cancel),
            on(made, walk.bela, again),
        ]
        answers = storm.answers(works * 4)
        assert set(answers) <= {
            DONE, "HappenedAlready", "ThankedAlready", "TooManyAgreed", "BelowFloor",
        }  # fmt: skip
    check_books(session)


WAITING = sa.text("""SELECT count(*) FROM pg_locks WHERE NOT granted
  AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())""")


@pytest.mark.timeout(60)
def test_who_waits_for_a_member_holds_no_ask_of_theirs(session, walk, storm):
    """The one order of locks: whoever has the member's row can always go on to the post."""
    ask, agreement = an_ask(session, walk)
    made = agreeing.agree(session, agreement=agreement, by=walk.sam, key=uuid.uuid4(), now=NOW)
    session.commit()

    def cancel(session, exchange, by):
        agreeing.cancel(session, exchange=exchange, by=by, today=TODAY, now=NOW)

    session.execute(sa.select(Membership.id).filter_by(id=walk.bela.id).with_for_update())
    called_off = storm.pool.submit(storm.answers, [on(made, walk.sam, cancel)])
    while not session.scalar(WAITING):
        assert not called_off.done()
    posting.keep(session, post=ask, by=walk.bela, today=TODAY)
    session.commit()
    assert called_off.result() == {DONE: 1}
    session.refresh(ask)
    assert ask.state is PostState.OPEN
