"""`python -m timebank`: the same as the command `timebank`."""

from __future__ import annotations

from timebank.cli import main

main()
