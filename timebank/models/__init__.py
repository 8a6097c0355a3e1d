"""Records: what the database keeps. Import from here what you need of any slice."""

from __future__ import annotations

from timebank.models.acting import Acted
from timebank.models.acting import ActedWhat
from timebank.models.acting import ActingFor
from timebank.models.acting import PrintedLetter
from timebank.models.calendar import CalendarChange
from timebank.models.calendar import CalendarClient
from timebank.models.calendar import CalendarEntry
from timebank.models.calendar import CalendarReply
from timebank.models.calendar import CancelledAs
from timebank.models.calendar import Feed
from timebank.models.calendar import MailedTurn
from timebank.models.calendar import Method
from timebank.models.calendar import ReplyOutcome
from timebank.models.calendar import Shows
from timebank.models.channels import PushSubscription
from timebank.models.channels import Way
from timebank.models.communities import Community
from timebank.models.communities import Group
from timebank.models.communities import GroupOrganiser
from timebank.models.communities import Joining
from timebank.models.communities import MemberNote
from timebank.models.communities import MemberQualification
from timebank.models.communities import Membership
from timebank.models.communities import Qualification
from timebank.models.communities import QualificationKind
from timebank.models.communities import Standing
from timebank.models.events import Event
from timebank.models.events import EventState
from timebank.models.events import Frequency
from timebank.models.events import IfShort
from timebank.models.events import Outlook
from timebank.models.events import ReasonKind
from timebank.models.events import Series
from timebank.models.events import SeriesState
from timebank.models.events import Venue
from timebank.models.exchange import Block
from timebank.models.exchange import Category
from timebank.models.exchange import Conversation
from timebank.models.exchange import Exchange
from timebank.models.exchange import ExchangeState
from timebank.models.exchange import ExchangeStep
from timebank.models.exchange import Message
from timebank.models.exchange import Post
from timebank.models.exchange import PostKind
from timebank.models.exchange import PostState
from timebank.models.exchange import Report
from timebank.models.exchange import Ring
from timebank.models.exchange import StepKind
from timebank.models.identity import MailSuppression
from timebank.models.identity import Person
from timebank.models.identity import Profile
from timebank.models.identity import SignIn
from timebank.models.identity import SignInRequest
from timebank.models.incoming import BusyCalendar
from timebank.models.incoming import BusySpan
from timebank.models.incoming import CalendarImport
from timebank.models.incoming import ImportedEntry
from timebank.models.insight import PublishedMonth
from timebank.models.joining import Application
from timebank.models.joining import ApplicationState
from timebank.models.joining import Invitation
from timebank.models.joining import Reference
from timebank.models.joining import ReferenceAnswer
from timebank.models.ledger import Account
from timebank.models.ledger import AccountKind
from timebank.models.ledger import AccountMark
from timebank.models.ledger import BalanceDifference
from timebank.models.ledger import BalanceRepair
from timebank.models.ledger import Batch
from timebank.models.ledger import BatchKind
from timebank.models.ledger import LedgerHead
from timebank.models.ledger import LedgerMark
from timebank.models.ledger import LimitChange
from timebank.models.ledger import LineFate
from timebank.models.ledger import MemberList
from timebank.models.ledger import MemberListLine
from timebank.models.ledger import Memo
from timebank.models.ledger import ProofKind
from timebank.models.ledger import Reconciliation
from timebank.models.ledger import TopUpPolicy
from timebank.models.ledger import Transfer
from timebank.models.ledger import TransferKind
from timebank.models.messages import AnswerOutcome
from timebank.models.messages import Audience
from timebank.models.messages import Follower
from timebank.models.messages import GroupMessage
from timebank.models.messages import MailedAnswer
from timebank.models.messages import MessageAnswer
from timebank.models.notices import Bounce
from timebank.models.notices import BounceOutcome
from timebank.models.notices import How
from timebank.models.notices import Lead
from timebank.models.notices import MailChoice
from timebank.models.notices import MailRest
from timebank.models.notices import Notice
from timebank.models.notices import NoticeKind
from timebank.models.notices import NoticeState
from timebank.models.operations import Decision
from timebank.models.operations import JobRun
from timebank.models.operations import NoticeDecision
from timebank.models.operations import Operator
from timebank.models.operations import RunOutcome
from timebank.models.rota import Appeal
from timebank.models.rota import AppealAnswer
from timebank.models.rota import AppealAsk
from timebank.models.rota import AppealEnd
from timebank.models.rota import AppealReason
from timebank.models.rota import Claim
from timebank.models.rota import ClaimState
from timebank.models.rota import Handover
from timebank.models.rota import HandoverState
from timebank.models.rota import HeldFor
from timebank.models.rota import LineOutcome
from timebank.models.rota import PairRule
from timebank.models.rota import PaperSheet
from timebank.models.rota import PaperSheetDraft
from timebank.models.rota import PaperSheetLine
from timebank.models.rota import Role
from timebank.models.rota import RolePair
from timebank.models.rota import RoleQualification
from timebank.models.rota import RotaImport
from timebank.models.rota import Slot
from timebank.models.rota import StandingTurn
from timebank.models.rota import Waiting
from timebank.models.rota import WaitingState
from timebank.models.rota import WithdrawnBecause
from timebank.models.texts import TextCode
from timebank.models.texts import TextMonth
from timebank.models.texts import TextNumber
from timebank.models.texts import TextSent

