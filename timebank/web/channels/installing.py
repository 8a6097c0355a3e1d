"""What makes the site one that a phone can install: its manifest, and its service worker.

The worker shows notices and opens their pages. It keeps no page for later: what a rota says must
be so, and a phone that is lent or sold should hold nothing of ours.
"""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import render_template

AN_HOUR = "public, max-age=3600"
WORKER_POLICY = "default-src 'none'; img-src 'self'; connect-src 'self'"


def register(bp: Blueprint) -> None:
    """Add these answers."""
    bp.get("/site.webmanifest")(manifest)
    bp.get("/service-worker.js")(service_worker)


def manifest() -> Response:
    """Say what the site is called on a home screen, and how it looks there."""
    told = render_template("channels/site.webmanifest")
    answer = Response(told, content_type="application/manifest+json")
    answer.headers["Cache-Control"] = AN_HOUR
    return answer


def service_worker() -> Response:
    """Give the program that shows notices; browsers look for a newer one by themselves.

    Its address stands at the root, so that it is the whole site's. It may load icons, and fill in
    the page of phones when its browser has another address.
    """
    program = render_template("channels/service-worker.js")
    answer = Response(program, content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Content-Security-Policy"] = WORKER_POLICY
    return answer
