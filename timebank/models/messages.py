"""What organisers write to people, what people answer, and who asked to hear from them."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class Audience(enum.StrEnum):
    """To whom an organiser writes.

    `date`: everybody who has a turn on it. `hearing`: those who asked to hear about the event.
    `job`: those who did the job in this group within the last year.
    """

    DATE = "date"
    HEARING = "hearing"
    JOB = "job"


class AnswerOutcome(enum.StrEnum):
    """What became of a mail that came as an answer to an organiser's message.

    `passed_on`: it is an answer now. `returned`: it could not be passed on, and its writer is told
    why. `automatic`: a program wrote it, nobody else. `gone`: what it answers is gone, or whoever
    it was to. `wrong`: not sent with a token of ours. `unreadable`: too deep or too broken.
    """

    PASSED_ON = "passed_on"
    RETURNED = "returned"
    AUTOMATIC = "automatic"
    GONE = "gone"
    WRONG = "wrong"
    UNREADABLE = "unreadable"


class Follower(Base):
    """A member who asked to hear from the organisers of a series; the row goes when they stop."""

    __tablename__ = "follower"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    membership_id: Mapped[int]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.UniqueConstraint("series_id", "membership_id", name="follows_once"),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="follower_of_a_series",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="follower_is_a_member",
        ),
        sa.Index("follower_by_membership", "membership_id"),
    )


class GroupMessage(Base):
    """What an organiser wrote to many at once: kept with the group, and never changed.

    Attributes:
        event_id: The date from whose pages it was written; with `date` it went to that date.
        role_id: The job, for those who did it.
        called_off: The date was cancelled when it was written, so it may be told all the same.
        intent: The page it was written on: sent twice, it is one.
        people: To how many a mail went.
        not_by_mail: How many more it was for whom no mail reaches.
        erased_at: When its words went, with whoever wrote them.
    """

    __tablename__ = "group_message"

    id: Mapped[Key]
    community_id: Mapped[int]
    group_id: Mapped[int]
    series_id: Mapped[int]
    event_id: Mapped[int] = mapped_column(index=True)
    role_id: Mapped[int | None]
    whom: Mapped[Audience] = mapped_column(choice(Audience))
    subject: Mapped[str]
    words: Mapped[str]
    called_off: Mapped[bool] = mapped_column(server_default=sa.false())
    written_by: Mapped[int]
    intent: Mapped[uuid.UUID]
    people: Mapped[int] = mapped_column(sa.Integer)
    not_by_mail: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[CreatedAt]
    erased_at: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("whom", Audience, "group_message_whom"),
        sa.CheckConstraint("(whom = 'job') = (role_id IS NOT NULL)", name="group_message_job"),
        sa.CheckConstraint(
            "char_length(subject) <= 120 AND char_length(words) <= 4000",
            name="group_message_length",
        ),
        sa.CheckConstraint(
            "CASE WHEN erased_at IS NULL THEN subject <> '' AND words <> ''"
            " ELSE subject = '' AND words = '' END",
            name="group_message_says_something",
        ),
        sa.CheckConstraint("people >= 1 AND not_by_mail >= 0", name="group_message_to_somebody"),
        sa.UniqueConstraint("written_by", "intent", name="same_group_message_once"),
        sa.UniqueConstraint("id", "community_id", name="group_message_in_community"),
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="group_message_of_a_group",
        ),
        sa.ForeignKeyConstraint(
            ["event_id", "community_id", "series_id"],
            ["event.id", "event.community_id", "event.series_id"],
            name="group_message_about_a_date",
        ),
        sa.ForeignKeyConstraint(
            ["role_id", "series_id"],
            ["role.id", "role.series_id"],
            name="group_message_about_a_job",
        ),
        sa.ForeignKeyConstraint(
            ["written_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="group_message_by_a_member",
        ),
        sa.Index("group_message_by_group", "group_id", "created_at"),
        # group_message_stays and group_message_no_delete, triggers, stand in the migration.
    )


class MessageAnswer(Base):
    """What somebody answered to an organiser's message, or the organisers to them.

    Attributes:
        membership_id: With whom the organisers are talking.
        by_organiser: An organiser said it, and not they.
        had_files: It came by mail with files or pictures, which are not passed on.
    """

    __tablename__ = "message_answer"

    id: Mapped[Key]
    community_id: Mapped[int]
    group_message_id: Mapped[int]
    membership_id: Mapped[int]
    by_organiser: Mapped[bool] = mapped_column(server_default=sa.false())
    written_by: Mapped[int]
    words: Mapped[str]
    intent: Mapped[uuid.UUID]
    had_files: Mapped[bool] = mapped_column(server_default=sa.false())
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 1000", name="message_answer_words"),
        sa.CheckConstraint(
            "by_organiser OR written_by = membership_id", name="answered_by_themselves"
        ),
        sa.UniqueConstraint("written_by", "intent", name="same_answer_once"),
        sa.ForeignKeyConstraint(
            ["group_message_id", "community_id"],
            ["group_message.id", "group_message.community_id"],
            name="answer_to_a_group_message",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="answer_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["written_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="answer_by_a_member",
        ),
        sa.Index("answer_by_message", "group_message_id", "id"),
        sa.Index("answer_by_writer", "written_by", "created_at"),
    )


class MailedAnswer(Base):
    """A mail that came as an answer, by its fingerprint, and what became of it.

    The fingerprint makes reading it twice the same as once. Nothing that it said is kept here, nor
    who sent it.
    """

    __tablename__ = "mailed_answer"

    id: Mapped[Key]
    digest: Mapped[bytes]
    outcome: Mapped[AnswerOutcome] = mapped_column(choice(AnswerOutcome))
    read_at: Mapped[dt.datetime] = mapped_column(index=True)

    __table_args__ = (
        one_of("outcome", AnswerOutcome, "mailed_answer_outcome"),
        sa.UniqueConstraint("digest", name="same_mailed_answer_once"),
        sa.CheckConstraint("octet_length(digest) = 32", name="mailed_answer_digest"),
    )
