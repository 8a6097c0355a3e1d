"""Is every rule of the database tested? Take each away, one at a time: its attack must go through.

DDL is part of a transaction in PostgreSQL, so a rule comes back with the rollback.
NOT NULL is left out: test_migrations compares it with the records.
"""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.models import test_guarantees_accounts as accounts
from tests.models import test_guarantees_acting as acting
from tests.models import test_guarantees_asking as asking
from tests.models import test_guarantees_board as board
from tests.models import test_guarantees_books as books
from tests.models import test_guarantees_calendar as calendar
from tests.models import test_guarantees_channels as channels
from tests.models import test_guarantees_claims as claims
from tests.models import test_guarantees_events as events
from tests.models import test_guarantees_exchanges as exchanges
from tests.models import test_guarantees_identity as identity
from tests.models import test_guarantees_imports as imports
from tests.models import test_guarantees_incoming as incoming
from tests.models import test_guarantees_insight as insight
from tests.models import test_guarantees_joining as joining
from tests.models import test_guarantees_letters as letters
from tests.models import test_guarantees_mailed_turns as mailed_turns
from tests.models import test_guarantees_member_lists as member_lists
from tests.models import test_guarantees_messages as messages
from tests.models import test_guarantees_notices as notices
from tests.models import test_guarantees_operations as operations
from tests.models import test_guarantees_returned_mail as returned_mail
from tests.models import test_guarantees_rules as at_claim_time
from tests.models import test_guarantees_sheets as sheets
from tests.models import test_guarantees_slots as slots
from tests.models import test_guarantees_texts as texts
from tests.models import test_guarantees_transfers as transfers
from timebank.db import Base

ATTACKS: dict[str, list[Attack]] = defaultdict(list)
EFFECTS: dict[str, list[Effect]] = defaultdict(list)
for module in (
    accounts,
    acting,
    asking,
    at_claim_time,
    books,
    board,
    calendar,
    channels,
    claims,
    events,
    exchanges,
    identity,
    incoming,
    insight,
    imports,
    joining,
    letters,
    mailed_turns,
    member_lists,
    messages,
    notices,
    operations,
    returned_mail,
    sheets,
    slots,
    texts,
    transfers,
):
    for attack in module.ATTACKS:
        ATTACKS[attack.rule].append(attack)
    for effect in getattr(module, "EFFECTS", []):
        EFFECTS[effect.rule].append(effect)

# Where a second rule stands behind the first: rule -> attack -> the rule that answers then.
SECOND_LINES = {
    # two turns on one slot are at one time; the first rule is there for its own sentence
    "one_live_claim_per_person": {"a second place on the same slot": "no_overlapping_claims"},
    # transfers hang on turns, and are kept as well
    "claim_no_truncate": {
        "empty the claims": "transfer_no_truncate",
        "empty the slots, and so the claims": "transfer_no_truncate",
        "empty the people, and so the claims": "transfer_no_truncate",
    },
    # foreign keys, and the shape of an earn
    "earn_needs_attended_claim": {
        "no such turn": "transfer_claim_id_fkey",
        "hours for nothing": "earn_names_its_claim",
    },
    # nothing is done under no grant, twice over
    "acted_while_allowed": {"under no grant": "acted_by_the_helper"},
    "acted_on_their_thanks": {"for nothing there is": "acted_on_an_exchange"},
    # thanks go where their exchange says, whatever else was asked of them
    "account_is_closed": {"'thanks' to somebody who has gone": "thanks_follow_the_exchange"},
    "exchange_here": {"thanks for nothing there is": "thanks_follow_the_exchange"},
    "thanks_go_to_a_neighbour": {
        "a pot is thanked": "thanks_follow_the_exchange",
        "the community thanks": "thanks_follow_the_exchange",
    },
    "thanks_name_their_exchange": {"thanks for nothing": "thanks_follow_the_exchange"},
    # the books say otherwise
    "exchange_state_order": {"stands to undone": "exchange_state_follows_the_books"},
    # more than one foreign key points at the row
    "claim_follows_slot": {"a claimed slot deleted": "ask_about_a_slot"},
    "event_of_a_series": {"a series with dates deleted": "role_of_a_series"},
    "account_keeps_its_owner": {"moved to another community": "exchange_payer_here"},
    "credit_here": {"a receiver deleted": "exchange_payer_here"},
    "exchange_helped_is_a_member": {"a stranger is helped": "exchange_payer_here"},
    "membership_keeps_its_owner": {"moved to another community": "account_of_a_member"},
    "membership_person_id_fkey": {"a member erased as a person": "profile_person_id_fkey"},
}
# They never answer first, so they have no attack of their own.
BEHIND = {"transfer_claim_id_fkey", "acted_on_a_turn", "acted_on_an_exchange"}

