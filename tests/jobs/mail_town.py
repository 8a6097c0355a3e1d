"""A small town for the model of all mail: its rota, jobs and post, and a clock that stands."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests import mail_sink
from tests import stepped_clock
from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import ZONE
from tests.jobs.mail_facts import Date
from tests.jobs.mail_facts import Facts
from tests.jobs.mail_facts import Job
from tests.jobs.mail_facts import Mail
from tests.jobs.mail_facts import Owed
from tests.jobs.mail_facts import Turn
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_facts import local
from tests.jobs.mail_model import Model
from tests.mail_sink import Sink
from tests.stepped_clock import Stepped
from timebank.core.settings import Settings
from timebank.db import CONNECTION_LIMITS
from timebank.domain.notices import delivery
from timebank.domain.notices import saving
from timebank.domain.notices.choosing import Family
from timebank.domain.rota import occasions
from timebank.domain.rota.occasions import Occasion
from timebank.jobs import claims
from timebank.jobs import notices
from timebank.jobs import reminders
from timebank.jobs import tools
from timebank.jobs import turns
from timebank.models import Community
from timebank.models import Event
from timebank.models import How
from timebank.models import Lead
from timebank.models import Membership

START = dt.datetime(2027, 3, 24, 9, tzinfo=dt.UTC)
FIRST_ON = dt.date(2027, 3, 27)  # a Saturday; in the night to Sunday the clocks go forward
NAMES = ("Ana Ash", "Ben Birch", "Cem Cedar", "Dee Dale")
DAYS = (0, 1, 4, 8)  # of the dates, after the first
DROP_OUT_HOURS = 20
PLACES = 3

TURNS = """
SELECT c.id, c.person_id, c.slot_id, c.event_id, r.name, c.state, c.withdrawn_because, c.held_for,
       c.held_until, c.starts_at, c.ends_at, c.created_at
  FROM claim c JOIN slot s ON s.id = c.slot_id JOIN role r ON r.id = s.role_id
 ORDER BY c.id
"""
PLANNED = "SELECT id, starts_at, ends_at, leads FROM event WHERE state = 'planned'"
LOOKING = "SELECT claim_id FROM handover WHERE state = 'open' AND to_membership_id IS NULL"
TAKEN_OVER = "SELECT claim_id, became_claim_id FROM handover WHERE state = 'taken'"
JOBS = "SELECT id, places, needed, starts_at, ends_at, event_id, role_id FROM slot"
LINES = """
SELECT w.id, m.person_id, w.slot_id
  FROM waiting w JOIN membership m ON m.id = w.membership_id WHERE w.state = 'waiting'
"""
# What our mails put into calendars is noted when they are written; how that is done right is
# tested in test_calendar_by_mail. Here it only says who is to be told that a turn is off again.
IN_CALENDAR = """
SELECT m.person_id, t.slot_id FROM mailed_turn t JOIN membership m ON m.id = t.membership_id
 WHERE t.method = 'request'
"""
# Which mail it is, by the name it carries; that what it says is right is read in its text.
BY_NAME = """
SELECT kind, person_id, coalesce(claim_id, CAST(facts ->> 'claim_id' AS bigint)),
       CAST(facts ->> 'slot_id' AS bigint),
       ARRAY(SELECT told.claim_id FROM notice told WHERE told.told_in_id = n.id)
  FROM notice n WHERE left(encode(sha256(convert_to(dedupe_key, 'UTF8')), 'hex'), 40) = :name
 ORDER BY n.id LIMIT 1
"""
NOTICES = """
SELECT concat_ws(' ', id, kind, person_id, claim_id, facts, starts_at, 'due', not_before, due_at,
                 'until', expires_at, state, last_error, told_in_id)
  FROM notice WHERE person_id = ANY (:people) ORDER BY id
