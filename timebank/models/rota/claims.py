"""Who holds which place: turns, from the first tap to the tick on the day.

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
from timebank.models.rota.roles import Slot
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


class HeldFor(enum.StrEnum):
    """What a held place waits for.

    `yes`: that somebody confirms their own claim by e-mail. `asked`: the answer of somebody an
    organiser pencilled in. `offered`: that of the next on the waiting list. The last two promise
    nothing, so they stand in the way of no other turn.
    """

    YES = "yes"
    ASKED = "asked"
    OFFERED = "offered"


class WithdrawnBecause(enum.StrEnum):
    """Why a claim gave its place back."""

    PERSON = "person"
    ORGANISER = "organiser"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    HANDED_OVER = "handed_over"
    YIELDED = "yielded"
    UNDONE = "undone"


class Claim(Base):
    """A membership holding one numbered place of a slot. Never deleted: withdrawn.

    Attributes:
        held_for: What a hold waited for; kept when that is over.
        held_as: The name that somebody not yet confirmed gave: until their yes it stands in place
            of the name on record, so that typing an address never tells whose it is.
        made_by: The organiser who put them down, when it was not themselves.
        guest_of: The neighbour who brings them along.
        takes_part: Whether they would like to take part as well.
        beside_id: The longer turn that they do at the same time; its hours are counted once.
        overruled_by: Who let them have it against a rule, and `overruled_because` why.
        arrived_at: The tick on the day; the hours are posted when the claim becomes attended.
        minutes_done: How long it took by the sheet of paper, where that is what counts and not
            the time of the slot; `minutes_by` who said so, never the helper.
        live: Holds a place.
        binds: Holds its person: no other such turn at the same time.
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
    held_for: Mapped[HeldFor | None] = mapped_column(choice(HeldFor))
    held_as: Mapped[str | None]
    note: Mapped[str | None]
    made_by: Mapped[int | None]
    guest_of: Mapped[int | None]
    takes_part: Mapped[bool] = mapped_column(server_default=sa.false())
    beside_id: Mapped[int | None]
    standing_id: Mapped[int | None]
    import_id: Mapped[int | None]
    overruled_by: Mapped[int | None]
    overruled_because: Mapped[str | None]
    arrived_at: Mapped[dt.datetime | None]
    arrived_by: Mapped[int | None]
    minutes_done: Mapped[int | None] = mapped_column(sa.SmallInteger)
    minutes_by: Mapped[int | None]
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_because: Mapped[WithdrawnBecause | None] = mapped_column(choice(WithdrawnBecause))
    created_at: Mapped[CreatedAt]
    live: Mapped[bool] = mapped_column(
        sa.Computed("state IN ('held', 'confirmed', 'attended')", persisted=True)
    )
    binds: Mapped[bool] = mapped_column(
        sa.Computed(
            "beside_id IS NULL AND (state IN ('confirmed', 'attended')"
            " OR state = 'held' AND held_for IS NOT DISTINCT FROM 'yes')",
            persisted=True,
        )
    )

    slot: Mapped[Slot] = relationship(viewonly=True)

    __table_args__ = (
        one_of("state", ClaimState, "claim_state_known"),
        one_of("held_for", HeldFor, "claim_held_for"),
        one_of("withdrawn_because", WithdrawnBecause, "claim_withdrawn_because"),
        sa.CheckConstraint(
            "(state = 'held') = (held_until IS NOT NULL)"
            " AND (state <> 'held' OR held_for IS NOT NULL)",
            name="held_has_an_end",
        ),
        sa.CheckConstraint(
            "CASE WHEN state = 'withdrawn' THEN num_nulls(withdrawn_at, withdrawn_because) = 0"
            " ELSE num_nonnulls(withdrawn_at, withdrawn_because) = 0 END",
            name="withdrawn_says_why",
        ),
        sa.CheckConstraint(
            "num_nulls(arrived_at, arrived_by) IN (0, 2)", name="arrival_has_witness"
        ),
        sa.CheckConstraint("minutes_done BETWEEN 1 AND 1440", name="claim_minutes_done"),
        sa.CheckConstraint(
            "num_nulls(minutes_done, minutes_by) IN (0, 2) AND minutes_by <> membership_id",
            name="minutes_said_by_another",
        ),
        sa.CheckConstraint(
            "held_as IS NULL OR state <> 'confirmed' AND char_length(held_as) BETWEEN 1 AND 80",
            name="held_under_a_name",
        ),
        sa.CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="claim_note"),
        sa.CheckConstraint(
            "num_nulls(overruled_by, overruled_because) IN (0, 2)"
            " AND char_length(overruled_because) BETWEEN 1 AND 200",
            name="overruled_says_why",
        ),
        sa.CheckConstraint("held_for <> 'asked' OR made_by IS NOT NULL", name="asked_by_somebody"),
        sa.CheckConstraint("guest_of <> membership_id", name="guest_of_another"),
        sa.CheckConstraint(
            "place >= 1 AND (place <= places OR state IN ('withdrawn', 'missed'))",
            name="place_within_places",
        ),
        sa.UniqueConstraint("id", "community_id", name="claim_in_community"),
        sa.UniqueConstraint("id", "event_id", "membership_id", name="claim_of_a_person_and_date"),
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
        sa.ForeignKeyConstraint(
            ["minutes_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="minutes_said_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="claim_made_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["guest_of", "community_id"],
            ["membership.id", "membership.community_id"],
            name="guest_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["overruled_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="overruled_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["beside_id", "event_id", "membership_id"],
            ["claim.id", "claim.event_id", "claim.membership_id"],
            name="beside_an_own_turn",
        ),
        sa.ForeignKeyConstraint(
            ["standing_id", "community_id"],
            ["standing_turn.id", "standing_turn.community_id"],
            name="claim_of_a_standing_turn",
        ),
        sa.ForeignKeyConstraint(
            ["import_id", "community_id"],
            ["rota_import.id", "rota_import.community_id"],
            name="claim_of_an_import",
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
        sa.Index("claim_to_come", "starts_at", postgresql_where=sa.text("state = 'confirmed'")),
        sa.Index("claim_beside", "beside_id", postgresql_where=sa.text("beside_id IS NOT NULL")),
        sa.Index(
            "claim_standing", "standing_id", postgresql_where=sa.text("standing_id IS NOT NULL")
        ),
        sa.Index("claim_import", "import_id", postgresql_where=sa.text("import_id IS NOT NULL")),
        # no_overlapping_claims and no_overlapping_doubles, EXCLUDEs, stand in the migrations
        # beside the triggers.
    )
