"""Answers to an organiser's message that come by mail: people press Reply, and we pass it on.

Each such mail of ours has a Reply-To of its own, whose token is derived from the notice and the
address it went to. So nothing has to be stored, and nothing else is believed: not From, which
anybody can write and many write from elsewhere. What is passed on is what the page would pass on,
under the same limits, and no address goes with it. Whatever can't be is said to its writer once,
by our own mail to their own address; what a program wrote, or nobody of ours, is not answered.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from email.message import Message as Mime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import answers
from timebank.core import ids
from timebank.core import mime
from timebank.core import tagging
from timebank.core.errors import TimebankError
from timebank.domain import communities
from timebank.domain import outbox
from timebank.domain.exchange.contacting import NotPassedOn
from timebank.domain.exchange.contacting import SayWhat
from timebank.domain.exchange.contacting import TooMuchMail
from timebank.domain.messages import answering
from timebank.models import AnswerOutcome
from timebank.models import GroupMessage
from timebank.models import MailedAnswer
from timebank.models import Membership
from timebank.models import MessageAnswer
from timebank.models import NoticeKind
from timebank.models import Standing

PURPOSE = "answer-by-mail"
SAME_ANSWER = uuid.UUID("b5e0a3a2-6c0c-4d0e-9f3b-6d3a54a0c1de")
WORTH_TELLING = dt.timedelta(days=7)
MARK = "m"  # calendars reply to the same address, without it
ANSWERED_BY_MAIL = frozenset(
    {NoticeKind.ORGANISER_WROTE, NoticeKind.ORGANISER_NEWS, NoticeKind.MESSAGE_ANSWERED}
)

ANSWERED = """
SELECT n.id AS notice_id, n.community_id, n.person_id, p.email, m.id AS membership_id,
       m.standing, g.id AS message_id, g.event_id, g.erased_at IS NOT NULL AS is_erased,
       n.kind = 'message_answered' AND NOT a.by_organiser AS is_to_organiser,
       a.membership_id AS talks_with
  FROM notice n
  LEFT JOIN profile p ON p.person_id = n.person_id
  LEFT JOIN membership m ON m.person_id = n.person_id AND m.community_id = n.community_id
  LEFT JOIN message_answer a ON a.id = CAST(n.facts ->> 'answer_id' AS bigint)
                            AND a.community_id = n.community_id
  LEFT JOIN group_message g ON g.id = coalesce(a.group_message_id,
                                               CAST(n.facts ->> 'group_message_id' AS bigint))
                           AND g.community_id = n.community_id
 WHERE n.id = :notice_id AND n.kind IN ('organiser_wrote', 'organiser_news', 'message_answered')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where answers arrive: the address, empty where nobody reads one, and the key of its tokens.

    It is where calendars reply, too: a mark before the token tells them apart.
    """

    secret_key: str
    reply_address: str

    def answers_to(self, *, kind: NoticeKind, notice_id: int, address: str) -> str:
        """Write where a mail is answered; empty for other kinds, and where nobody reads it."""
        if kind not in ANSWERED_BY_MAIL or not address:
            return ""
        token = ids.signed_token(self.secret_key, PURPOSE, notice_id, to=address)
        return tagging.tagged(self.reply_address, MARK + token)

    def is_ours(self, token: str, *, address: str) -> bool:
        """Tell whether we wrote a token, for a notice that went to this address."""
        return ids.read_signed_token(self.secret_key, PURPOSE, token, to=address) is not None


def take(session: Session, *, raw: bytes, desk: Desk, now: dt.datetime) -> AnswerOutcome | None:
    """Take a mail in: pass on what it says, or say why not -> None: it isn't for this desk.

    The same mail again changes nothing and is counted once, whichever way it came.
    """
    headers = mime.headers_of(raw)
    tokens = tagging.tokens_in(mime.recipients_of(headers), of=desk.reply_address, mark=MARK)
    if not tokens:
        return None
    digest = _digest(raw, headers, tokens)
    before = session.scalar(sa.select(MailedAnswer.outcome).where(MailedAnswer.digest == digest))
    if before is not None:
        return before
    outcome = _judge(session, raw, headers, _answered(session, desk, tokens), now)
    row = {"digest": digest, "outcome": outcome, "read_at": now}
    session.execute(insert(MailedAnswer).values(row).on_conflict_do_nothing())
    return outcome


def _digest(raw: bytes, headers: Mime, tokens: list[str]) -> bytes:
    """Name a mail by what stays the same on every way that it takes, from version to version."""
    named = str(headers.get("Message-ID", "")).strip()[: mime.LONGEST_HEADER]
    parts = [(int(number), proof) for number, _, proof in (one.partition("-") for one in tokens)]
    whole = f"{parts} {named}".encode("utf-8", "surrogatepass") if named else raw
    return hashlib.sha256(whole).digest()


def _answered(session: Session, desk: Desk, tokens: list[str]) -> sa.Row[Any] | None:
    """Find the notice that was answered: the first whose token we wrote for its reader."""
    for token in tokens:
        notice_id = int(token.partition("-")[0])
        found = session.execute(sa.text(ANSWERED), {"notice_id": notice_id}).first()
        if found is not None and desk.is_ours(token, address=found.email or ""):
            return found
    return None


def _judge(
    session: Session,
    raw: bytes,
    headers: Mime,
    answered: sa.Row[Any] | None,
    now: dt.datetime,
) -> AnswerOutcome:
    if answers.is_automatic(headers):
        return AnswerOutcome.AUTOMATIC
    if answered is None:
        return AnswerOutcome.WRONG
    if answered.membership_id is None or answered.standing == Standing.LEFT:
        return AnswerOutcome.GONE
    if answered.message_id is None or answered.is_erased:
        return AnswerOutcome.GONE
    try:
        answer = answers.read(answers.opened(raw))
    except answers.Unreadable:
        _say_why(session, answered, "unreadable", now)
        return AnswerOutcome.UNREADABLE
    return _pass_on(session, answered, answer, now)


def _pass_on(
    session: Session, answered: sa.Row[Any], answer: answers.Answer, now: dt.datetime
) -> AnswerOutcome:
    try:
        said = _say(session, answered, answer.words, now)
    except TimebankError as refusal:
        _say_why(session, answered, _reason(refusal, answer), now)
        return AnswerOutcome.RETURNED
    said.had_files = said.had_files or answer.had_files
    session.flush()
    return AnswerOutcome.PASSED_ON


def _say(session: Session, answered: sa.Row[Any], words: str, now: dt.datetime) -> MessageAnswer:
    """Answer as the page does: to whoever wrote, or as an organiser to whoever answered."""
    message = session.get_one(GroupMessage, answered.message_id)
    writer = session.get_one(Membership, answered.membership_id)
    # The same words to the same mail are one answer, however often they come.
    intent = uuid.uuid5(SAME_ANSWER, str(answered.notice_id))
    if not answered.is_to_organiser:
        return answering.answer(
            session, message=message, reader=writer, words=words, intent=intent, now=now
        )
    if not communities.may_organise(session, membership=writer, group_id=message.group_id):
        raise NotPassedOn
    return answering.write_back(
        session,
        message=message,
        membership_id=answered.talks_with,
        by=writer.id,
        words=words,
        intent=intent,
        now=now,
    )


def _reason(refusal: TimebankError, answer: answers.Answer) -> str:
    if isinstance(refusal, SayWhat):
        return "long" if answer.words else ("files" if answer.had_files else "empty")
    return "many" if isinstance(refusal, TooMuchMail) else "refused"


def _say_why(session: Session, answered: sa.Row[Any], why: str, now: dt.datetime) -> None:
    """Tell its writer that it went nowhere, once for each mail of ours that they answered."""
    notice = outbox.Message(
        community_id=answered.community_id,
        person_id=answered.person_id,
        kind=NoticeKind.ANSWER_RETURNED,
        dedupe_key=f"answer-returned-{answered.notice_id}",
        not_before=now,
        expires_at=now + WORTH_TELLING,
        facts={
            "why": why,
            "group_message_id": str(answered.message_id),
            "event_id": str(answered.event_id),
            **({"to_organiser": "yes"} if answered.is_to_organiser else {}),
        },
    )
    outbox.post_notices(session, [notice])
