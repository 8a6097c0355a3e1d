"""People and signing in without a password: an e-mailed link or a six-digit code.

Link and code are derived from the request's nonce and the secret key, so the database holds
nothing that could sign anybody in, and the worker can word the mail long after the request.
"""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import suppression
from timebank.models import Membership
from timebank.models import Person
from timebank.models import Profile
from timebank.models import PushSubscription
from timebank.models import SignIn
from timebank.models import SignInRequest

REQUEST_LASTS = dt.timedelta(minutes=15)
SIGN_IN_LASTS = dt.timedelta(days=90)
MOST_WRONG_CODES = 5
MOST_REQUESTS_AN_HOUR = 5


class LinkRanOut(NotFound):
    """This link has run out. Ask for a fresh one."""


class WrongCode(Refused):
    """That code doesn't match. Check the newest message from us, or ask for a fresh one."""


class TooManyRequests(Refused):
    """We've sent you several messages already. Wait an hour, or use the newest one."""


def find_person(session: Session, *, email: str) -> Person | None:
    """Find the person with this e-mail address, written in lower case."""
    return session.scalar(sa.select(Person).join(Profile).where(Profile.email == email))


def find_or_create_person(session: Session, *, full_name: str, email: str | None) -> Person:
    """Find somebody by e-mail, or write them down; two at the same time make one person.

    A name already on record stays: a stranger who knows an address cannot rename its owner.
    """
    person = find_person(session, email=email) if email else None
    if person:
        return person
    person = Person()
    session.add(person)
    session.flush()
    made = session.execute(
        insert(Profile)
        .values(person_id=person.id, full_name=full_name, email=email)
        .on_conflict_do_nothing(constraint="one_person_per_email")
        .returning(Profile.person_id)
    ).first()
    if made:
        return person
    session.delete(person)
    session.flush()
    return session.scalars(sa.select(Person).join(Profile).where(Profile.email == email)).one()


def write_down(session: Session, *, full_names: Sequence[str]) -> list[int]:
    """Write people down who have no e-mail, in their order -> who they are, by number."""
    made = session.scalars(
        sa.text("INSERT INTO person SELECT FROM generate_series(1, :people) RETURNING id"),
        {"people": len(full_names)},
    )
    ids = sorted(made)
    session.execute(
        sa.text("""
          INSERT INTO profile (person_id, full_name)
          SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:names AS text[]))"""),
        {"ids": ids, "names": list(full_names)},
    )
    return ids


def say_age(session: Session, *, person_id: int, at_least: int, on: dt.date) -> None:
    """Write down that somebody is so many years old or more; never takes years off again."""
    said = Profile.age_at_least + sa.extract(
        "year", sa.func.age(sa.cast(on, sa.Date), Profile.age_said_on)
    )
    session.execute(
        sa.update(Profile)
        .where(Profile.person_id == person_id, sa.func.coalesce(said, 0) < at_least)
        .values(age_at_least=at_least, age_said_on=on)
        .execution_options(synchronize_session=False)
    )


def is_unconfirmed(session: Session, *, person_id: int) -> bool:
    """Whether nobody has shown yet that this person's e-mail is theirs."""
    seen = sa.select(Profile.email_confirmed_at).where(Profile.person_id == person_id)
    return session.scalar(seen) is None


def request_sign_in(
    session: Session, *, community_id: int, person_id: int, next_path: str, now: dt.datetime
) -> SignInRequest:
    """Write down that somebody wants to sign in; a new request voids the earlier ones.

    Raises:
        TooManyRequests: After five in an hour, so that nobody's mailbox can be flooded.
    """
    recent = sa.select(sa.func.count()).where(
        SignInRequest.person_id == person_id,
        SignInRequest.created_at > now - dt.timedelta(hours=1),
    )
    if session.scalar(recent) >= MOST_REQUESTS_AN_HOUR:  # type: ignore[operator]
        raise TooManyRequests(field="email")
    session.execute(
        sa.update(SignInRequest)
        .where(SignInRequest.person_id == person_id, SignInRequest.used_at.is_(None))
        .values(used_at=now)
    )
    request = SignInRequest(
        community_id=community_id,
        person_id=person_id,
        next_path=next_path,
        created_at=now,
        expires_at=now + REQUEST_LASTS,
    )
    session.add(request)
    session.flush()
    return request


def sign_in_link_token(request: SignInRequest, *, secret_key: str) -> str:
    """Write the token of the link in the mail."""
    return f"{request.id}-{ids.sign(secret_key, 'sign-in', f'{request.id}:{request.nonce}')}"


