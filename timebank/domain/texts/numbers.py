"""Mobile numbers: how they are typed and kept, how somebody proves theirs, and who agreed.

Only mobile numbers of the operator's region are taken: messages elsewhere, and to lines that
charge whoever rings, cost more than the guard reckons with.
"""

from __future__ import annotations

import datetime as dt
import hmac

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core.errors import Refused
from timebank.domain import outbox
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import TextCode
from timebank.models import TextNumber
from timebank.models.texts import MOST_WRONG_CODES

CODE_LASTS = dt.timedelta(minutes=10)
A_DAY = dt.timedelta(days=1)
MOST_CODES_A_DAY = 3
LONGEST_TYPED = 40


class NoMobileNumber(Refused):
    """That doesn't look like a mobile number here. Write it like 07400 123456."""


class TooManyCodes(Refused):
    """We've sent three codes in a day, and that's as many as we may. Try again tomorrow."""


class WrongTextCode(Refused):
    """That code isn't right, or it's more than ten minutes old. Have another one sent."""


def read_number(typed: str, *, region: str) -> str:
    """Read a mobile number as people type it -> as E.164 writes it.

    Args:
        typed: With spaces, brackets or the country's code, or without.
        region: Whose numbers are taken, as ISO 3166 names it.

    Raises:
        NoMobileNumber: It is none of the region's mobile numbers.
    """
    import phonenumbers  # noqa: PLC0415 - large, and few instances need it

    problem = NoMobileNumber(field="number")
    if len(typed) > LONGEST_TYPED:
        raise problem
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise problem from None
    if not (
        phonenumbers.is_valid_number_for_region(number, region)
        and phonenumbers.number_type(number)
        in {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
        and not number.extension
    ):
        raise problem
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def said(number: str) -> str:
    """Write a number as people of its region do: 07400 123456."""
    import phonenumbers  # noqa: PLC0415

    parsed = phonenumbers.parse(number, None)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def number_of(session: Session, *, membership_id: int) -> TextNumber | None:
    """Find the number on which a member is texted."""
    return session.get(TextNumber, membership_id)


def ask_for_code(
    session: Session, *, member: Membership, number: str, now: dt.datetime
) -> TextCode:
    """Have a code sent to a number, to prove that it is theirs; it voids the one before.

    Raises:
        TooManyCodes: After three in a day, to this number or for this member.
    """
    # One after another, so that nobody gets a fourth by tapping twice at once.
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:number))"), {"number": number})
    session.execute(sa.select(Membership.id).where(Membership.id == member.id).with_for_update())
    recent = sa.select(sa.func.count()).where(
        sa.or_(TextCode.number == number, TextCode.membership_id == member.id),
        TextCode.created_at > now - A_DAY,
    )
    if (session.scalar(recent) or 0) >= MOST_CODES_A_DAY:
        raise TooManyCodes(field="number")
    _void(session, member, now)
    code = TextCode(
        membership_id=member.id,
        community_id=member.community_id,
        number=number,
        created_at=now,
        expires_at=now + CODE_LASTS,
    )
    session.add(code)
    session.flush()
    message = outbox.Message(
        community_id=member.community_id,
        person_id=member.person_id,
        kind=NoticeKind.TEXT_CODE,
        dedupe_key=f"text-code-{code.id}",
        not_before=now,
        expires_at=code.expires_at,
        facts={"text_code_id": str(code.id)},
    )
    outbox.post_notices(session, [message])
    return code


def digits_of(code: TextCode, *, secret_key: str) -> str:
    """Write the six digits that are sent."""
    return ids.signed_digits(secret_key, "text-code", f"{code.id}:{code.nonce}")


def open_code(session: Session, *, member: Membership, now: dt.datetime) -> TextCode | None:
    """Find the code that a member may still type in."""
    return session.scalar(
        sa.select(TextCode)
        .where(TextCode.membership_id == member.id, TextCode.used_at.is_(None))
        .where(TextCode.expires_at > now, TextCode.wrong_codes < MOST_WRONG_CODES)
        .order_by(TextCode.id.desc())
        .limit(1)
    )


def prove(
    session: Session, *, member: Membership, digits: str, secret_key: str, now: dt.datetime
) -> TextNumber:
    """Take the code that was typed: the number is theirs from now on.

    A wrong code is counted although it is refused: the door commits before it shows the refusal.

    Raises:
        WrongTextCode: It is another one, too old, or five were wrong.
    """
    code = open_code(session, member=member, now=now)
    if code is None:
        raise WrongTextCode(field="code")
    session.refresh(code, with_for_update=True)
    if code.used_at or code.wrong_codes >= MOST_WRONG_CODES:
        raise WrongTextCode(field="code")
    if not hmac.compare_digest(digits_of(code, secret_key=secret_key), digits):
        code.wrong_codes += 1
        session.flush()
        raise WrongTextCode(field="code")
    _void(session, member, now)
    return _keep(session, member, number=code.number, proven_at=now)


def note_agreed(
    session: Session, *, member: Membership, number: str, by: Membership, now: dt.datetime
) -> TextNumber:
    """Write down that somebody without e-mail agreed to texts, and with whom."""
    return _keep(session, member, number=number, agreed_with=by.id, agreed_at=now)


def end(session: Session, *, member: Membership, now: dt.datetime) -> None:
    """Text somebody no more: their number goes; twice is the same as once."""
    session.execute(sa.delete(TextNumber).where(TextNumber.membership_id == member.id))
    _void(session, member, now)


def forget_codes(session: Session, *, now: dt.datetime) -> int:
    """Delete the codes that no limit a day needs any more -> how many."""
    old = sa.delete(TextCode).where(TextCode.created_at <= now - A_DAY)
    return session.execute(old).rowcount  # type: ignore[attr-defined, no-any-return]


def _void(session: Session, member: Membership, now: dt.datetime) -> None:
    session.execute(
        sa.update(TextCode)
        .where(TextCode.membership_id == member.id, TextCode.used_at.is_(None))
        .values(used_at=now)
    )


def _keep(session: Session, member: Membership, **values: object) -> TextNumber:
    empty = dict.fromkeys(("proven_at", "agreed_with", "agreed_at"))
    row = {**empty, **values, "membership_id": member.id, "community_id": member.community_id}
    session.execute(
        insert(TextNumber)
        .values(row)
        .on_conflict_do_update(index_elements=["membership_id"], set_=row)
    )
    session.expire_all()
    return session.get_one(TextNumber, member.id)
