"""Members' cards: a code to print, to scan, or to say aloud.

A code opens nothing: it tells an organiser, who could tick anybody, whom to tick.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import Membership
from timebank.models import Standing

CODE = re.compile("[2-9A-HJ-NP-Z]{8}")
HALF = 4
_BETWEEN = re.compile(r"[\s-]+")


def read_code(typed: str) -> str | None:
    """Read a code as people type or say it, "k7qm 2xwp"; None where it cannot be one."""
    code = _BETWEEN.sub("", typed).upper()
    return code if CODE.fullmatch(code) else None


def said_code(code: str) -> str:
    """Write a code so that it can be read out: "K7QM-2XWP"."""
    return f"{code[:HALF]}-{code[HALF:]}"


def find_by_code(session: Session, *, community_id: int, code: str) -> Membership | None:
    """Find the member whose card it is, here and now."""
    return session.scalar(
        sa.select(Membership).where(
            Membership.community_id == community_id,
            Membership.card_code == code,
            Membership.standing != Standing.LEFT,
        )
    )


def replace_card(session: Session, *, member: Membership) -> str:
    """Give somebody whose card is lost a new code; the old one is nobody's from now on."""
    member.card_code = sa.func.new_card_code()
    session.flush()
    session.refresh(member)
    return member.card_code
