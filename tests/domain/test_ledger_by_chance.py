"""The ledger driven at random against a simple model: every minute is accounted for.

Turns that earn, gifts, thanks that are undone, several people's hours at once, member lists that
come and go, top-ups, new limits, corrections, people erased; and forms sent twice. After each step
each balance is what the model says, and what must never break is asked for by SQL of its own. To
replay a run: LEDGER_SEED=<its seed>, printed with a failure. LEDGER_STEPS=100000 is the long run.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import uuid

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import seed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.csv_tables import read_text
from timebank.core.errors import TimebankError
from timebank.domain import ledger
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing as taking_back
from timebank.domain.joining import erasing
from timebank.domain.joining.leaving import Whereto
from timebank.domain.ledger import group_rules
from timebank.domain.ledger import limits
from timebank.domain.ledger import topping_up
from timebank.domain.ledger.member_lists import drafts
from timebank.domain.ledger.member_lists import undoing
from timebank.domain.ledger.member_lists import writing
from timebank.domain.ledger.member_lists.reading import LIMITS
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Exchange
from timebank.models import Membership
from timebank.models import Transfer
from timebank.models import TransferKind

SEED = int(os.environ.get("LEDGER_SEED", "0")) or random.SystemRandom().randrange(10**9)
STEPS = int(os.environ.get("LEDGER_STEPS", "5000"))
A_RUN = 100
NOW = dt.datetime(2027, 5, 2, 12, tzinfo=dt.UTC)
NAMES = ("Ana A", "Ben B", "Cem C", "Dee D", "Eve E")
Reversal = sa.orm.aliased(Transfer)
PEOPLE = st.integers(0, len(NAMES) - 1)
MINUTES = st.sampled_from([-1, 0, 1, 15, 45, 60, 90, 300, 700, 1440, 1441, 2490])

FAULTS = {
    "the sum is not nought": "SELECT 1 FROM account HAVING sum(balance) <> 0",
    "a stored balance is not the sum of its transfers": """
        SELECT a.id FROM account a
         WHERE a.balance <> (SELECT coalesce(sum(CASE WHEN t.credit_id = a.id THEN t.minutes
                                                      ELSE -t.minutes END), 0)
                               FROM transfer t WHERE a.id IN (t.credit_id, t.debit_id))""",
    "a turn that was done has not its hours exactly once": """
        SELECT c.id FROM claim c
         WHERE (SELECT count(*) FROM transfer t WHERE t.claim_id = c.id AND NOT EXISTS
                 (SELECT FROM transfer r WHERE r.reverses_id = t.id)) > 1""",
    "a reversal does not mirror its original": """
        SELECT r.id FROM transfer r JOIN transfer t ON t.id = r.reverses_id
         WHERE (r.debit_id, r.credit_id, r.minutes) <> (t.credit_id, t.debit_id, t.minutes)
            OR t.kind = 'reversal' OR r.happened_on <> t.happened_on""",
    "a transfer was taken back twice": """
        SELECT reverses_id FROM transfer WHERE reverses_id IS NOT NULL
         GROUP BY reverses_id HAVING count(*) > 1""",
    "minutes out of range": "SELECT id FROM transfer WHERE minutes NOT BETWEEN 1 AND 600000",
    "an exchange has not its thanks exactly as often as its state says": """
        SELECT e.id FROM exchange e
         WHERE (e.state IN ('thanked', 'stands', 'settled'))::int < (
           SELECT count(*) FROM transfer t WHERE t.exchange_id = e.id AND NOT EXISTS
            (SELECT FROM transfer r WHERE r.reverses_id = t.id))""",
    "a name of somebody who was erased": """
        SELECT p.id FROM person p WHERE p.erased_at IS NOT NULL
           AND EXISTS (SELECT FROM profile f WHERE f.person_id = p.id)""",
    "hours in the account of somebody who has left": """
        SELECT id FROM account WHERE closed_at IS NOT NULL AND balance <> 0""",
    "an intent was carried out twice": """
        SELECT idempotency_key FROM transfer GROUP BY idempotency_key HAVING count(*) > 1""",
    "a batch that does not come to nought": """
        SELECT b.id FROM batch b JOIN transfer t ON t.batch_id = b.id
          JOIN account a ON a.id IN (t.debit_id, t.credit_id)
         GROUP BY b.id
        HAVING sum(CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END) <> 0""",
    "an account starts anew below its floor by somebody's choice": """
        SELECT a.id FROM account a JOIN transfer t ON t.debit_id = a.id
         WHERE a.kind IN ('pot', 'cause') AND a.balance < a.floor
           AND NOT EXISTS (SELECT FROM transfer r WHERE r.debit_id = a.id
                              AND r.kind = 'reversal')""",
    "a limit that nobody gave a reason for": """
        SELECT a.id FROM account a
         WHERE a.floor IS DISTINCT FROM (
           SELECT l.floor FROM limit_change l WHERE l.account_id = a.id ORDER BY l.id DESC LIMIT 1)
           AND EXISTS (SELECT FROM limit_change l WHERE l.account_id = a.id)""",
}


class Books(RuleBasedStateMachine):
    """A community's ledger, and what each balance should be."""

    engine: sa.Engine

    def __init__(self):
        super().__init__()
        connection = type(self).engine.connect()
        self.transaction = connection.begin()
        self.session = Session(connection, join_transaction_mode="create_savepoint")
        walk = self.walk = builders.a_walk(self.session)
        self.people = [builders.a_member(self.session, walk.community, name) for name in NAMES]
        self.accounts = [builders.account_of(self.session, one).id for one in self.people]
        self.pot = self.session.query(Account).filter_by(kind=AccountKind.POT).one().id
        self.commons = builders.commons_of(self.session, walk.community).id
        self.opening = ledger.opening_account(self.session, community_id=walk.community.id).id
        self.role = builders.a_role(self.session, walk.series, name="Sweep", position=9)
        self.dates = 4
        self.newcomers = 0
        self.departed: list[int] = []
        self.thanked: list[int] = []
        self.model: dict[int, int] = {}
        self.sent: list[tuple[int, int, int, uuid.UUID]] = []

    def teardown(self):
        self.session.close()
        self.transaction.rollback()
        self.transaction.connection.close()

    # ---------------------------------------------------------------- what can happen

    def moved(self, debit: int, credit: int, minutes: int) -> None:
        self.model[debit] = self.model.get(debit, 0) - minutes
        self.model[credit] = self.model.get(credit, 0) + minutes

    def sent_on(self):
        """What moved in the account of somebody who is gone went on to the community."""
        for account in self.departed:
            self.moved(account, self.commons, self.model.get(account, 0))

    def tried(self, work):
        """Do something that may be refused -> what it gave, or None; a refusal changes nothing."""
        try:
            with self.session.begin_nested():
                return work()
        except TimebankError:
            self.session.expire_all()
            return None

    @rule(who=PEOPLE)
    def a_turn_is_done(self, who):
        self.dates += 1
        day = self.walk.event.occurs_on - dt.timedelta(weeks=self.dates)
        event = builders.an_event(self.session, self.walk.series, day)
        slot = builders.a_slot(self.session, event, self.role)
        claim = builders.a_claim(self.session, slot, self.people[who])
        for _ in range(2):  # whoever taps, and however often
            for one in ledger.credit_claims(
                self.session, claim_ids=[claim.id], by=self.walk.nadia.id, now=NOW
            ):
                self.moved(self.commons, self.accounts[who], one.minutes)

    @rule(giver=PEOPLE, taker=PEOPLE, minutes=MINUTES, twice=st.booleans())
    def a_gift(self, giver, taker, minutes, twice):
        self.give(giver, self.accounts[taker], minutes, uuid.uuid4(), twice=twice)

    @rule(giver=PEOPLE, minutes=MINUTES)
    def a_gift_to_the_pot(self, giver, minutes):
        self.give(giver, self.pot, minutes, uuid.uuid4(), twice=False)

    @rule(which=st.integers(0, 10**6), minutes=MINUTES)
    def an_old_form_comes_again(self, which, minutes):
        if self.sent:
            giver, account, sent, key = self.sent[which % len(self.sent)]
            before = self.session.query(Transfer).count()
            self.tried(lambda: self.gift(giver, account, minutes, key))
            self.tried(lambda: self.gift(giver, account, sent, key))
            assert self.session.query(Transfer).count() == before

    def gift(self, giver, account, minutes, key):
        return ledger.give(
            self.session,
            giver=self.people[giver],
            to_account_id=account,
            minutes=minutes,
            key=key,
            memo="With thanks",
            today=NOW.date(),
            now=NOW,
        )

    def give(self, giver, account, minutes, key, *, twice):
        done = self.tried(lambda: self.gift(giver, account, minutes, key))
        if done:
            self.moved(self.accounts[giver], account, minutes)
            self.sent.append((giver, account, minutes, key))
        if twice:
            assert bool(self.tried(lambda: self.gift(giver, account, minutes, key))) == bool(done)

    @rule(
        kind=st.sampled_from(group_rules.RULES),
        minutes=MINUTES,
        helper=PEOPLE,
        others=st.sets(PEOPLE, max_size=4),
        preparation=st.integers(0, 40),
        from_commons=st.booleans(),
    )
    def several_at_once(self, kind, minutes, helper, others, preparation, from_commons):  # noqa: PLR0917
        between = kind in group_rules.FROM_EACH_OTHER
        middle = self.commons if from_commons and not between else self.pot
        occasion = group_rules.Occasion(
            rule=kind,
            minutes=minutes,
            helpers=[
                group_rules.Part(account_id=self.accounts[helper], preparation_minutes=preparation)
            ],
            learners=[group_rules.Part(account_id=self.accounts[one]) for one in others]
            if between
            else [],
            pot_id=middle,
        )

        def post():
            legs = group_rules.shares(occasion).legs()
            ledger.post_batch(
                self.session,
                key=uuid.uuid4(),
                community_id=self.walk.community.id,
                kind=kind,
                title="Together",
                happened_on=NOW.date(),
                legs=legs,
                by=self.walk.nadia.id,
                now=NOW,
            )
            return legs

        for leg in self.tried(post) or []:
            self.moved(leg.debit_id, leg.credit_id, leg.minutes)

    @rule(who=PEOPLE, minutes=MINUTES, is_debt=st.booleans())
    def hours_are_brought_forward(self, who, minutes, is_debt):
        account, opening = self.accounts[who], self.opening
        debit, credit = (account, opening) if is_debt else (opening, account)
        done = self.tried(
            lambda: ledger.record(
                self.session,
                key=uuid.uuid4(),
                community_id=self.walk.community.id,
                debit_id=debit,
                credit_id=credit,
                minutes=minutes,
                kind=TransferKind.OPENING,
                happened_on=NOW.date(),
                created_by=self.walk.ama.id,
                now=NOW,
            )
        )
        if done:
            self.moved(debit, credit, minutes)

    @rule(which=st.integers(0, 10**6), minutes=MINUTES)
    def an_entry_is_put_right(self, which, minutes):
        found = self.session.scalars(sa.select(Transfer).order_by(Transfer.id)).all()
        if not found:
            return
        old = found[which % len(found)]

        def put_right():
            anew = ledger.correct(
                self.session,
                transfer=old,
                minutes=max(minutes, 0),
                by=self.walk.ama.id,
                key=uuid.uuid4(),
                memo="It was wrong",
                now=NOW,
            )
            return [anew]

        done = self.tried(put_right)
        if done:
            self.moved(old.credit_id, old.debit_id, old.minutes)
            for anew in filter(None, done):
                self.moved(anew.debit_id, anew.credit_id, anew.minutes)
            self.sent_on()

    @rule(who=PEOPLE, floor=st.integers(-3000, 0), ceiling=st.none() | st.integers(0, 3000))
    def limits_change(self, who, floor, ceiling):
        account = self.session.get_one(Account, self.accounts[who])
        self.tried(
            lambda: limits.set_limits(
                self.session,
                account=account,
                limits=limits.Limits(floor=floor, soft_floor=floor // 2, ceiling=ceiling),
                reason="She asked",
                by=self.walk.ama.id,
                now=NOW,
            )
        )

    @rule(who=PEOPLE)
    def somebody_low_is_topped_up(self, who):
        pot = self.session.get_one(Account, self.pot)
        topping_up.set_policy(
            self.session,
            pot=pot,
            minutes=60,
            most_a_year=12,
            words="When low",
            by=self.walk.ama.id,
            now=NOW,
        )
        done = self.tried(
            lambda: topping_up.top_up(
                self.session,
                community_id=self.walk.community.id,
                membership_id=self.people[who].id,
                by=self.walk.ama.id,
                key=uuid.uuid4(),
                today=NOW.date(),
                now=NOW,
            )
        )
        if done:
            self.moved(self.pot, self.accounts[who], 60)

    @rule(helper=PEOPLE, helped=PEOPLE, minutes=MINUTES, twice=st.booleans())
    def a_neighbour_is_thanked(self, helper, helped, minutes, twice):
        key = uuid.uuid4()

        def thank():
            return thanking.thank(
                self.session,
                thanks=thanking.Thanks(
                    helper_id=self.people[helper].id,
                    helped_id=self.people[helped].id,
                    payer_id=self.accounts[helped],
                    minutes=minutes,
                    happened_on=NOW.date(),
                    what="Hemming curtains",
                ),
                by=self.people[helped],
                key=key,
                today=NOW.date(),
                now=NOW,
            )

        done = self.tried(thank)
        if done:
            self.moved(self.accounts[helped], self.accounts[helper], minutes)
            self.thanked.append(done.id)
        if twice:
            again = self.tried(thank)
            assert (again and again.id) == (done and done.id)

    @rule(which=st.integers(0, 10**6))
    def thanks_are_undone(self, which):
        if not self.thanked:
            return
        exchange = self.session.get_one(Exchange, self.thanked[which % len(self.thanked)])
        standing = self.session.scalars(
            sa.select(Transfer).where(
                Transfer.exchange_id == exchange.id,
                ~sa.exists().where(Reversal.reverses_id == Transfer.id),
            )
        ).one_or_none()
        by = self.session.get_one(Membership, exchange.helped_id)

        def undo():
            taking_back.undo(self.session, exchange=exchange, by=by, now=NOW)
            return True

        if self.tried(undo) and standing is not None:
            self.moved(standing.credit_id, standing.debit_id, standing.minutes)
            self.sent_on()

    @rule(who=PEOPLE)
    def somebody_is_erased_and_somebody_new_comes(self, who):
        gone, account = self.people[who], self.accounts[who]
        erasing.erase(
            self.session,
            person_id=gone.person_id,
            community_id=self.walk.community.id,
            whereto=Whereto.COMMUNITY,
            key=uuid.uuid4(),
            now=NOW,
        )
        self.departed.append(account)
        self.sent_on()
        self.newcomers += 1
        new = builders.a_member(self.session, self.walk.community, f"New {self.newcomers}", None)
        self.people[who], self.accounts[who] = new, builders.account_of(self.session, new).id
        self.sent = [one for one in self.sent if one[0] != who]

    @rule(minutes=st.integers(-600, 2490), is_undone=st.booleans())
    def a_member_list_comes_in(self, minutes, is_undone):
        self.newcomers += 1
        hours = f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
        table = read_text(f"Name,Hours\nListed {self.newcomers},{hours}\n", limits=LIMITS)
        made = drafts.start(
            self.session,
            community=self.walk.community,
            table=table,
            file_name="list.csv",
            by=self.walk.ama,
            now=NOW,
        )
        writing.write(self.session, made=made, answers={}, by=self.walk.ama, now=NOW)
        brought = self.session.scalars(
            sa.select(Transfer).where(Transfer.batch_id == (made.batch_id or 0))
        ).all()
        assert sum(one.minutes for one in brought) == abs(minutes)
        for one in brought:
            self.moved(one.debit_id, one.credit_id, one.minutes)
        if is_undone:
            undoing.undo(self.session, made=made, by=self.walk.ama, now=NOW)
            for one in brought:
                self.moved(one.credit_id, one.debit_id, one.minutes)

    # ------------------------------------------------------------------- what must hold

    @invariant()
    def every_balance_is_what_it_should_be(self):
        rows = self.session.execute(sa.text("SELECT id, balance FROM account WHERE balance <> 0"))
        assert dict(tuple(row) for row in rows) == {k: v for k, v in self.model.items() if v}

    @invariant()
    def what_is_asked_at_a_commit_holds(self):
        self.session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        self.session.execute(sa.text("SET CONSTRAINTS ALL DEFERRED"))

    @invariant()
    def nothing_is_broken(self):
        for what, faults in FAULTS.items():
            assert self.session.execute(sa.text(faults)).all() == [], what


@pytest.mark.timeout(max(1800, STEPS // 5))  # five steps a second at the least
def test_thousands_of_steps_at_random_lose_and_make_no_minute(engine):
    print(f"replay with LEDGER_SEED={SEED} LEDGER_STEPS={STEPS}")  # noqa: T201 - shown when it fails
    Books.engine = engine
    chance = settings(
        max_examples=max(1, STEPS // A_RUN),
        stateful_step_count=A_RUN,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEED)(Books), settings=chance)
