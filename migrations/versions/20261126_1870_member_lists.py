"""Member lists: kept until they are taken in, what became of their lines, notes for coordinators."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1870"
down_revision = "20261126_1862"
branch_labels = None
depends_on = None

MEMBER = ["membership.id", "membership.community_id"]


def upgrade() -> None:
    _lists()
    _lines()
    _notes()


def _lists() -> None:
    op.create_table(
        "member_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("cells", postgresql.JSONB()),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("batch_id", sa.BigInteger()),
        sa.CheckConstraint("char_length(file_name) <= 200", name="member_list_file_name"),
        sa.CheckConstraint("octet_length(digest) = 32", name="member_list_digest"),
        sa.CheckConstraint(
            "(cells IS NULL) = (written_at IS NOT NULL)", name="member_list_is_forgotten"
        ),
        sa.CheckConstraint(
            "written_at IS NOT NULL OR num_nonnulls(undone_at, batch_id) = 0",
            name="member_list_undone_after_written",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"], MEMBER, name="member_list_by_a_member"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "community_id"],
            ["batch.id", "batch.community_id"],
            name="member_list_brought_hours",
        ),
        sa.PrimaryKeyConstraint("id", name="member_list_pkey"),
        sa.UniqueConstraint("id", "community_id", name="member_list_in_community"),
    )


def _lines() -> None:
    op.create_table(
        "member_list_line",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.String(20), nullable=False),
        sa.Column("membership_id", sa.BigInteger()),
        sa.Column("transfer_id", sa.BigInteger()),
        sa.CheckConstraint(
            "fate IN ('new', 'known', 'back', 'same', 'out')", name="member_list_line_fate"
        ),
        sa.CheckConstraint("number > 0", name="member_list_line_number"),
        sa.CheckConstraint(
            "fate <> 'out' OR num_nonnulls(membership_id, transfer_id) = 0",
            name="member_list_line_left_out",
        ),
        sa.ForeignKeyConstraint(
            ["list_id", "community_id"],
            ["member_list.id", "member_list.community_id"],
            name="line_of_a_member_list",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"], MEMBER, name="line_is_a_member"
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfer.id"], name="member_list_line_transfer_id_fkey"
        ),
        sa.PrimaryKeyConstraint("list_id", "number", name="member_list_line_pkey"),
        sa.UniqueConstraint("transfer_id", name="one_line_per_transfer"),
    )
    op.create_index("member_list_line_membership_id_idx", "member_list_line", ["membership_id"])


def _notes() -> None:
    op.create_table(
        "member_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger()),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="member_note_words"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"], MEMBER, name="note_about_a_member"
        ),
        sa.ForeignKeyConstraint(
            ["written_by", "community_id"], MEMBER, name="note_by_a_member"
        ),
        sa.ForeignKeyConstraint(
            ["list_id", "community_id"],
            ["member_list.id", "member_list.community_id"],
            name="note_from_a_member_list",
        ),
        sa.PrimaryKeyConstraint("id", name="member_note_pkey"),
    )
    op.create_index("member_note_membership_id_idx", "member_note", ["membership_id"])
    op.create_index("member_note_list_id_idx", "member_note", ["list_id"])


def downgrade() -> None:
    op.drop_table("member_note")
    op.drop_table("member_list_line")
    op.drop_table("member_list")
