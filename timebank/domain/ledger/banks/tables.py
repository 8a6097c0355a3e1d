"""The tables of an exported bank: what each holds, where it is read, how it is written.

The file's version is in its `FORMAT`: a column that changes its meaning makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = "good-turn-bank/1"

WHOLE, WORDS, YES, DAY, MOMENT = "bigint", "text", "boolean", "date", "timestamptz"
# Days and moments as words: moments in UTC to the microsecond, as `chain.written` has them.
AS_WORDS = {
    DAY: "to_char({}, 'YYYY-MM-DD')",
    MOMENT: "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')",
}


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the export.

    Attributes:
        name: Of its files, `accounts.csv` and `accounts.jsonl`.
        about: What it is, for README.txt.
        columns: Name to type, in their order.
        source: Where its rows come from, `FROM` onwards, those of `:community` in their order.
        known_as: Columns that the database calls otherwise.
    """

    name: str
    about: str
    columns: dict[str, str]
    source: str
    known_as: dict[str, str]

    @property
    def select(self) -> str:
        """The statement that reads it: whole numbers, yes or no, and words."""
        columns = ", ".join(
            f"{AS_WORDS.get(kind, '{}').format(self.known_as.get(name, name))} AS {name}"
            for name, kind in self.columns.items()
        )
        return f"SELECT {columns} {self.source}"

    @property
    def brought(self) -> str:
        """The statement that makes room for its rows while a bank is brought in."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return f"CREATE TEMP TABLE brought_{self.name} ({columns}, new_id bigint) ON COMMIT DROP"


MEMBERS = Table(
    "members",
    "everybody who is or was a member. Without a name: somebody who asked to be erased; without"
    " approved_at: a guest, who takes turns and gives no hours",
    {
        "id": WHOLE,
        "name": WORDS,
        "email": WORDS,
        "phone": WORDS,
        "standing": WORDS,
        "may_be_asked": YES,
        "joined_at": MOMENT,
        "approved_at": MOMENT,
        "paused_at": MOMENT,
        "paused_until": MOMENT,
        "left_at": MOMENT,
    },
    """FROM membership m LEFT JOIN profile p ON p.person_id = m.person_id
       WHERE m.community_id = :community ORDER BY m.id""",
    {"id": "m.id", "name": "p.full_name", "joined_at": "m.created_at"},
)
GROUPS = Table(
    "groups",
    "who runs events",
    {"id": WHOLE, "slug": WORDS, "name": WORDS, "created_at": MOMENT},
    "FROM community_group WHERE community_id = :community ORDER BY id",
    {},
)
ORGANISERS = Table(
    "organisers",
    "which member runs which group",
    {"group_id": WHOLE, "membership_id": WHOLE},
    "FROM group_organiser WHERE community_id = :community ORDER BY group_id, membership_id",
    {},
)
ACCOUNTS = Table(
    "accounts",
    "who holds minutes: members, pots, causes, the community (which issues earned hours) and the"
    " books before these. A balance is credits minus debits",
    {
        "id": WHOLE,
        "kind": WORDS,
        "membership_id": WHOLE,
        "group_id": WHOLE,
        "name": WORDS,
        "about": WORDS,
        "floor": WHOLE,
        "soft_floor": WHOLE,
        "ceiling": WHOLE,
        "balance": WHOLE,
        "closed_at": MOMENT,
    },
    "FROM account WHERE community_id = :community ORDER BY id",
    {},
)
BATCHES = Table(
    "batches",
    "what ties several transfers of one occasion together",
    {
        "id": WHOLE,
        "kind": WORDS,
        "title": WORDS,
        "happened_on": DAY,
        "created_by": WHOLE,
        "created_at": MOMENT,
    },
    "FROM batch WHERE community_id = :community ORDER BY id",
    {},
)
TRANSFERS = Table(
    "transfers",
    "minutes moved once, from the debited account to the credited one, never changed afterwards. A"
    " mistake is taken back by a reversal. claim_id and exchange_id are turns and exchanges, which"
    " are not in here",
    {
        "id": WHOLE,
        "happened_on": DAY,
        "created_at": MOMENT,
        "kind": WORDS,
        "debit_id": WHOLE,
        "credit_id": WHOLE,
        "minutes": WHOLE,
        "claim_id": WHOLE,
        "exchange_id": WHOLE,
        "revision": WHOLE,
        "reverses_id": WHOLE,
        "batch_id": WHOLE,
        "created_by": WHOLE,
    },
    "FROM transfer WHERE community_id = :community ORDER BY id",
    {},
)
MEMOS = Table(
    "memos",
    "the words that came with a transfer, where they have not been erased",
    {"transfer_id": WHOLE, "words": WORDS},
    """FROM memo JOIN transfer ON transfer.id = memo.transfer_id
       WHERE transfer.community_id = :community ORDER BY memo.transfer_id""",
    {},
)
TABLES = (MEMBERS, GROUPS, ORGANISERS, ACCOUNTS, BATCHES, TRANSFERS, MEMOS)
