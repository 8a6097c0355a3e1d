"""Communities, their groups, and who belongs to them."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from timebank.db import Base
from timebank.models.identity import Person
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class Standing(enum.StrEnum):
    """What a membership may do in its community."""

    RESIDENT = "resident"
    COORDINATOR = "coordinator"
    OBSERVER = "observer"
    LEFT = "left"


class Joining(enum.StrEnum):
    """How somebody becomes a member of the time bank. A turn of the rota anybody may take.

    `open`: by taking a turn, or by saying so. `application`: a coordinator says yes.
    `invitation`: somebody who is in it invites them.
    """

    OPEN = "open"
    APPLICATION = "application"
    INVITATION = "invitation"


class Community(Base):
    """A time bank and everything in it, served on its own host name, or the only one.

    Its id travels in the foreign keys of everything it holds, so that a row of one community can
    never point to a row of another.

    Attributes:
        rest_minutes: The least time between turns at two dates; 0: none.
        travel_minutes: The least time to get from one place to another; 0: nobody asks.
        quiet_from: From this time of day on nobody is asked for help, until `quiet_until`.
        references_wanted: How many people an applicant names who know them, 0 to 2.
        members_invite: Whether any member may invite, or coordinators only.
    """

    __tablename__ = "community"

    id: Mapped[Key]
    slug: Mapped[str]
    name: Mapped[str]
    place: Mapped[str]
    host: Mapped[str | None]
    timezone: Mapped[str]
    phone: Mapped[str]
    rest_minutes: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    travel_minutes: Mapped[int] = mapped_column(sa.SmallInteger, server_default="15")
    quiet_from: Mapped[dt.time] = mapped_column(server_default="21:00")
    quiet_until: Mapped[dt.time] = mapped_column(server_default="08:00")
    joining: Mapped[Joining] = mapped_column(choice(Joining), server_default="open")
    references_wanted: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    members_invite: Mapped[bool] = mapped_column(server_default=sa.false())
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint(
            "rest_minutes BETWEEN 0 AND 720 AND travel_minutes BETWEEN 0 AND 240",
            name="community_gaps",
        ),
        one_of("joining", Joining, "community_joining"),
        sa.CheckConstraint("references_wanted BETWEEN 0 AND 2", name="community_references"),
        sa.UniqueConstraint("slug", name="one_community_per_slug"),
        sa.UniqueConstraint("host", name="one_community_per_host"),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'", name="community_slug"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="community_name"),
        sa.CheckConstraint("host = lower(host)", name="community_host"),
    )


class Group(Base):
    """A body in a community that runs events: a walk, a repair café. It has organisers.

    Attributes:
        trusted_at: Since when it may write to more than a few people a day, although it is new;
            `trusted_by` the coordinator who said so.
    """

    __tablename__ = "community_group"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    slug: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[CreatedAt]
    trusted_at: Mapped[dt.datetime | None]
    trusted_by: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint(
            "num_nulls(trusted_at, trusted_by) IN (0, 2)", name="group_trusted_by_somebody"
        ),
        sa.ForeignKeyConstraint(
            ["trusted_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="group_trusted_by_a_member",
        ),
        sa.UniqueConstraint("community_id", "slug", name="one_group_per_slug"),
        sa.UniqueConstraint("id", "community_id", name="group_in_community"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="group_name"),
    )


class Membership(Base):
    """A person's place in one community.

    Attributes:
        may_be_asked: Whether calls for help may reach them.
        turns_by_mail: Whether our mails bring their turns along for their calendar.
        card_code: What is printed on their card, and what they say where nobody can scan: eight
            letters and figures, none of which is taken for another. It opens nothing by itself.
        created_at: When they joined: with a turn of the rota, or as a member.
        approved_at: Since when they are a member of the time bank; None: a guest of the rota.
        paused_at: Since when nobody asks them anything, until `paused_until`; None: they're there.
        left_at: When they left, or were taken off the books again; None exactly while they belong.
    """

    __tablename__ = "membership"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    standing: Mapped[Standing] = mapped_column(choice(Standing), server_default="resident")
    may_be_asked: Mapped[bool] = mapped_column(server_default=sa.true())
    turns_by_mail: Mapped[bool] = mapped_column(server_default=sa.true())
    card_code: Mapped[str] = mapped_column(server_default=sa.text("new_card_code()"))
    created_at: Mapped[CreatedAt]
    approved_at: Mapped[dt.datetime | None]
    paused_at: Mapped[dt.datetime | None]
    paused_until: Mapped[dt.datetime | None]
    left_at: Mapped[dt.datetime | None]

    person: Mapped[Person] = relationship()
    community: Mapped[Community] = relationship()

    __table_args__ = (
        one_of("standing", Standing, "membership_standing"),
        sa.CheckConstraint(
            "paused_until IS NULL OR paused_at IS NOT NULL AND paused_until > paused_at",
            name="membership_pause",
        ),
        sa.CheckConstraint("(left_at IS NULL) = (standing <> 'left')", name="membership_left"),
        sa.UniqueConstraint("community_id", "person_id", name="one_membership_per_person"),
        sa.UniqueConstraint("id", "community_id", name="membership_in_community"),
        sa.UniqueConstraint("id", "community_id", "person_id", name="membership_identity"),
        sa.UniqueConstraint("community_id", "card_code", name="one_member_per_card"),
        sa.CheckConstraint("card_code ~ '^[2-9A-HJ-NP-Z]{8}$'", name="membership_card_code"),
    )


class MemberNote(Base):
    """What coordinators should know of a member, and nobody else: "no e-mail; ring before 6pm".

    It can be erased, and goes with the member. `list_id`: of the member list it came with.
    """

    __tablename__ = "member_note"

    id: Mapped[Key]
    community_id: Mapped[int]
    membership_id: Mapped[int] = mapped_column(index=True)
    words: Mapped[str]
    written_by: Mapped[int]
    list_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="member_note_words"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="note_about_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["written_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="note_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["list_id", "community_id"],
            ["member_list.id", "member_list.community_id"],
            name="note_from_a_member_list",
        ),
    )


class GroupOrganiser(Base):
    """A membership that runs the events of a group."""

    __tablename__ = "group_organiser"

    group_id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    community_id: Mapped[int]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="organiser_of_a_group",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="organiser_is_a_member",
        ),
    )


class QualificationKind(enum.StrEnum):
    """A check is made by somebody else (DBS, references); training is learnt."""

    CHECK = "check"
    TRAINING = "training"


class Qualification(Base):
    """A check or training that some jobs of a community ask for.

    Attributes:
        lasts_months: How long it is good for; None: for ever.
        shadow_turns: How many turns beside somebody who can do it one learns it by; None: it is
            not learnt that way.
    """

    __tablename__ = "qualification"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    name: Mapped[str]
    kind: Mapped[QualificationKind] = mapped_column(choice(QualificationKind))
    about: Mapped[str] = mapped_column(server_default="")
    lasts_months: Mapped[int | None] = mapped_column(sa.SmallInteger)
    shadow_turns: Mapped[int | None] = mapped_column(sa.SmallInteger)
    retired_at: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("kind", QualificationKind, "qualification_kind"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="qualification_name"),
        sa.CheckConstraint("char_length(about) <= 300", name="qualification_about"),
        sa.CheckConstraint("lasts_months BETWEEN 1 AND 120", name="qualification_lasts"),
        sa.CheckConstraint("shadow_turns BETWEEN 1 AND 20", name="qualification_shadow_turns"),
        sa.UniqueConstraint("id", "community_id", name="qualification_in_community"),
        sa.Index(
            "one_qualification_per_name", "community_id", sa.text("lower(name)"), unique=True
        ),
    )


class MemberQualification(Base):
    """What a member is qualified for, from when to when, and who says so."""

    __tablename__ = "member_qualification"

    id: Mapped[Key]
    community_id: Mapped[int]
    membership_id: Mapped[int]
    qualification_id: Mapped[int]
    valid_from: Mapped[dt.date]
    expires_on: Mapped[dt.date | None]
    given_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("expires_on > valid_from", name="qualified_for_a_while"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="qualified_member",
        ),
        sa.ForeignKeyConstraint(
            ["qualification_id", "community_id"],
            ["qualification.id", "qualification.community_id"],
            name="qualified_for_something",
        ),
        sa.ForeignKeyConstraint(
            ["given_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="qualified_by_a_member",
        ),
        sa.Index(
            "qualified_once",
            "membership_id",
            "qualification_id",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )
