"""The feed of everything that's on, 212 dates, and 2,000 private ones (goals 5 and 6).

Not changed (304): inside Flask, as jCal is answered, and by the short cut in front of it, as
iCalendar is. In full: from bytes that are kept. And what ten thousand subscribers cost who each
look once an hour.
"""

from __future__ import annotations

import statistics
import urllib.request

import sqlalchemy as sa

from bench import common
from bench.common import Figure
from bench.common import Rounds
from bench.common import Stage
from bench.common import Target
from bench.town import VEVENTS
from timebank.core import ids
from timebank.domain.calendar import programs

FEED = "/calendar/all.ics"
MOST_CPU_UNCHANGED = 1.4
LEAST_RATE_UNCHANGED = 0.75
LEAST_RATE_WHOLE = 0.5
SUBSCRIBERS = 10_000
CORES = 2
MOST_PERCENT = 5.0
MILLISECONDS_OF_AN_HOUR = 3_600_000
INSIDE_FLASK = "application/calendar+json"  # by the routes, with an ETag of its own
NEVER_READ = sa.text("UPDATE feed SET last_fetched_at = NULL")
ADDRESSES = sa.text("""
INSERT INTO feed (membership_id, community_id, shows, token_hash)
SELECT m.id, m.community_id, 'turns', t.hash
  FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM membership) m
  JOIN unnest(CAST(:hashes AS bytea[])) WITH ORDINALITY AS t (hash, number) USING (number)""")


def measure(stage: Stage) -> list[Figure]:
    """Ask with the feed's own ETag, and without; and each private feed once, as an hour later."""
    etag, kilobytes = _feed(stage)
    known = {"If_None_Match": etag}
    of_jcal = etag.rstrip('"') + programs.JCAL + '"'
    inside = common.request(FEED, Accept=INSIDE_FLASK, If_None_Match=of_jcal)
    private = _private(stage)
    rounds = common.interleave(
        stage,
        {
            "hello": common.hello(stage),
            "inside": Target(server=stage.goodturn, requests=lambda: [inside], expect=304),
            "304": Target(
                server=stage.goodturn,
                requests=lambda: [common.request(FEED, **known)],
                expect=304,
            ),
            "whole": Target(server=stage.goodturn, requests=lambda: [common.request(FEED)]),
            "private": private,
        },
    )
    return [*_unchanged(rounds), _whole(rounds, kilobytes), *_subscribers(rounds)]


def _unchanged(rounds: Rounds) -> list[Figure]:
    return [
        Figure(
            goal=5,
            what="feed, not changed (304), inside Flask: CPU",
            measured=common.cpu_ratio(rounds, "inside"),
            unit="times hello",
            most=MOST_CPU_UNCHANGED,
            detail=f"{common.costs(rounds, 'inside')}; {common.rates(rounds, 'inside')}",
        ),
        Figure(
            goal=5,
            what="feed, not changed (304), by the short cut: rate",
            measured=common.rate_ratio(rounds, "304"),
            unit="times hello",
            least=LEAST_RATE_UNCHANGED,
            detail=f"{common.rates(rounds, '304')}; {common.costs(rounds, '304')}",
        ),
    ]


def _whole(rounds: Rounds, kilobytes: int) -> Figure:
    return Figure(
        goal=6,
        what=f"feed of {VEVENTS} dates, {kilobytes} KB: rate",
        measured=common.rate_ratio(rounds, "whole"),
        unit="times hello",
        least=LEAST_RATE_WHOLE,
        detail=f"{common.rates(rounds, 'whole')}; {common.costs(rounds, 'whole')}",
    )


def _subscribers(rounds: Rounds) -> list[Figure]:
    """Tell what part of two cores they take: the web server's and the database's work."""
    return [
        Figure(
            goal=5,
            what=f"{SUBSCRIBERS:,} subscribers who look once an hour, {what}",
            measured=_percent(rounds, name),
            unit=f"% of {CORES} cores",
            most=MOST_PERCENT,
            detail=common.costs(rounds, name),
        )
        for name, what in {
            "304": "nothing new",
            "private": "private feeds, nothing new, each noted as read",
            "whole": f"{VEVENTS} dates in full each time",
        }.items()
    ]


def _percent(rounds: Rounds, name: str) -> float:
    milliseconds = statistics.median(
        one.cpu_milliseconds + one.database_milliseconds for one in rounds[name]
    )
    return 100 * SUBSCRIBERS * milliseconds / MILLISECONDS_OF_AN_HOUR / CORES


def _private(stage: Stage) -> Target:
    """Give every member a calendar of their turns; before each round nobody has read any."""
    engine = sa.create_engine(stage.environ["DATABASE_URL"])
    with engine.begin() as connection:
        members = connection.scalar(sa.text("SELECT count(*) FROM membership"))
        tokens = [ids.new_token() for _ in range(members or 0)]
        hashes = [ids.token_hash(token) for token in tokens]
        connection.execute(ADDRESSES, {"hashes": hashes})
    asked = [common.request(f"/me/{token}.ics", If_None_Match="*") for token in tokens]

    def an_hour_later() -> list[bytes]:
        with engine.begin() as connection:
            connection.execute(NEVER_READ)
        return asked

    return Target(server=stage.goodturn, requests=an_hour_later, expect=304, repeat=False)


def _feed(stage: Stage) -> tuple[str, int]:
    address = f"http://127.0.0.1:{stage.goodturn.port}{FEED}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        body: bytes = answer.read()
        if body.count(b"BEGIN:VEVENT") != VEVENTS:
            raise RuntimeError(f"the feed does not show {VEVENTS} dates")
        return answer.headers["ETag"], len(body) // 1000
