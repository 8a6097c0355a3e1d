"""Find offers and asks: by words, forgiving accents and slips of the finger, by kind and place.

Asks come first, the newest at the top of each; a page ends where the next begins, so it costs the
same however long the board is. One statement, and three more at most when nothing has the words
as they were typed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.core.text import unaccented
from timebank.domain.exchange import typos
from timebank.models import Category
from timebank.models import PostKind

MOST_WORDS = 8
LONGEST_WORD = 30
SHORTEST_TO_CORRECT = typos.ONE_SLIP
# Anything but spaces, signs and quotes: \w would break words whose vowels are written as marks.
_WORD = re.compile(r"[^\s!-/:-@\[-`{-¿\u2000-\u206f\u3000-\u303f]+")

# Each kind is read from the end of its own index and no further than the page needs.
OF_ONE_KIND = """
(SELECT p.id, p.kind, p.category, p.title, p.words, p.area, p.when_words, p.created_at,
        p.expires_on, p.membership_id, m.person_id
   FROM post p JOIN membership m ON m.id = p.membership_id AND m.standing <> 'left'
  WHERE p.community_id = :community_id AND p.state = 'open'
    AND p.kind = '{kind}' AND p.id < :before_{kind}
    AND (CAST(:category AS text) IS NULL OR p.category = :category)
    AND (CAST(:area AS text) IS NULL OR p.area = :area)
    AND p.membership_id <> ALL ((SELECT ids FROM apart)::bigint[])
    {matching}
  ORDER BY p.id DESC LIMIT :limit)"""
PAGE = """
WITH apart AS (
  SELECT coalesce(array_agg(b.by_id + b.against_id - :viewer_id), '{{}}') AS ids FROM block b
   WHERE b.ended_at IS NULL AND :viewer_id IN (b.by_id, b.against_id)
), page AS (
{asks} UNION ALL {offers}
)
SELECT page.*, f.full_name FROM page LEFT JOIN profile f ON f.person_id = page.person_id
 ORDER BY page.kind, page.id DESC LIMIT :limit
"""
MATCHING = "AND p.search @@ to_tsquery('english', unaccented(:query))"
# Strangers don't read the words, so these may not answer them either: titles and categories alone.
MATCHING_SHOWN = f"""{MATCHING}
    AND ts_filter(p.search, '{{a,b}}') @@ to_tsquery('english', unaccented(:query))"""
NEWER_THAN_ALL = 2**62


def _page_sql(matching: str) -> str:
    """Write the statement of a page, looking for words or not."""
    asks, offers = (OF_ONE_KIND.format(kind=kind, matching=matching) for kind in PostKind)
    return PAGE.format(asks=asks, offers=offers)


PAGE_OF_ALL, PAGE_WITH_WORDS = _page_sql(""), _page_sql(MATCHING)
PAGE_FOR_STRANGERS = _page_sql(MATCHING_SHOWN)

# The newest thousand posts are enough to guess from, and the guess stays quick on a full board.
VOCABULARY = sa.text("""
SELECT word, count(*)
  FROM (SELECT title, CASE WHEN :is_stranger THEN '' ELSE words END AS words, category FROM post
         WHERE community_id = :community_id AND state = 'open' ORDER BY id DESC LIMIT 1000) AS p,
       regexp_split_to_table(
         unaccented(p.title || ' ' || p.words || ' ' || replace(p.category, '_', ' ')),
         '[^[:alnum:]]+') AS word
 WHERE char_length(word) BETWEEN :shortest AND :longest
 GROUP BY word ORDER BY count(*) DESC, word LIMIT 4000
