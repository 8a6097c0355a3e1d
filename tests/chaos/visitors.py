"""People at the web pages: each asks for a sign-in mail, and remembers whether it was promised."""

from __future__ import annotations

import http.client
import re
import threading
import time
from dataclasses import dataclass
from dataclasses import field
from urllib.parse import urlencode

PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.1
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass
class Visitor:
    """Asks for one address after another, in a thread of its own.

    Attributes:
        promised: The addresses for which a page said that a mail is on its way.
    """

    port: int
    promised: list[str] = field(default_factory=list)

    def start(self, addresses: list[str], *, every_seconds: float) -> threading.Thread:
        """Begin to ask; whoever is turned away tries again until a page answers."""

        def ask_all() -> None:
            for number, address in enumerate(addresses):
                while not self._ask(address, f"127.0.{1 + number // 250}.{1 + number % 250}"):
                    time.sleep(PAUSE_SECONDS)
                self.promised.append(address)
                time.sleep(every_seconds)

        thread = threading.Thread(target=ask_all, daemon=True)
        thread.start()
        return thread

    def _ask(self, address: str, source: str) -> bool:
        """Fill in the sign-in page -> whether it was taken; each comes from somewhere else."""
        server = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE_SECONDS, source_address=(source, 0)
        )
        try:
            return self._fill_in(server, address)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            server.close()

    def _fill_in(self, server: http.client.HTTPConnection, address: str) -> bool:
        server.request("GET", "/sign-in", headers={"Host": "localhost"})
        with server.getresponse() as page:
            cookie = (page.getheader("Set-Cookie") or "").partition(";")[0]
            token = _TOKEN.search(page.read().decode())
        if token is None:
            return False
        form = urlencode({"csrf_token": token[1], "email": address})
        kind = "application/x-www-form-urlencoded"
        headers = {"Host": "localhost", "Cookie": cookie, "Content-Type": kind}
        server.request("POST", "/sign-in", form, headers)
        with server.getresponse() as answer:
            return answer.status == http.HTTPStatus.SEE_OTHER
