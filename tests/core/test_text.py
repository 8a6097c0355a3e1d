from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies

from timebank.core import text


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [
        ("Sam Tran", "Sam T"),
        ("Sam", "Sam"),
        ("  Sam   van der Berg ", "Sam B"),
        ("Jean-Luc Picard", "Jean-Luc P"),
        ("Siân o'Neill", "Siân O"),
        ("Ann (Smith)", "Ann S"),
        ("Zoë E\u0301milie", "Zoë E\u0301"),
        ("Sam 3", "Sam"),
        ("李 小龙", "李 小"),
        ("Tom ßchmidt", "Tom S"),
        ("", ""),
        ("--- 42", ""),
    ],
)
def test_public_name_is_first_name_and_initial(full_name: str, shown: str) -> None:
    assert text.public_name(full_name) == shown


def test_public_name_of_a_public_name_is_itself() -> None:
    assert text.public_name(text.public_name("Sam Tran")) == "Sam T"


@pytest.mark.parametrize(
    ("full_name", "letters"),
    [("Sam Tran", "ST"), ("Sam", "S"), ("Sam Sam", "SS"), ("Sam van der Berg", "SB"), ("", "")],
)
def test_initials_are_one_or_two_letters(full_name: str, letters: str) -> None:
    assert text.initials(full_name) == letters


def test_first_name_is_the_first_word() -> None:
    assert text.first_name("Priya Shah") == "Priya"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Sam \t Tran \n", "Sam Tran"),
        ("Sam\x00 Tran\x1b", "Sam Tran"),
        ("gro\u202eevil\u202c.good", "groevil.good"),
        ("\u2066Sam\u2069", "Sam"),
        ("Sa\u200bm\ufeff", "Sam"),
        ("👩\u200d🌾", "👩\u200d🌾"),
        ("\u200d", ""),
        ("\u3164", ""),
        ("Sam\ue001token\ue002", "Samtoken"),
        ("1½ hours", "1½ hours"),
        ("Sia\u0302n", "Siân"),
        ("no\u00a0break", "no break"),
        ("two\nlines", "two lines"),
    ],
)
def test_one_line_is_tidied(typed: str, kept: str) -> None:
    assert text.tidy_line(typed) == kept


def test_text_keeps_its_lines_and_at_most_one_blank_one() -> None:
    assert (
        text.tidy_text("One \r\n two\r\n\r\n\r\n\r\nthree\u2028four ") == "One\ntwo\n\nthree\nfour"
    )


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(text.UnreadableText, match="Type it again"):
        text.tidy_line("Sam \ud83d")


@given(strategies.text())
def test_tidied_text_stays_as_it_is(typed: str) -> None:
    once = text.tidy_line(typed)
    assert text.tidy_line(once) == once
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in once)


def test_width_and_case_do_not_tell_words_apart() -> None:
    assert text.fold("\uff22\uff25\uff38ley") == text.fold("bexley")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Danson Saturday Stroll", "danson-saturday-stroll"),
        ("Café à Erith!", "cafe-a-erith"),
        ("St Aidan’s Hall", "st-aidans-hall"),
        ("Smørrebrød & Øl", "smorrebrod-ol"),
        ("½ price", "1-2-price"),
        ("公园", "event"),
        ("", "event"),
        ("../../etc", "etc"),
        ("a" * 70, "a" * 60),
        ("word " * 20, "word-word-word-word-word-word-word-word-word-word-word-word"),
    ],
)
def test_slug_is_plain_ascii(title: str, slug: str) -> None:
    assert text.slugify(title) == slug


@given(strategies.text())
def test_slug_fits_in_an_address(title: str) -> None:
    slug = text.slugify(title)
    assert 0 < len(slug) <= 60
    assert all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in slug)


def test_letters_without_accents_are_for_comparing() -> None:
    assert text.unaccented("Siân ŁOŚ, Zoe\u0301 Ærø") == "sian los, zoe aero"


def test_whoever_was_erased_has_a_number_or_none() -> None:
    assert text.name_or_number("Sam Tran", 7) == "Sam T"
    assert text.name_or_number(None, 7) == text.former_member(7) == "Former member 7"
    assert text.name_or_number("") == text.former_member() == "Former member"


def test_whoever_was_erased_is_called_so_in_the_readers_language() -> None:
    german = {"Former member": "Ehemals", "Former member %(number)s": "Ehemals %(number)s"}
    kept = text._Words.gettext
    text.bind(lambda words, /, **variables: german[words] % variables)
    try:
        assert text.name_or_number(None, 7) == "Ehemals 7"
        assert text.name_or_number(None) == "Ehemals"
    finally:
        text.bind(kept)


def test_it_is_said_in_one_place() -> None:
    package = Path(text.__file__).parent.parent
    said = [path.name for path in package.rglob("*.py") if "Former member" in path.read_text()]
    assert said == ["text.py"]
