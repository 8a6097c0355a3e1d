"""A member list comes in with its hours, once, and goes again, but for what has happened since."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.storms import Storm
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import ledger
from timebank.domain import suppression
from timebank.domain.ledger.member_lists import drafts
from timebank.domain.ledger.member_lists import planning
from timebank.domain.ledger.member_lists import telling
from timebank.domain.ledger.member_lists import undoing
from timebank.domain.ledger.member_lists import writing
from timebank.domain.ledger.member_lists.matching import Fate
from timebank.domain.ledger.member_lists.reading import LIMITS
from timebank.domain.ledger.member_lists.understanding import Doubt
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Batch
from timebank.models import Joining
from timebank.models import MailSuppression
from timebank.models import MemberList
from timebank.models import MemberListLine
from timebank.models import MemberNote
from timebank.models import Membership
from timebank.models import Memo
from timebank.models import Person
from timebank.models import Profile
from timebank.models import Standing
from timebank.models import Transfer

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
SAMPLE = (Path(__file__).parent.parent / "samples" / "members.csv").read_bytes()
HEAD = "Name,Email,Phone,Joined,Hours,Notes\n"


@pytest.fixture
def bexley(session):
    return builders.a_community(session)


@pytest.fixture
def ama(session, bexley):
    return communities.create_coordinator(
        session, community=bexley, email="ama@example.com", full_name="Ama Owusu"
    )


@pytest.fixture
def bring(session, bexley, ama):
    """Keep a list, as text of CSV or bytes."""

    def keep(cells, by=ama):
        read = read_bytes if isinstance(cells, bytes) else read_text
        table = read(cells, limits=LIMITS)
        return drafts.start(
            session, community=bexley, table=table, file_name="list.csv", by=by, now=NOW
        )

    return keep


@pytest.fixture
def take_in(session, ama, bring):
    """Keep a list and take it in."""

    def write(cells, **answers):
        made = bring(cells)
        writing.write(session, made=made, answers=answers, by=ama, now=NOW)
        return made

    return write


def plan_of(session, made, **answers):
    return planning.plan(session, made=made, now=NOW, answers=answers)


def doubts(session, made, **answers):
    plan = plan_of(session, made, **answers)
    return {one.number: (list(one.doubts), one.choice) for one in plan.doubtful}


def balances(session):
    """Everybody's hours by name, but for those who have none."""
    rows = session.execute(
        sa.select(Profile.full_name, Account.balance)
        .join(Membership, Membership.person_id == Profile.person_id)
        .join(Account, Account.membership_id == Membership.id)
        .where(Account.balance != 0)
    )
    return dict(rows.all())


def count(session, record):
    return session.scalar(sa.select(sa.func.count()).select_from(record))


def member_named(session, name):
    return session.scalars(
        sa.select(Membership)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Profile.full_name == name)
    ).one()


def books_are_right(session, community):
    opening = ledger.opening_account(session, community_id=community.id)
    session.refresh(opening)
    total = session.scalar(
        sa.select(sa.func.sum(Account.balance)).where(Account.community_id == community.id)
    )
    wrong = session.scalar(
        sa.text("""
          SELECT count(*) FROM account a WHERE balance <>
            coalesce((SELECT sum(minutes) FROM transfer WHERE credit_id = a.id), 0)
          - coalesce((SELECT sum(minutes) FROM transfer WHERE debit_id = a.id), 0)""")
    )
    assert (total, wrong) == (0, 0)
    return opening.balance


def test_the_sample_asks_about_every_untidy_line(session, bring):
    assert doubts(session, bring(SAMPLE)) == {
        # Ama coordinates here under another address
        9: ([Doubt.KNOWN_NAME], "new"),
        13: ([Doubt.HOURS_NEGATIVE], "new"),
        16: ([Doubt.SAME_EMAIL], "same"),
        17: ([Doubt.NAME_FORMULA], "out"),
        18: ([Doubt.EMAIL_UNREADABLE, Doubt.JOINED_UNREADABLE, Doubt.HOURS_UNREADABLE], "out"),
    }
    assert count(session, Person) == 1


