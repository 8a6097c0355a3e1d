"""The command `timebank`: what an operator can do from a terminal.

Each command loads only what it needs, reads the settings once, and commits itself. What went
wrong is one sentence and exit code 1.
"""

from __future__ import annotations

import click

from timebank import __version__
from timebank.cli import bank
from timebank.cli import founding
from timebank.cli import replying
from timebank.cli import running


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="Good Turn %(version)s")
def main() -> None:
    """Good Turn: a volunteer time bank and event rota."""


for command in (*running.COMMANDS, *founding.COMMANDS, *bank.COMMANDS, *replying.COMMANDS):
    main.add_command(command)
