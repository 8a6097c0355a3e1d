from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from timebank.core.text import tidy_line
from timebank.core.text import tidy_text
from timebank.domain import events
from timebank.domain.events import jobs
from timebank.domain.events import rota_files
from timebank.models import PairRule
from timebank.models import QualificationKind

GOOD = """
name = "Walk"

[[qualifications]]
name = "First aid"
kind = "training"
lasts_months = 36

[[jobs]]
name = "Marshal"
places = 2
starts_after_minutes = -15
duration_minutes = 90

[[jobs]]
name = "First-aider"
needed = 1
places = 1
starts_after_minutes = 0
duration_minutes = 60
asks_for = ["First aid"]

[[together]]
job = "Marshal"
with = ["First-aider"]
"""


def said(text):
    with pytest.raises(events.RotaFileRefused) as refusal:
        events.read_rota_file(text)
    return list(refusal.value.sentences)


def test_a_file_becomes_a_rota_with_rules():
    rota = events.read_rota_file(GOOD)
    assert (rota.key, rota.name, rota.starts_time) == ("walk", "Walk", dt.time(9))
    assert [(role.name, role.needed, role.places, role.asks_for) for role in rota.roles] == [
        ("Marshal", 0, 2, ()),
        ("First-aider", 1, 1, ("First aid",)),
    ]
    assert rota.pairs == (
        events.PairDraft(first="Marshal", second="First-aider", rule=PairRule.TOGETHER),
    )
    assert rota.qualifications == (
        events.QualificationDraft(
            name="First aid", kind=QualificationKind.TRAINING, lasts_months=36
        ),
    )


# What was changed in the good file, and the one sentence about it.
SLIPS = [
    ("places = 2", "plaecs = 2\nplaces = 2",
     "“Marshal” says “plaecs”, which we don’t know. Did you mean “places”?"),
    ("places = 2", "zebra = 2\nplaces = 2", "“Marshal” says “zebra”, which we don’t know."),
    ('name = "Walk"', 'nmae = "Walk"',
     "This file says “nmae”, which we don’t know. Did you mean “name”?"),
    ("places = 2\n", "", "“Marshal” lacks “places”."),
    ("places = 2", 'places = "two"', "“places” of “Marshal” is a whole number."),
    ("places = 2", "places = true", "“places” of “Marshal” is a whole number."),
    ("places = 2", "places = 2.5", "“places” of “Marshal” is a whole number."),
    ('name = "Marshal"', "name = 7", "“name” of [[jobs]] number 1 is words in quotes."),
    ('["First aid"]', '"First aid"',
     '“asks_for” of “First-aider” is a list of names, like ["Marshal", "Pacer"].'),
    ("places = 2", "places = 2\nwhile_taking_part = 1",
     "“while_taking_part” of “Marshal” is true or false."),
    ("needed = 1", "needed = 3", "“First-aider”: You can’t need 3 with room for 1."),
    ("places = 2", "places = 0",
     "“Marshal”: Say how many people it has room for, from 1 to 500."),
    ("places = 2", "places = 2\nnewcomer_places = 3",
     "“Marshal”: You can’t keep 3 for newcomers with room for 2."),
    ("places = 2", "places = 2\nnewcomer_places = 1\nopens_hours_before = 24",
     "“Marshal”: It opens 24 hours before, when no place is kept for newcomers any more."),
    ("places = 2", "places = 2\nminimum_age = 200", "“Marshal”: An age is from 1 to 100."),
    ("places = 2", "places = 2\nturn_minutes = 20",
     "“Marshal”: Say both how long a turn lasts and how often one begins."),
    ("places = 2", "places = 2\nturn_minutes = 91\nevery_minutes = 91",
     "“Marshal”: A turn of 91 minutes is longer than the job of 90."),
    ("places = 2", "places = 2\nturn_minutes = 20\nevery_minutes = 10",
     "“Marshal”: The next turn can’t begin before the last one ends."),
    ("places = 2", 'places = 2\ntrains_for = "Marshal"',
     "“Marshal”: A job can’t be the learning place for itself."),
    ("places = 2", 'places = 2\ntrains_for = "Pacer"',
     "“Marshal” trains for “Pacer”, which is no job of this rota."),
    ("places = 2", 'places = 2\ntrains_for = "First-aider"\nasks_for = ["First aid"]',
     "“Marshal” asks for “First aid”, which people come there to learn."),
    ("duration_minutes = 90", "duration_minutes = 1500",
     "“Marshal”: A job lasts between a minute and a day."),
    ('["First aid"]', '["DBS"]',
     "“First-aider” asks for “DBS”, which nothing explains. Add it under [[qualifications]]."),
    ('name = "First-aider"', 'name = "Marshal"', "“Marshal” stands there twice."),
    ('with = ["First-aider"]', 'with = ["Pacer"]',
     "“Pacer” under [[together]] is no job of this rota."),
    ('with = ["First-aider"]', 'with = ["Marshal"]',
     "“Marshal” under [[together]] is paired with itself."),
    ("duration_minutes = 60", "duration_minutes = 76",
     ("“Marshal” and “First-aider” can’t be done at the same time:"
     " neither begins and ends within the other.")),
    ("[[together]]", '[[never]]\njob = "First-aider"\nwith = ["Marshal"]\n\n[[together]]',
     "“Marshal” and “First-aider” stand under [[together]] and under [[never]]."),
    ("[[together]]", "[together]", "Write [[together]] in two brackets above each of them."),
    ('kind = "training"', 'kind = "course"', "“kind” of “First aid” is “check” or “training”."),
    ("lasts_months = 36", "lasts_months = 0", "“lasts_months” of “First aid” is from 1 to 120."),
    ("[[qualifications]]", ('[[qualifications]]\nname = "first AID"\nkind = "check"\n\n'
     "[[qualifications]]"), "stands twice under [[qualifications]]."),
    ('name = "Walk"', 'name = "Walk"\nfrequency = "often"', "“frequency” is one of: once, daily"),
    ('name = "Walk"', 'name = "Walk"\nends_time = 08:00:00',
     "“ends_time” comes before “starts_time”."),
    ('name = "Walk"', 'name = "Walk', "We can’t read line 2 of this file."),
    ("places = 2", "places = " + "9" * 5000, "We can’t read this file."),
    ("places = 2", "places = " + "[" * 5000, "We can’t read"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "is_now", "sentence"), SLIPS)
