"""Who would like to join: invitations, applications, and what others say about an applicant.

Nobody's e-mail stands here. Whoever is invited, applies or is asked about an applicant is a person
with a profile, perhaps without a membership; a stranger who never comes is forgotten by a job.
"""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class Invitation(Base):
    """A member invites somebody. The link is derived from its number, good once, for a while.

    `called` is the name that the inviter typed: all they ever see of whom they invite.
    """

    __tablename__ = "invitation"

    id: Mapped[Key]
    community_id: Mapped[int]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    called: Mapped[str]
    invited_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(used_at, revoked_at) <= 1", name="invitation_ends_once"),
        sa.CheckConstraint("expires_at > created_at", name="invitation_lasts"),
        sa.CheckConstraint("char_length(called) BETWEEN 1 AND 80", name="invitation_called"),
        sa.ForeignKeyConstraint(
            ["invited_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="invited_by_a_member",
        ),
        sa.Index(
            "one_open_invitation_per_person",
            "community_id",
            "person_id",
            unique=True,
            postgresql_where=sa.text("used_at IS NULL AND revoked_at IS NULL"),
        ),
    )


class ApplicationState(enum.StrEnum):
    """Where an application stands."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Application(Base):
    """Somebody would like to become a member of the time bank.

    Attributes:
        called: The name they typed; it may differ from the one on record for that address.
        words: A sentence about themselves.
        decided_by: Who said yes or no; None where the community is open to all.
        reason: Why it was declined, for coordinators only: nobody else ever reads it.
        membership_id: What became of it.
    """

    __tablename__ = "application"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    called: Mapped[str]
    phone: Mapped[str | None]
    words: Mapped[str] = mapped_column(server_default="")
    state: Mapped[ApplicationState] = mapped_column(
        choice(ApplicationState), server_default="waiting"
    )
    created_at: Mapped[CreatedAt]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[int | None]
    reason: Mapped[str | None]
    membership_id: Mapped[int | None]

    __table_args__ = (
        one_of("state", ApplicationState, "application_state"),
        sa.CheckConstraint("char_length(called) BETWEEN 1 AND 80", name="application_called"),
        sa.CheckConstraint("char_length(phone) BETWEEN 3 AND 30", name="application_phone"),
        sa.CheckConstraint("char_length(words) <= 300", name="application_words"),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)"
            " AND (state = 'accepted') = (membership_id IS NOT NULL)"
            " AND (state <> 'waiting' OR decided_by IS NULL)",
            name="application_decided",
        ),
        sa.CheckConstraint(
            "(state = 'declined') = (reason IS NOT NULL)"
            " AND (state <> 'declined' OR decided_by IS NOT NULL)"
            " AND char_length(reason) BETWEEN 1 AND 300",
            name="declined_says_why",
        ),
        sa.UniqueConstraint("id", "community_id", "person_id", name="application_identity"),
        sa.ForeignKeyConstraint(
            ["decided_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="decided_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id", "person_id"],
            ["membership.id", "membership.community_id", "membership.person_id"],
            name="application_became_a_membership",
        ),
        sa.Index(
            "one_open_application_per_person",
            "community_id",
            "person_id",
            unique=True,
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )


class ReferenceAnswer(enum.StrEnum):
    """Whether somebody would recommend the applicant as a neighbour."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Reference(Base):
    """What somebody who knows an applicant says about them; for coordinators only.

    Attributes:
        applicant_id: The person of the application: nobody vouches for themselves.
        person_id: Who is asked, under the name that the applicant gave: `called`.
    """

    __tablename__ = "reference"

    id: Mapped[Key]
    community_id: Mapped[int]
    application_id: Mapped[int]
    applicant_id: Mapped[int]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    called: Mapped[str]
    answer: Mapped[ReferenceAnswer | None] = mapped_column(choice(ReferenceAnswer))
    words: Mapped[str | None]
    answered_at: Mapped[dt.datetime | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("answer", ReferenceAnswer, "reference_answer"),
        sa.CheckConstraint("char_length(called) BETWEEN 1 AND 80", name="reference_called"),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="reference_words"),
        sa.CheckConstraint(
            "num_nulls(answer, answered_at) IN (0, 2) AND (words IS NULL OR answer IS NOT NULL)",
            name="reference_answered",
        ),
        sa.CheckConstraint("person_id <> applicant_id", name="nobody_vouches_for_themselves"),
        sa.UniqueConstraint("application_id", "person_id", name="one_reference_per_person"),
        sa.ForeignKeyConstraint(
            ["application_id", "community_id", "applicant_id"],
            ["application.id", "application.community_id", "application.person_id"],
            ondelete="CASCADE",
            name="reference_of_an_application",
        ),
    )
