from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.domain.rota.spreadsheets.members import Match
from timebank.domain.rota.spreadsheets.members import Member
from timebank.domain.rota.spreadsheets.members import match_people

AMA, BELA, SIAN, LEE, ZOE, SAM = range(1, 7)
MEMBERS = [
    Member(AMA, "Ama Owusu"),
    Member(BELA, "Bela Novák"),
    Member(SIAN, "Siân Parry"),
    Member(LEE, "Lee O’Brien"),
    Member(ZOE, "Zoë Ńwosu"),
    Member(SAM, "Sam van der Berg"),
]
SHARMA, SHAH = Member(21, "Priya Sharma"), Member(22, "Priya Shah")


def matched(*names, members=MEMBERS):
    return match_people(names, members=members)


@pytest.mark.parametrize(
    ("typed", "membership_id"),
    [
        ("Ama Owusu", AMA),
        ("ama owusu", AMA),
        ("Ama O", AMA),
        ("AMA O.", AMA),
        ("Ama Ow", AMA),
        ("Bela Novak", BELA),
        ("Sian P", SIAN),
        ("Siân P", SIAN),
        ("Lee O'Brien", LEE),
        ("Lee OBrien", LEE),
        ("Lee O Brien", LEE),
        ("Lee O", LEE),
        ("Zoë Ń", ZOE),
        ("Zoe N", ZOE),
        ("Sam B", SAM),
        ("Sam van B", SAM),
        ("Sam V", SAM),
    ],
)
def test_a_name_that_fits_one_member_is_that_member(typed, membership_id):
    assert matched(typed) == (Match((typed,), (membership_id,), is_certain=True),)


@pytest.mark.parametrize(
    "typed", ["Ama Boateng", "Amelia O", "Owusu", "Ama B", "A", "Nobody Here", "李"]
)
def test_a_name_that_fits_nobody_is_somebody_new(typed):
    assert matched(typed) == (Match((typed,), (), is_certain=False),)


def test_a_first_name_alone_may_be_any_of_them():
    assert matched("Priya", members=[SHARMA, SHAH]) == (
        Match(("Priya",), (21, 22), is_certain=False),
    )
    assert matched("Ama") == (Match(("Ama",), (AMA,), is_certain=False),)


def test_an_initial_that_two_have_is_a_choice():
    assert matched("Priya S", members=[SHARMA, SHAH]) == (
        Match(("Priya S",), (21, 22), is_certain=False),
    )


def test_two_members_of_one_name_are_a_choice():
    twins = [Member(7, "Tom Bell"), Member(8, "Tom Bell")]
    assert matched("Tom Bell", members=twins) == (Match(("Tom Bell",), (7, 8), is_certain=False),)


def test_a_member_known_by_an_initial_is_a_choice_among_those_it_fits():
    members = [Member(7, "Tom B"), Member(8, "Tom Bell")]
    assert matched("Tom B", members=members) == (Match(("Tom B",), (7, 8), is_certain=False),)


@pytest.mark.parametrize(
    ("typed", "full_name"),
    [("Jo F", "Joanna Fisher"), ("Joanna Fisher", "Jo Fisher"), ("Priya Sharma", "Priya S")],
)
def test_another_form_of_a_name_is_a_choice(typed, full_name):
    assert matched(typed, members=[Member(7, full_name)]) == (
        Match((typed,), (7,), is_certain=False),
    )


def test_spellings_of_one_name_are_one_person():
    assert matched("Sian P", "Tom", "SIÂN P", "Sian P") == (
        Match(("Sian P", "SIÂN P"), (SIAN,), is_certain=True),
        Match(("Tom",), (), is_certain=False),
    )


def test_a_short_and_a_long_name_in_one_spreadsheet_are_one_person():
    assert matched("Priya S", "Priya Sharma", members=[SHARMA]) == (
        Match(("Priya S", "Priya Sharma"), (21,), is_certain=True),
    )
    assert matched("Priya Sharma", "Priya S", members=[]) == (
        Match(("Priya S", "Priya Sharma"), (), is_certain=False),
    )


def test_a_short_name_that_may_be_another_member_is_a_choice():
    assert matched("Priya S", "Priya Sharma", members=[SHARMA, SHAH]) == (
        Match(("Priya S",), (21, 22), is_certain=False),
        Match(("Priya Sharma",), (21,), is_certain=True),
    )
    assert matched("Priya S", "Priya Sharma", members=[SHAH]) == (
        Match(("Priya S",), (22,), is_certain=False),
        Match(("Priya Sharma",), (), is_certain=False),
    )


def test_a_short_name_of_two_people_in_the_spreadsheet_is_a_choice():
    assert matched("Priya Sharma", "Priya S", "Priya Shah", members=[SHARMA]) == (
        Match(("Priya Sharma",), (21,), is_certain=True),
        Match(("Priya S",), (21,), is_certain=False),
        Match(("Priya Shah",), (), is_certain=False),
    )


def test_nobody_is_matched_where_nobody_is_named():
    assert matched() == ()


@given(
    strategies.lists(strategies.text(strategies.sampled_from("aáB -.'’"), max_size=6)),
    strategies.lists(strategies.text(strategies.sampled_from("aáB -.'’"), max_size=6)),
)
def test_every_name_is_matched_once_and_to_members_only(names, full_names):
    members = [Member(number, name) for number, name in enumerate(full_names)]
    matches = match_people(names, members=members)
    assert sorted(name for match in matches for name in match.names) == sorted(set(names))
    for match in matches:
        assert set(match.membership_ids) <= set(range(len(members)))
        assert not match.is_certain or len(match.membership_ids) == 1


def test_a_thousand_names_of_one_first_name_are_matched_in_no_time():
    names = [f"Priya S{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(650)]
    members = [
        Member(n, f"Priya S{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}x") for n in range(2_000)
    ]
    began = time.process_time()
    match_people(names, members=members)
    assert time.process_time() - began < 2
