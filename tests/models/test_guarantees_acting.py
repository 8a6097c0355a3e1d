"""Acting for somebody: another, of the same community, for a while; what was done is kept."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.attacks import Attack
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from tests.models.test_guarantees_exchanges import EXCHANGE

GRANT = {
    "community_id": ":bexley",
    "helper_id": ":sam",
    "member_id": ":nadia",
    "starts_on": "date '2027-05-01'",
    "ends_on": "date '2027-11-01'",
    "how_agreed": "'rang her'",
    "made_by": ":ama",
}
ENDED = {"ended_at": "now()", "ended_by": ":ama"}
DEED = {
    "community_id": ":bexley",
    "acting_id": ":acting",
    "helper_id": ":sam",
    "member_id": ":bela",
    "what": "'letter'",
    "acted_on": "date '2027-05-01'",
    "acted_at": "now()",
}
TURN = {**DEED, "what": "'took_turn'", "claim_id": ":turn"}
NADIA_HELPED = insert("exchange", EXCHANGE, helper_id=":nadia")
SAID_THANKS = {
    **DEED,
    "what": "'thanked'",
    "exchange_id": "(SELECT max(id) FROM exchange WHERE helper_id = :nadia)",
}
LETTER = {
    "community_id": ":bexley",
    "membership_id": ":bela",
    "printed_by": ":ama",
    "printed_at": "now()",
}
SAMS_CODE = "card_code = (SELECT card_code FROM membership WHERE id = :sam)"
AGAIN = {"helper_id": ":sam", "member_id": ":bela"}
OVER = update("acting_for", "ended_at = now(), ended_by = :ama", "acting")


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


ATTACKS = [
    *limits(
        "acting_for",
        GRANT,
        ("acting_for_another", "for oneself", {"helper_id": ":nadia"}),
        ("acting_for_a_while", "over before it begins", {"ends_on": "date '2027-05-01'"}),
        ("acting_for_a_while", "a year and a day", {"ends_on": "date '2028-05-02'"}),
        ("acting_how_agreed", "no word how", {"how_agreed": "''"}),
        ("acting_how_agreed", "201 letters", {"how_agreed": "repeat('x', 201)"}),
        ("acting_ended_by_somebody", "ended by nobody", {"ended_at": "now()"}),
        ("acting_by_a_member", "a helper from elsewhere", {"helper_id": ":chi"}),
        ("acting_for_a_member", "for somebody elsewhere", {"member_id": ":chi"}),
        ("acting_made_by_a_member", "written by a stranger", {"made_by": ":chi"}),
        ("acting_ended_by_a_member", "ended by a stranger", {**ENDED, "ended_by": ":chi"}),
        ("acting_once_at_a_time", "twice at the same time", AGAIN),
        (
            "acting_once_at_a_time",
            "from its last day on",
            {**AGAIN, "starts_on": "date '2027-09-30'", "ends_on": "date '2027-12-01'"},
        ),
    ),
    Attack("acting_only_ends", "longer", update("acting_for", "ends_on = ends_on + 9", "acting")),
    Attack(
        "acting_only_ends",
        "another helper",
        update("acting_for", "helper_id = :sam", "idle_acting"),
    ),
    Attack("acting_only_ends", "other words", update("acting_for", "how_agreed = 'x'", "acting")),
    Attack(
        "acting_only_ends",
        "begun again",
        update("acting_for", "ended_at = NULL, ended_by = NULL", "acting"),
        OVER,
    ),
    Attack("acting_is_kept", "deleted", delete("acting_for", "idle_acting")),
    *limits(
        "acted",
        DEED,
        ("acted_what", "an unknown deed", {"what": "'danced'"}),
        ("acted_names_its_turn", "a turn of no number", {"what": "'took_turn'"}),
        ("acted_names_its_turn", "a look at a turn", {"claim_id": ":turn"}),
        ("acted_by_the_helper", "somebody else", {"helper_id": ":nadia"}),
        ("acted_by_the_helper", "for somebody else", {"member_id": ":nadia"}),
        ("acted_while_allowed", "under no grant", {"acting_id": "-1"}),
        ("acted_while_allowed", "the day before", {"acted_on": "date '2027-03-31'"}),
        ("acted_while_allowed", "the day after", {"acted_on": "date '2027-10-01'"}),
        ("looked_once_a_day", "a second look", {"what": "'looked'"}),
    ),
    Attack("acted_while_allowed", "after the end", insert("acted", DEED), OVER),
    Attack("acted_on_their_turn", "another's turn", insert("acted", TURN, claim_id=":hold")),
    *limits(
        "acted",
        SAID_THANKS,
        ("acted_names_its_exchange", "thanks for nothing", {"exchange_id": "NULL"}),
        ("acted_names_its_exchange", "a letter about help", {"what": "'letter'"}),
        ("acted_on_their_thanks", "the helper's own hours", {"exchange_id": ":hemming"}),
        ("acted_on_their_thanks", "help for a group", {"exchange_id": ":for_a_group"}),
        ("thanked_once", "written down already", {"exchange_id": ":nadias_help"}),
        ("acted_on_their_thanks", "for nothing there is", {"exchange_id": "-1"}),
    ),
    Attack("acted_is_kept", "deleted", delete("acted", "deed")),
    Attack("acted_is_kept", "changed", update("acted", "what = 'letter'", "deed")),
    *limits(
        "printed_letter",
        LETTER,
        ("letter_to_a_member", "to somebody elsewhere", {"membership_id": ":chi"}),
        ("letter_printed_by_a_member", "printed by a stranger", {"printed_by": ":chi"}),
    ),
    Attack(
        "one_member_per_card",
        "the code of another's card",
        update("membership", SAMS_CODE, "bela"),
    ),
    *(
        Attack("membership_card_code", what, update("membership", f"card_code = '{code}'", "bela"))
        for what, code in {
            "a nought": "2345678O",
            "small letters": "abcdefgh",
            "too short": "2345678",
        }.items()
    ),
]

LEGAL = [
    legal("a year", insert("acting_for", GRANT, ends_on="date '2028-05-01'")),
    legal(
        "right after the one before",
        insert("acting_for", GRANT, **AGAIN, starts_on="date '2027-10-01'"),
    ),
    legal("again after an early end", insert("acting_for", GRANT, **AGAIN), OVER),
    legal(
        "the other way round", insert("acting_for", GRANT, helper_id=":nadia", member_id=":sam")
    ),
    legal("ended", OVER),
    legal("the words forgotten", update("acting_for", "how_agreed = NULL", "acting")),
    legal(
        "a look on another day",
        insert("acted", DEED, what="'looked'", acted_on="date '2027-05-02'"),
    ),
    legal("a turn", insert("acted", TURN)),
    legal("thanks", insert("acted", SAID_THANKS), NADIA_HELPED),
    legal("a second letter", insert("printed_letter", LETTER), insert("printed_letter", LETTER)),
    legal(
        "the same code in another community",
        update("membership", SAMS_CODE, "chi"),
    ),
]


@pytest.mark.parametrize("attack", [*ATTACKS, *LEGAL], ids=str)
def test_the_database_answers(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE acted SET acted_at = now()",
        "DELETE FROM acted",
        "DELETE FROM acting_for",
        "UPDATE printed_letter SET printed_at = now()",
        "DELETE FROM printed_letter",
    ],
)
def test_the_role_of_the_app_has_no_right_to_what_is_kept(town, sql):
    with town.engine.connect() as connection:
        connection.exec_driver_sql("SET ROLE timebank_app")
        with pytest.raises(sa.exc.ProgrammingError) as refused:
            connection.exec_driver_sql(sql)
        assert refused.value.orig.sqlstate == "42501"


def test_new_card_codes_hold_no_letter_that_is_taken_for_another(town):
    with town.engine.connect() as connection:
        codes = connection.exec_driver_sql(
            "SELECT new_card_code() FROM generate_series(1, 5000)"
        ).scalars()
        codes = list(codes)
    assert len(set(codes)) == len(codes)
    assert set("".join(codes)) == set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    assert {len(code) for code in codes} == {8}
