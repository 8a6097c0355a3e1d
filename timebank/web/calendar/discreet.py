"""Keep the secrets in addresses out of the logs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

LOGGERS = ("gunicorn.access", "gunicorn.error", "werkzeug")
MASK = "…"
_SECRET = re.compile(
    r"(?<=/me/)[^/\s?\"]+(?=\.i(?:cs|fb))|(?<=/f/)[^\s?\"]+|(?<=/t/)\d+-\w+|(?<=/sign-in/)\d+-\w+"
    r"|(?<=/c/)[^/\s?\"]+|(?<=/c\?code=)[^\s&\"]+"
)


def register(app: Flask) -> None:
    """Put it in place, once an app."""
    mask = MaskSecrets()
    for name in (*LOGGERS, app.logger.name):
        logging.getLogger(name).addFilter(mask)


class MaskSecrets(logging.Filter):
    """Take the secrets out of addresses in log lines, whoever writes the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; never drops one."""
        line = record.getMessage()
        masked = _SECRET.sub(MASK, line)
        if masked != line:
            record.msg, record.args = masked, ()
        return True
