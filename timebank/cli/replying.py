"""What comes back by mail: one message handed over by the mail server, and the counts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from timebank.cli import terminal
from timebank.core import clock
from timebank.core.mime import LARGEST_MAIL

if TYPE_CHECKING:
    from enum import StrEnum

    from timebank.domain.read_mail import Read


class TryAgainLater(terminal.Sentence):
    """Something is away: the mail server keeps the message and tries again."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h


@click.command("read-reply")
def read_reply() -> None:
    """Take in one answer of somebody, or of their calendar, as the mail server hands it over.

    Whatever it holds, it is taken, so that nobody gets a bounce; with the database away it is left
    to the mail server for later.
    """
    from timebank.jobs import replies

    settings = terminal.settings()
    if not settings.reply_address:
        raise terminal.Sentence("REPLY_ADDRESS is not set: nobody was told where to reply.")
    raw = sys.stdin.buffer.read(LARGEST_MAIL + 1)
    try:
        with terminal.session(settings) as session:
            replies.take(session, raw=raw, settings=settings, now=clock.now())
    except terminal.Sentence as trouble:
        raise TryAgainLater(trouble.message) from None


@click.command("read-bounce")
def read_bounce() -> None:
    """Take in one report of a mail server, as ours hands it over; likewise."""
    from timebank.domain.notices import bounces

    settings = terminal.settings()
    if not settings.bounce_address:
        raise terminal.Sentence("BOUNCE_ADDRESS is not set: no mail of ours returns there.")
    raw = sys.stdin.buffer.read(LARGEST_MAIL + 1)
    desk = bounces.Desk(secret_key=settings.secret_key, bounce_address=settings.bounce_address)
    try:
        with terminal.session(settings) as session:
            bounces.take(session, raw=raw, desk=desk, now=clock.now())
    except terminal.Sentence as trouble:
        raise TryAgainLater(trouble.message) from None


@click.command("bounces")
def count_bounces() -> None:
    """Count what became of the reports of the last ninety days."""
    from timebank.models import Bounce
    from timebank.models import BounceOutcome

    _show_counts(Bounce, BounceOutcome)


@click.command("replies")
def count_replies() -> None:
    """Count what became of the replies of the last ninety days."""
    from timebank.models import CalendarReply
    from timebank.models import ReplyOutcome

    _show_counts(CalendarReply, ReplyOutcome)


@click.command("answers")
def count_answers() -> None:
    """Count what became of the answers of the last ninety days that came by mail."""
    from timebank.models import AnswerOutcome
    from timebank.models import MailedAnswer

    _show_counts(MailedAnswer, AnswerOutcome)


def _show_counts(read: Read, outcomes: type[StrEnum]) -> None:
    from timebank.domain import read_mail

    with terminal.session(terminal.settings()) as session:
        for outcome, count in read_mail.counts(session, read, outcomes, now=clock.now()).items():
            click.echo(f"{outcome.value:<11}{count:>7}")


COMMANDS = (read_reply, count_replies, count_answers, read_bounce, count_bounces)
