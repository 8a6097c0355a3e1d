"""Column shapes that several records share."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column

Key = Annotated[int, mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)]
Small = Annotated[int, mapped_column(sa.SmallInteger)]
CreatedAt = Annotated[
    dt.datetime, mapped_column(sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"))
]
Version = Annotated[int, mapped_column(sa.BigInteger, server_default="1")]


def choice(kind: type[enum.StrEnum]) -> sa.Enum:
    """Store an enumeration by its values as text: the table's CHECK says which are allowed."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


def one_of(column: str, kind: type[enum.StrEnum], name: str) -> sa.CheckConstraint:
    """Write the CHECK that goes with `choice`."""
    values = ", ".join(f"'{member.value}'" for member in kind)
    return sa.CheckConstraint(f"{column} IN ({values})", name=name)
