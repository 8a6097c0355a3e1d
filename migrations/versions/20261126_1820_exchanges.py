"""Exchanges: help agreed, done and thanked for; the chain of their states; and whose hours move.

Minutes move by transfers of the kind `thanks`, which name their exchange: they go from its payer to
its helper, and the state of an exchange agrees with what stands in the books.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1820"
down_revision = "20261126_1810"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

RULES = [
    f"""CREATE FUNCTION exchange_is_paid_by_its_side() RETURNS trigger {FUNCTION} $$
BEGIN
  IF NOT EXISTS (SELECT FROM account a WHERE a.id = NEW.payer_id
                    AND CASE WHEN NEW.helped_id IS NULL THEN a.kind = 'pot'
                             ELSE a.membership_id = NEW.helped_id END) THEN
    PERFORM refuse_as(TG_NAME, 'who is helped pays from their account, or a group from its pot');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER exchange_is_paid_by_its_side BEFORE INSERT ON exchange
  FOR EACH ROW EXECUTE FUNCTION exchange_is_paid_by_its_side()""",
    """CREATE TRIGGER exchange_begins BEFORE INSERT ON exchange
  FOR EACH ROW WHEN (NEW.revision <> 0 OR NEW.state IN
                     ('cancelled', 'undone', 'disputed', 'stands', 'settled'))
  EXECUTE FUNCTION refuse('an exchange begins with an agreement or with thanks')""",
    """CREATE TRIGGER exchange_keeps_its_sides BEFORE UPDATE ON exchange
  FOR EACH ROW WHEN ((NEW.community_id, NEW.helper_id, NEW.helped_id, NEW.payer_id)
                     IS DISTINCT FROM
                     (OLD.community_id, OLD.helper_id, OLD.helped_id, OLD.payer_id))
  EXECUTE FUNCTION refuse('an exchange stays between its two sides')""",
    """CREATE TRIGGER exchange_state_order BEFORE UPDATE ON exchange
  FOR EACH ROW WHEN (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('agreed', 'thanked'), ('agreed', 'cancelled'),
    ('thanked', 'undone'), ('thanked', 'disputed'), ('thanked', 'stands'),
    ('thanked', 'settled'), ('undone', 'thanked'), ('disputed', 'settled'),
    ('stands', 'disputed'), ('stands', 'settled'), ('settled', 'disputed')))
  EXECUTE FUNCTION refuse('an exchange cannot go to that state')""",
    """CREATE TRIGGER exchange_stays BEFORE DELETE ON exchange
  FOR EACH ROW EXECUTE FUNCTION refuse('an exchange is cancelled or undone, not deleted')""",
    """CREATE TRIGGER exchange_step_stays BEFORE UPDATE OR DELETE ON exchange_step
  FOR EACH ROW EXECUTE FUNCTION exchange_step_only_forgets()""",
    # Deferred: within a transaction either the state or the transfer comes first.
    f"""CREATE FUNCTION exchange_follows_the_books() RETURNS trigger {FUNCTION} $$
DECLARE
  here text := (SELECT state FROM exchange WHERE id = NEW.id);
  stands boolean := EXISTS (
    SELECT FROM transfer t WHERE t.exchange_id = NEW.id
       AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id));
BEGIN
  IF here IN ('thanked', 'disputed', 'stands') AND NOT stands
     OR here IN ('agreed', 'cancelled', 'undone') AND stands THEN
    PERFORM refuse_as(TG_NAME, 'what an exchange says is what the books say');
  END IF;
  RETURN NULL;
END $$""",
    """CREATE CONSTRAINT TRIGGER exchange_state_follows_the_books
  AFTER INSERT OR UPDATE OF state ON exchange DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION exchange_follows_the_books()""",
    # After what the books ask of any thanks, so that their own rules answer first.
    f"""CREATE FUNCTION thanks_follow_the_exchange() RETURNS trigger {FUNCTION} $$
BEGIN
  IF NOT EXISTS (SELECT FROM exchange x JOIN account a ON a.membership_id = x.helper_id
                  WHERE x.id = NEW.exchange_id AND x.payer_id = NEW.debit_id
                    AND a.id = NEW.credit_id) THEN
    PERFORM refuse_as(TG_NAME, 'thanks go from the payer of the exchange to its helper');
  END IF;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER thanks_follow_the_exchange AFTER INSERT ON transfer
  FOR EACH ROW WHEN (NEW.kind = 'thanks') EXECUTE FUNCTION thanks_follow_the_exchange()""",
]
# What somebody typed can be erased; everything else stays.
ONLY_FORGETS = f"""CREATE FUNCTION exchange_step_only_forgets() RETURNS trigger {FUNCTION} $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.words IS NOT NULL
     OR to_jsonb(NEW) - 'words' IS DISTINCT FROM to_jsonb(OLD) - 'words' THEN
    PERFORM refuse_as(TG_NAME, 'a step stays as it is; only its words can be erased');
  END IF;
  RETURN NEW;
