"""Everything we know about somebody, for them to take along: one statement, as plain tables.

What others wrote about them in confidence (a reference, why an application was declined) is theirs
who wrote it, and stays out. So does whoever else is named nowhere here but by a number.

Source: UK GDPR Art. 15 and 20.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

Row = Mapping[str, Any]

# Name of the table -> its rows, of the person `:person_id` in all their communities.
TABLES = {
    "profile": """
SELECT full_name, email, phone, email_confirmed_at, age_at_least, age_said_on, created_at
  FROM profile JOIN person ON person.id = person_id WHERE person_id = :person_id""",
    "memberships": """
SELECT m.id AS number, c.name AS community, m.card_code, m.standing, m.may_be_asked,
       m.turns_by_mail, m.created_at, m.approved_at, m.paused_at, m.paused_until, m.left_at,
       a.balance AS balance_minutes
  FROM membership m JOIN community c ON c.id = m.community_id
  LEFT JOIN account a ON a.membership_id = m.id
 WHERE m.person_id = :person_id ORDER BY m.id""",
    "turns": """
SELECT c.name AS community, x.title AS event, r.name AS job, k.starts_at, k.ends_at, k.state,
       k.note, k.held_as, k.takes_part, k.overruled_because, k.arrived_at, k.withdrawn_at,
       k.withdrawn_because, k.created_at
  FROM claim k JOIN slot s ON s.id = k.slot_id JOIN role r ON r.id = s.role_id
  JOIN series x ON x.id = s.series_id JOIN community c ON c.id = k.community_id
 WHERE k.person_id = :person_id ORDER BY k.starts_at, k.id""",
    "hours": """
SELECT c.name AS community, t.id AS entry, t.kind, t.happened_on, t.created_at,
       CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END AS minutes,
       o.words AS memo, t.reverses_id AS takes_back_entry
  FROM account a JOIN membership m ON m.id = a.membership_id
  JOIN transfer t ON a.id IN (t.debit_id, t.credit_id)
  JOIN community c ON c.id = a.community_id
  LEFT JOIN memo o ON o.transfer_id = t.id
 WHERE m.person_id = :person_id ORDER BY t.id""",
    "limits": """
SELECT l.floor, l.soft_floor, l.ceiling, l.reason, l.created_at
  FROM limit_change l JOIN account a ON a.id = l.account_id
  JOIN membership m ON m.id = a.membership_id
 WHERE m.person_id = :person_id ORDER BY l.id""",
    "standing_turns": """
SELECT x.title AS event, r.name AS job, t.from_on, t.until_on, t.nth, t.created_at, t.ended_at
  FROM standing_turn t JOIN membership m ON m.id = t.membership_id
  JOIN role r ON r.id = t.role_id JOIN series x ON x.id = t.series_id
 WHERE m.person_id = :person_id ORDER BY t.id""",
    "waiting_lists": """
SELECT x.title AS event, r.name AS job, s.starts_at, w.state, w.created_at, w.ended_at
  FROM waiting w JOIN membership m ON m.id = w.membership_id JOIN slot s ON s.id = w.slot_id
  JOIN role r ON r.id = s.role_id JOIN series x ON x.id = s.series_id
 WHERE m.person_id = :person_id ORDER BY w.id""",
    "turns_handed_over": """
SELECT h.claim_id AS turn, h.state, h.created_at, h.ended_at,
       h.to_membership_id = m.id AS was_offered_to_you
  FROM handover h JOIN claim k ON k.id = h.claim_id
  JOIN membership m ON m.person_id = :person_id AND m.id IN (k.membership_id, h.to_membership_id)
 ORDER BY h.id""",
    "calls_for_help": """
SELECT a.message, k.asked_at, k.because, k.answer, k.answered_at
  FROM appeal_ask k JOIN membership m ON m.id = k.membership_id
  JOIN appeal a ON a.id = k.appeal_id
 WHERE m.person_id = :person_id ORDER BY k.id""",
    "calls_you_made": """
SELECT a.message, a.created_at, a.ended_at, a.ended_because
  FROM appeal a JOIN membership m ON m.id = a.made_by
 WHERE m.person_id = :person_id ORDER BY a.id""",
    "what_you_wrote_to_people": """
SELECT x.title AS event, g.whom, g.subject, g.words, g.people, g.created_at
  FROM group_message g JOIN membership m ON m.id = g.written_by
  JOIN series x ON x.id = g.series_id
 WHERE m.person_id = :person_id ORDER BY g.id""",
    "what_you_answered_organisers": """
SELECT g.subject AS about, a.words, a.by_organiser, a.created_at
  FROM message_answer a JOIN membership m ON m.id = a.written_by
  JOIN group_message g ON g.id = a.group_message_id
 WHERE m.person_id = :person_id ORDER BY a.id""",
    "events_you_hear_about": """
