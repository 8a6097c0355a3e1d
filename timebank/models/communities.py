"""Communities, their groups, and who belongs to them."""

from __future__ import annotations

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


class Community(Base):
    """A time bank and everything in it, served on its own host name, or the only one.

    Its id travels in the foreign keys of everything it holds, so that a row of one community can
    never point to a row of another.
    """

    __tablename__ = "community"

    id: Mapped[Key]
    slug: Mapped[str]
    name: Mapped[str]
    place: Mapped[str]
    host: Mapped[str | None]
    timezone: Mapped[str]
    phone: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.UniqueConstraint("slug", name="one_community_per_slug"),
        sa.UniqueConstraint("host", name="one_community_per_host"),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'", name="community_slug"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="community_name"),
        sa.CheckConstraint("host = lower(host)", name="community_host"),
    )


class Group(Base):
    """A body in a community that runs events: a walk, a repair café. It has organisers."""

    __tablename__ = "community_group"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    slug: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.UniqueConstraint("community_id", "slug", name="one_group_per_slug"),
        sa.UniqueConstraint("id", "community_id", name="group_in_community"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="group_name"),
    )


class Membership(Base):
    """A person's place in one community."""

    __tablename__ = "membership"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    standing: Mapped[Standing] = mapped_column(choice(Standing), server_default="resident")
    created_at: Mapped[CreatedAt]

    person: Mapped[Person] = relationship()
    community: Mapped[Community] = relationship()

    __table_args__ = (
        one_of("standing", Standing, "membership_standing"),
        sa.UniqueConstraint("community_id", "person_id", name="one_membership_per_person"),
        sa.UniqueConstraint("id", "community_id", name="membership_in_community"),
        sa.UniqueConstraint("id", "community_id", "person_id", name="membership_identity"),
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
