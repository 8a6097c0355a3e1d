"""Half a year of hours in the made-up borough: turns credited, favours thanked, slips mended."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass
from dataclasses import field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.demo import words
from timebank.demo.people import NEWCOMERS
from timebank.demo.people import Borough
from timebank.domain import communities
from timebank.domain import ledger
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Transfer

FAVOURS_A_WEEK = 20  # 85 a month
FAVOURS_TO_POTS_A_WEEK = 2
TRADERS = 0.6  # of the members ever trade
TAKEN_BACK = 0.015
WRITTEN_LATE = 0.08
WRITTEN_LATE_DAYS = (15, 40)
MEDIAN_MINUTES = 90
QUARTER = 15
LONGEST_FAVOUR_MINUTES = 480
FINISHED_AFTER = dt.timedelta(minutes=20)
WEEK = dt.timedelta(weeks=1)

# Days before today, giver, taker, minutes, memo.
PRIYAS_FAVOURS = (
    (33, "Dev Patel", "Priya Shah", 60, "lift to the clinic"),
    (9, "Priya Shah", "Marjorie Hall", 120, "hemming curtains"),
)

DONE_TURNS = sa.text("""
SELECT c.id, c.membership_id, e.ends_at
  FROM claim c
  JOIN event e ON e.id = c.event_id
 WHERE c.community_id = :community_id AND c.arrived_at IS NOT NULL AND e.ends_at <= :before
 ORDER BY e.ends_at, c.id
""")

WRITE_GIFTS = sa.text("""
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset(:rows) AS r(
         number int, key uuid, giver bigint, taker bigint, pot bigint, minutes int, memo text,
         happened_on date, written_at timestamptz)
), gift AS (
  INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind,
                        happened_on, created_by, created_at)
  SELECT r.key, :community_id, giver.id, taker.id, r.minutes, 'gift', r.happened_on, r.giver,
         r.written_at
    FROM wanted r
    JOIN account giver ON giver.membership_id = r.giver
    JOIN account taker ON taker.membership_id = r.taker OR taker.id = r.pot
   ORDER BY r.number
  RETURNING id, idempotency_key
)
INSERT INTO memo (transfer_id, words)
SELECT gift.id, r.memo FROM gift JOIN wanted r ON r.key = gift.idempotency_key
 WHERE r.memo IS NOT NULL
""").bindparams(sa.bindparam("rows", type_=JSONB))

FINISH_EVENTS = sa.text("""
UPDATE event SET finished_at = ends_at + interval '20 minutes'
 WHERE community_id = :community_id AND state = 'planned' AND ends_at <= :before
