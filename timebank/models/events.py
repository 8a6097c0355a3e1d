"""Events: what recurs (a series), each dated gathering, and its place."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from timebank.db import Base
from timebank.models.communities import Group
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import Version
from timebank.models.types import choice
from timebank.models.types import one_of


class Frequency(enum.StrEnum):
    """How often a series comes round.

    Monthly: the same weekday of the month (first Saturday). Monthly by date: the 15th, and the
    last day of a month that has none.
    """

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    MONTHLY_BY_DATE = "monthly_by_date"


class SeriesState(enum.StrEnum):
    """Whether neighbours can see a series."""

    DRAFT = "draft"
    PUBLISHED = "published"


class EventState(enum.StrEnum):
    """Whether a dated gathering takes place. Skipped: left out, before anybody had a turn."""

    PLANNED = "planned"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class ReasonKind(enum.StrEnum):
    """Why a date was moved or called off, in a form that can be counted."""

    NO_QUALIFIED_LEAD = "no_qualified_lead"
    TOO_FEW_PEOPLE = "too_few_people"
    WEATHER = "weather"
    PLACE = "place"
    SAFETY = "safety"
    OTHER = "other"


class Outlook(enum.StrEnum):
    """Whether a date can start with the people it has.

    `open`: there is still time. `at_risk`: something it can't start without lacks somebody, and
    the day to decide is near. `no_go`: that day has passed.
    """

    OPEN = "open"
    GO = "go"
    AT_RISK = "at_risk"
    NO_GO = "no_go"


class IfShort(enum.StrEnum):
    """What happens when the day to decide has come and a date can't start."""

    ASK = "ask"
    CANCEL = "cancel"


class Venue(Base):
    """Where people meet, in a form that a stranger can find.

    `area`: the part of the borough it lies in, for whoever looks for something near.
    """

    __tablename__ = "venue"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    name: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    area: Mapped[str] = mapped_column(server_default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    step_free: Mapped[bool] = mapped_column(server_default=sa.false())
    accessible_toilet: Mapped[bool] = mapped_column(server_default=sa.false())
    hearing_loop: Mapped[bool] = mapped_column(server_default=sa.false())
    quiet_space: Mapped[bool] = mapped_column(server_default=sa.false())

    __table_args__ = (
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 120", name="venue_name"),
        sa.CheckConstraint("char_length(address) <= 200", name="venue_address"),
        sa.CheckConstraint("char_length(area) <= 40", name="venue_area"),
        sa.CheckConstraint(
            "num_nulls(latitude, longitude) IN (0, 2)"
            " AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180",
            name="venue_coordinates",
        ),
        sa.UniqueConstraint("id", "community_id", name="venue_in_community"),
    )


class Series(Base):
    """What recurs: name, words, place, rhythm. Its address is `/e/<slug>`.

    Times of day are local to the community's zone. `version` rises with every change (a trigger
    does it), for the pages that are kept ready-made. `intent` names the page of the editor that
    made it: sent twice, it makes one series.

    Attributes:
        last_on: No date after this day; None: on and on.
        season_from: First month of its season, 1 to 12, and `season_until` its last one; a season
            may go over New Year. Both None: all year round.
        most_a_week: How many turns of it one person may have in a week (Monday to Sunday) until
            a day before; None: any number.
        drop_out_hours: Up to so many hours before their turn people drop out with one tap; after
            that they ask for cover.
        decide_hours_before: When it is decided whether a date can start; None: never asked.
        expected_people: How many people usually take part.
        leads: When people are reminded of their turns, who chose nothing themselves; None: as
            everywhere, two days before and on the eve. Empty: never.
    """

    __tablename__ = "series"

    id: Mapped[Key]
    community_id: Mapped[int]
    group_id: Mapped[int]
    venue_id: Mapped[int]
    slug: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    scene: Mapped[str] = mapped_column(server_default="park")
    first_timers: Mapped[str] = mapped_column(server_default="")
    bring: Mapped[str] = mapped_column(server_default="")
    frequency: Mapped[Frequency] = mapped_column(choice(Frequency))
    first_on: Mapped[dt.date]
    starts_time: Mapped[dt.time]
    ends_time: Mapped[dt.time]
    last_on: Mapped[dt.date | None]
    season_from: Mapped[int | None] = mapped_column(sa.SmallInteger)
    season_until: Mapped[int | None] = mapped_column(sa.SmallInteger)
    most_a_week: Mapped[int | None] = mapped_column(sa.SmallInteger)
    drop_out_hours: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    decide_hours_before: Mapped[int | None] = mapped_column(sa.SmallInteger)
    if_short: Mapped[IfShort] = mapped_column(choice(IfShort), server_default="ask")
    expected_people: Mapped[int | None] = mapped_column(sa.Integer)
    leads: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    state: Mapped[SeriesState] = mapped_column(choice(SeriesState), server_default="draft")
    created_by: Mapped[int]
    intent: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    version: Mapped[Version]

    group: Mapped[Group] = relationship(viewonly=True)
    venue: Mapped[Venue] = relationship(viewonly=True)

    __table_args__ = (
        one_of("frequency", Frequency, "series_frequency"),
        one_of("state", SeriesState, "series_state"),
        sa.CheckConstraint(
            "scene IN ('park', 'party', 'litter', 'garden', 'tea', 'books', 'lake', 'fix')",
            name="series_scene",
        ),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'", name="series_slug"),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 80", name="series_title"),
        sa.CheckConstraint("char_length(description) <= 2000", name="series_description"),
        sa.CheckConstraint("char_length(first_timers) <= 300", name="series_first_timers"),
        sa.CheckConstraint("char_length(bring) <= 300", name="series_bring"),
        sa.CheckConstraint("last_on >= first_on", name="series_last_on"),
        sa.CheckConstraint(
            "num_nulls(season_from, season_until) IN (0, 2)"
            " AND season_from BETWEEN 1 AND 12 AND season_until BETWEEN 1 AND 12",
            name="series_season",
        ),
        sa.CheckConstraint("most_a_week BETWEEN 1 AND 14", name="series_most_a_week"),
        sa.CheckConstraint("drop_out_hours BETWEEN 0 AND 168", name="series_drop_out"),
        sa.CheckConstraint("decide_hours_before BETWEEN 1 AND 336", name="series_decides"),
        sa.CheckConstraint("expected_people BETWEEN 1 AND 10000", name="series_expected"),
        sa.CheckConstraint(
            "leads <@ ARRAY['week', 'two_days', 'eve', 'morning']", name="series_leads"
        ),
        one_of("if_short", IfShort, "series_if_short"),
        sa.UniqueConstraint("community_id", "slug", name="one_series_per_slug"),
        sa.UniqueConstraint("created_by", "intent", name="same_series_once"),
        sa.UniqueConstraint("id", "community_id", name="series_in_community"),
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="series_of_a_group",
        ),
        sa.ForeignKeyConstraint(
            ["venue_id", "community_id"],
            ["venue.id", "venue.community_id"],
            name="series_at_a_venue",
        ),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="series_by_a_member",
        ),
    )


