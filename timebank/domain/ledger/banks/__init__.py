"""A whole bank as one file: taken along, and brought into an empty community.

What the file holds can be checked without us: `tools/verify_ledger.py`.
"""

from __future__ import annotations

from timebank.domain.ledger.banks.exporting import Exported
from timebank.domain.ledger.banks.exporting import export_bank
from timebank.domain.ledger.banks.importing import Brought
from timebank.domain.ledger.banks.importing import NobodyCoordinates
from timebank.domain.ledger.banks.importing import NotEmpty
from timebank.domain.ledger.banks.importing import NotTheOwner
from timebank.domain.ledger.banks.importing import import_bank
from timebank.domain.ledger.banks.reading import NotABank
from timebank.domain.ledger.banks.reading import NotAsWritten

__all__ = [
    "Brought",
    "Exported",
    "NobodyCoordinates",
    "NotABank",
    "NotAsWritten",
    "NotEmpty",
    "NotTheOwner",
    "export_bank",
    "import_bank",
]
