"""Can a date go ahead with the people there are? Nothing here touches the database.

`facts` is what is asked and `verdict` the answer. Between them the question becomes numbers
(`asking`, `board`), places are passed on until most are filled (`cover`, `settling`), prices prove
that no more can be (`prices`), and a search settles the rest (`search`). How few people it takes
is dealt out (`shares`, `dealing`). `best` puts these together.
"""

from __future__ import annotations

from timebank.domain.rota.matching.facts import NO_RULES
from timebank.domain.rota.matching.facts import Helper
from timebank.domain.rota.matching.facts import PairRules
from timebank.domain.rota.matching.facts import Place
from timebank.domain.rota.matching.verdict import Matching
from timebank.domain.rota.matching.verdict import Shortage
from timebank.domain.rota.matching.verdict import match

__all__ = ["NO_RULES", "Helper", "Matching", "PairRules", "Place", "Shortage", "match"]
