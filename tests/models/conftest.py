"""The town under attack, built once: one copy for all who roll back, and one for who commits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import town as towns
from tests.attacks import Town
from tests.databases import connect
from tests.databases import make_like

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_town(postgres_url: str):
    """Copies of the town, each a database of its own."""

    def copy(name: str, pattern: str) -> sa.Engine:
        with connect(postgres_url) as server:
            make_like(server, name, pattern)
        return sa.create_engine(sa.make_url(postgres_url).set(database=name))

    first = copy("town", "pattern")
    with Session(first, expire_on_commit=False) as session:
        numbers = towns.build(session)
    first.dispose()
    return lambda: Town(copy(f"town_{next(_numbers)}", "town"), numbers)


@pytest.fixture(scope="session")
def town(new_town) -> Iterator[Town]:
    """A town that every test leaves as it was."""
    town = new_town()
    yield town
    town.engine.dispose()


@pytest.fixture
def open_town(new_town) -> Iterator[Town]:
    """A town of this test's own, to commit in."""
    town = new_town()
    yield town
    town.engine.dispose()
