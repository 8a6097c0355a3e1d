"""How much a form may bring: spreadsheets more than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from timebank.core.csv_tables import MOST_BYTES

if TYPE_CHECKING:
    from flask import Flask

BRING_SPREADSHEETS = frozenset({"importing.bring", "member_lists.bring"})
WITH_ITS_FORM = MOST_BYTES + 100_000


def register(app: Flask) -> None:
    """Say so before anything reads the form."""
    app.before_request(let_spreadsheets_in)


def let_spreadsheets_in() -> None:
    """Allow two megabytes where a spreadsheet is brought."""
    if request.endpoint in BRING_SPREADSHEETS:
        request.max_content_length = WITH_ITS_FORM
        request.max_form_memory_size = WITH_ITS_FORM
