"""Takes jobs from the queues named on the command line, or from all four, until told to stop."""

from __future__ import annotations

import sys

from timebank.cli import main

main(["worker", *sys.argv[1:]], prog_name="timebank")