# Numbered keys are given by the database (GENERATED ALWAYS); nobody writes one.
NUMBERED = """
  SELECT k.conname FROM pg_constraint k JOIN pg_attribute a
      ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
   WHERE k.connamespace = 'public'::regnamespace AND k.contype = 'p' AND a.attidentity = 'a'
     AND cardinality(k.conkey) = 1"""

# Unique together with such a key: they forbid nothing, they are what foreign keys point to.
POINTED_TO = """
  SELECT u.conname FROM pg_constraint u JOIN pg_attribute a
      ON a.attrelid = u.conrelid AND a.attnum = ANY (u.conkey) AND a.attidentity = 'a'
   WHERE u.connamespace = 'public'::regnamespace AND u.contype = 'u'
     AND EXISTS (SELECT FROM pg_constraint f WHERE f.conindid = u.conindid AND f.contype = 'f')"""

# name -> how to take the rule away. Triggers of one name on two tables are told apart.
RULES = f"""
  SELECT conname AS name,
         format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) AS drop
    FROM pg_constraint
   WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'c', 'f', 'u', 'x')
     AND conrelid <> 'alembic_version'::regclass
     AND conname NOT IN ({NUMBERED}) AND conname NOT IN ({POINTED_TO})
  UNION ALL
  SELECT indexrelid::regclass::text, format('DROP INDEX %I', indexrelid::regclass)
    FROM pg_index JOIN pg_class ON oid = indexrelid
   WHERE relnamespace = 'public'::regnamespace AND indisunique
     AND (indpred IS NOT NULL OR indexprs IS NOT NULL)
  UNION ALL
  SELECT CASE WHEN count(*) OVER (PARTITION BY tgname) = 1 THEN tgname
              ELSE format('%s on %s', tgname, tgrelid::regclass) END,
         format('DROP TRIGGER %I ON %I', tgname, tgrelid::regclass)
    FROM pg_trigger
   WHERE NOT tgisinternal
     AND tgname NOT IN
         ('transfer_check', 'acted_check', 'claim_rules', 'claim_rules_at_the_yes')"""  # noqa: S608

# A longer function holds several rules; transfer_check, acted_check and claim_rules nothing else:
# each is one call, and each of broken_rule is one name that it returns.
FUNCTIONS = """
  SELECT pg_get_functiondef(oid) FROM pg_proc
   WHERE pronamespace = 'public'::regnamespace
     AND (prosrc LIKE '%refuse_as(''%' OR proname = 'broken_rule')"""
CALL = re.compile(r"(?:PERFORM refuse_as\(|RETURN )'(\w+)'[^;]*;")


@pytest.fixture(scope="session")
def rules(town):
    """Every rule in the database -> the SQL that takes it away."""
    with town.engine.connect() as connection:
        rules = dict(connection.exec_driver_sql(RULES.replace("%", "%%")).all())
        for source in connection.exec_driver_sql(FUNCTIONS.replace("%", "%%")).scalars():
            for call in CALL.finditer(source):
                rules[call[1]] = source.replace(call[0], "NULL;")
    return rules


def test_every_rule_of_the_database_has_an_attack_or_an_effect(rules):
    assert {*ATTACKS, *EFFECTS, *BEHIND} == set(rules)


@pytest.mark.parametrize("name", sorted({*ATTACKS, *EFFECTS}))
def test_without_the_rule_its_attacks_go_through(town, rules, name):
    answers = {
        attack.what: answer
        for attack in ATTACKS[name]
        if (answer := town.answer(attack, without=rules[name])) != ALLOWED
    }
    assert answers == SECOND_LINES.get(name, {})
    assert not any(town.changed(effect, without=rules[name]) for effect in EFFECTS[name])


def test_numbers_are_given_by_the_database(town):
    """So that nobody can write a number that is taken, or will be."""
    by_hand = Attack("428C9", "a number of one's own", "INSERT INTO person (id) VALUES (1)")
    with town.engine.connect() as connection:
        numbered = connection.exec_driver_sql(NUMBERED).scalars().all()
    owned = {f"{table}_pkey" for table, shape in Base.metadata.tables.items() if "id" in shape.c}
    assert set(numbered) == owned
    assert town.answer(by_hand) == by_hand.rule
