"""Finding somebody: the waiting list, handing a turn over, calls for help."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1115"
down_revision = "20261126_1110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('membership', sa.Column('may_be_asked', sa.Boolean(), server_default=sa.text('true'), nullable=False))
    op.create_table('waiting',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('slot_id', sa.BigInteger(), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(20), server_default='waiting', nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("(state IN ('waiting', 'offered')) = (ended_at IS NULL)", name=op.f('waiting_has_an_end')),
    sa.CheckConstraint("state IN ('waiting', 'offered', 'taken', 'passed', 'left')", name=op.f('waiting_state')),
    sa.CheckConstraint("state NOT IN ('offered', 'taken') OR claim_id IS NOT NULL", name=op.f('offer_names_its_place')),
    sa.ForeignKeyConstraint(['claim_id', 'community_id'], ['claim.id', 'claim.community_id'], name='waiting_offered_a_claim'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='waiting_of_a_member'),
    sa.ForeignKeyConstraint(['slot_id', 'community_id'], ['slot.id', 'slot.community_id'], name='waiting_for_a_slot'),
    sa.PrimaryKeyConstraint('id', name=op.f('waiting_pkey'))
    )
    op.create_index('one_offer_per_claim', 'waiting', ['claim_id'], unique=True, postgresql_where=sa.text('claim_id IS NOT NULL'))
    op.create_index('one_wait_per_slot', 'waiting', ['slot_id', 'membership_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('waiting_by_membership', 'waiting', ['membership_id'], unique=False)
    op.create_table('handover',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=False),
    sa.Column('to_membership_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(20), server_default='open', nullable=False),
    sa.Column('became_claim_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f('handover_has_an_end')),
    sa.CheckConstraint("(state = 'taken') = (became_claim_id IS NOT NULL)", name=op.f('handover_names_its_heir')),
    sa.CheckConstraint("state IN ('open', 'taken', 'declined', 'taken_back', 'lapsed')", name=op.f('handover_state')),
    sa.ForeignKeyConstraint(['became_claim_id', 'community_id'], ['claim.id', 'claim.community_id'], name='handover_became_a_claim'),
    sa.ForeignKeyConstraint(['claim_id', 'community_id'], ['claim.id', 'claim.community_id'], name='handover_of_a_claim'),
    sa.ForeignKeyConstraint(['to_membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='handover_to_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('handover_pkey'))
    )
    op.create_index(op.f('handover_to_membership_id_idx'), 'handover', ['to_membership_id'], unique=False)
    op.create_index('one_open_handover_per_claim', 'handover', ['claim_id'], unique=True, postgresql_where=sa.text("state = 'open'"))
    op.create_table('appeal',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('slot_id', sa.BigInteger(), nullable=True),
    sa.Column('message', sa.Text(), server_default='', nullable=False),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('next_wave_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('ended_because', sa.String(20), nullable=True),
    sa.CheckConstraint("ended_because IN ('filled', 'started', 'stopped')", name=op.f('appeal_end')),
    sa.CheckConstraint('char_length(message) <= 500', name=op.f('appeal_message')),
    sa.CheckConstraint('num_nulls(ended_at, ended_because) IN (0, 2) AND (ended_at IS NULL OR next_wave_at IS NULL)', name=op.f('appeal_says_why_it_ended')),
    sa.ForeignKeyConstraint(['event_id', 'community_id', 'series_id'], ['event.id', 'event.community_id', 'event.series_id'], name='appeal_for_an_event'),
    sa.ForeignKeyConstraint(['made_by', 'community_id'], ['membership.id', 'membership.community_id'], name='appeal_by_a_member'),
    sa.ForeignKeyConstraint(['slot_id', 'community_id'], ['slot.id', 'slot.community_id'], name='appeal_for_a_slot'),
    sa.PrimaryKeyConstraint('id', name=op.f('appeal_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='appeal_in_community')
    )
    op.create_index('one_open_appeal_per_event', 'appeal', ['event_id', sa.literal_column('coalesce(slot_id, 0)')], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('appeal_ask',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('appeal_id', sa.BigInteger(), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('slot_id', sa.BigInteger(), nullable=False),
    sa.Column('wave', sa.SmallInteger(), nullable=False),
    sa.Column('because', sa.String(20), nullable=False),
    sa.Column('asked_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('answer', sa.String(20), nullable=True),
    sa.Column('answered_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('claim_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f('appeal_ask_answer')),
    sa.CheckConstraint("because IN ('did_this', 'did_another', 'newcomer')", name=op.f('appeal_ask_because')),
    sa.CheckConstraint("num_nulls(answer, answered_at) IN (0, 2) AND (claim_id IS NULL OR answer IS NOT DISTINCT FROM 'yes')", name=op.f('appeal_ask_answered')),
    sa.CheckConstraint('wave BETWEEN 1 AND 100', name=op.f('appeal_ask_wave')),
    sa.ForeignKeyConstraint(['appeal_id', 'community_id'], ['appeal.id', 'appeal.community_id'], name='ask_of_an_appeal'),
    sa.ForeignKeyConstraint(['claim_id', 'community_id'], ['claim.id', 'claim.community_id'], name='ask_became_a_claim'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='ask_of_a_member'),
    sa.ForeignKeyConstraint(['slot_id', 'community_id'], ['slot.id', 'slot.community_id'], name='ask_about_a_slot'),
    sa.PrimaryKeyConstraint('id', name=op.f('appeal_ask_pkey')),
    sa.UniqueConstraint('appeal_id', 'membership_id', name='asked_once')
    )
    op.create_index('appeal_ask_by_membership', 'appeal_ask', ['membership_id', 'asked_at'], unique=False)


def downgrade() -> None:
    op.drop_table('appeal_ask')
    op.drop_table('appeal')
    op.drop_table('handover')
    op.drop_table('waiting')
    op.drop_column('membership', 'may_be_asked')