def test_the_sample_comes_in_as_it_was_answered(session, bexley, ama, take_in):
    made = take_in(
        SAMPLE,
        who_9=str(ama.id),
        who_17="new",
        name_17="Fay Mula",
        who_18="new",
        email_18="",
        joined_18="28/02/2025",
        hours_18="1½",
    )
    assert balances(session) == {
        "Nadia Kaur": 2490,
        "Wes Edwards": 1080,
        "Tom Baker": 1665,
        "Priya Sharma": 750,
        "Imran Malik": 540,
        "Grace Lim": 1350,
        "Jo Fraser": 360,
        "Ama Owusu": 900,
        "Siân Price": 240,
        "Zoë Ńowak": 135,
        "Pauline Dent": 1980,
        "Marjorie Hall": -180,
        "Jane Hall": 60,
        "Fay Mula": 60,
        "No Address": 90,
    }
    assert books_are_right(session, bexley) == -sum(balances(session).values())
    pauline = session.get_one(Profile, member_named(session, "Pauline Dent").person_id)
    assert (pauline.email, pauline.phone) == (None, "020 8000 0102")
    joined = member_named(session, "Nadia Kaur").created_at
    assert joined == dt.datetime(2024, 2, 3, tzinfo=dt.UTC)
    assert member_named(session, "Jo Fraser").created_at == NOW
    marjorie = member_named(session, "Marjorie Hall")
    note = session.scalars(
        sa.select(MemberNote.words).where(MemberNote.membership_id == marjorie.id)
    ).one()
    assert note == "no e-mail; her daughter Jane helps (jane.hall@example.org)"
    batch = session.get_one(Batch, made.batch_id)
    assert (batch.kind, batch.happened_on) == ("member_import", NOW.date())


def test_every_line_can_be_traced(session, ama, take_in):
    made = take_in(SAMPLE, who_9=str(ama.id))
    lines = session.scalars(sa.select(MemberListLine).order_by(MemberListLine.number)).all()
    assert Counter(line.fate.value for line in lines) == {
        "new": 13, "known": 1, "same": 1, "out": 2,
    }  # fmt: skip
    tom, again = lines[2], lines[14]
    assert (again.number, again.membership_id, again.transfer_id) == (16, tom.membership_id, None)
    transfer = session.get_one(Transfer, tom.transfer_id)
    assert (transfer.minutes, transfer.kind, transfer.batch_id) == (1665, "opening", made.batch_id)
    assert all(line.transfer_id is None for line in lines if line.number in {14, 16, 17, 18})


def test_a_list_that_is_taken_in_is_forgotten(session, take_in):
    made = take_in(SAMPLE)
    session.expire_all()
    assert made.cells is None
    stored = session.scalar(sa.text("SELECT member_list::text FROM member_list"))
    assert "Nadia" not in stored


def test_the_same_tap_twice_is_one(session, bexley, ama, take_in):
    made = take_in(SAMPLE)
    writing.write(session, made=made, answers={}, by=ama, now=NOW)
    assert count(session, MemberListLine) == 17
    assert balances(session)["Nadia Kaur"] == 2490


def test_the_same_list_again_doubles_nobody_and_no_hours(session, bexley, bring, ama, take_in):
    take_in(SAMPLE, who_9=str(ama.id))
    people, before = count(session, Person), balances(session)
    again = bring(SAMPLE)
    plan = plan_of(session, again)
    assert {one.number: one.fate for one in plan.lines if one.fate is not Fate.KNOWN} == {
        9: Fate.NEW,  # the same question again: her address here is another one
        16: Fate.SAME,
        17: Fate.OUT,
        18: Fate.OUT,
    }
    assert plan.minutes() == {9: 900}
    writing.write(session, made=again, answers={"who_9": str(ama.id)}, by=ama, now=NOW)
    assert (count(session, Person), balances(session)) == (people, before)
    assert again.batch_id is None
    assert drafts.taken_in_as(session, again) == NOW


