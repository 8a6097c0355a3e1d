"""What people without e-mail are told in their next letter, or by telephone where that is late.

A notice to somebody without an address that is worth paper waits as `on_paper` until a letter is
printed for them, or until a coordinator has rung them: it is told once, by whichever comes first.
They are rung, too, where nobody knows whether a text reached them: then they may hear it twice.
Whether it still holds is looked at then, as it is right before a mail leaves.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain.communities import on_paper
from timebank.domain.notices import letters
from timebank.domain.notices import several
from timebank.domain.notices import wording
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.letters_due import RUNG
from timebank.domain.notices.letters_due import RUNG_WITHIN
from timebank.domain.notices.letters_due import TO_COME
from timebank.domain.notices.letters_due import UNTOLD
from timebank.domain.notices.ways import NEEDED_WITHOUT_EMAIL
from timebank.models import Membership
from timebank.models import NoticeKind

# About what has been: a later letter will do.
HAS_BEEN = frozenset(
    {
        NoticeKind.HOURS_CREDITED,
        NoticeKind.HOURS_MOVED,
        NoticeKind.THANKED,
        NoticeKind.EXCHANGE_AGREED,
        NoticeKind.EXCHANGE_UNDONE,
        NoticeKind.EXCHANGE_SETTLED,
        NoticeKind.STATEMENT_WANTED,
        NoticeKind.POST_LAPSED,
    }
)
WORTH_PAPER = TO_COME | HAS_BEEN

MOST_NEWS = 4  # as many as stay on one page with everything else; the others wait for the next
POST_TAKES = dt.timedelta(days=3)
WORTH_READING = dt.timedelta(days=42)
MOST_TO_RING = 200

# Somebody of the community who has no address.
UNREACHED = """
SELECT FROM membership m
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NULL
 WHERE m.community_id = n.community_id AND m.person_id = n.person_id AND m.standing <> 'left'
"""
PUT_ASIDE = f"""
UPDATE notice n
   SET state = 'on_paper', way = 'letter', lease_token = NULL, lease_until = NULL,
       due_at = NULL, last_error = NULL,
       expires_at = CASE WHEN n.kind = ANY (:has_been)
                         THEN greatest(n.expires_at, n.not_before + :worth_reading)
                         ELSE n.expires_at END
 WHERE n.kind = ANY (:kinds) AND n.expires_at > now() AND EXISTS ({UNREACHED})
"""  # noqa: S608 - the part is ours
# A worker tries that first, and puts it aside where nobody takes it.
TEXTED = """
(n.kind = ANY (:texted) AND EXISTS (
   SELECT FROM text_number x JOIN membership m ON m.id = x.membership_id
    WHERE m.community_id = n.community_id AND m.person_id = n.person_id))
"""
BACK_TO_MAIL = """
UPDATE notice n
   SET state = 'pending', way = NULL, not_before = greatest(n.not_before, now())
  FROM profile p
 WHERE n.state = 'on_paper' AND p.person_id = n.person_id AND p.email IS NOT NULL
"""
TOO_LATE = """
UPDATE notice SET state = 'expired', last_error = 'no letter was printed in time'
 WHERE state = 'on_paper' AND expires_at <= now()
"""

# When it is needed by: before it happens, and a moved turn before it was to happen at first.
NEAR_AT = """
CASE WHEN CAST(n.facts ->> 'earlier_starts_at' AS timestamptz) > :now
     THEN least(CAST(n.facts ->> 'earlier_starts_at' AS timestamptz), n.expires_at)
     ELSE n.expires_at END
"""
# In the order in which they came.
OPEN = f"""
SELECT n.id, m.id AS membership_id, n.expires_at, {NEAR_AT} AS near_at
  FROM notice n
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
   AND m.standing <> 'left'
 WHERE n.state = 'on_paper' AND m.community_id = :community_id AND m.id = ANY (:membership_ids)
 ORDER BY n.id
"""  # noqa: S608 - the parts are ours
OF_THIS_PRINT = f"""
SELECT n.id, m.id AS membership_id, n.expires_at, {NEAR_AT} AS near_at
  FROM notice n
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
  JOIN printed_letter l ON l.membership_id = m.id AND l.printed_by = :by
   AND l.printed_at = :now
 WHERE n.state = 'on_paper' AND m.community_id = :community_id AND m.id = ANY (:membership_ids)
 ORDER BY n.id
   FOR NO KEY UPDATE OF n
"""  # noqa: S608
TOLD = """
SELECT n.id, m.id AS membership_id
  FROM printed_letter l
  JOIN membership m ON m.id = l.membership_id
  JOIN notice n ON n.community_id = m.community_id AND n.person_id = m.person_id
   AND n.state = 'sent' AND n.way = 'letter' AND n.sent_at = l.printed_at
 WHERE l.community_id = :community_id AND l.membership_id = ANY (:membership_ids)
   AND l.printed_by = :by AND l.printed_at >= :since
 ORDER BY n.id
