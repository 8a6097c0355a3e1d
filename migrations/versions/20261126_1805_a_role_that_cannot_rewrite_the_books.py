"""A role that cannot rewrite the books: the application's own, `timebank_app`.

Only whoever owns the tables migrates and repairs. Every connection of the application takes this
role (`timebank.db.CONNECTION_LIMITS`): it reads and adds to the ledger, and cannot change or delete
anything in it, whatever the code asks. Tables made later are open to it by default; a migration
that makes a record for ever takes UPDATE and DELETE away.
"""

from __future__ import annotations

from alembic import op

revision = "20261126_1805"
down_revision = "20261126_1801"
branch_labels = None
depends_on = None

# Roles belong to the whole server: another database may have made it.
ROLE = """DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_app') THEN
    CREATE ROLE timebank_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$"""
FOR_EVER = "transfer, batch, limit_change, reconciliation, alembic_version"
LATER_TABLES = """ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO timebank_app"""
GRANTS = [
    # Whoever makes a role is no member of it by that, from PostgreSQL 16 on, unless a superuser.
    "GRANT timebank_app TO CURRENT_USER",
    "GRANT USAGE ON SCHEMA public TO timebank_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO timebank_app",
    LATER_TABLES,
    f"REVOKE UPDATE, DELETE ON {FOR_EVER} FROM timebank_app",
    "REVOKE INSERT ON alembic_version FROM timebank_app",
    "REVOKE DELETE ON claim FROM timebank_app",
    "REVOKE UPDATE ON memo FROM timebank_app",
    # Balance and limits move by triggers alone, which run as the owner.
    "REVOKE UPDATE ON account FROM timebank_app",
    "GRANT UPDATE (name, about, closed_at, read_only_since) ON account TO timebank_app",
]


def upgrade() -> None:
    for statement in (ROLE, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take its rights in this database back; the role stays, for others may use it."""
    op.execute("DROP OWNED BY timebank_app")