__all__ = [
    "Account",
    "AccountKind",
    "AccountMark",
    "Acted",
    "ActedWhat",
    "ActingFor",
    "AnswerOutcome",
    "Appeal",
    "AppealAnswer",
    "AppealAsk",
    "AppealEnd",
    "AppealReason",
    "Application",
    "ApplicationState",
    "Audience",
    "BalanceDifference",
    "BalanceRepair",
    "Batch",
    "BatchKind",
    "Block",
    "Bounce",
    "BounceOutcome",
    "BusyCalendar",
    "BusySpan",
    "CalendarChange",
    "CalendarClient",
    "CalendarEntry",
    "CalendarImport",
    "CalendarReply",
    "CancelledAs",
    "Category",
    "Claim",
    "ClaimState",
    "Community",
    "Conversation",
    "Decision",
    "Event",
    "EventState",
    "Exchange",
    "ExchangeState",
    "ExchangeStep",
    "Feed",
    "Follower",
    "Frequency",
    "Group",
    "GroupMessage",
    "GroupOrganiser",
    "Handover",
    "HandoverState",
    "HeldFor",
    "How",
    "IfShort",
    "ImportedEntry",
    "Invitation",
    "JobRun",
    "Joining",
    "Lead",
    "LedgerHead",
    "LedgerMark",
    "LimitChange",
    "LineFate",
    "LineOutcome",
    "MailChoice",
    "MailRest",
    "MailSuppression",
    "MailedAnswer",
    "MailedTurn",
    "MemberList",
    "MemberListLine",
    "MemberNote",
    "MemberQualification",
    "Membership",
    "Memo",
    "Message",
    "MessageAnswer",
    "Method",
    "Notice",
    "NoticeDecision",
    "NoticeKind",
    "NoticeState",
    "Operator",
    "Outlook",
    "PairRule",
    "PaperSheet",
    "PaperSheetDraft",
    "PaperSheetLine",
    "Person",
    "Post",
    "PostKind",
    "PostState",
    "PrintedLetter",
    "Profile",
    "ProofKind",
    "PublishedMonth",
    "PushSubscription",
    "Qualification",
    "QualificationKind",
    "ReasonKind",
    "Reconciliation",
    "Reference",
    "ReferenceAnswer",
    "ReplyOutcome",
    "Report",
    "Ring",
    "Role",
    "RolePair",
    "RoleQualification",
    "RotaImport",
    "RunOutcome",
    "Series",
    "SeriesState",
    "Shows",
    "SignIn",
    "SignInRequest",
    "Slot",
    "Standing",
    "StandingTurn",
    "StepKind",
    "TextCode",
    "TextMonth",
    "TextNumber",
    "TextSent",
    "TopUpPolicy",
    "Transfer",
    "TransferKind",
    "Venue",
    "Waiting",
    "WaitingState",
    "Way",
    "WithdrawnBecause",
]
