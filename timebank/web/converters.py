"""What may stand in an address: nothing that the database could not even be asked about."""

from __future__ import annotations

import datetime as dt

from flask import Flask
from werkzeug.routing import BaseConverter
from werkzeug.routing import ValidationError


class WordConverter(BaseConverter):
    """A slug or a token: `<slug>`. No control characters, no more than 200 of any."""

    regex = r"[^/\x00-\x1f\x7f]{1,200}"
    # Werkzeug would take the stroke in it for one that it lets in, and then try every address with
    # a word in it, one after another.
    part_isolating = True


class NumberConverter(BaseConverter):
    """A row's number: `<int:slot_id>`. Plain digits, as many as a bigint surely holds."""

    regex = r"[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """Read the number."""
        return int(value)


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
    """Teach the app's addresses these words."""
    app.url_map.converters.update(default=WordConverter, int=NumberConverter, day=DayConverter)
