"""Deleting who somebody was: no word is left of them anywhere, and the books are as they were."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.builders import account_of
from tests.domain.test_leaving import hours
from tests.statements import count_statements
from timebank.domain import ledger
from timebank.domain.joining import erasing
from timebank.domain.joining import leaving
from timebank.domain.joining import taking_along
from timebank.domain.joining.leaving import Whereto
from timebank.domain.joining.words import COLUMNS
from timebank.domain.joining.words import STAYS
from timebank.domain.rota import occasions
from timebank.models import Account
from timebank.models import Claim
from timebank.models import Person
from timebank.models import Profile
from timebank.models import Standing
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
MARK = "Zebedee"

# Everything in the database that can hold words; a list of numbers cannot.
CATALOGUE = """
SELECT table_name || '.' || column_name
  FROM information_schema.columns c
 WHERE table_schema = 'public' AND table_name <> 'alembic_version'
   AND (data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'xml',
                      'USER-DEFINED')
        OR data_type = 'ARRAY' AND udt_name NOT IN ('_int2', '_int4', '_int8'))
"""

FIGURES = ("text_number.number", "text_code.number")

# How to write Bela's mark into each column that erasing has to clear.
MARKS = {
    "profile.full_name": "UPDATE profile SET full_name = 'Zebedee Novak' WHERE person_id = :bela",
    "profile.email": "UPDATE profile SET email = 'zebedee@example.com' WHERE person_id = :bela",
    "profile.phone": "UPDATE profile SET phone = 'Zebedee 1' WHERE person_id = :bela",
    "sign_in.token_hash": "INSERT INTO sign_in (person_id, token_hash, last_seen_at, expires_at)"
    " VALUES (:bela, 'Zebedee', now(), now())",
    "sign_in_request.next_path": "INSERT INTO sign_in_request (community_id, person_id, next_path,"
    " expires_at) VALUES (:here, :bela, '/Zebedee', now())",
    "feed.token_hash": "INSERT INTO feed (membership_id, community_id, token_hash)"
    " VALUES (:member, :here, 'Zebedee')",
    "feed.area": "INSERT INTO feed (membership_id, community_id, token_hash, shows, area)"
    " VALUES (:member, :here, 'area', 'gaps', 'Zebedee Road')",
    "feed.role_name": "INSERT INTO feed"
    " (membership_id, community_id, token_hash, shows, role_name)"
    " VALUES (:member, :here, 'role', 'gaps', 'Zebedee')",
    "mail_choice.near": "INSERT INTO mail_choice (membership_id, community_id, near)"
    " VALUES (:member, :here, 'Zebedee Road')",
    "text_number.number": """INSERT INTO text_number (membership_id, community_id, number,
        proven_at) VALUES (:member, :here, '+447700900123', now())""",
    "text_code.number": """INSERT INTO text_code (membership_id, community_id, number, expires_at)
        VALUES (:member, :here, '+447700900124', now())""",
    "push_subscription.endpoint": """INSERT INTO push_subscription (membership_id, community_id,
      place, endpoint, p256dh, auth, label, failed_as)
      VALUES (:member, :here, 1, 'https://push.example.org/Zebedee',
      convert_to(rpad(E'\\x04Zebedee', 65, 'x'), 'UTF8'),
      convert_to(rpad('Zebedee', 16, 'x'), 'UTF8'), 'Zebedees phone', 'Zebedee')""",
    # in the line above
    "push_subscription.p256dh": "UPDATE push_subscription SET failures = 0",
    "push_subscription.auth": "UPDATE push_subscription SET failures = 0",
    "push_subscription.label": "UPDATE push_subscription SET failures = 0",
    "push_subscription.failed_as": "UPDATE push_subscription SET failures = 0",
    "notice.dedupe_key": "INSERT INTO notice (community_id, person_id, kind, dedupe_key,"
    " not_before, expires_at) VALUES (:here, :bela, 'books_wrong', 'Zebedee', now(), now())",
    "notice.last_error": "UPDATE notice SET last_error = '550 Zebedee' WHERE person_id = :bela",
    "notice.facts": """INSERT INTO notice (community_id, person_id, kind, dedupe_key, not_before,
      expires_at, facts) VALUES (:here, :bela, 'left', 'x', now(), now(), '{"a": "Zebedee"}'),
      (:here, :sam, 'call_for_help', 'y', now(), now(), jsonb_build_object('message', 'Zebedee',
       'from', 'Zebedee N', 'ask_id', (SELECT id FROM appeal_ask)::text))""",
    "mail_suppression.address_digest": """INSERT INTO mail_suppression (person_id, address_digest,
      status, first_at, last_at)
      VALUES (:bela, convert_to(rpad('Zebedee', 32, 'x'), 'UTF8'), '550', now(), now())""",
    "invitation.called": """INSERT INTO invitation (community_id, person_id, called, invited_by,
      expires_at) VALUES (:here, :bela, 'Zebedee', :ama, now() + interval '1 day'),
      (:here, :sam, 'Zebedee', :member, now() + interval '1 day')""",
    "application.called": """INSERT INTO application (community_id, person_id, called, state,
      reason, decided_at, decided_by)
      VALUES (:here, :bela, 'Zebedee', 'declined', 'x', now(), :ama)""",
    "application.phone": "UPDATE application SET phone = 'Zebedee' WHERE person_id = :bela",
    "application.words": "UPDATE application SET words = 'Zebedee' WHERE person_id = :bela",
    "application.reason": "UPDATE application SET reason = 'Zebedee' WHERE person_id = :bela",
    "reference.called": """WITH other AS (
      INSERT INTO application (community_id, person_id, called) VALUES (:here, :sam, 'Sam')
      RETURNING id)
      INSERT INTO reference (community_id, application_id, applicant_id, person_id, called)
      SELECT :here, id, :sam, :bela, 'Zebedee' FROM other
      UNION SELECT :here, id, :bela, :sam, 'Sam' FROM application WHERE person_id = :bela""",
    "reference.words": "UPDATE reference SET words = 'Zebedee', answer = 'yes',"
    " answered_at = now()",
    "memo.words": "UPDATE profile SET phone = phone",  # `books` has written it: no row may change
    "claim.held_as": "UPDATE claim SET held_as = 'Zebedee' WHERE state = 'withdrawn'",
    "claim.note": "UPDATE claim SET note = 'Zebedee' WHERE membership_id = :member",
    "claim.overruled_because": """UPDATE claim SET overruled_because = 'Zebedee',
      overruled_by = CASE WHEN membership_id = :member THEN :nadia ELSE :member END""",
    "appeal.message": "UPDATE appeal SET message = 'Zebedee'",
    "event.go_anyway_because": "UPDATE event SET go_anyway_because = 'Zebedee',"
    " go_anyway_by = :member",
    "busy_calendar.address": """INSERT INTO busy_calendar (membership_id, community_id, address,
      etag) VALUES (:member, :here, 'https://example.org/zebedee', 'zebedee')""",
    "busy_calendar.etag": "UPDATE busy_calendar SET read_at = NULL",  # in the line above
    "calendar_import.source": """INSERT INTO calendar_import (community_id, group_id, made_by,
      source, found) SELECT :here, id, m, 'Zebedee.ics', '{"events": "Zebedee Novak"}'
      FROM community_group, unnest(ARRAY[CAST(:member AS bigint), :nadia]) m""",
    "calendar_import.found": "UPDATE calendar_import SET undone_at = NULL",  # in the line above
    "rota_import.file_name": "UPDATE rota_import SET file_name = 'Zebedee'",
    "rota_import.cells": """UPDATE rota_import SET cells = '[["Zebedee Novak"]]'""",
    "rota_import.choices": """UPDATE rota_import SET choices = '{"Zebedee": "zebedee@example.com"}'
      WHERE id <> (SELECT max(id) FROM rota_import)""",
    "paper_sheet_draft.facts": """INSERT INTO paper_sheet_draft (sheet_id, typed_by, community_id,
      rows, facts, typed_at) SELECT id, :member, :here, '[]', '{"file": "Zebedee"}', now()
      FROM paper_sheet""",
    "paper_sheet_draft.rows": """INSERT INTO paper_sheet_draft (sheet_id, typed_by, community_id,
      rows, facts, typed_at) SELECT id, :nadia, :here,
      '[{"name": "Zebedee Novak"}, {"name": "Sam Tran"}]', '{}', now() FROM paper_sheet""",
    "paper_sheet_line.written": """INSERT INTO paper_sheet_line (sheet_id, number, community_id,
      written, membership_id, outcome, because, entered_by, entered_at)
      SELECT id, n, :here, 'Zebedee Novak', CASE n WHEN 1 THEN :member END, 'refused', 'x',
             CASE n WHEN 3 THEN :member ELSE :nadia END, now()
        FROM paper_sheet, generate_series(1, 3) n""",
    "paper_sheet_line.because": "UPDATE paper_sheet_line SET because = 'Zebedee is too young'",
    "acting_for.how_agreed": """INSERT INTO acting_for (community_id, helper_id, member_id,
      starts_on, ends_on, how_agreed, made_by)
      VALUES (:here, :member, :ama, '2027-01-01', '2027-06-01', 'Zebedee rang', :ama),
      (:here, :nadia, :member, '2027-01-01', '2027-06-01', 'Rang Zebedee', :ama)""",
    "membership.card_code": "UPDATE membership SET card_code = 'ZEBEDEE2' WHERE id = :member",
    "member_note.words": """INSERT INTO member_note (community_id, membership_id, words,
      written_by) VALUES (:here, :member, 'Zebedee, ring first', :ama),
             (:here, :nadia, 'as Zebedee says', :member)""",
    "post.title": """INSERT INTO post (community_id, kind, category, membership_id, created_by,
      title, area, place, expires_on)
      VALUES (:here, 'ask', 'home', :member, :member, 'Help Zebedee',
      'Erith', 1, '2027-06-01')""",
    "post.words": "UPDATE post SET words = 'Zebedee'",
    "post.when_words": "UPDATE post SET when_words = 'Zebedee'",
    "message.words": """WITH talk AS (
      INSERT INTO conversation (community_id, post_id, owner_id, other_id, begun_by_owner)
      SELECT :here, id, :member, :nadia, true FROM post RETURNING id)
      INSERT INTO message (community_id, conversation_id, by_owner, written_by, words)
      SELECT :here, id, true, :member, 'Yours, Zebedee' FROM talk""",
    "report.words": """INSERT INTO report (community_id, conversation_id, by_owner, words)
      SELECT :here, id, true, 'Zebedee says no' FROM conversation""",
    "exchange.what": """INSERT INTO exchange (community_id, helper_id, helped_id, payer_id,
      what, minutes, state, created_by) SELECT :here, :member, :nadia, id, 'Zebedee mends it', 60,
      'agreed', :nadia FROM account WHERE membership_id = :nadia""",
    "exchange_step.words": """INSERT INTO exchange_step (community_id, exchange_id, step, by_id,
      words, key) SELECT :here, id, 'agreed', :nadia, 'Zebedee is kind', gen_random_uuid()
      FROM exchange""",
    "group_message.subject": """INSERT INTO group_message (community_id, group_id, series_id,
      event_id, whom, subject, words, written_by, intent, people, not_by_mail)
      SELECT :here, s.group_id, s.id, e.id, 'date', 'Zebedee asks', 'Zebedee is late',
             :member, gen_random_uuid(), 1, 0
        FROM series s JOIN event e ON e.series_id = s.id LIMIT 1""",
    "group_message.words": "UPDATE profile SET phone = phone",  # in the line above: it stays so
    "message_answer.words": """INSERT INTO message_answer (community_id, group_message_id,
      membership_id, by_organiser, written_by, words, intent)
      SELECT :here, id, :member, written_by <> :member, written_by, 'Zebedee!', gen_random_uuid()
        FROM group_message""",
    "member_list.file_name": """INSERT INTO member_list (community_id, made_by, file_name, digest,
      cells, made_at) VALUES (:here, :member, 'Zebedee.csv', sha256('x'), '[["Zebedee"]]', now()),
      (:here, :ama, '', sha256('y'), '[["Sam Tran"], ["Zebedee Novak"]]', now())""",
    "member_list.cells": "UPDATE member_list SET undone_at = NULL",  # written in the line above
    "limit_change.reason": "INSERT INTO limit_change (community_id, account_id, floor, reason,"
    " created_by) SELECT :here, id, -60, 'Zebedee', :ama FROM account"
    " WHERE membership_id = :member",
}


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def bela(session, walk):
    """Bela with something of hers in many tables: she ran things, did turns and gave hours."""
    last = builders.an_event(session, walk.series, dt.date(2027, 4, 17))
    slot = builders.a_slot(session, last, walk.marshal.role)
    done = builders.a_claim(session, slot, walk.bela, state=builders.ClaimState.ATTENDED)
    builders.a_claim(session, slot, walk.sam, place=2, state=builders.ClaimState.ATTENDED)
    gone = builders.a_claim(session, walk.marshal, walk.bela, place=2)
    gone.state, gone.withdrawn_at = builders.ClaimState.WITHDRAWN, NOW
    gone.withdrawn_because = "person"
    session.flush()
    values = {
        "here": walk.community.id, "series": walk.series.id, "event": walk.event.id,
        "member": walk.bela.id, "sam": walk.sam.id, "slot": walk.marshal.id,
        "nadia": walk.nadia.id,
    }  # fmt: skip
    statements = """
