"""The rota: kinds of work, the slots of an event, who holds which place, and finding somebody."""

from __future__ import annotations

from timebank.models.rota.asking import Appeal
from timebank.models.rota.asking import AppealAnswer
from timebank.models.rota.asking import AppealAsk
from timebank.models.rota.asking import AppealEnd
from timebank.models.rota.asking import AppealReason
from timebank.models.rota.asking import Handover
from timebank.models.rota.asking import HandoverState
from timebank.models.rota.asking import StandingTurn
from timebank.models.rota.asking import Waiting
from timebank.models.rota.asking import WaitingState
from timebank.models.rota.claims import Claim
from timebank.models.rota.claims import ClaimState
from timebank.models.rota.claims import HeldFor
from timebank.models.rota.claims import WithdrawnBecause
from timebank.models.rota.imports import RotaImport
from timebank.models.rota.roles import PairRule
from timebank.models.rota.roles import Role
from timebank.models.rota.roles import RolePair
from timebank.models.rota.roles import RoleQualification
from timebank.models.rota.roles import Slot
from timebank.models.rota.sheets import LineOutcome
from timebank.models.rota.sheets import PaperSheet
from timebank.models.rota.sheets import PaperSheetDraft
from timebank.models.rota.sheets import PaperSheetLine

__all__ = [
    "Appeal",
    "AppealAnswer",
    "AppealAsk",
    "AppealEnd",
    "AppealReason",
    "Claim",
    "ClaimState",
    "Handover",
    "HandoverState",
    "HeldFor",
    "LineOutcome",
    "PairRule",
    "PaperSheet",
    "PaperSheetDraft",
    "PaperSheetLine",
    "Role",
    "RolePair",
    "RoleQualification",
    "RotaImport",
    "Slot",
    "StandingTurn",
    "Waiting",
    "WaitingState",
    "WithdrawnBecause",
]
