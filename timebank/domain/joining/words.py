"""Every column of the database that can hold words, and what erasing somebody does with it.

One place, so that nothing is forgotten: a test walks the database's own catalogue and fails for a
column that is not here, and another fills every column that is to go and looks for what is left.
Whoever adds a column of text, JSON or bytes adds its line, and, unless it stays, the statement in
`erasing` that takes it away.
"""

from __future__ import annotations

import enum


class Fate(enum.StrEnum):
    """What becomes of a column's words when somebody is erased.

    `row`: the whole row is deleted where it is theirs. `words`: the words are taken out and the
    row stays, because numbers hang on it. `stays`: it says nothing about a person; the reason
    stands beside it.
    """

    ROW = "row"
    WORDS = "words"
    STAYS = "stays"


OURS = "one of our own words, from a list"
PUBLIC = "what a community or group says in public about itself and its events"

COLUMNS: dict[str, Fate] = {
    "profile.full_name": Fate.ROW,
    "profile.email": Fate.ROW,
    "profile.phone": Fate.ROW,
    "sign_in.token_hash": Fate.ROW,
    "sign_in_request.next_path": Fate.ROW,
    "feed.token_hash": Fate.ROW,
    "feed.area": Fate.ROW,
    "feed.role_name": Fate.ROW,
    "mail_choice.near": Fate.ROW,
    "text_number.number": Fate.ROW,
    "text_code.number": Fate.ROW,
    "push_subscription.endpoint": Fate.ROW,
    "push_subscription.p256dh": Fate.ROW,
    "push_subscription.auth": Fate.ROW,
    "push_subscription.label": Fate.ROW,
    "push_subscription.failed_as": Fate.ROW,
    "notice.dedupe_key": Fate.ROW,
    "notice.last_error": Fate.ROW,  # a mail server may repeat the address in it
    "notice.facts": Fate.ROW,  # and in those to others, what they wrote and their name: WORDS
    "mail_suppression.address_digest": Fate.ROW,
    "invitation.called": Fate.ROW,
    "application.called": Fate.ROW,
    "application.phone": Fate.ROW,
    "application.words": Fate.ROW,
    "application.reason": Fate.ROW,
    "reference.called": Fate.ROW,
    "reference.words": Fate.ROW,
    "memo.words": Fate.ROW,
    "member_note.words": Fate.ROW,
    "message.words": Fate.ROW,  # what they wrote; what was written to them is its writer's
    "message_answer.words": Fate.ROW,  # theirs, and what was written back to them
    "group_message.subject": Fate.WORDS,
    "group_message.words": Fate.WORDS,
    "report.words": Fate.WORDS,  # the same
    "exchange.what": Fate.WORDS,
    "exchange_step.words": Fate.WORDS,
    "post.title": Fate.WORDS,
    "post.words": Fate.WORDS,
    "post.when_words": Fate.WORDS,
    "member_list.file_name": Fate.WORDS,
    "member_list.cells": Fate.WORDS,
    "paper_sheet_draft.facts": Fate.ROW,
    "paper_sheet_draft.rows": Fate.ROW,  # and of others' drafts the lines with their name
    "paper_sheet_line.written": Fate.WORDS,
    "paper_sheet_line.because": Fate.WORDS,
    "acting_for.how_agreed": Fate.WORDS,
    "membership.card_code": Fate.WORDS,  # a new one: the card in a drawer leads nowhere
    "claim.held_as": Fate.WORDS,
    "claim.note": Fate.WORDS,
    "claim.overruled_because": Fate.WORDS,
    "appeal.message": Fate.WORDS,
    "event.go_anyway_because": Fate.WORDS,
    "busy_calendar.address": Fate.ROW,
    "busy_calendar.etag": Fate.ROW,
    "calendar_import.source": Fate.WORDS,
    "calendar_import.found": Fate.WORDS,
    "rota_import.file_name": Fate.WORDS,
    "rota_import.cells": Fate.WORDS,
    "rota_import.choices": Fate.WORDS,
    "limit_change.reason": Fate.WORDS,
}

STAYS: dict[str, str] = {
    **dict.fromkeys(
        (
            "account.kind",
            "acted.what",
            "appeal.ended_because",
            "appeal_ask.because",
            "appeal_ask.answer",
            "application.state",
            "batch.kind",
            "bounce.outcome",
            "calendar_reply.outcome",
            "claim.state",
            "claim.held_for",
            "claim.withdrawn_because",
            "community.joining",
            "community.timezone",
            "event.state",
            "event.reason_kind",
            "event.outlook",
            "event.leads",
            "exchange.state",
            "feed.shows",
            "feed.cancelled",
            "feed.scene",
            "feed.last_client",
            "exchange_step.step",
            "group_message.whom",
            "handover.state",
            *(f"mail_choice.{name}" for name in ("turns", "asking", "neighbours", "hours")),
            "mail_choice.leads",
            "mail_choice.language",
            "mailed_answer.outcome",
            "mailed_turn.method",
            "membership.standing",
            "member_list_line.fate",
            "job_run.function",
            "job_run.queue",
            "job_run.outcome",
            "notice.kind",
            "notice.way",
            "notice_decision.decision",
            "notice_decision.was",
            "post.category",
            "post.kind",
            "post.state",
            "reconciliation.kind",
            "paper_sheet_line.outcome",
            "notice.state",
            "qualification.kind",
            "reference.answer",
            "role_pair.rule",
            "series.leads",
            "series.scene",
            "series.frequency",
            "series.if_short",
            "series.state",
            "transfer.kind",
            "waiting.state",
        ),
        OURS,
    ),
    **dict.fromkeys(
        (
            "account.name",
            "account.about",
            "batch.title",
            "calendar_entry.body",
            "community.slug",
            "community.name",
            "community.place",
            "community.host",
            "community.phone",
            "community_group.slug",
            "community_group.name",
            "event.reason",
            "qualification.name",
            "qualification.about",
            "role.name",
            "role.about",
            "role.instructions",
            "role.bring",
            "series.slug",
            "series.title",
            "series.description",
            "series.first_timers",
            "series.bring",
            "top_up_policy.words",
            "venue.name",
            "venue.address",
            "venue.area",
        ),
        PUBLIC,
    ),
    "post.area": "the name of a part of the place, never an address",
    "balance_repair.reason": "what the operator tells everybody about the books",
    "balance_repair.by": "the operator, who is no member in this",
    "calendar_entry.style": "a digest of how calendars are written",
    "bounce.digest": "the fingerprint of a message that was not kept",
    "bounce.status": "three numbers; whose mail it was goes with the notice",
    "mail_suppression.status": "a mail server's codes; its row goes all the same",
    "mail_rest.why": "codes of the mail server, for nobody's mail",
    "calendar_reply.digest": "the fingerprint of a message that was not kept",
    "mailed_answer.digest": "the fingerprint of a message that was not kept",
    "job_run.error": "what broke and where in our program, in nobody's words",
    "ledger_head.head": "a digest of numbers",
    "ledger_mark.head": "a digest of numbers",
    "member_list.digest": "a digest of a whole list",
    "paper_sheet.number": "what is printed on a sheet of paper",
    "paper_sheet.lines": "numbers of jobs and turns; whose they are is read from the turns",
    "published_month.figures": "counts and minutes of a whole community in a month",
    "calendar_import.wrote": "numbers of what it made, to be undone with",
    "imported_entry.digest": "a digest of what a calendar calls an entry",
    "rota_import.wrote": "numbers of what it made, to be undone with",
}