def test_hours_come_later_for_somebody_who_had_none(session, take_in):
    take_in(f"{HEAD}Lee O'Brien,lee@example.org,,,0,\n")
    take_in(f"{HEAD}Lee O'Brien,LEE@example.org,,,2,\n")
    take_in(f"{HEAD}Lee O'Brien,lee@example.org,,,3,\n")
    assert balances(session) == {"Lee O'Brien": 120}


def test_a_member_with_that_address_and_another_name_is_asked_about(session, bexley, bring):
    builders.a_member(session, bexley, "Jane Hall", "jane@example.org")
    made = bring(
        f"{HEAD}Marjorie Hall,jane@example.org,,,2,\nJ Hall,jane@example.org,,,1,\n"
        "Janet Hall,JANE@example.org,,,1,\n"
    )
    assert doubts(session, made) == {
        2: ([Doubt.OTHER_NAME], "no_email"),
        3: ([Doubt.OTHER_NAME], str(member_named(session, "Jane Hall").id)),
        4: ([Doubt.SAME_EMAIL], "no_email"),
    }


def test_two_who_share_an_address_are_two_and_one_of_them_has_it(session, take_in):
    take_in(f"{HEAD}Bob Dee,dee@example.org,,,2,\nSue Dee,dee@example.org,,,1,\n")
    assert balances(session) == {"Bob Dee": 120, "Sue Dee": 60}
    sue = session.get_one(Profile, member_named(session, "Sue Dee").person_id)
    assert sue.email is None


def test_the_hours_of_a_double_line_are_added_when_that_is_said(session, take_in):
    take_in(
        f"{HEAD}Tom Baker,tom@example.org,,,2,\nTom Baker,TOM@example.org,,,1,x\n", who_3="add"
    )
    assert balances(session) == {"Tom Baker": 180}
    tom = member_named(session, "Tom Baker")
    assert session.scalars(sa.select(MemberNote.membership_id)).all() == [tom.id]


def test_namesakes_without_an_address_are_taken_for_one_and_asked_about(session, bring):
    made = bring(f"{HEAD}Tom Baker,,,,2,\ntom  BAKER,,,,1,\nTom Baker,tom@example.org,,,1,\n")
    assert doubts(session, made) == {
        3: ([Doubt.SAME_NAME], "same"),
        4: ([Doubt.SAME_NAME], "same"),
    }


def test_a_namesake_with_the_same_phone_is_the_member(session, bexley, bring):
    pauline = builders.a_member(session, bexley, "Pauline Dent", None)
    session.get_one(Profile, pauline.person_id).phone = "02080000102"
    session.flush()
    plan = plan_of(session, bring(f"{HEAD}Pauline Dent,,020 8000 0102,,1,\n"))
    assert [(one.is_plain, one.fate, one.known.membership_id) for one in plan.lines] == [
        (True, Fate.KNOWN, pauline.id)
    ]


def test_a_total_at_the_end_is_left_out_unless_it_is_somebody(session, bring):
    made = bring(f"{HEAD}Tom,,,,2,\nTotal,,,,2,\n")
    assert doubts(session, made) == {3: ([Doubt.NAME_TOTAL], "out")}
    assert plan_of(session, made, who_3="new").problems() == {}


def test_what_is_left_unreadable_is_said_beside_its_field(session, ama, bring):
    made = bring(SAMPLE)
    answers = {"who_17": "new", "who_18": "new", "email_18": "", "joined_18": "31/02/2025",
               "hours_18": "some", "who_13": "nonsense"}  # fmt: skip
    with pytest.raises(planning.StillInDoubt) as refusal:
        writing.write(session, made=made, answers=answers, by=ama, now=NOW)
    assert refusal.value.problems == {
        "who_13": planning.SAY_WHAT,
        "name_17": planning.PUT_RIGHT["name"],
        "joined_18": planning.PUT_RIGHT["joined"],
        "hours_18": planning.PUT_RIGHT["hours"],
    }
    assert made.written_at is None


def test_a_line_that_was_put_right_and_left_out_is_asked_about(session, bring):
    plan = plan_of(session, bring(SAMPLE), name_17="Fay Mula")
    assert plan.problems() == {"who_17": planning.CHANGED}


