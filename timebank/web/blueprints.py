"""Every slice's pages, in one table."""

from __future__ import annotations

from flask import Blueprint

from timebank.web.acting.routes import bp as acting
from timebank.web.calendar.embedding import bp as embed
from timebank.web.calendar.incoming import bp as incoming
from timebank.web.calendar.programs import bp as programs
from timebank.web.calendar.routes import bp as calendar
from timebank.web.channels.routes import bp as channels
from timebank.web.events.editing import bp as editor
from timebank.web.events.routes import bp as events
from timebank.web.exchange.board import bp as neighbours
from timebank.web.exchange.thanks import bp as thanks
from timebank.web.health import bp as health
from timebank.web.identity.routes import bp as identity
from timebank.web.insight.routes import bp as insight
from timebank.web.joining.routes import bp as joining
from timebank.web.ledger.accounts import bp as accounts
from timebank.web.ledger.bank import bp as bank
from timebank.web.ledger.causes import bp as causes
from timebank.web.ledger.entries import bp as entries
from timebank.web.ledger.routes import bp as ledger
from timebank.web.ledger.together import bp as together
from timebank.web.messages.routes import bp as messages
from timebank.web.notices.routes import bp as notices
from timebank.web.operations.routes import bp as operations
from timebank.web.pages.routes import bp as pages
from timebank.web.people.member_lists import bp as member_lists
from timebank.web.people.routes import bp as people
from timebank.web.rota.checkin import bp as checkin
from timebank.web.rota.deciding import bp as deciding
from timebank.web.rota.finding import bp as finding
from timebank.web.rota.grid import bp as grid
from timebank.web.rota.importing import bp as importing
from timebank.web.rota.jobs import bp as jobs
from timebank.web.rota.routes import bp as rota
from timebank.web.rota.sheets import bp as sheets
from timebank.web.rota.suggesting import bp as suggesting
from timebank.web.rota.turns import bp as turns
from timebank.web.texts.routes import bp as texts

BLUEPRINTS: tuple[Blueprint, ...] = (
    health,
    identity,
    calendar,
    programs,
    embed,
    events,
    rota,
    turns,
    editor,
    grid,
    importing,
    incoming,
    checkin,
    sheets,
    jobs,
    people,
    acting,
    joining,
    member_lists,
    finding,
    deciding,
    suggesting,
    thanks,
    ledger,
    causes,
    entries,
    accounts,
    together,
    bank,
    insight,
    neighbours,
    messages,
    notices,
    channels,
    texts,
    operations,
    pages,
)
