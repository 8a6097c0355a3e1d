"""Events: what recurs, its dates, its jobs, and the ready-made rotas to begin with.

What a change does to people who have a turn already stands in `timebank.domain.rota.changing`.
"""

from __future__ import annotations

from timebank.domain.events.checks import DraftRefused
from timebank.domain.events.checks import check_draft
from timebank.domain.events.checks import check_roles
from timebank.domain.events.dates import extend_dates
from timebank.domain.events.dates import make_dates
from timebank.domain.events.dates import make_days
from timebank.domain.events.dates import make_missing_dates
from timebank.domain.events.drafts import SeriesDraft
from timebank.domain.events.drafts import VenueDraft
from timebank.domain.events.jobs import PairDraft
from timebank.domain.events.jobs import QualificationDraft
from timebank.domain.events.jobs import RoleDraft
from timebank.domain.events.making import NoDatesAhead
from timebank.domain.events.making import NoJobs
from timebank.domain.events.making import SeriesMadeAlready
from timebank.domain.events.making import find_or_make_venue
from timebank.domain.events.making import make_series
from timebank.domain.events.making import publish
from timebank.domain.events.making import require_organiser
from timebank.domain.events.making import series_of_intent
from timebank.domain.events.ready_made import ready_made_rota
from timebank.domain.events.ready_made import ready_made_rotas
from timebank.domain.events.rhythm import days_of
from timebank.domain.events.rhythm import span_on
from timebank.domain.events.roles import role_ids
from timebank.domain.events.roles import write_rules
from timebank.domain.events.rota_files import ReadyRota
from timebank.domain.events.rota_files import RotaFileRefused
from timebank.domain.events.rota_files import read_rota_file
from timebank.domain.events.rota_files import write_rota_file
from timebank.domain.events.sentences import schedule_sentence
from timebank.domain.events.slots import make_slots

__all__ = [
    "DraftRefused",
    "NoDatesAhead",
    "NoJobs",
    "PairDraft",
    "QualificationDraft",
    "ReadyRota",
    "RoleDraft",
    "RotaFileRefused",
    "SeriesDraft",
    "SeriesMadeAlready",
    "VenueDraft",
    "check_draft",
    "check_roles",
    "days_of",
    "extend_dates",
    "find_or_make_venue",
    "make_dates",
    "make_days",
    "make_missing_dates",
    "make_series",
    "make_slots",
    "publish",
    "read_rota_file",
    "ready_made_rota",
    "ready_made_rotas",
    "require_organiser",
    "role_ids",
    "schedule_sentence",
    "series_of_intent",
    "span_on",
    "write_rota_file",
    "write_rules",
]
