"""Hand a text message to a gateway by plain HTTP, whichever it is.

Nothing is known of a gateway but what the operator says: its address, its token, and the form or
JSON it would like (`core.settings.Texts`). A connection is made first; then the fence is passed;
then everything is sent at once. From there on silence means that nobody knows.
"""

from __future__ import annotations

import http.client
import ssl
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.channels import Step
from timebank.core.text_gateway import Texts

CONNECT_SECONDS: Final = 4.0
TIMEOUT_SECONDS: Final = 15.0
MOST_READ = 64 * 1024
# It says itself that it has not taken it, and might later.
LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
# It takes nothing from us: our token, our money or the address is not right.
NOT_FROM_US = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class TextParcel:
    """A text message: to which number, as E.164 writes it, and its words. Kept out of logs."""

    number: str
    words: str


class TextGateway:
    """A gateway for text messages; a connection for each, as they are few."""

    def __init__(self, texts: Texts, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._texts = texts
        self._timeout = timeout_seconds

    def deliver(self, parcel: TextParcel, /, *, hand_over: Callable[[], bool]) -> Outcome:
        """Give one message to the gateway; asks `hand_over` right before anything is sent."""
        connection = self._connection()
        try:
            try:
                connection.connect()
                connection.sock.settimeout(self._timeout)
            except (OSError, http.client.HTTPException) as error:
                return Outcome(Fate.AWAY, f"gateway away: {type(error).__name__}")
            if not hand_over():
                return Outcome(Fate.STOPPED)
            return self._send(connection, parcel)
        finally:
            with suppress(OSError):
                connection.close()

    def close(self) -> None:
        """Nothing is kept open."""

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._texts.url)
        host, patience = parts.hostname or "", min(CONNECT_SECONDS, self._timeout)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, parts.port, timeout=patience, context=context)
        return http.client.HTTPConnection(host, parts.port, timeout=patience)

    def _send(self, connection: http.client.HTTPConnection, parcel: TextParcel) -> Outcome:
        parts = urlsplit(self._texts.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = self._texts.fill_in(number=parcel.number, words=parcel.words)
        try:
            connection.request("POST", path, body.encode(), self._headers())
            answer = connection.getresponse()
            answer.read(MOST_READ)
        except (TimeoutError, OSError, http.client.HTTPException) as error:
            return Outcome(Fate.UNKNOWN, f"no answer: {type(error).__name__}", Step.CONTENT)
        return read_answer(answer.status)

    def _headers(self) -> dict[str, str]:
        kind = "application/json" if self._texts.is_json else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "Accept": "*/*", "User-Agent": "Good Turn"}
        if self._texts.login == "bearer":
            headers["Authorization"] = f"Bearer {self._texts.token}"
        elif self._texts.login == "basic":
            known = b64encode(self._texts.token.encode()).decode()
            headers["Authorization"] = f"Basic {known}"
        return headers


def read_answer(status: int) -> Outcome:
    """Tell what an answer's number means for the message.

    Taken is 2xx. An error of the gateway's own (5xx) may have come after it let go of the message,
    so nobody knows, unless it says that it is not at work (503).
    """
    why = f"gateway: {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(Fate.SENT)
    if status in LATER:
        return Outcome(Fate.LATER, why, Step.RECIPIENT)
    if status in NOT_FROM_US:
        return Outcome(Fate.AWAY, why)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome(Fate.UNKNOWN, why, Step.CONTENT)
    return Outcome(Fate.NEVER, why, Step.RECIPIENT)
