"""The rota: kinds of work, the slots of an event, and who holds which place.

Places are numbered: one live claim a (slot, place), and no place above the slot's `places`, which
the foreign key copies into the claim. So no counter exists that could drift, and a place is never
given twice, whatever happens at the same time.
"""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from timebank.db import Base
from timebank.models.events import Event
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import Small
from timebank.models.types import choice
from timebank.models.types import one_of


class ClaimState(enum.StrEnum):
    """Where a turn stands. The first three are live: they hold a place."""

    HELD = "held"
    CONFIRMED = "confirmed"
    ATTENDED = "attended"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


class WithdrawnBecause(enum.StrEnum):
    """Why a claim gave its place back."""

    PERSON = "person"
    ORGANISER = "organiser"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class Role(Base):
    """A kind of work in a series: what it is called, when in the day, how many people.

    `starts_after_minutes` counts from the event's start and may be below zero (set-up).
    """

    __tablename__ = "role"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    position: Mapped[Small]
    name: Mapped[str]
    about: Mapped[str] = mapped_column(server_default="")
    needed: Mapped[Small]
    places: Mapped[Small]
    starts_after_minutes: Mapped[int] = mapped_column(sa.Integer)
    duration_minutes: Mapped[int] = mapped_column(sa.Integer)
    retired_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="role_name"),
        sa.CheckConstraint("char_length(about) <= 500", name="role_about"),
        sa.CheckConstraint(
            "places BETWEEN 1 AND 500 AND needed BETWEEN 0 AND places", name="role_places"
        ),
        sa.CheckConstraint(
            "starts_after_minutes BETWEEN -1440 AND 1440 AND duration_minutes BETWEEN 1 AND 1440",
            name="role_span",
        ),
        sa.UniqueConstraint("id", "series_id", name="role_in_series"),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="role_of_a_series",
        ),
        sa.Index("role_by_series", "series_id", "position"),
    )


class Slot(Base):
    """A span of time at one event in which a role wants `places` people, `needed` at least.

    `minutes` are real elapsed minutes, right over both clock changes.
    """

    __tablename__ = "slot"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    event_id: Mapped[int]
    role_id: Mapped[int]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    needed: Mapped[Small]
    places: Mapped[Small]
    minutes: Mapped[int] = mapped_column(
        sa.Integer,
        sa.Computed("(extract(epoch FROM ends_at - starts_at) / 60)::int", persisted=True),
    )

    event: Mapped[Event] = relationship(viewonly=True)
    role: Mapped[Role] = relationship(viewonly=True)

    __table_args__ = (
        sa.CheckConstraint(
            "ends_at > starts_at AND ends_at - starts_at <= interval '24 hours'", name="slot_span"
        ),
        sa.CheckConstraint("places BETWEEN 1 AND 500", name="slot_places"),
        sa.CheckConstraint("needed BETWEEN 0 AND places", name="slot_needed"),
        sa.UniqueConstraint("event_id", "role_id", name="one_slot_per_role"),
        # What a claim copies; ON UPDATE CASCADE keeps the copies equal.
        sa.UniqueConstraint(
            "id",
            "community_id",
            "event_id",
            "starts_at",
            "ends_at",
            "places",
            name="slot_facts",
        ),
        sa.ForeignKeyConstraint(
            ["event_id", "community_id", "series_id"],
            ["event.id", "event.community_id", "event.series_id"],
            name="slot_of_an_event",
        ),
        sa.ForeignKeyConstraint(
            ["role_id", "series_id"], ["role.id", "role.series_id"], name="slot_of_a_role"
        ),
    )


class Claim(Base):
    """A membership holding one numbered place of a slot. Never deleted: withdrawn.

    `arrived_at` is the tick on the day; the hours are posted when the claim becomes attended.
    `held_as` is the name that somebody not yet confirmed gave: until their yes it stands in place
    of the name on record, so that typing an address never tells whose it is.
    """

    __tablename__ = "claim"

    id: Mapped[Key]
    community_id: Mapped[int]
    event_id: Mapped[int]
    slot_id: Mapped[int]
    membership_id: Mapped[int]
    person_id: Mapped[int]
    place: Mapped[Small]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    places: Mapped[Small]
    state: Mapped[ClaimState] = mapped_column(choice(ClaimState))
    held_until: Mapped[dt.datetime | None]
    held_as: Mapped[str | None]
    note: Mapped[str | None]
    arrived_at: Mapped[dt.datetime | None]
    arrived_by: Mapped[int | None]
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_because: Mapped[WithdrawnBecause | None] = mapped_column(choice(WithdrawnBecause))
    created_at: Mapped[CreatedAt]
    live: Mapped[bool] = mapped_column(
        sa.Computed("state IN ('held', 'confirmed', 'attended')", persisted=True)
    )

    slot: Mapped[Slot] = relationship(viewonly=True)

    __table_args__ = (
        one_of("state", ClaimState, "claim_state_known"),
        one_of("withdrawn_because", WithdrawnBecause, "claim_withdrawn_because"),
        sa.CheckConstraint("(state = 'held') = (held_until IS NOT NULL)", name="held_has_an_end"),
        sa.CheckConstraint(
            "CASE WHEN state = 'withdrawn' THEN num_nulls(withdrawn_at, withdrawn_because) = 0"
            " ELSE num_nonnulls(withdrawn_at, withdrawn_because) = 0 END",
            name="withdrawn_says_why",
        ),
        sa.CheckConstraint(
            "num_nulls(arrived_at, arrived_by) IN (0, 2)", name="arrival_has_witness"
        ),
        sa.CheckConstraint(
            "held_as IS NULL OR state <> 'confirmed' AND char_length(held_as) BETWEEN 1 AND 80",
            name="held_under_a_name",
        ),
        sa.CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="claim_note"),
        sa.CheckConstraint(
            "place >= 1 AND (place <= places OR state IN ('withdrawn', 'missed'))",
            name="place_within_places",
        ),
        sa.ForeignKeyConstraint(
            ["slot_id", "community_id", "event_id", "starts_at", "ends_at", "places"],
            [
                "slot.id",
                "slot.community_id",
                "slot.event_id",
                "slot.starts_at",
                "slot.ends_at",
                "slot.places",
            ],
            onupdate="CASCADE",
            name="claim_follows_slot",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id", "person_id"],
            ["membership.id", "membership.community_id", "membership.person_id"],
            name="claim_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["arrived_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="arrival_seen_by_a_member",
        ),
        sa.Index(
            "one_live_claim_per_place",
            "slot_id",
            "place",
            unique=True,
            postgresql_where=sa.text("live"),
        ),
        sa.Index(
            "one_live_claim_per_person",
            "slot_id",
            "person_id",
            unique=True,
            postgresql_where=sa.text("live"),
        ),
        sa.Index("claim_by_event", "event_id"),
        sa.Index("claim_by_membership", "membership_id", "starts_at"),
        sa.Index("claim_held", "held_until", postgresql_where=sa.text("state = 'held'")),
        # no_overlapping_claims, an EXCLUDE, stands in the migration beside the triggers.
    )
