"""Found a community and let its first people in; erase again who came back with a backup."""

from __future__ import annotations

import re

import click

from timebank.cli import terminal
from timebank.core import clock

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", re.ASCII)


@click.command("create-community")
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
    with terminal.session(terminal.settings()) as session:
        communities.create_community(
            session,
            name=terminal.text(name, "NAME", most=80),
            slug=slug,
            host=host,
            place=terminal.text(place, "--place", most=80),
            phone=terminal.text(phone, "--phone", most=30),
            timezone=_timezone(timezone),
        )
    click.echo(f"{name} is founded. Next: timebank create-coordinator {slug} E-MAIL NAME")


@click.command("create-coordinator")
@click.argument("community")
@click.argument("email")
@click.argument("name")
def create_coordinator(community: str, email: str, name: str) -> None:
    """Make NAME, who reads mail at EMAIL, a coordinator of COMMUNITY (its slug)."""
    from timebank.domain import communities

    address = _address(email)
    with terminal.session(terminal.settings()) as session:
        found = terminal.community(session, community)
        communities.create_coordinator(
            session, community=found, email=address, full_name=terminal.text(name, "NAME", most=80)
        )
    click.echo(f"{name} can sign in with {address}.")
    click.echo(f"Next: timebank create-group {community} SLUG NAME E-MAIL ORGANISER")


@click.command("create-group")
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
    with terminal.session(terminal.settings()) as session:
        found = terminal.community(session, community)
        person = identity.find_or_create_person(
            session, full_name=terminal.text(organiser, "ORGANISER", most=80), email=address
        )
        member = communities.join(session, community_id=found.id, person_id=person.id)
        communities.create_group(
            session,
            community=found,
            slug=slug,
            name=terminal.text(name, "NAME", most=80),
            organisers=[member],
        )
    click.echo(f"{organiser} runs {name}, and can sign in with {address} to publish events.")


@click.command("name-operator")
@click.argument("email")
def name_operator(email: str) -> None:
    """Let the person who signs in with EMAIL look after this installation, at /operations."""
    from timebank.domain.operations import operators

    settings = terminal.settings()
    with terminal.session(settings) as session:
        operators.name_operator(session, email=_address(email))
    click.echo(f"Signed in, they find the works at {settings.public_url}/operations .")


@click.command("dismiss-operator")
@click.argument("email")
def dismiss_operator(email: str) -> None:
    """Take back what `name-operator` gave to the person who signs in with EMAIL."""
    from timebank.domain.operations import operators

    with terminal.session(terminal.settings()) as session:
        operators.dismiss_operator(session, email=_address(email))
    click.echo("They no longer see the works.")


@click.command("erase-again")
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
        with terminal.session(terminal.settings()) as session:
            try:
                erasing.erase_everywhere(session, person_id=number, now=now)
            except NotFound:
                click.echo(f"{number}: not in this backup")
            else:
                click.echo(f"{number}: erased")


def _timezone(name: str) -> str:
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise terminal.Sentence(f"There is no time zone {name}; one is named like Europe/London.")
    return name


def _matching(pattern: re.Pattern[str], text: str, sentence: str) -> str:
    if not pattern.fullmatch(text):
        raise terminal.Sentence(sentence)
    return text


def _address(text: str) -> str:
    from email_validator import EmailNotValidError
    from email_validator import validate_email

    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise terminal.Sentence(f"{text} is not an e-mail address: {error}") from None


COMMANDS = (
    create_community,
    create_coordinator,
    create_group,
    name_operator,
    dismiss_operator,
    erase_again,
)
