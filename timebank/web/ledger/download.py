"""A statement as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from flask_babel import gettext as _

from timebank.core.text import BYTE_ORDER_MARK
from timebank.core.text import harmless
from timebank.domain.ledger import Entry
from timebank.web.ledger.lines import detail_of

MINUTES_PER_HOUR = 60


def statement_table(entries: Iterable[Entry]) -> str:
    """Write entries, one a row; hours are decimal, what people typed can be no formula."""
    table = io.StringIO()
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    writer.writerow(
        [
            _("Day"),
            _("Written down"),
            _("What"),
            _("Detail"),
            _("Hours"),
            _("Minutes"),
            _("Balance in minutes"),
        ]
    )
    for entry in entries:
        writer.writerow(
            [
                entry.on.isoformat(),
                entry.written_at.date().isoformat(),
                harmless(entry.what),
                harmless(detail_of(entry)),
                f"{entry.minutes / MINUTES_PER_HOUR:.2f}",
                entry.minutes,
                entry.balance_minutes,
            ]
        )
    return table.getvalue()
