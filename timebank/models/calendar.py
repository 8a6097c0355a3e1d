"""Calendars: people's addresses, turns put into one by mail, replies, entries ready, changes."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from timebank.db import Base
from timebank.models.communities import Group
from timebank.models.events import Series
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class Shows(enum.StrEnum):
    """What the calendar at a private address shows.

    Attributes:
        TURNS: Its holder's own turns.
        HOUSEHOLD: Their own, and those of the neighbours they may act for.
        ORGANISING: The dates they run, with how full each is.
        EXCHANGES: What they agreed on with a neighbour.
        WHATS_ON: What's on, narrowed as they chose.
        GAPS: The jobs that still need somebody, narrowed as they chose.
    """

    TURNS = "turns"
    HOUSEHOLD = "household"
    ORGANISING = "organising"
    EXCHANGES = "exchanges"
    WHATS_ON = "whats_on"
    GAPS = "gaps"


# Those that everybody has one of, and those of which everybody has several, each narrowed.
OWN = (Shows.TURNS, Shows.HOUSEHOLD, Shows.ORGANISING, Shows.EXCHANGES)
NARROWED = (Shows.WHATS_ON, Shows.GAPS)
WITH_ALARM = (Shows.TURNS, Shows.HOUSEHOLD, Shows.EXCHANGES)


class CancelledAs(enum.StrEnum):
    """How a calendar tells what is cancelled.

    `status`: as iCalendar has it, and in the title. `mark`: in the title only. `drop`: not at all.
    """

    STATUS = "status"
    MARK = "mark"
    DROP = "drop"


class CalendarClient(enum.StrEnum):
    """Which program reads an address, as it says itself."""

    GOOGLE = "google"
    APPLE = "apple"
    OUTLOOK = "outlook"
    THUNDERBIRD = "thunderbird"
    NEXTCLOUD = "nextcloud"
    OTHER = "other"


class Method(enum.StrEnum):
    """What a mail does to the turn in somebody's calendar: puts it there, or takes it out."""

    REQUEST = "request"
    CANCEL = "cancel"


class ReplyOutcome(enum.StrEnum):
    """What became of a message that somebody's calendar sent.

    `asked`: they said no, and were asked whether to free their place. `no_change`: anything but a
    no. `wrong`: not tied to a turn of ours. `old`: about a turn that is over, given back or told
    anew since. `unreadable`: no reply of a calendar at all.
    """

    ASKED = "asked"
    NO_CHANGE = "no_change"
    WRONG = "wrong"
    OLD = "old"
    UNREADABLE = "unreadable"


class Feed(Base):
    """A private calendar address, `/me/<token>.ics` or `/f/<kind>/<token>.ics`.

    Attributes:
        alarm_minutes: How long before each item its holder's calendar is to ring; None: never.
        group_id, series_id, scene, area, role_name: What the calendar is narrowed to, all at
            once; None: not by this.
        blank_until: Until then a switched-off address still answers, with an empty calendar.
        last_client: What read it last.
        tells_busy_times: Whether `/me/<token>.ifb` tells when they are busy, by their choice.
    """

    __tablename__ = "feed"

    id: Mapped[Key]
    membership_id: Mapped[int]
    community_id: Mapped[int]
    shows: Mapped[Shows] = mapped_column(choice(Shows), server_default="turns")
    token_hash: Mapped[bytes]
    cancelled: Mapped[CancelledAs] = mapped_column(choice(CancelledAs), server_default="status")
    alarm_minutes: Mapped[int | None] = mapped_column(sa.SmallInteger)
    group_id: Mapped[int | None]
    series_id: Mapped[int | None]
    scene: Mapped[str | None]
    area: Mapped[str | None]
    role_name: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[dt.datetime | None]
    blank_until: Mapped[dt.datetime | None]
    last_fetched_at: Mapped[dt.datetime | None]
    last_client: Mapped[CalendarClient | None] = mapped_column(choice(CalendarClient))
    tells_busy_times: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    group: Mapped[Group | None] = relationship(viewonly=True, lazy="joined")
    series: Mapped[Series | None] = relationship(viewonly=True, lazy="joined")

    __table_args__ = (
        one_of("shows", Shows, "feed_shows"),
        one_of("cancelled", CancelledAs, "feed_cancelled"),
        one_of("last_client", CalendarClient, "feed_client"),
        sa.CheckConstraint(
            "alarm_minutes IS NULL OR alarm_minutes BETWEEN 5 AND 10080"
            " AND shows IN ('turns', 'household', 'exchanges')",
            name="feed_alarm",
        ),
        sa.CheckConstraint(
            "shows IN ('whats_on', 'gaps')"
            " OR num_nonnulls(group_id, series_id, scene, area, role_name) = 0",
            name="feed_filters",
        ),
        sa.CheckConstraint("role_name IS NULL OR shows = 'gaps'", name="feed_role_of_gaps"),
        sa.CheckConstraint(
            "scene IN ('park', 'party', 'litter', 'garden', 'tea', 'books', 'lake', 'fix')",
            name="feed_scene",
        ),
        sa.CheckConstraint("char_length(area) BETWEEN 1 AND 40", name="feed_area"),
        sa.CheckConstraint("char_length(role_name) BETWEEN 1 AND 60", name="feed_role_name"),
        sa.CheckConstraint(
            "blank_until IS NULL OR revoked_at IS NOT NULL AND blank_until > revoked_at",
            name="feed_blank",
        ),
        sa.UniqueConstraint("token_hash", name="one_feed_per_token"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="feed_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="feed_of_a_group",
        ),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="feed_of_a_series",
        ),
        sa.Index(
            "one_live_feed_per_kind",
            "membership_id",
            "shows",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL AND shows NOT IN ('whats_on', 'gaps')"),
        ),
        sa.Index("feed_by_member", "membership_id"),
    )


