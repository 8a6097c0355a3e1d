"""Finding somebody: standing turns, the waiting list, handing a turn over, calls for help."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class StandingTurn(Base):
    """A promise for every date, or every first Saturday: each new date gets a claim by it.

    Attributes:
        turn: Which turn of a job that is shared out through the day.
        nth: Which such weekday of its month, 1 to 5, where 5 is the last; None: every date.
        until_on: The last day it holds for.
    """

    __tablename__ = "standing_turn"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    role_id: Mapped[int]
    turn: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1")
    membership_id: Mapped[int]
    nth: Mapped[int | None] = mapped_column(sa.SmallInteger)
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    made_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("nth BETWEEN 1 AND 5", name="standing_turn_nth"),
        sa.CheckConstraint("turn BETWEEN 1 AND 100", name="standing_turn_turn"),
        sa.CheckConstraint("until_on >= from_on", name="standing_turn_span"),
        sa.UniqueConstraint("id", "community_id", name="standing_turn_in_community"),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="standing_turn_of_a_series",
        ),
        sa.ForeignKeyConstraint(
            ["role_id", "series_id"],
            ["role.id", "role.series_id"],
            name="standing_turn_of_a_role",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="standing_turn_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="standing_turn_by_a_member",
        ),
        sa.Index(
            "one_standing_turn_per_job",
            "role_id",
            "turn",
            "membership_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )


class WaitingState(enum.StrEnum):
    """Where somebody stands on a waiting list. `passed`: an offer ran out or was turned down."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    PASSED = "passed"
    LEFT = "left"


class Waiting(Base):
    """Somebody who would take a place of a full job, in the order of `id`.

    `claim_id`: the place that is held for their answer, and then is theirs.
    """

    __tablename__ = "waiting"

    id: Mapped[Key]
    community_id: Mapped[int]
    slot_id: Mapped[int]
    membership_id: Mapped[int]
    state: Mapped[WaitingState] = mapped_column(choice(WaitingState), server_default="waiting")
    claim_id: Mapped[int | None]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("state", WaitingState, "waiting_state"),
        sa.CheckConstraint(
            "state NOT IN ('offered', 'taken') OR claim_id IS NOT NULL",
            name="offer_names_its_place",
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'offered')) = (ended_at IS NULL)", name="waiting_has_an_end"
        ),
        sa.ForeignKeyConstraint(
            ["slot_id", "community_id"],
            ["slot.id", "slot.community_id"],
            name="waiting_for_a_slot",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="waiting_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="waiting_offered_a_claim",
        ),
        sa.Index(
            "one_wait_per_slot",
            "slot_id",
            "membership_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(
            "one_offer_per_claim",
            "claim_id",
            unique=True,
            postgresql_where=sa.text("claim_id IS NOT NULL"),
        ),
        sa.Index("waiting_by_membership", "membership_id"),
    )


class HandoverState(enum.StrEnum):
    """Where the handing over of a turn stands."""

    OPEN = "open"
    TAKEN = "taken"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"
    LAPSED = "lapsed"