"""
PARTS = {
    "Kept for you": "kept",
    "Your turns": "turns",
    "Can’t start without one more": "needed",
    "What’s on": "dates",
    "Your hours": "hours",
}
BALANCE = ("Your time account has", "You’ve had")
ADDRESS = re.compile(r"[a-z]+@example\.com")
PATIENT = tools.Pace(drain=dt.timedelta(seconds=120))


@dataclass(frozen=True)
class Neighbour:
    """Somebody, by their numbers."""

    person: int
    membership: int
    email: str | None


def build(session: Session) -> dict[str, list[int]]:
    """The walk on four dates, two jobs each, and people: one of them has no e-mail."""
    walk = builders.a_walk(session, day=FIRST_ON)
    walk.series.drop_out_hours = DROP_OUT_HOURS
    walk.marshal.places = walk.marshal.role.places = PLACES
    session.flush()
    events = [walk.event]
    slots = [walk.marshal, walk.tail_walker]
    for days in DAYS[1:]:
        events.append(builders.an_event(session, walk.series, FIRST_ON + days * DAY))
        slots += [
            builders.a_slot(session, events[-1], slot.role)
            for slot in (walk.marshal, walk.tail_walker)
        ]
    people = [builders.a_member(session, walk.community, name) for name in NAMES]
    people.append(builders.a_member(session, walk.community, "Eve Elm", None))
    session.commit()
    return {
        "community": [walk.community.id],
        "dates": [event.id for event in events],
        "slots": [slot.id for slot in slots],
        "people": [one.id for one in people],
        "nadia": [walk.nadia.id],
    }


class Town:
    """One run's town."""

    def __init__(self, engine: sa.Engine, clock: Stepped, sink: Sink, built: dict) -> None:
        self.engine = engine
        self.clock = clock
        self.sink = sink
        self.dates, self.slots = built["dates"], built["slots"]
        [self.community] = built["community"]
        self.erased = set[int]()
        self.newcomers = 0
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.eyes = psycopg.connect(address, autocommit=True)
        with self.session() as session:
            self.people = [neighbour(session, key) for key in built["people"]]
            self.nadia = neighbour(session, built["nadia"][0])
        everybody = [*self.people, self.nadia]
        self.email_of = {one.person: one.email for one in everybody if one.email}
        self.model = Model(readers=self.email_of, organisers=[self.nadia.person])
        self.look()

    @property
    def now(self) -> dt.datetime:
        return self.clock.at

    def today(self) -> dt.date:
        return self.now.astimezone(ZONE).date()

    def session(self) -> Session:
        return Session(self.engine)

    def step(self, by: dt.timedelta) -> None:
        self.clock.set(self.now + by)

    def step_to(self, hour: int) -> None:
        """Let it be the next time that the clock there shows an hour, and a minute more."""
        at = local(self.today(), dt.time(hour, 1))
        self.clock.set(at if at > self.now else local(self.today() + DAY, dt.time(hour, 1)))

    def look(self, doing: str = "") -> None:
        """Show the model what stands on the rota now."""
        with self.eyes.pipeline():  # one look, not five
            found = [
                self.eyes.execute(what)
                for what in (TURNS, PLANNED, LOOKING, TAKEN_OVER, IN_CALENDAR, JOBS, LINES)
            ]
        claims, planned, looking, taken_over, in_calendar, jobs, lines = (
            one.fetchall() for one in found
        )
        facts = Facts(
            turns={row[0]: Turn(*row) for row in claims},
            planned={event: Date(*span) for event, *span in planned},
            looking=frozenset(claim for (claim,) in looking),
            taken_over=dict(taken_over),
            in_calendar=frozenset(in_calendar),
            jobs={row[0]: Job(*row[1:]) for row in jobs},
            lines=frozenset(lines),
        )
        self.model.observe(facts, now=self.now, doing=doing)

    def handover_of(self, claim: int) -> int:
        open_now = sa.text("SELECT id FROM handover WHERE claim_id = :claim AND state = 'open'")
        with self.session() as session:
            return session.scalars(open_now, {"claim": claim}).one()

    def save(self, session: Session, *, member: int, wish: Wish, now: dt.datetime) -> None:
        """Write down what somebody chose, as their page does."""
        begins, ends = wish.quiet or (None, None)
        usual = {Family.NEIGHBOURS: How.MAIL}
        chosen = {family: How(getattr(wish, family)) for family in ("turns", "asking", "hours")}
        wanted = saving.Wanted(
            hows={**usual, **{Family(name): how for name, how in chosen.items()}},
            leads=None if wish.leads is None else frozenset(map(Lead, wish.leads)),
            quiet_from=begins,
            quiet_until=ends,
            paused_until=wish.paused_until,
            weekly=wish.weekly,
            weekly_on=wish.weekly_on,
            weekly_hour=wish.weekly_hour,
            near=None,
            language=None,
        )
        saving.save(session, member=session.get_one(Membership, member), wanted=wanted, now=now)

    def sweep(self) -> None:
        """What the scheduler does before it rings for delivery."""
        with tools.current().session() as session:
            delivery.sweep(session)
        self.model.expire(self.now)

    def run_jobs(self) -> None:
        """The jobs of a minute, in the order of the schedule."""
        self.sweep()
        for job in (claims.lapse_holds, claims.offer_places, turns.lapse_offers):
            job()
        self.look()
        reminders.plan_due()
        self.model.plan(self.now)

    def drain(self, workers: int, *, is_away: bool = False) -> None:
        """Deliver what is due, by so many workers at once; or try to."""
        mine = tools.current()
        url = f"smtp://127.0.0.1:{mail_sink.free_port()}" if is_away else self.sink.url
        mine.settings = replace(mine.settings, smtp_url=url)
        threads = [threading.Thread(target=notices.drain) for _ in range(workers - 1)]
        for one in threads:
            one.start()
        notices.drain()
        for one in threads:
            one.join()

    def welcome(self, place: int) -> None:
        """Somebody new comes in place of somebody who went."""
        self.newcomers += 1
        with self.session() as session, session.begin():
            here = session.get_one(Community, self.community)
            name = f"New{chr(96 + self.newcomers % 26)}{'x' * (self.newcomers // 26)} Neighbour"
            new = neighbour(session, builders.a_member(session, here, name).id)
        self.people[place] = new
        self.email_of[new.person] = new.email or ""
        self.model.readers.add(new.person)

    def open_post(self) -> list[Mail]:
        """Take what has arrived since, and read it."""
        found = [
            self._read(*one) for one in zip(self.sink.messages, self.sink.recipients, strict=True)
        ]
        self.sink.messages.clear()
        self.sink.recipients.clear()
        self.look()
        return found

    def explain(self, mails: list[Mail]) -> str:
        """What is noted about the people of these mails, and what the model has."""
        people = sorted({mail.person for mail in mails})
        with self.session() as session:
            rows = session.execute(sa.text(NOTICES), {"people": people}).all()
        owed = [one for one in self.model.owed if one.person in people]
        turns = [turn for turn in self.model.facts.turns.values() if turn.person in people]
        wishes = [self.model.wish(person) for person in people]
        lines = [*rows, "the model:", *map(brief, owed), *turns, *wishes, "now", self.now]
        return "\n".join(map(str, lines))

    def _read(self, message, recipient: str) -> Mail:
        """Read a mail as the person does who gets it: is it for them, and does it say it right."""
        name = message["Message-ID"].strip("<>").partition("@")[0]
        with self.session() as session:
            row = session.execute(sa.text(BY_NAME), {"name": name}).one()
        kind, person, claim, slot, told = row
        assert recipient == self.email_of[person]
        assert person not in self.erased
        text = message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        assert set(ADDRESS.findall(message.as_string() + text + html)) <= {recipient}
        if kind == "cover_wanted" and person != self.nadia.person:
            kind = "cover_asked"
        if slot:
            assert self._says_job(text, slot), (kind, text)
            return Mail(kind, person, (), slot)
        if kind == "weekly":
            said, named = self._read_week(text, person)
            return Mail(kind, person, named, said=said)
        if kind == "hours_credited":
            return Mail(kind, person, (claim,))
        claims_told = [claim] if claim else [one for one in told if self._says(text, one)]
        for one in claims_told:
            assert self._says(text, one, is_whole=kind != "event_cancelled"), (kind, text)
        return Mail(kind.removeprefix("reminder_"), person, tuple(sorted(set(claims_told))))

    def _read_week(self, text: str, person: int) -> tuple[tuple, tuple[int, ...]]:
        """How much each part of a weekly mail says, and which of their turns it names."""
        counts, part = Counter[str](), ""
        own = []
        for line in text.splitlines():
            part = PARTS.get(line.strip(), part)
            if line.startswith("- ") or (part == "hours" and line.startswith(BALANCE)):
                counts[part] += 1
            if line.startswith("- ") and part == "turns":
                own.append(line)
        coming = self.model._coming(person, self.now)
        named = [one for one in coming if any(self._says(line, one) for line in own)]
        return tuple(sorted(counts.items())), tuple(sorted(named))

    def _says(self, text: str, claim: int, *, is_whole: bool = True) -> bool:
        """Whether a text names a turn: its day, and, unless the whole date is meant, its job."""
        turn = self.model.facts.turns[claim]
        there = turn.starts.astimezone(ZONE)
        day = f"{there:%A} {there.day} {there:%B}"
        return day in text and (turn.job.lower() in text.lower() or not is_whole)

    def _says_job(self, text: str, slot: int) -> bool:
        """Whether a text names the day of a job."""
        there = self.model.facts.jobs[slot].starts.astimezone(ZONE)
        return f"{there:%A} {there.day} {there:%B}" in text

    def occasion(self, session: Session, date: int) -> Occasion:
        """A date as check-in needs it."""
        event = session.get_one(Event, date)
        return occasions.find_occasion(
            session,
            community_id=self.community,
            slug="danson-saturday-stroll",
            day=event.occurs_on,
        )


