"""Takes jobs from the queue, one after another, until it is told to stop."""

from __future__ import annotations

import os

from timebank.core.settings import Settings
from timebank.jobs.runner import run_worker

run_worker(Settings.from_environment(os.environ))