class Handover(Base):
    """A turn that its holder would like somebody to take; theirs until somebody has it.

    Attributes:
        to_membership_id: Whom it is offered to; None: to everybody.
        became_claim_id: The claim of whoever took it.
    """

    __tablename__ = "handover"

    id: Mapped[Key]
    community_id: Mapped[int]
    claim_id: Mapped[int]
    to_membership_id: Mapped[int | None] = mapped_column(index=True)
    state: Mapped[HandoverState] = mapped_column(choice(HandoverState), server_default="open")
    became_claim_id: Mapped[int | None]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("state", HandoverState, "handover_state"),
        sa.CheckConstraint(
            "(state = 'taken') = (became_claim_id IS NOT NULL)", name="handover_names_its_heir"
        ),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="handover_has_an_end"),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="handover_of_a_claim",
        ),
        sa.ForeignKeyConstraint(
            ["became_claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="handover_became_a_claim",
        ),
        sa.ForeignKeyConstraint(
            ["to_membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="handover_to_a_member",
        ),
        sa.Index(
            "one_open_handover_per_claim",
            "claim_id",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
    )


class AppealEnd(enum.StrEnum):
    """Why a call for help is over."""

    FILLED = "filled"
    STARTED = "started"
    STOPPED = "stopped"


class Appeal(Base):
    """A call for help for one date: waves of people asked, until every place is taken.

    `slot_id`: the one job it is for; None: whatever the date lacks. `message` is what the
    organiser typed. `next_wave_at`: when the next people are asked. `left_out`: the memberships
    that the organiser would rather not have asked.
    """

    __tablename__ = "appeal"

    id: Mapped[Key]
    community_id: Mapped[int]
    event_id: Mapped[int]
    series_id: Mapped[int]
    slot_id: Mapped[int | None]
    message: Mapped[str] = mapped_column(server_default="")
    left_out: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default="{}")
    made_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    next_wave_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_because: Mapped[AppealEnd | None] = mapped_column(choice(AppealEnd))

    __table_args__ = (
        one_of("ended_because", AppealEnd, "appeal_end"),
        sa.CheckConstraint("char_length(message) <= 500", name="appeal_message"),
        sa.CheckConstraint(
            "num_nulls(ended_at, ended_because) IN (0, 2)"
            " AND (ended_at IS NULL OR next_wave_at IS NULL)",
            name="appeal_says_why_it_ended",
        ),
        sa.UniqueConstraint("id", "community_id", name="appeal_in_community"),
        sa.ForeignKeyConstraint(
            ["event_id", "community_id", "series_id"],
            ["event.id", "event.community_id", "event.series_id"],
            name="appeal_for_an_event",
        ),
        sa.ForeignKeyConstraint(
            ["slot_id", "community_id"],
            ["slot.id", "slot.community_id"],
            name="appeal_for_a_slot",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="appeal_by_a_member",
        ),
        sa.Index(
            "one_open_appeal_per_event",
            "event_id",
            sa.text("coalesce(slot_id, 0)"),
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )


class AppealReason(enum.StrEnum):
    """Why somebody is asked: they did this job before, something else here, or nothing yet."""

    DID_THIS = "did_this"
    DID_ANOTHER = "did_another"
    NEWCOMER = "newcomer"


class AppealAnswer(enum.StrEnum):
    """What somebody said to a call for help."""

    YES = "yes"
    NO = "no"


class AppealAsk(Base):
    """One person asked by a call for help, and for which job."""

    __tablename__ = "appeal_ask"

    id: Mapped[Key]
    community_id: Mapped[int]
    appeal_id: Mapped[int]
    membership_id: Mapped[int]
    slot_id: Mapped[int]
    wave: Mapped[int] = mapped_column(sa.SmallInteger)
    because: Mapped[AppealReason] = mapped_column(choice(AppealReason))
    asked_at: Mapped[dt.datetime]
    answer: Mapped[AppealAnswer | None] = mapped_column(choice(AppealAnswer))
    answered_at: Mapped[dt.datetime | None]
    claim_id: Mapped[int | None]

    __table_args__ = (
        one_of("because", AppealReason, "appeal_ask_because"),
        one_of("answer", AppealAnswer, "appeal_ask_answer"),
        sa.CheckConstraint("wave BETWEEN 1 AND 100", name="appeal_ask_wave"),
        sa.CheckConstraint(
            "num_nulls(answer, answered_at) IN (0, 2)"
            " AND (claim_id IS NULL OR answer IS NOT DISTINCT FROM 'yes')",
            name="appeal_ask_answered",
        ),
        sa.ForeignKeyConstraint(
            ["appeal_id", "community_id"],
            ["appeal.id", "appeal.community_id"],
            name="ask_of_an_appeal",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="ask_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["slot_id", "community_id"],
            ["slot.id", "slot.community_id"],
            name="ask_about_a_slot",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="ask_became_a_claim",
        ),
        sa.UniqueConstraint("appeal_id", "membership_id", name="asked_once"),
        sa.Index("appeal_ask_by_membership", "membership_id", "asked_at"),
    )
