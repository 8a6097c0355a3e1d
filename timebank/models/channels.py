"""Ways to people besides mail: how a notice went, and the phones on which somebody is told."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import Small

MOST_PHONES = 10


class Way(enum.StrEnum):
    """How a notice goes to its person: by one of these, never by two.

    `phone`: shown by a browser that they said yes to (web push). `text`: a text message. `letter`:
    printed, and put into their letter box by a neighbour. `voice`: a coordinator rang them.
    """

    MAIL = "mail"
    PHONE = "phone"
    TEXT = "text"
    LETTER = "letter"
    VOICE = "voice"


class PushSubscription(Base):
    """A browser in which a member asked to be told: their phone, mostly.

    Whoever knows address and keys can show them messages, so those are kept out of every log,
    export and page, like a password; they go when the person signs out everywhere or is erased,
    and when the browser's push service says that nobody is there any more.

    Attributes:
        place: The first to the tenth of this member's phones.
        endpoint: Where its push service takes messages for it: a secret address.
        p256dh: Its public key, an uncompressed point on P-256.
        auth: The secret that messages to it are mixed with.
        label: Which it is, in words such as "Chrome on Android".
        last_ok_at: When its push service last took a message.
        failures: How many messages it has refused since.
        failed_as: The code of the last refusal, such as 413.

    Source: RFC 8030; RFC 8291.
    """

    __tablename__ = "push_subscription"

    id: Mapped[Key]
    membership_id: Mapped[int]
    community_id: Mapped[int]
    place: Mapped[Small]
    endpoint: Mapped[str]
    p256dh: Mapped[bytes]
    auth: Mapped[bytes]
    label: Mapped[str]
    created_at: Mapped[CreatedAt]
    last_ok_at: Mapped[dt.datetime | None]
    failures: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    failed_as: Mapped[str | None]

    __table_args__ = (
        sa.UniqueConstraint("endpoint", name="one_phone_per_endpoint"),
        sa.UniqueConstraint("membership_id", "place", name="one_phone_per_place"),
        sa.CheckConstraint(f"place BETWEEN 1 AND {MOST_PHONES}", name="phone_place"),
        sa.CheckConstraint(
            "endpoint ~ '^https://[!-~]+$' AND octet_length(endpoint) <= 1500",
            name="phone_endpoint",
        ),
        sa.CheckConstraint(
            r"octet_length(p256dh) = 65 AND substr(p256dh, 1, 1) = '\x04'::bytea",
            name="phone_public_key",
        ),
        sa.CheckConstraint("octet_length(auth) = 16", name="phone_secret"),
        sa.CheckConstraint("char_length(label) BETWEEN 1 AND 60", name="phone_label"),
        sa.CheckConstraint("failures >= 0", name="phone_failures"),
        sa.CheckConstraint("failed_as ~ '^[A-Za-z0-9 ]{1,40}$'", name="phone_failed_as"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="phone_of_a_member",
        ),
    )
