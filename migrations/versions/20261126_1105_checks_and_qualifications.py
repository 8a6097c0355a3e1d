"""Checks and qualifications that jobs ask for, and who has them until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1105"
down_revision = "20261126_1100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('profile', sa.Column('age_at_least', sa.SmallInteger(), nullable=True))
    op.add_column('profile', sa.Column('age_said_on', sa.Date(), nullable=True))
    op.create_check_constraint('profile_age', 'profile', 'num_nulls(age_at_least, age_said_on) IN (0, 2) AND age_at_least BETWEEN 1 AND 100')
    op.create_table('qualification',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(20), nullable=False),
    sa.Column('about', sa.Text(), server_default='', nullable=False),
    sa.Column('lasts_months', sa.SmallInteger(), nullable=True),
    sa.Column('shadow_turns', sa.SmallInteger(), nullable=True),
    sa.Column('retired_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('check', 'training')", name=op.f('qualification_kind')),
    sa.CheckConstraint('char_length(about) <= 300', name=op.f('qualification_about')),
    sa.CheckConstraint('char_length(name) BETWEEN 1 AND 60', name=op.f('qualification_name')),
    sa.CheckConstraint('lasts_months BETWEEN 1 AND 120', name=op.f('qualification_lasts')),
    sa.CheckConstraint('shadow_turns BETWEEN 1 AND 20', name=op.f('qualification_shadow_turns')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('qualification_community_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('qualification_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='qualification_in_community')
    )
    op.create_index('one_qualification_per_name', 'qualification', ['community_id', sa.literal_column('lower(name)')], unique=True)
    op.create_table('member_qualification',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('qualification_id', sa.BigInteger(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('given_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('revoked_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('expires_on > valid_from', name=op.f('qualified_for_a_while')),
    sa.ForeignKeyConstraint(['given_by', 'community_id'], ['membership.id', 'membership.community_id'], name='qualified_by_a_member'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='qualified_member'),
    sa.ForeignKeyConstraint(['qualification_id', 'community_id'], ['qualification.id', 'qualification.community_id'], name='qualified_for_something'),
    sa.PrimaryKeyConstraint('id', name=op.f('member_qualification_pkey'))
    )
    op.create_index('qualified_once', 'member_qualification', ['membership_id', 'qualification_id'], unique=True, postgresql_where=sa.text('revoked_at IS NULL'))
    op.create_table('role_qualification',
    sa.Column('role_id', sa.BigInteger(), nullable=False),
    sa.Column('qualification_id', sa.BigInteger(), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['qualification_id', 'community_id'], ['qualification.id', 'qualification.community_id'], name='role_asks_for_a_qualification'),
    sa.ForeignKeyConstraint(['role_id', 'community_id'], ['role.id', 'role.community_id'], name='qualification_for_a_role'),
    sa.PrimaryKeyConstraint('role_id', 'qualification_id', name=op.f('role_qualification_pkey'))
    )
    op.create_index(op.f('role_qualification_qualification_id_idx'), 'role_qualification', ['qualification_id'], unique=False)


def downgrade() -> None:
    op.drop_table('role_qualification')
    op.drop_table('member_qualification')
    op.drop_table('qualification')
    op.drop_column('profile', 'age_said_on')
    op.drop_column('profile', 'age_at_least')
