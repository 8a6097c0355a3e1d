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

__all__ = [
    "Block",
    "Category",
    "Conversation",
    "Message",
    "Post",
    "PostKind",
    "PostState",
    "Report",
    "Ring",
]
