"""How long a text message is, which is what it costs by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.core import gsm


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("a" * 152 + "€" * 5, 2),  # 162 places: the first part ends before a euro
        ("a" * 152 + "€" + "a" * 152, 3),  # 306 places, but no letter is torn apart
        ("Ф" * 70, 1),
        ("Ф" * 71, 2),
        ("Ф" * 134, 2),
        ("Ф" * 135, 3),
        ("😀" * 35, 1),  # two units each
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 134 units, and 67 hold 33 and a half
        ("é" * 160, 1),
        ("ê" * 71, 2),  # not in the alphabet of telephones
    ],
)
def test_parts_are_counted_as_they_are_charged(words, parts):
    assert gsm.parts_of(words) == parts


def test_typographic_signs_stay_in_the_alphabet_of_telephones():
    said = "“You’re in” – 1½ hours… at Bela’s\u00a0café"
    assert gsm.plain(said) == "\"You're in\" - 1 1/2 hours... at Bela's café"
    assert gsm.parts_of(gsm.plain(said) * 3) == 1


def test_an_address_is_never_shortened():
    ending = "https://bexley.goodturn.example/e/danson-saturday-stroll/2027-05-01"
    whole = gsm.within("word " * 100, ending, most_parts=2)
    assert gsm.parts_of(whole) == 2
    assert whole.endswith(f"... {ending}")
    assert gsm.within("Moved.", ending, most_parts=2) == f"Moved. {ending}"


@given(strategies.text(max_size=400))
def test_it_always_fits(words):
    ending = "https://goodturn.example/me"
    whole = gsm.within(gsm.plain(words), ending, most_parts=2)
    assert gsm.parts_of(whole) <= 2
    assert whole.endswith(ending)