SELECT x.title AS event, f.created_at
  FROM follower f JOIN membership m ON m.id = f.membership_id
  JOIN series x ON x.id = f.series_id
 WHERE m.person_id = :person_id ORDER BY f.id""",
    "qualifications": """
SELECT q.name, q.kind, h.valid_from, h.expires_on, h.created_at, h.revoked_at
  FROM member_qualification h JOIN membership m ON m.id = h.membership_id
  JOIN qualification q ON q.id = h.qualification_id
 WHERE m.person_id = :person_id ORDER BY h.id""",
    "helpers": """
SELECT h.member_id = m.id AS for_you, h.helper_id = m.id AS by_you, h.starts_on, h.ends_on,
       h.how_agreed, h.created_at, h.ended_at
  FROM acting_for h JOIN membership m ON m.id IN (h.helper_id, h.member_id)
 WHERE m.person_id = :person_id ORDER BY h.id""",
    "what_helpers_did": """
SELECT d.member_id = m.id AS for_you, d.helper_id = m.id AS by_you, d.what, d.acted_on, d.acted_at
  FROM acted d JOIN membership m ON m.id IN (d.helper_id, d.member_id)
 WHERE m.person_id = :person_id ORDER BY d.id""",
    "printed_letters": """
SELECT l.printed_at FROM printed_letter l JOIN membership m ON m.id = l.membership_id
 WHERE m.person_id = :person_id ORDER BY l.id""",
    "lines_on_paper": """
SELECT s.number AS sheet, l.number AS line, l.written, l.outcome, l.because, l.entered_at
  FROM paper_sheet_line l JOIN paper_sheet s ON s.id = l.sheet_id
  JOIN membership m ON m.id = l.membership_id
 WHERE m.person_id = :person_id ORDER BY s.number, l.number, l.part""",
    "offers_and_asks": """
SELECT p.kind, p.category, p.title, p.words, p.area, p.when_words, p.state, p.expires_on,
       p.created_at, p.ended_at
  FROM post p JOIN membership m ON m.id = p.membership_id
 WHERE m.person_id = :person_id ORDER BY p.id""",
    "what_you_wrote": """
SELECT p.title AS about, w.words, w.created_at
  FROM conversation c JOIN post p ON p.id = c.post_id
  JOIN membership m ON m.person_id = :person_id AND m.id IN (c.owner_id, c.other_id)
  JOIN message w ON w.conversation_id = c.id AND w.by_owner = (c.owner_id = m.id)
 ORDER BY w.id""",
    "what_you_reported": """
SELECT p.title AS about, r.words, r.created_at, r.settled_at
  FROM conversation c JOIN post p ON p.id = c.post_id
  JOIN membership m ON m.person_id = :person_id AND m.id IN (c.owner_id, c.other_id)
  JOIN report r ON r.conversation_id = c.id AND r.by_owner = (c.owner_id = m.id)
 ORDER BY r.id""",
    "exchanges": """
SELECT x.what, x.helper_id = m.id AS you_helped, x.planned_at, x.minutes, x.happened_on, x.state,
       x.created_at
  FROM exchange x JOIN membership m ON m.id IN (x.helper_id, x.helped_id)
 WHERE m.person_id = :person_id ORDER BY x.id""",
    "what_you_said_of_exchanges": """
SELECT x.what AS about, s.step, s.minutes, s.words, s.created_at
  FROM exchange_step s JOIN exchange x ON x.id = s.exchange_id
  JOIN membership m ON m.id = s.by_id
 WHERE m.person_id = :person_id ORDER BY s.id""",
    "coordinators_notes": """
SELECT n.words, n.created_at FROM member_note n JOIN membership m ON m.id = n.membership_id
 WHERE m.person_id = :person_id ORDER BY n.id""",
    "member_lists": """
SELECT l.fate, l.number AS line, s.made_at, s.written_at, s.undone_at
  FROM member_list_line l JOIN member_list s ON s.id = l.list_id
  JOIN membership m ON m.id = l.membership_id
 WHERE m.person_id = :person_id ORDER BY s.id, l.number""",
    "groups_you_run": """
SELECT g.name FROM group_organiser o JOIN membership m ON m.id = o.membership_id
  JOIN community_group g ON g.id = o.group_id
 WHERE m.person_id = :person_id ORDER BY g.name""",
    "looking_after_the_installation": """
SELECT named_at FROM operator WHERE person_id = :person_id""",
    "messages_you_decided_about": """
SELECT notice_id AS message, decision, was, created_at
  FROM notice_decision WHERE decided_by = :person_id ORDER BY id""",
    "sheets_you_brought": """
SELECT i.file_name, i.cells, i.created_at, i.written_at, i.undone_at
  FROM rota_import i JOIN membership m ON m.id = i.made_by
 WHERE m.person_id = :person_id ORDER BY i.id""",
    "calendar_addresses": """
