"""The books that everybody may read, and for coordinators what differs in them."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass

from flask import Blueprint
from flask import Response
from flask import render_template
from flask_babel import format_decimal
from flask_babel import gettext as _

from timebank.core.text import public_name
from timebank.db import db
from timebank.domain import ledger
from timebank.models import AccountKind
from timebank.models import BalanceRepair
from timebank.models import ProofKind
from timebank.models import Reconciliation
from timebank.models import Transfer
from timebank.models import TransferKind
from timebank.web.auth import coordinator
from timebank.web.auth import signed_in_required
from timebank.web.door import door

NIGHTS = 7  # of proofs on the page
REPAIRS = 5
ENTRIES = 50  # of those that came since both figures last agreed


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof as the page tells it."""

    ran_at: dt.datetime
    is_proved: bool
    is_whole: bool
    entries: str
    balance_sum: str
    wrong_balances: int
    turns_without_hours: int
    turns_with_hours_twice: int
    exchanges_thanked_twice: int
    corrections_that_do_not_mirror: int
    is_seal_broken: bool
    overfull_jobs: int


@dataclass(frozen=True, slots=True)
class Seal:
    """How far the books are sealed, and the head of the running hash."""

    entries: str
    head: str
    sealed_at: dt.datetime
    proved_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """An account whose balance differs: for everybody without a name, for coordinators with it."""

    account_id: int
    whose: str
    name: str
    stored: int
    summed: int
    minutes: int
    since_transfer_id: int
    read_only_since: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry that came since both figures last agreed, from its account's side."""

    number: int
    other_account_id: int
    on: dt.date
    what: str
    minutes: int


def register(bp: Blueprint) -> None:
    """Add the pages of the books."""
    bp.get("/books")(books)
    bp.get("/books/seals.csv")(seals)
    bp.get("/books/differences")(differences)


def books() -> str:
    """Show that all hours together come to nought, when that was proved, and what differs."""
    here = door().community.id
    session = db.session()
    proofs = [
        _proof(one) for one in ledger.latest_proofs(session, community_id=here, limit=NIGHTS)
    ]
    differing = _differing(here)
    last = proofs[0] if proofs else None
    return render_template(
        "ledger/books.html",
        proofs=proofs,
        last=last,
        whole=next((one for one in proofs if one.is_whole), last),
        is_in_order=last is not None and last.is_proved and not differing,
        seal=_seal(here),
        differing=differing,
        repairs=_repairs(here, REPAIRS),
        coordinates=_is_coordinator(),
    )


def seals() -> Response:
    """Hand out the head of the running hash of every night, for whoever compares later."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([_("Day"), _("Entries"), _("Seal")])
    for one in ledger.published_heads(db.session(), community_id=door().community.id):
        writer.writerow([one.day.isoformat(), one.entries, one.head])
    answer = Response(table.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="seals.csv"'
    return answer


@signed_in_required
def differences() -> str:
    """Show the coordinators whose balance differs, what came since it agreed, and what to do."""
    coordinator()
    here = door().community.id
    found = ledger.open_differences(db.session(), community_id=here)
    since = ledger.transfers_since(db.session(), differences=found, limit=ENTRIES)
    return render_template(
        "ledger/differences.html",
        differing=[(_told(one), _lines(one, since)) for one in found],
        repairs=_repairs(here, ENTRIES),
    )


def _is_coordinator() -> bool:
    viewer = door().viewer
    return viewer is not None and viewer.is_coordinator


def _proof(found: Reconciliation) -> Proof:
    return Proof(
        ran_at=found.ran_at,
        is_proved=found.proved,
        is_whole=found.kind is ProofKind.WHOLE,
        entries=format_decimal(found.transfers),
        balance_sum=format_decimal(found.balance_sum),
        wrong_balances=found.wrong_balances,
        turns_without_hours=found.unearned_turns,
        turns_with_hours_twice=found.doubly_earned_turns,
        exchanges_thanked_twice=found.doubly_thanked_exchanges,
        corrections_that_do_not_mirror=found.unmirrored_reversals,
        is_seal_broken=bool(found.broken_chain),
        overfull_jobs=found.oversold_slots,
    )


def _seal(community_id: int) -> Seal | None:
    mark = ledger.find_mark(db.session(), community_id=community_id)
    if mark is None:
        return None
    return Seal(
        entries=format_decimal(mark.entries),
        head=mark.head,
        sealed_at=mark.marked_at,
        proved_at=mark.proved_at,
    )


def _differing(community_id: int) -> list[Differing]:
    found = ledger.open_differences(db.session(), community_id=community_id)
    return [_told(one) for one in found]


def _told(one: ledger.Difference) -> Differing:
    whose = _whose(one.kind)
    name = one.holder or whose
    return Differing(
        account_id=one.account_id,
        whose=whose,
        name=public_name(name) if one.kind is AccountKind.MEMBER and one.holder else name,
        stored=one.stored,
        summed=one.summed,
        minutes=one.minutes,
        since_transfer_id=one.since_transfer_id,
        read_only_since=one.read_only_since,
    )


def _whose(kind: AccountKind) -> str:
    return {
        AccountKind.MEMBER: _("A neighbour’s account"),
        AccountKind.COMMUNITY: _("The community’s account"),
        AccountKind.POT: _("A pot"),
        AccountKind.CAUSE: _("A cause"),
        AccountKind.OPENING: _("The account that hours were brought forward from"),
    }[kind]


def _lines(one: ledger.Difference, since: list[Transfer]) -> list[Line]:
    mine = [
        transfer
        for transfer in since
        if one.account_id in {transfer.debit_id, transfer.credit_id}
        and transfer.id > one.since_transfer_id
    ]
    return [_line(transfer, is_in=transfer.credit_id == one.account_id) for transfer in mine]


def _line(transfer: Transfer, *, is_in: bool) -> Line:
    return Line(
        number=transfer.id,
        other_account_id=transfer.debit_id if is_in else transfer.credit_id,
        on=transfer.happened_on,
        what=_what(transfer.kind),
        minutes=transfer.minutes if is_in else -transfer.minutes,
    )


def _what(kind: TransferKind) -> str:
    return {
        TransferKind.EARN: _("A turn"),
        TransferKind.ADJUST: _("A turn, put right"),
        TransferKind.THANKS: _("Thanks"),
        TransferKind.SHARE: _("Part of an occasion"),
        TransferKind.GIFT: _("A gift"),
        TransferKind.OPENING: _("Brought forward"),
        TransferKind.TOP_UP: _("Topped up from a pot"),
        TransferKind.CLOSING: _("Left on going"),
        TransferKind.IMPORTED: _("From other books"),
        TransferKind.REVERSAL: _("Taken back"),
    }[kind]


def _repairs(community_id: int, limit: int) -> list[BalanceRepair]:
    return ledger.latest_repairs(db.session(), community_id=community_id, limit=limit)
