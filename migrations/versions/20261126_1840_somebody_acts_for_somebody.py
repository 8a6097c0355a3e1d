"""Somebody acts for somebody: helpers named and for a while, their deeds, cards, printed letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1840"
down_revision = "20261126_1830"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"
MEMBER = ['membership.id', 'membership.community_id']

# 40 bits from the eight bytes of a random UUID that hold no version and no variant.
CARD_CODE = """CREATE FUNCTION new_card_code() RETURNS text LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ',
                           (get_byte(random.bytes, place) & 31) + 1, 1), '')
    FROM (SELECT uuid_send(gen_random_uuid()) AS bytes) AS random,
         unnest(ARRAY[0, 1, 2, 3, 4, 5, 9, 10]) AS place
$$"""

RULES = [
    # gist has no operator class for bigint in the embedded server: each number is a range of one.
    """ALTER TABLE acting_for ADD CONSTRAINT acting_once_at_a_time EXCLUDE USING gist (
  int8range(helper_id, helper_id, '[]') WITH &&, int8range(member_id, member_id, '[]') WITH &&,
  daterange(starts_on, ends_on, '[)') WITH &&) WHERE (ended_at IS NULL)""",
    """CREATE TRIGGER acting_only_ends BEFORE UPDATE ON acting_for
  FOR EACH ROW WHEN (
    (NEW.community_id, NEW.helper_id, NEW.member_id, NEW.starts_on, NEW.ends_on, NEW.made_by)
      IS DISTINCT FROM
    (OLD.community_id, OLD.helper_id, OLD.member_id, OLD.starts_on, OLD.ends_on, OLD.made_by)
    OR OLD.ended_at IS NOT NULL
       AND (NEW.ended_at, NEW.ended_by) IS DISTINCT FROM (OLD.ended_at, OLD.ended_by)
    OR NEW.how_agreed IS NOT NULL AND NEW.how_agreed IS DISTINCT FROM OLD.how_agreed)
  EXECUTE FUNCTION refuse('who acts for whom only ends: write another')""",
    """CREATE TRIGGER acting_is_kept BEFORE DELETE ON acting_for
  FOR EACH ROW EXECUTE FUNCTION refuse('who acted for whom is kept')""",
    """CREATE TRIGGER acted_is_kept BEFORE UPDATE OR DELETE ON acted
  FOR EACH ROW EXECUTE FUNCTION refuse('what was done for somebody is kept as it was')""",
    # The lock: whoever ends it waits for a deed that is being done, or the deed sees the end.
    f"""CREATE FUNCTION acted_check() RETURNS trigger {FUNCTION} $$
