"""Calendars that groups kept elsewhere come in; when somebody is busy by a calendar of theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1910"
down_revision = "20261126_1900"
branch_labels = None
depends_on = None

MEMBER = ["membership.id", "membership.community_id"]


def upgrade() -> None:
    _imports()
    _entries()
    _busy()


def _imports() -> None:
    op.create_table(
        "calendar_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("found", postgresql.JSONB()),
        sa.Column("wrote", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("char_length(source) <= 200", name="calendar_import_source"),
        sa.CheckConstraint(
            "(found IS NULL) = (written_at IS NOT NULL)", name="calendar_import_is_forgotten"
        ),
        sa.CheckConstraint(
            "undone_at IS NULL OR written_at IS NOT NULL",
            name="calendar_import_undone_after_written",
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="calendar_import_into_a_group",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"], MEMBER, name="calendar_import_by_a_member"
        ),
        sa.PrimaryKeyConstraint("id", name="calendar_import_pkey"),
        sa.UniqueConstraint("id", "community_id", "group_id", name="calendar_import_of_a_group"),
    )


def _entries() -> None:
    op.create_table(
        "imported_entry",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name="imported_entry_digest"),
        sa.ForeignKeyConstraint(
            ["import_id", "community_id", "group_id"],
            ["calendar_import.id", "calendar_import.community_id", "calendar_import.group_id"],
            name="entry_of_an_import",
        ),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="entry_is_a_series",
        ),
        sa.PrimaryKeyConstraint("group_id", "digest", name="imported_entry_pkey"),
    )
    op.create_index("imported_entry_series_id_idx", "imported_entry", ["series_id"])


def _busy() -> None:
    op.create_table(
        "busy_calendar",
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("char_length(address) BETWEEN 1 AND 1100", name="busy_address"),
        sa.CheckConstraint("char_length(etag) <= 200", name="busy_etag"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"], MEMBER, name="busy_calendar_of_a_member"
        ),
        sa.PrimaryKeyConstraint("membership_id", name="busy_calendar_pkey"),
    )
    op.create_index("busy_calendar_by_turn", "busy_calendar", [sa.text("asked_at NULLS FIRST")])
    op.create_table(
        "busy_span",
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="busy_span_in_order"),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["busy_calendar.membership_id"],
            name="busy_span_of_a_calendar",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("membership_id", "starts_at", name="busy_span_pkey"),
    )


def downgrade() -> None:
    op.drop_table("busy_span")
    op.drop_table("busy_calendar")
    op.drop_table("imported_entry")
    op.drop_table("calendar_import")
