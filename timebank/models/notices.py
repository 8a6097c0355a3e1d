"""Notices: messages owed to people. The truth of every mail is a row here, never a queue entry."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class NoticeKind(enum.StrEnum):
    """What a notice is about; `templates/email/<kind>/` words it."""

    SIGN_IN = "sign_in"
    CONFIRM_CLAIM = "confirm_claim"
    YOU_ARE_IN = "you_are_in"
    REMINDER_TWO_DAYS = "reminder_two_days"
    REMINDER_EVE = "reminder_eve"
    DROPPED_OUT = "dropped_out"
    GIVEN_BACK = "given_back"
    SAID_NO = "said_no"
    EVENT_MOVED = "event_moved"
    EVENT_CANCELLED = "event_cancelled"
    HOURS_CREDITED = "hours_credited"
    HOURS_MOVED = "hours_moved"
    ASKED = "asked"
    PUT_DOWN = "put_down"
    ASK_DECLINED = "ask_declined"
    PLACE_OFFERED = "place_offered"
    PLACE_FREE = "place_free"
    TURN_OFFERED = "turn_offered"
    COVER_WANTED = "cover_wanted"
    TURN_TAKEN = "turn_taken"
    TURN_YIELDED = "turn_yielded"
    CALL_FOR_HELP = "call_for_help"
    WHAT_TO_EXPECT = "what_to_expect"
    TIME_TO_DECIDE = "time_to_decide"
    ACTING_FOR = "acting_for"
    NEIGHBOUR_WROTE = "neighbour_wrote"
    POST_LAPSING = "post_lapsing"
    POST_LAPSED = "post_lapsed"
    EXCHANGE_AGREED = "exchange_agreed"
    EXCHANGE_CANCELLED = "exchange_cancelled"
    EXCHANGE_DUE = "exchange_due"
    THANKED = "thanked"
    EXCHANGE_UNDONE = "exchange_undone"
    EXCHANGE_DISPUTED = "exchange_disputed"
    STATEMENT_WANTED = "statement_wanted"
    EXCHANGE_SETTLED = "exchange_settled"
    BELOW_FLOOR = "below_floor"
    BOOKS_WRONG = "books_wrong"
    INVITED = "invited"
    APPLICATION_IN = "application_in"
    REFERENCE_WANTED = "reference_wanted"
    APPLICATION_ACCEPTED = "application_accepted"
    APPLICATION_DECLINED = "application_declined"
    LEFT = "left"


class NoticeState(enum.StrEnum):
    """Where a notice stands. `uncertain`: handed over, and nobody knows whether it arrived."""

    PENDING = "pending"
    LEASED = "leased"
    HANDOVER = "handover"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class Notice(Base):
    """A message owed to a person; a reminder is a notice due later.

    No address and no wording: both are looked up when it is sent. `facts` holds what cannot be
    looked up then (a typed reason, the earlier time), never a secret.
    """

    __tablename__ = "notice"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    kind: Mapped[NoticeKind] = mapped_column(choice(NoticeKind))
    dedupe_key: Mapped[str]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    starts_at: Mapped[dt.datetime | None]
    sign_in_request_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sign_in_request.id"))
    facts: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    not_before: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    state: Mapped[NoticeState] = mapped_column(choice(NoticeState), server_default="pending")
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    lease_token: Mapped[uuid.UUID | None]
    lease_until: Mapped[dt.datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("kind", NoticeKind, "notice_kind"),
        one_of("state", NoticeState, "notice_state"),
        sa.UniqueConstraint("dedupe_key", name="same_notice_once"),
        sa.UniqueConstraint("claim_id", "kind", "starts_at", name="notice_once_per_claim"),
        sa.CheckConstraint(
            "(claim_id IS NULL) = (starts_at IS NULL)", name="claim_notice_names_its_start"
        ),
        sa.CheckConstraint(
            "state NOT IN ('leased', 'handover') OR num_nulls(lease_token, lease_until) = 0",
            name="leased_notice_has_lease",
        ),
        sa.Index(
            "notice_open",
            "not_before",
            postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"),
        ),
    )
