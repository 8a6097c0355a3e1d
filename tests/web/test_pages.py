"""Pages of words, errors and the style guide, read by Dov, who is signed out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from flask import abort

from tests.builders import a_community
from timebank.app import create_app
from timebank.core.errors import Conflict

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session

    from timebank.core.settings import Settings


@pytest.fixture
def app(settings: Settings, session: Session) -> Flask:
    a_community(session)
    session.commit()
    app = create_app(settings)

    @app.get("/refuse/<int:status>")
    def refuse(status: int):
        if status == 409:
            raise Conflict("Ama got there a moment before you.")
        abort(status)

    return app


@pytest.fixture
def dov(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize(
    ("path", "heading"),
    [("/help", "Help"), ("/accessibility", "Accessibility"), ("/privacy", "Privacy")],
)
def test_pages_of_words_are_open_to_everybody(dov: FlaskClient, path: str, heading: str) -> None:
    answer = dov.get(path)
    assert answer.status_code == 200
    assert f"<h1>{heading}</h1>" in answer.text
    assert "Sign in" in answer.text


def test_style_guide_shows_in_the_demo(dov: FlaskClient) -> None:
    answer = dov.get("/styleguide")
    assert answer.status_code == 200
    assert "Two things to fix" in answer.text


def test_style_guide_is_not_found_outside_the_demo(settings: Settings, session: Session) -> None:
    a_community(session)
    session.commit()
    app = create_app(dataclasses.replace(settings, demo=False))
    assert app.test_client().get("/styleguide").status_code == 404


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Go back, refresh the page and try once more."),
        (403, "Only the people who run this can do that."),
        (404, "It may have moved"),
        (405, "use its buttons"),
        (409, "Ama got there a moment before you."),
        (413, "Make it shorter and try again."),
        (429, "Wait a minute, then try again."),
        (500, "Nothing you typed was lost."),
        (503, "Try again in a minute"),
    ],
)
def test_refusal_says_what_to_do(dov: FlaskClient, status: int, words: str) -> None:
    answer = dov.get(f"/refuse/{status}")
    assert answer.status_code == status
    assert words in answer.text
    assert answer.text.count("<h1>") == 1


def test_page_that_does_not_exist_leads_back_to_whats_on(dov: FlaskClient) -> None:
    answer = dov.get("/nowhere")
    assert answer.status_code == 404
    assert '<a class="btn" href="/">What’s on</a>' in answer.text


def test_host_where_nobody_lives_still_answers_with_a_page(
    dov: FlaskClient, session: Session
) -> None:
    a_community(session, slug="other", host="other.example")
    session.commit()
    answer = dov.get("/help", base_url="http://stranger.example")
    assert answer.status_code in {200, 404}
    assert "<h1>" in answer.text
