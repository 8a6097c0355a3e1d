"""axe, kept ready in a browser: it is half a million letters, which take long to read."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import CDPSession
from playwright.sync_api import Error
from playwright.sync_api import Page

RUN = "options => axe.run(options).then(found => found.violations)"

# All that depends on colours. Whatever else holds by day holds by night: colours alone change.
OF_COLOURS = ["color-contrast", "link-in-text-block"]


class Judge:
    """Judges the pages of one screen, however often it goes on to another."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session: CDPSession | None = None
        self._script = ""

    def violations(
        self, *, judges_contrast: bool = True, of_colours_only: bool = False
    ) -> list[dict[str, Any]]:
        """Find what axe complains of, on the page as it stands."""
        if not self._page.evaluate("'axe' in window"):
            self._bring()
        # Beyond axe's own choice of rules: fingers need room.
        rules = {"target-size": {"enabled": True}, "color-contrast": {"enabled": judges_contrast}}
        options: dict[str, Any] = {"resultTypes": ["violations"], "rules": rules}
        if of_colours_only:
            names = [name for name in OF_COLOURS if judges_contrast or name != "color-contrast"]
            options = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": names}}
        return self._page.evaluate(RUN, options)

    def _bring(self) -> None:
        """Run what was compiled before; a browser that began a new process must read it again."""
        if self._session is None:
            self._session = self._page.context.new_cdp_session(self._page)
            self._session.send("Runtime.enable")
        try:
            self._session.send("Runtime.runScript", {"scriptId": self._script, "silent": True})
        except Error:
            text = {"expression": AXE_SCRIPT, "sourceURL": "axe", "persistScript": True}
            self._script = self._session.send("Runtime.compileScript", text)["scriptId"]
            self._session.send("Runtime.runScript", {"scriptId": self._script, "silent": True})
