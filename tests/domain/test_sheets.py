from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import builders
from tests.strolls import DAY
from tests.strolls import a_stroll
from timebank.core.errors import NotFound
from timebank.domain import ledger
from timebank.domain.rota import occasions
from timebank.domain.rota.sheets import drafts
from timebank.domain.rota.sheets import paper
from timebank.domain.rota.sheets import planning
from timebank.domain.rota.sheets import tracing
from timebank.domain.rota.sheets import writing
from timebank.domain.rota.sheets.planning import Fate
from timebank.domain.rota.sheets.questions import AnswerFirst
from timebank.domain.rota.sheets.questions import LookAgain
from timebank.domain.rota.spreadsheets.cells import read_bytes
from timebank.domain.rota.spreadsheets.cells import read_text
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import LineOutcome
from timebank.models import Membership
from timebank.models import PaperSheetLine
from timebank.models import Profile
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
        stroll = a_stroll(session)
        self.walk, self.slots, self.people = stroll.walk, stroll.slots, stroll.people
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

    def claim_of(self, first, job):
        return self.session.scalars(
            sa.select(Claim).where(
                Claim.membership_id == self.people[first].id,
                Claim.slot_id == self.slots[job].id,
                Claim.state != ClaimState.WITHDRAWN,
            )
        ).one()


@pytest.fixture
def stroll(session):
    return Desk(session)


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


def test_printing_again_makes_no_second_number_and_another_sheet_does(stroll, session):
    assert stroll.sheet.number == "DS-0001"
    assert stroll.printed().id == stroll.sheet.id
    other = paper.another_sheet(
        session, occasion=stroll.occasion, by=stroll.people["Nadia"].id, now=FRIDAY
    )
    assert other.number == "DS-0002"
    assert stroll.printed().id == other.id
    [fair] = [builders.a_series(
        session, group=stroll.walk.group, organiser=stroll.walk.nadia, title="Dig Square",
        slug="dig", first_on=DAY,
    )]  # fmt: skip
    builders.an_event(session, fair)
    dig = occasions.find_occasion(
        session, community_id=stroll.walk.community.id, slug="dig", day=DAY
    )
    third = paper.sheet_to_print(session, occasion=dig, by=stroll.people["Nadia"].id, now=FRIDAY)
    assert third.number == "DS-0003"


def test_another_community_counts_its_own_sheets(stroll, session):
    there = builders.a_community(session, "ashford")
    chi = builders.a_member(session, there, "Chi Adeyemi")
    assert paper.whose_number(session, community_id=there.id, number="DS-0001") is None
    with pytest.raises(NotFound):
        paper.find_sheet(session, event_id=stroll.walk.event.id + 1, number="DS-0001")
    assert chi.community_id != stroll.sheet.community_id


def test_its_lines_follow_the_rota_until_the_date_begins_and_then_stay(stroll, session):
    def names():
        return [(line.job, line.name) for line in paper.printed_lines(session, sheet=stroll.sheet)]

    assert names() == [
        ("Run director", "Nadia K"),
        ("Course check", "Tom B"),
        ("Marshal: boathouse", "Grace L"),
        ("Marshal: far end", None),
        ("Timekeeper", "Imran M"),
        ("Finish tokens", "Pauline D"),
        ("Finish tokens", None),
    ]
    stroll.put("Bela", "Marshal: far end")
    assert stroll.printed(now=FRIDAY).printed_at == FRIDAY
    assert ("Marshal: far end", "Bela N") in names()
    stroll.put("Ama", "Finish tokens", place=2)
    stroll.printed(now=STARTS)
    assert ("Finish tokens", None) in names()
    assert stroll.sheet.printed_at == FRIDAY


# ------------------------------------------------------------------------------------ the sample


def test_every_untidy_line_of_the_sample_is_right_or_asked_about(stroll):
    plan = stroll.paste(SAMPLE)
    assert stroll.asked(plan) == {
        "sheet_1": "",  # the paper says DS-0412, this page is DS-0001
        "who_4": str(stroll.people["Imran"].id),  # "Imran" may be anybody; he is on the rota
        "who_5": "new",  # Kwame, friend of Ama
        "job_2": str(stroll.slots["Course check"].role_id),  # "Course check / marshal"
        "job_5": str(stroll.slots["Marshal: boathouse"].role_id),  # "Marshal"
        "job_6": str(stroll.slots["Marshal: boathouse"].role_id),  # "Marshal (boathouse)"
        "twice_7": "once",
        "out_6": "10:15am",  # the planned end
        "hours_1": "planned",
        "hours_2": "planned",
    }
    assert [line.fate for line in plan.lines] == [Fate.COUNTS] * 6 + [Fate.DOUBLE]


def test_nothing_of_the_sample_is_written_before_all_is_answered(stroll, session):
    stroll.paste(SAMPLE)
    with pytest.raises(AnswerFirst):
        stroll.write()
    session.rollback()
    with pytest.raises(LookAgain):
        stroll.write(all=False, sheet_1="theirs")
    session.rollback()
    assert stroll.hours() == {}
    assert session.scalar(sa.select(sa.func.count(PaperSheetLine.number))) == 0
    assert drafts.find(session, sheet=stroll.sheet, by=stroll.people["Ama"].id) is not None


def test_the_sample_is_taken_in_once_and_each_turn_knows_its_line(stroll, session):
    far = str(stroll.slots["Marshal: far end"].role_id)
    stroll.paste(SAMPLE)
    done = stroll.write(sheet_1="theirs", job_5=far, hours_1="written")
    assert (len(done.credits), done.waiting, done.there, done.refused) == (6, 0, 0, 0)
    assert stroll.hours() == {
        "Nadia": 160, "Tom": 60, "Pauline": 75, "Imran": 75, "Grace": 90,
    }  # fmt: skip
    kwame = session.scalars(sa.select(Profile).where(Profile.full_name == "Kwame")).one()
    assert kwame.email is None
    [theirs] = [s for s in paper.sheets_of(session, event_id=stroll.walk.event.id)
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
    claim = stroll.claim_of("Pauline", "Finish tokens")
    assert tracing.sources(session, claim_ids=[claim.id]) == {
        claim.id: tracing.Source("DS-0412", 3)
    }
    assert tracing.typed_lines(session, sheet=stroll.sheet) == []
    [proof] = ledger.reconcile(session, now=AFTER)
    assert proof.proved


def test_the_sample_typed_up_again_writes_nothing(stroll, session):
    answers = {"sheet_1": "theirs", "job_5": str(stroll.slots["Marshal: far end"].role_id)}
    stroll.paste(SAMPLE)
    stroll.write(**answers)
    before = stroll.hours(), session.scalar(sa.select(sa.func.count(Transfer.id)))
    members = session.scalar(sa.select(sa.func.count(Membership.id)))
    plan = stroll.paste(SAMPLE, now=MONDAY)
    assert stroll.asked(plan)["who_5"].isdecimal()  # the Kwame whom that line meant before
    done = stroll.write(now=MONDAY, **answers)
    assert (done.credits, done.there) == ((), 6)
    assert (stroll.hours(), session.scalar(sa.select(sa.func.count(Transfer.id)))) == before
    assert session.scalar(sa.select(sa.func.count(Membership.id))) == members
    assert session.scalar(sa.select(sa.func.count(PaperSheetLine.number))) == 7
    assert stroll.write(now=MONDAY, all=False) is None  # a second tap finds nothing left to write
