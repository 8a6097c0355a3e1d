"""The app on a port of its own, for one test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.serving import WSGIRequestHandler

from timebank.db import reader

THREADS = 4


class _Handler(WSGIRequestHandler):
    timeout = 2  # a Chromium opens connections that it may never use

    def log_request(self, *_about: object) -> None:
        """Keep quiet: a failed test shows its page."""


class _Server(ThreadedWSGIServer):
    """Answers on a few threads that stay, as gunicorn does: each has a connection of its own."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        super().__init__("127.0.0.1", 0, app, handler=_Handler, fd=listener.fileno())
        self.connections = []
        self.pool = ThreadPoolExecutor(THREADS, initializer=self._connect)

    def process_request(self, request, client_address) -> None:
        self.pool.submit(self.process_request_thread, request, client_address)

    def close(self) -> None:
        self.shutdown()
        self.pool.shutdown()
        self.server_close()
        for connection in self.connections:
            connection.close()

    def _connect(self) -> None:
        self.connections.append(reader._cursor().connection)


@contextmanager
def serving(app: Flask, listener: socket.socket) -> Iterator[None]:
    """Answer requests until the block ends."""
    server = _Server(app, listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.close()
        thread.join()
