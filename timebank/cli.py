"""The command `timebank`: what an operator can do from a terminal.

Each command loads only what it needs, reads the settings once, and commits itself. What went
wrong is one sentence and exit code 1.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from typing import TYPE_CHECKING

import click

from timebank import __version__
from timebank.core import clock
from timebank.core.errors import TimebankError
from timebank.core.settings import Settings
from timebank.core.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from sqlalchemy.orm import Session

    from timebank.models import Community

DEMO_SEED = 2026
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", re.ASCII)


class Sentence(click.ClickException):
    """Something an operator can put right: its sentence, and nothing else, is printed."""

    def show(self, file: object = None) -> None:  # noqa: ARG002 -- click's signature
        """Print the sentence."""
        click.echo(self.message, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="Good Turn %(version)s")
def main() -> None:
    """Good Turn: a volunteer time bank and event rota."""


@main.command()
def up() -> None:
    """Start everything, with servers of our own where none are given; Ctrl-C stops it."""
    from timebank.adapters import launch
    from timebank.adapters.embedded import EmbeddedError
    from timebank.adapters.instance import InstanceError

    try:
        launch.run(os.environ, tell=click.echo)
    except (SettingsError, InstanceError, EmbeddedError) as error:
        raise Sentence(str(error)) from None


@main.command()
def migrate() -> None:
    """Bring the database to the newest shape."""
    _migrate(_settings())
    click.echo("The database is up to date.")


@main.command()
def prepare() -> None:
    """Migrate, and in demo mode fill a database that has no community yet."""
    settings = _settings()
    _migrate(settings)
    if settings.demo:
        with _session(settings) as session:
            if not _has_community(session):
                _fill(session, seed=DEMO_SEED)


@main.command()
@click.option(
    "--seed", default=DEMO_SEED, show_default=True, help="The same seed, the same people."
)
def demo(seed: int) -> None:
    """Fill an empty database with a made-up borough."""
    settings = _settings()
    if not settings.demo:
        raise Sentence("There is no demo on a public address, nor with DEMO=0.")
    _migrate(settings)
    with _session(settings) as session:
        if _has_community(session):
            raise Sentence("The database holds a community already: the demo needs an empty one.")
        _fill(session, seed=seed)
    click.echo(f"The demo is ready at {settings.public_url} .")


@main.command()
def worker() -> None:
    """Take jobs from the queue until told to stop."""
    from timebank.jobs.runner import run_worker

    run_worker(_settings())


@main.command()
def scheduler() -> None:
    """Ring for the jobs that are due until told to stop."""
    from timebank.jobs.schedule import run_scheduler

    run_scheduler(_settings())


@main.command("create-community")
@click.argument("name")
@click.option("--slug", required=True, help="Short name in addresses: a-z, 0-9 and -.")
@click.option("--host", default=None, help="Host name it is served on, when there are several.")
@click.option("--place", required=True, help="Where it is, such as Bexley.")
@click.option("--phone", required=True, help="The number people can ring; on every page and mail.")
@click.option("--timezone", default="Europe/London", show_default=True, help="IANA name.")
def create_community(  # noqa: PLR0917 - one parameter an option
    name: str, slug: str, host: str | None, place: str, phone: str, timezone: str
) -> None:
    """Found the community NAME."""
    from timebank.domain import communities

    slug = _matching(_SLUG, slug, "A slug holds up to 60 of a-z, 0-9 and -.")
    if host is not None:
        host = _matching(_HOST, host.lower(), "A host is a name such as bexley.example.")
    with _session(_settings()) as session:
        communities.create_community(
            session,
            name=_text(name, "NAME", most=80),
            slug=slug,
            host=host,
            place=_text(place, "--place", most=80),
            phone=_text(phone, "--phone", most=30),
            timezone=_timezone(timezone),
        )
    click.echo(f"{name} is founded. Next: timebank create-coordinator {slug} E-MAIL NAME")


@main.command("create-coordinator")
@click.argument("community")
@click.argument("email")
@click.argument("name")
def create_coordinator(community: str, email: str, name: str) -> None:
    """Make NAME, who reads mail at EMAIL, a coordinator of COMMUNITY (its slug)."""
    from timebank.domain import communities

    address = _address(email)
    with _session(_settings()) as session:
        found = _community(session, community)
        communities.create_coordinator(
            session, community=found, email=address, full_name=_text(name, "NAME", most=80)
        )
    click.echo(f"{name} can sign in with {address}.")
    click.echo(f"Next: timebank create-group {community} SLUG NAME E-MAIL ORGANISER")


@main.command("create-group")
@click.argument("community")
@click.argument("slug")
@click.argument("name")
@click.argument("email")
@click.argument("organiser")
def create_group(community: str, slug: str, name: str, email: str, organiser: str) -> None:
    """Start the group NAME in COMMUNITY, run by ORGANISER, who reads mail at EMAIL."""
    from timebank.domain import communities
    from timebank.domain import identity

    address = _address(email)
    slug = _matching(_SLUG, slug, "A slug holds up to 60 of a-z, 0-9 and -.")
    with _session(_settings()) as session:
        found = _community(session, community)
        person = identity.find_or_create_person(
            session, full_name=_text(organiser, "ORGANISER", most=80), email=address
        )
        member = communities.join(session, community_id=found.id, person_id=person.id)
        communities.create_group(
            session,
            community=found,
            slug=slug,
            name=_text(name, "NAME", most=80),
            organisers=[member],
        )
    click.echo(f"{organiser} runs {name}, and can sign in with {address} to publish events.")


@main.command("erase-again")
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
def erase_again(numbers: tuple[int, ...]) -> None:
    """Erase the people of these NUMBERS once more, after an older backup was put back.

    The numbers stand in the log, as "Erased person 4821". Hours that came back with the backup go
    to the community. Erasing somebody twice does no harm.
    """
    from timebank.core.errors import NotFound
    from timebank.domain.joining import erasing

    now = clock.now()
    for number in numbers:
        with _session(_settings()) as session:
            try:
                erasing.erase_everywhere(session, person_id=number, now=now)
            except NotFound:
                click.echo(f"{number}: not in this backup")
            else:
                click.echo(f"{number}: erased")


@main.command()
def reconcile() -> None:
    """Prove the books: every balance equals its sum, and all of them add up to nothing."""
    from timebank.domain import ledger

    with _session(_settings()) as session:
        right = _prove(session)
        for one in ledger.open_differences(session, community_id=None):
            click.echo(
                f"Account {one.account_id} is read-only: it said {one.stored} minutes,"
                f" its entries come to {one.summed}."
            )
    click.echo("The books are right." if right else "The books are wrong: see /books.")
    sys.exit(0 if right else 1)


@main.command("repair-balance")
@click.option("--account", required=True, type=int, help="Its number, as /books/differences says.")
@click.option("--reason", required=True, help="Why it differed; everybody reads it: no names.")
@click.option("--by", required=True, help="Who decided it; the coordinators read it.")
def repair_balance(account: int, reason: str, by: str) -> None:
    """Add a balance up anew from its entries and open the account again; then prove the books."""
    from timebank.domain import ledger

    with _session(_settings()) as session:
        done = ledger.repair_balance(
            session,
            account_id=_number(account),
            reason=_text(reason, "--reason", most=200),
            by=_text(by, "--by", most=80),
            now=clock.now(),
        )
        click.echo(f"Account {account} said {done.stored} minutes; it has {done.summed} now.")
        right = _prove(session)
    click.echo("The books are right." if right else "The books are wrong still: see /books.")
    sys.exit(0 if right else 1)


def _prove(session: Session) -> bool:
    from timebank.domain import ledger

    broken = ledger.broken_chains(session)
    proofs = ledger.reconcile(session, now=clock.now(), broken_chains=broken)
    return all(proof.proved for proof in proofs)


def _number(account: int) -> int:
    if not 0 < account < 2**63:
        raise Sentence("--account is the number of an account.")
    return account


@main.command()
@click.option("--community", "slug", required=True, help="Its slug.")
@click.option("--to", "path", required=True, type=NEW_FILE, help="The .zip to write.")
def export(slug: str, path: Path) -> None:
    """Write a community's whole bank into a file: people, accounts, and every entry."""
    from timebank.domain.ledger import banks

    settings = _settings()
    with _session(settings) as session:
        community_id = _community(session, slug).id
    with _new_file(path) as file, _session(settings) as session:
        done = banks.export_bank(session, community_id=community_id, to=file, now=clock.now())
    click.echo(f"{path} is written. Entries: {done.entries}. The head of their running hash:")
    click.echo(done.head)


