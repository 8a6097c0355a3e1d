from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.domain.rota.spreadsheets.people import Finding
from timebank.domain.rota.spreadsheets.people import People
from timebank.domain.rota.spreadsheets.people import Typed
from timebank.domain.rota.spreadsheets.people import read_people
from timebank.domain.rota.spreadsheets.remarks import Kind

TOM = Typed("Tom")
ANN = Typed("Ann")


@pytest.mark.parametrize(
    "text",
    [
        "Tom & Ann",
        "Tom&Ann",
        "Tom/Ann",
        "Tom, Ann",
        "Tom; Ann",
        "Tom + Ann",
        "Tom\nAnn",
        "Tom and Ann",
        "Tom und Ann",
        "Tom et Ann",
        "Tom y Ann",
        "Tom,, & Ann",
    ],
)
def test_two_people_in_a_cell_are_two(text):
    assert read_people(text) == People((TOM, ANN))


@pytest.mark.parametrize(
    "name",
    [
        "Nadia K",
        "Siân P",
        "Zoë Ń",
        "Lee O'Brien",
        "Jean-Luc P.",
        "Sam 3",
        "李",
        "Sandy",
        "Maria da Silva dos Santos",
    ],
)
def test_a_name_is_kept_as_it_was_typed(name):
    assert read_people(name) == People((Typed(name),))


@pytest.mark.parametrize(
    "text",
    [
        "Tom?",
        "Tom ??",
        "?Tom",
        "Tom (maybe)",
        "Tom (TBC)",
        "Tom (?)",
        "Tom tbc",
        "maybe Tom",
        "(Tom)",
        "[Tom]",
        "Tom - maybe",
    ],
)
def test_a_name_with_a_doubt_is_pencilled_in(text):
    assert read_people(text) == People((Typed("Tom", is_pencilled=True),))


def test_only_the_one_with_the_doubt_is_pencilled_in():
    assert read_people("Tom & Ann (maybe)") == People((TOM, Typed("Ann", is_pencilled=True)))


@pytest.mark.parametrize(
    "text",
    [
        "TBC",
        "tbc.",
        "(TBA)",
        "?",
        "???",
        "-",
        "–",
        "...",
        "___",
        "()",
        "n/a",
        "N/A",
        "none",
        "No one",
        "vacant",
        "VACANT!",
        "Volunteer needed",
    ],
)
def test_a_cell_may_name_nobody_yet(text):
    assert read_people(text) == People(findings=(Finding(Kind.NOBODY, text),))


@pytest.mark.parametrize(
    "text", ["CANCELLED", "Cancelled!", "canceled", "Called off", "abgesagt", "annulé"]
)
def test_a_cell_may_say_that_the_date_is_off(text):
    assert read_people(text) == People(is_cancelled=True)


@pytest.mark.parametrize(
    "text", ["=SUM(A1:A3)", "+44 7700", "-1", "@tom", "'=1+1", "\uff1dA1", "=HYPERLINK(1) & Tom"]
)
def test_a_formula_is_nobodys_name(text):
    assert read_people(text) == People(findings=(Finding(Kind.FORMULA, text),))


@pytest.mark.parametrize(
    "text",
    [
        "07700 900123",
        "Tom 07700 900123",
        "tom@example.com",
        "www.example.com",
        "x",
        "✓",
        "12",
        "9am",
        "*",
        "&",
        "please bring the hi vis jackets",
        "a" * 81,
    ],
)
def test_what_cannot_be_a_name_is_said(text):
    assert read_people(text) == People(findings=(Finding(Kind.NOT_A_NAME, text),))


@pytest.mark.parametrize(
    ("text", "people", "findings"),
    [
        ("Tom, TBC", [TOM], [Finding(Kind.NOBODY, "TBC")]),
        ("Tom +1", [TOM], [Finding(Kind.NOT_A_NAME, "1")]),
        ("Tom (from 10, then Ann)", [TOM], [Finding(Kind.NAME_NOTE, "from 10, then Ann", "Tom")]),
        ("Tom (late", [TOM], [Finding(Kind.NAME_NOTE, "late", "Tom")]),
        ("Tom – late", [TOM], [Finding(Kind.NAME_NOTE, "late", "Tom")]),
        ("Tom*", [TOM], [Finding(Kind.NAME_NOTE, "*", "Tom")]),
        ("(lead) Tom", [TOM], [Finding(Kind.NAME_NOTE, "lead", "Tom")]),
        ("Tom (lead) & Ann", [TOM, ANN], [Finding(Kind.NAME_NOTE, "lead", "Tom")]),
        (
            "Tom & 12 (late)",
            [TOM],
            [Finding(Kind.NOT_A_NAME, "12"), Finding(Kind.NOT_A_NAME, "late")],
        ),
    ],
)
def test_the_rest_of_a_cell_is_said(text, people, findings):
    assert read_people(text) == People(tuple(people), tuple(findings))


def test_an_empty_cell_says_nothing():
    assert read_people("") == People()


@given(
    strategies.text(
        strategies.sampled_from("Tomé ?*()[]&,/+-=@0'.\n") | strategies.characters(), min_size=1
    )
)
def test_no_cell_is_passed_over_and_no_name_is_a_formula(text):
    found = read_people(text)
    assert found.people or found.findings or found.is_cancelled
    assert not [one.name for one in found.people if one.name.startswith(("=", "+", "-", "@"))]


@given(
    strategies.text(
        strategies.sampled_from("Tom Añ?*()&-0:'.") | strategies.characters(), min_size=1
    )
)
def test_a_name_that_was_read_reads_the_same_again(text):
    for one in read_people(text).people:
        assert read_people(one.name + "?" * one.is_pencilled) == People((one,))
