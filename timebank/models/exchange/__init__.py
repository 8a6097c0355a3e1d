"""The exchange: what neighbours ask and offer, and the messages that bring them together."""

from __future__ import annotations

from timebank.models.exchange.board import Category
from timebank.models.exchange.board import Post
from timebank.models.exchange.board import PostKind
from timebank.models.exchange.board import PostState
from timebank.models.exchange.contacts import Block
from timebank.models.exchange.contacts import Conversation
from timebank.models.exchange.contacts import Message
from timebank.models.exchange.contacts import Report
from timebank.models.exchange.contacts import Ring
from timebank.models.exchange.exchanges import Exchange
from timebank.models.exchange.exchanges import ExchangeState
from timebank.models.exchange.exchanges import ExchangeStep
from timebank.models.exchange.exchanges import StepKind

__all__ = [
    "Block",
    "Category",
    "Conversation",
    "Exchange",
    "ExchangeState",
    "ExchangeStep",
    "Message",
    "Post",
    "PostKind",
    "PostState",
    "Report",
    "Ring",
    "StepKind",
]
