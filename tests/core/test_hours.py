from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.core import hours
from timebank.core.errors import Refused


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


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("41.5", 2490),
        ("27.75", 1665),
        ("18", 1080),
        (".5", 30),
        ("22,5", 1350),
        ("22h30", 1350),
        ("22 H 30", 1350),
        ("22:30", 1350),
        ("22:30:00", 1350),
        ("22.5", 1350),
        ("15 hrs", 900),
        ("15hrs.", 900),
        ("1 hour", 60),
        ("1 hour 5 minutes", 65),
        ("2 hrs and 20 mins", 140),
        ("90 mins", 90),
        ("45m", 45),
        ("½", 30),
        ("1 ½", 90),
        ("1\u00a0½", 90),
        ("1½ hours", 90),
        ("2¼h", 135),
        ("⅓", 20),
        ("1 1/2", 90),
        ("3/4", 45),
        ("1 1\u20442", 90),
        ("-3", -180),
        ("−3", -180),
        ("– 3", -180),
        ("-1½", -90),
        ("0", 0),
        ("-0", 0),
        ("", 0),
        ("  \t ", 0),
        ("9999", 599_940),
        ("007", 420),
    ],
)
def test_minutes_typed_reads_hours_as_people_write_them(typed: str, minutes: int) -> None:
    assert hours.minutes_typed(typed) == minutes


@pytest.mark.parametrize(
    ("typed", "exact", "minutes"),
    [
        ("0.333", Fraction(1998, 100), 20),
        ("2.01", Fraction(1206, 10), 121),
        ("0.0083", Fraction(498, 1000), 0),
        ("0.0084", Fraction(504, 1000), 1),
        ("1:00:30", Fraction(121, 2), 61),
        ("-1:00:30", Fraction(-121, 2), -61),
        ("-0.333", Fraction(-1998, 100), -20),
    ],
)
def test_minutes_typed_with_part_of_a_minute_rounds_it(
    typed: str, exact: Fraction, minutes: int
) -> None:
    assert (hours.exact_minutes(typed), hours.minutes_typed(typed)) == (exact, minutes)


@pytest.mark.parametrize(
    "typed",
    [
        *("abc", "NaN", "inf", "1e3", "1_0", "\uff11\uff12", "\u0661", "0x10", "+3", "--3", "-"),
        *("2:75", "2:5", "22h60", "22h5", "1,500", "1.5.2", "1 2", "1/5", "11/2", "3/2", "4/4"),
        *("31/02/2025", "1:30pm", "£5", "10+", "TBC", "½½", "½ 1", "1 h 75 min", ".", "5 days"),
        *("=1+1", "(3)", "1" * 10, "9" * 100_000, "1 " * 50_000, "0.33333"),
    ],
)
def test_minutes_typed_refuses_what_it_would_have_to_guess(typed: str) -> None:
    with pytest.raises(hours.UnreadableHours):
        hours.minutes_typed(typed)


@pytest.mark.parametrize("typed", ["10000", "9999.01", "-10000", "9999:01", "999999999 minutes"])
def test_minutes_typed_refuses_more_hours_than_a_life_of_turns(typed: str) -> None:
    with pytest.raises(hours.TooManyHours):
        hours.minutes_typed(typed)


@given(strategies.integers(-599_940, 599_940))
def test_minutes_typed_reads_what_figure_writes(minutes: int) -> None:
    assert hours.minutes_typed(hours.figure(minutes)) == minutes


@given(strategies.text())
def test_minutes_typed_reads_or_refuses_any_text(typed: str) -> None:
    try:
        assert abs(hours.minutes_typed(typed)) <= hours.MOST_HOURS * 60
    except Refused as refusal:
        assert refusal.sentence  # noqa: PT017 - any text may be refused or not