def test_an_address_typed_as_an_answer_is_looked_up_too(session, bring):
    made = bring(SAMPLE)
    answers = {"who_18": "new", "email_18": "WES@example.org", "joined_18": "", "hours_18": "1"}
    plan = plan_of(session, made, **answers)
    assert plan.lines[-1].doubts[-1] is Doubt.SAME_EMAIL
    assert plan.problems() == {"who_18": planning.SAY_WHAT}
    assert plan_of(session, made, **answers | {"who_18": "no_email"}).problems() == {}


def test_hours_below_zero_may_be_put_right(session, take_in):
    take_in(f"{HEAD}Marjorie Hall,,,,-30,\nTom Baker,,,,-3,\n", hours_3="3")
    assert balances(session) == {"Marjorie Hall": -1800, "Tom Baker": 180}


def test_somebody_of_another_community_keeps_their_own_profile(session, take_in):
    elsewhere = builders.an_elsewhere(session)
    take_in(f"{HEAD}Somebody Else,chi@example.com,020 8000 0101,,2,\n")
    profile = session.get_one(Profile, elsewhere.chi.person_id)
    assert (profile.full_name, profile.phone) == ("Chi Adeyemi", None)
    assert balances(session) == {"Chi Adeyemi": 120}


def test_somebody_who_had_left_is_back(session, bexley, take_in):
    bela = builders.a_member(session, bexley, "Bela Novak")
    bela.standing, bela.left_at = Standing.LEFT, NOW
    builders.account_of(session, bela).closed_at = NOW
    session.flush()
    take_in(f"{HEAD}Bela Novak,bela@example.com,,,2,\n")
    session.refresh(bela)
    assert (bela.standing, balances(session)) == (Standing.RESIDENT, {"Bela Novak": 120})


def test_whoever_is_on_the_list_is_a_member_of_the_time_bank(session, bexley, ama, take_in):
    bexley.joining = Joining.APPLICATION
    session.flush()
    guest = builders.a_member(session, bexley, "Bela Novak")
    guest.approved_at = None
    session.flush()
    made = take_in(f"{HEAD}Bela Novak,bela@example.com,,,0,\nTom,tom@example.com,,1/2/24,2,\n")
    session.expire_all()
    assert guest.approved_at == NOW
    joined = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    assert member_named(session, "Tom").approved_at == joined
    undoing.undo(session, made=made, by=ama, now=NOW)
    session.expire_all()
    assert (guest.approved_at, guest.standing) == (None, Standing.RESIDENT)


def test_only_a_coordinator_brings_takes_in_and_undoes(session, bexley, bring, take_in):
    nadia = builders.a_member(session, bexley, "Nadia Khan")
    with pytest.raises(NotFound):
        bring(SAMPLE, by=nadia)
    made = bring(SAMPLE)
    with pytest.raises(NotFound):
        writing.write(session, made=made, answers={}, by=nadia, now=NOW)
    with pytest.raises(NotFound):
        undoing.undo(session, made=take_in(SAMPLE), by=nadia, now=NOW)


def test_a_list_that_makes_no_sense_is_refused(session, bring):
    with pytest.raises(drafts.TooManyDoubts):
        bring(HEAD + "Somebody,x,,,abc,\n" * 301)


def test_lists_that_nobody_takes_in_are_forgotten(session, bring):
    made = bring(SAMPLE)
    assert drafts.forget(session, now=NOW + dt.timedelta(hours=24)) == 0
    assert drafts.forget(session, now=NOW + dt.timedelta(hours=24, seconds=1)) == 1
    assert session.get(MemberList, made.id, populate_existing=True) is None


def test_undo_takes_everything_back(session, bexley, ama, take_in):
    made = take_in(SAMPLE, who_9=str(ama.id))
    undoing.undo(session, made=made, by=ama, now=NOW)
    session.expire_all()
    assert balances(session) == {}
    assert books_are_right(session, bexley) == 0
    assert session.scalars(sa.select(Profile.full_name)).all() == ["Ama Owusu"]
    # whoever had hours stays as a bare number; Lee, who had none, is gone entirely
    standings = Counter(session.scalars(sa.select(Membership.standing)))
    assert standings == {Standing.COORDINATOR: 1, Standing.LEFT: 12}
    assert count(session, MemberNote) == 0
    assert undoing.staying(session, made) == []
    undoing.undo(session, made=made, by=ama, now=NOW)
    assert count(session, Transfer) == 2 * 13


