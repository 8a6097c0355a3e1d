"""The limits: what Flask itself costs, and Flask with one core SELECT; the same server as ours."""

from __future__ import annotations

import os

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

ONE_ROW = sa.text("SELECT id, slug, title, description FROM series WHERE slug = :slug")


def hello() -> Flask:
    """Build the smallest Flask application: one page of two words."""
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "Hello, neighbour", endpoint="hello")
    return app


def select() -> Flask:
    """Build the smallest Flask application with SQLAlchemy: one page, one core SELECT."""
    app = Flask("select")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db = SQLAlchemy(app)

    def one_row() -> str:
        with db.engine.connect() as connection:
            row = connection.execute(ONE_ROW, {"slug": "danson-saturday-stroll"}).one()
        return f"{row.title}: {row.description}"

    app.add_url_rule("/", view_func=one_row)
    return app
