"""Neighbours who act for others: a named helper, for a while, and every deed written down."""

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


class ActingFor(Base):
    """A member who may act for another: one of the household, a carer, somebody who helps.

    It ends by its date or by somebody's word, and nothing else changes; longer is another row.

    Attributes:
        starts_on, ends_on: The first day, and the first day on which it is over.
        how_agreed: How the other said yes ("rang her on 3 May"); None once that was erased.
        made_by: The coordinator who wrote it down; `ended_by`: whoever ended it early.
    """

    __tablename__ = "acting_for"

    id: Mapped[Key]
    community_id: Mapped[int]
    helper_id: Mapped[int]
    member_id: Mapped[int]
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    how_agreed: Mapped[str | None]
    made_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint("helper_id <> member_id", name="acting_for_another"),
        sa.CheckConstraint(
            "ends_on > starts_on AND ends_on <= starts_on + interval '12 months'",
            name="acting_for_a_while",
        ),
        sa.CheckConstraint("char_length(how_agreed) BETWEEN 1 AND 200", name="acting_how_agreed"),
        sa.CheckConstraint(
            "num_nulls(ended_at, ended_by) IN (0, 2)", name="acting_ended_by_somebody"
        ),
        sa.UniqueConstraint("id", "community_id", "helper_id", "member_id", name="acting_pair"),
        *(
            sa.ForeignKeyConstraint(
                [column, "community_id"], ["membership.id", "membership.community_id"], name=name
            )
            for column, name in (
                ("helper_id", "acting_by_a_member"),
                ("member_id", "acting_for_a_member"),
                ("made_by", "acting_made_by_a_member"),
                ("ended_by", "acting_ended_by_a_member"),
            )
        ),
        sa.Index("acting_by_member", "member_id"),
        # acting_once_at_a_time, an EXCLUDE, stands in the migration beside the triggers.
    )


class ActedWhat(enum.StrEnum):
    """What a helper did. The first three are looks, written down once a day."""

    LOOKED = "looked"
    STATEMENT = "statement"
    LETTER = "letter"
    TOOK_TURN = "took_turn"
    DROPPED_TURN = "dropped_turn"
    TOOK_BACK = "took_back"
    THANKED = "thanked"
    UNDID_THANKS = "undid_thanks"


LOOKS = frozenset({ActedWhat.LOOKED, ActedWhat.STATEMENT, ActedWhat.LETTER})


class Acted(Base):
    """One thing that a helper did for somebody, for ever.

    Attributes:
        acted_on: The day on the community's clocks.
        claim_id: The turn it was about.
        exchange_id: The help that it thanked for.
    """

    __tablename__ = "acted"

    id: Mapped[Key]
    community_id: Mapped[int]
    acting_id: Mapped[int]
    helper_id: Mapped[int]
    member_id: Mapped[int]
    what: Mapped[ActedWhat] = mapped_column(choice(ActedWhat))
    claim_id: Mapped[int | None]
    exchange_id: Mapped[int | None]
    acted_on: Mapped[dt.date]
    acted_at: Mapped[dt.datetime]

    __table_args__ = (
        one_of("what", ActedWhat, "acted_what"),
        sa.CheckConstraint(
            "(what IN ('took_turn', 'dropped_turn', 'took_back')) = (claim_id IS NOT NULL)",
            name="acted_names_its_turn",
        ),
        sa.CheckConstraint(
            "(what IN ('thanked', 'undid_thanks')) = (exchange_id IS NOT NULL)",
            name="acted_names_its_exchange",
        ),
        sa.ForeignKeyConstraint(
            ["acting_id", "community_id", "helper_id", "member_id"],
            [
                "acting_for.id",
                "acting_for.community_id",
                "acting_for.helper_id",
                "acting_for.member_id",
            ],
            name="acted_by_the_helper",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="acted_on_a_turn",
        ),
        sa.ForeignKeyConstraint(
            ["exchange_id", "community_id"],
            ["exchange.id", "exchange.community_id"],
            name="acted_on_an_exchange",
        ),
        sa.Index(
            "looked_once_a_day",
            "acting_id",
            "what",
            "acted_on",
            unique=True,
            postgresql_where=sa.text("claim_id IS NULL AND exchange_id IS NULL"),
        ),
        sa.Index(
            "thanked_once",
            "exchange_id",
            unique=True,
            postgresql_where=sa.text("what = 'thanked'"),
        ),
        sa.Index("acted_for_member", "member_id", "acted_at"),
        sa.Index("acted_by_helper", "helper_id", "acted_at"),
    )


class PrintedLetter(Base):
    """A letter about somebody's fortnight, printed for them because they read no e-mail."""

    __tablename__ = "printed_letter"

    id: Mapped[Key]
    community_id: Mapped[int]
    membership_id: Mapped[int]
    printed_by: Mapped[int]
    printed_at: Mapped[dt.datetime]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="letter_to_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["printed_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="letter_printed_by_a_member",
        ),
        sa.Index("letter_latest", "membership_id", "printed_at"),
    )