def test_after_an_undo_the_list_can_come_in_again(session, bexley, ama, take_in):
    undoing.undo(session, made=take_in(SAMPLE, who_9=str(ama.id)), by=ama, now=NOW)
    take_in(SAMPLE, who_9=str(ama.id))
    assert balances(session)["Ama Owusu"] == 900
    assert balances(session)["Nadia Kaur"] == 2490
    books_are_right(session, bexley)


def test_undo_names_whom_something_has_happened_to_since(session, bexley, ama, take_in):
    made = take_in(SAMPLE, who_9=str(ama.id))
    nadia, wes = (member_named(session, name) for name in ("Nadia Kaur", "Wes Edwards"))
    communities.create_group(
        session, community=bexley, slug="strollers", name="Strollers", organisers=[nadia]
    )
    ledger.give(
        session, giver=wes, to_account_id=builders.account_of(session, ama).id, minutes=30,
        key=uuid.uuid4(), memo=None, today=NOW.date(), now=NOW,
    )  # fmt: skip
    with pytest.raises(undoing.UsedSince) as refusal:
        undoing.undo(session, made=made, by=ama, now=NOW)
    assert refusal.value.names == ["Nadia K", "Wes E", "Ama O"]
    assert made.undone_at is None
    undoing.undo(session, made=made, by=ama, now=NOW, keeps_used=True)
    session.expire_all()
    assert balances(session) == {"Nadia Kaur": 2490, "Wes Edwards": 1050, "Ama Owusu": 930}
    assert undoing.staying(session, made) == ["Nadia K", "Wes E", "Ama O"]
    books_are_right(session, bexley)


def test_an_address_that_takes_no_mail_stops_no_undo(session, ama, take_in):
    made = take_in(f"{HEAD}Nadia,nadia@example.com,,,41,\nLee,lee@example.com,,,,\n")
    for name in ("Nadia", "Lee"):
        person_id = member_named(session, name).person_id
        suppression.note_refusal(
            session, person_id=person_id, address=f"{name.lower()}@example.com",
            status="550 5.1.1", now=NOW,
        )  # fmt: skip
    undoing.undo(session, made=made, by=ama, now=NOW)
    session.expire_all()
    assert session.scalars(sa.select(Profile.full_name)).all() == ["Ama Owusu"]
    assert count(session, MailSuppression) == 0
    assert undoing.staying(session, made) == []


def put_right(session, made, name, minutes, by):
    """Correct the hours that the list brought forward for somebody, as they stand."""
    account = builders.account_of(session, member_named(session, name))
    mirrors = sa.select(Transfer.reverses_id).where(Transfer.reverses_id.is_not(None))
    opening = session.scalars(
        sa.select(Transfer).where(
            Transfer.batch_id == made.batch_id,
            sa.or_(Transfer.credit_id == account.id, Transfer.debit_id == account.id),
            Transfer.id.not_in(mirrors),
        )
    ).one()
    ledger.put_right(
        session, transfer=opening, minutes=minutes, by=by.id, key=uuid.uuid4(),
        memo="The cards said Nadia had 40", now=NOW,
    )  # fmt: skip


def test_undo_takes_hours_back_that_were_put_right_since(session, bexley, ama, take_in):
    made = take_in(f"{HEAD}Nadia,,,,41,\nSam,,,,-3,\nTom,,,,5,\nLee,,,,2,\n")
    put_right(session, made, "Nadia", 2400, ama)
    put_right(session, made, "Nadia", 2430, ama)
    put_right(session, made, "Sam", 60, ama)
    put_right(session, made, "Tom", 0, ama)
    assert balances(session) == {"Nadia": 2430, "Sam": -60, "Lee": 120}
    told = telling.outcome(session, made)
    assert [(line.minutes, line.is_reversed) for line in told.lines] == [
        (2430, False), (-60, False), (300, True), (120, False),
    ]  # fmt: skip
    assert told.minutes == 2490
    undoing.undo(session, made=made, by=ama, now=NOW)
    session.expire_all()
    assert set(session.scalars(sa.select(Account.balance))) == {0}
    assert session.scalars(sa.select(Profile.full_name)).all() == ["Ama Owusu"]
    assert count(session, Memo) == 0
    assert undoing.staying(session, made) == []
    books_are_right(session, bexley)


