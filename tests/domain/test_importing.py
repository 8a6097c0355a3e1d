from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import builders
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.domain.rota.importing import drafts
from timebank.domain.rota.importing import planning
from timebank.domain.rota.importing import undoing
from timebank.domain.rota.importing import writing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import HeldFor
from timebank.models import MailedTurn
from timebank.models import Membership
from timebank.models import Method
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Role
from timebank.models import Slot
from timebank.models import WithdrawnBecause

SAMPLE = (Path(__file__).parent.parent / "samples" / "rota-grid.csv").read_bytes()
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DEC_5 = dt.date(2026, 12, 5)
ONE_LINE = "Job,Sat 5 Dec 2026,Sat 12 Dec 2026\n"


@pytest.fixture
def walk(session):
    return builders.a_walk(session, day=DEC_5)


def brought(session, walk, cells):
    table = read_bytes(cells) if isinstance(cells, bytes) else read_text(cells)
    return drafts.start(
        session, series=walk.series, table=table, file_name="", by=walk.nadia, now=NOW
    )


def planned(session, walk, made):
    return planning.plan(session, made=made, series=walk.series, now=NOW)


def write(session, walk, made, **answers):
    writing.write(session, made=made, series=walk.series, answers=answers, by=walk.nadia, now=NOW)
    session.commit()
    session.expire_all()


def undo(session, walk, made, now=NOW):
    undoing.undo(session, made=made, series=walk.series, by=walk.nadia, now=now)
    session.commit()
    session.expire_all()


def turns(session, made=None):
    rows = session.execute(
        sa.select(Event.occurs_on, Role.name, Profile.full_name, Claim.state)
        .join(Slot, Slot.id == Claim.slot_id)
        .join(Event, Event.id == Slot.event_id)
        .join(Role, Role.id == Slot.role_id)
        .join(Profile, Profile.person_id == Claim.person_id)
        .where(Claim.live)
        .order_by(Event.occurs_on, Role.position, Claim.place)
    )
    return [(day.isoformat(), job, name, state.value) for day, job, name, state in rows]


def days(session):
    return list(session.scalars(sa.select(Event.occurs_on).order_by(Event.occurs_on)))


def test_nothing_is_written_before_it_looks_right(session, walk):
    made = brought(session, walk, SAMPLE)
    planned(session, walk, made)
    assert (turns(session), days(session)) == ([], [DEC_5])
    assert session.scalar(sa.select(sa.func.count(Role.id))) == 2


def test_the_sample_is_understood_and_its_doubts_are_asked(session, walk):
    builders.a_member(session, walk.community, "Priya Sharma")
    builders.a_member(session, walk.community, "Joanna Field")
    plan = planned(session, walk, brought(session, walk, SAMPLE))
    assert [(date.day.isoformat(), date.fate.value, date.is_usual) for date in plan.dates] == [
        ("2026-12-05", "there", True),
        ("2026-12-12", "new", True),
        ("2026-12-19", "new", True),
        ("2026-12-26", "cancelled", True),
        ("2027-01-02", "new", True),
        ("2027-01-09", "new", True),
    ]
    known = [(job.sheet.name, job.role_id) for job in plan.jobs if job.role_id]
    assert known == [("Tail Walker", walk.tail_walker.role_id)]
    assert [
        (" / ".join(one.names), one.turns, [name for _, name in one.candidates], bool(one.key))
        for one in plan.people
    ] == [
        ("Nadia K", 5, ["Nadia K"], False),
        ("Wes E", 4, [], True),
        ("Tom B", 4, [], True),
        ("Priya S / Priya Sharma", 2, ["Priya S"], False),
        ("Imran M", 3, [], True),
        ("Grace L", 3, [], True),
        ("Jo F", 3, ["Joanna F"], True),
        ("Ama O", 3, ["Ama O"], False),
        ("Zoë Ń", 1, [], True),
        ("Siân P", 3, [], True),
        ("Pauline D", 4, [], True),
        ("Marjorie H", 3, [], True),
        ("Lee O'Brien", 1, [], True),
    ]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("First-timers’ welcome", "First Timers Welcome"),
        ("Marshal: stable block", "Marshal (stable block)"),
        ("Café", "cafe"),
    ],
)
def test_a_job_that_differs_in_points_or_accents_is_guessed_and_asked_about(
    session, walk, ours, theirs
):
    role = builders.a_role(session, walk.series, name=ours)
    made = brought(session, walk, f"{ONE_LINE}{theirs},Jo Field,\n")
    [job] = planned(session, walk, made).jobs
    assert (job.role_id, job.key) == (role.id, "job_0")
    write(session, walk, made, job_0="", who_0=planning.NEW)
    assert turns(session, made)[0][1] == theirs


@pytest.mark.parametrize(("ours", "theirs"), [("Смена 1", "Группа 1"), ("受付", "片付け")])
def test_another_job_in_other_letters_is_not_guessed(session, walk, ours, theirs):
    builders.a_role(session, walk.series, name=ours)
    [job] = planned(session, walk, brought(session, walk, f"{ONE_LINE}{theirs},Jo Field,\n")).jobs
    assert job.role_id is None


def test_a_namesake_goes_before_one_that_is_alike(session, walk):
    builders.a_role(session, walk.series, name="Door (16+)")
    role = builders.a_role(session, walk.series, name="Door 16")
    [job] = planned(session, walk, brought(session, walk, f"{ONE_LINE}Door 16,Jo Field,\n")).jobs
    assert (job.role_id, job.key) == (role.id, "")


def test_the_sample_is_taken_in_whole(session, walk):
    made = brought(session, walk, SAMPLE)
    write(session, walk, made)
    account = {key: made.wrote[key] for key in ("taken", "pencilled", "there", "left_out")}
    refused = made.wrote["refused"]
    assert account == {"taken": 37, "pencilled": 1, "there": 0, "left_out": len(refused)}
    assert [(cell, name, job) for cell, name, job, *_ in refused] == [
        ("B16", "Nadia K", "Results Processor"),
    ]
    assert days(session) == [
        DEC_5, dt.date(2026, 12, 12), dt.date(2026, 12, 19), dt.date(2027, 1, 2),
        dt.date(2027, 1, 9),
    ]  # fmt: skip
    assert [turn for turn in turns(session) if turn[0] == "2027-01-09"] == [
        ("2027-01-09", "Barcode Scanning", "Jo F", "confirmed"),
        ("2027-01-09", "Barcode Scanning", "Siân P", "held"),
        ("2027-01-09", "Results Processor", "Wes E", "confirmed"),
    ]


def test_a_second_tap_writes_nothing_more(session, walk):
    made = brought(session, walk, SAMPLE)
    write(session, walk, made)
    before = (turns(session), session.scalar(sa.select(sa.func.count(Membership.id))))
    write(session, walk, made)
    assert before == (
        turns(session),
        session.scalar(sa.select(sa.func.count(Membership.id))),
    )


def test_somebody_in_doubt_must_be_named_first(session, walk):
    jo = builders.a_member(session, walk.community, "Joanna Field")
    made = brought(session, walk, ONE_LINE + "Marshal,Jo F,\n")
    with pytest.raises(planning.SayWhoItIs) as refused:
        write(session, walk, made)
    assert refused.value.field == "who_0"
    write(session, walk, made, who_0=str(jo.id))
    assert turns(session) == [("2026-12-05", "Marshal", "Joanna Field", "confirmed")]


def test_a_question_mark_pencils_a_member_in_and_asks(session, walk):
    made = brought(session, walk, ONE_LINE + "Marshal,Bela N?,\n")
    write(session, walk, made)
    claim = session.scalars(sa.select(Claim)).one()
    assert (claim.state, claim.held_for, claim.made_by, claim.import_id) == (
        ClaimState.HELD, HeldFor.ASKED, walk.nadia.id, made.id,
    )  # fmt: skip


def test_what_cannot_be_is_listed_and_the_rest_goes_in(session, walk):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    made = brought(session, walk, ONE_LINE + "Marshal,Bela N,Bela N\nTail walker,Sam T,Sam T\n")
    write(session, walk, made)
    assert made.wrote["refused"] == [
        ["B2", "Bela N", "Marshal", "2026-12-05",
         "They have a turn at that time, here or somewhere else."],
        ["B3", "Sam T", "Tail walker", "2026-12-05",
         "Every place of this job is taken on that day."],
    ]  # fmt: skip
    assert [turn[1:3] for turn in turns(session)] == [
        ("Tail walker", "Bela Novak"), ("Marshal", "Bela Novak"), ("Tail walker", "Sam Tran"),
    ]  # fmt: skip


def test_days_that_have_passed_are_kept_out(session, walk):
    made = brought(session, walk, "Job,Sat 7 Nov 2026,Sat 5 Dec 2026\nMarshal,Bela N,Sam T\n")
    write(session, walk, made)
    assert made.wrote["refused"] == [
        ["B2", "Bela N", "Marshal", "2026-11-07", "Its date wasn’t taken in."]
    ]
    assert days(session) == [DEC_5]


def test_more_lines_make_more_room_until_it_is_undone(session, walk):
    made = brought(session, walk, ONE_LINE + "Tail walker*,Bela N,\nTail walker*,Sam T,\n")
    write(session, walk, made)
    slot = session.get_one(Slot, walk.tail_walker.id)
    assert (slot.needed, slot.places, len(turns(session))) == (2, 2, 2)
    undo(session, walk, made)
    slot = session.get_one(Slot, walk.tail_walker.id)
    assert (slot.needed, slot.places, turns(session)) == (1, 1, [])


def test_a_cancelled_column_can_be_left_out_and_put_back(session, walk):
    sheet = "Job,Sat 5 Dec 2026,Sat 12 Dec 2026\nMarshal,CANCELLED,Sam T\nTail,CANCELLED,\n"
    made = brought(session, walk, sheet)
    write(session, walk, made, off_0="skip")
    assert session.get_one(Event, walk.event.id).state.value == "skipped"
    undo(session, walk, made)
    assert session.get_one(Event, walk.event.id).state.value == "planned"


def test_a_turn_in_somebodys_calendar_is_taken_out_of_it_with_the_import(session, walk):
    made = brought(session, walk, ONE_LINE + "Marshal,Bela Novak,Sam Tran\n")
    write(session, walk, made)
    theirs = sa.select(Claim).where(Claim.import_id == made.id).order_by(Claim.starts_at)
    bela, sam = session.scalars(theirs).all()
    session.add(
        MailedTurn(
            community_id=bela.community_id,
            membership_id=bela.membership_id,
            slot_id=bela.slot_id,
            claim_id=bela.id,
            method=Method.REQUEST,
            sequence=0,
            told_at=NOW,
        )
    )
    session.commit()
    undo(session, walk, made)
    undo(session, walk, made)
    told = session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.PUT_DOWN)).all()
    assert [(one.person_id, one.facts) for one in told] == [
        (bela.person_id, {"claim_id": str(bela.id), "taken_off": "yes"})
    ]
    assert sam.state is ClaimState.WITHDRAWN


def test_all_of_it_is_undone(session, walk):
    made = brought(session, walk, SAMPLE)
    write(session, walk, made)
    undo(session, walk, made)
    undo(session, walk, made)
    reasons = set(session.scalars(sa.select(Claim.withdrawn_because)))
    assert (turns(session), reasons) == ([], {WithdrawnBecause.UNDONE})
    live = sa.select(Role.name).where(Role.retired_at.is_(None)).order_by(Role.position)
    assert list(session.scalars(live)) == ["Marshal", "Tail walker"]
    names = sa.select(Profile.full_name).join(
        Membership, Membership.person_id == Profile.person_id
    )
    here = set(session.scalars(names.where(Membership.standing != "left")))
    assert here == {"Ama Owusu", "Nadia Khan", "Bela Novak", "Sam Tran"}
    assert made.wrote["kept"] == [
        ["usual", "", day] for day in ("2026-12-12", "2026-12-19", "2027-01-02", "2027-01-09")
    ]


def test_what_happened_since_stays_and_is_listed(session, walk):
    made = brought(session, walk, ONE_LINE + "Scones,Bela N,Sam T\n")
    write(session, walk, made)
    undo(session, walk, made, now=dt.datetime(2026, 12, 6, tzinfo=dt.UTC))
    assert made.wrote["kept"] == [
        ["done", "Bela N", "2026-12-05"], ["used", "Scones", ""], ["usual", "", "2026-12-12"],
    ]  # fmt: skip
    assert turns(session) == [("2026-12-05", "Scones", "Bela Novak", "confirmed")]
