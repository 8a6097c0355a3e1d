"""Communities: founding one, joining it, who may run what in it, and what people are trained for.

Checks and training stand in `timebank.domain.communities.qualifications`.
"""

from __future__ import annotations

from timebank.domain.communities.founding import MEMBER_FLOOR_MINUTES
from timebank.domain.communities.founding import MEMBER_SOFT_FLOOR_MINUTES
from timebank.domain.communities.founding import POT_FLOOR_MINUTES
from timebank.domain.communities.founding import GuestOfTheRota
from timebank.domain.communities.founding import SlugTaken
from timebank.domain.communities.founding import approve
from timebank.domain.communities.founding import create_community
from timebank.domain.communities.founding import create_coordinator
from timebank.domain.communities.founding import create_group
from timebank.domain.communities.founding import is_member
from timebank.domain.communities.founding import join
from timebank.domain.communities.founding import join_all
from timebank.domain.communities.founding import may_organise
from timebank.domain.communities.founding import open_accounts
from timebank.domain.communities.founding import require_member

__all__ = [
    "MEMBER_FLOOR_MINUTES",
    "MEMBER_SOFT_FLOOR_MINUTES",
    "POT_FLOOR_MINUTES",
    "GuestOfTheRota",
    "SlugTaken",
    "approve",
    "create_community",
    "create_coordinator",
    "create_group",
    "is_member",
    "join",
    "join_all",
    "may_organise",
    "open_accounts",
    "require_member",
]
