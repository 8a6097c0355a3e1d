"""Show the page that a message brings, shut off from ours."""

from __future__ import annotations

from flask import Response
from flask import make_response

from timebank.web.headers import CONTENT_SECURITY_POLICY

# The message's own page brings inline styles, as mail has to; so it may do nothing else, and only
# our own page may frame it. A link in it opens in the window around it.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"
)
FRAMING_POLICY = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"


def framing(page: str) -> Response:
    """Answer with a page of ours that may frame a message's."""
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = FRAMING_POLICY
    return answer


def framed(html: str) -> Response:
    """Answer with a message's own page, which may do nothing; its links open around it."""
    answer = make_response(html.replace("<head>", '<head><base target="_top">', 1))
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer
