"""The whole chain: people, communities, events, rota, ledger, notices, calendar addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '20261123_1900'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('community',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('host', sa.Text(), nullable=True),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'", name=op.f('community_slug')),
    sa.CheckConstraint('char_length(name) BETWEEN 1 AND 80', name=op.f('community_name')),
    sa.CheckConstraint('host = lower(host)', name=op.f('community_host')),
    sa.PrimaryKeyConstraint('id', name=op.f('community_pkey')),
    sa.UniqueConstraint('host', name='one_community_per_host'),
    sa.UniqueConstraint('slug', name='one_community_per_slug')
    )
    op.create_table('person',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('erased_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('person_pkey'))
    )
    op.create_table('community_group',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(name) BETWEEN 1 AND 80', name=op.f('group_name')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('community_group_community_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('community_group_pkey')),
    sa.UniqueConstraint('community_id', 'slug', name='one_group_per_slug'),
    sa.UniqueConstraint('id', 'community_id', name='group_in_community')
    )
    op.create_table('membership',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('standing', sa.String(20), server_default='resident', nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("standing IN ('resident', 'coordinator', 'observer', 'left')", name=op.f('membership_standing')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('membership_community_id_fkey')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('membership_person_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('membership_pkey')),
    sa.UniqueConstraint('community_id', 'person_id', name='one_membership_per_person'),
    sa.UniqueConstraint('id', 'community_id', 'person_id', name='membership_identity'),
    sa.UniqueConstraint('id', 'community_id', name='membership_in_community')
    )
    op.create_index(op.f('membership_person_id_idx'), 'membership', ['person_id'], unique=False)
    op.create_table('profile',
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('full_name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('email_confirmed_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('char_length(full_name) BETWEEN 1 AND 80', name=op.f('profile_full_name')),
    sa.CheckConstraint('char_length(phone) BETWEEN 3 AND 30', name=op.f('profile_phone')),
    sa.CheckConstraint('email = lower(email) AND char_length(email) BETWEEN 3 AND 254', name=op.f('profile_email')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('profile_person_id_fkey')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('profile_pkey')),
    sa.UniqueConstraint('email', name='one_person_per_email')
    )
    op.create_table('reconciliation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('ran_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('transfers', sa.BigInteger(), nullable=False),
    sa.Column('balance_sum', sa.BigInteger(), nullable=False),
    sa.Column('wrong_balances', sa.BigInteger(), nullable=False),
    sa.Column('unearned_turns', sa.BigInteger(), nullable=False),
    sa.Column('doubly_earned_turns', sa.BigInteger(), nullable=False),
    sa.Column('oversold_slots', sa.BigInteger(), nullable=False),
    sa.Column('proved', sa.Boolean(), sa.Computed('balance_sum = 0 AND wrong_balances = 0 AND unearned_turns = 0 AND doubly_earned_turns = 0 AND oversold_slots = 0', persisted=True), nullable=False),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('reconciliation_community_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('reconciliation_pkey'))
    )
    op.create_index('reconciliation_latest', 'reconciliation', ['community_id', 'ran_at'], unique=False)
    op.create_table('sign_in',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_seen_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('expires_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('sign_in_person_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('sign_in_pkey')),
    sa.UniqueConstraint('token_hash', name='one_sign_in_per_token')
    )
    op.create_index(op.f('sign_in_person_id_idx'), 'sign_in', ['person_id'], unique=False)
    op.create_table('sign_in_request',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('nonce', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('next_path', sa.Text(), nullable=False),
    sa.Column('wrong_codes', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('used_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('wrong_codes BETWEEN 0 AND 5', name=op.f('sign_in_request_wrong_codes')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('sign_in_request_community_id_fkey')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('sign_in_request_person_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('sign_in_request_pkey'))
    )
    op.create_index(op.f('sign_in_request_person_id_idx'), 'sign_in_request', ['person_id'], unique=False)
    op.create_table('venue',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), server_default='', nullable=False),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('step_free', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('accessible_toilet', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('hearing_loop', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('quiet_space', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.CheckConstraint('char_length(address) <= 200', name=op.f('venue_address')),
    sa.CheckConstraint('char_length(name) BETWEEN 1 AND 120', name=op.f('venue_name')),
    sa.CheckConstraint('num_nulls(latitude, longitude) IN (0, 2) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180', name=op.f('venue_coordinates')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('venue_community_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('venue_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='venue_in_community')
    )
    op.create_table('account',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(20), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=True),
    sa.Column('group_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('floor', sa.Integer(), nullable=True),
    sa.Column('balance', sa.BigInteger(), server_default='0', nullable=False),
    sa.CheckConstraint("(kind = 'member') = (membership_id IS NOT NULL)", name=op.f('member_account_has_membership')),
    sa.CheckConstraint("(kind = 'pot') = (name IS NOT NULL) AND char_length(name) BETWEEN 1 AND 80 AND (kind = 'pot' OR group_id IS NULL)", name=op.f('pot_has_a_name')),
    sa.CheckConstraint("kind = 'community' OR floor IS NOT NULL", name=op.f('only_the_community_has_no_floor')),
    sa.CheckConstraint("kind IN ('member', 'community', 'pot')", name=op.f('account_kind')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('account_community_id_fkey')),
    sa.ForeignKeyConstraint(['group_id', 'community_id'], ['community_group.id', 'community_group.community_id'], name='account_of_a_group'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='account_of_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('account_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='account_in_community'),
    sa.UniqueConstraint('membership_id', name='one_account_per_membership')
    )
    op.create_index('one_community_account', 'account', ['community_id'], unique=True, postgresql_where=sa.text("kind = 'community'"))
    op.create_table('feed',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('revoked_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('last_fetched_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='feed_of_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('feed_pkey')),
    sa.UniqueConstraint('token_hash', name='one_feed_per_token')
    )
    op.create_index('one_live_feed_per_membership', 'feed', ['membership_id'], unique=True, postgresql_where=sa.text('revoked_at IS NULL'))
    op.create_table('group_organiser',
    sa.Column('group_id', sa.BigInteger(), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['group_id', 'community_id'], ['community_group.id', 'community_group.community_id'], name='organiser_of_a_group'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='organiser_is_a_member'),
    sa.PrimaryKeyConstraint('group_id', 'membership_id', name=op.f('group_organiser_pkey'))
    )
    op.create_index(op.f('group_organiser_membership_id_idx'), 'group_organiser', ['membership_id'], unique=False)
    op.create_table('series',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('group_id', sa.BigInteger(), nullable=False),
    sa.Column('venue_id', sa.BigInteger(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('scene', sa.Text(), server_default='park', nullable=False),
    sa.Column('first_timers', sa.Text(), server_default='', nullable=False),
    sa.Column('bring', sa.Text(), server_default='', nullable=False),
    sa.Column('frequency', sa.String(20), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('starts_time', sa.Time(), nullable=False),
    sa.Column('ends_time', sa.Time(), nullable=False),
    sa.Column('state', sa.String(20), server_default='draft', nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
    sa.CheckConstraint("frequency IN ('once', 'weekly', 'fortnightly', 'monthly')", name=op.f('series_frequency')),
    sa.CheckConstraint("scene IN ('park', 'party', 'litter', 'garden', 'tea', 'books', 'lake', 'fix')", name=op.f('series_scene')),
    sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'", name=op.f('series_slug')),
    sa.CheckConstraint("state IN ('draft', 'published')", name=op.f('series_state')),
    sa.CheckConstraint('char_length(bring) <= 300', name=op.f('series_bring')),
    sa.CheckConstraint('char_length(description) <= 2000', name=op.f('series_description')),
    sa.CheckConstraint('char_length(first_timers) <= 300', name=op.f('series_first_timers')),
    sa.CheckConstraint('char_length(title) BETWEEN 1 AND 80', name=op.f('series_title')),
    sa.ForeignKeyConstraint(['created_by', 'community_id'], ['membership.id', 'membership.community_id'], name='series_by_a_member'),
    sa.ForeignKeyConstraint(['group_id', 'community_id'], ['community_group.id', 'community_group.community_id'], name='series_of_a_group'),
    sa.ForeignKeyConstraint(['venue_id', 'community_id'], ['venue.id', 'venue.community_id'], name='series_at_a_venue'),
    sa.PrimaryKeyConstraint('id', name=op.f('series_pkey')),
    sa.UniqueConstraint('community_id', 'slug', name='one_series_per_slug'),
    sa.UniqueConstraint('id', 'community_id', name='series_in_community')
    )
    op.create_table('event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('venue_id', sa.BigInteger(), nullable=False),
    sa.Column('occurs_on', sa.Date(), nullable=False),
    sa.Column('starts_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('ends_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('state', sa.String(20), server_default='planned', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('sequence', sa.Integer(), server_default='0', nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("ends_at > starts_at AND ends_at - starts_at <= interval '24 hours'", name=op.f('event_span')),
    sa.CheckConstraint("state <> 'cancelled' OR reason IS NOT NULL", name=op.f('cancelled_event_has_reason')),
    sa.CheckConstraint("state IN ('planned', 'cancelled')", name=op.f('event_state')),
    sa.CheckConstraint('char_length(reason) BETWEEN 1 AND 200', name=op.f('event_reason')),
    sa.CheckConstraint('sequence >= 0', name=op.f('event_sequence')),
    sa.ForeignKeyConstraint(['series_id', 'community_id'], ['series.id', 'series.community_id'], name='event_of_a_series'),
    sa.ForeignKeyConstraint(['venue_id', 'community_id'], ['venue.id', 'venue.community_id'], name='event_at_a_venue'),
    sa.PrimaryKeyConstraint('id', name=op.f('event_pkey')),
    sa.UniqueConstraint('id', 'community_id', 'series_id', name='event_in_series'),
    sa.UniqueConstraint('series_id', 'occurs_on', name='one_event_per_date'),
    sa.UniqueConstraint('uid', name='one_event_per_uid')
    )
    op.create_index('event_by_time', 'event', ['community_id', 'starts_at'], unique=False)
    op.create_table('role',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), server_default='', nullable=False),
    sa.Column('needed', sa.SmallInteger(), nullable=False),
    sa.Column('places', sa.SmallInteger(), nullable=False),
    sa.Column('starts_after_minutes', sa.Integer(), nullable=False),
    sa.Column('duration_minutes', sa.Integer(), nullable=False),
    sa.Column('retired_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('char_length(about) <= 500', name=op.f('role_about')),
    sa.CheckConstraint('char_length(name) BETWEEN 1 AND 60', name=op.f('role_name')),
    sa.CheckConstraint('places BETWEEN 1 AND 500 AND needed BETWEEN 0 AND places', name=op.f('role_places')),
    sa.CheckConstraint('starts_after_minutes BETWEEN -1440 AND 1440 AND duration_minutes BETWEEN 1 AND 1440', name=op.f('role_span')),
    sa.ForeignKeyConstraint(['series_id', 'community_id'], ['series.id', 'series.community_id'], name='role_of_a_series'),
    sa.PrimaryKeyConstraint('id', name=op.f('role_pkey')),
    sa.UniqueConstraint('id', 'series_id', name='role_in_series')
    )
    op.create_index('role_by_series', 'role', ['series_id', 'position'], unique=False)
    op.create_table('slot',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('role_id', sa.BigInteger(), nullable=False),
    sa.Column('starts_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('ends_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('needed', sa.SmallInteger(), nullable=False),
    sa.Column('places', sa.SmallInteger(), nullable=False),
    sa.Column('minutes', sa.Integer(), sa.Computed('(extract(epoch FROM ends_at - starts_at) / 60)::int', persisted=True), nullable=False),
    sa.CheckConstraint("ends_at > starts_at AND ends_at - starts_at <= interval '24 hours'", name=op.f('slot_span')),
    sa.CheckConstraint('needed BETWEEN 0 AND places', name=op.f('slot_needed')),
    sa.CheckConstraint('places BETWEEN 1 AND 500', name=op.f('slot_places')),
    sa.ForeignKeyConstraint(['event_id', 'community_id', 'series_id'], ['event.id', 'event.community_id', 'event.series_id'], name='slot_of_an_event'),
    sa.ForeignKeyConstraint(['role_id', 'series_id'], ['role.id', 'role.series_id'], name='slot_of_a_role'),
    sa.PrimaryKeyConstraint('id', name=op.f('slot_pkey')),
    sa.UniqueConstraint('event_id', 'role_id', name='one_slot_per_role'),
    sa.UniqueConstraint('id', 'community_id', 'event_id', 'starts_at', 'ends_at', 'places', name='slot_facts')
    )
    op.create_table('claim',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('slot_id', sa.BigInteger(), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('place', sa.SmallInteger(), nullable=False),
    sa.Column('starts_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('ends_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('places', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.String(20), nullable=False),
    sa.Column('held_until', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('held_as', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('arrived_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('arrived_by', sa.BigInteger(), nullable=True),
    sa.Column('withdrawn_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('withdrawn_because', sa.String(20), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('live', sa.Boolean(), sa.Computed("state IN ('held', 'confirmed', 'attended')", persisted=True), nullable=False),
    sa.CheckConstraint("(state = 'held') = (held_until IS NOT NULL)", name=op.f('held_has_an_end')),
    sa.CheckConstraint("CASE WHEN state = 'withdrawn' THEN num_nulls(withdrawn_at, withdrawn_because) = 0 ELSE num_nonnulls(withdrawn_at, withdrawn_because) = 0 END", name=op.f('withdrawn_says_why')),
    sa.CheckConstraint("place >= 1 AND (place <= places OR state IN ('withdrawn', 'missed'))", name=op.f('place_within_places')),
    sa.CheckConstraint("state IN ('held', 'confirmed', 'attended', 'missed', 'withdrawn')", name=op.f('claim_state_known')),
    sa.CheckConstraint("withdrawn_because IN ('person', 'organiser', 'lapsed', 'cancelled')", name=op.f('claim_withdrawn_because')),
    sa.CheckConstraint("held_as IS NULL OR state <> 'confirmed' AND char_length(held_as) BETWEEN 1 AND 80", name=op.f('held_under_a_name')),
    sa.CheckConstraint('char_length(note) BETWEEN 1 AND 500', name=op.f('claim_note')),
    sa.CheckConstraint('num_nulls(arrived_at, arrived_by) IN (0, 2)', name=op.f('arrival_has_witness')),
    sa.ForeignKeyConstraint(['arrived_by', 'community_id'], ['membership.id', 'membership.community_id'], name='arrival_seen_by_a_member'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id', 'person_id'], ['membership.id', 'membership.community_id', 'membership.person_id'], name='claim_of_a_member'),
    sa.ForeignKeyConstraint(['slot_id', 'community_id', 'event_id', 'starts_at', 'ends_at', 'places'], ['slot.id', 'slot.community_id', 'slot.event_id', 'slot.starts_at', 'slot.ends_at', 'slot.places'], name='claim_follows_slot', onupdate='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('claim_pkey'))
    )
    op.create_index('claim_by_event', 'claim', ['event_id'], unique=False)
    op.create_index('claim_by_membership', 'claim', ['membership_id', 'starts_at'], unique=False)
    op.create_index('claim_held', 'claim', ['held_until'], unique=False, postgresql_where=sa.text("state = 'held'"))
    op.create_index('one_live_claim_per_person', 'claim', ['slot_id', 'person_id'], unique=True, postgresql_where=sa.text('live'))
    op.create_index('one_live_claim_per_place', 'claim', ['slot_id', 'place'], unique=True, postgresql_where=sa.text('live'))
    op.create_table('notice',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(20), nullable=False),
    sa.Column('dedupe_key', sa.Text(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=True),
    sa.Column('starts_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('sign_in_request_id', sa.BigInteger(), nullable=True),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('not_before', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('expires_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('state', sa.String(20), server_default='pending', nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('lease_token', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('sent_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('sign_in', 'confirm_claim', 'you_are_in', 'reminder_two_days', 'reminder_eve', 'dropped_out', 'event_moved', 'event_cancelled', 'hours_credited', 'below_floor', 'books_wrong')", name=op.f('notice_kind')),
    sa.CheckConstraint("state IN ('pending', 'leased', 'handover', 'sent', 'failed', 'expired', 'cancelled', 'uncertain')", name=op.f('notice_state')),
    sa.CheckConstraint("state NOT IN ('leased', 'handover') OR num_nulls(lease_token, lease_until) = 0", name=op.f('leased_notice_has_lease')),
    sa.CheckConstraint('(claim_id IS NULL) = (starts_at IS NULL)', name=op.f('claim_notice_names_its_start')),
    sa.ForeignKeyConstraint(['claim_id'], ['claim.id'], name=op.f('notice_claim_id_fkey')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('notice_community_id_fkey')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('notice_person_id_fkey')),
    sa.ForeignKeyConstraint(['sign_in_request_id'], ['sign_in_request.id'], name=op.f('notice_sign_in_request_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('notice_pkey')),
    sa.UniqueConstraint('claim_id', 'kind', 'starts_at', name='notice_once_per_claim'),
    sa.UniqueConstraint('dedupe_key', name='same_notice_once')
    )
    op.create_index(op.f('notice_claim_id_idx'), 'notice', ['claim_id'], unique=False)
    op.create_index('notice_open', 'notice', ['not_before'], unique=False, postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"))
    op.create_table('transfer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('idempotency_key', sa.Uuid(), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('debit_id', sa.BigInteger(), nullable=False),
    sa.Column('credit_id', sa.BigInteger(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(20), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=True),
    sa.Column('revision', sa.SmallInteger(), nullable=True),
    sa.Column('reverses_id', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('happened_on', sa.Date(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('is_reversal', sa.Boolean(), sa.Computed("kind = 'reversal'", persisted=True), nullable=False),
    sa.Column('of_a_reversal', sa.Boolean(), sa.Computed('false', persisted=True), nullable=False),
    sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f('reversal_names_its_original')),
    sa.CheckConstraint("CASE WHEN kind IN ('earn', 'adjust') THEN num_nulls(claim_id, revision) = 0 AND (kind = 'earn') = (revision = 0) ELSE num_nonnulls(claim_id, revision) = 0 END", name=op.f('earn_names_its_claim')),
    sa.CheckConstraint("kind IN ('earn', 'gift', 'reversal', 'adjust')", name=op.f('transfer_kind')),
    sa.CheckConstraint('char_length(reason) BETWEEN 1 AND 200', name=op.f('transfer_reason')),
    sa.CheckConstraint('debit_id <> credit_id', name=op.f('two_accounts')),
    sa.CheckConstraint('minutes BETWEEN 1 AND 1440', name=op.f('minutes_range')),
    sa.ForeignKeyConstraint(['claim_id'], ['claim.id'], name=op.f('transfer_claim_id_fkey')),
    sa.ForeignKeyConstraint(['created_by', 'community_id'], ['membership.id', 'membership.community_id'], name='created_by_a_member'),
    sa.ForeignKeyConstraint(['credit_id', 'community_id'], ['account.id', 'account.community_id'], name='credit_here'),
    sa.ForeignKeyConstraint(['debit_id', 'community_id'], ['account.id', 'account.community_id'], name='debit_here'),
    sa.ForeignKeyConstraint(['reverses_id', 'credit_id', 'debit_id', 'minutes', 'of_a_reversal'], ['transfer.id', 'transfer.debit_id', 'transfer.credit_id', 'transfer.minutes', 'transfer.is_reversal'], name='reversal_mirrors_original'),
    sa.PrimaryKeyConstraint('id', name=op.f('transfer_pkey')),
    sa.UniqueConstraint('claim_id', 'revision', name='one_earn_per_claim'),
    sa.UniqueConstraint('id', 'debit_id', 'credit_id', 'minutes', 'is_reversal', name='transfer_facts'),
    sa.UniqueConstraint('idempotency_key', name='same_intent_once'),
    sa.UniqueConstraint('reverses_id', name='one_reversal_per_transfer')
    )
    op.create_index('transfer_credit', 'transfer', ['credit_id', 'id'], unique=False, postgresql_include=['minutes'])
    op.create_index('transfer_debit', 'transfer', ['debit_id', 'id'], unique=False, postgresql_include=['minutes'])



def downgrade() -> None:

    op.drop_index('transfer_debit', table_name='transfer', postgresql_include=['minutes'])
    op.drop_index('transfer_credit', table_name='transfer', postgresql_include=['minutes'])
    op.drop_table('transfer')
    op.drop_index('notice_open', table_name='notice', postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"))
    op.drop_index(op.f('notice_claim_id_idx'), table_name='notice')
    op.drop_table('notice')
    op.drop_index('one_live_claim_per_place', table_name='claim', postgresql_where=sa.text('live'))
    op.drop_index('one_live_claim_per_person', table_name='claim', postgresql_where=sa.text('live'))
    op.drop_index('claim_held', table_name='claim', postgresql_where=sa.text("state = 'held'"))
    op.drop_index('claim_by_membership', table_name='claim')
    op.drop_index('claim_by_event', table_name='claim')
    op.drop_table('claim')
    op.drop_table('slot')
    op.drop_index('role_by_series', table_name='role')
    op.drop_table('role')
    op.drop_index('event_by_time', table_name='event')
    op.drop_table('event')
    op.drop_table('series')
    op.drop_index(op.f('group_organiser_membership_id_idx'), table_name='group_organiser')
    op.drop_table('group_organiser')
    op.drop_index('one_live_feed_per_membership', table_name='feed', postgresql_where=sa.text('revoked_at IS NULL'))
    op.drop_table('feed')
    op.drop_index('one_community_account', table_name='account', postgresql_where=sa.text("kind = 'community'"))
    op.drop_table('account')
    op.drop_table('venue')
    op.drop_index(op.f('sign_in_request_person_id_idx'), table_name='sign_in_request')
    op.drop_table('sign_in_request')
    op.drop_index(op.f('sign_in_person_id_idx'), table_name='sign_in')
    op.drop_table('sign_in')
    op.drop_index('reconciliation_latest', table_name='reconciliation')
    op.drop_table('reconciliation')
    op.drop_table('profile')
    op.drop_index(op.f('membership_person_id_idx'), table_name='membership')
    op.drop_table('membership')
    op.drop_table('community_group')
    op.drop_table('person')
    op.drop_table('community')

