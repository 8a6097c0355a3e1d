"""Notices: messages owed to people. The truth of every mail is a row here, never a queue entry."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.channels import Way
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import Small
from timebank.models.types import choice
from timebank.models.types import one_of


def _where(rows: str) -> dict[str, Any]:
    """Keep an index of these rows alone."""
    return {"postgresql_where": sa.text(rows)}


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
    ORGANISER_WROTE = "organiser_wrote"
    ORGANISER_NEWS = "organiser_news"
    MESSAGE_ANSWERED = "message_answered"
    COME_AGAIN = "come_again"
    ANSWER_RETURNED = "answer_returned"
    PHONE_TRIED = "phone_tried"
    LETTERS_DUE = "letters_due"
    TEXT_CODE = "text_code"


class NoticeState(enum.StrEnum):
    """Where a notice stands.

    `uncertain`: handed over, and nobody knows whether it arrived. `on_paper`: its person has no
    e-mail, so it waits to be told in a letter, or on the telephone.
    """

    PENDING = "pending"
    LEASED = "leased"
    HANDOVER = "handover"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"
    ON_PAPER = "on_paper"


class Notice(Base):
    """A message owed to a person; a reminder is a notice due later.

    No address and no wording: both are looked up when it is sent. `facts` holds what cannot be
    looked up then (a typed reason, the earlier time), never a secret.

    Attributes:
        told_in_id: The message that tells it along with others (the weekly mail, several
            reminders in one); it is not sent by itself then.
        attempts: How often a worker took it; not counted where the mail server was away.
        refusals: How often it was put back: refused for now, or not to be worded.
        wordings: How many of those because it could not be worded.
        due_at: When it was due at first, where it was put back since.
        again_at: When somebody had it sent again; `NoticeDecision` says who did.
        way: How it went, or is to go at the next try; None: that was not decided otherwise, so by
            mail where it was sent.
        told_by: The coordinator who rang them, where it was told by voice.
    """

    __tablename__ = "notice"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    kind: Mapped[NoticeKind] = mapped_column(choice(NoticeKind))
    dedupe_key: Mapped[str]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claim.id"))
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
    refusals: Mapped[Small] = mapped_column(server_default="0")
    wordings: Mapped[Small] = mapped_column(server_default="0")
    due_at: Mapped[dt.datetime | None]
    again_at: Mapped[dt.datetime | None]
    again_by: Mapped[int | None] = mapped_column(sa.ForeignKey("membership.id"))
    way: Mapped[Way | None] = mapped_column(choice(Way))
    told_by: Mapped[int | None]

    __table_args__ = (
        one_of("kind", NoticeKind, "notice_kind"),
        one_of("state", NoticeState, "notice_state"),
        one_of("way", Way, "notice_way"),
        sa.CheckConstraint(
            "CASE WHEN way IN ('letter', 'voice')"
            " THEN state IN ('on_paper', 'sent', 'cancelled', 'expired')"
            " ELSE state <> 'on_paper' END",
            name="told_on_paper",
        ),
        sa.CheckConstraint(
            "CASE WHEN way = 'voice' THEN state = 'sent' AND told_by IS NOT NULL"
            " ELSE told_by IS NULL END",
            name="told_by_voice",
        ),
        sa.ForeignKeyConstraint(
            ["told_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="told_by_a_member",
        ),
        sa.Index("notice_on_paper", "community_id", "person_id", **_where("state = 'on_paper'")),
        sa.Index(
            "notice_letters_due", "community_id", "not_before", **_where("kind = 'letters_due'")
        ),
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
        sa.Index("notice_weekly", "person_id", postgresql_where=sa.text("kind = 'weekly'")),
        sa.Index("notice_told_in", "told_in_id", **_where("told_in_id IS NOT NULL")),
        sa.CheckConstraint("wordings BETWEEN 0 AND refusals", name="notice_refusals"),
        sa.CheckConstraint(
            "again_by IS NULL OR again_at IS NOT NULL", name="sent_again_at_a_time"
        ),
        sa.Index(
            "notice_open",  # in the order of delivery: thousands are due at one moment
            "not_before",
            "id",
            postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"),
        ),
        sa.Index(
            "notice_troubled",
            "not_before",
            postgresql_where=sa.text("state IN ('failed', 'expired', 'uncertain')"),
        ),
        sa.Index(
            "notice_urgent",
            "not_before",
            postgresql_where=sa.text(
                "kind IN ('sign_in', 'confirm_claim', 'place_offered')"
                " AND state IN ('pending', 'leased', 'handover')"
            ),
        ),
        sa.Index(
            "notice_expiring",
            "expires_at",
            postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"),
        ),
        sa.Index("notice_held", "lease_until", **_where("state IN ('leased', 'handover')")),
        sa.Index("notice_sent", "sent_at", postgresql_where=sa.text("sent_at IS NOT NULL")),
        sa.Index(
            "notice_put_back",
            "due_at",
            postgresql_where=sa.text(
                "due_at IS NOT NULL AND state IN ('pending', 'leased', 'handover')"
            ),
        ),
        sa.Index("notice_to_look_at", "id", **_where("state IN ('uncertain', 'failed')")),
    )


class BounceOutcome(enum.StrEnum):
    """What became of a message in the mailbox of bounces.

    `hard`: our mail will never be taken there. `soft`: not yet, or not this time. `no_trouble`: it
    was delivered, or passed on. `wrong`: not about a mail of ours to that address. `unreadable`:
    no report of a mail server at all.
    """

    HARD = "hard"
    SOFT = "soft"
    NO_TROUBLE = "no_trouble"
    WRONG = "wrong"
    UNREADABLE = "unreadable"


class Bounce(Base):
    """A message of a mail server about a mail of ours, by its fingerprint, and what it meant.

    The fingerprint makes reading it twice the same as once. Nothing that it said is kept but the
    status code.

    Attributes:
        notice_id: The notice it is about; None where it is not believed, or that was erased.
        status: As RFC 3463 has it, such as 5.1.1.
    """

    __tablename__ = "bounce"

    id: Mapped[Key]
    digest: Mapped[bytes]
    outcome: Mapped[BounceOutcome] = mapped_column(choice(BounceOutcome))
    notice_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("notice.id", name="bounce_of_a_notice", ondelete="SET NULL"), index=True
    )
    status: Mapped[str | None]
    read_at: Mapped[dt.datetime] = mapped_column(index=True)

    __table_args__ = (
        one_of("outcome", BounceOutcome, "bounce_outcome"),
        sa.CheckConstraint("octet_length(digest) = 32", name="bounce_digest"),
        sa.CheckConstraint(
            r"status ~ '^[245]\.[0-9]{1,3}\.[0-9]{1,3}$'",
            name="bounce_status",
        ),
        sa.CheckConstraint(
            "outcome IN ('hard', 'soft', 'no_trouble') OR notice_id IS NULL",
            name="bounce_believed_of_a_notice",
        ),
        sa.UniqueConstraint("digest", name="same_bounce_once"),
    )


class MailRest(Base):
    """The mail server is away, and nobody asks it until `rests_until`; no row: all is well.

    Attributes:
        tries: How often it was asked in vain, one after another.
        why: Codes, never an address.
    """

    __tablename__ = "mail_rest"

    is_one: Mapped[bool] = mapped_column(primary_key=True, server_default=sa.true())
    tries: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    why: Mapped[str]
    since: Mapped[CreatedAt]
    rests_until: Mapped[dt.datetime]

    __table_args__ = (
        sa.CheckConstraint("is_one", name="mail_rest_is_one"),
        sa.CheckConstraint("tries >= 1", name="mail_rest_tries"),
    )


class How(enum.StrEnum):
    """How somebody is told of one family: each by itself, in the weekly mail, or not.

    By itself means by mail, on their phone, or as a text message where the instance sends any.
    """

    MAIL = "mail"
    PHONE = "phone"
    TEXT = "text"
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
        leads: When they are reminded of turns; None: as the organisers of each event say. Empty:
            never.
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