class Event(Base):
    """One dated gathering. Its address is `/e/<slug>/<occurs_on>` for life, even when it moves.

    `sequence` rises with each change that a calendar shows (RFC 5546 and more): the database
    refuses such a change without it. `version` rises with every change of the event, its slots and
    its claims (triggers do it), last at `versioned_at`. `uid` is the calendar UID, fixed for life.

    Attributes:
        reason_kind: Why it was moved or called off, to be counted; `reason` says it in words.
        expected_people: How many are expected on this date, when that is not the usual number.
        leads: When people are reminded of it, where that is not as on the other dates.
        own_jobs: Whether its jobs were changed by themselves; a change of the series leaves them.
        outlook: As a job last judged it.
        go_anyway_by: Who said that it starts all the same, and `go_anyway_because` why.
    """

    __tablename__ = "event"

    id: Mapped[Key]
    uid: Mapped[uuid.UUID] = mapped_column(server_default=sa.text("gen_random_uuid()"))
    community_id: Mapped[int]
    series_id: Mapped[int]
    venue_id: Mapped[int]
    occurs_on: Mapped[dt.date]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    state: Mapped[EventState] = mapped_column(choice(EventState), server_default="planned")
    reason: Mapped[str | None]
    reason_kind: Mapped[ReasonKind | None] = mapped_column(choice(ReasonKind))
    expected_people: Mapped[int | None] = mapped_column(sa.Integer)
    leads: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    own_jobs: Mapped[bool] = mapped_column(server_default=sa.false())
    outlook: Mapped[Outlook] = mapped_column(choice(Outlook), server_default="open")
    go_anyway_by: Mapped[int | None]
    go_anyway_because: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    version: Mapped[Version]
    versioned_at: Mapped[CreatedAt]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    finished_at: Mapped[dt.datetime | None]

    series: Mapped[Series] = relationship(viewonly=True)
    venue: Mapped[Venue] = relationship(viewonly=True)

    __table_args__ = (
        one_of("state", EventState, "event_state"),
        sa.CheckConstraint(
            "ends_at > starts_at AND ends_at - starts_at <= interval '24 hours'", name="event_span"
        ),
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 200", name="event_reason"),
        one_of("reason_kind", ReasonKind, "event_reason_kind"),
        one_of("outlook", Outlook, "event_outlook"),
        sa.CheckConstraint("expected_people BETWEEN 1 AND 10000", name="event_expected"),
        sa.CheckConstraint(
            "leads <@ ARRAY['week', 'two_days', 'eve', 'morning']", name="event_leads"
        ),
        sa.CheckConstraint(
            "num_nulls(go_anyway_by, go_anyway_because) IN (0, 2)"
            " AND char_length(go_anyway_because) BETWEEN 1 AND 200",
            name="go_anyway_says_why",
        ),
        sa.CheckConstraint(
            "state <> 'cancelled' OR reason IS NOT NULL", name="cancelled_event_has_reason"
        ),
        sa.CheckConstraint("sequence >= 0", name="event_sequence"),
        sa.UniqueConstraint("uid", name="one_event_per_uid"),
        sa.UniqueConstraint("series_id", "occurs_on", name="one_event_per_date"),
        sa.UniqueConstraint("id", "community_id", "series_id", name="event_in_series"),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="event_of_a_series",
        ),
        sa.ForeignKeyConstraint(
            ["venue_id", "community_id"],
            ["venue.id", "venue.community_id"],
            name="event_at_a_venue",
        ),
        sa.ForeignKeyConstraint(
            ["go_anyway_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="go_anyway_by_a_member",
        ),
        sa.Index("event_by_time", "community_id", "starts_at"),
    )
