"""Start Good Turn, keep it going, and look whether it is well."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from timebank.cli import terminal
from timebank.core import clock
from timebank.core.errors import SettingsError
from timebank.core.phones import new_private_key
from timebank.core.settings import Settings
from timebank.core.works import QueueName

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DEMO_SEED = 2026
WIDTH = 16  # of the column of names that `doctor` prints
QUEUES = [one.value for one in QueueName]


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
@click.argument("queues", nargs=-1, metavar="[QUEUE]...", type=click.Choice(QUEUES))
def worker(queues: tuple[str, ...]) -> None:
    """Take jobs of each QUEUE until told to stop: urgent, mail, books, calendars; all by default.

    Each queue has a process of its own.
    """
    from timebank.jobs.runner import run_workers

    run_workers(terminal.settings(), [QueueName(one) for one in queues])


@click.command()
def scheduler() -> None:
    """Ring for the jobs that are due until told to stop."""
    from timebank.jobs.schedule import run_scheduler

    run_scheduler(terminal.settings())


@click.command()
def doctor() -> None:
    """Look at settings, servers, workers, jobs, mail, messages and books; exit 0: all is well."""
    from timebank.adapters import probes
    from timebank.adapters.instance import with_note

    try:
        settings = Settings.from_environment(with_note(os.environ))
    except SettingsError as error:
        raise terminal.Sentence(f"{'settings':<{WIDTH}} {error}") from None
    click.echo(f"{'settings':<{WIDTH}} ok")
    parts = probes.all_parts(settings)
    for part in parts:
        click.echo(f"{part.name:<{WIDTH}} {part.problem or 'ok'}")
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
    from timebank.demo import DEMO_PEOPLE
    from timebank.demo.filling import fill
    from timebank.domain.operations import operators

    fill(session, seed=seed, now=clock.now())
    coordinator = DEMO_PEOPLE[-1]
    if coordinator.email:
        operators.name_operator(session, email=coordinator.email)


@click.command("push-key")
def push_key() -> None:
    """Draw a key for notices on phones, to give as PUSH_KEY. A new one ends every phone's."""
    click.echo(new_private_key())


COMMANDS = (up, migrate, prepare, demo, worker, scheduler, doctor, push_key)