""")


@dataclass
class History:
    """Writes the borough's past week by week, in the order in which it happened."""

    session: Session
    borough: Borough
    rng: random.Random
    now: dt.datetime
    balances: dict[int, int] = field(default_factory=dict)

    def write(self) -> None:
        """Credit every date gone by, and thank for favours in between."""
        community_id = self.borough.community.id
        values = {"community_id": community_id, "before": self.now - FINISHED_AFTER}
        turns = self.session.execute(DONE_TURNS, values).all()
        self.session.execute(FINISH_EVENTS, values)
        traders = self._traders()
        pots = self.session.scalars(
            sa.text("SELECT id FROM account WHERE kind = 'pot' AND community_id = :c ORDER BY id"),
            {"c": community_id},
        ).all()
        by_week: dict[int, dict[int, int]] = {}
        for turn in turns:
            weeks_ago = (self.now - turn.ends_at) // WEEK
            by_week.setdefault(weeks_ago, {})[turn.id] = turn.membership_id
        for weeks_ago in sorted(by_week, reverse=True):
            written_at = self.now - weeks_ago * WEEK
            posted = self._credit(by_week[weeks_ago], written_at)
            self._write_favours(traders, list(pots), written_at)
            self._take_some_back(posted, written_at)

    def _credit(self, helpers: dict[int, int], written_at: dt.datetime) -> list[ledger.Credit]:
        """Post a week's hours; `helpers` are the memberships by their claims."""
        posted = ledger.credit_claims(
            self.session,
            claim_ids=list(helpers),
            by=self.borough.neighbours[0].membership_id,
            now=written_at,
        )
        for credit in posted:
            self._move(helpers[credit.claim_id], credit.minutes)
        return sorted(posted, key=lambda credit: credit.claim_id)

    def _move(self, membership_id: int, minutes: int) -> None:
        self.balances[membership_id] = self.balances.get(membership_id, 0) + minutes

    def _traders(self) -> list[int]:
        told = {name for _, giver, taker, *_ in PRIYAS_FAVOURS for name in (giver, taker)}
        told |= set(NEWCOMERS)
        ids = [one.membership_id for one in self.borough.neighbours if one.name not in told]
        return self.rng.sample(ids, round(len(ids) * TRADERS))

    def _write_favours(self, traders: list[int], pots: list[int], written_at: dt.datetime) -> None:
        rows = [self._favour(traders, written_at) for _ in range(FAVOURS_A_WEEK)]
        rows += [self._to_a_pot(traders, pots, written_at) for _ in range(FAVOURS_TO_POTS_A_WEEK)]
        rows += self._priyas(written_at)
        self.session.execute(
            WRITE_GIFTS,
            {
                "rows": [{"number": number, **row} for number, row in enumerate(rows) if row],
                "community_id": self.borough.community.id,
            },
        )

    def _favour(self, traders: list[int], written_at: dt.datetime) -> dict[str, object] | None:
        """Somebody thanks a neighbour for help, unless they are near their floor."""
        weights = [1 / (rank + 4) for rank in range(len(traders))]
        helper = self.rng.choices(traders, weights)[0]
        helped = self.rng.choice(traders)
        minutes = round(self.rng.lognormvariate(0, 0.6) * MEDIAN_MINUTES / QUARTER) * QUARTER
        minutes = min(max(minutes, QUARTER), LONGEST_FAVOUR_MINUTES)
        after = self.balances.get(helped, 0) - minutes
        if helper == helped or after < communities.MEMBER_FLOOR_MINUTES:
            return None
        days = self.rng.randint(0, 6)
        if self.rng.random() < WRITTEN_LATE:
            days = self.rng.randint(*WRITTEN_LATE_DAYS)
        return self._gift(
            helped,
            helper,
            minutes,
            written_at,
            days=days,
            memo=self.rng.choice(words.FAVOURS),
        )

    def _to_a_pot(
        self, traders: list[int], pots: list[int], written_at: dt.datetime
    ) -> dict[str, object] | None:
        giver, minutes = self.rng.choice(traders), self.rng.choice((30, 60, 60, 120))
        if self.balances.get(giver, 0) < minutes:
            return None
        return self._gift(giver, None, minutes, written_at, pot=self.rng.choice(pots))

    def _priyas(self, written_at: dt.datetime) -> list[dict[str, object]]:
        rows = []
        for days, giver, taker, minutes, memo in PRIYAS_FAVOURS:
            moment = self.now - dt.timedelta(days=days)
            if written_at - WEEK < moment <= written_at:
                giver_id, taker_id = (
                    self.borough.named(name).membership_id for name in (giver, taker)
                )
                rows.append(self._gift(giver_id, taker_id, minutes, moment, memo=memo))
        return rows

    def _gift(
        self,
        giver: int,
        taker: int | None,
        minutes: int,
        written_at: dt.datetime,
        *,
        days: int = 0,
        pot: int | None = None,
        memo: str | None = None,
    ) -> dict[str, object]:
        self._move(giver, -minutes)
        if taker:
            self._move(taker, minutes)
        zone = self.borough.community.timezone
        happened_on = clock.local_date(written_at - dt.timedelta(days=days), zone)
        return {
            "key": str(uuid.UUID(int=self.rng.getrandbits(128))),
            "giver": giver,
            "taker": taker,
            "pot": pot,
            "minutes": minutes,
            "memo": memo,
            "happened_on": happened_on.isoformat(),
            "written_at": written_at.isoformat(),
        }

    def _take_some_back(self, posted: list[ledger.Credit], written_at: dt.datetime) -> None:
        for credit in posted:
            if self.rng.random() >= TAKEN_BACK:
                continue
            transfer = self.session.get_one(Transfer, credit.transfer_id)
            ledger.reverse(
                self.session,
                transfer=transfer,
                by=transfer.created_by,
                key=uuid.UUID(int=self.rng.getrandbits(128)),
                now=written_at,
                memo=self.rng.choice(words.CORRECTIONS),
            )
            claim = self.session.get_one(Claim, credit.claim_id)
            self._move(claim.membership_id, -credit.minutes)
            claim.state = ClaimState.MISSED
            claim.arrived_at = claim.arrived_by = None
        self.session.flush()
