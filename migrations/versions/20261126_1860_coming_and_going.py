"""Coming and going: how people join, pauses, and what is left of somebody who went.

Whoever has left takes no turn, however closely the tap and the leaving came together; and nobody
who was erased gets a name again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1860"
down_revision = "20261126_1850"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

# The claim's trigger runs behind the lock of the person, which leaving takes too: it sees what
# was committed ahead of it.
RULES = [
    f"""CREATE FUNCTION is_still_here() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM membership WHERE id = NEW.membership_id AND standing = 'left') THEN
    PERFORM refuse_as(TG_NAME, 'they have left the community');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER who_left_takes_no_turn BEFORE INSERT ON claim
  FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed')) EXECUTE FUNCTION is_still_here()""",
    f"""CREATE FUNCTION is_not_erased() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM person WHERE id = NEW.person_id AND erased_at IS NOT NULL) THEN
    PERFORM refuse_as(TG_NAME, 'their name was deleted for good');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER erased_stays_erased BEFORE INSERT ON profile
  FOR EACH ROW EXECUTE FUNCTION is_not_erased()""",
    # Why an account got its limits may say something about somebody: the words can be taken out,
    # the figures and the day stay.
    "DROP TRIGGER limit_change_immutable ON limit_change",
    f"""CREATE FUNCTION limit_change_stays() RETURNS trigger {FUNCTION} $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.reason <> '(deleted)'
     OR to_jsonb(NEW) - 'reason' <> to_jsonb(OLD) - 'reason' THEN
    PERFORM refuse_as(TG_NAME, 'what was decided about limits stays written down');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER limit_change_immutable BEFORE UPDATE OR DELETE ON limit_change
  FOR EACH ROW EXECUTE FUNCTION limit_change_stays()""",
    # The application's role may not write there; this does the one thing it may have done for it.
    """CREATE FUNCTION take_out_reasons(of_memberships bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
UPDATE limit_change SET reason = '(deleted)'
 WHERE created_by = ANY (of_memberships)
    OR account_id IN (SELECT id FROM account WHERE membership_id = ANY (of_memberships))
$$""",
]
EARLIER_LIMITS = [
    "DROP FUNCTION take_out_reasons(bigint[])",
    "DROP TRIGGER limit_change_immutable ON limit_change",
    "DROP FUNCTION limit_change_stays()",
    """CREATE TRIGGER limit_change_immutable BEFORE UPDATE OR DELETE ON limit_change
  FOR EACH ROW EXECUTE FUNCTION refuse('what was decided about limits stays written down')""",
]