BEGIN
  PERFORM FROM acting_for a
    WHERE a.id = NEW.acting_id AND a.ended_at IS NULL
      AND NEW.acted_on >= a.starts_on AND NEW.acted_on < a.ends_on
      FOR SHARE;
  IF NOT FOUND THEN
    PERFORM refuse_as('acted_while_allowed', 'they may not act for them, or no longer');
  ELSIF NEW.claim_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM claim c WHERE c.id = NEW.claim_id AND c.membership_id = NEW.member_id) THEN
    PERFORM refuse_as('acted_on_their_turn', 'that is somebody else''s turn');
  ELSIF NEW.exchange_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM exchange x WHERE x.id = NEW.exchange_id AND x.helped_id = NEW.member_id
         AND x.helper_id <> NEW.helper_id) THEN
    PERFORM refuse_as('acted_on_their_thanks', 'that is no help they had from a third');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER acted_check BEFORE INSERT ON acted
  FOR EACH ROW EXECUTE FUNCTION acted_check()""",
]

# What was done for somebody is written once; the application's role cannot touch it afterwards.
FOR_EVER = (
    "REVOKE UPDATE, DELETE ON acted FROM timebank_app",
    "REVOKE UPDATE, DELETE ON printed_letter FROM timebank_app",
    "REVOKE DELETE ON acting_for FROM timebank_app",
)


def upgrade() -> None:
    op.execute(CARD_CODE)
    op.add_column('membership', sa.Column('card_code', sa.Text(), server_default=sa.text('new_card_code()'), nullable=False))
    op.create_unique_constraint('one_member_per_card', 'membership', ['community_id', 'card_code'])
    op.create_check_constraint('membership_card_code', 'membership', "card_code ~ '^[2-9A-HJ-NP-Z]{8}$'")
    op.create_table('acting_for',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('helper_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('how_agreed', sa.Text(), nullable=True),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('ended_by', sa.BigInteger(), nullable=True),
    sa.CheckConstraint('helper_id <> member_id', name='acting_for_another'),
    sa.CheckConstraint("ends_on > starts_on AND ends_on <= starts_on + interval '12 months'", name='acting_for_a_while'),
    sa.CheckConstraint('char_length(how_agreed) BETWEEN 1 AND 200', name='acting_how_agreed'),
    sa.CheckConstraint('num_nulls(ended_at, ended_by) IN (0, 2)', name='acting_ended_by_somebody'),
    sa.ForeignKeyConstraint(['helper_id', 'community_id'], MEMBER, name='acting_by_a_member'),
    sa.ForeignKeyConstraint(['member_id', 'community_id'], MEMBER, name='acting_for_a_member'),
    sa.ForeignKeyConstraint(['made_by', 'community_id'], MEMBER, name='acting_made_by_a_member'),
    sa.ForeignKeyConstraint(['ended_by', 'community_id'], MEMBER, name='acting_ended_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('acting_for_pkey')),
    sa.UniqueConstraint('id', 'community_id', 'helper_id', 'member_id', name='acting_pair')
    )
    op.create_index('acting_by_member', 'acting_for', ['member_id'])
    op.create_table('acted',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('acting_id', sa.BigInteger(), nullable=False),
    sa.Column('helper_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('what', sa.String(20), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=True),
    sa.Column('exchange_id', sa.BigInteger(), nullable=True),
    sa.Column('acted_on', sa.Date(), nullable=False),
    sa.Column('acted_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("what IN ('looked', 'statement', 'letter', 'took_turn', 'dropped_turn', 'took_back', 'thanked', 'undid_thanks')", name='acted_what'),
    sa.CheckConstraint("(what IN ('took_turn', 'dropped_turn', 'took_back')) = (claim_id IS NOT NULL)", name='acted_names_its_turn'),
    sa.CheckConstraint("(what IN ('thanked', 'undid_thanks')) = (exchange_id IS NOT NULL)", name='acted_names_its_exchange'),
    sa.ForeignKeyConstraint(['acting_id', 'community_id', 'helper_id', 'member_id'], ['acting_for.id', 'acting_for.community_id', 'acting_for.helper_id', 'acting_for.member_id'], name='acted_by_the_helper'),
    sa.ForeignKeyConstraint(['claim_id', 'community_id'], ['claim.id', 'claim.community_id'], name='acted_on_a_turn'),
    sa.ForeignKeyConstraint(['exchange_id', 'community_id'], ['exchange.id', 'exchange.community_id'], name='acted_on_an_exchange'),
    sa.PrimaryKeyConstraint('id', name=op.f('acted_pkey'))
    )
    op.create_index('looked_once_a_day', 'acted', ['acting_id', 'what', 'acted_on'], unique=True, postgresql_where=sa.text('claim_id IS NULL AND exchange_id IS NULL'))
    op.create_index('thanked_once', 'acted', ['exchange_id'], unique=True, postgresql_where=sa.text("what = 'thanked'"))
    op.create_index('acted_for_member', 'acted', ['member_id', 'acted_at'])
    op.create_index('acted_by_helper', 'acted', ['helper_id', 'acted_at'])
    op.create_table('printed_letter',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('printed_by', sa.BigInteger(), nullable=False),
    sa.Column('printed_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], MEMBER, name='letter_to_a_member'),
    sa.ForeignKeyConstraint(['printed_by', 'community_id'], MEMBER, name='letter_printed_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('printed_letter_pkey'))
    )
    op.create_index('letter_latest', 'printed_letter', ['membership_id', 'printed_at'])
    for rule in (*RULES, *FOR_EVER):
        op.execute(rule)


def downgrade() -> None:
    op.drop_table('printed_letter')
    op.drop_table('acted')
    op.execute('DROP FUNCTION acted_check()')
    op.drop_table('acting_for')
    op.drop_column('membership', 'card_code')
    op.execute('DROP FUNCTION new_card_code()')
