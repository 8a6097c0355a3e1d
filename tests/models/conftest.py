"""The town under attack: one database for all tests of the guarantees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import town as towns
from tests.attacks import Town


@pytest.fixture(scope="session")
def town(postgres_url: str) -> Iterator[Town]:
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE town TEMPLATE pattern")
    admin.dispose()
    engine = sa.create_engine(sa.make_url(postgres_url).set(database="town"))
    with Session(engine, expire_on_commit=False) as session:
        numbers = towns.build(session)
    yield Town(engine, numbers)
    engine.dispose()