INSERT INTO appeal (community_id, event_id, series_id, made_by)
  VALUES (:here, :event, :series, :member);
INSERT INTO appeal_ask (community_id, appeal_id, membership_id, slot_id, wave, because, asked_at)
  SELECT :here, id, :sam, :slot, 1, 'newcomer', now() FROM appeal;
INSERT INTO rota_import (community_id, series_id, made_by, cells)
  VALUES (:here, :series, :member, '[]'), (:here, :series, :nadia, '[]');
INSERT INTO paper_sheet (community_id, series_id, event_id, number, lines, printed_at, printed_by)
  VALUES (:here, :series, :event, 'DS-0001', '[]', now(), :nadia);
INSERT INTO group_organiser SELECT group_id, :member, :here FROM series WHERE id = :series"""
    for statement in statements.split(";"):
        session.execute(sa.text(statement), values)
    books(session, walk, done)
    return walk.bela


def books(session, walk, done):
    """Hours came and went, with words: an earn, a gift each way, and one that Bela wrote down."""
    for debit, credit, by, kind, claim in (
        (builders.commons_of(session, walk.community), account_of(session, walk.bela),
         walk.nadia, TransferKind.EARN, done),
        (account_of(session, walk.bela), account_of(session, walk.sam),
         walk.bela, TransferKind.GIFT, None),
        (account_of(session, walk.sam), account_of(session, walk.nadia),
         walk.bela, TransferKind.GIFT, None),
    ):  # fmt: skip
        ledger.record(
            session, key=uuid.uuid4(), community_id=walk.community.id, debit_id=debit.id,
            credit_id=credit.id, minutes=90 if claim else 30, kind=kind,
            claim_id=claim.id if claim else None, revision=0 if claim else None,
            happened_on=NOW.date(), created_by=by.id, now=NOW, memo="For Zebedee",
        )  # fmt: skip


def erase(session, member, whereto=Whereto.COMMUNITY, pot_id=None):
    erasing.erase(
        session,
        person_id=member.person_id,
        community_id=member.community_id,
        whereto=whereto,
        pot_id=pot_id,
        key=uuid.uuid4(),
        now=NOW,
    )
    session.expire_all()


def columns(session):
    return set(session.scalars(sa.text(CATALOGUE)))


def holding(session, word):
    """Every column in which a word stands, whatever its capitals, in bytes too."""
    found = set()
    for column in columns(session):
        table, _dot, name = column.partition(".")
        hit = sa.text(f"SELECT EXISTS (SELECT FROM {table} WHERE {name}::text ILIKE :word)")  # noqa: S608
        either = (f"%{word}%", f"%{word.encode().hex()}%")  # bytes are written in hex
        if any(session.scalar(hit, {"word": one}) for one in either):
            found.add(column)
    return found


class TestRegistry:
    def test_names_every_column_that_can_hold_words_and_no_other(self, session):
        named = {*COLUMNS, *STAYS}
        assert len(named) == len(COLUMNS) + len(STAYS)
        # A column is missing here? Add it to domain/joining/words.py, and, unless it stays, a
        # statement to erasing.STATEMENTS and a line to MARKS above.
        assert columns(session) == named

    def test_every_column_that_is_to_go_is_tried(self):
        assert set(MARKS) == set(COLUMNS)

    def test_no_word_of_somebody_erased_is_left_anywhere(self, session, walk, bela):
        values = {
            "bela": bela.person_id, "sam": walk.sam.person_id, "ama": walk.ama.id,
            "nadia": walk.nadia.id, "member": bela.id, "here": walk.community.id,
        }  # fmt: skip
        for statement in MARKS.values():
            session.execute(sa.text(statement), values)
        # The mark stands everywhere but where figures alone may stand.
        assert holding(session, MARK) | set(FIGURES) == set(COLUMNS)
        erase(session, bela)
        for column in FIGURES:
            assert session.scalar(sa.text(f"SELECT count(*) FROM {column.split('.')[0]}")) == 0  # noqa: S608
        assert holding(session, MARK) == set()
        assert holding(session, "Novak") == set()

    def test_it_is_one_pass_of_statements_whatever_there_is(self, session, walk, bela):
        with count_statements() as count:
            erasing.forget(session, person_id=bela.person_id)
        assert count.total == len(erasing.STATEMENTS) + 1


class TestErasing:
    def test_the_books_stay_and_hours_go_to_the_community_first(self, session, walk, bela):
        before = session.scalar(sa.select(sa.func.count()).select_from(Transfer))
        erase(session, bela)
        account = account_of(session, bela)
        assert (account.balance, account.closed_at) == (0, NOW)
        assert session.scalar(sa.select(sa.func.count()).select_from(Transfer)) == before + 1
        assert session.scalar(sa.select(sa.func.sum(Account.balance))) == 0
        assert session.get(Person, bela.person_id).erased_at == NOW
        assert session.get(Profile, bela.person_id) is None
        assert bela.standing is Standing.LEFT
        [entry] = [
            one
            for one in ledger.all_entries(session, membership_id=walk.sam.id)
            if one.minutes > 0
        ]
        assert entry.what == f"Former member {bela.id}"
        assert entry.detail == ""

    def test_a_turn_that_was_done_is_a_former_members_in_full_words(self, session, walk, bela):
        erase(session, bela)
        done = sa.select(Claim.event_id).where(Claim.membership_id == bela.id)
        event_id = session.scalars(done.where(Claim.state == "attended")).first()
        told = occasions.who_is_expected(session, event_id=event_id, now=NOW)
        assert [one.name for one in told if one.membership_id == bela.id] == ["Former member"]

    def test_or_to_the_pot_that_they_chose(self, session, walk, bela):
        pot = session.scalars(sa.select(Account).where(Account.group_id == walk.group.id)).one()
        erase(session, bela, Whereto.POT, pot.id)
        assert (
            ledger.find_account(session, community_id=walk.community.id, account_id=pot.id).balance
            == 60
        )

    def test_everywhere_they_are_and_where_they_left_before(self, session, walk):
        hours(session, walk, walk.bela, 60)
        leaving.leave(session, member=walk.bela, whereto=Whereto.KEEP, key=uuid.uuid4(), now=NOW)
        ashford = builders.an_elsewhere(session).community
        there = builders.communities.join(
            session, community_id=ashford.id, person_id=walk.bela.person_id
        )
        assert erasing.is_elsewhere(
            session, person_id=walk.bela.person_id, community_id=walk.community.id
        )
        erase(session, there)
        assert (walk.bela.standing, there.standing) == (Standing.LEFT, Standing.LEFT)
        assert account_of(session, walk.bela).balance == 0

    def test_what_came_to_a_closed_account_later_goes_too(self, session, walk):
        done = builders.a_claim(session, walk.marshal, walk.bela)
        done.arrived_at, done.arrived_by = walk.event.starts_at, walk.nadia.id
        session.flush()
        late = walk.event.starts_at + dt.timedelta(minutes=5)
        leaving.leave(
            session, member=walk.bela, whereto=Whereto.COMMUNITY, key=uuid.uuid4(), now=late
        )
        done.state = builders.ClaimState.ATTENDED
        session.flush()
        ledger.record(
            session, key=uuid.uuid4(), community_id=walk.community.id,
            debit_id=builders.commons_of(session, walk.community).id,
            credit_id=account_of(session, walk.bela).id, minutes=90, kind=TransferKind.EARN,
            claim_id=done.id, revision=0, happened_on=NOW.date(), created_by=walk.nadia.id,
            now=late,
        )  # fmt: skip
        erase(session, walk.bela)
        account = account_of(session, walk.bela)
        assert (account.balance, account.closed_at) == (0, NOW)

    def test_twice_is_once(self, session, walk, bela):
        erase(session, bela)
        erase(session, bela)
        closing = sa.select(Transfer).where(Transfer.kind == TransferKind.CLOSING)
        assert len(session.scalars(closing).all()) == 1

    def test_the_last_coordinator_is_not_erased(self, session, walk):
        with pytest.raises(leaving.LastCoordinator):
            erase(session, walk.ama)
        assert session.get(Person, walk.ama.person_id).erased_at is None

    def test_nobody_else_loses_a_word(self, session, walk, bela):
        values = {"sam": walk.sam.person_id}
        session.execute(sa.text("UPDATE claim SET note = 'Mine' WHERE person_id = :sam"), values)
        erase(session, bela)
        assert session.scalars(sa.text("SELECT note FROM claim WHERE note IS NOT NULL")).all() == [
            "Mine"
        ]
        assert session.get(Profile, walk.sam.person_id).email == "sam@example.com"

    def test_paper_knows_people_by_short_names_and_several_on_a_line(self, session, walk, bela):
        values = {"here": walk.community.id, "nadia": walk.nadia.id, "ama": walk.ama.id,
                  "member": bela.id}  # fmt: skip
        for statement in (
            """
