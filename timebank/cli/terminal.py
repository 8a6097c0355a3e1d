"""What several commands share: settings, the database, files, and how a refusal is printed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from typing import TYPE_CHECKING

import click

from timebank.core.errors import SettingsError
from timebank.core.errors import TimebankError
from timebank.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from sqlalchemy.orm import Session

    from timebank.models import Community


class Sentence(click.ClickException):
    """Something an operator can put right: its sentence, and nothing else, is printed."""

    def show(self, file: object = None) -> None:  # noqa: ARG002 -- click's signature
        """Print the sentence."""
        click.echo(self.message, err=True)


def settings() -> Settings:
    """The settings of this environment; what is wrong with them is a sentence."""
    from timebank.adapters.instance import with_note

    try:
        return Settings.from_environment(with_note(os.environ))
    except SettingsError as error:
        raise Sentence(str(error)) from None


@contextmanager
def engine(settings: Settings) -> Iterator[sa.Engine]:
    """The database, for one command; when it is away that is a sentence."""
    import sqlalchemy as sa

    database = sa.create_engine(settings.database_url)
    try:
        yield database
    except sa.exc.OperationalError as error:
        raise Sentence(f"The database does not answer: {str(error).splitlines()[0]}") from None
    finally:
        database.dispose()


@contextmanager
def session(settings: Settings) -> Iterator[Session]:
    """One transaction of the operator's: committed when all went well; a refusal is a sentence."""
    from sqlalchemy.orm import Session

    try:
        with engine(settings) as database, Session(database) as started, started.begin():
            yield started
    except TimebankError as refusal:
        raise Sentence(refusal.sentence) from None


def community(session: Session, slug: str) -> Community:
    """The community with this slug; that there is none is a sentence."""
    import sqlalchemy as sa

    from timebank.models import Community

    found = session.scalar(sa.select(Community).where(Community.slug == slug))
    if found is None:
        raise Sentence(f"There is no community with the slug {slug}.")
    return found


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read, and none at all when something goes wrong."""
    try:
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    except OSError as error:
        raise Sentence(f"{path} can't be written: {error.strerror}.") from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink()
        raise


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to read; that it can't be read is a sentence."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Sentence(f"{path} can't be read: {error.strerror}.") from None
    with file:
        yield file


def text(typed: str, argument: str, *, most: int) -> str:
    """What was typed as this argument, its spaces tidied: 1 to `most` characters."""
    tidy = " ".join(typed.split())
    if not 0 < len(tidy) <= most or not tidy.isprintable():
        raise Sentence(f"{argument} must be 1 to {most} printable characters.")
    return tidy
