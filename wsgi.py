"""What a web server imports: the pages of Good Turn."""

from __future__ import annotations

import os

from timebank.app import create_app
from timebank.core.settings import Settings

app = create_app(Settings.from_environment(os.environ))