INSERT INTO paper_sheet (community_id, series_id, event_id, number, lines, printed_at, printed_by)
SELECT community_id, series_id, id, 'QQ-0001', '[]', now(), :nadia FROM event LIMIT 1""",
            """
INSERT INTO paper_sheet_line (sheet_id, number, part, community_id, written, membership_id,
                              outcome, entered_by, entered_at)
SELECT id, said.number, part, :here, written, member, 'left_out', :nadia, now()
  FROM paper_sheet, (VALUES (1, 1, 'Ama O & Bela N, Tea', :ama),
                            (1, 2, 'Ama O & Bela N, Tea', :member),
                            (2, 1, 'Ama O, Tea', :ama)) AS said(number, part, written, member)
 WHERE paper_sheet.number = 'QQ-0001'""",
            """
INSERT INTO paper_sheet_draft (sheet_id, typed_by, community_id, rows, facts, typed_at)
SELECT id, :nadia, :here, '[{"name": "Bela N"}, {"name": "bela"}, {"name": "Belas Cafe"}]', '{}',
       now() FROM paper_sheet WHERE number = 'QQ-0001'""",
        ):
            session.execute(sa.text(statement), values)
        erase(session, bela)
        of_it = "WHERE sheet_id = (SELECT id FROM paper_sheet WHERE number = 'QQ-0001')"
        written = f"SELECT number, part, written FROM paper_sheet_line {of_it} ORDER BY 1, 2"  # noqa: S608
        assert session.execute(sa.text(written)).all() == [
            (1, 1, None),
            (1, 2, None),
            (2, 1, "Ama O, Tea"),
        ]
        rows = session.scalar(sa.text(f"SELECT rows FROM paper_sheet_draft {of_it}"))  # noqa: S608
        assert rows == [{"name": "Belas Cafe"}]


class TestTakingAlong:
    def test_everything_is_in_it_in_one_statement(self, session, walk, bela):
        with count_statements() as count:
            found = taking_along.everything_about(session, person_id=bela.person_id, now=NOW)
        assert count.total == 1
        assert set(found.tables) == set(taking_along.TABLES)
        assert found.tables["profile"][0]["email"] == "bela@example.com"
        assert [row["minutes"] for row in found.tables["hours"]] == [90, -30]
        assert [row["state"] for row in found.tables["turns"]] == ["attended", "withdrawn"]
        assert found.tables["memberships"][0]["balance_minutes"] == 60

    def test_nothing_of_others_is_in_it(self, session, walk, bela):
        found = str(taking_along.everything_about(session, person_id=bela.person_id, now=NOW))
        for others in ("Sam Tran", "sam@example.com", "Nadia", "Ama"):
            assert others not in found

    def test_every_table_that_names_a_person_or_a_member_is_in_it(self, session):
        """A new table of somebody's own must be given to them, or say here why not."""
        theirs = session.scalars(
            sa.text("""
            SELECT DISTINCT table_name FROM information_schema.columns
             WHERE table_schema = 'public' AND column_name IN ('person_id', 'membership_id')""")
        )
        known = {table for table in theirs if not _is_read(table)}
        assert known == set()


def _is_read(table):
    return any(
        f" {table} " in f" {' '.join(sql.split())} " for sql in taking_along.TABLES.values()
    )
