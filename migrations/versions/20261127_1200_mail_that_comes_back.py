"""Mail that comes back: addresses that take none, bounces, and a mail server that is away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1200"
down_revision = "20261127_1100"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
URGENT = "kind IN ('sign_in', 'confirm_claim', 'place_offered')"
INDEXES = (
    "notice_expiring",
    "notice_held",
    "notice_urgent",
    "notice_sent",
    "notice_put_back",
    "notice_to_look_at",
)
IN_THE_OPEN = "state IN ('pending', 'leased', 'handover')"


def upgrade() -> None:
    _more_of_a_notice()
    _make_suppressions()
    _make_bounces()
    _make_rest()


def downgrade() -> None:
    op.drop_table("mail_rest")
    op.drop_table("bounce")
    op.drop_table("mail_suppression")
    for index in INDEXES:
        op.drop_index(index, "notice")
    for column in ("again_at", "again_by", "due_at", "wordings", "refusals"):
        op.drop_column("notice", column)


def _more_of_a_notice() -> None:
    op.add_column(
        "notice", sa.Column("refusals", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column(
        "notice", sa.Column("wordings", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("notice", sa.Column("due_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("notice", sa.Column("again_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("notice", sa.Column("again_by", sa.BigInteger()))
    op.create_check_constraint(
        "notice_refusals", "notice", "wordings BETWEEN 0 AND refusals"
    )
    op.create_check_constraint(
        "sent_again_at_a_time", "notice", "again_by IS NULL OR again_at IS NOT NULL"
    )
    op.create_foreign_key(
        "notice_again_by_fkey", "notice", "membership", ["again_by"], ["id"]
    )
    op.create_index(
        "notice_expiring", "notice", ["expires_at"], postgresql_where=sa.text(IN_THE_OPEN)
    )
    op.create_index(
        "notice_held",
        "notice",
        ["lease_until"],
        postgresql_where=sa.text("state IN ('leased', 'handover')"),
    )
    op.create_index(
        "notice_urgent",
        "notice",
        ["not_before"],
        postgresql_where=sa.text(f"{URGENT} AND {IN_THE_OPEN}"),
    )
    op.create_index(
        "notice_sent", "notice", ["sent_at"], postgresql_where=sa.text("sent_at IS NOT NULL")
    )
    op.create_index(
        "notice_put_back", "notice", ["due_at"],
        postgresql_where=sa.text(f"due_at IS NOT NULL AND {IN_THE_OPEN}"),
    )  # fmt: skip
    op.create_index(
        "notice_to_look_at", "notice", ["id"],
        postgresql_where=sa.text("state IN ('uncertain', 'failed')"),
    )  # fmt: skip


def _make_suppressions() -> None:
    op.create_table(
        "mail_suppression",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("address_digest", sa.LargeBinary(), nullable=False),
        sa.Column("refusals", sa.Integer(), server_default="1", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("first_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True)),
        sa.Column("lifted_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("lifted_by", sa.BigInteger()),
        sa.CheckConstraint("octet_length(address_digest) = 32", name="suppression_digest"),
        sa.CheckConstraint("refusals >= 1", name="suppression_refusals"),
        sa.CheckConstraint("status ~ '^[0-9][0-9. ]{2,19}$'", name="suppression_status"),
        sa.CheckConstraint(
            "lifted_by IS NULL OR lifted_at IS NOT NULL", name="suppression_lifted_at_a_time"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="suppression_of_a_person"),
        sa.ForeignKeyConstraint(["lifted_by"], ["membership.id"], name="suppression_lifted_by"),
        sa.PrimaryKeyConstraint("id", name="mail_suppression_pkey"),
    )
    op.create_index(
        "one_open_suppression", "mail_suppression", ["person_id", "address_digest"],
        unique=True, postgresql_where=sa.text("lifted_at IS NULL"),
    )  # fmt: skip


def _make_bounces() -> None:
    op.create_table(
        "bounce",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("notice_id", sa.BigInteger()),
        sa.Column("status", sa.Text()),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('hard', 'soft', 'no_trouble', 'wrong', 'unreadable')",
            name="bounce_outcome",
        ),
        sa.CheckConstraint("octet_length(digest) = 32", name="bounce_digest"),
        sa.CheckConstraint("status ~ '^[245]\\.[0-9]{1,3}\\.[0-9]{1,3}$'", name="bounce_status"),
        sa.CheckConstraint(
            "outcome IN ('hard', 'soft', 'no_trouble') OR notice_id IS NULL",
            name="bounce_believed_of_a_notice",
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name="bounce_of_a_notice", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="bounce_pkey"),
        sa.UniqueConstraint("digest", name="same_bounce_once"),
    )
    op.create_index("bounce_notice_id_idx", "bounce", ["notice_id"])
    op.create_index("bounce_read_at_idx", "bounce", ["read_at"])


def _make_rest() -> None:
    op.create_table(
        "mail_rest",
        sa.Column("is_one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="1", nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.Column("rests_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("is_one", name="mail_rest_is_one"),
        sa.CheckConstraint("tries >= 1", name="mail_rest_tries"),
        sa.PrimaryKeyConstraint("is_one", name="mail_rest_pkey"),
    )
