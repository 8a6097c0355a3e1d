"""What may stand in an address: a day, written YYYY-MM-DD and nothing else."""

from __future__ import annotations

import datetime as dt

from flask import Flask
from werkzeug.routing import BaseConverter
from werkzeug.routing import ValidationError


class DayConverter(BaseConverter):
    """A calendar day: `/e/danson-saturday-stroll/<day:day>`."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        """Read the day; 2027-02-30 is no address of ours."""
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValidationError from None

    def to_url(self, value: dt.date) -> str:
        """Write the day."""
        return value.isoformat()


def register(app: Flask) -> None:
    """Teach the app's addresses the word `day`."""
    app.url_map.converters["day"] = DayConverter
