"""Records: what the database keeps. Import from here what you need of any slice."""

from __future__ import annotations

from timebank.models.calendar import Feed
from timebank.models.communities import Community
from timebank.models.communities import Group
from timebank.models.communities import GroupOrganiser
from timebank.models.communities import Membership
from timebank.models.communities import Standing
from timebank.models.events import Event
from timebank.models.events import EventState
from timebank.models.events import Frequency
from timebank.models.events import Series
from timebank.models.events import SeriesState
from timebank.models.events import Venue
from timebank.models.identity import Person
from timebank.models.identity import Profile
from timebank.models.identity import SignIn
from timebank.models.identity import SignInRequest
from timebank.models.ledger import Account
from timebank.models.ledger import AccountKind
from timebank.models.ledger import Reconciliation
from timebank.models.ledger import Transfer
from timebank.models.ledger import TransferKind
from timebank.models.notices import Notice
from timebank.models.notices import NoticeKind
from timebank.models.notices import NoticeState
from timebank.models.rota import Claim
from timebank.models.rota import ClaimState
from timebank.models.rota import Role
from timebank.models.rota import Slot
from timebank.models.rota import WithdrawnBecause

__all__ = [
    "Account",
    "AccountKind",
    "Claim",
    "ClaimState",
    "Community",
    "Event",
    "EventState",
    "Feed",
    "Frequency",
    "Group",
    "GroupOrganiser",
    "Membership",
    "Notice",
    "NoticeKind",
    "NoticeState",
    "Person",
    "Profile",
    "Reconciliation",
    "Role",
    "Series",
    "SeriesState",
    "SignIn",
    "SignInRequest",
    "Slot",
    "Standing",
    "Transfer",
    "TransferKind",
    "Venue",
    "WithdrawnBecause",
]
