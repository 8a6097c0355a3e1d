from __future__ import annotations

from flask import Flask
from flask import flash
from flask import redirect

from timebank.web import flashes


def test_what_was_said_shows_once_on_the_next_page() -> None:
    app = Flask(__name__)
    app.secret_key = "a secret for tests"
    shown: list[tuple[flashes.Flash, ...]] = []

    @app.get("/leave")
    def leave():
        flashes.say("You’re off the rota.", undo_url="/undo/7")
        flashes.say("Cancelled: the path is flooded.", tone=flashes.Tone.ALERT)
        flash("Plain words are taken too.")
        return redirect("/")

    @app.get("/")
    def home():
        shown.append(flashes.said())
        return ""

    client = app.test_client()
    client.get("/leave")
    client.get("/")
    client.get("/")
    assert shown == [
        (
            flashes.Flash("You’re off the rota.", flashes.Tone.GOOD, "/undo/7"),
            flashes.Flash("Cancelled: the path is flooded.", flashes.Tone.ALERT),
            flashes.Flash("Plain words are taken too.", flashes.Tone.GOOD),
        ),
        (),
    ]


def test_only_the_latest_notices_wait_for_somebody_who_looks_at_no_page():
    browser = {}
    for number in range(40):
        flashes.keep(browser, flashes.Flash(f"Said {number}", flashes.Tone.GOOD))
    sentences = [sentence for _tone, (sentence, _undo) in browser[flashes.WAITING]]
    assert sentences == [f"Said {number}" for number in range(35, 40)]
