"""Claims: a place is given once, nobody is in two places, and a turn's history stays."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import of_slot
from tests.attacks import update

CLAIM = {
    **of_slot("marshal"),
    "community_id": ":bexley",
    "membership_id": ":ama",
    "person_id": ":ama_person",
    "place": "2",
    "state": "'confirmed'",
}
BELA = {"membership_id": ":bela", "person_id": ":bela_person"}
BELA_THERE = {
    **of_slot("tea"),
    "community_id": ":ashford",
    "membership_id": ":bela_there",
    "person_id": ":bela_person",
    "place": "1",
    "state": "'confirmed'",
}
NADIA = {"membership_id": ":nadia", "person_id": ":nadia_person"}
VERSION = "SELECT version FROM event WHERE id = :walk"
WITHDRAW = "state = 'withdrawn', withdrawn_at = now(), withdrawn_because = 'person'"
WITHDRAW_HOLD = f"{WITHDRAW}, held_until = NULL"
HALF_AN_HOUR = (
    "starts_at = starts_at + interval '30 minutes', ends_at = ends_at + interval '30 minutes'"
)

ROWS = [
    Attack("claim_state_known", "an unknown state", insert("claim", CLAIM, state="'maybe'")),
    Attack(
        "claim_withdrawn_because",
        "an unknown reason",
        insert(
            "claim",
            CLAIM,
            state="'withdrawn'",
            withdrawn_at="now()",
            withdrawn_because="'rain'",
        ),
    ),
    Attack(
        "claim_held_for",
        "held for an unknown reason",
        insert("claim", CLAIM, state="'held'", held_for="'fun'", held_until="now()"),
    ),
    Attack(
        "asked_by_somebody",
        "asked by nobody",
        insert("claim", CLAIM, state="'held'", held_for="'asked'", held_until="now()"),
    ),
    Attack("guest_of_another", "a guest of oneself", insert("claim", CLAIM, guest_of=":ama")),
    Attack("guest_of_a_member", "a stranger's guest", insert("claim", CLAIM, guest_of=":chi")),
    Attack("claim_made_by_a_member", "made by a stranger", insert("claim", CLAIM, made_by=":chi")),
    *[
        Attack("overruled_says_why", what, insert("claim", CLAIM, **changed))
        for what, changed in [
            ("overruled for no reason", {"overruled_by": ":nadia"}),
            ("overruled by nobody", {"overruled_because": "'Because'"}),
            ("an empty reason", {"overruled_by": ":nadia", "overruled_because": "''"}),
            (
                "201 letters",
                {"overruled_by": ":nadia", "overruled_because": "repeat('x', 201)"},
            ),
        ]
    ],
    Attack(
        "overruled_by_a_member",
        "overruled by a stranger",
        insert("claim", CLAIM, overruled_by=":chi", overruled_because="'Because'"),
    ),
    Attack(
        "claim_of_a_standing_turn",
        "no such standing turn",
        insert("claim", CLAIM, standing_id="-1"),
    ),
    Attack("claim_of_an_import", "no such import", insert("claim", CLAIM, import_id="-1")),
    Attack("held_has_an_end", "a hold for ever", insert("claim", CLAIM, state="'held'")),
    Attack(
        "held_has_an_end",
        "held for no reason",
        insert("claim", CLAIM, state="'held'", held_until="now()"),
    ),
    Attack(
        "held_has_an_end",
        "a confirmed claim that runs out",
        update("claim", "held_until = now()", "turn"),
    ),
    Attack(
        "held_has_an_end",
        "a yes that leaves the end of the hold",
        update("claim", "state = 'confirmed'", "hold"),
    ),
    Attack(
        "withdrawn_says_why",
        "withdrawn for no reason",
        update("claim", "state = 'withdrawn', withdrawn_at = now()", "turn"),
    ),
    Attack(
        "withdrawn_says_why",
        "confirmed, with a reason for withdrawing",
        update("claim", "withdrawn_because = 'person'", "turn"),
    ),
    Attack(
        "arrival_has_witness",
        "arrived, seen by nobody",
        update("claim", "arrived_at = now()", "turn"),
    ),
    Attack(
        "held_under_a_name",
        "confirmed under a typed name",
        update("claim", "held_as = 'Bela'", "turn"),
    ),
    Attack(
        "held_under_a_name",
        "held under no letters",
        update("claim", "held_as = ''", "hold"),
    ),
    Attack("claim_note", "an empty note", insert("claim", CLAIM, note="''")),
    Attack("claim_note", "501 letters", insert("claim", CLAIM, note="repeat('x', 501)")),
]

PLACES = [
    Attack("one_live_claim_per_place", "a place that is taken", insert("claim", CLAIM, place="1")),
    Attack(
        "one_live_claim_per_place",
        "a claim moved onto a taken place",
        update("claim", "place = 2", "turn"),
        first=insert("claim", CLAIM),
    ),
    Attack(
        "one_live_claim_per_person",
        "a second place on the same slot",
        insert("claim", {**CLAIM, **BELA}),
    ),
    Attack("place_within_places", "place 3 of 2", insert("claim", CLAIM, place="3")),
    Attack("place_within_places", "place 0", insert("claim", CLAIM, place="0")),
    Attack(
        "place_within_places",
        "moved above the slot's places",
        update("claim", "place = 9", "turn"),
    ),
    Attack(
        "place_within_places",
        "fewer places than one in use",
        update("slot", "places = 2", "last_marshal"),
    ),
]

OWNERS = [
    Attack(
        "claim_follows_slot",
        "its own end",
        insert("claim", CLAIM, ends_at="timestamptz '2027-05-02'"),
    ),
    Attack("claim_follows_slot", "its own number of places", insert("claim", CLAIM, places="9")),
    Attack("claim_follows_slot", "another event", insert("claim", CLAIM, event_id=":next_walk")),
    Attack(
        "claim_follows_slot",
        "a slot of another community",
        insert("claim", {**CLAIM, **of_slot("tea")}),
    ),
    Attack("claim_follows_slot", "moved alone", update("claim", HALF_AN_HOUR, "hold")),
    Attack("claim_follows_slot", "a claimed slot deleted", delete("slot", "marshal")),
    Attack(
        "claim_of_a_member",
        "a member of another community",
        insert("claim", CLAIM, membership_id=":chi", person_id=":chi_person"),
    ),
    Attack(
        "claim_of_a_member",
        "somebody else's person",
        insert("claim", CLAIM, person_id=":chi_person"),
    ),
    Attack(
        "arrival_seen_by_a_member",
        "seen by a stranger",
        update("claim", "arrived_at = now(), arrived_by = :chi", "turn"),
    ),
    Attack(
        "claim_identity",
        "handed to somebody else",
        update("claim", "membership_id = :ama, person_id = :ama_person", "turn"),
    ),
    Attack(
        "claim_identity",
        "moved to another slot",
        "UPDATE claim SET (slot_id, event_id, starts_at, ends_at, places) = (SELECT id, event_id,"
        " starts_at, ends_at, places FROM slot WHERE id = :next_marshal) WHERE id = :turn",
    ),
]

TIMES = [
    Attack(
        "no_overlapping_claims",
        "two jobs at once",
        insert("claim", {**CLAIM, **BELA, **of_slot("tail_walker")}, place="1"),
        first=update("claim", WITHDRAW_HOLD, "hold"),
    ),
    Attack("no_overlapping_claims", "two communities at once", insert("claim", BELA_THERE)),
    Attack(
        "no_overlapping_claims",
        "a slot moved onto its person's other turn",
        update("slot", HALF_AN_HOUR, "marshal"),
    ),
    Attack(
        "no_overlapping_claims",
        "a slot made longer, into its person's other turn",
        update("slot", "ends_at = ends_at + interval '1 minute'", "marshal"),
    ),
    Attack(
        "attended_slot_is_fixed",
        "a done turn moved",
        update("slot", HALF_AN_HOUR, "last_marshal"),
    ),
    Attack(
        "attended_slot_is_fixed",
        "a done turn made longer",
        update("slot", "ends_at = ends_at + interval '1 minute'", "last_marshal"),
    ),
    Attack(
        "claim_at_a_planned_event",
        "a turn at a cancelled date",
        insert("claim", {**CLAIM, **of_slot("called_off_marshal")}),
    ),
    Attack(
        "claim_at_a_planned_event",
        "a hold at a cancelled date",
        insert(
            "claim",
            {**CLAIM, **of_slot("called_off_marshal")},
            state="'held'",
            held_for="'yes'",
            held_until="now()",
        ),
    ),
]

HISTORY = [
    Attack("claim_no_delete", "delete a turn", delete("claim", "packing")),
    Attack("claim_no_delete", "delete a withdrawn turn", delete("claim", "gone")),
    Attack("claim_no_truncate", "empty the claims", "TRUNCATE claim CASCADE"),
    Attack("claim_no_truncate", "empty the slots, and so the claims", "TRUNCATE slot CASCADE"),
    Attack("claim_no_truncate", "empty the people, and so the claims", "TRUNCATE person CASCADE"),
    *[
        Attack("claim_state", what, update("claim", change, claim))
        for what, change, claim in [
            (
                "confirmed, then held",
                "state = 'held', held_for = 'yes', held_until = now()",
                "turn",
            ),
            (
                "withdrawn, then confirmed",
                "state = 'confirmed', withdrawn_at = NULL, withdrawn_because = NULL",
                "gone",
            ),
            (
                "withdrawn, then attended",
                "state = 'attended', withdrawn_at = NULL, withdrawn_because = NULL",
                "gone",
            ),
            ("attended, then confirmed", "state = 'confirmed'", "unpaid"),
            ("attended, then withdrawn", WITHDRAW, "unpaid"),
            ("missed, then confirmed", "state = 'confirmed'", "absent"),
            ("missed, then withdrawn", WITHDRAW, "absent"),
        ]
    ],
    Attack(
        "credited_claim_stays_attended",
        "credited, then missed",
        update("claim", "state = 'missed'", "done"),
    ),
]

ATTACKS = [*ROWS, *PLACES, *OWNERS, *TIMES, *HISTORY]
LEGAL = [
    legal("the other place", insert("claim", CLAIM)),
    legal(
        "the place of a withdrawn turn",
        insert("claim", CLAIM, place="1"),
        first=update("claim", WITHDRAW, "turn"),
    ),
    legal(
        "one's own withdrawn turn again",
        insert("claim", {**CLAIM, **BELA}),
        first=update("claim", WITHDRAW, "turn"),
    ),
    legal(
        "the place of a hold that lapsed",
        insert("claim", {**CLAIM, **of_slot("tail_walker")}, place="1"),
        first=update("claim", WITHDRAW_HOLD, "hold"),
    ),
    legal(
        "the place of somebody who did not come",
        insert("claim", {**CLAIM, **NADIA, **of_slot("last_marshal")}, place="4"),
    ),
    legal(
        "the turn right after one's own",
        insert("claim", {**CLAIM, **of_slot("pack_up")}),
        first=insert("claim", CLAIM),
    ),
    legal(
        "another community's job, once this turn is given back",
        insert("claim", BELA_THERE),
        first=update("claim", WITHDRAW, "turn"),
    ),
    legal(
        "the history of a turn at a cancelled date",
        insert(
            "claim",
            {**CLAIM, **of_slot("called_off_marshal")},
            state="'withdrawn'",
            withdrawn_at="now()",
            withdrawn_because="'cancelled'",
        ),
    ),
    legal("a claim moved to a free place", update("claim", "place = 2", "turn")),
    legal("more places", update("slot", "places = 5", "marshal")),
    legal("as few places as are in use", update("slot", "places = 1", "marshal")),
    legal("more places beside a done turn", update("slot", "places = 9", "last_marshal")),
    legal("a yes", update("claim", "state = 'confirmed', held_until = NULL", "hold")),
    legal(
        "attended without a yes", update("claim", "state = 'attended', held_until = NULL", "hold")
    ),
    legal("missed after all", update("claim", "state = 'missed'", "unpaid")),
    legal("missed, once the hours are reversed", update("claim", "state = 'missed'", "mistake")),
    legal("attended after all", update("claim", "state = 'attended'", "absent")),
]

# What a page of an event shows changes with its claims.
EFFECTS = [
    Effect("claim_insert_touches_event", "a new claim", insert("claim", CLAIM), VERSION),
    Effect(
        "claim_update_touches_event",
        "a claim withdrawn",
        update("claim", WITHDRAW, "turn"),
        VERSION,
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_the_database_answers_with(town, effect):
    assert town.changed(effect)


def test_a_slot_that_moves_takes_its_claims_along(town):
    with town.engine.connect() as connection:
        town.run(connection, update("slot", HALF_AN_HOUR, "tail_walker"))
        moved = town.ask(
            connection,
            "SELECT (c.starts_at, c.ends_at) = (s.starts_at, s.ends_at)"
            " AND s.starts_at = e.starts_at + interval '30 minutes'"
            " FROM claim c JOIN slot s ON s.id = c.slot_id JOIN event e ON e.id = s.event_id"
            " WHERE c.id = :hold",
        )
    assert moved


def test_back_to_back_turns_of_one_person_move_together(town):
    """Bela marshals and packs up right after it; the date moves by less than either lasts."""
    with town.engine.connect() as connection:
        for way in ("+", "-"):
            town.run(
                connection,
                f"UPDATE slot SET starts_at = starts_at {way} interval '20 minutes',"  # noqa: S608
                f" ends_at = ends_at {way} interval '20 minutes' WHERE event_id = :walk",
            )
        together = town.ask(
            connection,
            "SELECT upper(range_agg(tstzrange(starts_at, ends_at))) - min(starts_at)"
            " = interval '3 hours' FROM claim WHERE event_id = :walk AND person_id = :bela_person",
        )
    assert together


def test_a_slot_over_the_clock_change_counts_real_minutes(town):
    """On 28 March 2027 the clock goes from one to two, so half past twelve to half past three are
    two hours."""
    night = (
        "starts_at = timestamp '2027-03-28 00:30' AT TIME ZONE 'Europe/London',"
        " ends_at = timestamp '2027-03-28 03:30' AT TIME ZONE 'Europe/London'"
    )
    with town.engine.connect() as connection:
        town.run(connection, update("slot", night, "next_marshal"))
        minutes = town.ask(connection, "SELECT minutes FROM slot WHERE id = :next_marshal")
    assert minutes == 120
