"""A gateway for text messages that listens on this machine, and does as it is told."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs

from timebank.core.text_gateway import USUAL_BODY
from timebank.core.text_gateway import Texts

HANG_SECONDS = 8


@dataclass
class Gateway:
    """What it was sent, and how it answers: a status, `hang`, or `cut` after the body."""

    url: str = ""
    answers: str | int = 200
    came: list[dict[str, str]] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)

    def texts(self, **changes: object) -> Texts:
        """How an operator would write it down."""
        said = {
            "url": self.url,
            "token": "gateway-token",
            "login": "bearer",
            "sender": "Good Turn",
            "body": USUAL_BODY,
            "price": Decimal("4.5"),
            "most_a_month": Decimal(900),
        }
        return Texts(**{**said, **changes})


@contextmanager
def listening() -> Iterator[Gateway]:
    """A gateway that listens."""
    ours = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers["Content-Type"] == "application/json":
                ours.came.append(json.loads(body))
            else:
                ours.came.append({name: one[0] for name, one in parse_qs(body).items()})
            ours.logins.append(self.headers["Authorization"])
            if ours.answers == "hang":
                time.sleep(HANG_SECONDS)
            if isinstance(ours.answers, int):
                self.send_response(ours.answers)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_args: object) -> None:
            """A client that has gone is no trouble."""

    with Server(("127.0.0.1", 0), Handler) as server:
        ours.url = f"http://127.0.0.1:{server.server_port}/send?v=1"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield ours
        server.shutdown()
        thread.join()


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that accepts nothing: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        held = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)  # noqa: FBT003 - the library's own
            one.connect_ex(listener.getsockname())
            held.append(one)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/send"
        for one in held:
            one.close()
