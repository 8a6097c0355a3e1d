"""People and their sign-ins. A person is only a number; who they are stands in `profile`."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key


class Person(Base):
    """Somebody, as a bare number: erasing them deletes the profile and leaves the books whole."""

    __tablename__ = "person"

    id: Mapped[Key]
    created_at: Mapped[CreatedAt]
    erased_at: Mapped[dt.datetime | None]

    profile: Mapped[Profile | None] = relationship(back_populates="person")


class Profile(Base):
    """Who a person is: name, e-mail, phone. The only table that holds them.

    No date of birth: somebody said, or an organiser knows, that they were `age_at_least` years old
    on `age_said_on`, which is all that a job with an age needs.
    """

    __tablename__ = "profile"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    full_name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    email_confirmed_at: Mapped[dt.datetime | None]
    age_at_least: Mapped[int | None] = mapped_column(sa.SmallInteger)
    age_said_on: Mapped[dt.date | None]

    person: Mapped[Person] = relationship(back_populates="profile")

    __table_args__ = (
        sa.CheckConstraint("char_length(full_name) BETWEEN 1 AND 80", name="profile_full_name"),
        sa.CheckConstraint(
            "email = lower(email) AND char_length(email) BETWEEN 3 AND 254", name="profile_email"
        ),
        sa.CheckConstraint("char_length(phone) BETWEEN 3 AND 30", name="profile_phone"),
        sa.CheckConstraint(
            "num_nulls(age_at_least, age_said_on) IN (0, 2) AND age_at_least BETWEEN 1 AND 100",
            name="profile_age",
        ),
        sa.UniqueConstraint("email", name="one_person_per_email"),
    )


class SignIn(Base):
    """A browser that is signed in. Signing out ends the row: a copied cookie is worth nothing."""

    __tablename__ = "sign_in"

    id: Mapped[Key]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    token_hash: Mapped[bytes]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (sa.UniqueConstraint("token_hash", name="one_sign_in_per_token"),)


class SignInRequest(Base):
    """A wish to sign in by e-mail. Link and code are derived from `nonce`, never stored."""

    __tablename__ = "sign_in_request"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    nonce: Mapped[uuid.UUID] = mapped_column(
        server_default=sa.text("gen_random_uuid()"), index=True
    )
    next_path: Mapped[str]
    wrong_codes: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("wrong_codes BETWEEN 0 AND 5", name="sign_in_request_wrong_codes"),
    )


class MailSuppression(Base):
    """That a person's address refuses our mail, by its digest: another address is not meant.

    Attributes:
        address_digest: SHA-256 of the address as it was written to; the address itself stands in
            the profile alone.
        refusals: How many mails were refused for good there.
        status: The mail server's codes of the last one, such as `550 5.1.1`.
        since: From when on nothing but sign-in mails is sent there; None: it was refused on one
            day only.
        lifted_at: When its holder or a coordinator said that it takes mail.
        lifted_by: The coordinator; None: they did themselves.
    """

    __tablename__ = "mail_suppression"

    id: Mapped[Key]
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", name="suppression_of_a_person")
    )
    address_digest: Mapped[bytes]
    refusals: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    status: Mapped[str]
    first_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    since: Mapped[dt.datetime | None]
    lifted_at: Mapped[dt.datetime | None]
    lifted_by: Mapped[int | None] = mapped_column(
        sa.ForeignKey("membership.id", name="suppression_lifted_by")
    )

    __table_args__ = (
        sa.CheckConstraint("octet_length(address_digest) = 32", name="suppression_digest"),
        sa.CheckConstraint("refusals >= 1", name="suppression_refusals"),
        sa.CheckConstraint("status ~ '^[0-9][0-9. ]{2,19}$'", name="suppression_status"),
        sa.CheckConstraint(
            "lifted_by IS NULL OR lifted_at IS NOT NULL", name="suppression_lifted_at_a_time"
        ),
        sa.Index(
            "one_open_suppression",
            "person_id",
            "address_digest",
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
    )
