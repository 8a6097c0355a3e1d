"""How a turn came about: asked, offered, standing, a friend’s, imported, beside another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1110"
down_revision = "20261126_1105"
branch_labels = None
depends_on = None

EXCLUDE = """ALTER TABLE claim ADD CONSTRAINT {name} EXCLUDE USING gist (
  int8range(person_id, person_id, '[]') WITH &&,
  tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE ({which}) DEFERRABLE INITIALLY IMMEDIATE"""
# A pencilled place and an offer promise nothing yet; a job done beside another lies within it.
BINDS = EXCLUDE.format(name="no_overlapping_claims", which="binds")
DOUBLES = EXCLUDE.format(
    name="no_overlapping_doubles",
    which="beside_id IS NOT NULL AND state IN ('confirmed', 'attended')",
)
LIVE = EXCLUDE.format(name="no_overlapping_claims", which="live")


def upgrade() -> None:
    op.create_table('standing_turn',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('role_id', sa.BigInteger(), nullable=False),
    sa.Column('turn', sa.SmallInteger(), server_default='1', nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('nth', sa.SmallInteger(), nullable=True),
    sa.Column('from_on', sa.Date(), nullable=False),
    sa.Column('until_on', sa.Date(), nullable=True),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('nth BETWEEN 1 AND 5', name=op.f('standing_turn_nth')),
    sa.CheckConstraint('turn BETWEEN 1 AND 100', name=op.f('standing_turn_turn')),
    sa.CheckConstraint('until_on >= from_on', name=op.f('standing_turn_span')),
    sa.ForeignKeyConstraint(['made_by', 'community_id'], ['membership.id', 'membership.community_id'], name='standing_turn_by_a_member'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='standing_turn_of_a_member'),
    sa.ForeignKeyConstraint(['role_id', 'series_id'], ['role.id', 'role.series_id'], name='standing_turn_of_a_role'),
    sa.ForeignKeyConstraint(['series_id', 'community_id'], ['series.id', 'series.community_id'], name='standing_turn_of_a_series'),
    sa.PrimaryKeyConstraint('id', name=op.f('standing_turn_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='standing_turn_in_community')
    )
    op.create_index('one_standing_turn_per_job', 'standing_turn', ['role_id', 'turn', 'membership_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('rota_import',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('file_name', sa.Text(), server_default='', nullable=False),
    sa.Column('cells', postgresql.JSONB(), nullable=False),
    sa.Column('choices', postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('wrote', postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('written_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('undone_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('char_length(file_name) <= 200', name=op.f('rota_import_file_name')),
    sa.CheckConstraint('undone_at IS NULL OR written_at IS NOT NULL', name=op.f('rota_import_undone_after_written')),
    sa.ForeignKeyConstraint(['made_by', 'community_id'], ['membership.id', 'membership.community_id'], name='rota_import_by_a_member'),
    sa.ForeignKeyConstraint(['series_id', 'community_id'], ['series.id', 'series.community_id'], name='rota_import_into_a_series'),
    sa.PrimaryKeyConstraint('id', name=op.f('rota_import_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='rota_import_in_community')
    )
    op.add_column('claim', sa.Column('held_for', sa.String(20), nullable=True))
    op.add_column('claim', sa.Column('made_by', sa.BigInteger(), nullable=True))
    op.add_column('claim', sa.Column('guest_of', sa.BigInteger(), nullable=True))
    op.add_column('claim', sa.Column('takes_part', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('claim', sa.Column('beside_id', sa.BigInteger(), nullable=True))
    op.add_column('claim', sa.Column('standing_id', sa.BigInteger(), nullable=True))
    op.add_column('claim', sa.Column('import_id', sa.BigInteger(), nullable=True))
    op.add_column('claim', sa.Column('overruled_by', sa.BigInteger(), nullable=True))
    op.add_column('claim', sa.Column('overruled_because', sa.Text(), nullable=True))
    op.add_column('claim', sa.Column('binds', sa.Boolean(), sa.Computed("beside_id IS NULL AND (state IN ('confirmed', 'attended') OR state = 'held' AND held_for IS NOT DISTINCT FROM 'yes')", persisted=True), nullable=False))
    op.create_index('claim_beside', 'claim', ['beside_id'], unique=False, postgresql_where=sa.text('beside_id IS NOT NULL'))
    op.create_index('claim_import', 'claim', ['import_id'], unique=False, postgresql_where=sa.text('import_id IS NOT NULL'))
    op.create_index('claim_to_come', 'claim', ['starts_at'], unique=False, postgresql_where=sa.text("state = 'confirmed'"))
    op.create_index('claim_standing', 'claim', ['standing_id'], unique=False, postgresql_where=sa.text('standing_id IS NOT NULL'))
    op.create_unique_constraint('claim_in_community', 'claim', ['id', 'community_id'])
    op.create_unique_constraint('claim_of_a_person_and_date', 'claim', ['id', 'event_id', 'membership_id'])
    op.create_foreign_key('claim_made_by_a_member', 'claim', 'membership', ['made_by', 'community_id'], ['id', 'community_id'])
    op.create_foreign_key('claim_of_a_standing_turn', 'claim', 'standing_turn', ['standing_id', 'community_id'], ['id', 'community_id'])
    op.create_foreign_key('guest_of_a_member', 'claim', 'membership', ['guest_of', 'community_id'], ['id', 'community_id'])
    op.create_foreign_key('claim_of_an_import', 'claim', 'rota_import', ['import_id', 'community_id'], ['id', 'community_id'])
    op.create_foreign_key('overruled_by_a_member', 'claim', 'membership', ['overruled_by', 'community_id'], ['id', 'community_id'])
    op.create_foreign_key('beside_an_own_turn', 'claim', 'claim', ['beside_id', 'event_id', 'membership_id'], ['id', 'event_id', 'membership_id'])
    op.execute("UPDATE claim SET held_for = 'yes' WHERE state = 'held'")
    op.create_check_constraint('claim_held_for', 'claim', "held_for IN ('yes', 'asked', 'offered')")
    op.create_check_constraint('overruled_says_why', 'claim', 'num_nulls(overruled_by, overruled_because) IN (0, 2) AND char_length(overruled_because) BETWEEN 1 AND 200')
    op.create_check_constraint('asked_by_somebody', 'claim', "held_for <> 'asked' OR made_by IS NOT NULL")
    op.create_check_constraint('guest_of_another', 'claim', 'guest_of <> membership_id')
    op.drop_constraint('held_has_an_end', 'claim')
    op.drop_constraint('claim_withdrawn_because', 'claim')
    op.create_check_constraint('held_has_an_end', 'claim', "(state = 'held') = (held_until IS NOT NULL) AND (state <> 'held' OR held_for IS NOT NULL)")
    op.create_check_constraint('claim_withdrawn_because', 'claim', "withdrawn_because IN ('person', 'organiser', 'lapsed', 'cancelled', 'declined', 'handed_over', 'yielded', 'undone')")
    op.execute('ALTER TABLE claim DROP CONSTRAINT no_overlapping_claims')
    op.execute(BINDS)
    op.execute(DOUBLES)


def downgrade() -> None:
    op.execute('ALTER TABLE claim DROP CONSTRAINT no_overlapping_doubles')
    op.execute('ALTER TABLE claim DROP CONSTRAINT no_overlapping_claims')
    op.execute(LIVE)
    op.drop_constraint('held_has_an_end', 'claim')
    op.drop_constraint('claim_withdrawn_because', 'claim')
    op.drop_constraint('asked_by_somebody', 'claim')
    op.drop_constraint('overruled_says_why', 'claim')
    op.drop_constraint('guest_of_another', 'claim')
    op.create_check_constraint('held_has_an_end', 'claim', "(state = 'held') = (held_until IS NOT NULL)")
    op.create_check_constraint('claim_withdrawn_because', 'claim', "withdrawn_because IN ('person', 'organiser', 'lapsed', 'cancelled')")
    op.drop_constraint('claim_made_by_a_member', 'claim')
    op.drop_constraint('claim_of_a_standing_turn', 'claim')
    op.drop_constraint('guest_of_a_member', 'claim')
    op.drop_constraint('claim_of_an_import', 'claim')
    op.drop_constraint('overruled_by_a_member', 'claim')
    op.drop_constraint('beside_an_own_turn', 'claim')
    op.drop_constraint('claim_in_community', 'claim')
    op.drop_constraint('claim_of_a_person_and_date', 'claim')
    op.drop_column('claim', 'binds')
    op.drop_column('claim', 'overruled_because')
    op.drop_column('claim', 'overruled_by')
    op.drop_column('claim', 'import_id')
    op.drop_column('claim', 'standing_id')
    op.drop_column('claim', 'beside_id')
    op.drop_column('claim', 'takes_part')
    op.drop_column('claim', 'guest_of')
    op.drop_column('claim', 'made_by')
    op.drop_column('claim', 'held_for')
    op.drop_table('rota_import')
    op.drop_table('standing_turn')
