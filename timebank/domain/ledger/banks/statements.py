"""The statements that bring a bank in: set-based, over the tables that hold the file's rows.

`new_id` is what a row's number is here. Numbers are drawn in the order of the old ones, so that
the order of the entries stays and a reversal comes after what it takes back. What names a row that
is not in the file finds nothing, and the database refuses that.
"""

from __future__ import annotations

import sqlalchemy as sa

LOCK = sa.text("SELECT FROM community WHERE id = :community FOR UPDATE")
IS_EMPTY = sa.text("""
SELECT NOT EXISTS (SELECT FROM transfer WHERE community_id = :community)
   AND NOT EXISTS (SELECT FROM batch WHERE community_id = :community)
   AND NOT EXISTS (SELECT FROM series WHERE community_id = :community)
   AND NOT EXISTS (SELECT FROM community_group WHERE community_id = :community)
   AND NOT EXISTS (SELECT FROM account
                    WHERE community_id = :community AND kind IN ('pot', 'cause'))
   AND NOT EXISTS (SELECT FROM membership
                    WHERE community_id = :community AND standing <> 'coordinator')
""")
COORDINATOR = sa.text("""
SELECT min(id) FROM membership WHERE community_id = :community AND standing = 'coordinator'
""")


def _draw(table: str, sequence_of: str, where: str = "true") -> sa.TextClause:
    return sa.text(f"""
UPDATE brought_{table} b SET new_id = drawn.new_id
  FROM (SELECT id, nextval(pg_get_serial_sequence('{sequence_of}', 'id')) AS new_id
          FROM (SELECT id FROM brought_{table} WHERE {where} ORDER BY id) ordered) drawn
 WHERE drawn.id = b.id
""")  # noqa: S608 - the parts are ours


# Members: new_id is first the person, then the membership.
KNOWN_PEOPLE = sa.text("""
ALTER TABLE brought_members ADD COLUMN person_id bigint, ADD COLUMN is_new boolean DEFAULT false
""")
SAME_PEOPLE = sa.text("""
UPDATE brought_members b SET person_id = p.person_id
  FROM profile p WHERE p.email = lower(b.email)
""")
NEW_PEOPLE = sa.text("""
UPDATE brought_members
   SET person_id = nextval(pg_get_serial_sequence('person', 'id')), is_new = true
 WHERE person_id IS NULL
""")
PERSONS = sa.text("""
INSERT INTO person (id, created_at, erased_at) OVERRIDING SYSTEM VALUE
SELECT person_id, :now, CASE WHEN name IS NULL THEN CAST(:now AS timestamptz) END
  FROM brought_members WHERE is_new ORDER BY person_id
""")
PROFILES = sa.text("""
INSERT INTO profile (person_id, full_name, email, phone)
SELECT person_id, name, lower(email), phone
  FROM brought_members WHERE is_new AND name IS NOT NULL ORDER BY person_id
""")
MEMBERSHIPS = sa.text("""
INSERT INTO membership (community_id, person_id, standing, may_be_asked, created_at, approved_at,
                        paused_at, paused_until, left_at)
SELECT :community, person_id, standing, may_be_asked, joined_at, approved_at, paused_at,
       paused_until,
       CASE WHEN standing = 'left' THEN coalesce(left_at, CAST(:now AS timestamptz)) END
  FROM brought_members ORDER BY id
ON CONFLICT ON CONSTRAINT one_membership_per_person DO NOTHING
""")
MEMBERS_HERE = sa.text("""
UPDATE brought_members b SET new_id = m.id
  FROM membership m WHERE m.community_id = :community AND m.person_id = b.person_id
""")
GROUPS = sa.text("""
INSERT INTO community_group (id, community_id, slug, name, created_at) OVERRIDING SYSTEM VALUE
SELECT new_id, :community, slug, name, created_at FROM brought_groups ORDER BY new_id
""")
ORGANISERS = sa.text("""
INSERT INTO group_organiser (group_id, membership_id, community_id)
SELECT g.new_id, m.new_id, :community
  FROM brought_organisers o
  LEFT JOIN brought_groups g ON g.id = o.group_id
  LEFT JOIN brought_members m ON m.id = o.membership_id
""")

