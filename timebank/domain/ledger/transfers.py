"""Moving minutes, once for each intent."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.domain import outbox
from timebank.models import Membership
from timebank.models import Memo
from timebank.models import NoticeKind
from timebank.models import Standing
from timebank.models import Transfer
from timebank.models import TransferKind

WORTH_TELLING = dt.timedelta(days=7)  # a coordinator who reads mail weekly still hears of it


class KeyReused(Conflict):
    """Those hours were sent before with other details. Have a look at the statement first."""


class AlreadyReversed(Conflict):
    """Somebody took those hours back a moment before you."""


class BelowFloor(Refused):
    """That's more hours than the account can give just now."""


class AboveCeiling(Refused):
    """That's more hours than the account may hold. Give a little less."""


class AccountClosed(Refused):
    """That time account is closed."""


class ReadOnly(Conflict):
    """The coordinators are looking into that time account. Try again tomorrow."""


class OwnHours(NotAllowed):
    """Somebody else has to confirm your hours."""


class ToOneself(Refused):
    """Those hours would go where they come from. Choose somebody else."""


class SoManyHours(Refused):
    """That's more than fits in one entry. Check the hours."""


REFUSALS: dict[str | None, type[TimebankError]] = {
    "account_is_closed": AccountClosed,
    "account_is_read_only": ReadOnly,
    "balance_ceiling": AboveCeiling,
    "balance_floor": BelowFloor,
    "minutes_range": SoManyHours,
    "nobody_confirms_own_hours": OwnHours,
    "one_earn_per_claim": KeyReused,
    "one_reversal_per_transfer": AlreadyReversed,
    "one_thanks_per_exchange": KeyReused,
    "two_accounts": ToOneself,
}


def record(
    session: Session,
    *,
    key: uuid.UUID,
    community_id: int,
    debit_id: int,
    credit_id: int,
    minutes: int,
    kind: TransferKind,
    happened_on: dt.date,
    created_by: int,
    now: dt.datetime,
    claim_id: int | None = None,
    exchange_id: int | None = None,
    revision: int | None = None,
    batch_id: int | None = None,
    reverses_id: int | None = None,
    memo: str | None = None,
) -> Transfer:
    """Move minutes once: the same key with the same details again is the same transfer.

    The key is the sender's own name for the intent, made with the form and kept on every retry.

    Raises:
        KeyReused: When the key was used for other details, or the turn is credited already.
        BelowFloor: When the giving account cannot go that low.
        AboveCeiling: When a gift would take the other account above its highest balance.
        AccountClosed: When either account is closed.
        ReadOnly: When the proof found a difference in either account.
        OwnHours: When somebody would write hours into their own account.
        ToOneself: When both accounts are one.
        SoManyHours: When it is more minutes than one entry of its kind may have, or none.
        AlreadyReversed: When the original was reversed under another key.
    """
    body = {
        "community_id": community_id,
        "debit_id": debit_id,
        "credit_id": credit_id,
        "minutes": minutes,
        "kind": kind,
        "happened_on": happened_on,
        "created_by": created_by,
        "claim_id": claim_id,
        "exchange_id": exchange_id,
        "revision": revision,
        "batch_id": batch_id,
        "reverses_id": reverses_id,
    }
    made = _insert(session, {**body, "idempotency_key": key, "created_at": now})
    if made is None:
        return _known(session, key, body, memo)
    if memo:
        session.execute(insert(Memo).values(transfer_id=made.id, words=memo))
    return made


def find_transfer(session: Session, *, key: uuid.UUID) -> Transfer | None:
    """Find the transfer that stands for this intent."""
    return session.scalars(
        sa.select(Transfer).where(Transfer.idempotency_key == key)
    ).one_or_none()


def _known(
    session: Session, key: uuid.UUID, body: dict[str, object], memo: str | None
) -> Transfer:
    """Find what this key stands for; a memo that was erased since is no other detail."""
    known = session.scalars(sa.select(Transfer).where(Transfer.idempotency_key == key)).one()
    said = session.get(Memo, known.id)
    is_same = all(getattr(known, name) == value for name, value in body.items())
    if not is_same or (said is not None and said.words != memo):
        raise KeyReused
    return known


def _insert(session: Session, values: dict[str, object]) -> Transfer | None:
    """Write the row, or nothing when its key is known. A savepoint keeps the session usable."""
    statement = (
        insert(Transfer)
        .values(values)
        .on_conflict_do_nothing(constraint="same_intent_once")
        .returning(Transfer)
    )
    try:
        with session.begin_nested():
            return session.scalars(statement).one_or_none()
    except IntegrityError as error:
        refusal = REFUSALS.get(error.orig.diag.constraint_name)  # type: ignore[union-attr]
        if refusal is None:
            raise
        raise refusal from error


def tell_coordinators(
    session: Session,
    *,
    community_id: int,
    kind: NoticeKind,
    subject: str,
    facts: dict[str, str],
    now: dt.datetime,
) -> None:
    """Owe every coordinator of a community a notice, once for each `subject`."""
    people = session.scalars(
        sa.select(Membership.person_id).where(
            Membership.community_id == community_id, Membership.standing == Standing.COORDINATOR
        )
    )
    messages = [
        outbox.Message(
            community_id=community_id,
            person_id=person_id,
            kind=kind,
            dedupe_key=f"{kind}:{community_id}:{subject}:{person_id}",
            not_before=now,
            expires_at=now + WORTH_TELLING,
            facts=facts,
        )
        for person_id in people
    ]
    outbox.post_notices(session, messages)
