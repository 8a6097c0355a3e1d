from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from timebank.adapters.migrations import migrate
from timebank.adapters.schema import is_current
from timebank.adapters.schema import migrations_folder
from timebank.adapters.schema import newest_revision
from timebank.db import Base


def test_records_and_migrations_tell_the_same_story(engine):
    import timebank.models  # noqa: F401, PLC0415 - fills the metadata

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_every_migration_can_be_taken_back_and_made_again(owner):
    with owner.connect() as connection:
        migrate(connection, to="base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
        assert not is_current(connection)
        migrate(connection)
        assert is_current(connection)


def test_the_newest_migration_is_told_by_its_name():
    assert ScriptDirectory(migrations_folder()).get_heads() == [newest_revision()]
