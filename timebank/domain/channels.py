"""Phones: the browsers in which members asked to be told, set up by a tap and ended by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import phones
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.phones import Phone
from timebank.core.phones import Services
from timebank.domain import outbox
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import PushSubscription
from timebank.models.channels import MOST_PHONES

TRY_LASTS = dt.timedelta(hours=1)

# A browser belongs to whoever is signed in there and tapped last: it moves to them from another.
SET_UP = f"""
INSERT INTO push_subscription AS known
       (membership_id, community_id, place, endpoint, p256dh, auth, label, created_at)
SELECT :membership_id, :community_id, place, :endpoint, :p256dh, :auth, :label, :now
  FROM generate_series(1, {MOST_PHONES}) AS place
 WHERE place NOT IN (SELECT place FROM push_subscription
                      WHERE membership_id = :membership_id AND endpoint <> :endpoint)
 ORDER BY place LIMIT 1
    ON CONFLICT (endpoint) DO UPDATE
   SET membership_id = excluded.membership_id, community_id = excluded.community_id,
       place = CASE WHEN known.membership_id = excluded.membership_id THEN known.place
                    ELSE excluded.place END,
       p256dh = excluded.p256dh, auth = excluded.auth, label = excluded.label,
       created_at = excluded.created_at, failures = 0, failed_as = NULL, last_ok_at = NULL
RETURNING id
"""  # noqa: S608 - a number of ours

# To which phones a notice goes: all of its person's, or the one that they try.
TOLD_ON = """
SELECT s.id, s.endpoint, s.p256dh, s.auth
  FROM notice n
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
  JOIN push_subscription s ON s.membership_id = m.id
 WHERE n.id = :notice_id
   AND (n.kind <> 'phone_tried' OR s.id = CAST(n.facts ->> 'phone' AS bigint))
 ORDER BY s.place
"""

HEARD = """
UPDATE push_subscription s
   SET last_ok_at = CASE WHEN h.took THEN now() ELSE s.last_ok_at END,
       failures = CASE WHEN h.took THEN 0 ELSE s.failures + 1 END,
       failed_as = CASE WHEN h.took THEN NULL ELSE h.code END
  FROM unnest(CAST(:ids AS bigint[]), CAST(:took AS boolean[]), CAST(:codes AS text[]))
       AS h (id, took, code)
 WHERE s.id = h.id
"""


class NotAPhone(Refused):
    """That isn't something your browser gave us. Open the page again, and tap once more."""


class UnknownService(Refused):
    """We don't know how to reach your browser. Try another one, or stay with e-mail."""


class TooManyPhones(Refused):
    """You're told on ten phones already. Stop one of them first."""


class SomebodyElses(Refused):
    """Somebody else was told in this browser. Tap once to be told here yourself."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gives a page that may tell its person: an address and two keys, as typed."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the push service of one phone said to a message: whether it took it, and its code."""

    number: int
    took: bool
    code: str
    is_gone: bool


def set_up(
    session: Session,
    *,
    member: Membership,
    subscription: Subscription,
    label: str,
    services: Services,
    replaces: str = "",
    now: dt.datetime,
) -> int:
    """Tell a member in this browser from now on -> the number of the phone.

    The same browser again is no second phone; one in which somebody else was told is theirs now.

    Args:
        label: What it is called, in words of ours such as "Chrome on Android".
        replaces: The address that the browser had before, where it renews that by itself. Nobody
            has tapped then, so a browser in which somebody else was told stays theirs.

    Raises:
        NotAPhone: Its address or a key is none.
        UnknownService: It is at a push service that isn't known.
        TooManyPhones: They have ten already.
        SomebodyElses: What it replaces is not theirs.
    """
    p256dh, auth = _keys(subscription)
    if services.take_apart(subscription.endpoint) is None:
        raise UnknownService
    theirs = sa.select(Membership.id).where(Membership.id == member.id)
    session.execute(theirs.with_for_update(key_share=True))  # one place is taken after another
    if services.take_apart(replaces) is not None:  # else nobody knows what was typed
        _make_way(session, member, old=replaces, new=subscription.endpoint)
    number: int | None = session.scalar(
        sa.text(SET_UP),
        {
            "membership_id": member.id,
            "community_id": member.community_id,
            "endpoint": subscription.endpoint,
            "p256dh": p256dh,
            "auth": auth,
            "label": label,
            "now": now,
        },
    )
    if number is None:
        raise TooManyPhones
    return number


def _make_way(session: Session, member: Membership, *, old: str, new: str) -> None:
    at_old = sa.select(PushSubscription).where(PushSubscription.endpoint == old)
    phone = session.scalar(at_old)
    if phone is not None and phone.membership_id != member.id:
        raise SomebodyElses
    if phone is not None and old != new:
        session.delete(phone)
        session.flush()


def phones_of(session: Session, *, membership_id: int) -> Sequence[PushSubscription]:
    """List a member's phones."""
    theirs = sa.select(PushSubscription).where(PushSubscription.membership_id == membership_id)
    return session.scalars(theirs.order_by(PushSubscription.place)).all()


def stop(session: Session, *, member: Membership, number: int) -> str:
    """Tell a member on this phone no more -> what it is called.

    Raises:
        NotFound: It is none of theirs.
    """
    phone = _theirs(session, member, number)
    label = phone.label
    session.delete(phone)
    return label


def try_out(session: Session, *, member: Membership, number: int, now: dt.datetime) -> None:
    """Show a member a notice on one phone of theirs, by the way that every notice takes.

    Twice within a minute is once.

    Raises:
        NotFound: It is none of theirs.
    """
    phone = _theirs(session, member, number)
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=member.community_id,
                person_id=member.person_id,
                kind=NoticeKind.PHONE_TRIED,
                dedupe_key=f"phone-tried-{phone.id}-{now:%Y%m%d%H%M}",
                not_before=now,
                expires_at=now + TRY_LASTS,
                facts={"phone": str(phone.id)},
            )
        ],
    )


def told_on(session: Session, *, notice_id: int) -> tuple[Phone, ...]:
    """Find the phones that a notice is to be shown on; none: its person has none."""
    found = session.execute(sa.text(TOLD_ON), {"notice_id": notice_id})
    return tuple(Phone(*row) for row in found)


def note(session: Session, *, said: Sequence[Said]) -> None:
    """Write down what push services said of phones; those that are gone are forgotten."""
    gone = [one.number for one in said if one.is_gone]
    if gone:
        session.execute(sa.delete(PushSubscription).where(PushSubscription.id.in_(gone)))
    left = [one for one in said if not one.is_gone]
    if left:
        values = {
            "ids": [one.number for one in left],
            "took": [one.took for one in left],
            "codes": [one.code for one in left],
        }
        session.execute(sa.text(HEARD), values)


def _keys(subscription: Subscription) -> tuple[bytes, bytes]:
    p256dh = phones.from_base64url(subscription.p256dh)
    auth = phones.from_base64url(subscription.auth)
    if not p256dh or not phones.is_public_key(p256dh):
        raise NotAPhone
    if not auth or len(auth) != phones.SECRET_BYTES:
        raise NotAPhone
    return p256dh, auth


def _theirs(session: Session, member: Membership, number: int) -> PushSubscription:
    phone = session.get(PushSubscription, number)
    if phone is None or phone.membership_id != member.id:
        raise NotFound
    return phone