def brief(one: Owed) -> str:
    """Something owed, in a line."""
    due, until = f"{one.due:%d %H:%M}", f"{one.expires:%d %H:%M}"
    carrier = f"in {one.carrier.kind} {one.carrier.state}" if one.carrier else ""
    return f"{one.kind} {one.person} {one.about} due {due} until {until} {one.state} {carrier}"


def neighbour(session: Session, membership: int) -> Neighbour:
    """Look somebody up."""
    email = sa.text("SELECT p.email FROM profile p WHERE p.person_id = :person")
    person = session.get_one(Membership, membership).person_id
    return Neighbour(person, membership, session.scalar(email, {"person": person}))


@contextmanager
def open_town(
    database_url: str, built: dict, *, clock: Stepped, sink: Sink, settings: Settings
) -> Iterator[Town]:
    """Make a town from the pattern that `database_url` names, on a database of its own."""
    url = sa.make_url(database_url)
    name = f"{url.database}_run"
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {url.database}")
        stepped_clock.look_first(connection, name)
    mine = url.set(database=name).render_as_string(hide_password=False)
    engine = sa.create_engine(mine, connect_args={"options": CONNECTION_LIMITS})
    clock.owner = sa.create_engine(mine)
    clock.set(START)
    work = tools.open_tools(replace(settings, database_url=mine, smtp_url=sink.url), pace=PATIENT)
    work.engine = engine  # two workers in one process have more connections than one is given
    tools.bind(work)
    town = Town(engine, clock, sink, built)
    try:
        yield town
    finally:
        town.eyes.close()
        tools._bound.clear()
        sink.messages.clear()
        sink.recipients.clear()
        for one in (engine, clock.owner):
            one.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()