END $$"""
RIGHTS = [
    "REVOKE DELETE ON exchange FROM timebank_app",
    "REVOKE UPDATE, DELETE ON exchange_step FROM timebank_app",
    "GRANT UPDATE (words) ON exchange_step TO timebank_app",
]

def upgrade() -> None:
    _exchanges()
    _steps()
    op.create_foreign_key(
        "exchange_here",
        "transfer",
        "exchange",
        ["exchange_id", "community_id"],
        ["id", "community_id"],
    )
    for statement in (ONLY_FORGETS, *RULES, *RIGHTS):
        op.execute(statement)


def _exchanges() -> None:
    op.create_table(
        "exchange",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("helper_id", sa.BigInteger(), nullable=False),
        sa.Column("helped_id", sa.BigInteger()),
        sa.Column("payer_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger()),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("happened_on", sa.Date()),
        sa.Column("thanked_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("revision", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "state IN ('agreed', 'cancelled', 'thanked', 'undone', 'disputed', 'stands',"
            " 'settled')",
            name="exchange_state",
        ),
        sa.CheckConstraint("char_length(what) BETWEEN 1 AND 120", name="exchange_what"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name="exchange_minutes"),
        sa.CheckConstraint("helper_id <> helped_id", name="exchange_of_two"),
        sa.CheckConstraint("revision >= 0", name="exchange_revision"),
        sa.CheckConstraint(
            "num_nulls(happened_on, thanked_at)"
            " = CASE WHEN state IN ('agreed', 'cancelled') THEN 2 ELSE 0 END",
            name="thanked_exchange_has_a_day",
        ),
        *(
            sa.ForeignKeyConstraint(
                [column, "community_id"], [f"{table}.id", f"{table}.community_id"], name=name
            )
            for column, table, name in (
                ("helper_id", "membership", "exchange_helper_is_a_member"),
                ("helped_id", "membership", "exchange_helped_is_a_member"),
                ("payer_id", "account", "exchange_payer_here"),
                ("post_id", "post", "exchange_of_a_post"),
                ("created_by", "membership", "exchange_by_a_member"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="exchange_pkey"),
        sa.UniqueConstraint("id", "community_id", name="exchange_in_community"),
    )
    op.create_index("exchange_by_helper", "exchange", ["helper_id", "id"])
    op.create_index("exchange_by_helped", "exchange", ["helped_id", "id"])
    op.create_index(
        "exchange_of_post",
        "exchange",
        ["post_id"],
        postgresql_where=sa.text("post_id IS NOT NULL"),
    )
    op.create_index(
        "exchange_open",
        "exchange",
        ["community_id", "state"],
        postgresql_where=sa.text("state IN ('agreed', 'thanked', 'disputed')"),
    )


def _steps() -> None:
    op.create_table(
        "exchange_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("by_id", sa.BigInteger()),
        sa.Column("minutes", sa.Integer()),
        sa.Column("words", sa.Text()),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "step IN ('agreed', 'cancelled', 'thanked', 'undone', 'disputed', 'stated', 'kept',"
            " 'changed', 'taken_back', 'stands')",
            name="exchange_step_kind",
        ),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="exchange_step_words"),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name="exchange_step_minutes"),
        sa.CheckConstraint("(step = 'stands') = (by_id IS NULL)", name="exchange_step_has_a_doer"),
        sa.ForeignKeyConstraint(
            ["exchange_id", "community_id"],
            ["exchange.id", "exchange.community_id"],
            name="step_of_an_exchange",
        ),
        sa.ForeignKeyConstraint(
            ["by_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="step_by_a_member",
        ),
        sa.PrimaryKeyConstraint("id", name="exchange_step_pkey"),
        sa.UniqueConstraint("key", name="same_step_once"),
    )
    op.create_index("exchange_steps", "exchange_step", ["exchange_id", "id"])


def downgrade() -> None:
    """Possible while nobody was thanked: a transfer that names its exchange stays for ever."""
    op.execute("DROP TRIGGER thanks_follow_the_exchange ON transfer")
    op.drop_constraint("exchange_here", "transfer")
    op.drop_table("exchange_step")
    op.drop_table("exchange")
    for function in (
        "exchange_is_paid_by_its_side",
        "exchange_follows_the_books",
        "exchange_step_only_forgets",
        "thanks_follow_the_exchange",
    ):
        op.execute(f"DROP FUNCTION {function}()")
