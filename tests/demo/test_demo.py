from __future__ import annotations

import datetime as dt
import runpy
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank import demo
from timebank.demo import filling
from timebank.domain import acting
from timebank.domain import ledger
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import searching
from timebank.domain.exchange import settling
from timebank.domain.exchange import suggesting
from timebank.domain.exchange import talks
from timebank.domain.exchange.searching import Wanted
from timebank.domain.joining import deciding
from timebank.domain.ledger import banks
from timebank.domain.rota import reading
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import ActedWhat
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import Group
from timebank.models import Joining
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Person
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import Profile
from timebank.models import Reconciliation
from timebank.models import Role
from timebank.models import Series
from timebank.models import Standing
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2026, 11, 24, 18, tzinfo=dt.UTC)  # a Tuesday
WEEK = dt.timedelta(weeks=1)
TOOL = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


def number_of(session, record, *conditions):
    return session.scalar(sa.select(sa.func.count()).select_from(record).where(*conditions))


def story(session):
    """Everything that the seed decides, without the numbers of rows."""
    turns = session.execute(
        sa.text("""
          SELECT p.full_name, x.slug, e.occurs_on, r.name, c.place, c.state
            FROM claim c JOIN profile p ON p.person_id = c.person_id
            JOIN event e ON e.id = c.event_id JOIN series x ON x.id = e.series_id
            JOIN slot s ON s.id = c.slot_id JOIN role r ON r.id = s.role_id
           ORDER BY e.starts_at, x.slug, r.name, c.place, c.state, p.full_name""")
    ).all()
    hours = session.execute(
        sa.text("""
          SELECT kind, minutes, words, happened_on
            FROM transfer LEFT JOIN memo ON transfer_id = id
           ORDER BY happened_on, kind, minutes, words""")
    ).all()
    return turns, hours


@pytest.fixture(scope="module")
def borough(postgres_url):
    """The demo, filled once for all tests here, none of which writes."""
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE borough TEMPLATE pattern")
    engine = sa.create_engine(sa.make_url(postgres_url).set(database="borough"))
    with Session(engine) as session:
        filling.fill(session, seed=2026, now=NOW)
        session.commit()
        yield session
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE borough WITH (FORCE)")
    admin.dispose()


def test_the_borough_has_the_shape_of_a_real_one(borough):
    assert number_of(borough, Community) == 1
    assert number_of(borough, Membership) == 320
    assert number_of(borough, Group) == 28
    assert 12 <= number_of(borough, Series) <= 16
    assert 25 <= number_of(borough, Profile, Profile.email.is_(None)) <= 50
    assert 1200 <= number_of(borough, Transfer, Transfer.kind == TransferKind.EARN) <= 3000
    assert 400 <= number_of(borough, Transfer, Transfer.kind == TransferKind.GIFT) <= 620
    assert 10 <= number_of(borough, Transfer, Transfer.kind == TransferKind.REVERSAL) <= 60


def test_its_dates_go_half_a_year_back_and_eight_weeks_ahead(borough):
    first, last = borough.execute(
        sa.select(sa.func.min(Event.starts_at), sa.func.max(Event.starts_at))
    ).one()
    assert 25 * WEEK < NOW - first < 31 * WEEK
    assert 7 * WEEK < last - NOW <= 8 * WEEK + dt.timedelta(days=1)


def test_its_books_hold_and_the_proof_is_written(borough):
    proof = borough.scalars(sa.select(Reconciliation)).one()
    assert (proof.proved, proof.ran_at) == (True, NOW)
    assert ledger.latest_proofs(borough, community_id=proof.community_id) == [proof]


def test_its_whole_bank_holds_before_the_second_opinion_too(borough, tmp_path):
    with Session(borough.get_bind()) as fresh, (tmp_path / "bank.zip").open("wb") as file:
        community_id = borough.scalars(sa.select(Community.id)).one()
        done = banks.export_bank(fresh, community_id=community_id, to=file, now=NOW)
    told = runpy.run_path(str(TOOL))["verify"](tmp_path / "bank.zip", done.head)[2]
    assert done.entries == number_of(borough, Transfer)
    assert (told.faults, told.notes) == ({}, {})


def test_no_balance_is_out_of_the_ordinary(borough):
    lowest, highest = borough.execute(
        sa.select(sa.func.min(Account.balance), sa.func.max(Account.balance)).where(
            Account.kind == AccountKind.MEMBER
        )
    ).one()
    assert lowest >= -600 - 180  # a reversal may go below the floor
    assert highest <= 200 * 60
    pots = sa.select(sa.func.sum(Account.balance)).where(Account.kind == AccountKind.POT)
    assert borough.scalar(pots) > 0


def test_the_stroll_has_a_parkruns_whole_catalogue(borough):
    roles = borough.scalars(
        sa.select(Role)
        .join(Series, Series.id == Role.series_id)
        .where(Series.slug == "danson-saturday-stroll")
    ).all()
    assert len(roles) >= 25
    needed = {role.name for role in roles if role.needed}
    assert needed >= {"Run director", "Course check", "First-timers’ welcome", "Tail walker"}


def test_somebody_is_wanted_this_week(borough):
    [community_id] = borough.scalars(sa.select(Community.id))
    jobs = reading.open_jobs(
        borough, community_id=community_id, now=NOW, until=NOW + WEEK, most=50
    )
    wanted = {(job.title, job.name) for job in jobs if job.is_needed}
    assert ("Danson Saturday Stroll", "Tail walker") in wanted
    assert ("Erith Repair Café", "Tea and welcome") in {(job.title, job.name) for job in jobs}


def test_one_coming_date_is_moved_and_one_called_off_with_reasons(borough):
    changed = borough.scalars(sa.select(Event).where(Event.sequence > 0)).all()
    assert sorted(event.state for event in changed) == [EventState.CANCELLED, EventState.PLANNED]
    assert all(event.reason and event.starts_at > NOW for event in changed)


def test_nobody_is_owed_mail_about_the_past(borough):
    assert number_of(borough, Notice, Notice.expires_at <= NOW) == 0
    assert number_of(borough, Notice) > 0


def test_its_people_can_be_signed_in_as(borough):
    standings = {}
    for person in demo.DEMO_PEOPLE:
        if person.email:
            membership = borough.scalars(
                sa.select(Membership)
                .join(Person)
                .join(Profile)
                .where(Profile.email == person.email)
            ).one()
            standings[person.name] = membership
    assert list(standings) == ["Priya", "Nadia", "Ama"]
    assert standings["Ama"].standing is Standing.COORDINATOR
    priya = standings["Priya"]
    turns = reading.coming_turns(borough, membership_id=priya.id, now=NOW)
    assert ("Danson Saturday Stroll", "First-timers’ welcome") in {
        (turn.title, turn.job) for turn in turns
    }
    entries = ledger.recent_entries(borough, membership_id=priya.id, limit=50)
    assert "hemming curtains" in {entry.detail for entry in entries}
    assert ledger.balance(borough, membership_id=priya.id) > 0


def test_twelve_asks_and_sixteen_offers_are_on_the_board(borough):
    [community_id] = borough.scalars(sa.select(Community.id))
    priya = borough.scalars(
        sa.select(Membership).join(Person).join(Profile).where(Profile.full_name == "Priya Shah")
    ).one()
    found = searching.search(
        borough, community_id=community_id, wanted=Wanted(), viewer_id=priya.id, limit=100
    )
    kinds = [card.kind for card in found.cards]
    assert kinds == [PostKind.ASK] * 12 + [PostKind.OFFER] * 16
    assert all(card.name and card.created_at < NOW for card in found.cards)
    [hedge] = [card for card in found.cards if card.name == "Priya S"]
    ask = borough.get(Post, hedge.post_id)
    assert [one.name for one in talks.read_answers(borough, post=ask)] == ["Grace L"]
    suggested = suggesting.suggest(borough, post=ask, now=NOW)
    assert "Lee O" in {one.name for one in suggested}
    assert "Grace L" not in {one.name for one in suggested}
    waiting = talks.read_waiting(borough, community_id=community_id)
    assert [(one.name, one.other) for one in waiting] == [("Marjorie Hall", "Tom B")]


def test_the_newcomer_begins_at_an_event(borough):
    [newcomer] = [person for person in demo.DEMO_PEOPLE if person.email is None]
    slugs = borough.scalars(sa.select(Series.slug)).all()
    assert newcomer.path.removeprefix("/e/") in slugs


def test_the_same_seed_tells_the_same_story_and_quickly(borough, session):
    start = time.process_time()
    filling.fill(session, seed=2026, now=NOW)
    assert time.process_time() - start < 5
    assert story(session) == story(borough)


@pytest.mark.parametrize(
    ("seed", "now"),
    [
        (2026, dt.datetime(2026, 11, 28, 9, 40, tzinfo=dt.UTC)),  # in the middle of the stroll
        (1, dt.datetime(2027, 3, 28, 0, 59, tzinfo=dt.UTC)),  # a minute before summer time
    ],
)
def test_it_can_be_filled_at_any_moment(session, seed, now):
    filling.fill(session, seed=seed, now=now)
    assert session.scalars(sa.select(Reconciliation)).one().proved


def test_some_are_agreed_some_thanked_and_one_is_to_be_settled(borough):
    [community_id] = borough.scalars(sa.select(Community.id))
    counted = {
        state.value: number_of(borough, Exchange, Exchange.state == state)
        for state in ExchangeState
    }
    assert counted == {
        "agreed": 3, "cancelled": 0, "thanked": 3, "undone": 0, "disputed": 1, "stands": 3,
        "settled": 0,
    }  # fmt: skip
    [line] = settling.disputed(borough, community_id=community_id)
    assert (line.helper, line.helped, line.is_answered) == ("Lee O’Brien", "Tom Baker", True)
    [late] = agreeing.should_have_happened(borough, community_id=community_id, today=NOW.date())
    assert (late.helper, late.helped, late.has_email) == ("Wes Ellis", "Pauline Dunne", False)


def test_somebody_acts_for_marjorie_and_the_two_can_see_what_was_done(borough):
    community_id = borough.scalars(sa.select(Community.id)).one()
    (grant,) = acting.read_grants(borough, community_id=community_id, today=NOW.date())
    assert (grant.helper, grant.member, grant.is_live) == ("Priya S", "Marjorie H", True)
    deeds = acting.read_deeds(borough, community_id=community_id, of=[grant.member_id])
    assert [deed.what for deed in deeds] == [
        ActedWhat.TOOK_TURN, ActedWhat.LOOKED, ActedWhat.LETTER, ActedWhat.LOOKED,
    ]  # fmt: skip
    assert deeds[0].turn_at > NOW


def test_an_application_waits_with_one_reference_answered(borough):
    community = borough.scalars(sa.select(Community)).one()
    (waits,) = deciding.waiting(borough, community_id=community.id, today=NOW.date())
    assert (waits.called, waits.days, waits.answered) == ("Yusuf Demir", 3, 1)
    assert [one.called for one in waits.references] == ["Grace Lim", "Hatice Kaya"]
    assert community.joining is Joining.OPEN
    kinds = [NoticeKind.ACTING_FOR, NoticeKind.APPLICATION_IN, NoticeKind.REFERENCE_WANTED]
    assert number_of(borough, Notice, Notice.kind.in_(kinds)) == 0
