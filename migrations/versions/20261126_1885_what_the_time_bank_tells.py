"""What the time bank tells: joining, acting for somebody, offers and asks, thanks, hours moved."""

from __future__ import annotations

from alembic import op

revision = "20261126_1885"
down_revision = "20261126_1880"
branch_labels = None
depends_on = None

EARLIER = (
    "sign_in confirm_claim you_are_in reminder_two_days reminder_eve dropped_out event_moved"
    " event_cancelled hours_credited asked put_down ask_declined place_offered place_free"
    " turn_offered cover_wanted turn_taken turn_yielded call_for_help what_to_expect"
    " time_to_decide below_floor books_wrong"
)
NEW = (
    "acting_for neighbour_wrote post_lapsing post_lapsed thanked exchange_agreed exchange_cancelled"
    " exchange_due exchange_undone exchange_disputed statement_wanted exchange_settled hours_moved invited"
    " application_in reference_wanted application_accepted application_declined left"
)


def upgrade() -> None:
    _allow(f"{EARLIER} {NEW}")


def downgrade() -> None:
    """Possible while nobody is owed one of the new kinds."""
    _allow(EARLIER)


def _allow(kinds: str) -> None:
    op.drop_constraint("notice_kind", "notice")
    op.create_check_constraint("notice_kind", "notice", f"kind IN ({_quoted(kinds)})")


def _quoted(kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds.split())
