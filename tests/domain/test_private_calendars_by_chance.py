"""Any edits in any order: calendars keep their UIDs, and are new exactly when they differ."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_walk
from tests.builders import acting_for
from tests.builders import an_event
from tests.calendars import Subscriber
from tests.calendars import events_of
from tests.calendars import unfolded
from timebank.core import clock
from timebank.domain.calendar import addresses
from timebank.domain.calendar.addresses import Narrowing
from timebank.domain.rota import changing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import Group
from timebank.models import Profile
from timebank.models import Role
from timebank.models import Series
from timebank.models import Shows
from timebank.models import Venue
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 10, 24)
EDITS = 14
MOMENT = dt.timedelta(minutes=7)


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=DAY)
    an_event(session, walk.series, DAY + dt.timedelta(weeks=1))
    acting_for(
        session, helper=walk.ama, member=walk.bela, by=walk.ama,
        starts_on=dt.date(2026, 10, 1), ends_on=dt.date(2027, 4, 1),
    )  # fmt: skip
    session.commit()
    return walk


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


@pytest.fixture
def tokens(session: Session, walk: Walk) -> dict[Shows, str]:
    """Ama's, who runs everything and acts for Bela."""
    here = {"membership_id": walk.ama.id, "community_id": walk.community.id, "now": NOW}
    made = {}
    for shows in Shows:
        if shows in {Shows.WHATS_ON, Shows.GAPS}:
            narrowed = addresses.make_narrowed(
                session, shows=shows, narrowing=Narrowing(group_id=walk.group.id), **here
            )
            made[shows] = narrowed[1]
        else:
            made[shows] = addresses.make_address(session, shows=shows, **here)
    session.commit()
    return made


class Edits:
    """What organisers and neighbours do, one at a time."""

    def __init__(self, session: Session, walk: Walk, chance: random.Random) -> None:
        self.session, self.walk, self.chance = session, walk, chance
        self.now = NOW

    def one(self) -> None:
        self.now += MOMENT
        self.chance.choice(
            [self.move, self.rename, self.reword, self.take, self.take, self.give_back,
             self.call_off, self.call_oneself, self.move_house, self.rename_job, self.rename_group]
        )()  # fmt: skip
        self.session.commit()
        self.session.expire_all()

    def word(self) -> str:
        return self.chance.choice(["Tea; cake,", "Walk \\ talk", "🎉" * 30, "é" * 40, "Plain"])

    def move(self) -> None:
        if self.walk.event.state is EventState.PLANNED:
            by = dt.timedelta(minutes=self.chance.randrange(1, 2000))
            starts_at = clock.at_local(DAY, dt.time(9), "Europe/London") + by
            changing.move_event(
                self.session, event=self.walk.event, starts_at=starts_at,
                ends_at=starts_at + dt.timedelta(minutes=90), reason=self.word()[:20],
                by=self.walk.nadia, now=self.now,
            )  # fmt: skip

    def rename(self) -> None:
        self.session.execute(sa.update(Series).values(title=self.word()))

    def reword(self) -> None:
        self.session.execute(sa.update(Series).values(description=self.word()))

    def take(self) -> None:
        slot = self.chance.choice([self.walk.marshal, self.walk.tail_walker])
        member = self.chance.choice([self.walk.ama, self.walk.bela])
        live = sa.select(Claim).where(Claim.live)
        held = self.session.scalars(live).all()
        if self.walk.event.state is EventState.PLANNED and not held:
            a_claim(self.session, slot, member)

    def give_back(self) -> None:
        self.session.execute(
            sa.update(Claim)
            .where(Claim.live)
            .values(
                state=ClaimState.WITHDRAWN, withdrawn_at=self.now,
                withdrawn_because=WithdrawnBecause.PERSON,
            )
        )  # fmt: skip

    def call_off(self) -> None:
        if self.chance.random() < 0.3 and self.walk.event.state is EventState.PLANNED:
            changing.cancel_event(
                self.session, event=self.walk.event, reason="flooded", by=self.walk.nadia,
                now=self.now,
            )  # fmt: skip

    def call_oneself(self) -> None:
        name = self.chance.choice(["Bela Novak", "Belinda Novak", "Bela Nagy"])
        theirs = Profile.person_id == self.walk.bela.person_id
        self.session.execute(sa.update(Profile).where(theirs).values(full_name=name))

    def move_house(self) -> None:
        self.session.execute(sa.update(Venue).values(name=self.word()))

    def rename_job(self) -> None:
        self.session.execute(
            sa.update(Role).where(Role.name != "Tail walker").values(name=self.word())
        )

    def rename_group(self) -> None:
        self.session.execute(sa.update(Group).values(name=self.word()))


def parsed_twice(body: bytes) -> list[tuple[str, str, int]]:
    """What the library reads, and what the lines say to whoever only unfolds and unescapes."""
    parsed = sorted(
        (str(one["UID"]), str(one["SUMMARY"]), int(one["SEQUENCE"])) for one in events_of(body)
    )
    items = unfolded(body.replace(b"\r\n\t", b""))
    found: list[dict[str, str]] = []
    for line in items:
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found:
            name, _, value = line.partition(":")
            found[-1].setdefault(name, re.sub(r"\\(.)", r"\1", value))
    read = sorted((one["UID"], one["SUMMARY"], int(one["SEQUENCE"])) for one in found)
    assert parsed == read
    return parsed


@pytest.mark.parametrize("seed", range(4))
def test_any_edits_keep_uids_raise_sequences_and_change_the_etag_with_the_bytes(
    session: Session, walk: Walk, subscriber: Subscriber, tokens: dict[Shows, str], seed: int
) -> None:
    edits = Edits(session, walk, random.Random(seed))  # noqa: S311 - no secret
    known: dict[Shows, tuple[str, bytes]] = {}
    sequences: dict[tuple[Shows, str], int] = {}
    for _ in range(EDITS):
        for shows, token in tokens.items():
            etag, body = subscriber.etag_of(shows, token), subscriber.private(shows, token)
            before = known.get(shows)
            if before is not None:
                assert (etag == before[0]) == (body == before[1]), shows
            known[shows] = (etag, body)
            for uid, _title, sequence in parsed_twice(body):
                assert sequence >= sequences.get((shows, uid), 0), shows
                sequences[shows, uid] = sequence
        edits.one()
    dates, jobs, turns = 2, 2, 4
    counts = {shows: sum(one is shows for one, _ in sequences) for shows in Shows}
    assert counts[Shows.ORGANISING] == counts[Shows.WHATS_ON] == dates
    assert counts[Shows.GAPS] <= jobs
    assert counts[Shows.HOUSEHOLD] <= turns
