"""Prove the books, repair a balance, and take a whole bank from one server to another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from timebank.cli import terminal
from timebank.core import clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
def reconcile() -> None:
    """Prove the books: every balance equals its sum, and all of them add up to nothing."""
    from timebank.domain import ledger

    with terminal.session(terminal.settings()) as session:
        right = _prove(session)
        for one in ledger.open_differences(session, community_id=None):
            click.echo(
                f"Account {one.account_id} is read-only: it said {one.stored} minutes,"
                f" its entries come to {one.summed}."
            )
    click.echo("The books are right." if right else "The books are wrong: see /books.")
    sys.exit(0 if right else 1)


@click.command("repair-balance")
@click.option("--account", required=True, type=int, help="Its number, as /books/differences says.")
@click.option("--reason", required=True, help="Why it differed; everybody reads it: no names.")
@click.option("--by", required=True, help="Who decided it; the coordinators read it.")
def repair_balance(account: int, reason: str, by: str) -> None:
    """Add a balance up anew from its entries and open the account again; then prove the books."""
    from timebank.domain import ledger

    with terminal.session(terminal.settings()) as session:
        done = ledger.repair_balance(
            session,
            account_id=_number(account),
            reason=terminal.text(reason, "--reason", most=200),
            by=terminal.text(by, "--by", most=80),
            now=clock.now(),
        )
        click.echo(f"Account {account} said {done.stored} minutes; it has {done.summed} now.")
        right = _prove(session)
    click.echo("The books are right." if right else "The books are wrong still: see /books.")
    sys.exit(0 if right else 1)


@click.command()
@click.option("--community", "slug", required=True, help="Its slug.")
@click.option("--to", "path", required=True, type=NEW_FILE, help="The .zip to write.")
def export(slug: str, path: Path) -> None:
    """Write a community's whole bank into a file: people, accounts, and every entry."""
    from timebank.domain.ledger import banks

    settings = terminal.settings()
    with terminal.session(settings) as session:
        community_id = terminal.community(session, slug).id
    with terminal.new_file(path) as file, terminal.session(settings) as session:
        done = banks.export_bank(session, community_id=community_id, to=file, now=clock.now())
    click.echo(f"{path} is written. Entries: {done.entries}. The head of their running hash:")
    click.echo(done.head)


@click.command("import-bank")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--into", "slug", required=True, help="The slug of a new, empty community.")
def import_bank(path: Path, slug: str) -> None:
    """Bring the bank in FILE into an empty community, and prove its books."""
    from timebank.domain import ledger
    from timebank.domain.ledger import banks

    with terminal.opened(path) as file, terminal.session(terminal.settings()) as session:
        into = terminal.community(session, slug)
        done = banks.import_bank(session, community=into, file=file, now=clock.now())
        ledger.reconcile(session, now=clock.now())
        [proof] = ledger.latest_proofs(session, community_id=into.id)
        if not proof.proved:
            raise terminal.Sentence("The books don't add up: nothing was brought in.")
    click.echo(
        f"Brought in: members {done.members}, groups {done.groups},"
        f" accounts {done.accounts}, entries {done.entries}."
    )
    click.echo("Every balance is the one in the file, and the books add up.")


def _prove(session: Session) -> bool:
    from timebank.domain import ledger

    broken = ledger.broken_chains(session)
    proofs = ledger.reconcile(session, now=clock.now(), broken_chains=broken)
    return all(proof.proved for proof in proofs)


def _number(account: int) -> int:
    if not 0 < account < 2**63:
        raise terminal.Sentence("--account is the number of an account.")
    return account


COMMANDS = (reconcile, repair_balance, export, import_bank)