SELECT f.shows, f.cancelled, f.alarm_minutes, g.name AS only_group, x.title AS only_event,
       f.scene AS only_kind, f.area AS only_area, f.role_name AS only_job, f.created_at,
       f.revoked_at, f.blank_until, f.last_fetched_at, f.tells_busy_times, f.last_client
  FROM feed f LEFT JOIN community_group g ON g.id = f.group_id
  LEFT JOIN series x ON x.id = f.series_id JOIN membership m ON m.id = f.membership_id
 WHERE m.person_id = :person_id ORDER BY f.id""",
    "your_own_calendar": """
SELECT b.address, b.created_at, b.read_at
  FROM busy_calendar b JOIN membership m ON m.id = b.membership_id
 WHERE m.person_id = :person_id ORDER BY b.membership_id""",
    "when_you_are_busy": """
SELECT b.starts_at, b.ends_at FROM busy_span b JOIN membership m ON m.id = b.membership_id
 WHERE m.person_id = :person_id ORDER BY b.starts_at""",
    "turns_sent_to_your_calendar": """
SELECT x.title AS event, r.name AS job, s.starts_at, t.method, t.sequence, t.told_at
  FROM mailed_turn t JOIN membership m ON m.id = t.membership_id
  JOIN slot s ON s.id = t.slot_id JOIN role r ON r.id = s.role_id
  JOIN series x ON x.id = s.series_id
 WHERE m.person_id = :person_id ORDER BY t.id""",
    "sign_ins": """
SELECT created_at, last_seen_at, expires_at, ended_at
  FROM sign_in WHERE person_id = :person_id ORDER BY id""",
    "sign_in_requests": """
SELECT created_at, expires_at, used_at, wrong_codes, next_path
  FROM sign_in_request WHERE person_id = :person_id ORDER BY id""",
    "messages": """
SELECT kind, state, facts, not_before, created_at, sent_at, way, last_error
  FROM notice WHERE person_id = :person_id ORDER BY id""",
    "choices_about_mail": """
SELECT k.turns, k.asking, k.neighbours, k.hours, k.leads, k.quiet_from, k.quiet_until,
       k.paused_until, k.weekly, k.weekly_on, k.weekly_hour, k.near, k.language, k.changed_at
  FROM mail_choice k JOIN membership m ON m.id = k.membership_id
 WHERE m.person_id = :person_id ORDER BY m.id""",
    "mobile_number_we_text": """
SELECT x.number, x.proven_at, x.agreed_at
  FROM text_number x JOIN membership m ON m.id = x.membership_id
 WHERE m.person_id = :person_id ORDER BY m.id""",
    "codes_we_texted": """
SELECT x.number, x.created_at, x.expires_at, x.used_at, x.wrong_codes
  FROM text_code x JOIN membership m ON m.id = x.membership_id
 WHERE m.person_id = :person_id ORDER BY x.id""",
    "phones_we_tell_you_on": """
SELECT s.label AS phone, s.created_at AS since, s.last_ok_at
  FROM push_subscription s JOIN membership m ON m.id = s.membership_id
 WHERE m.person_id = :person_id ORDER BY s.id""",
    "mail_that_came_back": """
SELECT status, refusals, first_at, last_at, since AS not_written_to_since, lifted_at
  FROM mail_suppression WHERE person_id = :person_id ORDER BY id""",
    "applications": """
SELECT c.name AS community, a.called, a.phone, a.words, a.state, a.created_at, a.decided_at
  FROM application a JOIN community c ON c.id = a.community_id
 WHERE a.person_id = :person_id ORDER BY a.id""",
    "references_you_gave": """
SELECT called, answer, words, created_at, answered_at
  FROM reference WHERE person_id = :person_id ORDER BY id""",
    "invitations": """
SELECT c.name AS community, CASE WHEN m.person_id = :person_id THEN i.called END AS you_wrote,
       i.created_at, i.expires_at, i.used_at, i.revoked_at, i.person_id = :person_id AS to_you
  FROM invitation i JOIN community c ON c.id = i.community_id
  JOIN membership m ON m.id = i.invited_by
 WHERE :person_id IN (i.person_id, m.person_id) ORDER BY i.id""",
}

_ROWS = "'{name}', (SELECT coalesce(json_agg(row_to_json(found)), '[]') FROM ({sql}) AS found)"
EVERYTHING = sa.text(
    "SELECT json_build_object("
    + ", ".join(_ROWS.format(name=name, sql=sql) for name, sql in TABLES.items())
    + ")"
)


@dataclass(frozen=True, slots=True)
class Everything:
    """What we know about somebody, by table; days and moments are ISO text, minutes are whole."""

    written_at: dt.datetime
    tables: Mapping[str, list[Row]]


def everything_about(session: Session, *, person_id: int, now: dt.datetime) -> Everything:
    """Read everything about one person, in one statement."""
    found: dict[str, list[Row]] = session.execute(
        EVERYTHING, {"person_id": person_id}
    ).scalar_one()
    return Everything(now, found)
