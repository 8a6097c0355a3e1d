"""What every answer tells the browser to refuse: foreign scripts, framing, sniffing, sensors.

Nothing on our pages comes from anywhere else and nothing is inline, so the policy can be as
strict as the standard allows. A view that needs another policy sets its own header.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Flask
    from flask import Response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "font-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "manifest-src 'self'; "
    "worker-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS_POLICY = ", ".join(
    f"{sensor}=()"
    for sensor in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)
HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    # Addresses can hold a sign-in token; no other site may learn them.
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", PERMISSIONS_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "private, no-store"),
)
SECURE_HEADERS = (*HEADERS, ("Strict-Transport-Security", "max-age=31536000"))


def register(app: Flask) -> None:
    """Put the headers on every answer of the app."""
    app.after_request(harden)


def of_every_answer(*, is_secure: bool) -> tuple[tuple[str, str], ...]:
    """List the headers of an answer, by https or not."""
    return SECURE_HEADERS if is_secure else HEADERS


def harden(response: Response) -> Response:
    """Add each header that the view has not set itself.

    "Not modified" tells only what may have changed: the rest is kept with what it is about.
    Source: RFC 9110 15.4.5.
    """
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response
    headers = response.headers
    own = {name.lower() for name, _ in headers}
    for name, text in of_every_answer(is_secure=request.is_secure):
        if name.lower() not in own:
            headers.add(name, text)
    return response
