"""Notices: messages owed to people. The truth of every mail is a row here, never a queue entry."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
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
    REMINDER_WEEK = "reminder_week"
    REMINDER_MORNING = "reminder_morning"
    REMINDERS = "reminders"
    WEEKLY = "weekly"


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

    Attributes:
        told_in_id: The message that tells it along with others (the weekly mail, several
            reminders in one); it is not sent by itself then.
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
    told_in_id: Mapped[int | None]

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
        sa.UniqueConstraint("id", "community_id", "person_id", name="notice_of_a_person"),
        sa.ForeignKeyConstraint(
            ["told_in_id", "community_id", "person_id"],
            ["notice.id", "notice.community_id", "notice.person_id"],
            name="told_with_their_own",
        ),
        sa.CheckConstraint(
            "told_in_id IS NULL OR state = 'cancelled' AND told_in_id <> id",
            name="told_along_is_not_sent",
        ),
        sa.Index(
            "notice_told_in",
            "told_in_id",
            postgresql_where=sa.text("told_in_id IS NOT NULL"),
        ),
        sa.Index(
            "notice_open",
            "not_before",
            postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"),
        ),
    )


class How(enum.StrEnum):
    """How somebody gets the mails of one family: each by itself, in the weekly mail, or not."""

    MAIL = "mail"
    WEEKLY = "weekly"
    NONE = "none"


class Lead(enum.StrEnum):
    """How long before a turn somebody is reminded of it."""

    WEEK = "week"
    TWO_DAYS = "two_days"
    EVE = "eve"
    MORNING = "morning"


class MailChoice(Base):
    """Which mails a member gets, when, and in which language; no row: as everybody does.

    What they need comes whatever they choose: a cancelled turn, a sign-in. Days and hours are
    those of the community.

    Attributes:
        leads: When they are reminded of turns; None: as everybody is, two days before and on the
            eve. Empty: never.
        quiet_from: From this time of day on nothing comes that can wait, until `quiet_until`;
            None: there are no such hours.
        paused_until: Nothing comes before then but what they need.
        weekly: Whether the weekly mail brings what is on and what is needed.
        weekly_on: The day of the week it comes on: 1 is Monday, 7 Sunday.
        weekly_hour: The hour at which it comes.
        near: The part of the place they would like to hear of; None: all of it.
        language: Of the mails, as BCP 47 writes it; None: the site's own.
    """

    __tablename__ = "mail_choice"

    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    community_id: Mapped[int]
    turns: Mapped[How] = mapped_column(choice(How), server_default="mail")
    asking: Mapped[How] = mapped_column(choice(How), server_default="mail")
    neighbours: Mapped[How] = mapped_column(choice(How), server_default="mail")
    hours: Mapped[How] = mapped_column(choice(How), server_default="mail")
    leads: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    quiet_from: Mapped[dt.time | None]
    quiet_until: Mapped[dt.time | None]
    paused_until: Mapped[dt.datetime | None]
    weekly: Mapped[bool] = mapped_column(server_default=sa.false())
    weekly_on: Mapped[int] = mapped_column(sa.SmallInteger, server_default="4")
    weekly_hour: Mapped[int] = mapped_column(sa.SmallInteger, server_default="17")
    near: Mapped[str | None]
    language: Mapped[str | None]
    changed_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("turns", How, "mail_choice_turns"),
        one_of("asking", How, "mail_choice_asking"),
        one_of("neighbours", How, "mail_choice_neighbours"),
        one_of("hours", How, "mail_choice_hours"),
        sa.CheckConstraint(
            "leads <@ ARRAY['week', 'two_days', 'eve', 'morning']", name="mail_choice_leads"
        ),
        sa.CheckConstraint(
            "num_nulls(quiet_from, quiet_until) IN (0, 2) AND quiet_from <> quiet_until",
            name="mail_choice_quiet",
        ),
        sa.CheckConstraint(
            "weekly_on BETWEEN 1 AND 7 AND weekly_hour BETWEEN 0 AND 23",
            name="mail_choice_weekly",
        ),
        sa.CheckConstraint("char_length(near) BETWEEN 1 AND 40", name="mail_choice_near"),
        sa.CheckConstraint("language ~ '^[a-z]{2}(-[A-Z]{2})?$'", name="mail_choice_language"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="mails_of_a_member",
        ),
    )
