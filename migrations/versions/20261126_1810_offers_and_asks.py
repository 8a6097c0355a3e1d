"""Offers and asks: what neighbours post, what they write to each other about it, who rings whom.

A post is found by its words without accents: `unaccented` does in the database what
`timebank.core.text.unaccented` does outside it, since the embedded server has no extensions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1810"
down_revision = "20261126_1805"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

# IMMUTABLE, as a generated column needs: lower() and normalize() of these letters never change.
UNACCENTED = r"""CREATE FUNCTION unaccented(written text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT regexp_replace(
  normalize(
    translate(
      replace(replace(replace(replace(lower(written), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
      'øđðłı', 'oddli'),
    NFKD),
  '[\u0300-\u036f]', '', 'g')
$$"""

# The title weighs most; the category is found by its name, as 'walks trips' or 'garden'.
POST_WORDS = """CREATE FUNCTION post_words(title text, category varchar, words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = public, pg_temp AS $$
SELECT setweight(to_tsvector('pg_catalog.english', unaccented(title)), 'A')
    || setweight(to_tsvector('pg_catalog.english', replace(category, '_', ' ')), 'B')
    || setweight(to_tsvector('pg_catalog.english', unaccented(words)), 'C')
$$"""

RULES = [
    """CREATE TRIGGER post_keeps_its_owner BEFORE UPDATE ON post
  FOR EACH ROW WHEN ((NEW.community_id, NEW.membership_id, NEW.kind)
                     IS DISTINCT FROM (OLD.community_id, OLD.membership_id, OLD.kind))
  EXECUTE FUNCTION refuse('an offer or ask stays with its member')""",
    """CREATE TRIGGER post_state_order BEFORE UPDATE ON post
  FOR EACH ROW WHEN (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('open', 'matched'), ('open', 'done'), ('open', 'withdrawn'), ('open', 'expired'),
    ('matched', 'open'), ('matched', 'done'), ('matched', 'withdrawn'),
    ('done', 'open'), ('done', 'matched'), ('withdrawn', 'open'), ('expired', 'open'),
    ('expired', 'matched'), ('expired', 'done')))
  EXECUTE FUNCTION refuse('an offer or ask cannot go to that state')""",
    """CREATE TRIGGER conversation_keeps_its_sides BEFORE UPDATE ON conversation
  FOR EACH ROW WHEN ((NEW.community_id, NEW.post_id, NEW.owner_id, NEW.other_id)
                     IS DISTINCT FROM (OLD.community_id, OLD.post_id, OLD.owner_id, OLD.other_id))
  EXECUTE FUNCTION refuse('a conversation stays between its two sides')""",
    # Whoever is blocked reaches nobody, and nobody writes to whom they have blocked.
    f"""CREATE FUNCTION message_reaches_nobody() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM conversation c JOIN block b
                 ON b.by_id IN (c.owner_id, c.other_id)
                AND b.against_id IN (c.owner_id, c.other_id) AND b.ended_at IS NULL
              WHERE c.id = NEW.conversation_id) THEN
    PERFORM refuse_as(TG_NAME, 'one of the two does not want to hear from the other');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER message_not_blocked BEFORE INSERT ON message
  FOR EACH ROW EXECUTE FUNCTION message_reaches_nobody()""",
]

# What somebody said stays as they said it; it may be deleted with them.
RIGHTS = "REVOKE UPDATE ON message, conversation FROM timebank_app"


def upgrade() -> None:
    op.execute(UNACCENTED)
    op.execute(POST_WORDS)
    _make_tables()
    for statement in (*RULES, RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("ring", "report", "message", "conversation", "post", "block"):
        op.drop_table(table)
    op.execute("DROP FUNCTION message_reaches_nobody()")
    op.execute("DROP FUNCTION post_words(text, varchar, text)")
    op.execute("DROP FUNCTION unaccented(text)")


def _make_tables() -> None:
    op.create_table('block',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('by_id', sa.BigInteger(), nullable=False),
    sa.Column('against_id', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('by_id <> against_id', name=op.f('block_of_two')),
    sa.ForeignKeyConstraint(['against_id', 'community_id'], ['membership.id', 'membership.community_id'], name='block_against_a_member'),
    sa.ForeignKeyConstraint(['by_id', 'community_id'], ['membership.id', 'membership.community_id'], name='block_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('block_pkey'))
    )
    op.create_index('one_block_per_pair', 'block', ['by_id', 'against_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('post',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(20), nullable=False),
    sa.Column('category', sa.String(20), nullable=False),
    sa.Column('membership_id', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), server_default='', nullable=False),
    sa.Column('area', sa.Text(), nullable=False),
    sa.Column('when_words', sa.Text(), server_default='', nullable=False),
    sa.Column('state', sa.String(20), server_default='open', nullable=False),
    sa.Column('place', sa.SmallInteger(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.Column('nudged_on', sa.Date(), nullable=True),
    sa.Column('intent', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('search', postgresql.TSVECTOR(), sa.Computed('post_words(title, category, words)', persisted=True), nullable=False),
    sa.CheckConstraint("(state IN ('done', 'withdrawn', 'expired')) = (ended_at IS NOT NULL)", name=op.f('post_has_an_end')),
    sa.CheckConstraint("category IN ('home', 'garden', 'lifts', 'shopping', 'errands', 'company', 'cooking', 'computers', 'paperwork', 'repairs', 'learning', 'crafts_music', 'walks_trips', 'pets', 'group', 'other')", name=op.f('post_category')),
    sa.CheckConstraint("char_length(area) BETWEEN 1 AND 40 AND area !~ '[0-9]'", name=op.f('post_area')),
    sa.CheckConstraint("kind IN ('ask', 'offer')", name=op.f('post_kind')),
    sa.CheckConstraint("state <> 'expired' OR nudged_on IS NOT NULL AND nudged_on <= expires_on - 7", name=op.f('post_lapses_after_a_nudge')),
    sa.CheckConstraint("state IN ('open', 'matched', 'done', 'withdrawn', 'expired')", name=op.f('post_state')),
    sa.CheckConstraint('char_length(title) BETWEEN 1 AND 80', name=op.f('post_title')),
    sa.CheckConstraint('char_length(when_words) <= 120', name=op.f('post_when')),
    sa.CheckConstraint('char_length(words) <= 1000', name=op.f('post_words_length')),
    sa.CheckConstraint('place BETWEEN 1 AND 20', name=op.f('post_place')),
    sa.ForeignKeyConstraint(['created_by', 'community_id'], ['membership.id', 'membership.community_id'], name='post_by_a_member'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='post_of_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('post_pkey')),
    sa.UniqueConstraint('created_by', 'intent', name='same_post_once'),
    sa.UniqueConstraint('id', 'membership_id', name='post_of_its_member'),
    sa.UniqueConstraint('id', 'community_id', name='post_in_community')
    )
    op.create_index('post_board', 'post', ['community_id', 'kind', 'id'], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_index('post_by_membership', 'post', ['membership_id', 'id'], unique=False)
    op.create_index('post_search', 'post', ['search'], unique=False, postgresql_using='gin')
    op.create_index('twenty_open_posts', 'post', ['membership_id', 'place'], unique=True, postgresql_where=sa.text("state = 'open'"))
    op.create_table('conversation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('post_id', sa.BigInteger(), nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=False),
    sa.Column('other_id', sa.BigInteger(), nullable=False),
    sa.Column('begun_by_owner', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('owner_id <> other_id', name=op.f('conversation_of_two')),
    sa.ForeignKeyConstraint(['other_id', 'community_id'], ['membership.id', 'membership.community_id'], name='conversation_with_a_member'),
    sa.ForeignKeyConstraint(['post_id', 'community_id'], ['post.id', 'post.community_id'], name='conversation_about_a_post'),
    sa.ForeignKeyConstraint(['post_id', 'owner_id'], ['post.id', 'post.membership_id'], name='conversation_with_the_owner'),
    sa.PrimaryKeyConstraint('id', name=op.f('conversation_pkey')),
    sa.UniqueConstraint('id', 'community_id', name='conversation_in_community'),
    sa.UniqueConstraint('post_id', 'other_id', name='one_conversation_per_neighbour')
    )
    op.create_index('conversation_by_other', 'conversation', ['other_id', 'created_at'], unique=False)
    op.create_index('conversation_by_owner', 'conversation', ['owner_id', 'created_at'], unique=False)
    op.create_table('message',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('by_owner', sa.Boolean(), nullable=False),
    sa.Column('written_by', sa.BigInteger(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('intent', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(words) BETWEEN 1 AND 1000', name=op.f('message_words')),
    sa.ForeignKeyConstraint(['conversation_id', 'community_id'], ['conversation.id', 'conversation.community_id'], name='message_in_a_conversation'),
    sa.ForeignKeyConstraint(['written_by', 'community_id'], ['membership.id', 'membership.community_id'], name='message_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('message_pkey')),
    sa.UniqueConstraint('written_by', 'intent', name='same_message_once')
    )
    op.create_index('message_by_writer', 'message', ['written_by', 'created_at'], unique=False)
    op.create_index(op.f('message_conversation_id_idx'), 'message', ['conversation_id'], unique=False)
    op.create_table('report',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('by_owner', sa.Boolean(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('settled_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('settled_by', sa.BigInteger(), nullable=True),
    sa.CheckConstraint('char_length(words) <= 500', name=op.f('report_words')),
    sa.CheckConstraint('num_nulls(settled_at, settled_by) IN (0, 2)', name=op.f('report_says_who_settled_it')),
    sa.ForeignKeyConstraint(['conversation_id', 'community_id'], ['conversation.id', 'conversation.community_id'], name='report_about_a_conversation'),
    sa.ForeignKeyConstraint(['settled_by', 'community_id'], ['membership.id', 'membership.community_id'], name='report_settled_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('report_pkey'))
    )
    op.create_index('same_open_report_once', 'report', ['conversation_id', 'by_owner', 'words'], unique=True, postgresql_where=sa.text("settled_at IS NULL AND words <> ''"))
    op.create_table('ring',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('of_owner', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('rung_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('rung_by', sa.BigInteger(), nullable=True),
    sa.CheckConstraint('num_nulls(rung_at, rung_by) IN (0, 2)', name=op.f('ring_says_who_rang')),
    sa.ForeignKeyConstraint(['conversation_id', 'community_id'], ['conversation.id', 'conversation.community_id'], name='ring_about_a_conversation'),
    sa.ForeignKeyConstraint(['rung_by', 'community_id'], ['membership.id', 'membership.community_id'], name='rung_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('ring_pkey'))
    )
    op.create_index('one_open_ring_per_side', 'ring', ['conversation_id', 'of_owner'], unique=True, postgresql_where=sa.text('rung_at IS NULL'))
    op.create_index('ring_waiting', 'ring', ['community_id', 'id'], unique=False, postgresql_where=sa.text('rung_at IS NULL'))
