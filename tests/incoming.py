"""Foreign calendars for the tests, and a server of this machine that gives them out."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer


def an_entry(*lines: str) -> str:
    """A VEVENT of these lines."""
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def a_calendar(*parts: str) -> bytes:
    """A whole calendar of these parts."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Elsewhere//EN", *parts]
    return ("\r\n".join([*lines, "END:VCALENDAR"]) + "\r\n").encode()


Answering = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A server that runs: where it is, and what it was asked."""

    address: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextlib.contextmanager
def serving(body: bytes = b"", *, answer: Answering | None = None, etag: str = ""):
    """Serve one calendar on this machine, or answer as told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.asked.append((self.path, dict(self.headers)))
            if answer is not None:
                with contextlib.suppress(OSError):
                    answer(self)
                return
            if etag and self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/calendar")
            self.send_header("Content-Length", str(len(body)))
            if etag:
                self.send_header("ETag", etag)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Say nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.block_on_close = False
    server = Server(f"http://127.0.0.1:{httpd.server_port}")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
