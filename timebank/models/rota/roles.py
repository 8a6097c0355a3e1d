"""Kinds of work in a series, what they ask of people, which go together, and their slots."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from timebank.db import Base
from timebank.models.events import Event
from timebank.models.types import Key
from timebank.models.types import Small
from timebank.models.types import choice
from timebank.models.types import one_of


class Role(Base):
    """A kind of work in a series: what one does, when in the day, how many people, and who may.

    Attributes:
        about: One line for the rota; `instructions` is the whole story, in Markdown.
        bring: What to bring for this job.
        starts_after_minutes: From the event's start; below zero for set-up.
        arrive_minutes_before: How long before their turn people should be there.
        turn_minutes: The length of one turn where the job is shared out through the day; a turn
            begins every `every_minutes`. Both None: one turn, as long as the job.
        one_per: One person for so many expected people; `needed` and `places` are the least.
        minimum_age: In years, on the day.
        while_taking_part: Whether one can do it and take part.
        newcomer_places: Places kept for first turns until `newcomer_hours` before the start.
        opens_hours_before: When it can be taken, for jobs that go within minutes; None: at once.
        trains_for_id: The role that people learn here beside somebody who can do it.
        only_event_id: The one date that has this job.
        retired_at: From when on new dates don't get it.
    """

    __tablename__ = "role"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    position: Mapped[Small]
    name: Mapped[str]
    about: Mapped[str] = mapped_column(server_default="")
    instructions: Mapped[str] = mapped_column(server_default="")
    bring: Mapped[str] = mapped_column(server_default="")
    needed: Mapped[Small]
    places: Mapped[Small]
    starts_after_minutes: Mapped[int] = mapped_column(sa.Integer)
    duration_minutes: Mapped[int] = mapped_column(sa.Integer)
    arrive_minutes_before: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    turn_minutes: Mapped[int | None] = mapped_column(sa.SmallInteger)
    every_minutes: Mapped[int | None] = mapped_column(sa.SmallInteger)
    one_per: Mapped[int | None] = mapped_column(sa.SmallInteger)
    minimum_age: Mapped[int | None] = mapped_column(sa.SmallInteger)
    while_taking_part: Mapped[bool] = mapped_column(server_default=sa.false())
    newcomer_places: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    newcomer_hours: Mapped[int] = mapped_column(sa.SmallInteger, server_default="48")
    opens_hours_before: Mapped[int | None] = mapped_column(sa.SmallInteger)
    trains_for_id: Mapped[int | None]
    only_event_id: Mapped[int | None]
    retired_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="role_name"),
        sa.CheckConstraint("char_length(about) <= 500", name="role_about"),
        sa.CheckConstraint("char_length(instructions) <= 5000", name="role_instructions"),
        sa.CheckConstraint("char_length(bring) <= 300", name="role_bring"),
        sa.CheckConstraint(
            "places BETWEEN 1 AND 500 AND needed BETWEEN 0 AND places", name="role_places"
        ),
        sa.CheckConstraint(
            "starts_after_minutes BETWEEN -1440 AND 1440 AND duration_minutes BETWEEN 1 AND 1440",
            name="role_span",
        ),
        sa.CheckConstraint("arrive_minutes_before BETWEEN 0 AND 240", name="role_arrival"),
        sa.CheckConstraint(
            "num_nulls(turn_minutes, every_minutes) IN (0, 2) AND turn_minutes BETWEEN 5 AND 1440"
            " AND every_minutes BETWEEN turn_minutes AND 1440 AND turn_minutes <= duration_minutes"
            " AND (duration_minutes - turn_minutes) / every_minutes < 100",
            name="role_turns",
        ),
        sa.CheckConstraint("one_per BETWEEN 1 AND 1000", name="role_one_per"),
        sa.CheckConstraint("minimum_age BETWEEN 1 AND 100", name="role_minimum_age"),
        sa.CheckConstraint(
            "newcomer_places BETWEEN 0 AND places AND newcomer_hours BETWEEN 0 AND 720",
            name="role_newcomers",
        ),
        sa.CheckConstraint("opens_hours_before BETWEEN 1 AND 2160", name="role_opening"),
        sa.CheckConstraint("trains_for_id <> id", name="role_trains_for_another"),
        sa.UniqueConstraint("id", "series_id", name="role_in_series"),
        sa.UniqueConstraint("id", "community_id", name="role_in_community"),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="role_of_a_series",
        ),
        sa.ForeignKeyConstraint(
            ["trains_for_id", "series_id"],
            ["role.id", "role.series_id"],
            name="role_trains_here",
        ),
        sa.ForeignKeyConstraint(
            ["only_event_id", "community_id", "series_id"],
            ["event.id", "event.community_id", "event.series_id"],
            name="role_of_one_date",
        ),
        sa.Index("role_by_series", "series_id", "position"),
    )


class PairRule(enum.StrEnum):
    """Whether one person may have two jobs of a date.

    Without a rule: yes, when their times don't overlap. `together`: also at the same time, the
    shorter within the longer. `never`: not on the same date at all.
    """

    TOGETHER = "together"
    NEVER = "never"


class RolePair(Base):
    """One cell of a series' combination matrix; the role with the lower number comes first."""

    __tablename__ = "role_pair"

    first_role_id: Mapped[int] = mapped_column(primary_key=True)
    second_role_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    series_id: Mapped[int]
    rule: Mapped[PairRule] = mapped_column(choice(PairRule))

    __table_args__ = (
        one_of("rule", PairRule, "role_pair_rule"),
        sa.CheckConstraint("first_role_id < second_role_id", name="role_pair_in_order"),
        sa.ForeignKeyConstraint(
            ["first_role_id", "series_id"],
            ["role.id", "role.series_id"],
            name="first_of_a_pair",
        ),
        sa.ForeignKeyConstraint(
            ["second_role_id", "series_id"],
            ["role.id", "role.series_id"],
            name="second_of_a_pair",
        ),
    )


class RoleQualification(Base):
    """A check or qualification that a job asks for."""

    __tablename__ = "role_qualification"

    role_id: Mapped[int] = mapped_column(primary_key=True)
    qualification_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    community_id: Mapped[int]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["role_id", "community_id"],
            ["role.id", "role.community_id"],
            name="qualification_for_a_role",
        ),
        sa.ForeignKeyConstraint(
            ["qualification_id", "community_id"],
            ["qualification.id", "qualification.community_id"],
            name="role_asks_for_a_qualification",
        ),
    )


class Slot(Base):
    """A span of time at one event in which a role wants `places` people, `needed` at least.

    `minutes` are real elapsed minutes, right over both clock changes. `turn` counts the turns of
    a job that is shared out through the day. `closed_at`: the job was taken off this date; the
    slot stays for the story of who once had it.
    """

    __tablename__ = "slot"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    event_id: Mapped[int]
    role_id: Mapped[int]
    turn: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1")
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    needed: Mapped[Small]
    places: Mapped[Small]
    closed_at: Mapped[dt.datetime | None]
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
        sa.CheckConstraint("turn BETWEEN 1 AND 100", name="slot_turn"),
        sa.UniqueConstraint("event_id", "role_id", "turn", name="one_slot_per_turn"),
        sa.UniqueConstraint("id", "community_id", name="slot_in_community"),
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