@main.command("import-bank")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--into", "slug", required=True, help="The slug of a new, empty community.")
def import_bank(path: Path, slug: str) -> None:
    """Bring the bank in FILE into an empty community, and prove its books."""
    from timebank.domain import ledger
    from timebank.domain.ledger import banks

    with _opened(path) as file, _session(_settings()) as session:
        into = _community(session, slug)
        done = banks.import_bank(session, community=into, file=file, now=clock.now())
        ledger.reconcile(session, now=clock.now())
        [proof] = ledger.latest_proofs(session, community_id=into.id)
        if not proof.proved:
            raise Sentence("The books don't add up: nothing was brought in.")
    click.echo(
        f"Brought in: members {done.members}, groups {done.groups},"
        f" accounts {done.accounts}, entries {done.entries}."
    )
    click.echo("Every balance is the one in the file, and the books add up.")


@main.command()
def doctor() -> None:
    """Look at settings, database, migrations, queue, worker, mail and messages."""
    from timebank.adapters import probes
    from timebank.adapters.instance import with_note

    try:
        settings = Settings.from_environment(with_note(os.environ))
    except SettingsError as error:
        raise Sentence(f"settings    {error}") from None
    click.echo(f"{'settings':<11} ok")
    parts = [probe() for probe in probes.all_probes(settings)]
    for part in parts:
        click.echo(f"{part.name:<11} {part.problem or 'ok'}")
    sys.exit(0 if all(part.ok for part in parts) else 1)