def test_hours_that_moved_after_they_were_put_right_stay_and_are_named(session, ama, take_in):
    made = take_in(f"{HEAD}Nadia,nadia@example.org,,,41,\nTom,,,,5,\n")
    put_right(session, made, "Nadia", 2400, ama)
    nadia = member_named(session, "Nadia")
    ledger.give(
        session, giver=nadia, to_account_id=builders.account_of(session, ama).id, minutes=30,
        key=uuid.uuid4(), memo=None, today=NOW.date(), now=NOW,
    )  # fmt: skip
    with pytest.raises(undoing.UsedSince) as refusal:
        undoing.undo(session, made=made, by=ama, now=NOW)
    assert refusal.value.names == ["Nadia"]
    undoing.undo(session, made=made, by=ama, now=NOW, keeps_used=True)
    session.expire_all()
    assert balances(session) == {"Nadia": 2370, "Ama Owusu": 30}
    assert undoing.staying(session, made) == ["Nadia"]


def test_whoever_was_made_a_coordinator_since_stays_and_is_named(session, ama, take_in):
    made = take_in(f"{HEAD}Nadia,nadia@example.org,,,0,\nTom,,,,5,\n")
    member_named(session, "Nadia").standing = Standing.COORDINATOR
    session.flush()
    undoing.undo(session, made=made, by=ama, now=NOW, keeps_used=True)
    session.expire_all()
    assert member_named(session, "Nadia").standing is Standing.COORDINATOR
    assert undoing.staying(session, made) == ["Nadia"]


def test_whoever_an_undo_takes_off_the_books_left_then_and_their_account_closes(
    session, bexley, ama, take_in
):
    undoing.undo(session, made=take_in(SAMPLE, who_9=str(ama.id)), by=ama, now=NOW)
    session.expire_all()
    gone = sa.select(Membership.left_at, Account.closed_at).join(
        Account, Account.membership_id == Membership.id
    )
    assert set(session.execute(gone.where(Membership.standing == Standing.LEFT)).all()) == {
        (NOW, NOW)
    }


def opening_account_last(session, community):
    """As where the bank came before the books: hours come from the account of the last number."""
    here = sa.text("community_id = :here AND kind = 'opening'").bindparams(here=community.id)
    session.execute(sa.delete(Account).where(here))
    session.add(Account(community_id=community.id, kind=AccountKind.OPENING))
    session.flush()


@pytest.mark.parametrize("goes_again", [False, True])
def test_a_list_queues_up_at_accounts_in_one_order(engine, session, bexley, ama, goes_again):
    for name in ("Nadia Khan", "Sam Tran"):
        builders.a_member(session, bexley, name, None)
    opening_account_last(session, bexley)
    listed = f"{HEAD}Nadia Khan,,,,1,\nSam Tran,,,,1,\n"
    made = drafts.start(
        session, community=bexley, table=read_text(listed, limits=LIMITS), file_name="l.csv",
        by=ama, now=NOW,
    )  # fmt: skip
    if goes_again:
        writing.write(session, made=made, answers={}, by=ama, now=NOW)
    last = builders.account_of(session, member_named(session, "Sam Tran"))
    hours_from = ledger.opening_account(session, community_id=bexley.id)
    assert last.id < hours_from.id
    queue = {"key_share": True}
    session.commit()

    def work():
        with Session(engine) as own:
            by, again = own.get_one(Membership, ama.id), own.get_one(MemberList, made.id)
            if goes_again:
                undoing.undo(own, made=again, by=by, now=NOW)
            else:
                writing.write(own, made=again, answers={}, by=by, now=NOW)
            own.commit()

    # a correction of Sam's hours, as slow as can be: his account, and in a while the other
    with ThreadPoolExecutor(1) as pool, Session(engine) as correction:
        correction.get_one(Account, last.id, with_for_update=queue)
        listing = pool.submit(work)
        wait_until_somebody_queues(engine)
        correction.get_one(Account, hours_from.id, with_for_update=queue)
        correction.commit()
        listing.result()
    session.expire_all()
    books_are_right(session, bexley)


