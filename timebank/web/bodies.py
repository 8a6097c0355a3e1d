"""How much a form may bring: spreadsheets more than others."""

from __future__ import annotations

from flask import request

from timebank.core.csv_tables import MOST_BYTES

BRING_SPREADSHEETS = frozenset(
    {"importing.bring", "incoming.bring", "member_lists.bring", "sheets.bring"}
)
WITH_ITS_FORM = MOST_BYTES + 100_000


def let_spreadsheets_in() -> None:
    """Allow two megabytes where a spreadsheet is brought, before anything reads the form."""
    if request.endpoint in BRING_SPREADSHEETS:
        request.max_content_length = WITH_ITS_FORM
        request.max_form_memory_size = WITH_ITS_FORM