def test_each_slip_has_a_sentence_of_its_own(was, is_now, sentence):
    text = GOOD.replace(was, is_now, 1)
    assert text != GOOD
    assert any(one.startswith(sentence) or sentence in one for one in said(text)), said(text)


def test_everything_that_is_wrong_is_said_at_once():
    text = GOOD.replace("needed = 1", "needed = 3").replace(
        'with = ["First-aider"]', 'with = ["X"]'
    )
    assert said(text) == [
        "“First-aider”: You can’t need 3 with room for 1.",
        "“X” under [[together]] is no job of this rota.",
    ]


def test_a_file_without_jobs_or_with_too_many_is_refused():
    assert said('name = "Walk"') == ["There is no job in it. Write at least one [[jobs]]."]
    line = (
        '[[jobs]]\nname = "Job {}"\nplaces = 1\nstarts_after_minutes = 0\nduration_minutes = 9\n'
    )
    many = "".join(line.format(number) for number in range(41))
    assert said(many) == ["A rota has room for 40 jobs, and this one has 41."]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"\xff\xfen\x00", "Save the file as UTF-8 text, then try again."),
        ("name = “Café”".encode("cp1252"), "Save the file as UTF-8 text, then try again."),
        (b"#" * 200_001, "That file is too long for a rota."),
    ],
)
def test_a_file_that_is_no_text_of_ours_is_refused(raw, sentence):
    with pytest.raises(events.RotaFileRefused) as refusal:
        rota_files.decode(raw)
    assert refusal.value.sentence == sentence


def test_a_byte_order_mark_and_windows_line_ends_are_fine():
    text = rota_files.decode(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert events.read_rota_file(text) == events.read_rota_file(GOOD)


@pytest.mark.parametrize("rota", events.ready_made_rotas(), ids=lambda rota: rota.key)
def test_what_is_written_is_read_back_the_same(rota):
    assert events.read_rota_file(events.write_rota_file(rota)) == rota


def tidied(clean):
    return st.text(max_size=40).filter(lambda text: max(text, default="") < "\ud7ff").map(clean)


JOBS = st.builds(
    events.RoleDraft,
    name=tidied(tidy_line).filter(bool),
    about=tidied(tidy_line),
    instructions=tidied(tidy_text),
    bring=tidied(tidy_line),
    places=st.integers(2, 500),
    needed=st.integers(0, 2),
    starts_after_minutes=st.integers(-1440, 1440),
    duration_minutes=st.integers(100, 1440),
    minimum_age=st.none() | st.integers(1, 100),
    one_per=st.none() | st.integers(1, 1000),
    while_taking_part=st.booleans(),
    newcomer_places=st.integers(0, 2),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(JOBS, min_size=1, max_size=5, unique_by=lambda role: role.name))
def test_any_words_at_all_survive_a_file(roles):
    ready = events.ready_made_rota("community-garden")
    rota = dataclasses.replace(ready, roles=tuple(roles), pairs=(), qualifications=())
    assert events.read_rota_file(events.write_rota_file(rota)).roles == rota.roles


def test_turns_of_a_day_lie_within_a_longer_job():
    castle = events.RoleDraft(
        name="Castle", places=1, starts_after_minutes=60, duration_minutes=60,
        turn_minutes=20, every_minutes=20,
    )  # fmt: skip
    food = events.RoleDraft(name="Food", places=1, starts_after_minutes=70, duration_minutes=30)
    assert jobs.spans_of(castle) == [(60, 80), (80, 100), (100, 120)]
    assert jobs.can_be_together(castle, food)
    assert not jobs.can_be_together(
        dataclasses.replace(castle, turn_minutes=None),
        dataclasses.replace(food, duration_minutes=60),
    )