def wait_until_somebody_queues(engine):
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN"
        " (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
    )
    with engine.connect() as connection:
        for _ in range(500):
            if connection.scalar(waiting):
                return
            connection.rollback()
            time.sleep(0.02)
    raise AssertionError("nobody queued up")


def test_corrections_while_a_list_is_undone_count_or_are_refused(
    engine, session, bexley, ama, take_in
):
    listed = HEAD + "".join(f"Neighbour {number},,,,1,\n" for number in range(12))
    made = take_in(listed)
    numbers = session.scalars(
        sa.select(Transfer.id).where(Transfer.batch_id == made.batch_id)
    ).all()
    session.commit()

    def correct(number):
        def work(own):
            ledger.put_right(
                own, transfer=own.get_one(Transfer, number), minutes=30, by=ama.id,
                key=uuid.uuid4(), memo="x", now=NOW,
            )  # fmt: skip

        return work

    def undo(own):
        by = own.get_one(Membership, ama.id)
        undoing.undo(own, made=own.get_one(MemberList, made.id), by=by, now=NOW)

    with Storm(engine) as storm:
        answers = storm.answers([*map(correct, numbers[:6]), undo, *map(correct, numbers[6:])])
    assert answers["done"] + answers["AlreadyReversed"] == len(numbers) + 1, answers
    session.expire_all()
    assert balances(session) == {}
    assert set(session.scalars(sa.select(Account.balance))) == {0}
    books_are_right(session, bexley)


def test_undo_leaves_members_of_other_communities_their_name(session, ama, take_in):
    elsewhere = builders.an_elsewhere(session)
    made = take_in(f"{HEAD}Somebody Else,chi@example.com,,,0,\nTom,tom@example.org,,,0,\n")
    undoing.undo(session, made=made, by=ama, now=NOW)
    session.expire_all()
    names = set(session.scalars(sa.select(Profile.full_name)))
    assert names == {"Ama Owusu", "Chi Adeyemi"}
    assert session.get_one(Person, elsewhere.chi.person_id).erased_at is None
    assert count(session, Membership) == 2


def test_whoever_was_only_written_to_goes_but_for_a_bare_number(session, bexley, ama, take_in):
    made = take_in(f"{HEAD}Lee,lee@example.org,,,0,\n")
    lee = member_named(session, "Lee")
    identity.request_sign_in(
        session, community_id=bexley.id, person_id=lee.person_id, next_path="/", now=NOW
    )
    undoing.undo(session, made=made, by=ama, now=NOW)
    session.expire_all()
    assert lee.standing is Standing.LEFT
    assert session.get_one(Person, lee.person_id).erased_at == NOW
    assert session.get(Profile, lee.person_id) is None


def test_two_lists_at_once_bring_everybody_once(engine, session, bexley, ama, bring):
    lists = [bring(SAMPLE).id for _ in range(4)]
    session.commit()
    start = threading.Barrier(len(lists))

    def take_in_one(number):
        with Session(engine) as own:
            made = own.get_one(MemberList, number)
            by = own.get_one(Membership, ama.id)
            start.wait()
            writing.write(own, made=made, answers={"who_9": str(ama.id)}, by=by, now=NOW)
            own.commit()

    with ThreadPoolExecutor(len(lists)) as pool:
        list(pool.map(take_in_one, lists))
    session.expire_all()
    assert balances(session)["Nadia Kaur"] == 2490
    assert count(session, Profile) == 14
    assert count(session, Transfer) == 13
    books_are_right(session, bexley)


def test_undo_before_taking_in_is_refused(session, ama, bring):
    with pytest.raises(undoing.NothingToUndo):
        undoing.undo(session, made=bring(SAMPLE), by=ama, now=NOW)
