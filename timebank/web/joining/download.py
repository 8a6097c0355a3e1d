"""Everything about somebody as one file: JSON whole, and a table each for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import zipfile

from timebank.core.text import BYTE_ORDER_MARK
from timebank.core.text import harmless
from timebank.domain.joining.taking_along import Everything
from timebank.domain.joining.taking_along import Row


def archive(everything: Everything) -> bytes:
    """Write the file: data.json, and a .csv for every table that has rows."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        whole = {"written_at": everything.written_at.isoformat(), **everything.tables}
        file.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=2))
        for name, rows in everything.tables.items():
            if rows:
                file.writestr(f"{name}.csv", table(rows))
    return packed.getvalue()


def table(rows: list[Row]) -> str:
    """Write rows for a spreadsheet; what people typed can be no formula there."""
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK)
    writer = csv.writer(written)
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return written.getvalue()


def _cell(value: object) -> object:
    """Show nothing as nothing, numbers as numbers, and lists as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return value
    return harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
