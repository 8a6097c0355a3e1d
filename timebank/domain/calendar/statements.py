# ruff: noqa: S608 - the statements are put together from constants of this module only
"""What the database is asked about feeds that everybody may read, and what all feeds share.

Of each feed there are two statements: its state (where it is, how many items it shows, a digest of
their ids and sequences, the newest change), and its rows, which bring the same three with them.
Whoever knows the state already asks a third, a look: where it is, and the mark of its community,
which is another after each change. It costs the same however many dates there are.
"""

from __future__ import annotations

from typing import LiteralString

# The one community, or the one that lives at this host.
HERE: LiteralString = (
    " WHERE (c.host = %(host)s OR NOT EXISTS (SELECT FROM community o WHERE o.id <> c.id))"
)
DIGEST: LiteralString = (
    "count(*) AS shown, bit_xor(hashint8extended(e.id, e.sequence)) AS digest,"
    " max(e.updated_at) AS changed_at"
)
IN_WINDOW: LiteralString = " e.starts_at >= %(since)s AND e.starts_at < %(until)s"

MARK: LiteralString = (
    "(SELECT bit_xor(n.mark) FROM calendar_change n WHERE n.community_id = c.id) AS mark"
)

_EVERYTHING: LiteralString = "c.id, c.host, c.place, c.timezone"
_GROUP: LiteralString = "g.id, c.host, g.name, c.timezone"
_SERIES: LiteralString = "s.id, c.host, s.title, c.timezone"
_OF_A_GROUP: LiteralString = (
    "community c JOIN community_group g ON g.community_id = c.id AND g.slug = %(slug)s"
)
_OF_A_SERIES: LiteralString = (
    "community c JOIN series s"
    " ON s.community_id = c.id AND s.slug = %(slug)s AND s.state = 'published'"
)
LOOK_AT_EVERYTHING: LiteralString = f"SELECT {_EVERYTHING}, {MARK} FROM community c {HERE}"
LOOK_AT_A_GROUP: LiteralString = f"SELECT {_GROUP}, {MARK} FROM {_OF_A_GROUP} {HERE}"
LOOK_AT_A_SERIES: LiteralString = f"SELECT {_SERIES}, {MARK} FROM {_OF_A_SERIES} {HERE}"

# Leaving the few drafts out costs a third of joining every event to its series.
WHATS_ON: LiteralString = f"""
SELECT {_EVERYTHING}, {MARK}, t.shown, t.digest, t.changed_at
  FROM community c
 CROSS JOIN LATERAL (
       SELECT {DIGEST} FROM event e
        WHERE e.community_id = c.id AND {IN_WINDOW} AND e.series_id NOT IN (
              SELECT s.id FROM series s
               WHERE s.community_id = c.id AND s.state <> 'published')) t
{HERE}"""

ONE_GROUP: LiteralString = f"""
SELECT {_GROUP}, {MARK}, t.shown, t.digest, t.changed_at
  FROM {_OF_A_GROUP}
 CROSS JOIN LATERAL (
       SELECT {DIGEST} FROM series s JOIN event e ON e.series_id = s.id
        WHERE s.group_id = g.id AND s.state = 'published' AND {IN_WINDOW}) t
{HERE}"""

ONE_SERIES: LiteralString = f"""
SELECT {_SERIES}, {MARK}, t.shown, t.digest, t.changed_at
  FROM {_OF_A_SERIES}
 CROSS JOIN LATERAL (SELECT {DIGEST} FROM event e WHERE e.series_id = s.id AND {IN_WINDOW}) t
{HERE}"""

ONE_DATE: LiteralString = f"""
SELECT e.id, c.host, s.title, c.timezone, 1, hashint8extended(e.id, e.sequence), e.updated_at
  FROM {_OF_A_SERIES}
  JOIN event e ON e.series_id = s.id AND e.occurs_on = %(day)s
{HERE}"""

SHOWN: LiteralString = """
  e.uid::text, {sequence}, e.created_at, {updated_at}, {starts_at}, {ends_at}, {is_cancelled},
  e.outlook, e.reason, e.occurs_on, s.slug, s.title, s.description, s.bring, v.name, v.address,
  v.latitude, v.longitude, g.name, s.scene, {slot_id}, {role}, {role_id}, {about}, {whose},
  {membership_id}, NULL, {filled}, {places}"""
OF_AN_EVENT: dict[str, LiteralString] = {
    "sequence": "e.sequence",
    "updated_at": "e.updated_at",
    "starts_at": "e.starts_at",
    "ends_at": "e.ends_at",
    "is_cancelled": "e.state <> 'planned'",
    **dict.fromkeys(
        (
            "slot_id",
            "role",
            "role_id",
            "about",
            "whose",
            "membership_id",
            "filled",
            "places",
        ),
        "NULL",
    ),
}

TABLES: LiteralString = """
  JOIN series s ON s.id = e.series_id
  JOIN community_group g ON g.id = s.group_id
  JOIN venue v ON v.id = e.venue_id"""

EVENT_ROWS: LiteralString = f"""
SELECT count(*) OVER (), bit_xor(hashint8extended(e.id, e.sequence)) OVER (),
       max(e.updated_at) OVER (), {SHOWN.format(**OF_AN_EVENT)}
  FROM event e {TABLES}
 WHERE s.state = 'published' AND """

ORDER: LiteralString = " ORDER BY e.starts_at, e.id"

ROWS_OF_EVERYTHING: LiteralString = (
    EVENT_ROWS + "e.community_id = %(holder)s AND " + IN_WINDOW + ORDER
)
ROWS_OF_A_GROUP: LiteralString = EVENT_ROWS + "s.group_id = %(holder)s AND " + IN_WINDOW + ORDER
ROWS_OF_A_SERIES: LiteralString = EVENT_ROWS + "e.series_id = %(holder)s AND " + IN_WINDOW + ORDER
ROWS_OF_A_DATE: LiteralString = EVENT_ROWS + "e.id = %(holder)s"
