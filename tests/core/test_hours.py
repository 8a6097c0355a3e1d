from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.core import hours


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 hours"),
        (1, "1 minute"),
        (15, "¼ hour"),
        (20, "20 minutes"),
        (30, "½ hour"),
        (45, "¾ hour"),
        (60, "1 hour"),
        (61, "1 hour 1 minute"),
        (75, "1¼ hours"),
        (80, "1 hour 20 minutes"),
        (90, "1½ hours"),
        (130, "2 hours 10 minutes"),
        (1440, "24 hours"),
        (-30, "−½ hour"),
        (-80, "−1 hour 20 minutes"),
    ],
)
def test_minutes_are_said_as_people_say_them(minutes: int, words: str) -> None:
    assert hours.in_words(minutes) == words


@pytest.mark.parametrize(
    ("minutes", "figure"),
    [(0, "0"), (45, "¾"), (750, "12½"), (80, "1:20"), (5, "0:05"), (-120, "−2"), (-45, "−¾")],
)
def test_figure_has_no_unit(minutes: int, figure: str) -> None:
    assert hours.figure(minutes) == figure


@pytest.mark.parametrize(
    ("minutes", "entry"), [(105, "+1¾"), (-120, "−2"), (0, "0"), (-80, "−1:20")]
)
def test_statement_entry_carries_its_sign(minutes: int, entry: str) -> None:
    assert hours.signed(minutes) == entry


@pytest.mark.parametrize(
    ("minutes", "unit"), [(0, "hours"), (45, "hour"), (60, "hour"), (75, "hours")]
)
def test_unit_follows_the_figure(minutes: int, unit: str) -> None:
    assert hours.unit(minutes) == unit


def test_words_can_be_translated() -> None:
    def welsh(*_wordings_and_number: object, figure: str) -> str:
        return f"{figure} awr"

    assert hours.in_words(90, ngettext=welsh) == "1½ awr"


@given(strategies.integers(-100_000, 100_000), strategies.integers(-100_000, 100_000))
def test_two_lengths_never_share_a_figure(one: int, other: int) -> None:
    assert (hours.figure(one) == hours.figure(other)) is (one == other)
