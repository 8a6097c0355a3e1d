from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.web import drawing


def colours(filled: int, total: int) -> list[int | None]:
    strings = drawing.bunting_strings(filled, total)
    return [pennant.colour for string in strings for pennant in string.pennants]


def test_one_pennant_hangs_for_each_place() -> None:
    assert colours(2, 4) == [1, 2, None, None]


def test_colours_repeat_after_five() -> None:
    assert colours(7, 7) == [1, 2, 3, 4, 5, 1, 2]


def test_no_places_need_no_string() -> None:
    assert drawing.bunting_strings(0, 0) == ()


def test_seventeenth_place_starts_a_second_string() -> None:
    strings = drawing.bunting_strings(26, 32)
    assert [len(string.pennants) for string in strings] == [16, 16]
    assert strings[1].pennants[0].colour == 2
    assert strings[1].pennants[15].colour is None


def test_more_people_than_places_colour_every_pennant() -> None:
    assert colours(9, 3) == [1, 2, 3]


def test_a_string_is_drawn_as_in_the_design() -> None:
    assert drawing.bunting_strings(1, 2)[0] == drawing.BuntingString(
        view_box="0 0 40 24",
        width=48,
        cord="M0 2Q20 5.6 40 2",
        pennants=(
            drawing.Pennant("M2 3.4h16l-8 17z", 1),
            drawing.Pennant("M22 3.4h16l-8 17z", None),
        ),
    )


def test_narrow_pennants_make_a_narrow_string() -> None:
    assert drawing.bunting_strings(0, 9, pennant_width=12)[0].view_box == "0 0 108 23"


@pytest.mark.parametrize(
    ("filled", "coloured"), [(0, 0), (1, 0), (500, 32), (999, 63), (1000, 64)]
)
def test_a_thousand_places_share_64_pennants(filled: int, coloured: int) -> None:
    hung = colours(filled, 1000)
    assert len(hung) == 64
    assert sum(colour is not None for colour in hung) == coloured


@given(strategies.integers(0, 64), strategies.integers(0, 64))
def test_coloured_pennants_count_the_people(filled: int, total: int) -> None:
    hung = colours(filled, total)
    assert len(hung) == total
    assert sum(colour is not None for colour in hung) == min(filled, total)


def test_festoon_hangs_between_its_ends() -> None:
    hung = drawing.festoon(0, 240, 88, pennants=2, sag=11)
    assert hung.cord == "M0 88Q120 110 240 88"
    assert [flag.path for flag in hung.pennants] == ["M52 96.2h16l-8 15z", "M172 96.2h16l-8 15z"]


def test_garland_repeats_all_five_colours() -> None:
    assert [flag.colour for flag in drawing.garland_pennants()] == [1, 2, 3, 4, 5]


def test_wave_runs_past_both_sides() -> None:
    assert drawing.wave(84, 44).startswith("M-960 84q80-44 160 0t160 0")
    assert drawing.wave(84, 44, left=-1040).endswith("V190H-1040z")
