from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import Babel
from wtforms import FieldList
from wtforms import Form
from wtforms import FormField
from wtforms import IntegerField
from wtforms import RadioField
from wtforms import StringField
from wtforms.validators import InputRequired
from wtforms.validators import Length

from timebank.web.problems import Problem
from timebank.web.problems import problems
from timebank.web.problems import problems_heading


class Job(Form):
    name = StringField(validators=[InputRequired("Say what the job is called")])
    places = IntegerField(validators=[InputRequired("Tell us how many")])


class Event(Form):
    place = StringField(validators=[InputRequired("Say where people should meet")])
    repeats = RadioField(choices=["once"], validators=[InputRequired("Choose how often")])
    jobs = FieldList(
        FormField(Job), min_entries=2, validators=[Length(max=1, message="Only one job fits")]
    )


def test_problems_stand_in_the_order_of_the_page() -> None:
    form = Event(data={"jobs": [{"name": "Marshal", "places": 3}, {"name": "Tea"}]})
    form.validate()
    form.form_errors = ["That time ends before it starts"]
    assert [problem.input_id for problem in problems(form)] == [
        None,
        "place",
        "repeats-0",
        "jobs-0-name",
        "jobs-0-places",
        "jobs-1-name",
        "jobs-1-places",
        "jobs",
    ]
    assert problems(form)[1] == Problem("Say where people should meet", "place")


def test_a_form_without_mistakes_has_no_problems() -> None:
    assert problems(Event()) == ()


@pytest.mark.parametrize(
    ("count", "heading"),
    [(1, "One thing to fix"), (2, "Two things to fix"), (6, "6 things to fix")],
)
def test_heading_counts_the_problems(count: int, heading: str) -> None:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        assert problems_heading(count) == heading
