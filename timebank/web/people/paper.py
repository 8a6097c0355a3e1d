"""Papers for those who read no e-mail: printed statements, letters, and whose letters are due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain import acting
from timebank.domain import ledger
from timebank.domain import suppression
from timebank.domain.communities import on_paper
from timebank.domain.notices import by_letter
from timebank.domain.rota import fortnight
from timebank.models import Membership
from timebank.web import installation
from timebank.web.auth import coordinating_member
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.events.fields import read_day
from timebank.web.flashes import say
from timebank.web.ledger.lines import detail_of
from timebank.web.people.who import full_name_of
from timebank.web.people.who import member_here

LINES = 200  # of a printed statement: five or six sides
A_DAY = dt.timedelta(days=1)
A_YEAR = dt.timedelta(days=365)
NEWEST_DEEDS = 20


@dataclass(frozen=True, slots=True)
class PaperLine:
    """An entry as the paper has it, and the balance after it; both in minutes."""

    on: dt.date
    what: str
    detail: str
    minutes: int
    balance_minutes: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Entries in the order of their days, from what was brought forward to what there is.

    Attributes:
        goes_on_before: The day up to which another sheet has the entries that did not fit.
    """

    since: dt.date
    until: dt.date
    brought_forward_minutes: int
    lines: tuple[PaperLine, ...]
    balance_minutes: int
    goes_on_before: dt.date | None


def register(bp: Blueprint) -> None:
    """Add the pages to the people's."""
    bp.get("/me/statement/print")(own_statement)
    bp.get("/people/without-email")(without_email)
    bp.post("/people/rung/<int:notice_id>")(rung)
    bp.get("/people/letters")(letters)
    bp.post("/people/letters")(print_letters)
    bp.get("/people/<int:membership_id>/letter")(letter)
    bp.post("/people/<int:membership_id>/letter")(print_letter)
    bp.get("/people/<int:membership_id>/statement")(statement)


@signed_in_required
def own_statement() -> str:
    """Show a member's own statement as paper."""
    who = db.session.get_one(Membership, member())
    return statement_page(who, back_url=url_for("ledger.statement"))


@signed_in_required
def statement(membership_id: int) -> str:
    """Show a neighbour's statement as paper, to a coordinator."""
    coordinating_member()
    who = member_here(membership_id)
    return statement_page(who, back_url=url_for("people.person", membership_id=who.id))


@signed_in_required
def without_email() -> str:
    """List who has no e-mail, whose mail comes back, and who acts for whom."""
    coordinating_member()
    session, here, day = db.session(), door().community.id, today()
    return render_template(
        "people/without_email.html",
        people=on_paper.without_email(session, community_id=here, today=day),
        calls=by_letter.whom_to_ring(session, community_id=here, now=clock.now()),
        texts_are_sent=installation.settings().texts is not None,
        returned=suppression.returned(session, community_id=here),
        grants=acting.read_grants(session, community_id=here, today=day, only_open=True),
        deeds=acting.read_deeds(session, community_id=here, most=NEWEST_DEEDS),
    )


@signed_in_required
def rung(notice_id: int) -> Response:
    """Write down that somebody was told on the telephone."""
    by = coordinating_member()
    name = by_letter.note_rung(db.session(), notice_id=notice_id, by=by, now=clock.now())
    db.session.commit()
    say(_("%(name)s knows. Thank you for ringing.", name=first_name(name)))
    return redirect(url_for("people.without_email"), 303)


@signed_in_required
def letters() -> str:
    """Show the letters of everybody without e-mail, a page each."""
    by = coordinating_member()
    return letters_page(_without_email(), by=by, back_url=url_for("people.without_email"))


@signed_in_required
def print_letters() -> Response:
    """Write down that all letters are printed and their news told, and show them."""
    since = print_and_tell(_without_email(), by=coordinating_member())
    return redirect(url_for("people.letters", since=since), 303)


@signed_in_required
def letter(membership_id: int) -> str:
    """Show a neighbour's letter."""
    by = coordinating_member()
    who = member_here(membership_id)
    return letters_page([who.id], by=by, back_url=url_for("people.person", membership_id=who.id))


@signed_in_required
def print_letter(membership_id: int) -> Response:
    """Write down that a neighbour's letter is printed and its news told, and show it."""
    by = coordinating_member()
    who = member_here(membership_id)
    since = print_and_tell([who.id], by=by)
    return redirect(url_for("people.letter", membership_id=who.id, since=since), 303)


def _without_email() -> list[int]:
    found = on_paper.without_email(db.session(), community_id=door().community.id, today=today())
    return [one.membership_id for one in found]


def print_and_tell(membership_ids: Sequence[int], *, by: Membership) -> str:
    """Write down that these letters are printed and their news told -> since when, in ISO."""
    since = by_letter.print_letters(
        db.session(), membership_ids=membership_ids, by=by, now=clock.now()
    )
    db.session.commit()
    return since.isoformat()


def letters_page(membership_ids: Sequence[int], *, by: Membership, back_url: str) -> str:
    """Show letters, a page of paper each, whoever asks for them: the caller has looked.

    Right after they were printed they tell what that told; else what the next ones would.
    """
    now, since = clock.now(), _since()
    return render_template(
        "people/letters.html",
        is_printed=since is not None,
        news=by_letter.read_news(
            db.session(),
            community_id=door().community.id,
            membership_ids=membership_ids,
            by=by.id,
            since=since,
            now=now,
        ),
        letters=fortnight.read_letters(
            db.session(),
            community_id=door().community.id,
            membership_ids=membership_ids,
            today=today(),
            now=now,
        ),
        back_url=back_url,
        now=now,
        until=now + fortnight.AHEAD,
    )


def _since() -> dt.datetime | None:
    """Read since when letters were printed, from the address; None: it says nothing clear."""
    try:
        since = dt.datetime.fromisoformat(request.args.get("since", ""))
    except ValueError:
        return None
    return since if since.tzinfo and since.year > 1 else None


def statement_page(who: Membership, *, back_url: str) -> str:
    """Show a member's statement as paper, whoever asks for it: the caller has looked."""
    day = today()
    until = min(read_day(request.args.get("until")) or day, day)
    since = read_day(request.args.get("since"))
    return render_template(
        "people/statement.html",
        full_name=full_name_of(who),
        statement=_statement(who, since or _a_year_before(until), until),
        back_url=back_url,
        here=request.path,
        today=day,
        now=clock.now(),
    )


def _a_year_before(day: dt.date) -> dt.date:
    return day - A_YEAR if day - dt.date.min > A_YEAR else dt.date.min


def _statement(who: Membership, since: dt.date, until: dt.date) -> Statement:
    """Read the newest entries of some days, in two statements however many there are."""
    session = db.session()
    entries = ledger.entries_before(
        session,
        membership_id=who.id,
        before=ledger.Position(until + A_DAY, 0),
        limit=LINES + 1,
    )
    shown = [one for one in entries[:LINES] if one.on >= since]
    closing = entries[0].balance_minutes if entries else 0
    first = shown[-1] if shown else None
    return Statement(
        since=since,
        until=until,
        brought_forward_minutes=first.balance_minutes - first.minutes if first else closing,
        lines=tuple(_line(entry) for entry in reversed(shown)),
        balance_minutes=closing,
        goes_on_before=first.on if first and len(shown) == LINES < len(entries) else None,
    )


def _line(entry: ledger.Entry) -> PaperLine:
    return PaperLine(entry.on, entry.what, detail_of(entry), entry.minutes, entry.balance_minutes)