class MailedTurn(Base):
    """A turn that our mail put into its person's calendar, as that was last told.

    Attributes:
        slot_id: The UID in their calendar is derived from the event and this; so a turn given
            back and taken again is the same entry.
        claim_id: The claim it was last put there for.
        method: What the last mail did.
        sequence: The number of the last mail: each tells a higher one, and never a lower one than
            the feed.
    """

    __tablename__ = "mailed_turn"

    id: Mapped[Key]
    community_id: Mapped[int]
    membership_id: Mapped[int]
    slot_id: Mapped[int] = mapped_column(sa.ForeignKey("slot.id"), index=True)
    claim_id: Mapped[int]
    method: Mapped[Method] = mapped_column(choice(Method))
    sequence: Mapped[int] = mapped_column(sa.Integer)
    told_at: Mapped[dt.datetime]

    __table_args__ = (
        one_of("method", Method, "mailed_turn_method"),
        sa.UniqueConstraint("membership_id", "slot_id", name="one_mailed_turn_per_slot"),
        sa.CheckConstraint("sequence >= 0", name="mailed_turn_sequence"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="mailed_turn_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="mailed_turn_of_a_claim",
        ),
    )


class CalendarReply(Base):
    """A message that came from somebody's calendar, by its fingerprint, and what became of it.

    The fingerprint makes reading it twice the same as once. Nothing that it said is kept.
    """

    __tablename__ = "calendar_reply"

    id: Mapped[Key]
    digest: Mapped[bytes]
    outcome: Mapped[ReplyOutcome] = mapped_column(choice(ReplyOutcome))
    read_at: Mapped[dt.datetime] = mapped_column(index=True)

    __table_args__ = (
        one_of("outcome", ReplyOutcome, "calendar_reply_outcome"),
        sa.UniqueConstraint("digest", name="same_reply_once"),
        sa.CheckConstraint("octet_length(digest) = 32", name="calendar_reply_digest"),
    )


class CalendarEntry(Base):
    """The VEVENT of a date as everybody's calendars show it, written once a version.

    Rows are added and removed, never changed: one version is always the same bytes. Nothing is
    lost with them, since they are made anew when somebody asks.

    Attributes:
        sequence: That of the event, when this was written.
        style: A digest of all else that the bytes depend on: the way we write, the words, the
            site and its zone.
        body: The VEVENT as it goes out.
    """

    __tablename__ = "calendar_entry"

    event_id: Mapped[int] = mapped_column(
        sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    style: Mapped[bytes] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    made_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("sequence >= 0", name="calendar_entry_sequence"),
        sa.CheckConstraint("octet_length(style) = 32", name="calendar_entry_style"),
        sa.CheckConstraint(
            r"substr(body, 1, 14) = 'BEGIN:VEVENT\015\012'::bytea"
            r" AND substr(body, octet_length(body) - 11) = 'END:VEVENT\015\012'::bytea",
            name="calendar_entry_is_an_event",
        ),
        sa.CheckConstraint(
            r"position('\012ATTENDEE'::bytea IN body) = 0"
            r" AND position('\012ORGANIZER'::bytea IN body) = 0",
            name="calendar_entry_names_nobody",
        ),
    )


class CalendarChange(Base):
    """Something changed in what everybody's calendars show of a community; triggers note it.

    All marks of a community put together (XOR) name how its calendars stand. Rows are added and
    never rewritten, so nobody who changes something waits for another who does. A job puts many
    together into one, which names the same.

    Attributes:
        mark: A random number: no two states share a name, not after a restored backup either.
    """

    __tablename__ = "calendar_change"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id", ondelete="CASCADE"))
    mark: Mapped[int] = mapped_column(
        server_default=sa.text("uuid_hash_extended(gen_random_uuid(), 0)")
    )

    __table_args__ = (
        sa.Index("calendar_change_by_community", "community_id", postgresql_include=["mark"]),
    )
