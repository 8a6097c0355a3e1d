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


def test_notices_that_nobody_comes_to_read_do_not_outgrow_the_cookie():
    app = Flask(__name__)
    app.secret_key = "for this test"
    with app.test_request_context():
        for number in range(100):
            flashes.say(f"Notice {number}")
        assert [one.sentence for one in flashes.said()] == [
            f"Notice {number}" for number in range(95, 100)
        ]