def sign_in_code(request: SignInRequest, *, secret_key: str) -> str:
    """Write the six digits of the mail."""
    return ids.signed_digits(secret_key, "sign-in-code", f"{request.id}:{request.nonce}")


def read_sign_in_link(
    session: Session, *, token: str, secret_key: str, now: dt.datetime
) -> SignInRequest:
    """Find the request that a link belongs to, without using it up.

    Raises:
        LinkRanOut: When it is not ours, used, or older than fifteen minutes.
    """
    number = token.partition("-")[0]
    request = None
    if number.isascii() and number.isdigit() and len(number) < 19:  # noqa: PLR2004 - bigint
        request = session.get(SignInRequest, int(number))
    if request is None or request.used_at or request.expires_at <= now:
        raise LinkRanOut
    expected = sign_in_link_token(request, secret_key=secret_key)
    if not hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace")):
        raise LinkRanOut
    return request


def check_sign_in_code(
    session: Session, *, nonce: uuid.UUID, code: str, secret_key: str, now: dt.datetime
) -> SignInRequest:
    """Find the request that a typed code belongs to; five wrong ones end it.

    The nonce is what a browser may know of its request: it says nothing about the address, and
    one that belongs to no request at all is answered the same.

    A wrong code is counted on the row even though it is refused: the door commits before it
    shows the refusal.

    Raises:
        WrongCode: When the digits differ, or there is no such request, or it is used up, too
            old, or had five wrong codes.
    """
    request = session.scalar(
        sa.select(SignInRequest).where(SignInRequest.nonce == nonce).with_for_update()
    )
    if (
        request is None
        or request.used_at
        or request.expires_at <= now
        or request.wrong_codes >= MOST_WRONG_CODES
    ):
        raise WrongCode(field="code")
    if not hmac.compare_digest(sign_in_code(request, secret_key=secret_key), code):
        request.wrong_codes += 1
        session.flush()
        raise WrongCode(field="code")
    return request


def sign_in(session: Session, *, request: SignInRequest, now: dt.datetime) -> str:
    """Use a request up and open a sign-in -> the token for the browser's cookie.

    Raises:
        LinkRanOut: When somebody used it a moment before.
    """
    used = session.execute(
        sa.update(SignInRequest)
        .where(SignInRequest.id == request.id, SignInRequest.used_at.is_(None))
        .values(used_at=now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise LinkRanOut
    confirm_email(session, person_id=request.person_id, now=now)
    return open_sign_in(session, person_id=request.person_id, now=now)


def confirm_email(
    session: Session, *, person_id: int, now: dt.datetime, full_name: str | None = None
) -> None:
    """Note that somebody reads mail at their address: they used a link or a code of ours.

    Whatever came back from there earlier does not count any more.

    Args:
        full_name: What they called themselves when they asked for that mail. The first time, it
            replaces the name on record, which anybody could have typed.
    """
    suppression.lift(session, person_id=person_id, now=now)
    values: dict[str, object] = {"email_confirmed_at": now}
    if full_name:
        values["full_name"] = full_name
    session.execute(
        sa.update(Profile)
        .where(Profile.person_id == person_id, Profile.email_confirmed_at.is_(None))
        .values(values)
    )


def open_sign_in(session: Session, *, person_id: int, now: dt.datetime) -> str:
    """Sign a browser in -> the token for its cookie; only the hash is kept."""
    token = ids.new_token()
    session.add(
        SignIn(
            person_id=person_id,
            token_hash=ids.token_hash(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + SIGN_IN_LASTS,
        )
    )
    session.flush()
    return token


def end_sign_in(session: Session, *, token: str, now: dt.datetime) -> None:
    """Sign a browser out, on the server: a copied cookie is worth nothing afterwards."""
    session.execute(
        sa.update(SignIn)
        .where(SignIn.token_hash == ids.token_hash(token), SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_all_sign_ins(session: Session, *, person_id: int, now: dt.datetime) -> None:
    """Sign somebody out of every browser, and void the links and codes on their way to them.

    Nothing is shown in those browsers from then on.
    """
    session.execute(
        sa.update(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(SignInRequest)
        .where(SignInRequest.person_id == person_id, SignInRequest.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    theirs = sa.select(Membership.id).where(Membership.person_id == person_id)
    session.execute(
        sa.delete(PushSubscription)
        .where(PushSubscription.membership_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )
