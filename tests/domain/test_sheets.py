from __future__ import annotations

import datetime as dt
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.strolls import DAY
from tests.strolls import ON_THE_ROTA
from tests.strolls import a_stroll
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import NotFound
from timebank.domain import ledger
from timebank.domain.rota import checkin
from timebank.domain.rota import occasions
from timebank.domain.rota.sheets import drafts
from timebank.domain.rota.sheets import paper
from timebank.domain.rota.sheets import planning
from timebank.domain.rota.sheets import tracing
from timebank.domain.rota.sheets import writing
from timebank.domain.rota.sheets.planning import Fate
from timebank.domain.rota.sheets.questions import AnswerFirst
from timebank.domain.rota.sheets.questions import LookAgain
from timebank.domain.rota.sheets.rows import NO
from timebank.domain.rota.sheets.rows import YES
from timebank.domain.rota.sheets.rows import Row
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import LineOutcome
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PaperSheetDraft
from timebank.models import PaperSheetLine
from timebank.models import Profile
from timebank.models import Slot
from timebank.models import Transfer

SAMPLE = (Path(__file__).parent.parent / "samples" / "paper-sheet.csv").read_bytes()
FRIDAY = dt.datetime(2026, 12, 4, 18, tzinfo=dt.UTC)
STARTS = dt.datetime(2026, 12, 5, 9, tzinfo=dt.UTC)
AFTER = dt.datetime(2026, 12, 5, 15, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 12, 7, 10, tzinfo=dt.UTC)


class Desk:
    """Somebody at a desk with the sheet of the walk."""

    def __init__(self, session):
        self.session = session
        found = a_stroll(session)
        self.walk, self.slots, self.people = found.walk, found.slots, found.people
        self.sheet = self.printed()
        session.commit()

    @property
    def occasion(self):
        return occasions.find_occasion(
            self.session, community_id=self.walk.community.id, slug=self.walk.series.slug, day=DAY
        )

    def put(self, first, job, **details):
        return builders.a_claim(self.session, self.slots[job], self.people[first], **details)

    def printed(self, by="Nadia", now=FRIDAY):
        return paper.sheet_to_print(
            self.session, occasion=self.occasion, by=self.people[by].id, now=now
        )

    def paste(self, cells, by="Ama", now=AFTER):
        table = read_bytes(cells) if isinstance(cells, bytes) else read_text(cells)
        drafts.keep_table(
            self.session, sheet=self.sheet, table=table, file_name="", by=self.people[by].id,
            now=now,
        )  # fmt: skip
        self.session.commit()
        return self.plan(by=by, now=now)

    def type(self, *rows, by="Ama", now=AFTER):
        drafts.keep_rows(self.session, sheet=self.sheet, rows=rows, by=self.people[by].id, now=now)
        self.session.commit()
        return self.plan(by=by, now=now)

    def plan(self, by="Ama", now=AFTER, **answers):
        draft = drafts.find(self.session, sheet=self.sheet, by=self.people[by].id)
        return planning.plan(
            self.session, rows=drafts.rows_of(draft), sheet=self.sheet, occasion=self.occasion,
            answers=answers, by=self.people[by].id, now=now,
        )  # fmt: skip

    def answers(self, by="Ama", now=AFTER, **said):
        """What the page would send: all that it asks, answered so or left as offered."""
        for _ in range(5):
            asked = self.plan(by=by, now=now, **said).questions
            new = {key: one.answer for key, one in asked.items() if key not in said}
            if not new:
                break
            said |= new
        return said

    def write(self, by="Ama", now=AFTER, **said):
        done = writing.write(
            self.session, sheet=self.sheet, occasion=self.occasion,
            answers=self.answers(by=by, now=now, **said) if said.pop("all", True) else said,
            by=self.people[by].id, now=now,
        )  # fmt: skip
        self.session.commit()
        self.session.expire_all()
        return done

    def hours(self):
        """Minutes of everybody who has any, by first name."""
        found = {
            first: ledger.balance(self.session, membership_id=member.id)
            for first, member in self.people.items()
        }
        return {first: minutes for first, minutes in found.items() if minutes}

    def asked(self, plan):
        return {key: one.answer for key, one in plan.questions.items()}

    def off(self, *firsts):
        """The questions about people on the rota of whom the sheet says nothing."""
        return {f"off_{self.claim_of(one, ON_THE_ROTA[one]).id}": "leave" for one in firsts}

    def claim_of(self, first, job):
        return self.session.scalars(
            sa.select(Claim).where(
                Claim.membership_id == self.people[first].id,
                Claim.slot_id == self.slots[job].id,
                Claim.state != ClaimState.WITHDRAWN,
            )
        ).one()


@pytest.fixture
def desk(session):
    return Desk(session)


def row(number, name, job="", here=NO):
    return Row(number=number, name=name, job=job, here=here)


def header(*lines):
    return "Name,Job,In,Out,Signature\n" + "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------ the sheet itself


@pytest.mark.parametrize(
    ("title", "letters"),
    [("Danson Saturday Stroll", "DS"), ("Parkrun", "PA"), ("Café à Erith", "CA"), ("5k", "K"),
     ("舞蹈", "TS"), ("X", "X")],
)  # fmt: skip
def test_a_number_has_the_letters_of_its_title(title, letters):
    assert paper.letters_of(title) == letters


@pytest.mark.parametrize(
    ("typed", "number"),
    [("DS-0412", "DS-0412"), ("ds 412", "DS-0412"), ("DS412", "DS-0412"), ("DS–412", "DS-0412"),
     ("412", None), ("", None), ("DS-04121234", None), ("DS-0412 B", None)],
)  # fmt: skip
def test_a_typed_number_is_read(typed, number):
    assert paper.read_number(typed) == number


def test_printing_again_makes_no_second_number_and_another_sheet_does(desk, session):
    assert desk.sheet.number == "DS-0001"
    assert desk.printed().id == desk.sheet.id
    other = paper.another_sheet(
        session, occasion=desk.occasion, by=desk.people["Nadia"].id, now=FRIDAY
    )
    assert other.number == "DS-0002"
    assert desk.printed().id == other.id
    [fair] = [builders.a_series(
        session, group=desk.walk.group, organiser=desk.walk.nadia, title="Dig Square",
        slug="dig", first_on=DAY,
    )]  # fmt: skip
    builders.an_event(session, fair)
    dig = occasions.find_occasion(
        session, community_id=desk.walk.community.id, slug="dig", day=DAY
    )
    third = paper.sheet_to_print(session, occasion=dig, by=desk.people["Nadia"].id, now=FRIDAY)
    assert third.number == "DS-0003"


def test_another_community_counts_its_own_sheets(desk, session):
    there = builders.a_community(session, "ashford")
    chi = builders.a_member(session, there, "Chi Adeyemi")
    assert paper.whose_number(session, community_id=there.id, number="DS-0001") is None
    with pytest.raises(NotFound):
        paper.find_sheet(session, event_id=desk.walk.event.id + 1, number="DS-0001")
    assert chi.community_id != desk.sheet.community_id


def test_its_lines_follow_the_rota_until_the_date_begins_and_then_stay(desk, session):
    def names():
        return [(line.job, line.name) for line in paper.printed_lines(session, sheet=desk.sheet)]

    assert names() == [
        ("Run director", "Nadia K"),
        ("Course check", "Tom B"),
        ("Marshal: boathouse", "Grace L"),
        ("Marshal: far end", None),
        ("Timekeeper", "Imran M"),
        ("Finish tokens", "Pauline D"),
        ("Finish tokens", None),
    ]
    desk.put("Bela", "Marshal: far end")
    assert desk.printed(now=FRIDAY).printed_at == FRIDAY
    assert ("Marshal: far end", "Bela N") in names()
    desk.put("Ama", "Finish tokens", place=2)
    desk.printed(now=STARTS)
    assert ("Finish tokens", None) in names()
    assert desk.sheet.printed_at == FRIDAY


# ------------------------------------------------------------------------------------ the sample


def test_every_untidy_line_of_the_sample_is_right_or_asked_about(desk):
    plan = desk.paste(SAMPLE)
    assert desk.asked(plan) == {
        "sheet_1": "",  # the paper says DS-0412, this page is DS-0001
        "who_4": str(desk.people["Imran"].id),  # "Imran" may be anybody; he is on the rota
        "who_5": "new",  # Kwame, friend of Ama
        "job_2": str(desk.slots["Course check"].role_id),  # "Course check / marshal"
        "job_5": str(desk.slots["Marshal: boathouse"].role_id),  # "Marshal"
        "job_6": str(desk.slots["Marshal: boathouse"].role_id),  # "Marshal (boathouse)"
        "twice_7": "once",
        "out_6": "10:15am",  # the planned end
        "hours_1": "planned",
        "hours_2": "planned",
    }
    assert [line.fate for line in plan.lines] == [Fate.COUNTS] * 6 + [Fate.DOUBLE]


def test_nothing_of_the_sample_is_written_before_all_is_answered(desk, session):
    desk.paste(SAMPLE)
    with pytest.raises(AnswerFirst):
        desk.write()
    session.rollback()
    with pytest.raises(LookAgain):
        desk.write(all=False, sheet_1="theirs")
    session.rollback()
    assert desk.hours() == {}
    assert session.scalar(sa.select(sa.func.count(PaperSheetLine.number))) == 0
    assert drafts.find(session, sheet=desk.sheet, by=desk.people["Ama"].id) is not None


def test_the_sample_is_taken_in_once_and_each_turn_knows_its_line(desk, session):
    far = str(desk.slots["Marshal: far end"].role_id)
    desk.paste(SAMPLE)
    done = desk.write(sheet_1="theirs", job_5=far, hours_1="written")
    assert (len(done.credits), done.waiting, done.there, done.refused) == (6, 0, 0, 0)
    assert desk.hours() == {
        "Nadia": 160, "Tom": 60, "Pauline": 75, "Imran": 75, "Grace": 90,
    }  # fmt: skip
    kwame = session.scalars(sa.select(Profile).where(Profile.full_name == "Kwame")).one()
    assert kwame.email is None
    [theirs] = [s for s in paper.sheets_of(session, event_id=desk.walk.event.id)
                if s.number == "DS-0412"]  # fmt: skip
    lines = tracing.typed_lines(session, sheet=theirs)
    assert [(line.number, line.outcome, line.minutes) for line in lines] == [
        (1, LineOutcome.COUNTED, 160),
        (2, LineOutcome.COUNTED, 60),
        (3, LineOutcome.COUNTED, 75),
        (4, LineOutcome.COUNTED, 75),
        (5, LineOutcome.COUNTED, 90),
        (6, LineOutcome.COUNTED, 90),
        (7, LineOutcome.DOUBLE, None),
    ]
    claim = desk.claim_of("Pauline", "Finish tokens")
    assert tracing.sources(session, claim_ids=[claim.id]) == {
        claim.id: tracing.Source("DS-0412", 3)
    }
    assert tracing.typed_lines(session, sheet=desk.sheet) == []
    [proof] = ledger.reconcile(session, now=AFTER)
    assert proof.proved


def test_the_sample_typed_up_again_writes_nothing(desk, session):
    answers = {"sheet_1": "theirs", "job_5": str(desk.slots["Marshal: far end"].role_id)}
    desk.paste(SAMPLE)
    desk.write(**answers)
    before = desk.hours(), session.scalar(sa.select(sa.func.count(Transfer.id)))
    members = session.scalar(sa.select(sa.func.count(Membership.id)))
    plan = desk.paste(SAMPLE, now=MONDAY)
    assert desk.asked(plan)["who_5"].isdecimal()  # the Kwame whom that line meant before
    done = desk.write(now=MONDAY, **answers)
    assert (done.credits, done.there) == ((), 6)
    assert (desk.hours(), session.scalar(sa.select(sa.func.count(Transfer.id)))) == before
    assert session.scalar(sa.select(sa.func.count(Membership.id))) == members
    assert session.scalar(sa.select(sa.func.count(PaperSheetLine.number))) == 7
    assert desk.write(now=MONDAY, all=False) is None  # a second tap finds nothing left to write


# ----------------------------------------------------------------------------------- who it was


def test_a_first_name_that_two_have_must_be_chosen(desk, session):
    builders.a_member(session, desk.walk.community, "Imran Sayed", email=None)
    desk.session.commit()
    plan = desk.paste(header("Imran,Timekeeper,,,y", "Tom B,Course check,,,y"))
    assert desk.asked(plan) == {
        "who_1": str(desk.people["Imran"].id),
        **desk.off("Nadia", "Pauline", "Grace"),
    }
    plan = desk.paste(header("Imran S,Timekeeper,,,y"))
    assert "who_1" not in plan.questions
    desk.put("Bela", "Marshal: far end")
    other = builders.a_member(session, desk.walk.community, "Bela Norris", email=None)
    builders.a_claim(session, desk.slots["Finish tokens"], other, place=2)
    plan = desk.paste(header("Bela N,Finish tokens,,,y"))
    assert plan.questions["who_1"].answer == ""
    assert [choice.label for choice in plan.questions["who_1"].choices] == [
        "Bela Novak", "Bela Norris", "", "",
    ]  # fmt: skip
    with pytest.raises(AnswerFirst):
        desk.write()


def test_a_member_who_is_called_new_is_asked_about(desk):
    plan = desk.paste(header("Tom B (new),Course check,,,y"))
    assert plan.questions["who_1"].answer == ""


def test_two_names_on_a_line_are_two_people(desk, session):
    desk.paste(header("Imran M & Grace L,Timekeeper,9,10.15,y"))
    plan = desk.plan()
    assert [(line.entry.key, line.who.name) for line in plan.lines] == [
        ("1", "Imran M"), ("1-2", "Grace L"),
    ]  # fmt: skip
    assert plan.questions["swap_1-2"].answer == "instead"  # she is down for the boathouse
    desk.write(**{"swap_1-2": "as_rota"})
    assert desk.hours() == {"Imran": 75, "Grace": 90}
    [sheet] = paper.sheets_of(session, event_id=desk.walk.event.id)
    assert [(line.number, line.part) for line in tracing.typed_lines(session, sheet=sheet)] == [
        (1, 1), (1, 2),
    ]  # fmt: skip


def test_a_line_without_a_name_is_asked_about(desk):
    plan = desk.paste(header("???,Timekeeper,9,10.15,y", "=A1,Timekeeper,9,10.15,y"))
    assert plan.questions["name_1"].answer == ""
    assert [line.fate for line in plan.lines] == [Fate.LEFT_OUT] * 2
    plan = desk.plan(name_1="12345", name_2="Imran M")
    assert plan.questions["name_1"].is_open
    assert plan.lines[1].who.name == "Imran M"


def test_a_name_left_as_printed_means_whose_turn_it_was(desk, session):
    other = builders.a_member(session, desk.walk.community, "Tom Bell", email=None)
    plan = desk.type(row(2, "Tom B", "Course check", here=YES))
    assert [line.who.membership_id for line in plan.lines] == [desk.people["Tom"].id]
    plan = desk.type(row(5, "Tom B", "Timekeeper", here=YES))
    assert plan.questions["who_5"].answer == str(desk.people["Tom"].id)  # he is on the rota
    assert str(other.id) in {choice.value for choice in plan.questions["who_5"].choices}


# ----------------------------------------------------------------------------------- which job


def test_without_a_job_it_is_the_one_they_are_down_for(desk):
    plan = desk.paste("Name,In\nImran M,9\nBela N,9\n")
    assert plan.lines[0].slot.name == "Timekeeper"
    assert plan.questions["job_2"].answer == ""


def test_a_job_at_several_times_is_theirs_or_the_one_when_they_came(desk, session):
    first = desk.slots["Timekeeper"]
    later = Slot(
        community_id=first.community_id, series_id=first.series_id, event_id=first.event_id,
        role_id=first.role_id, turn=2, starts_at=first.ends_at,
        ends_at=first.ends_at + dt.timedelta(minutes=75), needed=0, places=1,
    )  # fmt: skip
    session.add(later)
    session.flush()
    plan = desk.paste(header("Imran M,Timekeeper,10.20,11.30,y", "Bela N,Timekeeper,10.20,11.30,y",
                             "Ama O,Timekeeper,,,y"))  # fmt: skip
    assert plan.lines[0].slot.slot_id == first.id
    assert plan.questions["turn_2"].answer == str(later.id)
    assert plan.questions["turn_3"].answer == ""


def test_nobody_is_at_two_jobs_at_once(desk):
    plan = desk.paste(header("Bela N,Finish tokens,,,y", "Bela N,Marshal: far end,,,y"))
    assert [line.fate for line in plan.lines] == [Fate.COUNTS, Fate.CLASH]
    plan = desk.paste(header("Grace L,Marshal: boathouse,,,y", "Grace L,Timekeeper,,,y"))
    assert [line.fate for line in plan.lines] == [Fate.COUNTS, Fate.CLASH]


def test_who_did_another_job_than_planned_has_that_one(desk, session):
    plan = desk.paste(header("Grace L,Timekeeper,9,10.15,y"))
    assert plan.questions["swap_1"].answer == "instead"
    planned = desk.claim_of("Grace", "Marshal: boathouse")
    desk.write()
    assert session.get(Claim, planned.id).state is ClaimState.WITHDRAWN
    assert desk.claim_of("Grace", "Timekeeper").state is ClaimState.ATTENDED
    assert desk.hours() == {"Grace": 75}


# ------------------------------------------------------------------------------------- how long


def test_times_the_wrong_way_round_and_unreadable_ones_are_asked_about(desk):
    plan = desk.paste(header("Imran M,Timekeeper,10.15,9,y", "Tom B,Course check,early,8.45,y",
                             "Grace L,Marshal: boathouse,8.45,10.3,y"))  # fmt: skip
    asked = desk.asked(plan)
    assert (asked["in_1"], asked["out_1"]) == ("9am", "10:15am")
    assert asked["in_2"] == "7:45am"
    assert asked["out_3"] == "10:30am"
    plan = desk.plan(in_1="10:15", out_1="9:00", in_2="soon")
    assert plan.questions["out_1"].is_open
    assert plan.questions["in_2"].is_open


def test_a_quarter_of_an_hour_more_or_less_is_as_planned(desk):
    plan = desk.paste(header("Imran M,Timekeeper,9,10.30,y", "Tom B,Course check,7.45,9.01,y",
                             "Grace L,Marshal: boathouse,8.45,9.59,y"))  # fmt: skip
    assert {"hours_2", "hours_3"} <= plan.questions.keys()
    assert "hours_1" not in plan.questions


def test_minutes_by_the_sheet_are_posted_and_the_books_prove(desk, session):
    desk.paste(header("Tom B,Course check,7.45,10.30,y", "Imran M,Timekeeper,9,9.30,y"))
    done = desk.write(hours_1="written", hours_2="written")
    assert desk.hours() == {"Tom": 165, "Imran": 30}
    assert done.minutes == 195
    [proof] = ledger.reconcile(session, now=AFTER)
    assert proof.proved
    claim = desk.claim_of("Tom", "Course check")
    assert (claim.minutes_done, claim.minutes_by) == (165, desk.people["Ama"].id)
    people = occasions.who_is_expected(session, event_id=desk.walk.event.id, now=AFTER)
    [tom] = [one for one in people if one.claim_id == claim.id]
    assert (tom.minutes, tom.sheet, tom.line) == (165, "DS-0001", 1)


def test_hours_taken_back_count_as_planned_unless_the_sheet_is_typed_again(desk, session):
    desk.paste(header("Tom B,Course check,7.45,10.30,y"))
    desk.write(hours_1="written")
    claim = desk.claim_of("Tom", "Course check")
    by = desk.people["Ama"].id
    checkin.take_back(
        session, occasion=desk.occasion, claim_id=claim.id, reason="Misread", by=by,
        key=uuid.uuid4(), now=AFTER,
    )  # fmt: skip
    session.commit()
    checkin.tick(
        session, occasion=desk.occasion, claim_id=claim.id, is_here=True, by=by, now=AFTER
    )
    checkin.finish(session, occasion=desk.occasion, by=by, now=AFTER)
    session.commit()
    session.expire_all()
    assert desk.hours() == {"Tom": 60}
    assert ledger.reconcile(session, now=AFTER)[0].proved


# ---------------------------------------------------------------------------------- what is there


def test_what_was_ticked_or_credited_before_stays_as_it_is(desk, session):
    nadia = desk.people["Nadia"].id
    for first, job in (("Tom", "Course check"), ("Imran", "Timekeeper")):
        checkin.tick(
            session, occasion=desk.occasion, claim_id=desk.claim_of(first, job).id, is_here=True,
            by=nadia, now=STARTS,
        )  # fmt: skip
        if first == "Tom":
            checkin.finish(session, occasion=desk.occasion, by=nadia, now=AFTER)
    session.commit()
    plan = desk.paste(header("Tom B,Course check,7.45,10.30,y", "Imran M,Timekeeper,9,10.15,y"))
    assert [line.fate for line in plan.lines] == [Fate.CREDITED, Fate.COUNTS]
    assert plan.lines[1].turn.is_ticked
    assert "hours_1" not in plan.questions
    done = desk.write()
    assert (done.there, len(done.credits)) == (1, 1)
    assert desk.hours() == {"Tom": 60, "Imran": 75}
    assert desk.claim_of("Imran", "Timekeeper").arrived_by == nadia


def test_who_is_on_the_rota_and_not_on_the_sheet_is_left_or_missed(desk, session):
    nadia = desk.people["Nadia"].id
    ticked = desk.claim_of("Pauline", "Finish tokens").id
    checkin.tick(
        session, occasion=desk.occasion, claim_id=ticked, is_here=True, by=nadia, now=STARTS
    )
    plan = desk.paste(header("Tom B,Course check,,,y", "Grace L,Marshal: boathouse,,,n"))
    assert desk.asked(plan) == desk.off("Nadia", "Imran", "Grace")
    grace, imran = (
        desk.claim_of(*one) for one in (("Grace", "Marshal: boathouse"), ("Imran", "Timekeeper"))
    )
    desk.write(**{f"off_{grace.id}": "missed"})
    assert desk.claim_of("Grace", "Marshal: boathouse").state is ClaimState.MISSED
    assert session.get(Claim, imran.id).state is ClaimState.CONFIRMED
    assert session.get(Claim, ticked).state is ClaimState.CONFIRMED


def test_lines_of_another_date_event_or_sheet_are_asked_about_and_left_out(desk):
    head = "Sheet,Date,Event,Name,Job,In,Out\n"
    plan = desk.paste(
        head
        + "DS-0001,5 Dec,Danson Saturday Stroll,Tom B,Course check,,\n"
        + "ds 1,Sat 05/12/26,DANSON Saturday stroll!,Imran M,Timekeeper,,\n"
        + "DS-0001,12/05/2026,Danson Saturday Stroll,Grace L,Marshal: boathouse,,\n"
        + "DS-0001,Sun 5/12/2026,Danson Saturday Stroll,Bela N,Finish tokens,,\n"
        + "DS-0001,05/12/2026,Spring fair,Pauline D,Finish tokens,,\n"
    )
    asked = {key for key in plan.questions if not key.startswith("off_")}
    assert asked == {"day_3", "day_4", "event_5"}
    done = desk.write(day_3="leave", day_4="this", event_5="leave")
    assert len(done.credits) == 3
    assert desk.hours() == {"Tom": 60, "Imran": 75, "Bela": 75}


def test_a_number_of_another_date_cannot_be_taken(desk, session):
    event = builders.an_event(session, desk.walk.series, DAY + dt.timedelta(days=7))
    there = replace(desk.occasion, event_id=event.id)
    paper.another_sheet(session, occasion=there, by=desk.people["Nadia"].id, now=FRIDAY)
    plan = desk.paste("Sheet,Name,Job\nDS-0002,Tom B,Course check\n")
    assert [choice.value for choice in plan.questions["sheet_1"].choices] == ["this", "leave"]
    assert plan.questions["sheet_1"].values["is_of_another_date"]


# -------------------------------------------------------------------------------------- doubles


def test_a_double_line_is_counted_once_or_is_somebody_else(desk, session):
    lines = header("Bela N,Finish tokens,9,10.15,y", "Bela N,Finish tokens,9,10.15,y")
    desk.paste(lines)
    assert [line.fate for line in desk.plan().lines] == [Fate.COUNTS, Fate.DOUBLE]
    plan = desk.plan(twice_2="other")
    assert plan.questions["who_2"].answer == ""
    desk.write(twice_2="other", who_2="new")
    assert desk.hours() == {"Bela": 75}
    assert session.scalar(sa.select(sa.func.count(Transfer.id))) == 2


def test_a_double_line_with_other_times_may_be_the_right_one(desk):
    desk.paste(header("Tom B,Course check,7.45,8.45,y", "Tom B,Course check,7.45,10.30,y"))
    plan = desk.plan(twice_2="instead")
    assert [line.fate for line in plan.lines] == [Fate.DOUBLE, Fate.COUNTS]
    desk.write(twice_2="instead", hours_2="written")
    assert desk.hours() == {"Tom": 165}


# -------------------------------------------------------------------------- rules that stay rules


def test_nobody_confirms_their_own_hours_by_a_sheet(desk, session):
    plan = desk.paste(header("Ama O,Finish tokens,9,12,y", "Tom B,Course check,,,y"))
    assert "hours_1" not in plan.questions  # nor says how long they were here
    done = desk.write()
    assert (len(done.credits), done.waiting) == (1, 1)
    assert desk.hours() == {"Tom": 60}
    [own, _tom] = tracing.typed_lines(session, sheet=desk.sheet)
    assert own.is_waiting
    checkin.finish(session, occasion=desk.occasion, by=desk.people["Nadia"].id, now=AFTER)
    session.commit()
    session.expire_all()
    assert desk.hours() == {"Tom": 60, "Ama": 75}


def test_who_was_somewhere_else_is_told_and_all_others_stand(desk, session):
    fair = builders.a_series(
        session, group=desk.walk.group, organiser=desk.walk.nadia, title="Fair", slug="fair",
        first_on=DAY,
    )  # fmt: skip
    role = builders.a_role(session, fair, name="Stall")
    builders.a_claim(
        session, builders.a_slot(session, builders.an_event(session, fair), role),
        desk.people["Bela"],
    )  # fmt: skip
    places = desk.slots["Finish tokens"].places
    desk.paste(
        header("Bela N,Finish tokens,,,y", "Kwame,Finish tokens,,,y", "Ada,Finish tokens,,,y")
    )
    done = desk.write()
    assert (len(done.credits), done.refused) == (2, 1)
    [line, *_others] = tracing.typed_lines(session, sheet=desk.sheet)
    assert line.outcome is LineOutcome.REFUSED
    assert line.because == "They have a turn somewhere else at that time."
    session.refresh(desk.slots["Finish tokens"])
    assert desk.slots["Finish tokens"].places == places + 1  # Pauline, and the two


def test_each_is_thanked_once_who_reads_mail(desk, session):
    desk.paste(header("Tom B,Course check,,,y", "Kwame,Finish tokens,,,y"))
    desk.write()
    desk.paste(header("Tom B,Course check,,,y"))
    desk.write()
    [thanks] = session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.HOURS_CREDITED))
    assert thanks.person_id == desk.people["Tom"].person_id


def test_two_may_type_the_same_sheet_at_the_same_time(desk, session):
    lines = header("Tom B,Course check,,,y")
    desk.paste(lines, by="Ama")
    desk.paste(lines, by="Nadia")
    assert len(desk.write(by="Ama").credits) == 1
    done = desk.write(by="Nadia")
    assert (done.credits, done.there) == ((), 1)
    assert session.scalar(sa.select(sa.func.count(PaperSheetDraft.typed_by))) == 0


def test_lines_typed_later_stand_beside_the_earlier_ones(desk, session):
    desk.paste(header("Tom B,Course check,,,y"))
    desk.write()
    desk.paste(header("Imran M,Timekeeper,,,y"), now=MONDAY)
    desk.write(now=MONDAY)
    typed = tracing.typed_lines(session, sheet=desk.sheet)
    assert [(line.number, line.name) for line in typed] == [(1, "Tom B"), (2, "Imran M")]