""")

AREAS = sa.text("""
SELECT DISTINCT area FROM post WHERE community_id = :community_id AND state = 'open'
 ORDER BY area LIMIT 60
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody looks for; nothing at all is the whole board.

    `any_word`: whether one of the words is enough.
    """

    words: str = ""
    kind: PostKind | None = None
    category: Category | None = None
    area: str | None = None
    any_word: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An offer or ask as the board shows it.

    Attributes:
        name: First name and initial of whoever it is for; None when strangers look.
        membership_id: Whose it is; None when strangers look.
    """

    post_id: int
    kind: PostKind
    category: Category
    title: str
    words: str
    area: str
    when_words: str
    created_at: dt.datetime
    expires_on: dt.date
    membership_id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of the board.

    Attributes:
        wanted: What was looked for in the end: slips mended, or any of the words.
        is_mended: The words are not those that were typed.
        next_after: Where the next page begins; None: there is none.
    """

    cards: list[Card]
    wanted: Wanted
    is_mended: bool
    next_after: tuple[PostKind, int] | None


def search(
    session: Session,
    *,
    community_id: int,
    wanted: Wanted,
    viewer_id: int | None,
    limit: int,
    after: tuple[PostKind, int] | None = None,
) -> Found:
    """Find a page of offers and asks: as typed, else with slips mended, else by any of the words.

    Args:
        session: The session.
        community_id: Whose board.
        wanted: What is looked for.
        viewer_id: The member who looks; None: a stranger, who is told no names.
        limit: How many on a page.
        after: The last post of the page before.
    """
    scope = _Scope(session, community_id, viewer_id, limit, after)
    found = _page(scope, wanted)
    words = words_of(wanted.words)
    if found.cards or not words or after is not None:
        return found
    mended = _mended(session, community_id, words, is_stranger=viewer_id is None)
    if mended != words:
        again = _page(scope, dataclasses.replace(wanted, words=" ".join(mended)), is_mended=True)
        if again.cards:
            return again
    if len(mended) > 1 and not wanted.any_word:
        some = dataclasses.replace(wanted, words=" ".join(mended), any_word=True)
        return _page(scope, some, is_mended=mended != words)
    return found


def areas(session: Session, *, community_id: int) -> list[str]:
    """List the areas on the board, for choosing among them."""
    return list(session.scalars(AREAS, {"community_id": community_id}))


def words_of(typed: str) -> list[str]:
    """Cut what was typed into words without accents, eight at most."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(unaccented(typed))][:MOST_WORDS]


@dataclass(frozen=True, slots=True)
class _Scope:
    session: Session
    community_id: int
    viewer_id: int | None
    limit: int
    after: tuple[PostKind, int] | None


def _page(scope: _Scope, wanted: Wanted, *, is_mended: bool = False) -> Found:
    words = words_of(wanted.words)
    values = {
        "community_id": scope.community_id,
        "viewer_id": scope.viewer_id or 0,
        "category": wanted.category,
        "area": wanted.area,
        "limit": scope.limit + 1,
        **{f"before_{kind}": _before(kind, wanted, scope.after) for kind in PostKind},
    }
    if words:
        values["query"] = _query(words, any_word=wanted.any_word)
    matching = PAGE_FOR_STRANGERS if scope.viewer_id is None else PAGE_WITH_WORDS
    rows = [*scope.session.execute(sa.text(matching if words else PAGE_OF_ALL), values)]
    cards = [_card(row, is_stranger=scope.viewer_id is None) for row in rows[: scope.limit]]
    last = cards[-1] if len(rows) > scope.limit else None
    return Found(
        cards=cards,
        wanted=wanted,
        is_mended=is_mended,
        next_after=(last.kind, last.post_id) if last else None,
    )


def _before(kind: PostKind, wanted: Wanted, after: tuple[PostKind, int] | None) -> int:
    """Tell below which number a kind's posts belong on this page: below 0 there are none."""
    if wanted.kind not in {None, kind}:
        return 0
    if after is None or kind > after[0]:
        return NEWER_THAN_ALL
    return after[1] if kind == after[0] else 0


def _query(words: list[str], *, any_word: bool) -> str:
    """Write a query of words or their beginnings; there are no quotes in them to break out of."""
    quoted = [f"'{word}':*" for word in words]
    return (" | " if any_word else " & ").join(quoted)


def _card(row: sa.Row[tuple[object, ...]], *, is_stranger: bool) -> Card:
    return Card(
        post_id=row.id,
        kind=PostKind(row.kind),
        category=Category(row.category),
        title=row.title,
        words="" if is_stranger else row.words,
        area=row.area,
        when_words=row.when_words,
        created_at=row.created_at,
        expires_on=row.expires_on,
        membership_id=None if is_stranger else row.membership_id,
        name=None if is_stranger else public_name(row.full_name or ""),
    )


def _mended(
    session: Session, community_id: int, words: list[str], *, is_stranger: bool
) -> list[str]:
    """Put the nearest word of the board in the place of each that isn't on it."""
    values = {
        "community_id": community_id,
        "is_stranger": is_stranger,
        "shortest": SHORTEST_TO_CORRECT - 1,
        "longest": LONGEST_WORD,
    }
    known: dict[str, int] = {row[0]: row[1] for row in session.execute(VOCABULARY, values)}
    return [
        word if any(one.startswith(word) for one in known) else typos.nearest(word, known) or word
        for word in words
    ]