def upgrade() -> None:
    _community_and_membership()
    op.create_table('invitation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('called', sa.Text(), nullable=False),
    sa.Column('invited_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('used_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint('char_length(called) BETWEEN 1 AND 80', name=op.f('invitation_called')),
    sa.CheckConstraint('expires_at > created_at', name=op.f('invitation_lasts')),
    sa.CheckConstraint('num_nonnulls(used_at, revoked_at) <= 1', name=op.f('invitation_ends_once')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('invitation_person_id_fkey')),
    sa.ForeignKeyConstraint(['invited_by', 'community_id'], ['membership.id', 'membership.community_id'], name='invited_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('invitation_pkey'))
    )
    op.create_index(op.f('invitation_person_id_idx'), 'invitation', ['person_id'], unique=False)
    op.create_index('one_open_invitation_per_person', 'invitation', ['community_id', 'person_id'], unique=True, postgresql_where=sa.text('used_at IS NULL AND revoked_at IS NULL'))
    op.create_table('application',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('called', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('words', sa.Text(), server_default='', nullable=False),
    sa.Column('state', sa.String(20), server_default='waiting', nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('decided_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('decided_by', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('membership_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'accepted', 'declined')", name=op.f('application_state')),
    sa.CheckConstraint('char_length(called) BETWEEN 1 AND 80', name=op.f('application_called')),
    sa.CheckConstraint('char_length(phone) BETWEEN 3 AND 30', name=op.f('application_phone')),
    sa.CheckConstraint('char_length(words) <= 300', name=op.f('application_words')),
    sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL) AND (state = 'accepted') = (membership_id IS NOT NULL) AND (state <> 'waiting' OR decided_by IS NULL)", name=op.f('application_decided')),
    sa.CheckConstraint("(state = 'declined') = (reason IS NOT NULL) AND (state <> 'declined' OR decided_by IS NOT NULL) AND char_length(reason) BETWEEN 1 AND 300", name=op.f('declined_says_why')),
    sa.ForeignKeyConstraint(['community_id'], ['community.id'], name=op.f('application_community_id_fkey')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('application_person_id_fkey')),
    sa.ForeignKeyConstraint(['decided_by', 'community_id'], ['membership.id', 'membership.community_id'], name='decided_by_a_member'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id', 'person_id'], ['membership.id', 'membership.community_id', 'membership.person_id'], name='application_became_a_membership'),
    sa.PrimaryKeyConstraint('id', name=op.f('application_pkey')),
    sa.UniqueConstraint('id', 'community_id', 'person_id', name='application_identity')
    )
    op.create_index(op.f('application_person_id_idx'), 'application', ['person_id'], unique=False)
    op.create_index('one_open_application_per_person', 'application', ['community_id', 'person_id'], unique=True, postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('reference',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('application_id', sa.BigInteger(), nullable=False),
    sa.Column('applicant_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('called', sa.Text(), nullable=False),
    sa.Column('answer', sa.String(20), nullable=True),
    sa.Column('words', sa.Text(), nullable=True),
    sa.Column('answered_at', sa.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("answer IN ('yes', 'no', 'unsure')", name=op.f('reference_answer')),
    sa.CheckConstraint('char_length(called) BETWEEN 1 AND 80', name=op.f('reference_called')),
    sa.CheckConstraint('char_length(words) BETWEEN 1 AND 500', name=op.f('reference_words')),
    sa.CheckConstraint('num_nulls(answer, answered_at) IN (0, 2) AND (words IS NULL OR answer IS NOT NULL)', name=op.f('reference_answered')),
    sa.CheckConstraint('person_id <> applicant_id', name=op.f('nobody_vouches_for_themselves')),
    sa.ForeignKeyConstraint(['application_id', 'community_id', 'applicant_id'], ['application.id', 'application.community_id', 'application.person_id'], name='reference_of_an_application', ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('reference_person_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('reference_pkey')),
    sa.UniqueConstraint('application_id', 'person_id', name='one_reference_per_person')
    )
    op.create_index(op.f('reference_person_id_idx'), 'reference', ['person_id'], unique=False)
    for rule in RULES:
        op.execute(rule)


def _community_and_membership() -> None:
    op.add_column('community', sa.Column('joining', sa.String(20), server_default='open', nullable=False))
    op.add_column('community', sa.Column('references_wanted', sa.SmallInteger(), server_default='0', nullable=False))
    op.add_column('community', sa.Column('members_invite', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.create_check_constraint('community_joining', 'community', "joining IN ('open', 'application', 'invitation')")
    op.create_check_constraint('community_references', 'community', 'references_wanted BETWEEN 0 AND 2')
    for column in ('approved_at', 'paused_at', 'paused_until', 'left_at'):
        op.add_column('membership', sa.Column(column, sa.TIMESTAMP(timezone=True), nullable=True))
    op.execute("UPDATE membership SET approved_at = created_at WHERE standing <> 'left'")
    op.create_check_constraint('membership_pause', 'membership', 'paused_until IS NULL OR paused_at IS NOT NULL AND paused_until > paused_at')
    # Nobody wrote down when these left: it is known by now.
    op.execute("UPDATE membership SET left_at = now() WHERE standing = 'left'")
    op.create_check_constraint('membership_left', 'membership', "(left_at IS NULL) = (standing <> 'left')")


def downgrade() -> None:
    for statement in EARLIER_LIMITS:
        op.execute(statement)
    op.execute("DROP TRIGGER erased_stays_erased ON profile")
    op.execute("DROP FUNCTION is_not_erased()")
    op.execute("DROP TRIGGER who_left_takes_no_turn ON claim")
    op.execute("DROP FUNCTION is_still_here()")
    for table in ('reference', 'application', 'invitation'):
        op.drop_table(table)
    for column in ('left_at', 'paused_until', 'paused_at', 'approved_at'):
        op.drop_column('membership', column)
    for column in ('members_invite', 'references_wanted', 'joining'):
        op.drop_column('community', column)
    op.execute("DELETE FROM notice WHERE kind IN ('invited', 'application_in', 'reference_wanted', 'application_accepted', 'application_declined', 'left')")