"""
SINCE = """
SELECT min(printed_at) FROM printed_letter
 WHERE membership_id = ANY (:membership_ids) AND printed_by = :by AND printed_at > :recent
"""
TO_RING = f"""
SELECT n.id, m.id AS membership_id, p.full_name, p.phone, {NEAR_AT} AS near_at
  FROM notice n
  JOIN membership m ON m.community_id = n.community_id AND m.person_id = n.person_id
   AND m.standing <> 'left'
  JOIN profile p ON p.person_id = m.person_id
 WHERE {UNTOLD} AND n.community_id = :community_id AND n.kind = ANY (:kinds)
   AND n.expires_at > :now AND {NEAR_AT} < :until
 ORDER BY near_at, lower(p.full_name), n.id
 LIMIT :most
"""  # noqa: S608
END = """
UPDATE notice SET state = 'cancelled', last_error = ends.why
  FROM unnest(CAST(:ids AS bigint[]), CAST(:whys AS text[])) AS ends (id, why)
 WHERE notice.id = ends.id AND state = 'on_paper'
"""
IN_A_LETTER = """
UPDATE notice SET state = 'sent', sent_at = :now WHERE id = ANY (:ids) AND state = 'on_paper'
"""
BY_VOICE = f"""
UPDATE notice n SET state = 'sent', way = 'voice', sent_at = :now, told_by = :by,
                    lease_token = NULL, lease_until = NULL
  FROM membership m
  JOIN profile p ON p.person_id = m.person_id
 WHERE n.id = :notice_id AND {UNTOLD} AND n.community_id = :community_id
   AND m.community_id = n.community_id AND m.person_id = n.person_id
RETURNING p.full_name
"""  # noqa: S608
TOLD_BY_VOICE = """
SELECT p.full_name FROM notice n JOIN profile p ON p.person_id = n.person_id
 WHERE n.id = :notice_id AND n.community_id = :community_id AND n.kind = ANY (:kinds)
"""


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to ring because a letter would come too late. For coordinators alone.

    Attributes:
        words: What to tell them, in a sentence or two.
        near_at: From when on it is too late, or they'd come in vain.
    """

    notice_id: int
    membership_id: int
    full_name: str
    phone: str | None
    words: str
    near_at: dt.datetime


def is_for_paper(letter: Letter) -> bool:
    """Tell whether it is worth a line in a letter to somebody whom no mail reaches."""
    return (
        letter.full_name is not None
        and not letter.email
        and letter.kind in WORTH_PAPER
        and _lost(letter) is None
    )


def take_over(session: Session, *, lease: Lease, letter: Letter) -> bool:
    """Let what a worker holds wait for a letter or a call, where it is worth one -> whether so."""
    return is_for_paper(letter) and put_aside(session, lease=lease) > 0


def put_aside(session: Session, *, lease: Lease | None = None) -> int:
    """Let what is due to people without e-mail wait for their letter -> how many.

    Times are the database's own, as wherever notices are delivered.

    Args:
        session: The session.
        lease: Only of the notice that a worker holds; None: all that are due and no text may tell.
    """
    only = (
        f"AND n.state = 'pending' AND n.not_before <= now() AND NOT {TEXTED}"
        if lease is None
        else "AND n.id = :notice_id AND n.lease_token = :token AND n.state = 'leased'"
    )
    values = {
        "kinds": [kind.value for kind in WORTH_PAPER],
        "has_been": [kind.value for kind in HAS_BEEN],
        "texted": [kind.value for kind in NEEDED_WITHOUT_EMAIL],
        "worth_reading": WORTH_READING,
        "notice_id": lease and lease.notice_id,
        "token": lease and lease.token,
    }
    return session.execute(sa.text(PUT_ASIDE + only), values).rowcount  # type: ignore[attr-defined, no-any-return]


def keep_in_step(session: Session) -> int:
    """Put aside what is due, mail it to who has an address by now, end what comes too late."""
    moved = put_aside(session)
    for statement in (BACK_TO_MAIL, TOO_LATE):
        moved += session.execute(sa.text(statement)).rowcount  # type: ignore[attr-defined]
    return moved


def print_letters(
    session: Session, *, membership_ids: Collection[int], by: Membership, now: dt.datetime
) -> dt.datetime:
    """Write down that letters are printed and their news told -> since when, to show just those.

    A second tap in the same minute tells nothing more, and shows the same letters.
    """
    on_paper.note_printed(session, membership_ids=membership_ids, by=by, now=now)
    values = {"membership_ids": list(membership_ids), "by": by.id}
    found = session.execute(
        sa.text(OF_THIS_PRINT), {**values, "now": now, "community_id": by.community_id}
    )
    sorted_out = _sort_out(session, found.all(), now)
    _end(session, sorted_out.lost)
    told = [one for news in sorted_out.news.values() for one, _letter in news]
    session.execute(sa.text(IN_A_LETTER), {"ids": told, "now": now})
    recent = now - on_paper.PRINTED_A_MOMENT_AGO
    since = session.scalar(sa.text(SINCE), {**values, "recent": recent})
    return since or now


