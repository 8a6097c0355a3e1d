"""Acting for somebody: who may, for how long, and the deeds that stand written down for both.

A helper has no powers of their own in it: what they do is done as the other would do it, by the
same rules, and nobody can act for somebody without its being seen.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import outbox
from timebank.models import Acted
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Standing
from timebank.models.acting import LOOKS

LONGEST = relativedelta(months=12)
USUAL = relativedelta(months=6)
LONGEST_WORDS = 200
A_DAY = dt.timedelta(days=1)
TOLD_FOR = dt.timedelta(days=7)


class NotThemselves(Refused):
    """Choose somebody else: nobody acts for themselves."""


class SayHow(Refused):
    """Say in a few words how they agreed to it, like “rang her on 3 May”."""


class FromTodayOn(Refused):
    """Choose a first day from today on, within a year."""


class NotSoLong(Refused):
    """Choose a last day after the first, and within a year of it."""


class ActsAlready(Refused):
    """They may act for them at that time already. End that first."""


def let_act(
    session: Session,
    *,
    helper: Membership,
    member: Membership,
    by: Membership,
    starts_on: dt.date,
    last_day: dt.date,
    how_agreed: str,
    today: dt.date,
    now: dt.datetime,
) -> ActingFor:
    """Let somebody act for another for a while; whoever of the two reads mail is told.

    Raises:
        NotAllowed: Only a coordinator writes it down.
        NotThemselves, SayHow, FromTodayOn, NotSoLong, ActsAlready: As they say.
    """
    if by.standing is not Standing.COORDINATOR:
        raise NotAllowed
    if helper.id == member.id:
        raise NotThemselves(field="helper")
    if not 0 < len(how_agreed) <= LONGEST_WORDS:
        raise SayHow(field="how_agreed")
    if not today <= starts_on < today + LONGEST:
        raise FromTodayOn(field="starts_on")
    if not starts_on <= last_day < starts_on + LONGEST:
        raise NotSoLong(field="last_day")
    made = ActingFor(
        community_id=member.community_id,
        helper_id=helper.id,
        member_id=member.id,
        starts_on=starts_on,
        ends_on=last_day + A_DAY,
        how_agreed=how_agreed,
        made_by=by.id,
        created_at=now,
    )
    _write(session, made)
    _tell_both(session, made, now=now)
    return made


def usual_last_day(starts_on: dt.date) -> dt.date:
    """Give the last day of half a year, which is what is proposed."""
    return starts_on + USUAL - A_DAY


def last_day_of(acting: ActingFor) -> dt.date:
    """Tell the last day on which somebody may act."""
    return acting.ends_on - A_DAY


def _write(session: Session, made: ActingFor) -> None:
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        rule = error.orig.diag.constraint_name  # type: ignore[union-attr]
        if rule == "acting_once_at_a_time":
            raise ActsAlready(field="helper") from error
        raise


def find_grant(session: Session, *, community_id: int, acting_id: int) -> ActingFor:
    """Find a row of who may act for whom, for those who run this community or are in it.

    Raises:
        NotFound: No such one here.
    """
    found = session.get(ActingFor, acting_id)
    if found is None or found.community_id != community_id:
        raise NotFound
    return found


def find_live(
    session: Session, *, helper_id: int, member_id: int, today: dt.date, only_looks: bool = False
) -> ActingFor:
    """Find what lets a helper act for somebody today, and keep it from ending until commit.

    Args:
        session: The session.
        helper_id: Who acts.
        member_id: For whom.
        today: The day on the community's clocks.
        only_looks: Nothing will be done: it need not be kept from ending.

    Raises:
        NotFound: They may not, or no longer: a stranger learns nothing.
    """
    helper, member = sa.orm.aliased(Membership), sa.orm.aliased(Membership)
    live = (
        sa.select(ActingFor)
        .join(helper, helper.id == ActingFor.helper_id)
        .join(member, member.id == ActingFor.member_id)
        .where(
            ActingFor.helper_id == helper_id,
            ActingFor.member_id == member_id,
            ActingFor.ended_at.is_(None),
            ActingFor.starts_on <= today,
            ActingFor.ends_on > today,
            helper.standing != Standing.LEFT,
            member.standing != Standing.LEFT,
        )
    )
    found = session.scalar(live if only_looks else live.with_for_update(of=ActingFor, read=True))
    if found is None:
        raise NotFound
    return found


def end(session: Session, *, acting: ActingFor, by: Membership, now: dt.datetime) -> None:
    """Let somebody act no longer, at once. Twice is the same as once.

    A coordinator ends it, or either of the two.

    Raises:
        NotFound: It is nobody else's to end, nor to know of.
    """
    is_theirs = by.id in {acting.helper_id, acting.member_id}
    if not is_theirs and by.standing is not Standing.COORDINATOR:
        raise NotFound
    session.refresh(acting, with_for_update=True)
    if acting.ended_at is not None:
        return
    acting.ended_at = now
    acting.ended_by = by.id
    session.flush()
    outbox.cancel_notices_keyed(session, prefix=f"acting-{acting.id}.")
    _tell_both(session, acting, now=now)


def write_down(
    session: Session,
    *,
    acting: ActingFor,
    what: ActedWhat,
    today: dt.date,
    now: dt.datetime,
    claim_id: int | None = None,
    exchange_id: int | None = None,
) -> None:
    """Write down what a helper did, for ever; a look once a day: then nothing more is written."""
    known = sa.exists().where(
        Acted.acting_id == acting.id, Acted.what == what, Acted.acted_on == today
    )
    if what in LOOKS and session.scalar(sa.select(known)):
        return
    session.execute(
        insert(Acted)
        .values(
            community_id=acting.community_id,
            acting_id=acting.id,
            helper_id=acting.helper_id,
            member_id=acting.member_id,
            what=what,
            claim_id=claim_id,
            exchange_id=exchange_id,
            acted_on=today,
            acted_at=now,
        )
        .on_conflict_do_nothing()
    )


def erase_words(session: Session, *, membership_id: int) -> int:
    """Forget how it was agreed wherever somebody who is erased had a part -> in how many rows."""
    either = sa.or_(ActingFor.helper_id == membership_id, ActingFor.member_id == membership_id)
    done = session.execute(
        sa.update(ActingFor)
        .where(either, ActingFor.how_agreed.is_not(None))
        .values(how_agreed=None)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount  # type: ignore[attr-defined, no-any-return]  # an update has one


def _tell_both(session: Session, acting: ActingFor, *, now: dt.datetime) -> None:
    """Tell the helper and the helped that it begins or is over, where they read mail."""
    people = session.execute(
        sa.select(Membership.id, Membership.person_id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Membership.id.in_([acting.helper_id, acting.member_id]), Profile.email.is_not(None))
    )
    outbox.post_notices(session, [_message(acting, *one, now=now) for one in people])


def _message(
    acting: ActingFor, membership_id: int, person_id: int, *, now: dt.datetime
) -> outbox.Message:
    is_helper = membership_id == acting.helper_id
    is_over = acting.ended_at is not None
    facts = {
        "membership_id": str(acting.member_id if is_helper else acting.helper_id),
        "as": "helper" if is_helper else "member",
        "starts_on": acting.starts_on.isoformat(),
        "last_day": last_day_of(acting).isoformat(),
    }
    stage = "over" if is_over else "begins"
    return outbox.Message(
        community_id=acting.community_id,
        person_id=person_id,
        kind=NoticeKind.ACTING_FOR,
        dedupe_key=f"acting-{acting.id}.{stage}.{membership_id}",
        not_before=now,
        expires_at=now + TOLD_FOR,
        facts={**facts, "over": "yes"} if is_over else facts,
    )