def _settings() -> Settings:
    from timebank.adapters.instance import with_note

    try:
        return Settings.from_environment(with_note(os.environ))
    except SettingsError as error:
        raise Sentence(str(error)) from None


@contextmanager
def _engine(settings: Settings) -> Iterator[sa.Engine]:
    """The database, for one command; when it is away that is a sentence."""
    import sqlalchemy as sa

    engine = sa.create_engine(settings.database_url)
    try:
        yield engine
    except sa.exc.OperationalError as error:
        raise Sentence(f"The database does not answer: {str(error).splitlines()[0]}") from None
    finally:
        engine.dispose()


@contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    """One transaction of the operator's: committed when all went well; a refusal is a sentence."""
    from sqlalchemy.orm import Session

    try:
        with _engine(settings) as engine, Session(engine) as session, session.begin():
            yield session
    except TimebankError as refusal:
        raise Sentence(refusal.sentence) from None


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
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
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise Sentence(f"{path} can't be read: {error.strerror}.") from None
    with file:
        yield file


def _migrate(settings: Settings) -> None:
    from timebank.adapters.schema import is_current

    with _engine(settings) as engine, engine.connect() as connection:
        if not is_current(connection):
            from timebank.adapters.migrations import migrate

            migrate(connection)


def _community(session: Session, slug: str) -> Community:
    import sqlalchemy as sa

    from timebank.models import Community

    found = session.scalar(sa.select(Community).where(Community.slug == slug))
    if found is None:
        raise Sentence(f"There is no community with the slug {slug}.")
    return found


def _timezone(name: str) -> str:
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise Sentence(f"There is no time zone {name}; one is named like Europe/London.")
    return name


def _has_community(session: Session) -> bool:
    import sqlalchemy as sa

    from timebank.models import Community

    return bool(session.scalar(sa.select(sa.exists().select_from(Community))))


def _fill(session: Session, *, seed: int) -> None:
    from timebank.demo.filling import fill

    fill(session, seed=seed, now=clock.now())


def _matching(pattern: re.Pattern[str], text: str, sentence: str) -> str:
    if not pattern.fullmatch(text):
        raise Sentence(sentence)
    return text


def _text(text: str, argument: str, *, most: int) -> str:
    text = " ".join(text.split())
    if not 0 < len(text) <= most or not text.isprintable():
        raise Sentence(f"{argument} must be 1 to {most} printable characters.")
    return text


def _address(text: str) -> str:
    from email_validator import EmailNotValidError
    from email_validator import validate_email

    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Sentence(f"{text} is not an e-mail address: {error}") from None