# ---------------------------------------------------------------------------------- forgetting


def test_names_taken_for_nobody_and_drafts_go_after_a_month(desk, session):
    desk.paste(header("Zed,Timekeeper,,,y", "Tom B,Course check,,,y"))
    desk.write(who_1="leave")
    desk.paste(header("Imran M,Timekeeper,,,y"))
    for later, left in ((29, 2), (31, 1)):
        tracing.forget_leftovers(session, now=AFTER + dt.timedelta(days=later))
        session.commit()
        session.expire_all()
        kept = [one.written for one in tracing.typed_lines(session, sheet=desk.sheet)]
        assert len([one for one in kept if one]) == left
        drafts_left = session.scalar(sa.select(sa.func.count(PaperSheetDraft.typed_by)))
        assert drafts_left == left - 1


# ------------------------------------------------------------------------------------ all at once


def at_once(engine, *works):
    """Do several things at the same moment, each in a session of its own -> what came of them."""
    gate = threading.Barrier(len(works))

    def one(work):
        with Session(engine, expire_on_commit=False) as session:
            gate.wait()
            done = work(session)
            session.commit()
            return done

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def test_eight_who_print_at_once_have_one_number_a_date(desk, engine, session):
    days = [desk.occasion]
    for week in (1, 2, 3):
        day = DAY + dt.timedelta(weeks=week)
        builders.an_event(session, desk.walk.series, day)
        session.commit()
        days.append(
            occasions.find_occasion(
                session, community_id=desk.walk.community.id, slug=desk.walk.series.slug, day=day
            )
        )
    by = desk.people["Nadia"].id

    def printing(occasion):
        return lambda session: (
            paper.sheet_to_print(session, occasion=occasion, by=by, now=FRIDAY).number
        )

    numbers = at_once(engine, *(printing(one) for one in days * 2))
    assert sorted(numbers) == sorted(["DS-0001", "DS-0002", "DS-0003", "DS-0004"] * 2)


def test_a_double_tap_on_looks_right_writes_once(desk, engine, session):
    desk.paste(header("Tom B,Course check,,,y", "Kwame,Finish tokens,,,y"))
    answers = desk.answers()
    session.commit()
    sheet, occasion, by = desk.sheet, desk.occasion, desk.people["Ama"].id

    def looks_right(session):
        return writing.write(
            session, sheet=sheet, occasion=occasion, answers=answers, by=by, now=AFTER
        )

    done = at_once(engine, *[looks_right] * 6)
    assert sorted(len(one.credits) for one in done if one) == [2]
    session.expire_all()
    assert session.scalar(sa.select(sa.func.count(Transfer.id))) == 2
    assert session.scalar(sa.select(sa.func.count(PaperSheetLine.number))) == 2


def test_a_sheet_and_a_phone_at_once_credit_each_turn_once(desk, engine, session):
    """Ama types the sheet up while Nadia, who has ticked the same people, taps Finish."""
    nadia, ama = desk.people["Nadia"].id, desk.people["Ama"].id
    for first in ("Tom", "Imran", "Grace"):
        checkin.tick(
            session, occasion=desk.occasion, is_here=True, by=nadia, now=STARTS,
            claim_id=desk.claim_of(first, ON_THE_ROTA[first]).id,
        )  # fmt: skip
    desk.paste(header(*(f"{one},{job},,,y" for one, job in (
        ("Tom B", "Course check"), ("Imran M", "Timekeeper"), ("Pauline D", "Finish tokens"),
    ))))  # fmt: skip
    answers = desk.answers()
    session.commit()
    sheet, occasion = desk.sheet, desk.occasion

    def type_up(session):
        return writing.write(
            session, sheet=sheet, occasion=occasion, answers=answers, by=ama, now=AFTER
        )

    def finish(session):
        return checkin.finish(session, occasion=occasion, by=nadia, now=AFTER)

    at_once(engine, type_up, finish)
    session.expire_all()
    assert desk.hours() == {"Tom": 60, "Imran": 75, "Grace": 90, "Pauline": 75}
    assert ledger.reconcile(session, now=AFTER)[0].proved
