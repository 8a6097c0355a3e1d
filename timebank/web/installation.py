"""What the operator of this installation decided."""

from __future__ import annotations

from typing import cast

from flask import current_app

from timebank.core.settings import Settings

KEY = "timebank.settings"


def settings() -> Settings:
    """Give the settings that the app was made with."""
    return cast("Settings", current_app.extensions[KEY])