# The community has its two issuing accounts from its founding, coordinators theirs from joining.
ISSUERS_HERE = sa.text("""
UPDATE brought_accounts b SET new_id = a.id
  FROM account a
 WHERE a.community_id = :community AND a.kind = b.kind AND b.kind IN ('community', 'opening')
""")
COORDINATORS_HERE = sa.text("""
UPDATE brought_accounts b SET new_id = a.id
  FROM brought_members m JOIN account a ON a.membership_id = m.new_id
 WHERE b.kind = 'member' AND m.id = b.membership_id
""")
LIMITS = sa.text("""
INSERT INTO limit_change (community_id, account_id, floor, soft_floor, ceiling, reason,
                          created_by, created_at)
SELECT :community, a.id, b.floor, b.soft_floor, b.ceiling, 'Brought in with the bank', :by, :now
  FROM brought_accounts b JOIN account a ON a.id = b.new_id
 WHERE b.kind = 'member'
   AND (a.floor, a.soft_floor, a.ceiling) IS DISTINCT FROM (b.floor, b.soft_floor, b.ceiling)
""")
ACCOUNTS = sa.text("""
INSERT INTO account (id, community_id, kind, membership_id, group_id, name, about, floor,
                     soft_floor, ceiling, closed_at) OVERRIDING SYSTEM VALUE
SELECT b.new_id, :community, b.kind, m.new_id, g.new_id, b.name, b.about, b.floor, b.soft_floor,
       b.ceiling, b.closed_at
  FROM brought_accounts b
  LEFT JOIN brought_members m ON m.id = b.membership_id
  LEFT JOIN brought_groups g ON g.id = b.group_id
 WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = b.new_id)
 ORDER BY b.new_id
""")

BATCHES = sa.text("""
INSERT INTO batch (id, community_id, kind, title, happened_on, idempotency_key, created_by,
                   created_at) OVERRIDING SYSTEM VALUE
SELECT b.new_id, :community, b.kind, b.title, b.happened_on, gen_random_uuid(), m.new_id,
       b.created_at
  FROM brought_batches b LEFT JOIN brought_members m ON m.id = b.created_by
 ORDER BY b.new_id
""")
TRANSFERS = sa.text("""
INSERT INTO transfer (id, idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                      reverses_id, batch_id, happened_on, created_by, created_at)
       OVERRIDING SYSTEM VALUE
SELECT t.new_id, gen_random_uuid(), :community, debit.new_id, credit.new_id, t.minutes,
       CASE t.kind WHEN 'reversal' THEN 'reversal' ELSE 'imported' END,
       original.new_id,
       CASE WHEN t.kind <> 'reversal' AND t.batch_id IS NULL THEN :batch ELSE b.new_id END,
       t.happened_on, writer.new_id, t.created_at
  FROM brought_transfers t
  LEFT JOIN brought_accounts debit ON debit.id = t.debit_id
  LEFT JOIN brought_accounts credit ON credit.id = t.credit_id
  LEFT JOIN brought_members writer ON writer.id = t.created_by
  LEFT JOIN brought_batches b ON b.id = t.batch_id
  LEFT JOIN brought_transfers original ON original.id = t.reverses_id
 ORDER BY t.new_id
""")
MEMOS = sa.text("""
INSERT INTO memo (transfer_id, words)
SELECT t.new_id, o.words
  FROM brought_memos o LEFT JOIN brought_transfers t ON t.id = o.transfer_id
 ORDER BY t.new_id
""")
WRONG_BALANCES = sa.text("""
SELECT count(*)
  FROM brought_accounts b LEFT JOIN account a ON a.id = b.new_id
 WHERE a.balance IS DISTINCT FROM b.balance
""")
BROUGHT = sa.text("""
SELECT (SELECT count(*) FROM brought_members) AS members,
       (SELECT count(*) FROM brought_groups) AS groups,
       (SELECT count(*) FROM brought_accounts) AS accounts,
       (SELECT count(*) FROM brought_transfers) AS entries
""")

PEOPLE_AND_ACCOUNTS = (
    KNOWN_PEOPLE,
    SAME_PEOPLE,
    NEW_PEOPLE,
    PERSONS,
    PROFILES,
    MEMBERSHIPS,
    MEMBERS_HERE,
    _draw("groups", "community_group"),
    GROUPS,
    ORGANISERS,
    ISSUERS_HERE,
    COORDINATORS_HERE,
    _draw("accounts", "account", "new_id IS NULL"),
    ACCOUNTS,
)
ENTRIES = (
    _draw("batches", "batch"),
    BATCHES,
    _draw("transfers", "transfer"),
    TRANSFERS,
    MEMOS,
)
