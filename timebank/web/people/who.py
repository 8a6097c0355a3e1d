"""Who may see pages about others, and the one they are about."""

from __future__ import annotations

from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.communities import neighbours
from timebank.models import Membership
from timebank.models import Profile
from timebank.web.auth import member
from timebank.web.door import door


def coordinates() -> bool:
    """Tell whether the viewer coordinates this community."""
    viewer = door().viewer
    return bool(viewer and viewer.is_coordinator)


def organiser() -> Membership:
    """Let only those pass who run something here.

    Raises:
        NotFound: They don't: a stranger learns nothing.
    """
    viewer = door().viewer
    if viewer is None or not viewer.is_organiser:
        raise NotFound
    return db.session.get_one(Membership, member())


def member_here(membership_id: int) -> Membership:
    """Find a member of this community who hasn't left.

    Raises:
        NotFound: No such member here.
    """
    return neighbours.find_member(
        db.session(), community_id=door().community.id, membership_id=membership_id
    )


def full_name_of(who: Membership) -> str:
    """Tell somebody's name, for papers of their own.

    Raises:
        NotFound: Their name and address were deleted.
    """
    profile = db.session.get(Profile, who.person_id)
    if profile is None:
        raise NotFound
    return profile.full_name
