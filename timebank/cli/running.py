"""Start Good Turn, keep it going, and look whether it is well."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from timebank.cli import terminal
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.core.settings import SettingsError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DEMO_SEED = 2026


@click.command()
def up() -> None:
    """Start everything, with servers of our own where none are given; Ctrl-C stops it."""
    from timebank.adapters import launch
    from timebank.adapters.embedded import EmbeddedError
    from timebank.adapters.instance import InstanceError

    try:
        launch.run(os.environ, tell=click.echo)
    except (SettingsError, InstanceError, EmbeddedError) as error:
        raise terminal.Sentence(str(error)) from None


@click.command()
def migrate() -> None:
    """Bring the database to the newest shape."""
    _migrate(terminal.settings())
    click.echo("The database is up to date.")


@click.command()
def prepare() -> None:
    """Migrate, and in demo mode fill a database that has no community yet."""
    settings = terminal.settings()
    _migrate(settings)
    if settings.demo:
        with terminal.session(settings) as session:
            if not _has_community(session):
                _fill(session, seed=DEMO_SEED)


@click.command()
@click.option(
    "--seed", default=DEMO_SEED, show_default=True, help="The same seed, the same people."
)
def demo(seed: int) -> None:
    """Fill an empty database with a made-up borough."""
    settings = terminal.settings()
    if not settings.demo:
        raise terminal.Sentence("There is no demo on a public address, nor with DEMO=0.")
    _migrate(settings)
    with terminal.session(settings) as session:
        if _has_community(session):
            raise terminal.Sentence(
                "The database holds a community already: the demo needs an empty one."
            )
        _fill(session, seed=seed)
    click.echo(f"The demo is ready at {settings.public_url} .")


@click.command()
def worker() -> None:
    """Take jobs from the queue until told to stop."""
    from timebank.jobs.runner import run_worker

    run_worker(terminal.settings())


@click.command()
def scheduler() -> None:
    """Ring for the jobs that are due until told to stop."""
    from timebank.jobs.schedule import run_scheduler

    run_scheduler(terminal.settings())


@click.command()
def doctor() -> None:
    """Look at settings, database, migrations, queue, worker, mail and messages."""
    from timebank.adapters import probes
    from timebank.adapters.instance import with_note

    try:
        settings = Settings.from_environment(with_note(os.environ))
    except SettingsError as error:
        raise terminal.Sentence(f"settings    {error}") from None
    click.echo(f"{'settings':<11} ok")
    parts = [probe() for probe in probes.all_probes(settings)]
    for part in parts:
        click.echo(f"{part.name:<11} {part.problem or 'ok'}")
    sys.exit(0 if all(part.ok for part in parts) else 1)


def _migrate(settings: Settings) -> None:
    from timebank.adapters.schema import is_current

    with terminal.engine(settings) as engine, engine.connect() as connection:
        if not is_current(connection):
            from timebank.adapters.migrations import migrate

            migrate(connection)


def _has_community(session: Session) -> bool:
    import sqlalchemy as sa

    from timebank.models import Community

    return bool(session.scalar(sa.select(sa.exists().select_from(Community))))


def _fill(session: Session, *, seed: int) -> None:
    from timebank.demo.filling import fill

    fill(session, seed=seed, now=clock.now())


COMMANDS = (up, migrate, prepare, demo, worker, scheduler, doctor)
