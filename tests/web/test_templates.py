"""What every template owes: it compiles, inherits once, carries no inline style or script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2 import Environment

from timebank.web import drawing
from timebank.web import filters

FOLDER = Path(__file__).resolve().parents[2] / "templates"
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
PAGES = [name for name in NAMES if not name.startswith(("email/", "macros/", "drawings/"))]
WHOLE_PAGES = [
    name
    for name in PAGES
    if name not in {"layouts/document.html", "embed/whats_on.html"}
    and (name.startswith("errors/") or "/_" not in name)
]
WITHOUT_MAILS = [name for name in NAMES if not name.startswith("email/")]


@pytest.fixture(scope="module")
def environment() -> Environment:
    app = Flask(__name__, template_folder=str(FOLDER))
    Babel(app)
    drawing.register(app)
    filters.register(app)
    return app.jinja_env


def source(name: str) -> str:
    return (FOLDER / name).read_text()


@pytest.mark.parametrize("name", WITHOUT_MAILS)
def test_template_compiles(environment: Environment, name: str) -> None:
    assert environment.get_template(name)


@pytest.mark.parametrize("name", WITHOUT_MAILS)
def test_template_needs_nothing_that_the_policy_forbids(name: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)
    assert not re.search(r'\sstyle="[^"]*:|<style|\son[a-z]+="|javascript:', text)
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"\|\s*safe\b", text)


@pytest.mark.parametrize("name", WHOLE_PAGES)
def test_page_extends_one_layout(name: str) -> None:
    assert len(re.findall(r"\{% extends ", source(name))) == 1


@pytest.mark.parametrize("name", WITHOUT_MAILS)
def test_percent_signs_in_messages_are_doubled(name: str) -> None:
    messages = re.findall(r'_\("((?:[^"\\]|\\.)*)"', source(name))
    stray = [text for text in messages if re.search(r"%(?!\(\w+\)s|%)", text)]
    assert stray == []


@pytest.mark.parametrize("name", ["icons", "scenes", "street", "garland", "brand"])
def test_drawing_is_ready_made(environment: Environment, name: str) -> None:
    draw = environment.globals["drawing"]
    assert draw(name).startswith("<svg")
    assert "> <" not in draw(name)
    assert draw(name) is draw(name)


def test_every_icon_that_a_template_names_is_drawn(environment: Environment) -> None:
    drawn = set(re.findall(r'id="i-([\w-]+)"', environment.globals["drawing"]("icons")))
    named = {found for name in NAMES for found in re.findall(r'icon\("([\w-]+)"\)', source(name))}
    assert named <= drawn