def read_news(
    session: Session,
    *,
    community_id: int,
    membership_ids: Collection[int],
    by: int,
    since: dt.datetime | None,
    now: dt.datetime,
) -> dict[int, tuple[str, ...]]:
    """Read what is new in these members' letters, in sentences, by membership.

    Args:
        session: The session.
        community_id: Where.
        membership_ids: Whose.
        by: The membership of who looks.
        since: What they have printed since then; None: what the next letters would tell.
        now: When.
    """
    values = {"community_id": community_id, "membership_ids": list(membership_ids)}
    if since is None:
        found = session.execute(sa.text(OPEN), {**values, "now": now}).all()
        news = _sort_out(session, found, now).news
    else:
        told = session.execute(sa.text(TOLD), {**values, "by": by, "since": since}).all()
        news = _told(session, told)
    return {
        membership_id: tuple(wording.on_paper(letter, now=now) for _id, letter in theirs)
        for membership_id, theirs in news.items()
    }


def whom_to_ring(session: Session, *, community_id: int, now: dt.datetime) -> list[Call]:
    """List who has to be rung, the most pressing first: their letter may come too late."""
    rows = session.execute(
        sa.text(TO_RING),
        {
            "community_id": community_id,
            "kinds": [kind.value for kind in RUNG],
            "now": now,
            "until": now + RUNG_WITHIN,
            "most": MOST_TO_RING,
        },
    ).all()
    found = several.read_many(session, notice_ids=[row.id for row in rows])
    return [
        Call(
            row.id,
            row.membership_id,
            row.full_name,
            row.phone,
            wording.on_paper(found[row.id], now=now),
            row.near_at,
        )
        for row in rows
        if _lost(found[row.id]) is None
    ]


def note_rung(session: Session, *, notice_id: int, by: Membership, now: dt.datetime) -> str:
    """Write down that somebody was told on the telephone -> their name; twice is the same as once.

    Raises:
        NotFound: There is no such news here.
    """
    values = {"notice_id": notice_id, "community_id": by.community_id}
    name = session.scalar(sa.text(BY_VOICE), {**values, "by": by.id, "now": now})
    if name is None:  # told meanwhile, by somebody else or in a letter
        kinds = [kind.value for kind in TO_COME]
        name = session.scalar(sa.text(TOLD_BY_VOICE), {**values, "kinds": kinds})
    if name is None:
        raise NotFound
    return str(name)


@dataclass(frozen=True, slots=True)
class _SortedOut:
    """What a letter tells by membership, and what has lost its cause: notice and why."""

    news: Mapping[int, list[tuple[int, Letter]]]
    lost: Mapping[int, str]


def _sort_out(session: Session, rows: Iterable[sa.Row[Any]], now: dt.datetime) -> _SortedOut:
    """Leave out what no longer holds, is over, comes too soon for the post, or has no room."""
    rows = list(rows)
    found = several.read_many(session, notice_ids=[row.id for row in rows])
    news: defaultdict[int, list[tuple[int, Letter]]] = defaultdict(list)
    lost = {}
    for row in rows:
        letter = found[row.id]
        why = _lost(letter)
        if why is not None:
            lost[row.id] = why
        elif _comes_in_time(letter.kind, row, now) and len(news[row.membership_id]) < MOST_NEWS:
            news[row.membership_id].append((row.id, letter))
    return _SortedOut(news, lost)


def _told(session: Session, rows: Iterable[sa.Row[Any]]) -> Mapping[int, list[tuple[int, Letter]]]:
    rows = list(rows)
    found = several.read_many(session, notice_ids=[row.id for row in rows])
    news: defaultdict[int, list[tuple[int, Letter]]] = defaultdict(list)
    for row in rows:
        if _lost(found[row.id]) is None:
            news[row.membership_id].append((row.id, found[row.id]))
    return news


def _lost(letter: Letter) -> str | None:
    """Tell why it is not so any more, or has been overtaken by later news of the same turn."""
    if letter.kind is NoticeKind.EVENT_MOVED and letter.is_claim_unmoved is False:
        return "it was moved again"
    return letters.lost_cause(letter)


def _comes_in_time(kind: NoticeKind, row: sa.Row[Any], now: dt.datetime) -> bool:
    """Tell whether it is not over, and the post is quicker than what it is about."""
    return bool(row.near_at > now + POST_TAKES if kind in TO_COME else row.expires_at > now)


def _end(session: Session, lost: Mapping[int, str]) -> None:
    if lost:
        session.execute(sa.text(END), {"ids": list(lost), "whys": list(lost.values())})
